import { CYCLES_PER_SECOND } from '../../machine/clock';
import { Fault, Vector } from '../../machine/cpu/fault';
import { LOCAL_APIC_HZ } from '../../machine/devices/apic/apic-timer';
import { Register } from '../../machine/layout';
import type { GuestMachine } from '../guest-machine';
import {
  type HypercallAction,
  type HypercallValue,
  RefusedCall,
  type ValueFormat,
  type ValueLocation,
} from './hypercall';
import type { Outcome, TableAbi, TableCall } from './table';
import { portCalls } from './table-port-calls';
import { MessageChannels } from './vmware-messages';

/**
 * VMware's backdoor: port, magic number and commands as in open-vm-tools lib/include/backdoor_def.h; GETVERSION and GETHZ
 * as Linux uses them (arch/x86/kernel/cpu/vmware.c, 2.6.32 to 6.1); registers of the others as in QEMU's hw/i386/vmport.c.
 */

const PORT = 0x5658;
const MAGIC = 0x564d5868;

/** VMX version and product: 6, and 4 is a workstation. */
const VERSION = 6;
const PRODUCT = 4;
/** No command of that number: EAX is all ones, nothing else changes. */
const UNSUPPORTED = -1;

/** Our own commands; the number spells `RS`. */
const FIRST_PORT_CALL = 0x5253;

const TSC_KHZ = CYCLES_PER_SECOND / 1000;
/** How far a guest's clock may lag, in microseconds: QEMU's default. */
const MAX_TIME_LAG = 1_000_000;

type Value = readonly [name: string, at: ValueLocation, format: ValueFormat, doc?: string];

function values(list: readonly Value[]): HypercallValue[] {
  return list.map(([name, at, format, doc]) => ({ name, at, format, ...(doc !== undefined && { doc }) }));
}

interface Row {
  readonly in?: readonly Value[];
  readonly out?: readonly Value[];
  readonly outcome?: Outcome;
  readonly answer?: number;
}

function call(number: number, name: string, doc: string, row: Row): TableCall {
  return {
    number,
    name,
    doc,
    arguments: values(row.in ?? []),
    results: values(row.out ?? []),
    clobbers: 'none',
    outcome: row.outcome ?? 'served',
    ...(row.answer !== undefined && { answer: row.answer }),
    faults: 'none, at any privilege',
  };
}

const EAX = (name: string, format: ValueFormat): Value => [name, 'eax', format];

/** Commands that guests may try and that there are not, by what they are about. */
const REFUSED: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  "The host's power management": { 2: 'APMFUNCTION' },
  'The geometry of a disk': { 3: 'GETDISKGEO' },
  "The host's pointer": { 4: 'GETPTRLOCATION', 5: 'SETPTRLOCATION', 36: 'ISMOUSEABSOLUTE' },
  'A pointing device of the host': {
    39: 'ABSPOINTER_DATA',
    40: 'ABSPOINTER_STATUS',
    41: 'ABSPOINTER_COMMAND',
    86: 'ABSPOINTER_RESTRICT',
  },
  "The host's clipboard": { 6: 'GETSELLENGTH', 7: 'GETNEXTPIECE', 8: 'SETSELLENGTH', 9: 'SETNEXTPIECE' },
  'A list of devices to plug in': { 11: 'GETDEVICELISTELEMENT', 12: 'TOGGLEDEVICE' },
  "The host's window": { 13: 'GETGUIOPTIONS', 14: 'SETGUIOPTIONS', 15: 'GETSCREENSIZE' },
  'What the firmware of the virtual machine asks for': { 18: 'OSNOTFOUND', 34: 'ISACPIDISABLED', 89: 'SECUREBOOT' },
  'What the virtual machine is': { 17: 'GETHWVERSION', 19: 'GETUUID', 74: 'GET_HW_MODEL', 100: 'GETBUILDNUM' },
  'A clock that catches up or can be steered': { 24: 'STOPCATCHUP', 55: 'GETTIMEFULL_WITH_LAG', 97: 'PRECISIONCLOCK' },
  "The host's log": { 25: 'PUTCHR', 53: 'DEBUGEVENT' },
  'Control of the monitor': { 16: 'MONITOR_CONTROL', 63: 'NESTING_CONTROL', 87: 'GUEST_INTEGRITY' },
  'Time that the host has taken, page hints': { 91: 'STEALCLOCK', 92: 'GUEST_PAGE_HINTS' },
};

const REFUSED_CALLS: readonly TableCall[] = Object.entries(REFUSED).flatMap(([what, commands]) =>
  Object.entries(commands).map(([number, name]) =>
    call(Number(number), name, `${what}: there is none here; -1.`, {
      out: [EAX('result', 'status')],
      outcome: 'refused',
      answer: UNSUPPORTED,
    }),
  ),
);

const SERVED_CALLS: readonly TableCall[] = [
  call(1, 'GETMHZ', 'Clock of the processor in MHz.', { out: [EAX('megahertz', 'number')] }),
  call(10, 'GETVERSION', 'Says that this is VMware: the magic number comes back.', {
    out: [EAX('version', 'number'), ['magic', 'ebx', 'hex'], ['product', 'ecx', 'number', '4: Workstation']],
  }),
  call(20, 'GETMEMSIZE', 'RAM in MiB.', { out: [EAX('mebibytes', 'number')] }),
  call(23, 'GETTIME', 'Seconds since 1970, microseconds, greatest lag, time zone.', {
    out: [
      EAX('seconds', 'number'),
      ['microseconds', 'ebx', 'number'],
      ['lag', 'ecx', 'number'],
      ['zone', 'edx', 'number'],
    ],
  }),
  call(30, 'MESSAGE', 'Messages to and from the host, four bytes at a time: RPCI knows info-get, info-set and log.', {
    in: [
      ['type', 'ecx.high', 'number', '0 open, 1 send size, 2 send, 3 receive size, 4 receive, 5 received, 6 close'],
      ['channel', 'edx.high', 'number'],
      ['data', 'ebx', 'hex', 'protocol, size, or four bytes'],
    ],
    out: [
      ['status', 'ecx.high', 'hex', '1 success, 2 a message waits'],
      ['data', 'ebx', 'hex'],
      ['type', 'edx.high', 'number'],
    ],
  }),
  call(45, 'GETHZ', "Clock of the processor and of the local APIC's timer in Hz.", {
    out: [EAX('low', 'number'), ['high', 'ebx', 'number'], ['bus', 'ecx', 'number']],
  }),
  call(46, 'GETTIMEFULL', 'The same as GETTIME with 64 bits; EAX is the magic number.', {
    out: [
      EAX('magic', 'hex'),
      ['seconds', 'edx', 'number'],
      ['high', 'esi', 'number'],
      ['microseconds', 'ebx', 'number'],
      ['lag', 'ecx', 'number'],
    ],
  }),
  call(68, 'GET_VCPU_INFO', 'Features of the virtual processor, of which it has none: there is no x2APIC.', {
    out: [EAX('features', 'hex')],
    outcome: 'nothing',
    answer: 0,
  }),
];

const CALLS: readonly TableCall[] = [
  ...[...SERVED_CALLS, ...REFUSED_CALLS].sort((a, b) => a.number - b.number),
  ...portCalls(FIRST_PORT_CALL, {
    port: 'ecx.high',
    value: { 1: 'bl', 2: 'bx', 4: 'ebx' },
    counter: 'ebx',
    faults: '#GP(0) from user mode; #PF and the segment faults of the memory operand of a string',
  }),
];

/** Seconds since 1970 and microseconds of the guest's wall clock. */
function wallClock({ clock }: GuestMachine): { seconds: number; microseconds: number } {
  const total = Math.floor(clock.startTime * 1000 + (clock.now / CYCLES_PER_SECOND) * 1e6);
  return { seconds: Math.floor(total / 1e6), microseconds: total % 1e6 };
}

/** Puts results into the registers that the row of the call names, in their order. */
function answer(values: () => readonly number[]): HypercallAction {
  return ({ state }, { results }) => {
    for (const [i, value] of values().entries()) state.setReg(WHOLE[results[i].at] ?? Register.EAX, value);
  };
}

const WHOLE: Partial<Record<ValueLocation, Register>> = {
  eax: Register.EAX,
  ebx: Register.EBX,
  ecx: Register.ECX,
  edx: Register.EDX,
  esi: Register.ESI,
};

export const VMWARE_ABI: TableAbi = {
  name: 'vmware',
  title: 'VMware',
  version: 'backdoor version 6',
  sources:
    'open-vm-tools lib/include/backdoor_def.h, lib/message/message.c; Linux 2.6.32 to 6.1 arch/x86/kernel/cpu/vmware.c',
  modes: ['trap', 'vtx', 'vmi'],
  gate: { kind: 'backdoor-port', port: PORT, magic: MAGIC, number: 'cx' },
  entries: [],
  calls: CALLS,
  unknown: call(-1, 'unknown', 'A command that VMware does not have, or that Ringside does not know; -1.', {
    in: [
      ['number', 'cx', 'number'],
      ['ebx', 'ebx', 'hex'],
      ['edx', 'edx', 'hex'],
      ['esi', 'esi', 'hex'],
      ['edi', 'edi', 'hex'],
    ],
    out: [EAX('result', 'status')],
    outcome: 'refused',
    answer: UNSUPPORTED,
  }),
  // Leaf 40000010: TSC and bus in kHz (A. Kataria, LKML, 2008-10-01, "CPUID usage for interaction between hypervisors and Linux").
  cpuid: { signature: 'VMwareVMware', last: 0x10, leaves: { 0x10: [TSC_KHZ, LOCAL_APIC_HZ / 1000, 0, 0] } },
  serve(host) {
    const { machine } = host;
    const messages = new MessageChannels(host);
    return {
      admit({ cpl }, { io, name }) {
        if (io === undefined || cpl < 3) return undefined;
        throw new RefusedCall(new Fault(Vector.GP, 0), 'vmware-user', `VMware call ${name} from user mode: #GP(0)`);
      },
      actions: {
        GETMHZ: answer(() => [CYCLES_PER_SECOND / 1e6]),
        GETVERSION: answer(() => [VERSION, MAGIC, PRODUCT]),
        GETMEMSIZE: answer(() => [machine.memory.ramBytes / 2 ** 20]),
        GETTIME: answer(() => {
          const { seconds, microseconds } = wallClock(machine);
          return [seconds, microseconds, MAX_TIME_LAG, 0];
        }),
        GETTIMEFULL: answer(() => {
          const { seconds, microseconds } = wallClock(machine);
          return [MAGIC, seconds % 2 ** 32, Math.floor(seconds / 2 ** 32), microseconds, MAX_TIME_LAG];
        }),
        GETHZ: answer(() => [CYCLES_PER_SECOND % 2 ** 32, Math.floor(CYCLES_PER_SECOND / 2 ** 32), LOCAL_APIC_HZ]),
        MESSAGE: ({ state }) => messages.serve(state),
      },
      reset: () => messages.reset(),
      save: () => messages.save(),
      load: (state) => messages.load(state),
    };
  },
};
