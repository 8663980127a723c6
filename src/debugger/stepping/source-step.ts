import type { LineInfo } from '../../symbols/lines/line-index';
import { type Executed, InstructionwiseStep, type Place, type Progress, type SteppingTools } from './step';

/** Instructions that a step in follows through code without lines, looking for some, before it finishes out of it. */
const PATIENCE = 2000;

/**
 * To the beginning of another source line. Leaving the function ends the step in its caller, in the middle of a line.
 * Code without lines is never stopped in.
 */
export class SourceStep extends InstructionwiseStep {
  protected readonly overCalls: boolean;
  private line: LineInfo | undefined;
  /** Functions that the start is inlined in, itself included. */
  private readonly level: number;
  private readonly entry: number | undefined;
  private returned = false;
  /** Where the calls return to by which code without lines was entered, outermost first. */
  private readonly skipped: Place[] = [];
  private patience = PATIENCE;

  constructor(tools: SteppingTools, kind: 'over' | 'in') {
    super(tools);
    this.overCalls = kind === 'over';
    const { symbols, pc } = this.guest;
    this.line = symbols.lineAt(pc);
    this.level = symbols.inlineFramesAt(pc).length;
    this.entry = symbols.functionAt(pc)?.entry;
  }

  protected executed(instruction: Executed): Progress {
    const { guest } = this;
    const { kind, address, length, stack } = instruction;
    const next = (address + length) >>> 0;
    if (kind === 'return') return this.leave();
    if (kind === 'call' && guest.pc !== next) return this.enter({ address: next, stack });
    if (kind === 'plain' && this.isOtherEntry()) return this.tailCall();
    return this.look();
  }

  protected override detourDone(): Progress {
    return this.look();
  }

  /** A function has been entered by a call that will return to a place. */
  private enter(back: Place): Progress {
    const { guest } = this;
    if (guest.symbols.lineAt(guest.pc)) {
      const body = this.bodyAt(guest.pc);
      this.line = undefined;
      if (body === guest.pc) return 'arrived';
      this.detour.begin({ address: body }, back);
      return 'on';
    }
    if (this.skipped.length === 0) this.patience = PATIENCE;
    this.skipped.push(back);
    return 'on';
  }

  private leave(): Progress {
    const { guest } = this;
    const back = this.skipped[this.skipped.length - 1];
    if (!back) this.returned = true;
    else if (back.address === guest.pc) this.skipped.pop();
    return this.look();
  }

  /** A jump to another function: it returns to the caller of the present one. */
  private tailCall(): Progress {
    const { guest } = this;
    const stack = guest.stackPointer;
    const back = { address: guest.memory.readNumber(stack, 4), stack: (stack + 4) >>> 0 };
    if (!this.overCalls) return this.enter(back);
    this.returned = true;
    this.detour.begin(back);
    return 'on';
  }

  private look(): Progress {
    const { symbols, pc } = this.guest;
    const line = symbols.lineAt(pc);
    if (!line) return this.pass();
    this.skipped.length = 0;
    if (this.returned) return 'arrived';
    if (this.overCalls && symbols.inlineFramesAt(pc).length > this.level) return 'on';
    if (this.line && line.path === this.line.path && line.line === this.line.line) return 'on';
    if (line.isStmt && line.start === pc) return 'arrived';
    // In the middle of another line: its rest belongs to the step, then any line will do.
    this.line = line;
    return 'on';
  }

  /** In code without lines. */
  private pass(): Progress {
    const [outermost] = this.skipped;
    if (outermost && --this.patience <= 0) {
      this.skipped.length = 0;
      this.detour.begin(outermost);
    }
    return 'on';
  }

  private isOtherEntry(): boolean {
    const { symbols, pc } = this.guest;
    const entry = symbols.functionAt(pc)?.entry;
    return entry === pc && entry !== this.entry;
  }

  /** Where the body of the function begins that is entered at an address. */
  private bodyAt(address: number): number {
    const { symbols } = this.guest;
    const target = symbols.functionAt(address);
    if (!target) return address;
    const sites = symbols.addressesForFunction(target.name).map((site) => site.address);
    const inside = sites.find((site) => target.ranges.some(({ start, end }) => site >= start && site < end));
    return inside ?? address;
  }
}
