import { Register } from '../layout';
import { CR4_PCE, CR4_TSD } from './control-bits';
import type { CpuCore } from './core';
import { Fault, Vector } from './fault';
import { FEATURE_APIC, FEATURE_MSR, FEATURE_TSC } from './features';
import type { Intercepts } from './intercepts';
import {
  findModelRegister,
  localApicEnabled,
  type ModelRegister,
  performanceCounter,
  type RegisterValue,
} from './model-registers';
import type { CpuidLeaf, CpuModel } from './models';
import { readTimestamp } from './timestamp';

/** "GenuineIntel" as CPUID leaf 0 gives it in EBX, ECX, EDX. */
const VENDOR = [0x756e6547, 0x6c65746e, 0x49656e69] as const;

/** First and last of the extended leaves of a model with a brand string. */
const EXTENDED = 0x80000000;
const BRAND_STRING = 0x80000002;
const LAST_EXTENDED = 0x80000004;

/** 16 characters of the brand string, which is padded with zeroes to 48. */
function brandLeaf(text: string, leaf: number): CpuidLeaf {
  const at = (leaf - BRAND_STRING) * 16;
  const dword = (index: number): number =>
    [3, 2, 1, 0].reduce((value, byte) => (value << 8) | (text.charCodeAt(at + index * 4 + byte) || 0), 0) >>> 0;
  return [dword(0), dword(1), dword(2), dword(3)];
}

/** What CPUID answers (Intel SDM vol. 2A; AP-485). A leaf beyond the highest one answers as the highest basic one. */
function cpuidLeaf(model: CpuModel, leaf: number, hidden: number): CpuidLeaf {
  if (model.brandString !== undefined && leaf >= EXTENDED && leaf <= LAST_EXTENDED) {
    if (leaf === EXTENDED) return [LAST_EXTENDED, 0, 0, 0];
    return leaf < BRAND_STRING ? [0, 0, 0, 0] : brandLeaf(model.brandString, leaf);
  }
  const basic = Math.min(leaf, model.maxLeaf);
  if (basic === 0) return [model.maxLeaf, ...VENDOR];
  if (basic === 1) return [model.signature, model.brand, 0, model.features & ~hidden];
  return model.caches;
}

/** CPUID, RDTSC, RDPMC, RDMSR and WRMSR (Intel SDM vol. 2). */
export class Identification {
  constructor(
    private readonly core: CpuCore,
    /** The hypervisor's hooks as they are now. */
    private readonly intercepts: () => Intercepts,
  ) {}

  /** CPUID. @throws Fault #UD where it does not exist */
  cpuid(): void {
    const { state, model } = this.core;
    if (model.maxLeaf < 0) throw new Fault(Vector.UD);
    const hidden = localApicEnabled(this.core) ? 0 : FEATURE_APIC;
    const leaf = state.reg(Register.EAX);
    const native = cpuidLeaf(model, leaf, hidden);
    const [eax, ebx, ecx, edx] = this.intercepts().cpuid?.(leaf, native) ?? native;
    state.setReg(Register.EAX, eax);
    state.setReg(Register.EBX, ebx);
    state.setReg(Register.ECX, ecx);
    state.setReg(Register.EDX, edx);
  }

  /** RDTSC. @throws Fault #UD, #GP(0) with CR4.TSD unless CPL is 0 */
  readTimestamp(): void {
    this.checkFeature(FEATURE_TSC);
    const { state } = this.core;
    if (state.cr(4) & CR4_TSD && state.cpl !== 0) throw new Fault(Vector.GP, 0);
    this.setPair(readTimestamp(this.core));
  }

  /** RDPMC. @throws Fault #UD before the P6; #GP(0) without CR4.PCE unless CPL is 0, and for counters that do not exist */
  readCounter(): void {
    const { state } = this.core;
    this.core.checkFamily(6);
    if (!(state.cr(4) & CR4_PCE) && state.cpl !== 0) throw new Fault(Vector.GP, 0);
    const counter = performanceCounter(this.core.model, state.reg(Register.ECX));
    if (!counter) throw new Fault(Vector.GP, 0);
    this.setPair(counter.read(this.core));
  }

  /** RDMSR. @throws Fault #UD, #GP(0) */
  readMsr(): void {
    this.checkRegisterAccess();
    const index = this.core.state.reg(Register.ECX);
    this.setPair(this.intercepts().readMsr?.(index) ?? this.findRegister(index).read(this.core));
  }

  /** WRMSR. @throws Fault #UD, #GP(0) */
  writeMsr(): void {
    const { state } = this.core;
    this.checkRegisterAccess();
    const index = state.reg(Register.ECX);
    const value: RegisterValue = [state.reg(Register.EAX), state.reg(Register.EDX)];
    if (!this.intercepts().writeMsr?.(index, value)) this.findRegister(index).write(this.core, value);
  }

  /** @throws Fault #UD, #GP(0) */
  private checkRegisterAccess(): void {
    this.checkFeature(FEATURE_MSR);
    this.core.checkPrivileged();
  }

  private findRegister(index: number): ModelRegister {
    const found = findModelRegister(this.core.model, index);
    if (!found) throw new Fault(Vector.GP, 0);
    return found;
  }

  private checkFeature(feature: number): void {
    if (!(this.core.model.features & feature)) throw new Fault(Vector.UD);
  }

  private setPair([low, high]: RegisterValue): void {
    this.core.state.setReg(Register.EAX, low);
    this.core.state.setReg(Register.EDX, high);
  }
}
