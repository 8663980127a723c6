/** Thrown while staging an instruction that has to be left to the interpreter. */
export class NotInlined extends Error {}
