import type { HypercallAbi, HypercallDefinition } from './abi/hypercall';
import { describeCall } from './abi/values';

/** What is known of one call so far. */
export interface CallStatistics {
  readonly abi: HypercallAbi;
  readonly call: HypercallDefinition;
  readonly count: number;
  /** Modelled cycles, all together. */
  readonly totalCycles: number;
  /** Arguments and results of the last call: `port=0x3f8 value=0x41 'A'`; empty if there was none. */
  readonly last: string;
  /** Linear address that caused the last call; 0 if there was none. */
  readonly lastSite: number;
}

/** Most arguments or results that any call has. */
const MOST_VALUES = 5;

/** Counters of one call; made once, filled without allocation. */
export class CallCounter {
  count = 0;
  totalCycles = 0;
  lastSite = 0;
  readonly inputs = new Float64Array(MOST_VALUES);
  readonly results = new Float64Array(MOST_VALUES);

  constructor(
    readonly abi: HypercallAbi,
    readonly call: HypercallDefinition,
  ) {}

  /**
   * Adds a call.
   * @param isNew false for the rest of a string operation that has been counted
   */
  add(isNew: boolean, cycles: number, site: number, inputs: readonly number[], results: readonly number[]): void {
    this.totalCycles += cycles;
    for (let i = 0; i < results.length; i++) this.results[i] = results[i];
    if (!isNew) return;
    this.count++;
    this.lastSite = site;
    for (let i = 0; i < inputs.length; i++) this.inputs[i] = inputs[i];
  }

  clear(): void {
    this.count = 0;
    this.totalCycles = 0;
    this.lastSite = 0;
  }
}

/** Counts hypercalls and keeps the last one of each. */
export class CallCounters {
  private readonly counters = new Map<HypercallDefinition, CallCounter>();

  /** The counters of a call; they stay the same. */
  counterOf(abi: HypercallAbi, call: HypercallDefinition): CallCounter {
    let counter = this.counters.get(call);
    if (!counter) {
      counter = new CallCounter(abi, call);
      this.counters.set(call, counter);
    }
    return counter;
  }

  of(abi: HypercallAbi, call: HypercallDefinition): CallStatistics {
    const counter = this.counters.get(call);
    if (!counter || (counter.count === 0 && counter.totalCycles === 0))
      return { abi, call, count: 0, totalCycles: 0, last: '', lastSite: 0 };
    const { count, totalCycles, lastSite, inputs, results } = counter;
    return { abi, call, count, totalCycles, lastSite, last: describeCall(call, inputs, results) };
  }

  clear(): void {
    for (const counter of this.counters.values()) counter.clear();
  }
}
