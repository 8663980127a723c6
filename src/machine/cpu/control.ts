import type { CpuCore } from './core';
import { Fault, Vector } from './fault';
import { CR0_PG, CR0_WP, CR4_PGE, CR4_PSE } from './paging';
import { CR0_TS } from './task-switch';

const CR0_PE = 1;
const CR0_NW = 0x20000000;
const CR0_CD = 0x40000000;
/** Bits whose change makes cached translations wrong. */
const CR0_MAPPING = CR0_PE | CR0_WP | CR0_PG;
const CR4_MAPPING = CR4_PSE | CR4_PGE;

const DR6_BD = 0x2000;
const DR7_GD = 0x2000;
/** Bits of DR6 and DR7 that read as one whatever is written (Intel SDM vol. 3B, figure 17-1). */
const DR6_ONES = 0xffff0ff0;
const DR6_ZEROES = 0x1000;
const DR7_ONES = 0x400;
const DR7_ZEROES = 0xd800;

/** Control and debug registers, LMSW, SMSW, CLTS (Intel SDM vol. 3A, 2.5; vol. 3B, 17.2). */
export class ControlRegisters {
  constructor(private readonly core: CpuCore) {}

  /** MOV r32, CRn. @throws Fault #GP(0), #UD */
  readControl(index: number): number {
    this.core.checkPrivileged();
    this.checkExists(index);
    return this.core.state.cr(index);
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
        // PCD and PWT are kept, other low bits are reserved and read as zero.
        mmu.loadPageDirectory(value & (this.core.model.family >= 4 ? 0xfffff018 : 0xfffff000));
        break;
      default:
        this.setCr4(value >>> 0);
    }
  }

  /** CLTS. @throws Fault #GP(0) */
  clearTaskSwitched(): void {
    this.core.checkPrivileged();
    const { state } = this.core;
    state.setCr(0, state.cr(0) & ~CR0_TS);
  }

  /** LMSW changes PE, MP, EM, TS and cannot clear PE. @throws Fault #GP(0) */
  loadMachineStatus(value: number): void {
    this.core.checkPrivileged();
    const old = this.core.state.cr(0);
    this.setCr0((old & ~0xe) | (value & 0xf));
  }

  /** SMSW, which any program may use. */
  storeMachineStatus(): number {
    return this.core.state.cr(0);
  }

  /** MOV r32, DRn. @throws Fault #GP(0), #DB while DR7.GD is set */
  readDebug(index: number): number {
    this.checkDebugAccess();
    return this.core.state.dr(debugIndex(index));
  }

  /** MOV DRn, r32. Breakpoints in them are not acted upon yet. @throws Fault #GP(0), #DB while DR7.GD is set */
  writeDebug(index: number, value: number): void {
    this.checkDebugAccess();
    const { state } = this.core;
    const real = debugIndex(index);
    if (real === 6) state.setDr(6, (value | DR6_ONES) & ~DR6_ZEROES);
    else if (real === 7) state.setDr(7, (value | DR7_ONES) & ~DR7_ZEROES);
    else state.setDr(real, value);
  }

  private setCr0(value: number): void {
    const { state, mmu, model, segmentation } = this.core;
    const old = state.cr(0);
    const next = ((value & model.cr0) | model.cr0Fixed) >>> 0;
    const protect = (next & CR0_PE) !== 0;
    if (next & CR0_PG && !protect) throw new Fault(Vector.GP, 0);
    if (next & CR0_NW && !(next & CR0_CD)) throw new Fault(Vector.GP, 0);
    state.setCr(0, next);
    if ((old ^ next) & CR0_MAPPING) mmu.flush();
    if (!protect) segmentation.setCpl(0);
  }

  private setCr4(value: number): void {
    const { state, mmu, model } = this.core;
    if (value & ~model.cr4) throw new Fault(Vector.GP, 0);
    const changed = state.cr(4) ^ value;
    state.setCr(4, value);
    if (changed & CR4_MAPPING) mmu.flush();
  }

  private checkExists(index: number): void {
    const exists = index === 0 || index === 2 || index === 3 || (index === 4 && this.core.model.cr4 !== 0);
    if (!exists) throw new Fault(Vector.UD);
  }

  private checkDebugAccess(): void {
    this.core.checkPrivileged();
    const { state } = this.core;
    if (!(state.dr(7) & DR7_GD)) return;
    state.setDr(6, state.dr(6) | DR6_BD);
    throw new Fault(Vector.DB);
  }
}

/** DR4 and DR5 are other names of DR6 and DR7 (CR4.DE, which takes them away, is not implemented). */
function debugIndex(index: number): number {
  return index === 4 || index === 5 ? index + 2 : index;
}
