/** Numbers of the adapter's error responses; docs/protocol.md lists them. */
export const ErrorCode = {
  /** The message is not a request, or its command or arguments are malformed. */
  BadRequest: 1001,
  UnknownCommand: 1002,
  /** No guest is launched. */
  NoSession: 1003,
  /** There is a guest already. */
  AlreadyLaunched: 1004,
  LaunchFailed: 1005,
  /** The guest runs; the request needs it stopped. */
  Running: 1006,
  /** A frame or variable handle from before the last continue. */
  StaleHandle: 1007,
  /** An expression, value or address that cannot be used. */
  BadValue: 1008,
  /** The guest has ended. */
  Ended: 1009,
  /** A fault of Ringside's own. */
  Internal: 1099,
} as const;

export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** A request that cannot be done. The message is for the user: it names the thing and what to do. */
export class RequestError extends Error {
  /** @param showUser whether the client should show it by itself (a notification), beside where it was asked */
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly showUser = false,
  ) {
    super(message);
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
