/** Exception vectors of the i386 family (Intel SDM vol. 3A, table 6-1). */
export enum Vector {
  DE = 0,
  DB = 1,
  NMI = 2,
  BP = 3,
  OF = 4,
  BR = 5,
  UD = 6,
  NM = 7,
  DF = 8,
  TS = 10,
  NP = 11,
  SS = 12,
  GP = 13,
  PF = 14,
  MF = 16,
  AC = 17,
  MC = 18,
  XM = 19,
}

/** Mnemonic of an exception vector, such as `#GP`; `int 0x80` for the others. */
export function vectorName(vector: number): string {
  const name = Vector[vector];
  if (name === 'NMI') return name;
  return name ? `#${name}` : `int 0x${vector.toString(16)}`;
}

/**
 * An exception of the guest, thrown by TypeScript code that runs on behalf of an instruction. The
 * boundary to the interpreter catches it and leaves it pending; the instruction restarts at its first byte.
 */
export class Fault extends Error {
  /**
   * @param vector exception vector, 0-31
   * @param errorCode what is pushed, or -1 where the vector pushes none
   */
  constructor(
    readonly vector: Vector,
    readonly errorCode = -1,
  ) {
    // Guests fault all the time: to collect the host's stack would cost more than all the rest of it.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(vectorName(vector));
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/**
 * Thrown to give up an instruction before it had any effect because the debugger stops before one of
 * its accesses. Unlike a `Fault` the guest never sees it.
 */
export class AbortInstruction extends Error {}
