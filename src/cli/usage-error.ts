/** Bad arguments or an unreadable file: exit status 2. The message is for the user. */
export class UsageError extends Error {}

/** Exit statuses of the `ringside` command, DESIGN section 6. */
export const ExitStatus = {
  Ended: 0,
  NotEnded: 1,
  Usage: 2,
  Interrupted: 130,
} as const;
