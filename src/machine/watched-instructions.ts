import type { Operations } from './cpu/operations';

/** Names by which `insn` breakpoints know instructions that are operations of the CPU. */
const INSTRUCTION_NAMES: Partial<Record<keyof Operations, string | ((argument: number) => string)>> = {
  halt: 'hlt',
  cpuid: 'cpuid',
  readTimestamp: 'rdtsc',
  readMsr: 'rdmsr',
  writeMsr: 'wrmsr',
  readControl: (index) => `mov-from-cr${index}`,
  writeControl: (index) => `mov-cr${index}`,
  readDebug: (index) => `mov-from-dr${index}`,
  writeDebug: (index) => `mov-dr${index}`,
  clearTaskSwitched: 'clts',
  loadMachineStatus: 'lmsw',
  loadGdt: 'lgdt',
  loadIdt: 'lidt',
  loadLdt: 'lldt',
  loadTask: 'ltr',
  invalidatePage: 'invlpg',
  writeBackCaches: 'wbinvd',
  clearInterruptFlag: 'cli',
  setInterruptFlag: 'sti',
  pushFlags: 'pushf',
  popFlags: 'popf',
  interruptReturn: 'iret',
  softwareInterrupt: (vector) => `int-0x${vector.toString(16)}`,
  breakpointInterrupt: 'int3',
  overflowInterrupt: 'into',
  debugInterrupt: 'int1',
  systemEnter: 'sysenter',
  systemExit: 'sysexit',
  monitorCall: 'vmcall',
};

/** Name of the instruction behind an operation, or undefined where it cannot be watched. */
export function instructionName(operation: keyof Operations, argument: number): string | undefined {
  const name = INSTRUCTION_NAMES[operation];
  return typeof name === 'function' ? name(argument) : name;
}

/** Every name that an `insn` breakpoint can have. */
export function watchableInstructions(): string[] {
  const indices = { readControl: [0, 2, 3, 4], writeControl: [0, 2, 3, 4], readDebug: [0, 7], writeDebug: [0, 7] };
  return (Object.entries(INSTRUCTION_NAMES) as [keyof Operations, string | ((argument: number) => string)][])
    .flatMap(([operation, name]) => {
      if (typeof name === 'string') return [name];
      const all = operation === 'softwareInterrupt' ? [0x80] : (indices[operation as keyof typeof indices] ?? []);
      return all.map(name);
    })
    .sort();
}
