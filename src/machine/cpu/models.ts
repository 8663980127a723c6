import { FLAG_AC, FLAG_ID, FLAG_VIF, FLAG_VIP } from '../layout';
import * as cr from './control-bits';
import * as features from './features';

/** Names of the processors that can be asked for at launch. */
export type CpuModelName = '386' | '486' | 'pentium' | 'pentium2' | 'pentium3' | 'pentium4';

/** EAX, EBX, ECX, EDX. */
export type CpuidLeaf = readonly [number, number, number, number];

/** What one processor of the family has. Features are those that are implemented, not all that the silicon had. */
export interface CpuModel {
  readonly name: CpuModelName;
  /** 3 to 6, and 15 for the Pentium 4: decides which instructions, registers and control bits exist. */
  readonly family: number;
  /** Stepping identification: EDX after reset and CPUID leaf 1 EAX. */
  readonly signature: number;
  /** Highest CPUID leaf, or -1 where the instruction does not exist. */
  readonly maxLeaf: number;
  /** CPUID leaf 1 EDX: an OR of `FEATURE_*`. */
  readonly features: number;
  /** CPUID leaf 1 EBX: brand index in bits 0-7, CLFLUSH line in 8 bytes in bits 8-15. */
  readonly brand: number;
  /** CPUID leaf 2: descriptors of caches and TLBs as the chip gives them. */
  readonly caches: CpuidLeaf;
  /** CPUID leaves 80000002-80000004, up to 47 characters; absent where there are no extended leaves. */
  readonly brandString?: string;
  /** EFLAGS bits that exist. */
  readonly flags: number;
  /** CR0 bits that can be written. */
  readonly cr0: number;
  /** CR0 bits that are hard-wired to one. */
  readonly cr0Fixed: number;
  /** Reserved CR0 bits that MOV and SMSW read as one. */
  readonly cr0Ones: number;
  /** CR0 after reset. */
  readonly cr0Reset: number;
  /** CR4 bits that can be set; 0 where CR4 does not exist. */
  readonly cr4: number;
  /** Width of physical addresses: 32, or 36 with PAE. */
  readonly physicalBits: number;
}

/** Which EFLAGS bits can be written at all: AC and ID came with the 486, VIF and VIP with the Pentium. */
const FLAGS_ALL = 0x3f7fd7;
const FLAGS_486 = FLAGS_ALL & ~(FLAG_VIF | FLAG_VIP);
const FLAGS_386 = FLAGS_486 & ~(FLAG_AC | FLAG_ID);

/** Of a 386 with a 387; software may change ET (Intel 386 DX data sheet, 2.3.5). */
const CR0_386 = cr.CR0_PG | cr.CR0_ET | cr.CR0_TS | cr.CR0_EM | cr.CR0_MP | cr.CR0_PE;
/** As a 386EX shows CR0: 7FFEFFF0 in real mode (SingleStepTests, 80386). */
const CR0_ONES_386 = 0x7ffeffe0;
const CR0_486 = CR0_386 | cr.CR0_NE | cr.CR0_WP | cr.CR0_AM | cr.CR0_NW | cr.CR0_CD;

const CR4_PENTIUM = cr.CR4_VME | cr.CR4_PVI | cr.CR4_TSD | cr.CR4_DE | cr.CR4_PSE | cr.CR4_MCE;
const CR4_P6 = CR4_PENTIUM | cr.CR4_PAE | cr.CR4_PGE | cr.CR4_PCE | cr.CR4_OSFXSR;

const PENTIUM =
  features.FEATURE_FPU |
  features.FEATURE_VME |
  features.FEATURE_DE |
  features.FEATURE_PSE |
  features.FEATURE_TSC |
  features.FEATURE_MSR |
  features.FEATURE_MCE |
  features.FEATURE_CX8;
const PENTIUM2 =
  PENTIUM |
  features.FEATURE_PAE |
  features.FEATURE_APIC |
  features.FEATURE_SEP |
  features.FEATURE_MTRR |
  features.FEATURE_PGE |
  features.FEATURE_MCA |
  features.FEATURE_CMOV |
  features.FEATURE_PAT |
  features.FEATURE_PSE36 |
  features.FEATURE_MMX |
  features.FEATURE_FXSR;
const PENTIUM3 = PENTIUM2 | features.FEATURE_SSE;
const PENTIUM4 = PENTIUM3 | features.FEATURE_CLFLUSH | features.FEATURE_SSE2;

const NO_CACHES: CpuidLeaf = [0, 0, 0, 0];
const since486 = {
  flags: FLAGS_486,
  cr0: CR0_486,
  cr0Fixed: cr.CR0_ET,
  cr0Ones: 0,
  cr0Reset: cr.CR0_CD | cr.CR0_NW | cr.CR0_ET,
  brand: 0,
  caches: NO_CACHES,
  physicalBits: 32,
} as const;
const sincePentium = { ...since486, flags: FLAGS_ALL } as const;
const p6 = { ...sincePentium, maxLeaf: 2, physicalBits: 36 } as const;

/**
 * Signatures, features and cache descriptors of the 386DX D1, 486DX2 (SL enhanced), Pentium 75-200 cC0, Pentium II
 * Deschutes dB0, Pentium III Coppermine cB0 (serial number off, as firmware leaves it) and Pentium 4 Northwood D1
 * (Intel AP-485, tables 4 to 8; SDM vol. 2A, table 3-12).
 */
export const CPU_MODELS: Readonly<Record<CpuModelName, CpuModel>> = {
  '386': {
    name: '386',
    family: 3,
    signature: 0x308,
    maxLeaf: -1,
    features: 0,
    brand: 0,
    caches: NO_CACHES,
    flags: FLAGS_386,
    cr0: CR0_386,
    cr0Fixed: 0,
    cr0Ones: CR0_ONES_386,
    cr0Reset: cr.CR0_ET,
    cr4: 0,
    physicalBits: 32,
  },
  '486': { ...since486, name: '486', family: 4, signature: 0x435, maxLeaf: 1, features: features.FEATURE_FPU, cr4: 0 },
  pentium: {
    ...sincePentium,
    name: 'pentium',
    family: 5,
    signature: 0x52c,
    maxLeaf: 1,
    features: PENTIUM,
    cr4: CR4_PENTIUM,
  },
  pentium2: {
    ...p6,
    name: 'pentium2',
    family: 6,
    signature: 0x652,
    features: PENTIUM2,
    caches: [0x03020101, 0, 0, 0x0c040843],
    cr4: CR4_P6,
  },
  pentium3: {
    ...p6,
    name: 'pentium3',
    family: 6,
    signature: 0x683,
    features: PENTIUM3,
    brand: 0x02,
    caches: [0x03020101, 0, 0, 0x0c040882],
    cr4: CR4_P6 | cr.CR4_OSXMMEXCPT,
  },
  pentium4: {
    ...p6,
    name: 'pentium4',
    family: 15,
    signature: 0xf29,
    features: PENTIUM4,
    // CLFLUSH works on 64 bytes.
    brand: 0x0809,
    caches: [0x665b5001, 0, 0, 0x007b7040],
    brandString: 'Intel(R) Pentium(R) 4 CPU 1.00GHz',
    cr4: CR4_P6 | cr.CR4_OSXMMEXCPT,
  },
};
