/** Boots Linux on v86 through a BIOS; its serial console is standard output. */
import { readFileSync, writeSync } from 'node:fs';
import { createV86, image } from './v86-guest';

/** What the program is asked. */
export interface V86LinuxRequest {
  /** Paths. */
  readonly kernel: string;
  readonly initrd: string;
  readonly bios: string;
  readonly vgaBios: string;
  readonly append: string;
  readonly memoryMB: number;
}

/** Written to as a file: the stream would refuse what its reader is too slow for. */
const STDOUT = 1;

const request = JSON.parse(process.argv[2]) as V86LinuxRequest;
const file = (path: string): { buffer: ArrayBuffer } => image(readFileSync(path));
const emulator = await createV86({
  memory_size: request.memoryMB << 20,
  bios: file(request.bios),
  vga_bios: file(request.vgaBios),
  bzimage: file(request.kernel),
  initrd: file(request.initrd),
  cmdline: request.append,
});
emulator.add_listener('serial0-output-byte', (byte) => writeSync(STDOUT, Uint8Array.of(byte)));
await emulator.run();
