import { portCall, stringCall } from './io-actions';
import type {
  Clobbers,
  HypercallAbi,
  HypercallDefinition,
  HypercallValue,
  Implementation,
  ValueFormat,
  ValueLocation,
} from './hypercall';

/**
 * The calls of VMI API 3.0 (VMware's Virtual Machine Interface for i386, as in Linux 2.6.21-2.6.36), with the port I/O
 * calls 49-60 of "Add I/O hypercalls for i386 paravirt" (Z. Amsden, LKML, 2007-08-22). Numbers and registers: Linux's
 * vmi.h and vmi_32.c, VMware's "Paravirtualization API" (2006); section 6 and 7 of the project's VMI notes.
 *
 * Calls without an implementation answer VMI_RELOCATION_NONE, and the guest keeps its native code, which works
 * because Ringside leaves the guest at the privilege level it came with.
 */

function value(name: string, at: ValueLocation, format: ValueFormat = 'hex', doc?: string): HypercallValue {
  return doc === undefined ? { name, at, format } : { name, at, format, doc };
}

interface Options {
  in?: readonly HypercallValue[];
  out?: readonly HypercallValue[];
  clobbers?: Clobbers;
  noReturn?: boolean;
  implementation?: Implementation;
}

function call(number: number, name: string, doc: string, options: Options = {}): HypercallDefinition {
  return {
    number,
    name,
    doc,
    arguments: options.in ?? [],
    results: options.out ?? [],
    clobbers: options.clobbers ?? 'standard',
    ...(options.noReturn ? { noReturn: true } : {}),
    ...(options.implementation ? { implementation: options.implementation } : {}),
  };
}

const DTR = value('dtr', 'eax', 'address', 'linear address of {u16 limit, u32 base}');
const ENTRY_WRITE = [
  value('table', 'eax', 'address', 'linear base of the table'),
  value('index', 'edx', 'number'),
  value('low', 'ecx', 'hex', 'low dword of the descriptor'),
  value('high', 'stack0', 'hex', 'high dword of the descriptor'),
];
const EAX_RESULT = [value('result', 'eax')];
const LONG_RESULT = [value('result', 'edx:eax')];

const CPU_CALLS: readonly HypercallDefinition[] = [
  call(0, 'CPUID', 'CPUID, with features that the hypervisor does not support masked out.', {
    in: [value('leaf', 'eax'), value('subleaf', 'ecx')],
    out: [value('eax', 'eax'), value('ebx', 'ebx'), value('ecx', 'ecx'), value('edx', 'edx')],
    clobbers: 'flags',
  }),
  call(1, 'WRMSR', 'Writes a model-specific register.', { in: [value('msr', 'ecx'), value('value', 'edx:eax')] }),
  call(2, 'RDMSR', 'Reads a model-specific register.', { in: [value('msr', 'ecx')], out: LONG_RESULT }),
  call(3, 'SetGDT', 'LGDT, and all segment registers are loaded again from the new table.', { in: [DTR] }),
  call(4, 'SetLDT', 'LLDT; selector 0 means none.', { in: [value('selector', 'eax', 'selector')] }),
  call(5, 'SetIDT', 'LIDT, with gates in the native format.', { in: [DTR] }),
  call(6, 'SetTR', 'LTR.', { in: [value('selector', 'eax', 'selector')] }),
  call(7, 'GetGDT', 'SGDT as the guest sees it.', { in: [DTR] }),
  call(8, 'GetLDT', 'SLDT.', { out: [value('selector', 'eax', 'selector')] }),
  call(9, 'GetIDT', 'SIDT as the guest sees it.', { in: [DTR] }),
  call(10, 'GetTR', 'STR.', { out: [value('selector', 'eax', 'selector')] }),
  call(11, 'WriteGDTEntry', 'Stores a descriptor in the GDT; a segment register that uses it is loaded again.', {
    in: ENTRY_WRITE,
  }),
  call(12, 'WriteLDTEntry', 'Stores a descriptor in an LDT.', { in: ENTRY_WRITE }),
  call(13, 'WriteIDTEntry', 'Stores a gate in the IDT.', { in: ENTRY_WRITE }),
  call(14, 'UpdateKernelStack', 'Sets the stack on which entries from user mode begin.', {
    in: [
      value('tss', 'eax', 'hex', 'selector __KERNEL_DS in Linux; address of the TSS in the 2006 text'),
      value('esp0', 'edx', 'address'),
    ],
  }),
  call(15, 'SetCR0', 'MOV to CR0.', { in: [value('value', 'eax')] }),
  call(16, 'SetCR2', 'MOV to CR2.', { in: [value('value', 'eax', 'address')] }),
  call(17, 'SetCR3', 'MOV to CR3; flushes translations that are not global.', {
    in: [value('value', 'eax', 'address')],
  }),
  call(18, 'SetCR4', 'MOV to CR4.', { in: [value('value', 'eax')] }),
  call(19, 'GetCR0', 'MOV from CR0, as the guest set it.', { out: EAX_RESULT }),
  call(20, 'GetCR2', 'MOV from CR2.', { out: EAX_RESULT }),
  call(21, 'GetCR3', 'MOV from CR3.', { out: EAX_RESULT }),
  call(22, 'GetCR4', 'MOV from CR4, as the guest set it.', { out: EAX_RESULT }),
  call(23, 'WBINVD', 'Writes back and invalidates the caches.'),
  call(24, 'SetDR', 'MOV to a debug register.', { in: [value('index', 'eax', 'number'), value('value', 'edx')] }),
  call(25, 'GetDR', 'MOV from a debug register.', { in: [value('index', 'eax', 'number')], out: EAX_RESULT }),
  call(26, 'RDPMC', 'Reads a performance counter.', { in: [value('counter', 'ecx', 'number')], out: LONG_RESULT }),
  call(27, 'RDTSC', 'Reads the time stamp counter.', { out: LONG_RESULT }),
  call(28, 'CLTS', 'Clears CR0.TS.'),
  call(29, 'EnableInterrupts', 'Sets the virtual interrupt flag and delivers what is pending.', { clobbers: 'flags' }),
  call(30, 'DisableInterrupts', 'Clears the virtual interrupt flag.', { clobbers: 'flags' }),
  call(31, 'GetInterruptMask', 'Bit 9 of the result is the virtual interrupt flag.', {
    out: [value('mask', 'eax')],
    clobbers: 'flags',
  }),
  call(32, 'SetInterruptMask', 'Sets the virtual interrupt flag to bit 9 of the argument.', {
    in: [value('mask', 'eax')],
    clobbers: 'flags',
  }),
  call(
    33,
    'IRET',
    'Returns from an interrupt: EIP, CS, EFLAGS and, by privilege, ESP, SS and so on are on the stack.',
    {
      clobbers: 'none',
      noReturn: true,
      // The least a guest must be given: Linux leaves poison where this call is patched in. At the guest's own
      // privilege the instruction itself does the work; entered by a jump, the frame is on top of the stack.
      implementation: { kind: 'native', code: [0xcf], enteredBy: 'jump' },
    },
  ),
  call(34, 'SYSEXIT', 'STI and SYSEXIT to user mode.', {
    in: [value('eip', 'edx', 'address'), value('esp', 'ecx', 'address')],
    clobbers: 'none',
    noReturn: true,
    implementation: { kind: 'native', code: [0xfb, 0x0f, 0x35], enteredBy: 'jump' },
  }),
  call(35, 'Halt', 'Enables interrupts and sleeps until one is delivered.'),
  call(36, 'Reboot', 'Restarts the machine.', {
    in: [value('how', 'eax', 'number', '0 soft (as INIT), 1 hard')],
    noReturn: true,
  }),
  call(37, 'Shutdown', 'Switches this processor off.', { noReturn: true }),
];

const MMU_CALLS: readonly HypercallDefinition[] = [
  call(38, 'SetPxE', 'Writes a page table or directory entry.', {
    in: [value('entry', 'eax'), value('address', 'edx', 'address'), value('flags', 'ecx')],
  }),
  call(39, 'SetPxELong', 'Writes a PAE entry, never torn.', {
    in: [value('entry', 'edx:eax'), value('address', 'ecx', 'address'), value('flags', 'stack0')],
  }),
  call(40, 'UpdatePxE', 'The guest has written the entry itself: it is read again.', {
    in: [value('address', 'eax', 'address'), value('flags', 'edx')],
  }),
  call(41, 'UpdatePxELong', 'As UpdatePxE, for a PAE entry.', {
    in: [value('address', 'eax', 'address'), value('flags', 'edx')],
  }),
  call(42, 'MachineToPhysical', 'Unused: VMI guests work with physical frame numbers.'),
  call(43, 'PhysicalToMachine', 'Unused: VMI guests work with physical frame numbers.'),
  call(44, 'AllocatePage', 'A frame becomes a page table or directory.', {
    in: [
      value('frame', 'eax'),
      value('flags', 'edx'),
      value('cloneFrame', 'ecx'),
      value('start', 'stack0', 'number'),
      value('count', 'stack1', 'count'),
    ],
  }),
  call(45, 'ReleasePage', 'A frame is ordinary memory again.', { in: [value('frame', 'eax'), value('flags', 'edx')] }),
  call(46, 'InvalPage', 'INVLPG.', { in: [value('address', 'eax', 'address')] }),
  call(47, 'FlushTLB', 'Flushes translations.', {
    in: [value('what', 'eax', 'number', '1 all that are not global, 3 global ones too')],
  }),
  call(48, 'SetLinearMapping', 'Hint: a linear range maps consecutive frames.', {
    in: [
      value('slot', 'eax', 'number'),
      value('address', 'edx', 'address'),
      value('pages', 'ecx', 'count'),
      value('frame', 'stack0'),
    ],
  }),
];

/** Order of the ABI: for each direction, long, byte and word; first the single accesses, then the strings. */
const IO_CALLS: readonly HypercallDefinition[] = [
  portCall(49, 'INL', 'in', 4),
  portCall(50, 'INB', 'in', 1),
  portCall(51, 'INW', 'in', 2),
  stringCall(52, 'INSL', 'in', 4),
  stringCall(53, 'INSB', 'in', 1),
  stringCall(54, 'INSW', 'in', 2),
  portCall(55, 'OUTL', 'out', 4),
  portCall(56, 'OUTB', 'out', 1),
  portCall(57, 'OUTW', 'out', 2),
  stringCall(58, 'OUTSL', 'out', 4),
  stringCall(59, 'OUTSB', 'out', 1),
  stringCall(60, 'OUTSW', 'out', 2),
];

const PLATFORM_CALLS: readonly HypercallDefinition[] = [
  call(61, 'SetIOPLMask', 'Sets the virtual IOPL for port access from user mode.', {
    in: [value('mask', 'eax', 'hex', 'IOPL in bits 12-13')],
  }),
  call(62, 'SetInitialAPState', 'State in which another processor starts.', {
    in: [value('state', 'eax', 'address'), value('apicId', 'edx', 'number')],
  }),
  call(63, 'APICWrite', 'Writes a register of the local APIC.', {
    in: [
      value('register', 'eax', 'hex', 'offset from the base in Linux, address in the 2006 text'),
      value('value', 'edx'),
    ],
  }),
  call(64, 'APICRead', 'Reads a register of the local APIC.', { in: [value('register', 'eax')], out: EAX_RESULT }),
  call(65, 'IODelay', 'The pause after a port access on slow hardware; of no use on virtual hardware.', {
    implementation: { kind: 'nothing' },
  }),
  call(66, 'GetCycleFrequency', 'Cycles per second of the counters of GetCycleCounter.', { out: LONG_RESULT }),
  call(67, 'GetCycleCounter', 'Reads a cycle counter.', {
    in: [value('counter', 'eax', 'number', '0 real, 1 available, 2 stolen')],
    out: LONG_RESULT,
  }),
  call(68, 'SetAlarm', 'Arms the timer.', {
    in: [value('flags', 'eax'), value('expiry', 'ecx:edx', 'number'), value('period', 'stack1:stack0', 'number')],
  }),
  call(69, 'CancelAlarm', 'Disarms the timer; the result is 1 if it was armed.', {
    in: [value('counter', 'eax', 'number')],
    out: EAX_RESULT,
  }),
  call(70, 'GetWallclockTime', 'Nanoseconds since 1970.', { out: LONG_RESULT }),
  call(71, 'WallclockUpdated', '1 if the wall clock was set since the last call.', { out: EAX_RESULT }),
  call(72, 'Reserved72', 'A number that no kernel names.'),
  call(73, 'SetLazyMode', 'Lets the hypervisor delay updates until they are flushed.', {
    in: [value('mode', 'eax', 'number', '0 none (flush), 1 MMU, 2 processor state')],
  }),
];

/** The two entries at fixed places in the ROM. What they do depends on the hypervisor's state: see `VmiServer`. */
export const VMI_INIT = call(-1, 'VMI_Init', 'Hands the machine over to the hypervisor; 0 on success.', {
  out: [value('status', 'eax', 'number')],
});
export const VMI_GET_RELOCATION_INFO = call(
  -2,
  'VMI_GetRelocationInfo',
  'Tells how a call is made: the address of its code, and whether to call it, to jump to it or to leave it out.',
  {
    in: [value('call', 'eax', 'number')],
    out: [value('eip', 'eax', 'address'), value('type', 'edx', 'number', 'VMI_RELOCATION_*')],
  },
);

/** The whole interface; calls are indexed by number. */
export const VMI_ABI: HypercallAbi = {
  name: 'vmi',
  title: 'VMI',
  version: '3.0',
  entries: [VMI_INIT, VMI_GET_RELOCATION_INFO],
  calls: [...CPU_CALLS, ...MMU_CALLS, ...IO_CALLS, ...PLATFORM_CALLS],
};

/** API version that the ROM announces. */
export const VMI_VERSION = { major: 3, minor: 0 } as const;

/** Answers of GetRelocationInfo: `type` of struct vmi_relocation_info. */
export enum VmiRelocation {
  /** Not there: the guest keeps its native code. */
  NONE = 0,
  /** A function at eip, to be called. */
  CALL_REL = 1,
  /** Code at eip, to be jumped to. */
  JUMP_REL = 2,
  /** The operation is not needed: the guest may leave it out. */
  NOP = 3,
}
