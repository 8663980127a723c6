/** What a kernel says when something is amiss with the machine. */
const COMPLAINT =
  /spurious|nobody cared|unhandled|unstable|timed? ?out|\blost\b|fail(ed|ure)|\bBUG\b|WARNING|Oops|panic|error|bogus|broken|corrupt|unexpected|unable|can't|cannot|\binvalid\b/i;

/** Complaints that this PC deserves: it has no ACPI, no DMI and no TPM, and an old processor. */
const DESERVED: readonly RegExp[] = [
  // A BIOS without ACPI and DMI tables.
  /ACPI BIOS Error \(bug\): A valid RSDP was not found/,
  /DMI not present or invalid/,
];

/** Lines of a kernel's log that complain about something that a real PC of this kind does not do. */
export function complaints(log: string): string[] {
  return log
    .split('\n')
    .filter((line) => /^\[ *\d+\.\d+\]/.test(line))
    .filter((line) => COMPLAINT.test(line) && !DESERVED.some((pattern) => pattern.test(line)));
}
