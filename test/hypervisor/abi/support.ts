import assert from 'node:assert/strict';
import type { GuestMachine } from '../../../src/hypervisor/guest-machine';
import type { HypervisorOptions } from '../../../src/hypervisor/hypervisor';
import * as layout from '../../../src/machine/layout';
import { Register } from '../../../src/machine/layout';
import { TestGuest } from '../support';

/** Ports that the recording device owns. */
export const PORT = 0x44;
export const BUFFER = 0x200;
const CODE = 0x1000;
/** Every arithmetic flag. */
const FLAGS = 0x8d5;

export const MAGIC = 0x564d5868;
const BACKDOOR = 0x5658;

type Registers = Partial<Record<keyof typeof Register, number>>;

/** How a call of each ABI is made: the instruction, and the registers that make it that call. */
export interface Convention {
  readonly abi: string;
  readonly modes: readonly HypervisorOptions['mode'][];
  readonly code: readonly number[];
  readonly reason: string;
  number(number: number): Registers;
  /** Of the port I/O calls: number of the first one, and where the arguments are. */
  readonly firstPortCall: number;
  port(number: number, value: number): Registers;
  string(number: number, count: number): Registers;
  readonly counter: Register;
}

export const CONVENTIONS: Readonly<Record<'kvm' | 'lguest' | 'vmware', Convention>> = {
  kvm: {
    abi: 'kvm',
    modes: ['trap', 'vtx'],
    code: [0x0f, 0x01, 0xc1],
    reason: 'VMCALL',
    number: (number) => ({ EAX: number }),
    firstPortCall: 0x52530000,
    port: (number, value) => ({ EAX: number, EBX: 0xabcd0000 | PORT, ECX: value }),
    string: (number, count) => ({ EAX: number, EBX: 0xabcd0000 | PORT, ECX: count }),
    counter: Register.ECX,
  },
  lguest: {
    abi: 'lguest',
    modes: ['trap'],
    code: [0xcd, 0x1f],
    reason: 'INT',
    number: (number) => ({ EAX: number }),
    firstPortCall: 0x52530000,
    port: (number, value) => ({ EAX: number, EDX: 0xabcd0000 | PORT, EBX: value }),
    string: (number, count) => ({ EAX: number, EDX: 0xabcd0000 | PORT, ECX: count }),
    counter: Register.ECX,
  },
  vmware: {
    abi: 'vmware',
    modes: ['trap', 'vtx', 'vmi'],
    code: [0xed],
    reason: 'IO',
    number: (number) => ({ EAX: MAGIC, ECX: number, EDX: BACKDOOR }),
    firstPortCall: 0x5253,
    port: (number, value) => ({ EAX: MAGIC, ECX: (PORT << 16) | number, EDX: BACKDOOR, EBX: value }),
    string: (number, count) => ({ EAX: MAGIC, ECX: (PORT << 16) | number, EDX: BACKDOOR, EBX: count }),
    counter: Register.EBX,
  },
};

/** A guest in flat 32-bit mode whose hypervisor offers an ABI. */
export function offered(
  convention: Convention,
  options: Partial<HypervisorOptions> = {},
  board: Pick<GuestMachine, 'pc'> = {},
): TestGuest {
  const guest = new TestGuest({ mode: convention.modes[0], abis: [convention.abi], ...options }, board);
  guest.enter('flat32');
  return guest;
}

/** Guest-physical address at which tests of lguest have struct lguest_data. */
export const LGUEST_DATA = 0x100000;

/** Makes lguest's calls possible: LGUEST_INIT, with an empty ring. */
export function initialiseLguest(guest: TestGuest): void {
  guest.memory.poke(LGUEST_DATA + 20, new Uint8Array(64).fill(0xff));
  make(guest, CONVENTIONS.lguest, { EAX: 1, EDX: LGUEST_DATA });
}

/** Executes an instruction that makes a call, with these registers and a HLT behind it. */
export function make(guest: TestGuest, convention: Convention, registers: Registers, instructions = 1): void {
  guest.load([...convention.code, 0xf4], CODE);
  guest.setRegisters(registers);
  guest.run(instructions);
}

/**
 * Makes a call with a value in every register and says which registers it has changed; EIP must be behind it and the
 * flags as they were.
 */
export function changes(guest: TestGuest, convention: Convention, registers: Registers, instructions = 1): Registers {
  guest.setRegisters({ EAX: 0xa1a1a1a1, ECX: 0xc1c1c1c1, EDX: 0xd1d1d1d1, EBX: 0xb1b1b1b1, EBP: 0xbbbb });
  guest.setRegisters({ ESI: BUFFER, EDI: BUFFER, ...registers });
  guest.state.eflags = guest.state.eflags | FLAGS;
  const before = guest.registers();
  const flags = guest.state.eflags;
  make(guest, convention, {}, instructions);
  assert.equal(guest.state.eip, CODE + convention.code.length, 'the instruction is done');
  assert.equal(guest.state.eflags, flags, 'flags are preserved');
  const changed: Registers = {};
  guest.registers().forEach((value, i) => {
    if (value !== before[i]) changed[Register[i] as keyof typeof Register] = value;
  });
  return changed;
}

/** Vector and error code of the exception that a call raises; undefined if it raises none. */
export function faultOf(
  guest: TestGuest,
  convention: Convention,
  registers: Registers,
): { vector: number; errorCode: number } | undefined {
  let raised: { vector: number; errorCode: number } | undefined;
  guest.cpu.hooks.exception = (vector, errorCode) => {
    raised ??= { vector, errorCode };
    return true;
  };
  make(guest, convention, registers);
  guest.cpu.hooks.exception = undefined;
  guest.loop.cancelFault();
  guest.state.set(layout.EXIT, 0);
  return raised;
}

/** EAX as a signed number. */
export function status(guest: TestGuest): number {
  return guest.state.reg(Register.EAX) | 0;
}
