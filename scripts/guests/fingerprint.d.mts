/** A digest of all files in the directories given, and of further strings. */
export function fingerprint(directories: readonly string[], strings: readonly string[]): string;
