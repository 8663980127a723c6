import type { CodeFrame } from '../../symbols/dwarf/dwarf-program';
import type { Guest } from '../guest/guest';
import type { ScopeFrame } from '../guest/symbol-scope';
import { type FrameRegisters, UnwoundRegisters } from '../registers/frame-registers';
import { vectorByNumber } from '../registers/vector';
import type { Frame } from '../types';
import { SegmentIndex } from '../../machine/layout';
import { type Activation, Unwinder } from './unwinder';

/** A frame with what is needed to look into it. */
export interface FrameContext extends ScopeFrame {
  readonly frame: Frame;
  readonly activation: Activation;
  readonly registers: FrameRegisters;
}

const MAX_FRAMES = 512;
const GENERAL_REGISTERS = 8;

/** The innermost frame of a running guest at a known address, looked into when something is asked of it. */
export class LiveFrame implements ScopeFrame {
  readonly depth = 0;
  private readonly unwinder: Unwinder;

  /** @param lookup linear address at which the guest stands whenever the frame is used */
  constructor(
    private readonly guest: Guest,
    readonly lookup: number,
  ) {
    this.unwinder = new Unwinder(guest);
  }

  register(number: number): number | undefined {
    return number < GENERAL_REGISTERS ? this.guest.state.reg(number) : this.lookup;
  }

  vector(number: number): Uint8Array | undefined {
    return vectorByNumber(number)?.read(this.guest.state);
  }

  cfa(): number | undefined {
    return this.unwinder.cfa(this.unwinder.innermost(this.lookup));
  }
}

/** The call stack of a stopped guest. Worked out once per stop. */
export class CallStack {
  readonly frames: readonly FrameContext[];

  constructor(private readonly guest: Guest) {
    const unwinder = new Unwinder(guest);
    const frames: FrameContext[] = [];
    let activation: Activation | undefined = unwinder.innermost();
    for (let level = 0; activation && frames.length < MAX_FRAMES; level++) {
      frames.push(...this.expand(activation, level === 0, unwinder));
      activation = (level === 0 ? unwinder.interrupted(activation) : undefined) ?? unwinder.caller(activation);
    }
    this.frames = frames;
  }

  /** A frame by its number, 0 being the innermost. @throws Error if there is none */
  at(index: number): FrameContext {
    const frame = this.frames[index];
    if (!frame) throw new Error(`there is no frame ${index}: the stack has ${this.frames.length}`);
    return frame;
  }

  /** The frames that an activation stands for: what is inlined there, then the function itself. */
  private expand(activation: Activation, innermost: boolean, unwinder: Unwinder): FrameContext[] {
    const { guest } = this;
    const { pc, lookup } = activation;
    const address = innermost || lookup === pc ? pc : unwinder.callSite(pc);
    const registers = innermost ? guest.live : new UnwoundRegisters(activation.registers, (pc - guest.codeBase) >>> 0);
    const known = guest.symbols.inlineFramesAt(lookup);
    const code: CodeFrame[] = known.length > 0 ? known : [{ name: guest.nameAt(address), inlined: false }];
    return code.map(({ name, inlined, path, line, column }, depth) => ({
      frame: {
        name,
        address,
        inlined,
        selector: guest.state.selector(SegmentIndex.CS),
        ...(path !== undefined &&
          line !== undefined && { source: { path, line, ...(column !== undefined && { column }) } }),
      },
      activation,
      depth,
      lookup,
      registers,
      register: (number) =>
        innermost && number < GENERAL_REGISTERS ? guest.state.reg(number) : activation.registers[number],
      // Calls need not preserve them.
      vector: (number) => (innermost ? vectorByNumber(number)?.read(guest.state) : undefined),
      cfa: () => unwinder.cfa(activation),
    }));
  }
}
