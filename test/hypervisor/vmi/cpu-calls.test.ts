import assert from 'node:assert/strict';
import { VMI_ABI } from '../../../src/hypervisor/abi/vmi/abi';
import { Register } from '../../../src/machine/layout';
import { DATA, DeprivilegedGuest, GDT_BASE, IDT_BASE, KERNEL_DATA, STACK, TSS } from './deprivileged-guest';

const IF = 0x200;
const PRESERVED = ['EBX', 'ESP', 'EBP', 'ESI', 'EDI'] as const;

/** The calls of this room that return to their caller, with arguments that do no harm. */
const HARMLESS: Readonly<Record<string, Partial<Record<keyof typeof Register, number>>>> = {
  RDMSR: { ECX: 0x174 },
  WRMSR: { ECX: 0x174, EAX: 0x60, EDX: 0 },
  SetGDT: { EAX: DATA },
  SetLDT: { EAX: 0 },
  SetIDT: { EAX: DATA + 8 },
  GetGDT: { EAX: DATA + 16 },
  GetLDT: {},
  GetIDT: { EAX: DATA + 16 },
  GetTR: {},
  WriteGDTEntry: { EAX: GDT_BASE, EDX: 3, ECX: 0 },
  WriteLDTEntry: { EAX: DATA + 64, EDX: 0, ECX: 0 },
  WriteIDTEntry: { EAX: IDT_BASE, EDX: 0xf0, ECX: 0 },
  UpdateKernelStack: { EAX: KERNEL_DATA, EDX: 0x58000 },
  SetCR0: { EAX: 0x11 },
  SetCR2: { EAX: 0x1234 },
  SetCR3: { EAX: 0x80000 },
  SetCR4: { EAX: 0 },
  GetCR0: {},
  GetCR2: {},
  GetCR3: {},
  GetCR4: {},
  WBINVD: {},
  SetDR: { EAX: 0, EDX: 0x1000 },
  GetDR: { EAX: 7 },
  RDPMC: { ECX: 0 },
  RDTSC: {},
  CLTS: {},
  EnableInterrupts: {},
  DisableInterrupts: {},
  GetInterruptMask: {},
  SetInterruptMask: { EAX: IF },
  SetIOPLMask: { EAX: 0 },
};

/** SetGDT and SetIDT get the tables that are there. */
function withTables(guest: DeprivilegedGuest): void {
  guest.write(DATA, (GDT_BASE << 16) | 0xff);
  guest.write(DATA + 4, GDT_BASE >>> 16);
  guest.write(DATA + 8, (IDT_BASE << 16) | 0x7ff);
  guest.write(DATA + 12, IDT_BASE >>> 16);
}

for (const privilege of [1, 0] as const) {
  describe(`calls 0-37 and 61 of a kernel at level ${privilege}`, () => {
    let guest: DeprivilegedGuest;
    let restore: () => void;

    before(() => {
      guest = new DeprivilegedGuest({ vmi: { privilege } });
      withTables(guest);
      restore = guest.checkpoint();
    });

    for (const [name, registers] of Object.entries(HARMLESS)) {
      const definition = VMI_ABI.calls.find((call) => call.name === name) ?? assert.fail(name);
      it(`${name} returns, and preserves what it may not clobber`, () => {
        restore();
        guest.setRegisters({ EAX: 0xa0a0a0a0, ECX: 0xc0c0c0c0, EDX: 0xd0d0d0d0 });
        guest.setRegisters({ EBX: 0xb0b0b0b0, EBP: 0xb1b1b1b1, ESI: 0xb2b2b2b2, EDI: 0xb3b3b3b3 });
        const clobbered = definition.clobbers === 'standard' ? ['EAX', 'ECX', 'EDX'] : [];
        const results = definition.results.flatMap(({ at }) => at.toUpperCase().split(':'));
        const kept = Object.keys(Register).filter((key) => Number.isNaN(Number(key))) as (keyof typeof Register)[];
        guest.call(name, registers, [0x1234]);
        const before: Partial<Record<keyof typeof Register, number>> = {
          EAX: 0xa0a0a0a0,
          ECX: 0xc0c0c0c0,
          EDX: 0xd0d0d0d0,
        };
        Object.assign(before, { EBX: 0xb0b0b0b0, EBP: 0xb1b1b1b1, ESI: 0xb2b2b2b2, EDI: 0xb3b3b3b3, ESP: STACK });
        Object.assign(before, registers);
        assert.ok(guest.returned, `${name} returned`);
        assert.deepEqual(guest.faults, []);
        for (const register of kept) {
          if (clobbered.includes(register) || results.includes(register)) continue;
          assert.equal(guest.reg(register), before[register], `${name} preserves ${register}`);
        }
        for (const register of PRESERVED) assert.equal(guest.reg(register), before[register], register);
        assert.equal(guest.state.cpl, privilege);
      });
    }
  });
}

describe('VMI: registers of the processor', () => {
  it('CPUID gives the leaves of the model, in four registers', () => {
    const guest = new DeprivilegedGuest({ cpu: 'pentium2' });
    guest.call('CPUID', { EAX: 0, EBX: 0, ECX: 0, EDX: 0 });
    assert.deepEqual([guest.reg('EBX'), guest.reg('EDX'), guest.reg('ECX')], [0x756e6547, 0x49656e69, 0x6c65746e]);
    guest.call('CPUID', { EAX: 1, ECX: 0 });
    const [signature, features] = [guest.reg('EAX'), guest.reg('EDX')];
    const native = new DeprivilegedGuest({ cpu: 'pentium2', init: false });
    native.setRegisters({ EAX: 1 });
    native.machine.cpu.operations.cpuid();
    assert.deepEqual([signature, features], [native.reg('EAX'), native.reg('EDX')]);
  });

  it('CPUID is #UD on a processor that has no such instruction', () => {
    const guest = new DeprivilegedGuest({ cpu: '386' });
    guest.forget();
    guest.call('CPUID', { EAX: 0 }, [], 1);
    assert.deepEqual(
      guest.faults.map(({ vector }) => vector),
      [6],
    );
  });

  it('RDMSR and WRMSR reach model-specific registers, and refuse others', () => {
    const guest = new DeprivilegedGuest();
    guest.call('WRMSR', { ECX: 0x175, EAX: 0x89abcdef, EDX: 0 });
    guest.call('RDMSR', { ECX: 0x175, EAX: 0, EDX: 1 });
    assert.deepEqual([guest.reg('EAX'), guest.reg('EDX')], [0x89abcdef, 0]);
    guest.forget();
    guest.call('RDMSR', { ECX: 0x12345 }, [], 1);
    assert.deepEqual(
      guest.faults.map(({ vector, errorCode }) => [vector, errorCode]),
      [[13, 0]],
    );
  });

  it('control registers keep what was set, as the guest set it', () => {
    const guest = new DeprivilegedGuest();
    for (const [set, get, value] of [
      ['SetCR0', 'GetCR0', 0x8001_0033 & 0x7fffffff],
      ['SetCR2', 'GetCR2', 0xc0123456],
      ['SetCR3', 'GetCR3', 0x00123000],
      ['SetCR4', 'GetCR4', 0x90],
    ] as const) {
      guest.call(set, { EAX: value });
      guest.call(get, { EAX: 0 });
      assert.equal(guest.reg('EAX'), value >>> 0, get);
    }
  });

  it('bad values are #GP(0) with a report, and change nothing', () => {
    for (const [call, value, word] of [
      ['SetCR4', 0x80000000, /refuses 0x80000000 for CR4/],
      ['SetCR0', 0x20000011, /refuses 0x20000011 for CR0/],
      ['SetCR0', 0x10, /leave protected mode/],
    ] as const) {
      const guest = new DeprivilegedGuest();
      const before = [0, 2, 3, 4].map((index) => guest.state.cr(index));
      guest.forget();
      guest.call(call, { EAX: value }, [], 1);
      assert.deepEqual(
        guest.faults.map(({ vector, errorCode }) => [vector, errorCode]),
        [[13, 0]],
        call,
      );
      assert.deepEqual(
        [0, 2, 3, 4].map((index) => guest.state.cr(index)),
        before,
      );
      assert.equal(guest.state.cpl, 1);
      assert.match(guest.reports.join('\n'), word);
    }
  });

  it('CLTS clears CR0.TS', () => {
    const guest = new DeprivilegedGuest();
    guest.call('SetCR0', { EAX: 0x19 });
    guest.call('CLTS');
    guest.call('GetCR0');
    assert.equal(guest.reg('EAX') & 8, 0);
  });

  it('debug registers can be set and read, 0 included', () => {
    const guest = new DeprivilegedGuest();
    for (const index of [0, 1, 2, 3]) guest.call('SetDR', { EAX: index, EDX: 0xc0100000 + index });
    for (const index of [0, 1, 2, 3]) {
      guest.call('GetDR', { EAX: index });
      assert.equal(guest.reg('EAX'), 0xc0100000 + index);
    }
    guest.call('SetDR', { EAX: 7, EDX: 0x401 });
    guest.call('GetDR', { EAX: 7 });
    assert.equal(guest.reg('EAX'), 0x401);
  });

  it('RDTSC counts cycles in EDX:EAX, and RDPMC counts', () => {
    const guest = new DeprivilegedGuest();
    guest.call('RDTSC');
    const first = guest.reg('EDX') * 2 ** 32 + guest.reg('EAX');
    guest.call('RDTSC');
    assert.ok(guest.reg('EDX') * 2 ** 32 + guest.reg('EAX') > first);
    guest.call('RDPMC', { ECX: 0, EAX: 0xffffffff, EDX: 0xffffffff });
    assert.deepEqual([guest.reg('EAX'), guest.reg('EDX')], [0, 0]);
  });

  it('LDT and task registers are those that were set', () => {
    const guest = new DeprivilegedGuest();
    guest.call('SetLDT', { EAX: 0x88 });
    guest.call('GetLDT');
    assert.equal(guest.reg('EAX'), 0x88);
    guest.call('GetTR');
    assert.equal(guest.reg('EAX'), TSS);
  });
});

describe('VMI: the virtual interrupt flag', () => {
  it('is set, cleared and read', () => {
    const guest = new DeprivilegedGuest();
    const mask = (): number => {
      guest.call('GetInterruptMask', { EAX: 0xffffffff });
      return guest.reg('EAX');
    };
    assert.equal(mask(), 0);
    guest.call('EnableInterrupts');
    assert.equal(mask(), IF);
    guest.call('DisableInterrupts');
    assert.equal(mask(), 0);
    guest.call('SetInterruptMask', { EAX: 0x246 });
    assert.equal(mask(), IF, 'a whole EFLAGS image will do');
    guest.call('SetInterruptMask', { EAX: 0 });
    assert.equal(mask(), 0);
  });

  it('is what PUSHF and frames show, and neither POPF nor a raw IRET can change it', () => {
    const guest = new DeprivilegedGuest();
    guest.call('EnableInterrupts');
    guest.forget();
    // pushf; and dword [esp], ~0x200; popf; pushf; pop eax
    guest.run([0x9c, 0x81, 0x24, 0x24, 0xff, 0xfd, 0xff, 0xff, 0x9d, 0x9c, 0x58], 5);
    assert.equal(guest.reg('EAX') & IF, IF);
    assert.deepEqual(guest.faults, []);
    assert.deepEqual(guest.exits, []);
  });

  it('lets a pending interrupt in before the call returns, and on its return', () => {
    const guest = new DeprivilegedGuest();
    const { pc } = guest.machine;
    // Timer interrupts by IRQ 0 at vector 0x20, and a channel that fires at once.
    for (const [port, value] of [
      [0x20, 0x11],
      [0x21, 0x20],
      [0x21, 4],
      [0x21, 1],
      [0x21, 0xfe],
      [0x43, 0x30],
      [0x40, 2],
      [0x40, 0],
    ]) {
      pc.bus.access({ port, width: 1, direction: 'out', value, channel: 'direct', hypercall: '', count: 1 });
    }
    guest.machine.clock.charge(1_000_000);
    guest.call('EnableInterrupts', {}, [], 2);
    assert.equal(guest.state.eip >>> 4, (0x20000 + 0x20 * 16) >>> 4, 'in the handler');
    assert.equal(guest.stack(3)[1], 0x61, 'CS in the frame');
    assert.equal(guest.stack(3)[2] & IF, IF, 'the flag in the frame');
    assert.equal(guest.state.eflags & IF, 0, 'an interrupt gate');
  });

  it('Halt enables interrupts and sleeps until one comes', () => {
    const guest = new DeprivilegedGuest();
    guest.call('Halt', {}, [], 1);
    assert.ok(guest.halted);
    assert.ok(guest.state.eflags & IF);
    assert.notEqual(guest.machine.run(10), 'dead');
  });
});

describe('VMI: the end of a run', () => {
  it('Shutdown switches the processor off', () => {
    const guest = new DeprivilegedGuest();
    guest.call('EnableInterrupts');
    guest.call('Shutdown', {}, [], 1);
    assert.equal(guest.machine.run(1), 'dead');
  });

  it('Reboot resets the machine, softly or hard', () => {
    for (const [how, by] of [
      [0, 'VMI call Reboot (soft)'],
      [1, 'VMI call Reboot (hard)'],
      [7, 'VMI call Reboot (hard)'],
    ] as const) {
      const guest = new DeprivilegedGuest();
      assert.equal(guest.call('Reboot', { EAX: how }, [], 1), 'shutdown');
      assert.deepEqual(guest.machine.shutdown, { kind: 'reset', by });
      assert.equal(guest.reports.length, how === 7 ? 1 : 0);
    }
  });
});
