export function buildBenchGuest(root: string): Promise<string>;
export function buildBootSector(root: string): Promise<string>;
export function bootDisk(sector: Buffer, elf: Buffer, commandLine: string): Buffer;
