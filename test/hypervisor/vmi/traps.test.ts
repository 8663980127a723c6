import assert from 'node:assert/strict';
import * as layout from '../../../src/machine/layout';
import { FLAG_IF } from '../../../src/machine/layout';
import { RunEnd } from '../../../src/machine/run';
import {
  CODE,
  DATA,
  DeprivilegedGuest,
  dword,
  FAULT_TSS,
  FAULT_TSS_BASE,
  GDT_BASE,
  IDT_BASE,
  KERNEL_CODE,
  KERNEL_DATA,
  LDT,
  segment,
  STACK,
  USER,
} from './deprivileged-guest';

interface Trap {
  readonly reason: string;
  readonly code: readonly number[];
  readonly prepare?: (guest: DeprivilegedGuest) => void;
  /** What must be so afterwards. */
  readonly check: (guest: DeprivilegedGuest) => void;
}

/** What a kernel may execute raw, and what must have come of it. */
const TRAPS: readonly Trap[] = [
  {
    reason: 'CLI',
    code: [0xfa],
    prepare: (guest) => guest.call('EnableInterrupts'),
    check: ({ state }) => assert.equal(state.eflags & FLAG_IF, 0),
  },
  { reason: 'STI', code: [0xfb], check: ({ state }) => assert.ok(state.eflags & FLAG_IF) },
  { reason: 'HLT', code: [0xf4], check: (guest) => assert.ok(guest.halted) },
  {
    reason: 'CLTS',
    code: [0x0f, 0x06],
    prepare: (guest) => guest.state.setCr(0, 0x19),
    check: ({ state }) => assert.equal(state.cr(0), 0x11),
  },
  { reason: 'INVD', code: [0x0f, 0x08], check: () => undefined },
  { reason: 'WBINVD', code: [0x0f, 0x09], check: () => undefined },
  { reason: 'INVLPG', code: [0x0f, 0x01, 0x38], check: () => undefined },
  {
    reason: 'MOV_FROM_CR0',
    code: [0x0f, 0x20, 0xc3], // mov ebx, cr0
    check: (guest) => assert.equal(guest.reg('EBX'), 0x11),
  },
  {
    reason: 'MOV_CR3',
    code: [0x0f, 0x22, 0xde], // mov cr3, esi
    prepare: (guest) => guest.setRegisters({ ESI: 0x123000 }),
    check: ({ state }) => assert.equal(state.cr(3), 0x123000),
  },
  {
    reason: 'MOV_CR4',
    code: [0x0f, 0x22, 0xe7], // mov cr4, edi
    prepare: (guest) => guest.setRegisters({ EDI: 0x10 }),
    check: ({ state }) => assert.equal(state.cr(4), 0x10),
  },
  {
    reason: 'MOV_DR1',
    code: [0x0f, 0x23, 0xc9], // mov dr1, ecx
    prepare: (guest) => guest.setRegisters({ ECX: 0x4321 }),
    check: ({ state }) => assert.equal(state.dr(1), 0x4321),
  },
  {
    reason: 'MOV_FROM_DR7',
    code: [0x0f, 0x21, 0xfd], // mov ebp, dr7
    check: (guest) => assert.equal(guest.reg('EBP'), 0x400),
  },
  {
    reason: 'LMSW',
    code: [0x0f, 0x01, 0xf2], // lmsw dx
    prepare: (guest) => guest.setRegisters({ EDX: 0x000b }),
    check: ({ state }) => assert.equal(state.cr(0), 0x1b),
  },
  {
    reason: 'LMSW',
    code: [0x0f, 0x01, 0x73, 0x04], // lmsw [ebx+4]
    prepare: (guest) => {
      guest.setRegisters({ EBX: DATA });
      guest.write(DATA + 4, 9);
    },
    check: ({ state }) => assert.equal(state.cr(0), 0x19),
  },
  {
    reason: 'WRMSR',
    code: [0x0f, 0x30],
    prepare: (guest) => guest.setRegisters({ ECX: 0x176, EAX: 0xc0101234, EDX: 0 }),
    check: ({ state }) => assert.equal(state.get(layout.MSR_SYSENTER + 8), 0xc0101234),
  },
  {
    reason: 'RDMSR',
    code: [0x0f, 0x32],
    prepare: (guest) => guest.setRegisters({ ECX: 0xfe, EAX: 0, EDX: 1 }),
    check: (guest) => assert.deepEqual([guest.reg('EAX'), guest.reg('EDX')], [0x508, 0]),
  },
  {
    reason: 'RDPMC',
    code: [0x0f, 0x33],
    prepare: (guest) => guest.setRegisters({ ECX: 0, EDX: 7 }),
    check: (guest) => assert.equal(guest.reg('EDX'), 0),
  },
  {
    reason: 'RDTSC',
    code: [0x0f, 0x31],
    prepare: (guest) => {
      guest.state.setCr(4, 4);
      guest.setRegisters({ EDX: 7 });
    },
    check: (guest) => assert.equal(guest.reg('EDX'), 0),
  },
  {
    reason: 'LGDT',
    code: [0x0f, 0x01, 0x15, ...dword(DATA)],
    prepare: (guest) => {
      guest.machine.memory.poke(0x15000, guest.machine.memory.peek(GDT_BASE, 0x100));
      guest.setEntry(0x15000, 2, segment(0, 0xfffff, 0x93));
      guest.machine.memory.poke(DATA, Uint8Array.of(0xff, 0, 0, 0x50, 1, 0));
    },
    check: (guest) => {
      assert.equal(guest.state.get(layout.GDTR_BASE), 0x15000);
      assert.equal(guest.dpl(0x15000, 2), 1);
    },
  },
  {
    reason: 'LIDT',
    code: [0x0f, 0x01, 0x1c, 0xb5, ...dword(DATA)], // lidt [esi*4+DATA]
    prepare: (guest) => {
      guest.setRegisters({ ESI: 4 });
      guest.setEntry(0x15000, 5, [0x600000, 0x8e00]);
      guest.machine.memory.poke(DATA + 16, Uint8Array.of(0x2f, 0, 0, 0x50, 1, 0));
    },
    check: (guest) => {
      assert.deepEqual([guest.state.get(layout.IDTR_BASE), guest.state.get(layout.IDTR_LIMIT)], [0x15000, 0x2f]);
      assert.equal(guest.dpl(0x15000, 5), 1);
    },
  },
  {
    reason: 'LLDT',
    code: [0x0f, 0x00, 0xd0], // lldt ax
    prepare: (guest) => guest.setRegisters({ EAX: LDT }),
    check: (guest) => assert.equal(guest.selector('LDTR'), LDT),
  },
  {
    reason: 'LTR',
    code: [0x0f, 0x00, 0x5c, 0x24, 0xf8], // ltr [esp-8]
    prepare: (guest) => {
      guest.write(STACK - 8, FAULT_TSS);
      guest.write(FAULT_TSS_BASE + 4, 0x53000);
      guest.write(FAULT_TSS_BASE + 8, KERNEL_DATA);
    },
    check: (guest) => {
      assert.equal(guest.selector('TR'), FAULT_TSS);
      assert.equal(guest.hypervisor.rings?.stackPointer, 0x53000);
    },
  },
  {
    reason: 'MOV_SS',
    code: [0x8e, 0xd0], // mov ss, ax
    prepare: (guest) => guest.setRegisters({ EAX: KERNEL_DATA }),
    check: (guest) => {
      assert.equal(guest.selector('SS'), KERNEL_DATA | 1);
      assert.ok(guest.machine.cpu.interruptShadowUntil > guest.machine.clock.instructions);
    },
  },
  {
    reason: 'POP_SS',
    code: [0x17],
    prepare: (guest) => {
      guest.write(STACK - 4, KERNEL_DATA);
      guest.setRegisters({ ESP: STACK - 4 });
    },
    check: (guest) => assert.deepEqual([guest.selector('SS'), guest.reg('ESP')], [KERNEL_DATA | 1, STACK]),
  },
  {
    reason: 'LSS',
    code: [0x0f, 0xb2, 0x25, ...dword(DATA)], // lss esp, [DATA]
    prepare: (guest) => {
      guest.write(DATA, 0x52000);
      guest.write(DATA + 4, KERNEL_DATA);
    },
    check: (guest) => assert.deepEqual([guest.selector('SS'), guest.reg('ESP')], [KERNEL_DATA | 1, 0x52000]),
  },
  {
    reason: 'RETF',
    code: [0xca, 8, 0], // retf 8
    prepare: (guest) => {
      guest.write(STACK - 16, CODE + 0x40);
      guest.write(STACK - 12, KERNEL_CODE);
      guest.setRegisters({ ESP: STACK - 16 });
    },
    check: (guest) =>
      assert.deepEqual([guest.state.eip, guest.selector('CS'), guest.reg('ESP')], [CODE + 0x40, 0x61, STACK]),
  },
  {
    reason: 'IRET',
    code: [0xcf],
    prepare: (guest) => {
      [CODE + 0x40, KERNEL_CODE, 0x202].forEach((value, i) => guest.write(STACK - 12 + 4 * i, value));
      guest.setRegisters({ ESP: STACK - 12 });
    },
    check: (guest) => {
      assert.deepEqual([guest.state.eip, guest.selector('CS'), guest.reg('ESP')], [CODE + 0x40, 0x61, STACK]);
      assert.ok(guest.state.eflags & FLAG_IF);
    },
  },
  {
    reason: 'SYSEXIT',
    code: [0x0f, 0x35],
    prepare: (guest) => {
      guest.state.set(layout.MSR_SYSENTER, KERNEL_CODE);
      guest.setRegisters({ EDX: USER, ECX: 0x48000 });
    },
    check: (guest) => {
      assert.deepEqual([guest.state.cpl, guest.state.eip, guest.reg('ESP')], [3, USER, 0x48000]);
      assert.equal(guest.state.eflags & FLAG_IF, 0, 'no STI with it');
    },
  },
];

/** Where an instruction does not go anywhere else. */
const BRANCHES = ['RETF', 'IRET', 'SYSEXIT'];

for (const [name, tier] of [
  ['interpreter', 'off'],
  ['compiled tier', { threshold: 1 }],
] as const) {
  describe(`traps of a deprivileged kernel: ${name}`, () => {
    for (const { reason, code, prepare, check } of TRAPS) {
      it(`${reason} (${code.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')})`, () => {
        const guest = new DeprivilegedGuest({ tier });
        prepare?.(guest);
        guest.forget();
        const { instructions, now } = guest.machine.clock;
        guest.run(code, 1);
        assert.deepEqual(guest.faults, [], 'nobody sees a fault');
        const [exit, ...more] = guest.exits;
        assert.deepEqual(more, []);
        assert.deepEqual([exit.reason, exit.channel, exit.hypercall, exit.cpl], [reason, 'trap', '', 1]);
        assert.deepEqual([...exit.bytes], code);
        assert.equal(exit.eip, CODE);
        const cost = exit.cost.transition + exit.cost.decode + exit.cost.device + exit.cost.return;
        assert.ok(cost > 0);
        assert.equal(guest.machine.clock.instructions, instructions + 1, 'one instruction is retired');
        assert.equal(guest.machine.clock.now, now + 1 + cost);
        if (!BRANCHES.includes(reason)) assert.equal(guest.state.eip, CODE + code.length);
        if (reason !== 'SYSEXIT') assert.equal(guest.state.cpl, 1);
        check(guest);
      });
    }

    it('in a loop that is hot', () => {
      const guest = new DeprivilegedGuest({ tier });
      guest.forget();
      // mov ecx, 200; again: cli; sti; dec ecx; jnz again; cli; hlt
      guest.run([0xb9, 200, 0, 0, 0, 0xfa, 0xfb, 0x49, 0x75, 0xfb, 0xfa, 0xf4], 10_000);
      assert.equal(guest.exits.length, 402);
      assert.equal(guest.reg('ECX'), 0);
      assert.deepEqual(guest.faults, []);
      assert.ok(guest.halted);
    });

    it('repeat bit for bit', () => {
      const runs = [0, 1].map(() => {
        const guest = new DeprivilegedGuest({ tier });
        guest.run([0xb9, 50, 0, 0, 0, 0xfa, 0xfb, 0x0f, 0x20, 0xc0, 0x49, 0x75, 0xf8, 0xfa, 0xf4], 10_000);
        return [guest.machine.clock.now, guest.machine.clock.instructions, guest.reg('EAX')];
      });
      assert.deepEqual(runs[0], runs[1]);
    });
  });
}

describe('what the kernel may not do at any level', () => {
  it('faults as the instruction does, and the debugger sees it', () => {
    for (const [code, registers, vector] of [
      [[0x0f, 0x32], { ECX: 0x12345 }, 13], // rdmsr
      [[0x0f, 0x22, 0xe0], { EAX: 0x80000000 }, 13], // mov cr4, eax
      [[0x0f, 0x22, 0xc0], { EAX: 0x10 }, 13], // mov cr0, eax: PE
      [[0x0f, 0x00, 0xd0], { EAX: KERNEL_DATA }, 13], // lldt ax
      [[0x8e, 0xd0], { EAX: 0 }, 13], // mov ss, ax
      [[0x0f, 0x20, 0xc8], {}, 6], // mov eax, cr1
    ] as const) {
      const guest = new DeprivilegedGuest();
      guest.setRegisters(registers);
      guest.forget();
      guest.stopAtFaults = true;
      assert.equal(guest.run(code, 1), RunEnd.Stop);
      assert.deepEqual(
        guest.faults.map((fault) => [fault.vector, fault.eip]),
        [[vector, CODE]],
      );
      assert.deepEqual(guest.exits, [], 'nothing is recorded or charged');
    }
  });

  it('leaves single-stepping by TF as it is', () => {
    const guest = new DeprivilegedGuest();
    guest.state.eflags |= 0x100;
    guest.forget();
    guest.stopAtFaults = true;
    guest.run([0xfa, 0x90], 2);
    assert.deepEqual(
      guest.faults.map(({ vector, eip }) => [vector, eip]),
      [[1, CODE + 1]],
    );
  });

  it('stops at an instruction that is watched, once, and goes on', () => {
    for (const [name, code] of [
      ['cli', [0xfa]],
      ['mov-cr3', [0x0f, 0x22, 0xd8]],
      ['lldt', [0x0f, 0x00, 0xd0]],
      ['ltr', [0x0f, 0x00, 0xd8]],
      ['lmsw', [0x0f, 0x01, 0xf0]],
    ] as const) {
      const guest = new DeprivilegedGuest();
      const seen: string[] = [];
      guest.machine.hooks.instruction = (watched) => {
        seen.push(watched);
        return true;
      };
      guest.setRegisters({ EAX: name === 'lldt' ? LDT : name === 'ltr' ? FAULT_TSS : 0x11 });
      guest.forget();
      assert.equal(guest.run(code, 1), RunEnd.Abort, name);
      assert.deepEqual([guest.state.eip, guest.exits.length], [CODE, 0]);
      guest.machine.run(1);
      assert.deepEqual([seen, guest.exits.length], [[name], 1]);
    }
  });
});

describe('faults that remain the guest’s', () => {
  it('of user mode: CLI, HLT, MOV to CR3', () => {
    for (const code of [[0xfa], [0xf4], [0x0f, 0x22, 0xd8]]) {
      const guest = new DeprivilegedGuest();
      guest.enterUser();
      guest.forget();
      guest.stopAtFaults = true;
      guest.run(code, 1, USER);
      assert.deepEqual(
        guest.faults.map(({ vector, errorCode }) => [vector, errorCode]),
        [[13, 0]],
      );
      assert.deepEqual(guest.exits, []);
    }
  });

  it('but CLI and STI of user mode at virtual IOPL 3 pass, without effect', () => {
    const guest = new DeprivilegedGuest();
    guest.call('SetIOPLMask', { EAX: 0x3000 });
    guest.enterUser();
    guest.forget();
    guest.run([0xfa, 0xfb], 2, USER);
    assert.deepEqual(guest.faults, []);
    assert.deepEqual(
      guest.exits.map(({ reason }) => reason),
      ['CLI', 'STI'],
    );
    assert.ok(guest.state.eflags & FLAG_IF);
    assert.equal(guest.state.eip, USER + 2);
  });

  it('of V86 mode: CLI and INT n', () => {
    for (const code of [[0xfa], [0xcd, 0x21]]) {
      const guest = new DeprivilegedGuest();
      guest.jumpTo('IRET', [0x10, 0x3800, 0x20202, 0x100, 0x4800, 0, 0, 0, 0]);
      guest.machine.memory.poke(0x38010, Uint8Array.from(code));
      guest.forget();
      guest.stopAtFaults = true;
      guest.machine.run(1);
      assert.deepEqual(
        guest.faults.map(({ vector, errorCode }) => [vector, errorCode]),
        [[13, 0]],
      );
    }
  });

  it('of the delivery of an interrupt, even at an instruction that could be carried out', () => {
    const guest = new DeprivilegedGuest();
    guest.setEntry(IDT_BASE, 6, [0, 0]);
    guest.forget();
    guest.run([0x0f, 0x0b], 1); // UD2, whose gate is no gate: #GP with IDT and EXT
    assert.deepEqual(guest.faults.map(({ vector, errorCode }) => [vector, errorCode]).slice(0, 2), [
      [6, -1],
      [13, 6 * 8 + 3],
    ]);
  });
});

describe('descriptors that the kernel has written raw, at level 0', () => {
  it('are raised where a load fails for that reason alone', () => {
    for (const [code, register] of [
      [[0x8e, 0xd8], 'DS'], // mov ds, ax
      [[0x8e, 0xe0], 'FS'], // mov fs, ax
      [[0x8e, 0xd0], 'SS'], // mov ss, ax
    ] as const) {
      const guest = new DeprivilegedGuest();
      guest.setEntry(GDT_BASE, 2, segment(0, 0xfffff, 0x93));
      guest.setRegisters({ EAX: 0x11 });
      guest.forget();
      guest.run(code, 1);
      assert.deepEqual(guest.faults, []);
      assert.deepEqual(
        guest.exits.map(({ reason, channel }) => [reason, channel]),
        [['DESCRIPTOR', 'trap']],
      );
      assert.equal(guest.dpl(GDT_BASE, 2), 1);
      assert.equal(guest.selector(register), 0x11);
    }
  });

  it('and by far jumps', () => {
    const guest = new DeprivilegedGuest();
    guest.setEntry(GDT_BASE, 2, segment(0, 0xfffff, 0x9b));
    guest.forget();
    guest.run([0xea, ...dword(CODE + 0x40), 0x10, 0], 1);
    assert.deepEqual([guest.state.eip, guest.selector('CS')], [CODE + 0x40, 0x11]);
    assert.deepEqual(guest.faults, []);
  });

  it('both the level of the selector and that of the descriptor, one after the other', () => {
    const guest = new DeprivilegedGuest();
    guest.setEntry(GDT_BASE, 2, segment(0, 0xfffff, 0x93));
    guest.setRegisters({ EAX: 0x10 });
    guest.forget();
    guest.run([0x8e, 0xd0], 1);
    assert.deepEqual(
      guest.exits.map(({ reason }) => reason),
      ['DESCRIPTOR', 'MOV_SS'],
    );
    assert.equal(guest.selector('SS'), 0x11);
  });

  it('not where it would fail at level 0, too', () => {
    const guest = new DeprivilegedGuest();
    guest.setRegisters({ EAX: 0x1f8 });
    guest.forget();
    guest.stopAtFaults = true;
    guest.run([0x8e, 0xd8], 1);
    assert.deepEqual(
      guest.faults.map(({ vector, errorCode }) => [vector, errorCode]),
      [[13, 0x1f8]],
    );
  });

  it('not for user mode', () => {
    const guest = new DeprivilegedGuest();
    guest.setEntry(GDT_BASE, 2, segment(0, 0xfffff, 0x93));
    guest.enterUser();
    guest.setRegisters({ EAX: 0x13 });
    guest.forget();
    guest.stopAtFaults = true;
    guest.run([0x8e, 0xd8], 1, USER);
    assert.equal(guest.faults[0].vector, 13);
    assert.equal(guest.dpl(GDT_BASE, 2), 0);
  });
});
