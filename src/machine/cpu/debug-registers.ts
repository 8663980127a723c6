import type { CpuCore } from './core';
import { CR4_DE, DR6_BD, DR6_ONES, DR6_ZEROES, DR7_GD, DR7_ONES, DR7_ZEROES } from './control-bits';
import { Fault, Vector } from './fault';

/** MOV to and from the debug registers (Intel SDM vol. 2B, MOV; vol. 3B, 17.2). */
export class DebugRegisters {
  constructor(private readonly core: CpuCore) {}

  /** MOV r32, DRn. @throws Fault #UD, #GP(0), #DB while DR7.GD is set */
  read(index: number): number {
    return this.core.state.dr(this.checkAccess(index));
  }

  /** MOV DRn, r32. @throws Fault #UD, #GP(0), #DB while DR7.GD is set */
  write(index: number, value: number): void {
    const real = this.checkAccess(index);
    const { state } = this.core;
    if (real === 6) state.setDr(6, (value | DR6_ONES) & ~DR6_ZEROES);
    else if (real === 7) state.setDr(7, (value | DR7_ONES) & ~DR7_ZEROES);
    else state.setDr(real, value);
    if (real !== 6) this.core.debugChanged();
  }

  /** The register meant: DR4 and DR5 are other names of DR6 and DR7 unless CR4.DE takes them away. */
  private checkAccess(index: number): number {
    const { state } = this.core;
    const alias = index === 4 || index === 5;
    if (alias && state.cr(4) & CR4_DE) throw new Fault(Vector.UD);
    this.core.checkPrivileged();
    if (state.dr(7) & DR7_GD) {
      this.core.reportDebug(DR6_BD);
      throw new Fault(Vector.DB);
    }
    return alias ? index + 2 : index;
  }
}
