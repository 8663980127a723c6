/** Guest cycles in one guest second. One cycle is one nanosecond; an instruction takes one cycle. */
export const CYCLES_PER_SECOND = 1_000_000_000;

/** A callback of a device at a moment of virtual time. Made once by the device, armed and disarmed at will. */
export interface Timer {
  /** Name for snapshots and views, unique in the machine: `PIT.channel0`. */
  readonly name: string;
  /** When it fires, in cycles; Infinity while disarmed. */
  readonly due: number;
  /** Arms it (again) for an absolute moment, which may be in the past: then it fires as soon as possible. */
  arm(due: number): void;
  disarm(): void;
}

/**
 * Virtual time. `now` counts cycles since power on: retired instructions plus the modelled cycles of
 * exits plus time slept in HLT. It never depends on the host.
 */
export interface Clock {
  /** Cycles since power on; exact at every instruction, also from inside a port access. */
  readonly now: number;
  /** Instructions retired since power on. A repeated string instruction counts one per element. */
  readonly instructions: number;
  /** Wall-clock time at power on, in milliseconds since 1970-01-01 UTC (a launch attribute). */
  readonly startTime: number;
  timer(name: string, fire: () => void): Timer;
  /** Cycles since power on during which a hypervisor kept the processor from the guest: see `steal`. */
  readonly stolen: number;
  /** Lets virtual time pass without instructions: a wait, or what the hardware takes. */
  charge(cycles: number): void;
  /** The same for the modelled cost of an exit, counted in `stolen`. */
  steal(cycles: number): void;
}
