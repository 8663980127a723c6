import * as layout from '../layout';
import type { CpuCore } from './core';
import * as bits from './control-bits';
import { Fault, Vector } from './fault';

/** Bits whose change makes cached translations wrong. */
const CR0_MAPPING = bits.CR0_PE | bits.CR0_WP | bits.CR0_PG;
const CR4_MAPPING = bits.CR4_PSE | bits.CR4_PGE | bits.CR4_PAE;
/** Bits whose change loads the PAE pointer entries again (Intel SDM vol. 3A, 4.4.1). */
const CR0_POINTERS = bits.CR0_PG | bits.CR0_CD | bits.CR0_NW;

/** TLB test registers: TR6 and TR7 on the 386, with those of the cache TR3 to TR7 on the 486. */
const TEST_LOOKUP = 1;
const TEST_HIT = 0x10;

/** Control and test registers, LMSW, SMSW, CLTS (Intel SDM vol. 3A, 2.5). */
export class ControlRegisters {
  constructor(private readonly core: CpuCore) {}

  /** MOV r32, CRn. @throws Fault #GP(0), #UD */
  readControl(index: number): number {
    this.core.checkPrivileged();
    this.checkExists(index);
    return index === 0 ? this.readCr0() : this.core.state.cr(index);
  }

  /** MOV CRn, r32. @throws Fault #GP(0) for privilege, reserved bits and impossible modes; #UD */
  writeControl(index: number, value: number): void {
    this.core.checkPrivileged();
    this.checkExists(index);
    const { state, mmu } = this.core;
    switch (index) {
      case 0:
        this.setCr0(value);
        break;
      case 2:
        state.setCr(2, value);
        break;
      case 3:
        // The low bits are ignored (but for PCD and PWT) and keep what is written.
        mmu.loadPageDirectory(value >>> 0);
        break;
      default:
        this.setCr4(value >>> 0);
    }
  }

  /** CLTS. @throws Fault #GP(0) */
  clearTaskSwitched(): void {
    this.core.checkPrivileged();
    const { state } = this.core;
    state.setCr(0, state.cr(0) & ~bits.CR0_TS);
  }

  /** LMSW changes PE, MP, EM, TS and cannot clear PE. @throws Fault #GP(0) */
  loadMachineStatus(value: number): void {
    this.core.checkPrivileged();
    const old = this.core.state.cr(0);
    this.setCr0((old & ~0xe) | (value & 0xf));
  }

  /** SMSW, which any program may use. */
  storeMachineStatus(): number {
    return this.readCr0();
  }

  /** MOV r32, TRn. @throws Fault #UD where the processor has no such register, #GP(0) */
  readTest(index: number): number {
    return this.core.state.get(this.testRegister(index));
  }

  /**
   * MOV TRn, r32. The TLB can't be seen through TR6 and TR7: entries written are forgotten at once, as any entry may
   * be, and a look-up never hits. The cache registers keep what is written.
   * @throws Fault #UD where the processor has no such register, #GP(0)
   */
  writeTest(index: number, value: number): void {
    const { state } = this.core;
    state.set(this.testRegister(index), value);
    if (index !== 6 || !(value & TEST_LOOKUP)) return;
    const result = this.testRegister(7);
    state.set(result, state.get(result) & ~TEST_HIT);
  }

  private testRegister(index: number): number {
    const { family } = this.core.model;
    if (family > 4 || index < (family === 4 ? 3 : 6)) throw new Fault(Vector.UD);
    this.core.checkPrivileged();
    return layout.TEST_REGISTERS + (index - 3) * 4;
  }

  private readCr0(): number {
    return (this.core.state.cr(0) | this.core.model.cr0Ones) >>> 0;
  }

  private setCr0(value: number): void {
    const { state, mmu, model, segmentation } = this.core;
    const old = state.cr(0);
    const next = ((value & model.cr0) | model.cr0Fixed) >>> 0;
    const protect = (next & bits.CR0_PE) !== 0;
    const paged = (next & bits.CR0_PG) !== 0;
    if (paged && !protect) throw new Fault(Vector.GP, 0);
    if (next & bits.CR0_NW && !(next & bits.CR0_CD)) throw new Fault(Vector.GP, 0);
    const changed = old ^ next;
    if (paged && state.cr(4) & bits.CR4_PAE && changed & CR0_POINTERS) mmu.loadPointers();
    state.setCr(0, next);
    if (changed & CR0_MAPPING) mmu.flush();
    if (!protect) segmentation.setCpl(0);
    segmentation.updateAccessMasks();
  }

  private setCr4(value: number): void {
    const { state, mmu, model } = this.core;
    if (value & ~model.cr4) throw new Fault(Vector.GP, 0);
    const changed = state.cr(4) ^ value;
    if (state.paging && value & bits.CR4_PAE && changed & CR4_MAPPING) mmu.loadPointers();
    state.setCr(4, value);
    if (changed & CR4_MAPPING) mmu.flush();
    if (changed & bits.CR4_DE) this.core.debugChanged();
  }

  private checkExists(index: number): void {
    const exists = index === 0 || index === 2 || index === 3 || (index === 4 && this.core.model.cr4 !== 0);
    if (!exists) throw new Fault(Vector.UD);
  }
}
