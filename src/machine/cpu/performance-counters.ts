import type { CpuCore } from './core';
import { allocateSlot } from './msr-slots';

/** PerfEvtSel of the P6 (Intel SDM vol. 3B, 18.6.8): event, levels, edge detection, enable (of both counters), mask. */
const SELECT_EVENT = 0xff;
const SELECT_LEVELS = 0x30000;
const SELECT_CONDITIONS = 0xff840000;
const SELECT_ENABLE = 0x400000;

/** Counters have 40 bits. */
const MODULUS = 2 ** 40;

/** Events that virtual time knows: INST_RETIRED and CPU_CLK_UNHALTED. */
const EVENTS: Readonly<Record<number, (core: CpuCore) => number>> = {
  0xc0: (core) => core.clock.instructions,
  0x79: (core) => Math.floor(core.clock.now),
};

const COUNTERS = [0, 1].map(() => ({ select: allocateSlot(), base: allocateSlot() }));

/** What counter `index` is advanced by, as a clock; 0 while it does not count. */
function eventClock(core: CpuCore, index: number): number {
  const { state } = core;
  const select = state.get(COUNTERS[index].select);
  const enabled = (state.get(COUNTERS[0].select) & SELECT_ENABLE) !== 0;
  // The levels cannot be told apart afterwards: only events of all levels are counted.
  const plain = (select & SELECT_LEVELS) === SELECT_LEVELS && (select & SELECT_CONDITIONS) === 0;
  return enabled && plain ? (EVENTS[select & SELECT_EVENT]?.(core) ?? 0) : 0;
}

function setBase(core: CpuCore, index: number, value: number): void {
  core.state.f64[COUNTERS[index].base >>> 3] = value - eventClock(core, index);
}

/** The two performance counters of the P6. Retired instructions and cycles of all levels are counted, other events are not. */
export const performanceCounters = {
  /** A counter's value, 40 bits. */
  value(core: CpuCore, index: number): number {
    const sum = core.state.f64[COUNTERS[index].base >>> 3] + eventClock(core, index);
    return ((sum % MODULUS) + MODULUS) % MODULUS;
  },

  /** WRMSR sign-extends its low dword. */
  setValue(core: CpuCore, index: number, low: number): void {
    setBase(core, index, low & 0x80000000 ? low + 0xff * 2 ** 32 : low);
  },

  select(core: CpuCore, index: number): number {
    return core.state.get(COUNTERS[index].select);
  },

  /** Chooses the event of a counter; both keep their values. */
  setSelect(core: CpuCore, index: number, value: number): void {
    const values = COUNTERS.map((_, i) => performanceCounters.value(core, i));
    core.state.set(COUNTERS[index].select, value);
    values.forEach((kept, i) => setBase(core, i, kept));
  },
};
