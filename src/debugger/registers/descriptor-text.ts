import {
  ATTRIBUTE_ACCESSED,
  ATTRIBUTE_BIG,
  ATTRIBUTE_EXPAND_CONFORM,
  Descriptor,
  SystemType,
} from '../../machine/cpu/descriptor';
import { hex32 } from '../text/hex';

/** System descriptors in the manual's words (Intel SDM vol. 3A, table 3-2). */
const SYSTEM_NAMES: Readonly<Record<SystemType, string>> = {
  [SystemType.Tss16Available]: '16-bit TSS (available)',
  [SystemType.Ldt]: 'LDT',
  [SystemType.Tss16Busy]: '16-bit TSS (busy)',
  [SystemType.CallGate16]: '16-bit call gate',
  [SystemType.TaskGate]: 'task gate',
  [SystemType.InterruptGate16]: '16-bit interrupt gate',
  [SystemType.TrapGate16]: '16-bit trap gate',
  [SystemType.Tss32Available]: '32-bit TSS (available)',
  [SystemType.Tss32Busy]: '32-bit TSS (busy)',
  [SystemType.CallGate32]: '32-bit call gate',
  [SystemType.InterruptGate32]: '32-bit interrupt gate',
  [SystemType.TrapGate32]: '32-bit trap gate',
};

const GATES: ReadonlySet<number> = new Set([
  SystemType.CallGate16,
  SystemType.TaskGate,
  SystemType.InterruptGate16,
  SystemType.TrapGate16,
  SystemType.CallGate32,
  SystemType.InterruptGate32,
  SystemType.TrapGate32,
]);

/** True if a descriptor leads to another segment rather than describing one. */
export function isGate({ systemType }: Descriptor): boolean {
  return systemType !== undefined && GATES.has(systemType);
}

/** `32-bit code`, `data`, `32-bit interrupt gate`, `reserved type 0x8`. */
export function descriptorType(descriptor: Descriptor): string {
  const { systemType, attributes } = descriptor;
  if (systemType !== undefined) {
    return Object.hasOwn(SYSTEM_NAMES, systemType)
      ? SYSTEM_NAMES[systemType]
      : `reserved type 0x${systemType.toString(16)}`;
  }
  const bits = attributes & ATTRIBUTE_BIG ? '32-bit' : '16-bit';
  return `${bits} ${descriptor.isCode ? 'code' : 'data'}`;
}

/** What a code or data segment allows: `execute/read, accessed`. */
function segmentUse(descriptor: Descriptor): string {
  const { attributes } = descriptor;
  const words: string[] = [];
  if (descriptor.isCode) {
    words.push(descriptor.isReadable ? 'execute/read' : 'execute only');
    if (descriptor.isConformingCode) words.push('conforming');
  } else {
    words.push(descriptor.isWritableData ? 'read/write' : 'read only');
    if (attributes & ATTRIBUTE_EXPAND_CONFORM) words.push('expand down');
  }
  if (attributes & ATTRIBUTE_ACCESSED) words.push('accessed');
  return words.join(', ');
}

/** A segment in words: `32-bit code, base 0x00000000, limit 0xffffffff, DPL 0, execute/read, accessed`. */
export function segmentText(descriptor: Descriptor, base = descriptor.base, limit = descriptor.limit): string {
  const words = [descriptorType(descriptor), `base ${hex32(base)}`, `limit ${hex32(limit)}`, `DPL ${descriptor.dpl}`];
  if (descriptor.systemType === undefined) words.push(segmentUse(descriptor));
  if (!descriptor.present) words.push('not present');
  return words.join(', ');
}

/** The descriptor whose hidden attributes a segment register holds; its base and limit are not part of it. */
export function hiddenDescriptor(attributes: number): Descriptor {
  return new Descriptor(0, attributes << 8, 0);
}
