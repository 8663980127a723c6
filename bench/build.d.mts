export function buildBenchGuest(root: string): Promise<string>;
