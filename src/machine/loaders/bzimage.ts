import { Register } from '../layout';
import { LOW_MEMORY_END } from '../memory/memory-map';
import { cString } from './byte-writer';
import { BOOT_PARAMS_SIZE, buildBootParameters } from './bzimage-boot-params';
import { protocolText, rangeText, readSetupHeader, type SetupHeader } from './bzimage-header';
import { LINUX_SEGMENTS, setFlatProtectedMode } from './cpu-setup';
import { GuestMemory } from './guest-memory';
import { hex, LoadError } from './load-error';
import type { Image, LoadTarget } from './load-target';

/**
 * Kernels before protocol 2.02 look for boot_params and the command line here (arch/i386/kernel/head.S up to 2.4);
 * all others are told, and find it as good a place as any.
 */
const BOOT_PARAMS_ADDRESS = 0x90000;
const COMMAND_LINE_ADDRESS = BOOT_PARAMS_ADDRESS + BOOT_PARAMS_SIZE;
const HIGH_LOAD_ADDRESS = 0x100000;
/** The GDT lies behind the command line, 16 bytes aligned. */
const GDT_ALIGNMENT = 16;
const PAGE = 0x1000;

export interface LinuxOptions {
  readonly commandLine: string;
  readonly initrd?: Image;
}

/**
 * Loads a Linux kernel by the 32-bit boot protocol (Documentation/x86/boot.rst) and puts the CPU at its 32-bit entry
 * point: boot_params in ESI, flat segments 0x10 and 0x18, EBP, EDI and EBX zero, interrupts off. The firmware is in place.
 * @returns physical address of the entry point
 * @throws LoadError
 */
export function loadLinux(target: LoadTarget, image: Image, { commandLine, initrd }: LinuxOptions): number {
  const header = readSetupHeader(image);
  checkCommandLine(image, header, commandLine);
  const memory = new GuestMemory(target.memory, image.name);
  const { ramBytes } = target.memory;
  const code32Start = linuxLoadAddress(header);
  checkRoom(image, header, code32Start, ramBytes);
  memory.load(code32Start, header.kernel, header.kernel.length, 'the kernel');

  const text = cString(commandLine);
  const gdt = alignUp(COMMAND_LINE_ADDRESS + text.length, GDT_ALIGNMENT);
  memory.load(COMMAND_LINE_ADDRESS, text, text.length, 'the command line');
  memory.load(gdt, LINUX_SEGMENTS.gdt, LINUX_SEGMENTS.gdt.length, 'the GDT');

  const floor = kernelEnd(header, code32Start);
  const ceiling = Math.min(header.initrdAddressMax + 1, ramBytes, memoryLimit(commandLine) ?? Infinity);
  const placed = initrd && placeInitrd(memory, initrd, floor, ceiling);

  const parameters = buildBootParameters(BOOT_PARAMS_ADDRESS, {
    header,
    map: memory.map,
    ramBytes,
    code32Start,
    commandLine,
    commandLineAddress: COMMAND_LINE_ADDRESS,
    initrd: placed,
  });
  memory.load(BOOT_PARAMS_ADDRESS, parameters, parameters.length, 'boot_params');
  setFlatProtectedMode(target, gdt, code32Start, LINUX_SEGMENTS);
  target.state.setReg(Register.ESI, BOOT_PARAMS_ADDRESS);
  return code32Start;
}

/**
 * Where the protected-mode kernel goes. A zImage goes where its setup code would have moved it (0x1000). A relocatable
 * bzImage goes to the address that it was linked for, so that symbols fit; others move themselves there.
 */
export function linuxLoadAddress({ loadedHigh, relocatable, runRegion, code32Start, alignment }: SetupHeader): number {
  if (!loadedHigh) return code32Start;
  if (!relocatable || !runRegion || runRegion.address < HIGH_LOAD_ADDRESS) return HIGH_LOAD_ADDRESS;
  return alignUp(runRegion.address, alignment);
}

/** First address behind everything that the kernel needs before it manages memory itself. */
function kernelEnd({ kernel, runRegion, unpackedSize = 0 }: SetupHeader, load: number): number {
  const loadEnd = load + Math.max(kernel.length, unpackedSize);
  // Loaded below its preferred address, a kernel moves itself there (boot.rst, pref_address).
  return runRegion ? Math.max(loadEnd, Math.max(load, runRegion.address) + runRegion.size) : loadEnd;
}

function checkCommandLine({ name }: Image, { protocol, commandLineSize }: SetupHeader, commandLine: string): void {
  const { length } = new TextEncoder().encode(commandLine);
  // The boot loader's own room ends below the extended BIOS data area.
  const most = Math.min(commandLineSize, LOW_MEMORY_END - COMMAND_LINE_ADDRESS - PAGE);
  if (length <= most) return;
  throw new LoadError(
    name,
    `the command line has ${length} characters; this kernel (boot protocol ${protocolText(protocol)}) takes ${most}`,
  );
}

function checkRoom({ name }: Image, header: SetupHeader, load: number, ramBytes: number): void {
  const end = kernelEnd(header, load);
  const top = header.loadedHigh ? ramBytes : BOOT_PARAMS_ADDRESS;
  if (end <= top) return;
  if (!header.loadedHigh) {
    throw new LoadError(name, `it is a zImage and must end below ${hex(BOOT_PARAMS_ADDRESS)}; it ends at ${hex(end)}`);
  }
  const have = Math.floor(ramBytes / 0x100000);
  const need = Math.ceil(end / 0x100000);
  throw new LoadError(
    name,
    `the kernel needs ${rangeText(load, end - load)}, the guest has ${have} MiB: raise "memoryMB" to more than ${need}`,
  );
}

/** As high as can be, out of the way of a kernel that unpacks itself. */
function placeInitrd(
  memory: GuestMemory,
  initrd: Image,
  floor: number,
  ceiling: number,
): { address: number; size: number } {
  const size = initrd.bytes.length;
  const address = Math.floor((ceiling - size) / PAGE) * PAGE;
  if (size === 0) throw new LoadError(initrd.name, 'the initial RAM disk is empty');
  if (address < Math.max(floor, HIGH_LOAD_ADDRESS)) {
    const room = `${Math.max(0, Math.floor((ceiling - floor) / 1024))} KiB are left between the kernel and ${hex(ceiling)}`;
    throw new LoadError(
      initrd.name,
      `the initial RAM disk has ${Math.ceil(size / 1024)} KiB; ${room}: raise "memoryMB"`,
    );
  }
  memory.load(address, initrd.bytes, size, 'the initial RAM disk');
  return { address, size };
}

/** `mem=` on the command line: the kernel will not use memory above, so the initrd must lie below (boot.rst). */
function memoryLimit(commandLine: string): number | undefined {
  const found = /(?:^|\s)mem=(0x[0-9a-f]+|\d+)([kmg]?)(?=\s|$)/i.exec(commandLine);
  if (!found) return undefined;
  const shift = { '': 0, k: 10, m: 20, g: 30 }[found[2].toLowerCase()] ?? 0;
  return Number(found[1]) * 2 ** shift;
}

function alignUp(address: number, alignment: number): number {
  return Math.ceil(address / alignment) * alignment;
}
