import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { RunEnd } from '../../src/machine/run';
import { buildGuests, outputPath, type ProcessResult, run } from './support';
import { VmiBoot, type VmiBootOptions } from './vmi-kernel-boot';

/** Groups of checks that every world has. */
const GROUPS = [
  'probe',
  'patch',
  'cpu',
  'tables',
  'interrupts',
  'raw',
  'mmu',
  'fixup',
  'timer',
  'io',
  'user',
  'processes',
  'idle',
];
/** A string that an interrupt, a page fault, or under VT-x a new page parts goes on by another exit. */
const STRINGS = ['INSB', 'INSW', 'INSL', 'OUTSB', 'OUTSW', 'OUTSL'];
/** Ports of strings: the data of the disk, and the UART's scratch register. */
const STRING_PORTS = [0x1f0, 0x3ff];

const VMI: VmiBootOptions = { mode: 'vmi' };

/** The worlds in which the whole of the guest runs; made once each. */
const WORLDS: Readonly<Record<string, VmiBootOptions>> = {
  none: {},
  trap: { mode: 'trap' },
  vtx: { mode: 'vtx' },
  'none, PAE': { commandLine: 'pae' },
  vmi: VMI,
  'vmi with the port operations native': { ...VMI, commandLine: 'vmi=disable_io_ops' },
  'vmi at level 0': { ...VMI, vmi: { privilege: 0 } },
  'vmi, PAE, local APIC, a hole at the top': { ...VMI, commandLine: 'pae lapic', vmi: { virtualTop: 0xfc000000 } },
};

const QEMU = 'qemu-system-i386';
const installed = spawnSync(QEMU, ['--version']).status === 0;
/** After a write of 0x10 to isa-debug-exit. */
const QEMU_EXIT_OK = 33;

/** QEMU counts time in instructions, so that a busy host changes nothing. It has no VMI, and checks less. */
function qemu(commandLine: string): Promise<ProcessResult> {
  const machine = [
    '-display',
    'none',
    '-serial',
    'stdio',
    '-snapshot',
    '-no-reboot',
    '-icount',
    'shift=3,sleep=off',
    '-m',
    '64',
  ];
  const devices = [
    ...['-drive', `file=${outputPath('vmi-kernel.img')},format=raw,if=ide`],
    ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=1'],
  ];
  return run(QEMU, ['-kernel', outputPath('vmi-kernel.elf'), '-append', commandLine, ...machine, ...devices], 100_000);
}

const boots = new Map<string, VmiBoot>();

function world(name: string): VmiBoot {
  const run = boots.get(name) ?? new VmiBoot(WORLDS[name]);
  boots.set(name, run);
  return run;
}

function isVmi(name: string): boolean {
  return WORLDS[name].mode === 'vmi';
}

/** The guest's counts, and what they should be compared with, without those that may differ. */
function without<K>(counts: Map<K, number>, ...keys: readonly K[]): [K, number][] {
  return [...counts].filter(([key]) => !keys.includes(key));
}

/** Exits, and the accesses behind them, of which strings may have been parted. */
function assertNearlyEqual(exits: number, accesses: number): void {
  assert.ok(exits >= accesses && exits <= accesses + 8, `${exits} exits for ${accesses} accesses`);
}

function assertCountsAgree(run: VmiBoot, ...unseen: readonly string[]): void {
  const guest = run.guestCalls();
  const hypervisor = run.hypervisorCalls();
  assert.deepEqual(without(hypervisor, ...STRINGS, ...unseen), without(guest, ...STRINGS, ...unseen));
  for (const name of STRINGS) {
    assertNearlyEqual(hypervisor.get(name) ?? 0, guest.get(name) ?? 0);
  }
}

describe('the VMI kernel', function () {
  this.timeout(120_000);

  before(async function () {
    this.timeout(300_000);
    const { status, messages } = await buildGuests('vmi-kernel');
    assert.equal(status, 0, messages);
  });

  after(() => boots.clear());

  for (const name of Object.keys(WORLDS)) {
    it(`finds all right: ${name}`, () => {
      const run = world(name);
      run.assertOk();
      for (const group of GROUPS) assert.ok(run.okOf(group) > 0, `no checks of ${group}\n${run.text}`);
    });

    it(`makes as many port accesses as are counted: ${name}`, () => {
      const run = world(name);
      if (name.startsWith('none')) {
        assert.deepEqual(run.channels(), {});
        return;
      }
      const { trap = 0, vtx = 0, hypercall = 0, ...others } = run.channels();
      assert.deepEqual(others, {});
      assertNearlyEqual(trap + vtx, run.guestNativeAccesses());
      assertNearlyEqual(hypercall, run.guestIoCalls());
      const seen = run.hypervisorPorts();
      const made = run.guestPorts();
      assert.deepEqual(without(seen, ...STRING_PORTS), without(made, ...STRING_PORTS));
      for (const port of STRING_PORTS) assertNearlyEqual(seen.get(port) ?? 0, made.get(port) ?? 0);
    });
  }

  it('is told nothing but what it does on purpose', () => {
    const reports = world('vmi').reports.map((report) => report.replaceAll(/0x[0-9a-f]+/g, 'N'));
    assert.deepEqual(reports, [
      'the guest asked for VMI call N, which API 3.0 does not have: NONE',
      'the processor refuses N for CR4 at N: #GP',
    ]);
  });

  for (const name of Object.keys(WORLDS).filter(isVmi)) {
    it(`counts its calls as the hypervisor does: ${name}`, () => {
      const run = world(name);
      /** At the guest's own level the ROM returns by the instruction itself. */
      const unseen = WORLDS[name].vmi?.privilege === 0 ? ['IRET', 'SYSEXIT'] : [];
      assertCountsAgree(run, ...unseen);
      for (const call of unseen) assert.equal(run.hypervisorCalls().get(call), 0);
    });
  }

  it('finds the ROM and says so as Linux does', () => {
    const { lines } = world('vmi');
    assert.match(lines[0], /: CS 60 at level 0$/);
    assert.match(lines[1], /^VMI: Found .+ .+, API version 3\.0, ROM version \d+\.\d+$/);
    assert.ok(lines.includes('Booting paravirtualized kernel on vmi'));
    assert.ok(lines.includes('kernel level 1, CS 61, SS 69, timer vmi-timer'));
    const top = world('vmi, PAE, local APIC, a hole at the top');
    assert.ok(top.lines.includes('Reserving virtual address space above 0xfc000000'));
    assert.ok(top.lines.includes('kernel level 1, CS 61, SS 69, timer vmi-timer, LVTT'));
    assert.ok(world('vmi at level 0').lines.includes('kernel level 0, CS 60, SS 68, timer vmi-timer'));
    assert.ok(world('none').lines.includes('Booting paravirtualized kernel on bare hardware'));
  });

  it('checks the registers of every call that it is offered', () => {
    const run = world('vmi');
    const checked = new Set(run.lines.flatMap((line) => /^ok clobbers\.(\w+)$/.exec(line)?.[1] ?? []));
    const registers = run.lines.flatMap((line) => /^ok io\.(\w+) registers$/.exec(line)?.[1] ?? []);
    assert.equal(registers.length, 12);
    /** Not to be returned from, of the other paging format, or of no use to anybody. */
    const elsewhere = ['IRET', 'SYSEXIT', 'Reboot', 'Shutdown', 'SetPxELong', 'UpdatePxELong', 'APICRead', 'APICWrite'];
    const offered = [...run.guestCalls().keys()].filter(
      (name) => !registers.includes(name) && !elsewhere.includes(name),
    );
    assert.deepEqual(
      offered.filter((name) => !checked.has(name)),
      [],
    );
    const pae = world('vmi, PAE, local APIC, a hole at the top');
    for (const name of ['SetPxELong', 'UpdatePxELong', 'APICRead', 'APICWrite']) {
      assert.ok(pae.lines.includes(`ok clobbers.${name}`), name);
    }
  });

  it('makes the calls that Linux makes, and each more than once where Linux does', () => {
    const calls = world('vmi').hypervisorCalls();
    const often = [
      'SetPxE',
      'UpdatePxE',
      'AllocatePage',
      'ReleasePage',
      'InvalPage',
      'FlushTLB',
      'SetCR3',
      'GetCR2',
      'IRET',
      'SYSEXIT',
      'UpdateKernelStack',
      'SetLazyMode',
      'WriteIDTEntry',
      'WriteGDTEntry',
      'INB',
      'OUTB',
      'INSW',
      'OUTSW',
      'Halt',
      'EnableInterrupts',
      'DisableInterrupts',
      'GetInterruptMask',
      'SetInterruptMask',
      'GetCycleCounter',
      'SetAlarm',
      'CLTS',
    ];
    assert.deepEqual(
      often.filter((name) => (calls.get(name) ?? 0) < 3),
      [],
    );
    for (const name of ['SetGDT', 'SetLDT', 'SetIDT', 'SetTR', 'SetLinearMapping', 'CPUID', 'GetCycleFrequency']) {
      assert.ok((calls.get(name) ?? 0) >= 1, name);
    }
    assert.ok((calls.get('WriteIDTEntry') ?? 0) >= 243);
  });

  it('vmi=disable_io_ops: no I/O call is made, and trapped accesses take their place', () => {
    const run = world('vmi with the port operations native');
    assert.equal(run.guestIoCalls(), 0);
    assert.equal(run.channels().hypercall, undefined);
    assert.ok(run.channels().trap > 10_000);
    for (const [name, count] of run.hypervisorCalls()) {
      if (/^(IN|OUT)S?[BWL]$/.test(name)) assert.equal(count, 0, name);
    }
  });

  it('with the I/O calls, nothing is trapped but what comes before VMI_Init or is raw on purpose', () => {
    const run = world('vmi');
    assert.ok(run.channels().trap < 1000);
    assert.ok(run.channels().hypercall > 10_000);
  });

  it('a run repeats bit for bit', () => {
    const again = new VmiBoot(VMI);
    assert.deepEqual(again.lines, world('vmi').lines);
    assert.equal(again.cycles, world('vmi').cycles);
  });

  describe('other processors and options', () => {
    const CHOSEN = 'test=probe test=patch test=cpu test=interrupts test=timer test=user test=idle';

    for (const cpu of ['pentium', 'pentium2', 'pentium4'] as const) {
      it(`on a ${cpu}`, () => {
        const run = new VmiBoot({ ...VMI, cpu, commandLine: CHOSEN });
        run.assertOk();
        assertCountsAgree(run);
        assert.equal((run.hypervisorCalls().get('SYSEXIT') ?? 0) > 0, cpu !== 'pentium', 'a Pentium has no SYSENTER');
      });
    }

    for (const cpu of ['386', '486'] as const) {
      it(`a ${cpu} will not do, and the guest says so`, () => {
        const run = new VmiBoot({ ...VMI, cpu, commandLine: 'pae' });
        assert.equal(run.end, RunEnd.Shutdown);
        assert.deepEqual(run.failures, ['vmi-kernel: FAILED: a Pentium is needed']);
      });
    }

    it('a Pentium has no PAE, and goes without', () => {
      const run = new VmiBoot({ ...VMI, cpu: 'pentium', commandLine: 'pae test=probe test=mmu' });
      run.assertOk();
      assert.ok(run.lines.some((line) => line.includes('paging 2 levels')));
    });

    for (const [option, feature] of [
      ['pge', 1 << 13],
      ['pse', 1 << 3],
      ['sep', 1 << 11],
      ['tsc', 1 << 4],
      ['mtrr', 1 << 12],
    ] as const) {
      it(`vmi=disable_${option} takes the feature away`, () => {
        const run = new VmiBoot({ ...VMI, commandLine: `vmi=disable_${option} ${CHOSEN} test=mmu` });
        run.assertOk();
        const features = /features ([0-9a-f]{8})/.exec(run.lines.find((line) => line.startsWith('cpu:')) ?? '')?.[1];
        assert.equal(parseInt(features ?? '', 16) & feature, 0);
        assert.equal(run.hypervisorCalls().get('SYSEXIT') === 0, option === 'sep');
      });
    }

    it('vmi=disable_timer leaves the PIT in charge', () => {
      const run = new VmiBoot({ ...VMI, commandLine: `vmi=disable_timer ${CHOSEN}` });
      run.assertOk();
      assert.ok(run.lines.includes('kernel level 1, CS 61, SS 69, timer pit'));
      for (const name of ['SetAlarm', 'GetCycleCounter', 'CancelAlarm']) {
        assert.equal(run.hypervisorCalls().get(name) ?? 0, 0, name);
      }
    });

    it('vmi=disable_noidle keeps the ticks while idle', () => {
      const alarms = (commandLine: string): number => {
        const run = new VmiBoot({ ...VMI, commandLine: `${commandLine} test=idle` });
        run.assertOk();
        return run.hypervisorCalls().get('SetAlarm') ?? 0;
      };
      assert.equal(alarms('vmi=disable_noidle'), 1);
      assert.ok(alarms('') > 1);
    });

    it('an option that is unknown is passed over', () => {
      const run = new VmiBoot({ ...VMI, commandLine: 'vmi=disable_cmov test=probe' });
      run.assertOk();
      assert.ok(run.lines.includes('VMI: unknown option disable_cmov'));
    });
  });

  describe('with other answers of GetRelocationInfo', () => {
    const none = (...names: string[]): Record<string, 'none'> =>
      Object.fromEntries(names.map((name) => [name, 'none']));
    const GROUPS_TRIED =
      'test=probe test=relocations test=patch test=clobbers test=cpu test=tables test=interrupts test=mmu';
    const CHOSEN = `${GROUPS_TRIED} test=fixup test=timer test=io test=user test=idle`;

    for (const [what, answers] of Object.entries({
      'the tables of descriptors native': none(
        'SetGDT',
        'SetIDT',
        'SetLDT',
        'SetTR',
        'WriteGDTEntry',
        'WriteLDTEntry',
        'WriteIDTEntry',
      ),
      'the control registers native': none(
        'SetCR0',
        'SetCR2',
        'SetCR3',
        'SetCR4',
        'GetCR0',
        'GetCR2',
        'GetCR3',
        'GetCR4',
        'CLTS',
      ),
      'the page tables native': none(
        'SetPxE',
        'UpdatePxE',
        'AllocatePage',
        'ReleasePage',
        'FlushTLB',
        'InvalPage',
        'SetLazyMode',
      ),
      'the processor native': none('CPUID', 'RDTSC', 'WBINVD', 'GetDR', 'SetDR', 'Halt', 'GetGDT', 'GetIDT', 'GetTR'),
      'CLI and STI native': none('EnableInterrupts', 'DisableInterrupts'),
      'the port calls native': none('INB', 'OUTB', 'INSW', 'OUTSW', 'INL', 'OUTL'),
      'the kernel stack in the TSS alone': none('UpdateKernelStack'),
      'no timer': none('GetCycleFrequency'),
      'IRET and SYSEXIT by call': { IRET: 'call', SYSEXIT: 'call' } as const,
      'IRET and SYSEXIT by jump': { IRET: 'jump', SYSEXIT: 'jump' } as const,
      'operations left out': { WBINVD: 'nop', IODelay: 'nop' } as const,
      'a delay by call': { IODelay: 'call' } as const,
      'a delay by port 0x80': none('IODelay'),
    })) {
      it(what, () => {
        const run = new VmiBoot({ ...VMI, commandLine: CHOSEN, vmi: { answers } });
        run.assertOk();
        // The delay's code is in the ROM and does nothing: the hypervisor never hears of it.
        assertCountsAgree(run, 'IODelay');
        for (const [name, answer] of Object.entries(answers)) {
          if (answer !== 'call' && answer !== 'jump') assert.equal(run.hypervisorCalls().get(name) ?? 0, 0, name);
        }
      });
    }

    it('without IRET Linux, and so this kernel, jumps to the poison', () => {
      const run = new VmiBoot({ ...VMI, commandLine: 'test=probe', vmi: { answers: none('IRET') } });
      assert.match(run.failures[0] ?? '', /kernel #PF, .* at 0061:0badbab0/);
    });
  });

  describe(`natively, under QEMU${installed ? '' : ` (skipped: ${QEMU} is not on PATH)`}`, () => {
    for (const commandLine of ['lenient', 'lenient pae']) {
      it(commandLine, async function () {
        if (!installed) this.skip();
        const { status, output, messages } = await qemu(commandLine);
        assert.equal(status, QEMU_EXIT_OK, output + messages);
        assert.equal(output.split('\n').filter((line) => line.startsWith('FAILED')).length, 0, output);
        assert.match(output, /^vmi-kernel: OK\r?$/m);
      });
    }
  });

  describe('ends', () => {
    for (const [name, options] of [
      ['natively', {}],
      ['at level 1', VMI],
      ['at level 0', { ...VMI, vmi: { privilege: 0 } }],
      ['with PAE at level 1', { ...VMI, commandLine: 'pae' }],
    ] as const) {
      it(`by the task gate of a double fault, ${name}`, () => {
        const { commandLine = '' } = options;
        const run = new VmiBoot({ ...options, commandLine: `${commandLine} test=doublefault` });
        assert.equal(run.end, RunEnd.Shutdown);
        assert.match(run.failures[0] ?? '', /double fault: task at c01[0-9a-f]{5}, stack dff00000, CR2 dfeffffc$/);
      });
    }

    it('by the call Reboot', () => {
      const run = new VmiBoot({ ...VMI, commandLine: 'test=reboot' });
      assert.equal(run.end, RunEnd.Shutdown);
      assert.equal(run.resetBy, 'VMI call Reboot (hard)');
    });

    it('by the call Shutdown', () => {
      const run = new VmiBoot({ ...VMI, commandLine: 'test=shutdown' });
      assert.equal(run.end, RunEnd.Dead);
      assert.equal(run.lines.at(-1), 'ok shutdown.about to end');
    });
  });

  describe('hostile', () => {
    it('lives, and the hypervisor tells what it did', () => {
      for (const [commandLine, vmi] of [
        ['test=hostile', {}],
        ['test=hostile pae lapic', {}],
        ['test=hostile', { privilege: 0 }],
      ] as const) {
        const run = new VmiBoot({ ...VMI, commandLine, vmi });
        run.assertOk();
        const expected = [
          /call \w+ before VMI_Init: #UD/,
          /VMI_GetRelocationInfo before VMI_Init/,
          /call OUTB from user mode: #GP\(0\)/,
          /WriteIDTEntry of entry 15728640 .* of at most 256/,
          /AllocatePage .*: frame 0xfffff is not RAM/,
          /page 0x2003000 is released but was never allocated/,
          /SetLazyMode 77 .*there is no such mode/,
          /SetAlarm with a period of 1 cycles/,
          /SetLinearMapping .*beyond the address space; ignored/,
        ];
        for (const pattern of expected) {
          assert.ok(
            run.reports.some((report) => pattern.test(report)),
            `${pattern}\n${run.text}`,
          );
        }
      }
    });

    it('breaks the rules of page tables, and each is told', () => {
      const { reports } = new VmiBoot({ ...VMI, commandLine: 'test=hostile' });
      for (const pattern of [/page table.* was written .* without UpdatePxE/, /page table.* page directory|PT.* PD/]) {
        assert.ok(
          reports.some((report) => pattern.test(report)),
          `${pattern}\n${reports.join('\n')}`,
        );
      }
    });
  });
});
