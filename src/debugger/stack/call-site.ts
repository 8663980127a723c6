import type { SourceLocation } from '../types';
import type { Guest } from '../guest/guest';
import { isIoAccessor, onlyAccessorsAt } from './io-accessors';
import { type Activation, Unwinder } from './unwinder';

/** Accessors that call each other are followed so far. */
const MAX_LEVELS = 8;
/** Instructions whose attribution is remembered; more than this and the memory starts afresh. */
const CACHE_LIMIT = 65536;

/** A place in the guest in terms of its source. */
export interface Place {
  location?: SourceLocation;
  function?: string;
}

/**
 * Finds the code that is to blame for an exit: not the `outb` that all drivers share, but the line that called it.
 * Where the exiting instruction is outside accessors, which is known after the first time, this is a look-up.
 */
export class CallSites {
  private readonly unwinder: Unwinder;
  /** Whether the code at an address belongs to its caller. */
  private readonly attributed = new Map<number, boolean>();

  constructor(private readonly guest: Guest) {
    this.unwinder = new Unwinder(guest);
  }

  /** Forgets what it knows of addresses; to be called when symbols or code have changed. */
  clear(): void {
    this.attributed.clear();
    this.unwinder.clear();
  }

  /**
   * @param linear linear address of the instruction that is being executed
   * @returns linear address of the instruction that caused it: the same, or a call further out
   */
  readonly of = (linear: number): number => {
    if (!this.isAccessor(linear)) return linear;
    let activation: Activation | undefined = this.unwinder.innermost(linear);
    let site = linear;
    for (let level = 0; activation && level < MAX_LEVELS; level++) {
      activation = this.unwinder.caller(activation);
      if (!activation) break;
      site = activation.lookup === activation.pc ? activation.pc : this.unwinder.callSite(activation.pc);
      if (!this.isAccessor(site)) break;
    }
    return site;
  };

  /** The source of a site: of code that an accessor was inlined into, the line of the call. */
  placeOf(site: number): Place {
    const frames = this.guest.symbols.inlineFramesAt(site);
    const frame = frames.find(({ name }) => !isIoAccessor(name)) ?? frames[0];
    if (!frame) return {};
    const { path, line, column } = frame;
    const place: Place = { function: frame.name };
    if (path !== undefined && line !== undefined)
      place.location = { path, line, ...(column !== undefined && { column }) };
    return place;
  }

  private isAccessor(address: number): boolean {
    const known = this.attributed.get(address);
    if (known !== undefined) return known;
    if (this.attributed.size >= CACHE_LIMIT) this.attributed.clear();
    const { guest } = this;
    const calledStub = this.unwinder.isStub(address) && guest.hasCaller(address);
    const accessor = calledStub || onlyAccessorsAt(address, guest.symbols);
    this.attributed.set(address, accessor);
    return accessor;
  }
}
