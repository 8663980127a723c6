import { Fault, Vector } from '../../machine/cpu/fault';
import { Register } from '../../machine/layout';
import {
  type HypercallAction,
  type HypercallValue,
  RefusedCall,
  type ValueFormat,
  type ValueLocation,
} from './hypercall';
import { LguestHost } from './lguest-host';
import type { Outcome, TableAbi, TableCall } from './table';
import { portCalls } from './table-port-calls';

/**
 * The hypercalls of lguest as of Linux 2.6.24: numbers and registers of include/asm-x86/lguest_hcall.h, what becomes of
 * them of drivers/lguest/hypercalls.c. Grossly wrong calls end the run, as lguest ends such a guest.
 */

const TRAP_ENTRY = 0x1f;

/** Our own calls are far from lguest's few small numbers; the number spells `RS` in its upper half. */
const FIRST_PORT_CALL = 0x52530000;

/** Error code of the fault that a user program gets: the gate's place in the IDT. */
const GATE_ERROR = TRAP_ENTRY * 8 + 2;

/** Registers of the three arguments. */
const REGISTERS: readonly ValueLocation[] = ['edx', 'ebx', 'ecx'];

type Argument = readonly [name: string, format: ValueFormat, doc?: string];

function values(args: readonly Argument[]): HypercallValue[] {
  return args.map(([name, format, doc], i) => ({ name, at: REGISTERS[i], format, ...(doc !== undefined && { doc }) }));
}

function call(
  number: number,
  name: string,
  doc: string,
  args: readonly Argument[] = [],
  outcome: Outcome = 'served',
): TableCall {
  return {
    number,
    name,
    doc,
    arguments: values(args),
    results: [],
    clobbers: 'none',
    outcome,
    faults: '#GP from user mode; the run ends before LGUEST_INIT',
  };
}

const CALLS: readonly TableCall[] = [
  call(
    0,
    'FLUSH_ASYNC',
    'Does nothing itself: calls that wait in the ring are carried out before every call.',
    [],
    'nothing',
  ),
  call(1, 'LGUEST_INIT', 'Names struct lguest_data, in which the host puts the time and the pace of the TSC. Once.', [
    ['data', 'address', 'guest-physical'],
  ]),
  call(2, 'CRASH', 'Ends the run with the message of the guest.', [['message', 'address', 'guest-physical']]),
  call(3, 'LOAD_GDT', 'LGDT; the table must be mapped at kernel_address of struct lguest_data.', [
    ['table', 'address', 'guest-physical'],
    ['entries', 'count'],
  ]),
  call(4, 'NEW_PGTABLE', 'MOV to CR3.', [['directory', 'address', 'guest-physical']]),
  call(5, 'FLUSH_TLB', 'Flushes translations.', [['all', 'number', '0: all that are not global; else those, too']]),
  call(
    6,
    'LOAD_IDT_ENTRY',
    'Stores a gate in the IDT; those of NMI, double fault, vector 15 and the calls are passed over.',
    [
      ['vector', 'number'],
      ['low', 'hex'],
      ['high', 'hex'],
    ],
  ),
  call(7, 'SET_STACK', 'Sets the stack on which entries from user mode begin, in the TSS.', [
    ['segment', 'selector'],
    ['esp', 'address'],
    ['pages', 'count', '1 or 2'],
  ]),
  call(8, 'TS', 'Sets or clears CR0.TS.', [['set', 'number']]),
  call(9, 'SET_CLOCKEVENT', 'Raises IRQ 0 once after so many nanoseconds; 0 takes that back.', [['delay', 'number']]),
  call(10, 'HALT', 'Enables interrupts and sleeps until one comes.'),
  call(14, 'SET_PTE', 'The guest has written a page table entry: its translation is dropped.', [
    ['directory', 'address', 'guest-physical'],
    ['address', 'address'],
    ['entry', 'hex'],
  ]),
  call(15, 'SET_PMD', 'The guest has written a page directory entry: all translations are dropped.', [
    ['directory', 'address', 'guest-physical'],
    ['index', 'number'],
  ]),
  call(16, 'LOAD_TLS', 'Copies three descriptors to entries 6 to 8 of the GDT.', [
    ['descriptors', 'address', 'guest-physical'],
  ]),
  call(
    17,
    'NOTIFY',
    "Prints a string on the debug console, as lguest's launcher does where the address is no device's.",
    [['text', 'address', 'guest-physical']],
  ),
  ...portCalls(FIRST_PORT_CALL, {
    port: 'dx',
    value: { 1: 'bl', 2: 'bx', 4: 'ebx' },
    counter: 'ecx',
    faults:
      '#PF and the segment faults of the memory operand of a string; #GP from user mode; the run ends before LGUEST_INIT',
  }),
];

export const LGUEST_ABI: TableAbi = {
  name: 'lguest',
  title: 'lguest',
  version: 'Linux 2.6.24',
  sources: 'Linux 2.6.24: include/asm-x86/lguest_hcall.h, include/linux/lguest.h, drivers/lguest/hypercalls.c',
  modes: ['trap'],
  gate: { kind: 'interrupt', vector: TRAP_ENTRY, number: 'eax' },
  entries: [],
  calls: CALLS,
  unknown: {
    ...call(-1, 'unknown', 'A number that lguest does not have: the run ends.', [], 'refused'),
    arguments: [
      { name: 'number', at: 'eax', format: 'number' },
      ...values([
        ['arg1', 'hex'],
        ['arg2', 'hex'],
        ['arg3', 'hex'],
      ]),
    ],
  },
  serve(host) {
    const lguest = new LguestHost(host, CALLS);
    const actions = Object.fromEntries(
      [...CALLS.map(({ name }) => name), 'unknown'].map((name): [string, HypercallAction] => [
        name,
        ({ state }, { number }) =>
          lguest.call(number, state.reg(Register.EDX), state.reg(Register.EBX), state.reg(Register.ECX)),
      ]),
    );
    return {
      actions,
      admit({ cpl }, { io, number }) {
        if (cpl === 3) {
          throw new RefusedCall(new Fault(Vector.GP, GATE_ERROR), 'lguest-user', 'lguest call from user mode: #GP');
        }
        if (io === undefined || lguest.isReady) return undefined;
        lguest.refuse(number);
        return -1;
      },
      reset: () => lguest.reset(),
      save: () => lguest.save(),
      load: (state) => lguest.load(state),
    };
  },
};
