import type { Mmu } from '../../cpu/mmu';
import type { CpuState } from '../../cpu/state';
import * as layout from '../../layout';
import { SegmentIndex } from '../../layout';
import type { PhysicalMemory } from '../../memory/physical';
import type { CpuModel } from '../form';
import { REGION_FUNCTIONS, TABLE_SIZE } from '../interpreter/dispatch';
import type { Interpreter } from '../interpreter/link';
import { compileRegion, type PageCheck } from './compile';
import { Decoder, type Instruction } from './decode';
import { Patience } from './memory-access';
import { TierMode } from './mode';
import { discover, loopHeaders } from './region';

/** How eagerly code is compiled. */
export interface TierOptions {
  /** Control transfers to a place before it is compiled, 1-65535. */
  readonly threshold: number;
  /** Also compile what no control transfer has reached yet. */
  readonly followCold?: boolean;
  /** Most bytes of host memory, by estimate, that compiled code may take; beyond, the oldest is dropped. */
  readonly maxBytes?: number;
}

/** What the compiler works on. */
export interface TierParts {
  readonly state: CpuState;
  readonly memory: PhysicalMemory;
  readonly mmu: Mmu;
  readonly model: CpuModel;
  readonly interpreter: Interpreter;
}

/** A function made from guest code. */
interface CompiledRegion {
  readonly ip: number;
  readonly mode: number;
  readonly slot: number;
  readonly function: number;
  /** Host memory that it takes, by estimate. */
  readonly cost: number;
  /** Host pointers of its instructions, and bytes of each. */
  readonly ranges: readonly { readonly host: number; readonly bytes: number }[];
  /** Host pointers where it ends early because of a breakpoint. */
  readonly cuts: readonly number[];
}

/** Most entries of a jump table that are looked at. */
const MAX_TABLE = 64;
/** A region may reach so many pages before and behind its entry. */
const PAGES_AROUND = 2;
/** Default of `TierOptions.maxBytes`. */
const MAX_BYTES = 80 << 20;
/** What is left of the limit once the oldest code has been dropped. */
const KEPT = 0.75;
/** Host memory that an instantiated module takes in V8 11.3, measured: so much, and so many times its bytes. */
const MODULE_OVERHEAD = 24 << 10;
const MODULE_FACTOR = 8;
/** How often an entry that was refused must be hot again before it is looked at again. */
const RETRY_REFUSED = 255;
/** A place is taken for cold that control went to less often than this share of the threshold. */
const WARM_SHARE = 1 / 16;
/** Most bytes of one module. */
const MAX_REGION_BYTES = 1 << 19;
/** Where the interpreter is left within a loop of a region, the loop gets code of its own after so many rounds. */
const TRANSFERS_TO_RESUME = 50;
/** A page whose code was overwritten n times sits out 2^n compilations, up to 2^this. */
const MAX_BACK_OFF = 12;

/**
 * The compiled tier: hot guest code as WebAssembly functions that the interpreter finds by host instruction pointer.
 * What it does is never seen by the guest, and depends on what the guest did only.
 */
export class CompiledTier {
  /** Regions compiled so far, those dropped since included. */
  compilations = 0;
  private decoder: Decoder | undefined;
  private readonly regions = new Map<string, CompiledRegion>();
  private readonly byPage = new Map<number, Set<CompiledRegion>>();
  private readonly free: number[] = [];
  private nextFunction = TABLE_SIZE;
  /** Sum of the costs of all regions. */
  private bytes = 0;
  /** By host page: how often its code was overwritten, and compilations to sit out. */
  private readonly backOff = new Map<number, { drops: number; skip: number }>();
  private readonly refused = new Map<string, number>();
  /** Regions whose accesses are often not allowed by the TLB. */
  private readonly patience = new Map<string, Patience>();
  private readonly filter: Uint8Array;
  private readonly lastFilter: Uint8Array;
  private readonly u16: Uint16Array;
  /** What every module of compiled code is given. */
  private readonly imports: WebAssembly.Imports;

  constructor(
    private readonly parts: TierParts,
    private readonly options: TierOptions,
  ) {
    const { state, memory, interpreter } = parts;
    this.imports = {
      env: {
        memory: state.memory,
        ...interpreter.float,
        ...interpreter.operations,
        step: interpreter.step,
        refill: (linear: number, width: number, write: number) => this.refill(linear >>> 0, width, write !== 0),
      },
    };
    const end = layout.BREAKPOINT_FILTER + layout.BREAKPOINT_FILTER_BYTES;
    this.filter = state.u8.subarray(layout.BREAKPOINT_FILTER, end);
    this.lastFilter = this.filter.slice();
    this.u16 = state.u16;
    memory.code.onWrite = (host, bytes) => this.codeWritten(host, bytes);
    state.set(layout.TIER_THRESHOLD, options.threshold);
  }

  /** Regions at present. */
  get size(): number {
    return this.regions.size;
  }

  /** Called by the interpreter where control went often: makes compiled code for IP if that can be done. */
  compileHere(): boolean {
    const { state } = this.parts;
    const ip = state.get(layout.IP);
    const mode = TierMode.of(state);
    this.u16[this.heatIndex(ip)] = 0;
    const known = this.regions.get(regionKey(ip, mode.key));
    if (known) {
      this.publish(known);
      return true;
    }
    if (mode.readMask === 0 || this.sitsOut(ip >>> 12) || this.wasRefused(regionKey(ip, mode.key))) return false;
    return this.compile(ip, mode);
  }

  /**
   * A region is left too often for accesses that the TLB does not allow: it is made anew, with more patience.
   * @param slot offset in ENTRY_TABLE
   */
  missedOften(slot: number): void {
    const { state } = this.parts;
    const entry = layout.ENTRY_TABLE + slot;
    const ip = state.get(entry + layout.ENTRY_IP);
    const key = regionKey(ip, state.get(entry + layout.ENTRY_MODE));
    const region = this.regions.get(key);
    const patience = this.patience.get(key) ?? Patience.None;
    state.set(entry + layout.ENTRY_MISSES, 0);
    if (!region || patience === Patience.Asking) return;
    this.patience.set(key, patience + 1);
    this.drop(region);
    this.heat(ip, 1);
  }

  /** Forgets all compiled code. */
  dropAll(): void {
    for (const region of [...this.regions.values()]) this.drop(region);
    this.backOff.clear();
    this.refused.clear();
    this.patience.clear();
  }

  /** The breakpoint filter has changed: no region may go over a breakpoint, none needs to stop where one was. */
  breakpointsChanged(): void {
    const changed = new Set<number>();
    for (let i = 0; i < this.filter.length; i++) {
      const bits = this.filter[i] ^ this.lastFilter[i];
      if (bits === 0) continue;
      for (let bit = 0; bit < 8; bit++) if ((bits >> bit) & 1) changed.add(((i << 3) | bit) & 0xfff);
    }
    this.lastFilter.set(this.filter);
    if (changed.size === 0) return;
    for (const region of [...this.regions.values()]) {
      const places = [...region.ranges.map(({ host }) => host), ...region.cuts];
      if (places.some((host) => changed.has(host & 0xfff))) this.drop(region);
    }
    // Compiled code that is running now must be left.
    this.parts.state.dropCodePage();
  }

  private compile(ip: number, mode: TierMode): boolean {
    this.decoder ??= new Decoder(this.parts.model);
    const code = new GuestCode(this.parts, this.decoder, ip, mode, (host) => this.breakpointAt(host));
    const isWarm = (place: number) => this.options.followCold === true || this.isWarm(code.hostOf(place));
    const region = discover(ip & 0xfff, {
      instructionAt: (place) => code.instructionAt(place),
      isWarm,
      jumpTable: (linear) => code.jumpTable(linear).filter(isWarm),
    });
    if (region.blocks.size === 0 || !region.blocks.has(region.entry)) return false;
    const ranges = [...region.blocks.values()].flatMap((block) =>
      block.instructions.flatMap(({ at, length }) => code.rangesOf(at, length)),
    );
    const pages = [...new Set([...region.blocks.values()].flatMap((b) => b.instructions.flatMap(pagesOf)))];
    const checks: PageCheck[] = pages
      .filter((page) => page !== 0)
      .map((page) => ({ place: page << 12, host: code.hostOf(page << 12) as number }));
    const key = regionKey(ip, mode.key);
    const bytes = compileRegion(
      region,
      ip & ~0xfff,
      checks,
      mode,
      this.parts.model,
      this.patience.get(key) ?? Patience.None,
    );
    if (!bytes || bytes.length > MAX_REGION_BYTES) {
      this.refused.set(key, RETRY_REFUSED);
      return false;
    }
    const cost = MODULE_OVERHEAD + bytes.length * MODULE_FACTOR;
    this.makeRoom(cost);
    this.compilations++;
    this.install(bytes, { ip, mode: mode.key, slot: slotOf(ip), ranges, cuts: code.cuts, cost });
    for (const place of loopHeaders(region)) this.heat(code.hostOf(place) as number, TRANSFERS_TO_RESUME);
    return true;
  }

  private install(bytes: Uint8Array<ArrayBuffer>, region: Omit<CompiledRegion, 'function'>): void {
    const { interpreter, memory, mmu } = this.parts;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), this.imports);
    const number = this.free.pop() ?? this.nextFunction++;
    interpreter.table.set(number, exports.run);
    const compiled: CompiledRegion = { ...region, function: number };
    this.regions.set(regionKey(region.ip, region.mode), compiled);
    this.bytes += region.cost;
    for (const { host, bytes: length } of region.ranges) {
      if (memory.code.mark(host, length)) mmu.holdWrites(host);
      let set = this.byPage.get(host >>> 12);
      if (!set) this.byPage.set(host >>> 12, (set = new Set()));
      set.add(compiled);
    }
    this.publish(compiled);
  }

  /** Drops the oldest regions where a new one would be too much. What is still hot among them is soon compiled anew. */
  private makeRoom(cost: number): void {
    const limit = this.options.maxBytes ?? MAX_BYTES;
    if (this.bytes + cost <= limit && this.regions.size < REGION_FUNCTIONS) return;
    // What is known of places grows with the code that comes and goes, too.
    this.refused.clear();
    this.patience.clear();
    for (const region of [...this.regions.values()]) {
      if (this.bytes + cost <= limit * KEPT && this.regions.size < REGION_FUNCTIONS * KEPT) return;
      this.drop(region);
    }
  }

  /** Puts a region where the interpreter looks for it. */
  private publish({ ip, mode, slot, function: number }: CompiledRegion): void {
    const { state } = this.parts;
    state.set(slot + layout.ENTRY_IP, ip);
    state.set(slot + layout.ENTRY_MODE, mode);
    state.set(slot + layout.ENTRY_FUNCTION, number);
    state.set(slot + layout.ENTRY_MISSES, 0);
  }

  private drop(region: CompiledRegion): void {
    const { state, interpreter, memory } = this.parts;
    this.regions.delete(regionKey(region.ip, region.mode));
    this.bytes -= region.cost;
    interpreter.table.set(region.function, null);
    this.free.push(region.function);
    const { slot } = region;
    if (state.get(slot + layout.ENTRY_FUNCTION) === region.function) state.set(slot + layout.ENTRY_IP, 0);
    for (const page of new Set(region.ranges.map(({ host }) => host >>> 12))) {
      const others = this.byPage.get(page);
      others?.delete(region);
      memory.code.unmark(page << 12);
      for (const other of others ?? []) {
        for (const { host, bytes } of other.ranges) if (host >>> 12 === page) memory.code.mark(host, bytes);
      }
    }
  }

  private codeWritten(host: number, bytes: number): void {
    const page = host >>> 12;
    const first = host >>> 6;
    const last = (host + bytes - 1) >>> 6;
    let dropped = false;
    for (const region of [...(this.byPage.get(page) ?? [])]) {
      if (!region.ranges.some((range) => range.host >>> 6 <= last && (range.host + range.bytes - 1) >>> 6 >= first))
        continue;
      this.drop(region);
      dropped = true;
    }
    if (!dropped) return;
    // One of them may be what is running: it must be left.
    this.parts.state.dropCodePage();
    const entry = this.backOff.get(page) ?? { drops: 0, skip: 0 };
    entry.drops = Math.min(entry.drops + 1, MAX_BACK_OFF);
    entry.skip = (1 << entry.drops) - 1;
    this.backOff.set(page, entry);
  }

  /** True while an entry that was not worth compiling is not looked at again. */
  private wasRefused(key: string): boolean {
    const left = this.refused.get(key);
    if (left === undefined) return false;
    if (left > 1) this.refused.set(key, left - 1);
    else this.refused.delete(key);
    return true;
  }

  private sitsOut(page: number): boolean {
    const entry = this.backOff.get(page);
    if (!entry || entry.skip === 0) return false;
    entry.skip--;
    return true;
  }

  /** See `RegionImports.refill`. Reads across two pages are gathered aside. */
  private refill(linear: number, bytes: number, write: boolean): number {
    const { mmu, state } = this.parts;
    const low = 0x1000 - (linear & 0xfff);
    if (low >= bytes) return mmu.inPlace(linear, bytes, write);
    if (write) return 0;
    const first = mmu.inPlace(linear, low, false);
    const second = first && mmu.inPlace((linear + low) >>> 0, bytes - low, false);
    if (!second) return 0;
    for (let i = 0; i < bytes; i++) {
      state.u8[layout.TIER_SCRATCH + i] = state.u8[i < low ? first + i : second + i - low];
    }
    return layout.TIER_SCRATCH;
  }

  /**
   * True if control goes to a host pointer often enough for it to be part of a region. What is rare makes regions large and
   * slow to compile; where it turns out not to be rare, it is compiled by itself, together with what follows.
   */
  private isWarm(host: number | undefined): boolean {
    if (host === undefined) return false;
    if (this.u16[this.heatIndex(host)] > this.options.threshold * WARM_SHARE) return true;
    return this.parts.state.get(slotOf(host) + layout.ENTRY_IP) === host;
  }

  /** Makes a place almost hot. @param transfers how many are missing */
  private heat(ip: number, transfers: number): void {
    const at = this.heatIndex(ip);
    this.u16[at] = Math.max(this.u16[at], this.options.threshold - transfers);
  }

  private heatIndex(ip: number): number {
    return (layout.HEAT_TABLE >>> 1) + ((ip ^ (ip >>> 16)) & (layout.HEAT_COUNTERS - 1));
  }

  /** True if a breakpoint may be at a host pointer, whatever linear page it is mapped at. */
  private breakpointAt(host: number): boolean {
    if (!this.parts.state.get(layout.BREAKPOINTS_ON)) return false;
    for (let page = 0; page < 16; page++) {
      const address = (page << 12) | (host & 0xfff);
      if ((this.filter[address >>> 3] >> (address & 7)) & 1) return true;
    }
    return false;
  }
}

function regionKey(ip: number, mode: number): string {
  return `${ip}:${mode}`;
}

function slotOf(ip: number): number {
  return layout.ENTRY_TABLE + ((ip ^ (ip >>> 14)) & (layout.ENTRY_SLOTS - 1)) * layout.ENTRY_BYTES;
}

function pagesOf({ at, length }: Instruction): number[] {
  return [at >> 12, (at + length - 1) >> 12];
}

/** The guest's code around an entry, by places: bytes from the start of the entry's page. */
class GuestCode {
  /** Host pointers where decoding stopped because of a breakpoint. */
  readonly cuts: number[] = [];
  private readonly decoded = new Map<number, Instruction | undefined>();
  private readonly hostPages = new Map<number, number | undefined>();
  private readonly linearPage: number;

  constructor(
    private readonly parts: TierParts,
    private readonly decoder: Decoder,
    ip: number,
    private readonly mode: TierMode,
    private readonly breakpointAt: (host: number) => boolean,
  ) {
    const { state } = parts;
    this.linearPage = (state.eip + state.segmentBase(SegmentIndex.CS)) >>> 12;
    this.hostPages.set(0, ip & ~0xfff);
  }

  /** Host pointer of a place, or undefined where it is out of reach. */
  hostOf(place: number): number | undefined {
    const page = place >> 12;
    if (!this.hostPages.has(page)) this.hostPages.set(page, this.findPage(page));
    const host = this.hostPages.get(page);
    return host === undefined ? undefined : host + (place & 0xfff);
  }

  instructionAt(place: number): Instruction | undefined {
    if (!this.decoded.has(place)) this.decoded.set(place, this.decode(place));
    return this.decoded.get(place);
  }

  /** Host pointers of bytes, cut at page ends. */
  rangesOf(place: number, bytes: number): { host: number; bytes: number }[] {
    const low = Math.min(bytes, 0x1000 - (place & 0xfff));
    const first = { host: this.hostOf(place) as number, bytes: low };
    if (low === bytes) return [first];
    return [first, { host: this.hostOf(place + low) as number, bytes: bytes - low }];
  }

  /** Places that the entries of a jump table in flat memory name, as far as they are in pages within reach; each once. */
  jumpTable(linear: number): number[] {
    const { mmu, state } = this.parts;
    const places = new Set<number>();
    if (!this.mode.isFlat(SegmentIndex.CS)) return [];
    for (let entry = 0; entry < MAX_TABLE; entry++) {
      const host = mmu.inPlace((linear + entry * 4) >>> 0, 4, false);
      if (host === 0 || host & 3) break;
      const place = state.u32[host >>> 2] - this.linearPage * 0x1000;
      if (this.hostOf(place) === undefined) break;
      places.add(place);
    }
    return [...places];
  }

  private decode(place: number): Instruction | undefined {
    const host = this.hostOf(place);
    if (host === undefined) return undefined;
    if (this.breakpointAt(host)) {
      this.cuts.push(host);
      return undefined;
    }
    const { u8 } = this.parts.state;
    return this.decoder.decode(place, this.mode.code32, (at) => {
      const from = this.hostOf(at);
      return from === undefined ? undefined : u8[from];
    });
  }

  /** Other pages only where code is flat, so that EIP and linear address are the same and no limit is in the way. */
  private findPage(page: number): number | undefined {
    if (Math.abs(page) > PAGES_AROUND || !this.mode.isFlat(SegmentIndex.CS)) return undefined;
    const linear = this.linearPage + page;
    if (linear < 0 || linear > 0xfffff) return undefined;
    const entry = this.parts.state.get(layout.TLB + linear * 4);
    return entry & this.mode.readMask ? ((entry & ~0xfff) + linear * 4096) >>> 0 : undefined;
  }
}
