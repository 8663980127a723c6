import * as layout from '../layout';
import type { CpuCore } from './core';
import { Fault, Vector } from './fault';
import type { CpuModel } from './models';
import { allocateSlot } from './msr-slots';
import { performanceCounters } from './performance-counters';
import { readTimestamp, writeTimestamp } from './timestamp';

/** Low and high dword. */
export type RegisterValue = readonly [low: number, high: number];

/** One model-specific register. Writing what the processor refuses is #GP(0). */
export interface ModelRegister {
  read(core: CpuCore): RegisterValue;
  /** @throws Fault #GP(0) for reserved bits and values */
  write(core: CpuCore, value: RegisterValue): void;
}

type Table = ReadonlyMap<number, ModelRegister>;
type Row = readonly [number: number, register: ModelRegister];

const NONE: RegisterValue = [0, 0];

function refuse(): never {
  throw new Fault(Vector.GP, 0);
}

function checkReserved([low, high]: RegisterValue, [lowMask, highMask]: RegisterValue): void {
  if (low & ~lowMask || high & ~highMask) refuse();
}

/** A register with a fixed value; what is written is lost. */
const constant = (value: RegisterValue): ModelRegister => ({ read: () => value, write: () => undefined });
const readOnly = (value: RegisterValue): ModelRegister => ({ read: () => value, write: refuse });
/** A status register in which nothing is ever reported: only zero can be written. */
const STATUS: ModelRegister = { read: () => NONE, write: (_, value) => checkReserved(value, NONE) };

/** A register that keeps what is written, in the next place of `MSR_FILE`. */
function stored(check: (value: RegisterValue) => void = () => undefined): ModelRegister {
  const at = allocateSlot();
  return {
    read: ({ state }) => [state.get(at), state.get(at + 4)],
    write: ({ state }, value) => {
      check(value);
      state.set(at, value[0]);
      state.set(at + 4, value[1]);
    },
  };
}

const masked = (low: number, high: number): ModelRegister => stored((value) => checkReserved(value, [low, high]));

/** A register with a value after reset: what is stored is the difference from it. */
function startingAt(reset: RegisterValue, register: ModelRegister): ModelRegister {
  const difference = ([low, high]: RegisterValue): RegisterValue => [(low ^ reset[0]) >>> 0, (high ^ reset[1]) >>> 0];
  return {
    read: (core) => difference(register.read(core)),
    write: (core, value) => register.write(core, difference(value)),
  };
}

/** Writes that are checked before they reach another register. */
function checked(register: ModelRegister, check: (value: RegisterValue) => void): ModelRegister {
  return {
    read: (core) => register.read(core),
    write: (core, value) => {
      check(value);
      register.write(core, value);
    },
  };
}

const TIMESTAMP: ModelRegister = { read: readTimestamp, write: (core, [low]) => writeTimestamp(core, low) };

const sysenter = (index: number): ModelRegister => {
  const field = layout.MSR_SYSENTER + index * 4;
  return { read: ({ state }) => [state.get(field), 0], write: ({ state }, [low]) => state.set(field, low) };
};

/** Every byte of a register names a memory type of the set. */
function checkTypes([low, high]: RegisterValue, types: readonly number[]): void {
  for (const dword of [low, high]) {
    for (let shift = 0; shift < 32; shift += 8) if (!types.includes((dword >>> shift) & 0xff)) refuse();
  }
}

/** UC, WC, WT, WP, WB; the PAT adds UC-. */
const MEMORY_TYPES = [0, 1, 4, 5, 6];
const PAT_TYPES = [...MEMORY_TYPES, 7];

const rows = (first: number, count: number, register: (index: number) => ModelRegister): Row[] =>
  Array.from({ length: count }, (_, index) => [first + index, register(index)]);

/** Eight variable ranges, the fixed ranges, write combining (Intel SDM vol. 3A, 11.11). Physical addresses have 36 bits. */
const MTRRS: readonly Row[] = [
  [0xfe, readOnly([0x508, 0])],
  ...rows(0x200, 16, (index) =>
    index % 2 === 0
      ? stored(([low, high]) => {
          checkReserved([low, high], [0xfffff0ff, 0xf]);
          if (!MEMORY_TYPES.includes(low & 0xff)) refuse();
        })
      : masked(0xfffff800, 0xf),
  ),
  ...[0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f].map(
    (number): Row => [number, stored((value) => checkTypes(value, MEMORY_TYPES))],
  ),
  [
    0x2ff,
    stored(([low, high]) => {
      checkReserved([low, high], [0xcff, 0]);
      if (!MEMORY_TYPES.includes(low & 0xff)) refuse();
    }),
  ],
];

/** WB, WT, UC-, UC, twice (Intel SDM vol. 3A, 11.12.4). */
const PAT = checked(startingAt([0x00070406, 0x00070406], stored()), (value) => checkTypes(value, PAT_TYPES));

/** Machine-check banks in which no error is ever logged; their control registers keep what is written. */
function machineCheck(banks: number): Row[] {
  return [
    // MCG_CTL is there.
    [0x179, readOnly([0x100 | banks, 0])],
    [0x17a, masked(0x7, 0)],
    [0x17b, stored()],
    ...rows(0x400, banks * 4, (index) => (index % 4 === 0 ? stored() : STATUS)),
  ];
}

const APIC_BASE_NUMBER = 0x1b;
const APIC_ENABLED = 0x800;
/** Base, global enable and bootstrap bit of the local APIC (Intel SDM vol. 3A, 10.4.4). Its registers stay below 4 GiB. */
const APIC_BASE_FILE = startingAt([0xfee00900, 0], masked(0xfffff900, 0));
const APIC_BASE: ModelRegister = {
  read: (core) => APIC_BASE_FILE.read(core),
  write: (core, value) => {
    APIC_BASE_FILE.write(core, value);
    core.localApic?.setBase(value[0]);
  },
};

/** True while there is a local APIC and IA32_APIC_BASE has it enabled. */
export function localApicEnabled(core: CpuCore): boolean {
  return core.localApic !== undefined && (APIC_BASE.read(core)[0] & APIC_ENABLED) !== 0;
}

/** A counter of 40 bits that nothing advances: that of the Pentium and the Pentium 4, whose events are not modelled. */
const counter = (): ModelRegister => {
  const register = stored();
  return {
    read: (core) => register.read(core),
    write: (core, [low]) => register.write(core, [low, low & 0x80000000 ? 0xff : 0]),
  };
};

const P6_COUNTERS = rows(0xc1, 2, (index) => ({
  read: (core) => {
    const value = performanceCounters.value(core, index);
    return [value >>> 0, Math.floor(value / 2 ** 32)];
  },
  write: (core, [low]) => performanceCounters.setValue(core, index, low),
}));
const P6_EVENT_SELECTS = rows(0x186, 2, (index) => ({
  read: (core) => [performanceCounters.select(core, index), 0],
  write: (core, value) => {
    checkReserved(value, [0xffffffff, 0]);
    performanceCounters.setSelect(core, index, value[0]);
  },
}));

/** The machine-check address and type of the Pentium, which never change. */
const P5_MACHINE_CHECK: readonly Row[] = [
  [0x0, readOnly(NONE)],
  [0x1, readOnly(NONE)],
];

const COMMON_P6: readonly Row[] = [
  ...P5_MACHINE_CHECK,
  [0x10, TIMESTAMP],
  // No platform fuses, no microcode: IA32_PLATFORM_ID, BIOS_UPDT_TRIG, BIOS_SIGN_ID.
  [0x17, readOnly(NONE)],
  [APIC_BASE_NUMBER, APIC_BASE],
  [0x79, constant(NONE)],
  [0x8b, constant(NONE)],
  ...rows(0x174, 3, sysenter),
  ...MTRRS,
  [0x277, PAT],
];

const P4_COUNTERS = rows(0x300, 18, counter);

/** P6 registers (Intel SDM vol. 4, table 2-55): a bus at 100 MHz in EBL_CR_POWERON, event selects. */
const P6: Table = new Map([
  ...COMMON_P6,
  [0x2a, constant([0x00040000, 0])] as const,
  ...P6_COUNTERS,
  ...P6_EVENT_SELECTS,
  ...machineCheck(5),
]);

/** Pentium 4 registers (Intel SDM vol. 4, table 2-51). */
const P4: Table = new Map([
  ...COMMON_P6,
  // EBC_HARD_POWERON, EBC_SOFT_POWERON, EBC_FREQUENCY_ID: a bus at 100 MHz, ratio 10.
  ...[
    [0x2a, constant(NONE)] as const,
    [0x2b, constant(NONE)] as const,
    [0x2c, readOnly([0x0a000000, 0])] as const,
    // IA32_MISC_ENABLE: fast strings; neither performance monitoring nor branch or event records.
    [0x1a0, startingAt([0x1801, 0], masked(0xffffffff, 0))] as const,
  ],
  ...P4_COUNTERS,
  ...machineCheck(4),
]);

/** Pentium: TR12, the time-stamp counter, CESR and two counters of 40 bits (Intel SDM vol. 4, table 2-56). */
const P5: Table = new Map([
  ...P5_MACHINE_CHECK,
  [0xe, masked(0x3ff, 0)] as const,
  [0x10, TIMESTAMP] as const,
  [0x11, masked(0x3ff03ff, 0)] as const,
  ...rows(0x12, 2, counter),
]);

const BY_FAMILY: Readonly<Record<number, Table>> = { 5: P5, 6: P6, 15: P4 };

/** The register that ECX names, or undefined where this processor has none. */
export function findModelRegister(model: CpuModel, number: number): ModelRegister | undefined {
  return BY_FAMILY[model.family]?.get(number);
}

/** The performance counter that RDPMC names: two on the P6; 18 on the Pentium 4, with bit 31 for a fast read. */
export function performanceCounter(model: CpuModel, index: number): ModelRegister | undefined {
  if (model.family === 15) return P4_COUNTERS[index & 0x7fffffff]?.[1];
  return P6_COUNTERS[index]?.[1];
}
