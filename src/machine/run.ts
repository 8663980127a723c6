/** How a slice of execution ended. */
export enum RunEnd {
  /** The given number of instructions is done. */
  Budget = 'budget',
  /** A hook or an observer asked to stop. The present instruction is complete, except after `exception` and `interrupt` hooks. */
  Stop = 'stop',
  /** The debugger stops before an access: the instruction at EIP has had no effect. */
  Abort = 'abort',
  /** A code breakpoint: the instruction at EIP has not been executed. */
  Breakpoint = 'breakpoint',
  /** HLT with interrupts off: nothing will ever wake the guest. */
  Dead = 'dead',
  /** Asleep in HLT with no timer armed: only input from outside can wake the guest. */
  Idle = 'idle',
  /** A fault while delivering a double fault. */
  TripleFault = 'triple-fault',
  /** The guest switched the machine off, reset it, or wrote to the debug-exit port. */
  Shutdown = 'shutdown',
}
