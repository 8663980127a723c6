import type { HypercallDefinition } from '../hypercall';
import { call, EAX_RESULT, LONG_RESULT, value } from './row';

/** Identification and model-specific registers: 0-2. */
export const IDENTIFICATION_CALLS: readonly HypercallDefinition[] = [
  call(0, 'CPUID', 'CPUID, with features that the hypervisor does not support masked out.', {
    in: [value('leaf', 'eax'), value('subleaf', 'ecx')],
    out: [value('eax', 'eax'), value('ebx', 'ebx'), value('ecx', 'ecx'), value('edx', 'edx')],
    clobbers: 'flags',
  }),
  call(1, 'WRMSR', 'Writes a model-specific register.', { in: [value('msr', 'ecx'), value('value', 'edx:eax')] }),
  call(2, 'RDMSR', 'Reads a model-specific register.', { in: [value('msr', 'ecx')], out: LONG_RESULT }),
];

/** Control and debug registers, counters, the interrupt flag, returns, power: 15-37. */
export const PROCESSOR_CALLS: readonly HypercallDefinition[] = [
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
    },
  ),
  call(34, 'SYSEXIT', 'STI and SYSEXIT to user mode.', {
    in: [value('eip', 'edx', 'address'), value('esp', 'ecx', 'address')],
    clobbers: 'none',
    noReturn: true,
  }),
  call(35, 'Halt', 'Enables interrupts and sleeps until one is delivered.'),
  call(36, 'Reboot', 'Restarts the machine.', {
    in: [value('how', 'eax', 'number', '0 soft (as INIT), 1 hard')],
    noReturn: true,
  }),
  call(37, 'Shutdown', 'Switches this processor off.', { noReturn: true }),
];
