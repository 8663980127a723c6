import * as layout from '../layout';
import { CR4_DE } from './control-bits';
import type { CpuState } from './state';

/** R/W field of DR7 (Intel SDM vol. 3B, 17.2.4). */
enum BreakpointKind {
  Execute = 0,
  Write = 1,
  /** With CR4.DE; without it undefined, and taken for nothing. */
  Io = 2,
  ReadWrite = 3,
}

/** LEN field of DR7 in bytes: 10b is 8 bytes where it exists (Pentium 4 and later) and undefined before. */
const LENGTHS = [1, 2, 8, 4];

interface Condition {
  /** Its bit in DR6. */
  readonly bit: number;
  readonly kind: BreakpointKind;
  readonly start: number;
  readonly length: number;
}

function overlaps(condition: Condition, start: number, length: number): boolean {
  return start < condition.start + condition.length && condition.start < start + length;
}

/**
 * The guest's own breakpoints, as DR0-DR3, DR7 and CR4.DE describe them. Holds what it has decoded: `refresh` after
 * one of those has changed.
 */
export class BreakpointConditions {
  /** Linear addresses of enabled code breakpoints. */
  code: readonly number[] = [];
  /** Whether any data (I/O) breakpoint is enabled; only then the other methods need to be asked. */
  watchesData = false;
  watchesPorts = false;
  private conditions: readonly Condition[] = [];
  private decoded = '';

  constructor(private readonly state: CpuState) {}

  /** Decodes the registers again. @returns false if nothing has changed */
  refresh(): boolean {
    const { state } = this;
    const io = state.cr(4) & CR4_DE;
    const key = [0, 1, 2, 3, 7].map((index) => state.dr(index)).join() + String(io);
    if (key === this.decoded) return false;
    this.decoded = key;
    const dr7 = state.dr(7);
    const enabled: Condition[] = [];
    for (let index = 0; index < 4; index++) {
      if (!((dr7 >>> (index * 2)) & 3)) continue;
      const kind: BreakpointKind = (dr7 >>> (16 + index * 4)) & 3;
      if (kind === BreakpointKind.Io && !io) continue;
      const length = kind === BreakpointKind.Execute ? 1 : LENGTHS[(dr7 >>> (18 + index * 4)) & 3];
      const start = (state.dr(index) & -length) >>> 0;
      enabled.push({ bit: 1 << index, kind, start, length });
    }
    this.conditions = enabled;
    this.code = this.ofKind(BreakpointKind.Execute).map(({ start }) => start);
    this.watchesData = this.ofKind(BreakpointKind.Write, BreakpointKind.ReadWrite).length > 0;
    this.watchesPorts = this.ofKind(BreakpointKind.Io).length > 0;
    return true;
  }

  /** DR6 bits of code breakpoints at a linear address. */
  codeAt(linear: number): number {
    return this.bits(linear, 1, BreakpointKind.Execute, BreakpointKind.Execute);
  }

  /** True if a data breakpoint has a byte in a page. */
  watchesPage(page: number): boolean {
    const start = page * 0x1000;
    return this.ofKind(BreakpointKind.Write, BreakpointKind.ReadWrite).some((one) => overlaps(one, start, 0x1000));
  }

  /** A data access has been made: what it hits traps after the instruction. */
  noteAccess(linear: number, length: number, write: boolean): void {
    this.trap(
      this.bits(linear, length, BreakpointKind.ReadWrite, write ? BreakpointKind.Write : BreakpointKind.ReadWrite),
    );
  }

  /** A port access has been made. */
  notePort(port: number, length: number): void {
    this.trap(this.bits(port, length, BreakpointKind.Io, BreakpointKind.Io));
  }

  private trap(bits: number): void {
    if (bits === 0) return;
    this.state.set(layout.PENDING_DEBUG, this.state.get(layout.PENDING_DEBUG) | bits);
    this.state.requestExit(layout.EXIT_RECHECK);
  }

  private bits(start: number, length: number, kind: BreakpointKind, other: BreakpointKind): number {
    return this.conditions
      .filter((one) => (one.kind === kind || one.kind === other) && overlaps(one, start, length))
      .reduce((bits, { bit }) => bits | bit, 0);
  }

  private ofKind(...kinds: BreakpointKind[]): Condition[] {
    return this.conditions.filter(({ kind }) => kinds.includes(kind));
  }
}
