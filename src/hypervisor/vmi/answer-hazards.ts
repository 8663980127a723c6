import type { VmiAnswer } from './options';

/** Ways in which Linux 2.6.21-2.6.36 uses an answer that leave it no way out (vmi.c, vmi_32.c; VMI-ABI, section 3). */
const RETURNS: readonly string[] = ['IRET', 'SYSEXIT'];

/** Calls that Linux reaches through a stub of its own or fetches as a function: a jump is a BUG() there. */
const NEVER_JUMPS: ReadonlySet<string> = new Set([
  'CPUID',
  'SetLDT',
  'SetTR',
  'WriteGDTEntry',
  'WriteLDTEntry',
  'WriteIDTEntry',
  'UpdateKernelStack',
  'FlushTLB',
  'SetLazyMode',
  'SetPxE',
  'SetPxELong',
  'UpdatePxE',
  'UpdatePxELong',
  'AllocatePage',
  'ReleasePage',
  'SetLinearMapping',
  'GetCycleFrequency',
  'GetCycleCounter',
  'SetAlarm',
  'CancelAlarm',
  'GetWallclockTime',
  'WallclockUpdated',
  'INB',
  'INW',
  'INL',
  'INSB',
  'INSW',
  'INSL',
  'OUTB',
  'OUTW',
  'OUTL',
  'OUTSB',
  'OUTSW',
  'OUTSL',
]);

/** What an answer of the session's own does to Linux, in words; undefined where Linux lives with it. */
export function hazardOf(name: string, answer: VmiAnswer): string | undefined {
  if (RETURNS.includes(name)) {
    if (answer === 'none')
      return `${name} is answered NONE: Linux jumps to the poison that stands for it until it is patched`;
    if (answer === 'nop')
      return `${name} is answered NOP: Linux deletes its way out of the kernel and runs on behind it`;
    return undefined;
  }
  if (answer !== 'jump') return undefined;
  if (NEVER_JUMPS.has(name))
    return `${name} is answered JUMP: Linux calls this function and treats a jump as a bug, BUG()`;
  return `${name} is answered JUMP: Linux warns of an unknown relocation and keeps its native code`;
}
