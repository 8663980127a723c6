import * as layout from '../layout';
import { FLAG_VM, FLAGS_ARITHMETIC, Register, SegmentIndex } from '../layout';
import { materializeFlags } from './flags';

/**
 * Typed view of the CPU state in the machine's memory. Holds no state of its own: reading and writing
 * go to the same bytes that the interpreter uses.
 */
export class CpuState {
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly u16: Uint16Array;
  readonly u8: Uint8Array;
  readonly f64: Float64Array;

  constructor(readonly memory: WebAssembly.Memory) {
    this.u32 = new Uint32Array(memory.buffer);
    this.i32 = new Int32Array(memory.buffer);
    this.u16 = new Uint16Array(memory.buffer);
    this.u8 = new Uint8Array(memory.buffer);
    this.f64 = new Float64Array(memory.buffer);
  }

  /** Reads a u32 field of the layout. */
  get(offset: number): number {
    return this.u32[offset >>> 2];
  }

  /** Writes a u32 field of the layout; the value is taken modulo 2^32. */
  set(offset: number, value: number): void {
    this.u32[offset >>> 2] = value;
  }

  /** Reads a 32-bit general register (unsigned). */
  reg(index: Register): number {
    return this.u32[(layout.REGS >>> 2) + index];
  }

  setReg(index: Register, value: number): void {
    this.u32[(layout.REGS >>> 2) + index] = value;
  }

  /** Reads a 16-bit general register. */
  reg16(index: Register): number {
    return this.u16[(layout.REGS >>> 1) + index * 2];
  }

  setReg16(index: Register, value: number): void {
    this.u16[(layout.REGS >>> 1) + index * 2] = value;
  }

  /** Reads an 8-bit register in encoding order: AL CL DL BL AH CH DH BH. */
  reg8(index: number): number {
    return this.u8[layout.REGS + (index & 3) * 4 + (index >> 2)];
  }

  setReg8(index: number, value: number): void {
    this.u8[layout.REGS + (index & 3) * 4 + (index >> 2)] = value;
  }

  /** Offset in CS of the next instruction. */
  get eip(): number {
    return (this.get(layout.IP) - this.get(layout.IP_DELTA)) >>> 0;
  }

  /** Sends execution to an offset in CS; the code page is looked up again. `eipStart` stays. */
  set eip(value: number) {
    const start = this.eipStart;
    this.set(layout.IP, value);
    this.set(layout.IP_START, start);
    this.set(layout.IP_DELTA, 0);
    this.set(layout.CODE_START, 0xffffffff);
    this.set(layout.CODE_END, 0);
  }

  /** Offset in CS of the instruction that is being executed (its first prefix). */
  get eipStart(): number {
    return (this.get(layout.IP_START) - this.get(layout.IP_DELTA)) >>> 0;
  }

  /** Forgets the current code page: needed after any change of mapping, CS or privilege. EIP stays. */
  dropCodePage(): void {
    const { eip } = this;
    this.eip = eip;
  }

  /** EFLAGS with all arithmetic flags worked out. Bit 1 is always set. */
  get eflags(): number {
    return materializeFlags(this);
  }

  /** Writes the whole EFLAGS image. No privilege rules are applied and masks of the TLB are not touched. */
  set eflags(value: number) {
    this.set(layout.LAZY_MASK, 0);
    this.set(layout.EFLAGS, (value & 0x3f7fd5) | 2);
  }

  /** True if one of the given non-arithmetic EFLAGS bits is set. */
  systemFlag(mask: number): boolean {
    return (this.get(layout.EFLAGS) & mask & ~FLAGS_ARITHMETIC) !== 0;
  }

  selector(segment: SegmentIndex): number {
    return this.u32[(layout.SEG_SELECTOR >>> 2) + segment];
  }

  segmentBase(segment: SegmentIndex): number {
    return this.u32[(layout.SEG_BASE >>> 2) + segment];
  }

  segmentLimit(segment: SegmentIndex): number {
    return this.u32[(layout.SEG_LIMIT >>> 2) + segment];
  }

  segmentAttributes(segment: SegmentIndex): number {
    return this.u32[(layout.SEG_ATTRIBUTES >>> 2) + segment];
  }

  /** CR0, CR2, CR3 or CR4. */
  cr(index: number): number {
    return this.u32[(layout.CR >>> 2) + index];
  }

  setCr(index: number, value: number): void {
    this.u32[(layout.CR >>> 2) + index] = value;
  }

  /** Debug register, 0-7. */
  dr(index: number): number {
    return this.u32[(layout.DR >>> 2) + index];
  }

  setDr(index: number, value: number): void {
    this.u32[(layout.DR >>> 2) + index] = value;
  }

  get cpl(): number {
    return this.get(layout.CPL);
  }

  /** I/O privilege level, 0-3. */
  get iopl(): number {
    return (this.get(layout.EFLAGS) & layout.FLAG_IOPL) >>> 12;
  }

  /** CR0.PE: protected mode, V86 included. */
  get protectedMode(): boolean {
    return (this.cr(0) & 1) !== 0;
  }

  get v86(): boolean {
    return (this.get(layout.EFLAGS) & FLAG_VM) !== 0;
  }

  get paging(): boolean {
    return (this.cr(0) & 0x80000000) !== 0;
  }

  /** Leaves a fault pending for the run loop; `errorCode` is -1 where none is pushed. */
  leaveFault(vector: number, errorCode: number): void {
    this.set(layout.FAULT, vector + 1);
    this.set(layout.FAULT_ERROR, errorCode);
    this.requestExit(layout.EXIT_FAULT);
  }

  /** Raises an EXIT bit: the run loop returns after the present instruction. */
  requestExit(bits: number): void {
    this.set(layout.EXIT, this.get(layout.EXIT) | bits);
  }
}
