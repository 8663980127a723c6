/** Something the person who builds can act on: printed without a stack trace. */
export class BuildError extends Error {}
