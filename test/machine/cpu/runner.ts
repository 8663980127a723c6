import { type RunEnd } from '../../../src/machine/run';
import { RunLoop } from '../../../src/machine/run-loop';
import { VirtualClock } from '../../../src/machine/virtual-clock';
import type { Bench } from './bench';

/** Runs a bench's CPU with the interpreter. */
export class Runner {
  readonly clock: VirtualClock;
  readonly loop: RunLoop;
  /** Vectors that the interrupt controller holds; INTR is asserted while there is one. */
  readonly requests: number[] = [];

  constructor(readonly bench: Bench) {
    this.clock = new VirtualClock(bench.state, 0);
    bench.clock.driver = this.clock;
    const { requests } = this;
    this.loop = new RunLoop(bench.cpu, this.clock, {
      get pending() {
        return requests.length > 0;
      },
      acknowledge: () => requests.shift() ?? 0,
      lineOf: () => -1,
    });
  }

  /** Stores code and goes to it. */
  at(address: number, ...bytes: number[]): this {
    this.put(address, ...bytes);
    this.bench.state.eip = address;
    return this;
  }

  /** Stores code or data at a physical address. */
  put(address: number, ...bytes: number[]): this {
    this.bench.memory.poke(address, Uint8Array.from(bytes));
    return this;
  }

  run(instructions = 1000): RunEnd {
    return this.loop.run(instructions);
  }

  /** Runs one instruction after the other; gives the EIP after each. */
  trace(instructions: number): number[] {
    return Array.from({ length: instructions }, () => {
      this.run(1);
      return this.bench.state.eip;
    });
  }
}

/** A 32-bit number as four bytes of code. */
export function dword(value: number): number[] {
  return [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
}
