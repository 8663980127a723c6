import type { HypercallDefinition } from '../hypercall';
import { call, EAX_RESULT, LONG_RESULT, value } from './row';

const ALARM_FLAGS = 'counter 0 real, 1 available; 0x100 periodic; 0x10000 by the local APIC instead of IRQ0';

/** I/O privilege, other processors, local APIC, timers, lazy modes: 61-73. */
export const PLATFORM_CALLS: readonly HypercallDefinition[] = [
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
  call(65, 'IODelay', 'The pause after a port access on slow hardware; of no use on virtual hardware.'),
  call(66, 'GetCycleFrequency', 'Cycles per second of the counters of GetCycleCounter.', { out: LONG_RESULT }),
  call(67, 'GetCycleCounter', 'Reads a cycle counter.', {
    in: [value('counter', 'eax', 'number', '0 real, 1 available, 2 stolen')],
    out: LONG_RESULT,
  }),
  call(68, 'SetAlarm', 'Arms the timer.', {
    in: [
      value('flags', 'eax', 'hex', ALARM_FLAGS),
      value('expiry', 'ecx:edx', 'number'),
      value('period', 'stack1:stack0', 'number'),
    ],
  }),
  call(69, 'CancelAlarm', 'Disarms the timer; the result is 1 if it was armed.', {
    in: [value('counter', 'eax', 'number')],
    out: EAX_RESULT,
  }),
  call(70, 'GetWallclockTime', 'Nanoseconds since 1970.', { out: LONG_RESULT }),
  call(71, 'WallclockUpdated', '1 if the wall clock was set since the guest last asked for it.', { out: EAX_RESULT }),
  call(72, 'Reserved72', 'A number that no kernel names.'),
  call(73, 'SetLazyMode', 'Lets the hypervisor delay updates until they are flushed.', {
    in: [value('mode', 'eax', 'number', '0 none (flush), 1 MMU, 2 processor state')],
  }),
];
