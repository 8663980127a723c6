import type { CodeFrame } from '../../symbols/dwarf/dwarf-program';
import type { Guest } from '../guest/guest';
import { type FrameRegisters, UnwoundRegisters } from '../registers/frame-registers';
import type { Frame } from '../types';
import { SegmentIndex } from '../../machine/layout';
import { type Activation, Unwinder } from './unwinder';

/** A frame with what is needed to look into it. */
export interface FrameContext {
  readonly frame: Frame;
  readonly activation: Activation;
  /** Which of the functions inlined at the address it is; 0 is the innermost. */
  readonly depth: number;
  readonly registers: FrameRegisters;
}

const MAX_FRAMES = 512;

/** The call stack of a stopped guest. Worked out once per stop. */
export class CallStack {
  readonly frames: readonly FrameContext[];

  constructor(
    private readonly guest: Guest,
    private readonly stubName: (address: number) => string | undefined = () => undefined,
  ) {
    const unwinder = new Unwinder(guest);
    const frames: FrameContext[] = [];
    let activation: Activation | undefined = unwinder.innermost();
    for (let level = 0; activation && frames.length < MAX_FRAMES; level++) {
      frames.push(...this.expand(activation, level === 0, unwinder));
      activation = unwinder.caller(activation);
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
    const code: CodeFrame[] = known.length > 0 ? known : [{ name: this.nameOf(address), inlined: false }];
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
      registers,
    }));
  }

  private nameOf(address: number): string {
    return this.stubName(address) ?? this.guest.nameAt(address);
  }
}
