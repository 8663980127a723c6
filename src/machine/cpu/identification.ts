import * as layout from '../layout';
import { Register } from '../layout';
import type { CpuCore } from './core';
import { Fault, Vector } from './fault';
import { CR4_TSD, FEATURE_MSR, FEATURE_SEP, FEATURE_TSC } from './models';

const MSR_TSC = 0x10;
const MSR_PLATFORM_ID = 0x17;
const MSR_BIOS_SIGNATURE = 0x8b;
const MSR_SYSENTER_CS = 0x174;

/** One model-specific register (Intel SDM vol. 4, tables 2-2 and 2-20). */
interface ModelRegister {
  readonly family: number;
  readonly feature: number;
  /** Low and high dword. */
  read(core: CpuCore): readonly [number, number];
  write(core: CpuCore, low: number): void;
}

function sysenterRegister(index: number): ModelRegister {
  const field = layout.MSR_SYSENTER + index * 4;
  return {
    family: 6,
    feature: FEATURE_SEP,
    read: (core) => [core.state.get(field), 0],
    write: (core, low) => core.state.set(field, low),
  };
}

/** The processor has no microcode and no platform fuses: zero, and writes change nothing. */
const ZERO: ModelRegister = { family: 6, feature: FEATURE_MSR, read: () => [0, 0], write: () => undefined };

const MODEL_REGISTERS: Readonly<Record<number, ModelRegister>> = {
  [MSR_TSC]: {
    family: 5,
    feature: FEATURE_TSC,
    read: (core) => split(timestamp(core)),
    // Up to the P6 a write sets the low dword and clears the high one (Intel SDM vol. 3B, 17.17).
    write: (core, low) => {
      core.state.f64[layout.TSC_OFFSET >>> 3] = low - core.clock.now;
    },
  },
  [MSR_PLATFORM_ID]: ZERO,
  [MSR_BIOS_SIGNATURE]: ZERO,
  [MSR_SYSENTER_CS]: sysenterRegister(0),
  [MSR_SYSENTER_CS + 1]: sysenterRegister(1),
  [MSR_SYSENTER_CS + 2]: sysenterRegister(2),
};

/** "GenuineIntel" as CPUID leaf 0 gives it in EBX, EDX, ECX. */
const VENDOR = { ebx: 0x756e6547, edx: 0x49656e69, ecx: 0x6c65746e };

/** Cycles since the TSC was zero. */
function timestamp(core: CpuCore): number {
  return Math.floor(core.clock.now + core.state.f64[layout.TSC_OFFSET >>> 3]);
}

/** Low and high dword of a whole number of up to 53 bits. */
function split(value: number): readonly [number, number] {
  return [value >>> 0, Math.floor(value / 2 ** 32) >>> 0];
}

/** CPUID, RDTSC, RDMSR and WRMSR (Intel SDM vol. 2). */
export class Identification {
  constructor(private readonly core: CpuCore) {}

  /** CPUID. A leaf beyond the highest one answers as the highest one. @throws Fault #UD where it does not exist */
  cpuid(): void {
    const { state, model } = this.core;
    if (model.maxLeaf < 0) throw new Fault(Vector.UD);
    const leaf = Math.min(state.reg(Register.EAX), model.maxLeaf);
    if (leaf === 0) this.answer(model.maxLeaf, VENDOR.ebx, VENDOR.ecx, VENDOR.edx);
    else if (leaf === 1) this.answer(model.signature, 0, 0, model.features);
    // Leaf 2: ask once; no caches or TLBs are described, as none are modelled.
    else this.answer(1, 0, 0, 0);
  }

  /** RDTSC. @throws Fault #UD, #GP(0) with CR4.TSD unless CPL is 0 */
  readTimestamp(): void {
    this.checkFeature(FEATURE_TSC);
    const { state } = this.core;
    if (state.cr(4) & CR4_TSD && state.cpl !== 0) throw new Fault(Vector.GP, 0);
    this.setPair(split(timestamp(this.core)));
  }

  /** RDMSR. @throws Fault #UD, #GP(0) */
  readMsr(): void {
    this.setPair(this.findRegister().read(this.core));
  }

  /** WRMSR. @throws Fault #UD, #GP(0) */
  writeMsr(): void {
    this.findRegister().write(this.core, this.core.state.reg(Register.EAX));
  }

  private findRegister(): ModelRegister {
    this.checkFeature(FEATURE_MSR);
    this.core.checkPrivileged();
    const { state, model } = this.core;
    const found = MODEL_REGISTERS[state.reg(Register.ECX)];
    if (!found || model.family < found.family || !(model.features & found.feature)) throw new Fault(Vector.GP, 0);
    return found;
  }

  private checkFeature(feature: number): void {
    if (!(this.core.model.features & feature)) throw new Fault(Vector.UD);
  }

  private setPair([low, high]: readonly [number, number]): void {
    this.core.state.setReg(Register.EAX, low);
    this.core.state.setReg(Register.EDX, high);
  }

  private answer(eax: number, ebx: number, ecx: number, edx: number): void {
    const { state } = this.core;
    state.setReg(Register.EAX, eax);
    state.setReg(Register.EBX, ebx);
    state.setReg(Register.ECX, ecx);
    state.setReg(Register.EDX, edx);
  }
}
