import { FLAG_AC, FLAG_ID, FLAG_VIF, FLAG_VIP } from '../layout';
import { CR4_PGE, CR4_PSE } from './paging';

/** Names of the processors that can be asked for at launch. */
export type CpuModelName = '386' | '486' | 'pentium' | 'pentium2' | 'pentium3';

/** CPUID leaf 1 EDX bits of what is implemented (Intel SDM vol. 2A, table 3-11). */
const FEATURE_PSE = 1 << 3;
export const FEATURE_TSC = 1 << 4;
export const FEATURE_MSR = 1 << 5;
const FEATURE_CX8 = 1 << 8;
export const FEATURE_SEP = 1 << 11;
const FEATURE_PGE = 1 << 13;
const FEATURE_CMOV = 1 << 15;

export const CR4_TSD = 0x4;

/** Which EFLAGS bits can be written at all before the 486 (AC), the first CPUs with CPUID (ID) and VME (VIF, VIP). */
const FLAGS_ALL = 0x3f7fd7;
const FLAGS_386 = FLAGS_ALL & ~(FLAG_AC | FLAG_ID | FLAG_VIF | FLAG_VIP);
/** Virtual-8086 mode extensions are not implemented on any model yet. */
const FLAGS_486 = FLAGS_ALL & ~(FLAG_VIF | FLAG_VIP);

/** PE, MP, EM, TS, PG: what a 386 without coprocessor lets one write. */
const CR0_386 = 0x8000000f;
/** The 486 adds NE, WP, AM, NW and CD; ET reads as one. */
const CR0_486 = 0xe005002f;

/** What one processor of the family has. Features are those that are implemented, not those the silicon had. */
export interface CpuModel {
  readonly name: CpuModelName;
  /** 3 to 6: decides which instructions exist (INVLPG, CPUID and so on from 4, RDTSC from 5, CMOV from 6). */
  readonly family: number;
  /** Stepping identification: EDX after reset and CPUID leaf 1 EAX. */
  readonly signature: number;
  /** Highest CPUID leaf, or -1 where the instruction does not exist. */
  readonly maxLeaf: number;
  /** CPUID leaf 1 EDX. */
  readonly features: number;
  /** EFLAGS bits that exist. */
  readonly flags: number;
  /** CR0 bits that can be written. */
  readonly cr0: number;
  /** CR0.ET is hard-wired to one. */
  readonly cr0Fixed: number;
  /** CR4 bits that can be set; 0 where CR4 does not exist. */
  readonly cr4: number;
}

const PENTIUM = FEATURE_PSE | FEATURE_TSC | FEATURE_MSR | FEATURE_CX8;
const P6 = PENTIUM | FEATURE_PGE | FEATURE_CMOV | FEATURE_SEP;
const since486 = { flags: FLAGS_486, cr0: CR0_486, cr0Fixed: 0x10 };

/** Signatures: 386DX D1, 486DX4, Pentium 75-200 cC0, Pentium II Deschutes dB0, Pentium III Coppermine cB0 (Intel AP-485). */
export const CPU_MODELS: Readonly<Record<CpuModelName, CpuModel>> = {
  '386': {
    name: '386',
    family: 3,
    signature: 0x308,
    maxLeaf: -1,
    features: 0,
    flags: FLAGS_386,
    cr0: CR0_386,
    cr0Fixed: 0,
    cr4: 0,
  },
  '486': { name: '486', family: 4, signature: 0x480, maxLeaf: 1, features: 0, cr4: 0, ...since486 },
  pentium: {
    name: 'pentium',
    family: 5,
    signature: 0x52c,
    maxLeaf: 1,
    features: PENTIUM,
    cr4: CR4_TSD | CR4_PSE,
    ...since486,
  },
  pentium2: {
    name: 'pentium2',
    family: 6,
    signature: 0x652,
    maxLeaf: 2,
    features: P6,
    cr4: CR4_TSD | CR4_PSE | CR4_PGE,
    ...since486,
  },
  pentium3: {
    name: 'pentium3',
    family: 6,
    signature: 0x683,
    maxLeaf: 2,
    features: P6,
    cr4: CR4_TSD | CR4_PSE | CR4_PGE,
    ...since486,
  },
};
