import type { SymbolTable } from '../../symbols/symbol-table';
import type { Frame } from '../types';

/**
 * Functions that do nothing but a port access on behalf of their caller, by the naming convention of the field:
 * `outb`, `native_inw`, `vmi_outsb`, `insl_p`, `slow_down_io`, `io_delay` …
 */
const ACCESSOR =
  /^_*(?:(?:native|vmi|kvm|lguest|vmware|xen|pv|paravirt|arch|__raw|raw|io|port|sys|cpu|hal|x86|i386)_)*(?:(?:in|out)s?(?:b|w|l|d|8|16|32)(?:_p|_local|_local_p)?|slow_down_io|io_delay|io_wait|(?:io|port)_(?:in|out|read|write)s?(?:b|w|l|8|16|32)?)$/;

/** True if a function is an accessor of ports, so that an exit inside it is its caller's doing. */
export function isIoAccessor(name: string): boolean {
  // Compilers name parts and clones of functions with a suffix: `outb.constprop.0`, `outb.cold`.
  return ACCESSOR.test(name.replace(/(?:\.(?:constprop|isra|part|cold|lto_priv|llvm)(?:\.\d+)?)+$/, ''));
}

/** True if the function at an address, and all that is inlined there, are accessors. */
export function onlyAccessorsAt(address: number, symbols: SymbolTable): boolean {
  const frames = symbols.inlineFramesAt(address);
  return frames.length > 0 && frames.every(({ name }) => isIoAccessor(name.replace(/\+0x[0-9a-f]+$/, '')));
}

/** The frames with the accessors at the inner end marked, where a frame with source follows that is none. */
export function markAccessors(frames: readonly Frame[]): Frame[] {
  const first = frames.findIndex(({ name, source }) => source !== undefined && !isIoAccessor(name));
  return frames.map((frame, index) => (index < first ? { ...frame, accessor: true } : frame));
}
