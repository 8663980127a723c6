import { Register } from '../../machine/layout';
import type { HypercallAction, HypercallValue } from './hypercall';
import { KvmClock } from './kvm-clock';
import type { Outcome, TableAbi, TableCall } from './table';
import { portCalls } from './table-port-calls';

/**
 * KVM's hypercalls: numbers and errors as in Linux 6.1 include/uapi/linux/kvm_para.h, results as kvm_emulate_hypercall()
 * in arch/x86/kvm/x86.c gives them to a guest with one processor whose features are not enforced.
 */

/** Errors, as negative results. */
const EPERM = -1;
const EFAULT = -14;
const EINVAL = -22;
const EOPNOTSUPP = -95;
const ENOSYS = -1000;

/** Our own calls are far from KVM's few small numbers; the number spells `RS` in its upper half. */
const FIRST_PORT_CALL = 0x52530000;

/** Leaf 40000001 EAX: `CLOCKSOURCE`, `NOP_IO_DELAY`, `CLOCKSOURCE2`, `CLOCKSOURCE_STABLE_BIT`. */
const FEATURES = ((1 << 0) | (1 << 1) | (1 << 3) | (1 << 24)) >>> 0;

const hex = (name: string, at: HypercallValue['at'], doc?: string): HypercallValue => ({
  name,
  at,
  format: 'hex',
  ...(doc !== undefined && { doc }),
});
const A0 = 'ebx';
const A1 = 'ecx';
const A2 = 'edx';
const A3 = 'esi';
const STATUS: HypercallValue = { name: 'result', at: 'eax', format: 'status' };

function call(
  number: number,
  name: string,
  doc: string,
  args: readonly HypercallValue[],
  outcome: Outcome,
  answer?: number,
): TableCall {
  return {
    number,
    name,
    doc,
    arguments: args,
    results: [STATUS],
    clobbers: 'none',
    outcome,
    ...(answer !== undefined && { answer }),
    faults: 'none; -1 (EPERM) unless CPL is 0',
  };
}

const elsewhere = (number: number, name: string, what: string): TableCall =>
  call(number, name, `${what}: another architecture's; -1000 (ENOSYS).`, [], 'refused', ENOSYS);

const CALLS: readonly TableCall[] = [
  call(1, 'VAPIC_POLL_IRQ', 'Lets the hypervisor look for interrupts, which it does anyway.', [], 'nothing', 0),
  call(
    2,
    'MMU_OP',
    'Batched page table updates, which KVM no longer serves since Linux 3.3; -1000 (ENOSYS).',
    [hex('length', A0), hex('address', A1), hex('high', A2)],
    'refused',
    ENOSYS,
  ),
  elsewhere(3, 'FEATURES', 'Asks for features (PowerPC)'),
  elsewhere(4, 'PPC_MAP_MAGIC_PAGE', 'Maps the magic page (PowerPC)'),
  call(
    5,
    'KICK_CPU',
    'Wakes a processor that waits for a spin lock. The one there is runs already.',
    [hex('flags', A0), { name: 'apicId', at: A1, format: 'number' }],
    'nothing',
    0,
  ),
  elsewhere(6, 'MIPS_GET_CLOCK_FREQ', 'Asks for the clock (MIPS)'),
  elsewhere(7, 'MIPS_EXIT_VM', 'Ends the machine (MIPS)'),
  elsewhere(8, 'MIPS_CONSOLE_OUTPUT', 'Prints (MIPS)'),
  call(
    9,
    'CLOCK_PAIRING',
    'Stores the wall clock and the time-stamp counter of one moment; -95 (EOPNOTSUPP) for other clocks, -14 (EFAULT) outside RAM.',
    [
      { name: 'address', at: A0, format: 'address', doc: 'guest-physical' },
      { name: 'clock', at: A1, format: 'number', doc: '0: wall clock' },
    ],
    'served',
  ),
  call(
    10,
    'SEND_IPI',
    'Sends an interrupt to the processors of a bit map; the result is how many got it.',
    [
      hex('low', A0, 'bit map, first 32 processors'),
      hex('high', A1, 'next 32'),
      { name: 'first', at: A2, format: 'number', doc: 'APIC id of bit 0' },
      hex('icr', A3, 'vector and delivery mode, as in the interrupt command register'),
    ],
    'served',
  ),
  call(
    11,
    'SCHED_YIELD',
    'Lets another processor run, which there is not.',
    [{ name: 'apicId', at: A0, format: 'number' }],
    'nothing',
    0,
  ),
  call(
    12,
    'MAP_GPA_RANGE',
    'Says which pages are encrypted; -1000 (ENOSYS), as no page is.',
    [hex('address', A0), { name: 'pages', at: A1, format: 'count' }, hex('attributes', A2)],
    'refused',
    ENOSYS,
  ),
  ...portCalls(FIRST_PORT_CALL, {
    port: 'bx',
    value: { 1: 'cl', 2: 'cx', 4: 'ecx' },
    counter: 'ecx',
    faults: '#PF and the segment faults of the memory operand of a string; -1 (EPERM) unless CPL is 0',
  }),
];

/** Bits of an interrupt command that SEND_IPI refuses: destination mode and shorthand. */
const REFUSED_COMMAND = 0xc0800;

const sendIpi =
  (interrupt: ((command: number) => void) | undefined): HypercallAction =>
  ({ state }) => {
    const command = state.reg(Register.ESI);
    if (!interrupt || command & REFUSED_COMMAND) {
      state.setReg(Register.EAX, interrupt ? EINVAL : EOPNOTSUPP);
      return;
    }
    // The one processor has id 0.
    const found = state.reg(Register.EDX) === 0 && (state.reg(Register.EBX) & 1) !== 0;
    if (found) interrupt(command);
    state.setReg(Register.EAX, found ? 1 : 0);
  };

export const KVM_ABI: TableAbi = {
  name: 'kvm',
  title: 'KVM',
  version: 'Linux 6.1',
  sources: 'Linux 6.1: include/uapi/linux/kvm_para.h, arch/x86/include/uapi/asm/kvm_para.h, arch/x86/kvm/x86.c',
  modes: ['trap', 'vtx'],
  gate: { kind: 'vmcall', number: 'eax' },
  entries: [],
  calls: CALLS,
  unknown: call(
    -1,
    'unknown',
    'A number that KVM does not have; -1000 (ENOSYS).',
    [{ name: 'number', at: 'eax', format: 'number' }, hex('a0', A0), hex('a1', A1), hex('a2', A2), hex('a3', A3)],
    'refused',
    ENOSYS,
  ),
  cpuid: { signature: 'KVMKVMKVM', last: 1, leaves: { 1: [FEATURES, 0, 0, 0] } },
  serve({ machine }) {
    const clock = new KvmClock(machine);
    const apic = machine.pc?.localApic;
    return {
      admit: ({ cpl }) => (cpl === 0 ? undefined : EPERM),
      actions: {
        CLOCK_PAIRING: ({ state }) => {
          if (state.reg(Register.ECX) !== 0) state.setReg(Register.EAX, EOPNOTSUPP);
          else state.setReg(Register.EAX, clock.pair(state.reg(Register.EBX)) ? 0 : EFAULT);
        },
        SEND_IPI: sendIpi(apic && ((command) => apic.interruptSelf(command))),
      },
      readMsr: (index) => clock.readMsr(index),
      writeMsr: (index, value) => clock.writeMsr(index, value),
      reset: () => clock.reset(),
      save: () => clock.save(),
      load: (state) => clock.load(state),
    };
  },
};
