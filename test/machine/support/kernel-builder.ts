/** Fields of a setup header by offset: value and width in bytes. */
type Fields = Readonly<Record<number, readonly [value: number, bytes: 1 | 2 | 4]>>;

/** What a test kernel is made of; the rest is as Debian's 6.1 has it. */
export interface KernelOptions {
  readonly protocol?: number;
  /** Sectors of setup code; 0 is written as it is and means 4. */
  readonly setupSectors?: number;
  /** The protected-mode kernel. */
  readonly kernel?: Uint8Array;
  readonly loadFlags?: number;
  readonly fields?: Fields;
}

const VERSION_TEXT = '6.1.0-test (someone@somewhere) #1';
const VERSION_AT = 0x300;

/** Bytes from 0x202 to the header's end, by protocol (Documentation/x86/boot.rst). */
const HEADER_ENDS: readonly (readonly [protocol: number, end: number])[] = [
  [0x020f, 0x26c],
  [0x020b, 0x268],
  [0x020a, 0x264],
  [0x0209, 0x258],
  [0x0208, 0x250],
  [0x0207, 0x248],
  [0x0206, 0x23c],
  [0x0205, 0x236],
  [0x0203, 0x230],
  [0x0202, 0x22c],
  [0x0201, 0x228],
  [0x0200, 0x224],
];

/** Where the setup header of a protocol ends. */
export function headerEnd(protocol: number): number {
  return HEADER_ENDS.find(([since]) => protocol >= since)?.[1] ?? 0x224;
}

/** A Linux kernel image that has a setup header and nothing that could run. */
export function buildKernel(options: KernelOptions = {}): Uint8Array {
  const { protocol = 0x020f, setupSectors = 4, kernel = new Uint8Array(0x1000).fill(0x90), loadFlags = 1 } = options;
  const setup = ((setupSectors || 4) + 1) * 512;
  const bytes = new Uint8Array(setup + kernel.length);
  const view = new DataView(bytes.buffer);
  const end = headerEnd(protocol);
  const fields: Fields = {
    0x1f1: [setupSectors, 1],
    0x1f4: [Math.ceil(kernel.length / 16), 4],
    0x1fe: [0xaa55, 2],
    0x200: [0xeb, 1],
    0x201: [end - 0x202, 1],
    0x206: [protocol, 2],
    0x20e: [VERSION_AT - 0x200, 2],
    0x211: [loadFlags, 1],
    0x214: [loadFlags & 1 ? 0x100000 : 0x1000, 4],
    0x22c: [0x7fffffff, 4],
    0x230: [0x200000, 4],
    0x234: [1, 1],
    0x238: [2047, 4],
    0x258: [0x200000, 4],
    0x260: [0x100000, 4],
    ...options.fields,
  };
  for (const [key, [value, width]] of Object.entries(fields)) {
    const offset = Number(key);
    if (offset >= end) continue;
    for (let i = 0; i < width; i++) view.setUint8(offset + i, (value / 256 ** i) & 0xff);
  }
  bytes.set(new TextEncoder().encode('HdrS'), 0x202);
  bytes.set(new TextEncoder().encode(`${VERSION_TEXT}\0`), VERSION_AT);
  bytes.set(kernel, setup);
  return bytes;
}
