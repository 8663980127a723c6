import assert from 'node:assert/strict';
import { Guest } from '../../src/debugger/guest/guest';
import { createInspection } from '../../src/debugger/inspection/inspection';
import { moduleRows, type ModuleSources } from '../../src/debugger/inspection/modules';
import { Places } from '../../src/debugger/inspection/places';
import type { CostGrouping, DescriptorRow, Inspection, PortRow } from '../../src/debugger/inspection/types';
import { Hypervisor } from '../../src/hypervisor/hypervisor';
import { VMI_ROM_ADDRESS } from '../../src/hypervisor/abi/vmi/rom';
import { PortNames } from '../../src/machine/bus/port-names';
import { SYSTEM_TEST_DESCRIPTORS } from './test-descriptors';
import * as layout from '../../src/machine/layout';
import { mapBios } from '../../src/machine/loaders/bios-image';
import { Machine } from '../../src/machine/machine';
import { SymbolTable } from '../../src/symbols/symbol-table';
import { buildGuests } from '../guests/support';
import { buildElf, multibootHeader } from '../machine/support/elf-builder';
import { BootedGuest } from './booted-guest';

const GROUPINGS: readonly CostGrouping[] = ['reason', 'port', 'hypercall', 'line', 'function', 'channel'];

function inspect(
  booted: Pick<BootedGuest, 'guest' | 'hypervisor'>,
  modules: ModuleSources = { symbolFiles: [] },
): Inspection {
  return createInspection({
    guest: booted.guest,
    hypervisor: booted.hypervisor,
    portBreakpoints: (port) => (port === 0x3f8 ? [7, 9] : []),
    hypercallBreakpoints: (call) => (call.name === 'OUTB' ? [8] : []),
    evaluate: (expression) => {
      if (expression === 'main') return 0x100e90;
      throw new Error(`there is no "${expression}"`);
    },
    modules: () => modules,
  });
}

/** A machine without a guest, in real mode as after reset. */
function bareMachine(): { guest: Guest; hypervisor: Hypervisor; machine: Machine } {
  const machine = new Machine({ cpu: 'pentium', memoryMB: 16, startTime: 0 });
  const guest = new Guest(machine, new SymbolTable(), new PortNames(machine.bus));
  return { guest, hypervisor: new Hypervisor(machine, { mode: 'none' }), machine };
}

function sum<T>(rows: readonly T[], figure: (row: T) => number): number {
  return rows.reduce((total, row) => total + figure(row), 0);
}

describe('inspection of a guest that has run', function () {
  this.timeout(240_000);
  let vmi: BootedGuest;
  let trap: BootedGuest;
  let none: BootedGuest;

  before(async () => {
    const { status, messages } = await buildGuests('paravirt-io');
    assert.equal(status, 0, messages);
    vmi = new BootedGuest('paravirt-io', 'vmi').runOut();
    trap = new BootedGuest('paravirt-io', 'trap').runOut();
    none = new BootedGuest('paravirt-io', 'none').runOut();
  });

  describe('exit costs', () => {
    for (const groupBy of GROUPINGS) {
      it(`by ${groupBy} add up to the totals`, () => {
        for (const booted of [vmi, trap]) {
          const { rows, totals } = inspect(booted).exitCosts({ groupBy });
          assert.ok(rows.length > 0);
          assert.equal(new Set(rows.map(({ key }) => key)).size, rows.length, 'keys are unique');
          assert.equal(
            sum(rows, ({ samples }) => samples),
            totals.samples,
          );
          assert.equal(totals.samples, booted.hypervisor.log.nextSequence);
          assert.equal(
            sum(rows, ({ totalCycles }) => totalCycles),
            totals.totalCycles,
          );
          assert.ok(Math.abs(sum(rows, ({ samplesPct }) => samplesPct) - 100) < 1e-6);
          assert.ok(Math.abs(sum(rows, ({ timePct }) => timePct) - 100) < 1e-6);
          for (const { key, parts, totalCycles, minCycles, avgCycles, maxCycles } of rows) {
            assert.equal(parts.transition + parts.decode + parts.device + parts.return, totalCycles, key);
            assert.ok(minCycles <= avgCycles && avgCycles <= maxCycles, key);
          }
        }
      });
    }

    it('come with the state of the guest', () => {
      const { totals } = inspect(vmi).exitCosts({ groupBy: 'reason' });
      const { clock } = vmi.machine;
      assert.equal(totals.guestCycles, clock.now);
      assert.equal(totals.instructions, clock.instructions);
      assert.equal(totals.mode, 'vmi');
      assert.equal(totals.costProfile, vmi.hypervisor.profile.name);
      assert.equal(totals.exitTimePct, (100 * totals.totalCycles) / clock.now);
    });

    it('have keys that say what they are', () => {
      const keys = (booted: BootedGuest, groupBy: CostGrouping): string[] =>
        inspect(booted)
          .exitCosts({ groupBy })
          .rows.map(({ key }) => key);
      assert.ok(keys(vmi, 'port').includes('0x3f8:OUT (COM1.THR)'));
      assert.ok(keys(vmi, 'port').includes('0x71:IN (RTC.DATA)'), 'not the register that was read last');
      assert.ok(keys(vmi, 'port').includes('(VMI_GetRelocationInfo)'));
      assert.ok(keys(vmi, 'hypercall').includes('INSW'));
      assert.deepEqual(keys(trap, 'hypercall'), ['(trap IO)']);
      assert.deepEqual(keys(trap, 'channel'), ['trap']);
      assert.deepEqual(keys(trap, 'reason'), ['IO']);
      assert.ok(keys(vmi, 'function').includes('read_sectors'));
      assert.ok(keys(vmi, 'line').every((key) => /^\w+\.[ch]:\d+$/.test(key)));
    });

    it('blame the line that called an accessor, in every world alike', () => {
      const of = (booted: BootedGuest): unknown => {
        const row = inspect(booted)
          .exitCosts({ groupBy: 'port' })
          .rows.find(({ key }) => key === '0x1f0:IN (IDE0.DATA)');
        return row?.source && { line: row.source.line, function: row.source.function, samples: row.samples };
      };
      assert.deepEqual(of(vmi), of(trap));
      assert.equal((of(vmi) as { function: string }).function, 'read_sectors');
    });

    it('can leave out what came before', () => {
      const { nextSequence } = vmi.hypervisor.log;
      const { totals } = inspect(vmi).exitCosts({ groupBy: 'port', since: nextSequence - 10 });
      assert.equal(totals.samples, 10);
      assert.equal(inspect(vmi).exitCosts({ groupBy: 'line', since: nextSequence }).rows.length, 0);
    });

    it('are none where nothing exits', () => {
      const { rows, totals } = inspect(none).exitCosts({ groupBy: 'line' });
      assert.deepEqual(rows, []);
      assert.equal(totals.exitTimePct, 0);
      assert.equal(totals.mode, 'none');
    });
  });

  describe('places', () => {
    it('tell files of one name apart by their folders', () => {
      const frames = new Map([
        [1, { name: 'a', path: '/src/net/main.c', line: 3 }],
        [2, { name: 'b', path: '/src/disk/main.c', line: 3 }],
        [3, { name: 'c', path: '/src/other.c', line: 9, column: 2 }],
      ]);
      const symbols = { inlineFramesAt: (address: number) => [frames.get(address)].filter(Boolean) };
      const places = new Places({ symbols } as unknown as Guest);
      const paths = new Set([...frames.values()].map(({ path }) => path));
      assert.equal(places.lineOf(1, paths), 'net/main.c:3');
      assert.equal(places.lineOf(2, paths), 'disk/main.c:3');
      assert.equal(places.lineOf(3, paths), 'other.c:9');
      assert.equal(places.lineOf(4, paths), '0x00000004');
      assert.equal(places.functionOf(4), '0x00000004');
      assert.deepEqual(places.siteOf(3), {
        path: '/src/other.c',
        line: 9,
        column: 2,
        function: 'c',
        address: '0x00000003',
      });
      assert.deepEqual(places.siteOf(4), { path: '', line: 0, address: '0x00000004' });
      assert.equal(places.sourceOf(4), undefined);
    });
  });

  describe('ports', () => {
    it('have the counts and values of the bus, seen or named', () => {
      const { bus } = vmi.machine;
      const { ports } = inspect(vmi).ports();
      for (const { port, ins, outs, lastIn, lastOut } of ports) {
        assert.deepEqual([ins, outs], [bus.ins[port], bus.outs[port]]);
        assert.equal(lastIn?.value, bus.lastInWidth[port] ? bus.lastIn[port] : undefined);
        assert.equal(lastOut?.width, bus.lastOutWidth[port] || undefined);
      }
      const listed = ports.map(({ port }) => port);
      for (const port of bus.seenPorts()) assert.ok(listed.includes(port), `0x${port.toString(16)}`);
      assert.ok(listed.includes(0x2f8), 'named but never used');
      assert.deepEqual(
        listed,
        [...listed].sort((a, b) => a - b),
      );
    });

    it('are described by the direction in which they are used', () => {
      const { ports } = inspect(vmi).ports();
      const lsr = ports.find(({ port }) => port === 0x3fd);
      assert.equal(lsr?.name, 'COM1.LSR');
      assert.equal(lsr.device, 'COM1');
      assert.equal(lsr.fields.find(({ name }) => name === 'THRE')?.value, 1);
      assert.deepEqual(ports.find(({ port }) => port === 0x3f8)?.breakpoints, [7, 9]);
      assert.deepEqual(lsr.breakpoints, []);
    });

    it('know the site of their last access', () => {
      const { log } = vmi.hypervisor;
      const sites = new Map<number, number>();
      for (const { port, site } of log.records(0, 1e9)) if (port >= 0) sites.set(port, site);
      assert.equal(log.firstSequence, 0, 'the log still has all exits');
      for (const { port, lastSite } of inspect(vmi).ports().ports) {
        const site = sites.get(port);
        const address = site === undefined ? undefined : `0x${site.toString(16).padStart(8, '0')}`;
        assert.equal(lastSite?.address, address, `0x${port.toString(16)}`);
      }
      const exit = inspect(vmi)
        .ports()
        .ports.find(({ port }) => port === 0xf4);
      assert.equal(exit?.lastSite?.function, 'finish');
    });

    it('know it in a world without exits, too', () => {
      const booted = new BootedGuest('paravirt-io', 'none');
      const inspection = inspect(booted);
      const site = (port: number): PortRow['lastSite'] =>
        inspection.ports().ports.find((row) => row.port === port)?.lastSite;
      assert.equal(site(0x3ff), undefined, 'not used yet');
      booted.runTo('check_loopback');
      assert.match(site(0x3ff)?.function ?? '', /^native_(in|out)b$/);
      assert.equal(site(0x3fd)?.function, 'native_inb');
      const { clock } = booted.machine;
      const plain = new BootedGuest('paravirt-io', 'none').runTo('check_loopback');
      assert.equal(clock.now, plain.machine.clock.now, 'looking takes the guest no time');
    });
  });

  describe('hypercalls', () => {
    it('are counted call by call', () => {
      const counts = new Map<string, number>();
      for (const { hypercall } of vmi.hypervisor.log.records(0, 1e9)) {
        if (hypercall) counts.set(hypercall, (counts.get(hypercall) ?? 0) + 1);
      }
      const { available, calls } = inspect(vmi).hypercalls();
      assert.equal(available, true);
      for (const { name, count, last, lastSite } of calls) {
        assert.equal(count, counts.get(name) ?? 0, name);
        assert.equal(last !== undefined, count > 0, name);
        assert.equal(lastSite !== undefined, count > 0, name);
      }
      const outb = calls.find(({ name }) => name === 'OUTB');
      assert.equal(outb?.last, 'port=0xf4 value=0x10');
      assert.equal(outb.lastSite?.function, 'finish');
      assert.deepEqual(outb.breakpoints, [8]);
      assert.equal(outb.abi, 'vmi');
    });

    it('are not available in other worlds', () => {
      assert.deepEqual(inspect(trap).hypercalls(), { available: false, calls: [] });
    });
  });

  describe('exit log', () => {
    it('gives records from a sequence number on', () => {
      const { entries, first, next } = inspect(trap).exitLog({ start: 10, count: 3 });
      assert.deepEqual(
        entries.map(({ sequence }) => sequence),
        [10, 11, 12],
      );
      assert.deepEqual([first, next], [0, trap.hypervisor.log.nextSequence]);
      const [{ eip, cr3, bytes, channel, reason, hypercall }] = entries;
      assert.match(eip, /^0x[0-9a-f]{8}$/);
      assert.match(cr3, /^0x[0-9a-f]{8}$/);
      assert.match(bytes, /^([0-9a-f]{2} ?)+$/);
      assert.deepEqual([channel, reason, hypercall], ['trap', 'IO', undefined]);
      assert.equal(inspect(trap).exitLog({}).entries.length, 100);
    });

    it('filters by channel, port and hypercall', () => {
      const log = (
        filter: Parameters<Inspection['exitLog']>[0]['filter'],
      ): ReturnType<Inspection['exitLog']>['entries'] => inspect(vmi).exitLog({ count: 10000, filter }).entries;
      assert.equal(log({ channel: 'trap', reason: 'IO' }).length, 0);
      const outs = log({ port: 0xf4 });
      assert.deepEqual(
        outs.map(({ hypercall, value, direction, source }) => [hypercall, value, direction, source?.function]),
        [['OUTB', 0x10, 'out', 'finish']],
      );
      const named = log({ hypercall: 'vmi:outw' });
      assert.ok(named.length > 0 && named.every(({ hypercall }) => hypercall === 'OUTW'));
      assert.throws(() => log({ hypercall: 'OUTQ' }), /there is no hypercall 'OUTQ'/);
    });

    it('counts exits', () => {
      const { nextSequence } = vmi.hypervisor.log;
      assert.deepEqual(inspect(vmi).exitCount(), { samples: nextSequence, nextSequence });
    });
  });

  it('devices are plain data', () => {
    const answer = inspect(vmi).devices();
    assert.deepEqual(JSON.parse(JSON.stringify(answer)), answer);
    assert.deepEqual(
      answer.devices.map(({ name }) => name),
      vmi.machine.bus.devices.map(({ name }) => name),
    );
    const com1 = answer.devices.find(({ name }) => name === 'COM1');
    assert.equal((com1?.state as { uart: { divisor: number } }).uart.divisor, 1);
    assert.ok(
      com1?.registers.some(({ name, port, direction }) => name === 'THR' && port === 0x3f8 && direction === 'out'),
    );
    // The sector buffer is longer than what is shown; the disk's blocks are not part of the controller.
    assert.ok(JSON.stringify(answer).length < 100_000);
  });

  it('sources are those of the line tables', () => {
    const sources = inspect(vmi).sources();
    assert.ok(sources.some((path) => path.endsWith('paravirt-io/uart.c')));
    assert.equal(new Set(sources).size, sources.length);
  });

  it('exits can be observed', () => {
    const booted = new BootedGuest('paravirt-io', 'vmi');
    const seen: number[] = [];
    inspect(booted).observeExits(({ sequence }) => void seen.push(sequence));
    booted.runTo('check_loopback');
    booted.hypervisor.log.flush();
    assert.deepEqual(
      seen,
      Array.from({ length: booted.hypervisor.log.nextSequence }, (_, i) => i),
    );
    inspect(booted).observeExits(undefined);
  });

  it('the page walk follows the guest', () => {
    const { guest } = vmi;
    const walk = inspect(vmi).pageWalk('main');
    assert.equal(walk.linear, '0x00100e90');
    assert.equal(walk.physical, '0x00100e90');
    assert.equal(walk.levels.length, 2);
    assert.equal(walk.levels[0].entryAddress, `0x${(guest.state.cr(3) & 0xfffff000).toString(16).padStart(8, '0')}`);
    for (const { entry, flags } of walk.levels) {
      assert.match(entry, /^0x[0-9a-f]{8}$/);
      assert.match(flags, /^present, writable, supervisor, accessed/);
    }
    assert.equal(walk.message, undefined);
    const nowhere = inspect(vmi).pageWalk(0xf0000000);
    assert.equal(nowhere.physical, undefined);
    assert.match(nowhere.message ?? '', /^No page is mapped: the PDE at 0x[0-9a-f]{8} is not present\.$/);
    assert.throws(() => inspect(vmi).pageWalk('nosuch'), /there is no "nosuch"/);
    for (const bad of [-1, 2 ** 32, 1.5, NaN]) {
      assert.throws(() => inspect(vmi).pageWalk(bad), /is no linear address: expected 0 to 0xffffffff/);
    }
  });

  it('descriptor tables are those of the guest', () => {
    const { gdt, ldt, idt } = inspect(vmi).descriptorTables();
    assert.deepEqual(
      gdt.map(({ selector, type }) => [selector, type]),
      [
        ['0x0000', 'empty'],
        ['0x0008', '32-bit code'],
        ['0x0010', '32-bit data'],
      ],
    );
    assert.deepEqual(ldt, []);
    assert.equal(idt.length, 48);
    const [{ selector, target, text }] = idt.slice(14);
    assert.equal(selector, '0x0e #PF');
    assert.match(target ?? '', /^0x0008:0x[0-9a-f]{8} \(vector_14\)$/);
    // VMI_Init has raised it to the level of the deprivileged kernel.
    assert.equal(text, `32-bit interrupt gate to ${target}, DPL 1`);
  });
});

describe('page walk of a bare machine', () => {
  it('says when paging is off', () => {
    const walk = inspect(bareMachine()).pageWalk(0x12345);
    assert.deepEqual(walk, {
      linear: '0x00012345',
      physical: '0x00012345',
      levels: [],
      message: 'Paging is off: linear addresses are physical ones.',
    });
  });

  it('shows large pages, user pages and what is absent below the directory', () => {
    const bare = bareMachine();
    const { machine, guest } = bare;
    const { memory, cpu } = machine;
    memory.write(0x10000, 4, 0x004000e7);
    memory.write(0x10004, 4, 0x11067);
    memory.write(0x11004, 4, 0x00abc005);
    memory.write(0x11008, 4, 0xdeadbee0);
    cpu.operations.writeControl(4, 0x10);
    cpu.operations.writeControl(3, 0x10000);
    cpu.operations.writeControl(0, 0x80000011);
    assert.equal(guest.state.paging, true);
    const large = inspect(bare).pageWalk(0x1234);
    assert.equal(large.physical, '0x00401234');
    assert.deepEqual(large.levels, [
      {
        name: 'PDE',
        entryAddress: '0x00010000',
        entry: '0x004000e7',
        flags: 'present, writable, user, accessed, dirty, 4 MiB page',
      },
    ]);
    const small = inspect(bare).pageWalk(0x00401fff);
    assert.equal(small.physical, '0x00abcfff');
    assert.equal(small.levels[1].flags, 'present, read-only, user');
    const absent = inspect(bare).pageWalk(0x00402000);
    assert.equal(absent.levels[1].flags, "not present (the rest is the guest's own)");
    assert.equal(absent.message, 'No page is mapped: the PTE at 0x00011008 is not present.');
    assert.equal(memory.read(0x10004, 4), 0x11067, 'the walk marks nothing');
  });
});

describe('descriptor tables', () => {
  const TABLE = 0x20000;

  function tables(
    descriptors: readonly (readonly [low: number, high: number])[],
    setUp: (bare: ReturnType<typeof bareMachine>) => void = () => undefined,
  ): ReturnType<Inspection['descriptorTables']> {
    const bare = bareMachine();
    const { state } = bare.guest;
    descriptors.forEach(([low, high], i) => {
      bare.machine.memory.write(TABLE + 8 * i, 4, low);
      bare.machine.memory.write(TABLE + 8 * i + 4, 4, high);
    });
    state.setCr(0, 0x11);
    state.set(layout.GDTR_BASE, TABLE);
    state.set(layout.GDTR_LIMIT, 8 * descriptors.length - 1);
    state.set(layout.IDTR_LIMIT, 0);
    setUp(bare);
    return inspect(bare).descriptorTables();
  }

  const words = (rows: readonly DescriptorRow[]): string[] => rows.map(({ text }) => text);

  it('decode every kind of descriptor in words', () => {
    const { gdt } = tables(SYSTEM_TEST_DESCRIPTORS.map(({ low, high }) => [low, high] as const));
    assert.deepEqual(
      words(gdt),
      SYSTEM_TEST_DESCRIPTORS.map(({ text }) => text),
    );
    const call = gdt[SYSTEM_TEST_DESCRIPTORS.findIndex(({ text }) => text.startsWith('32-bit call gate'))];
    assert.equal(call.target, '0x0008:0x00123456');
    assert.equal(call.base, undefined);
    const code = gdt[0];
    assert.deepEqual([code.base, code.limit, code.dpl, code.present], ['0x00000000', '0xffffffff', 0, true]);
  });

  it('end at the limit and leave out an entry that it cuts', () => {
    const code: [number, number] = [0x0000ffff, 0x00cf9b00];
    const cut = tables([code, code, code], ({ guest }) => guest.state.set(layout.GDTR_LIMIT, 22));
    assert.equal(cut.gdt.length, 2);
    assert.deepEqual(cut.idt, [], 'a limit of 0 holds no gate');
  });

  it('join empty entries', () => {
    const { gdt } = tables([
      [0, 0],
      [0, 0],
      [0xffff, 0x00cf9b00],
      [0, 0],
    ]);
    assert.deepEqual(
      gdt.map(({ index, type, text }) => [index, type, text.replace(/,.*/, '')]),
      [
        [0, 'empty', 'entries 0 to 1: empty'],
        [2, '32-bit code', '32-bit code'],
        [3, 'empty', 'entry 3: empty'],
      ],
    );
  });

  it('say which entries cannot be read', () => {
    const { gdt } = tables([[0xffff, 0x00cf9b00]], ({ guest, machine }) => {
      // One page is mapped, the table goes on behind it.
      machine.memory.write(0x10000, 4, 0x11003);
      machine.memory.write(0x11000 + 4 * (TABLE >>> 12), 4, TABLE | 3);
      guest.state.setCr(3, 0x10000);
      guest.state.setCr(0, 0x80000011);
      guest.state.set(layout.GDTR_LIMIT, 0x17ff);
    });
    assert.deepEqual(
      gdt.map(({ index, type }) => [index, type]),
      [
        [0, '32-bit code'],
        [1, 'empty'],
        [512, 'unmapped'],
      ],
    );
    assert.equal(gdt[2].text, 'entries 512 to 767: cannot be read, no page is mapped at 0x00021000');
  });

  it('include the LDT where one is loaded', () => {
    const { ldt } = tables(
      [
        [0, 0],
        [0x0000000f, 0x00008202],
      ],
      ({ guest, machine }) => {
        machine.memory.write(TABLE, 4, 0xffff);
        machine.memory.write(TABLE + 4, 4, 0x00cff300);
        machine.cpu.operations.loadLdt(8);
        assert.equal(guest.state.selector(layout.SegmentIndex.LDTR), 8);
      },
    );
    assert.deepEqual(
      ldt.map(({ selector }) => selector),
      ['0x0004', '0x000c'],
    );
    assert.equal(ldt[0].text, '32-bit data, base 0x00000000, limit 0xffffffff, DPL 3, read/write, accessed');
  });

  it('are vectors in real mode, and no GDT before LGDT', () => {
    const bare = bareMachine();
    bare.machine.memory.write(4 * 0x10, 4, 0xc0001234);
    const { gdt, idt } = inspect(bare).descriptorTables();
    assert.deepEqual(gdt, []);
    const video = idt.find(({ index }) => index === 0x10);
    assert.deepEqual([video?.type, video?.target], ['real-mode vector', '0xc000:0x1234']);
    assert.equal(idt.length, 3, 'the others are empty');
  });
});

describe('modules', () => {
  const rows = (sources: Partial<ModuleSources>, setUp: (machine: Machine) => void = () => undefined): string[] => {
    const { machine } = bareMachine();
    setUp(machine);
    return moduleRows(machine.memory, { symbolFiles: [], ...sources }).map(
      ({ id, name, address, size, symbols }) =>
        `${id} ${name} 0x${address.toString(16)}+0x${size.toString(16)} ${symbols}`,
    );
  };
  const bytes = new Uint8Array(0x20);

  it('are the separate parts of an ELF file', () => {
    const elf = buildElf(0x100000, [
      { virtualAddress: 0x100000, bytes, memorySize: 0x100 },
      { virtualAddress: 0x101000, bytes },
      { virtualAddress: 0xc0200000, physicalAddress: 0x200000, bytes },
    ]);
    const program = { path: '/k/kernel.elf', bytes: elf, format: 'elf' as const };
    assert.deepEqual(rows({ program, symbolFiles: ['/k/System.map'] }), [
      '1 kernel.elf 0x100000+0x1020 symbols of System.map',
      '2 kernel.elf 0xc0200000+0x20 symbols of System.map',
    ]);
  });

  it('say what an ELF file knows', () => {
    const section = (name: string): { name: string; type: number; bytes: Uint8Array } => ({ name, type: 1, bytes });
    const symbols = (...names: string[]): string[] =>
      rows({
        program: {
          path: 'x',
          format: 'elf',
          bytes: buildElf(0x100000, [{ virtualAddress: 0x100000, bytes }], names.map(section)),
        },
      });
    assert.match(symbols('.debug_info', '.debug_line')[0], /DWARF lines and types$/);
    assert.match(symbols('.debug_line')[0], /DWARF lines$/);
    assert.match(symbols('.symtab')[0], /symbol table$/);
    assert.match(symbols('.text')[0], /no symbols$/);
  });

  it('are where flat images, boot sectors and multiboot headers say', () => {
    assert.deepEqual(rows({ program: { path: 'a.bin', bytes, format: 'flat', loadAddress: 0x8000 } }), [
      '1 a.bin 0x8000+0x20 no symbols',
    ]);
    assert.deepEqual(rows({ program: { path: 'a.bin', bytes, format: 'flat' } }), ['1 a.bin 0x100000+0x20 no symbols']);
    assert.deepEqual(rows({ program: { path: 'd.img', bytes: new Uint8Array(0x100000), format: 'boot' } }), [
      '1 d.img 0x7c00+0x200 no symbols',
    ]);
    const header = multibootHeader(0x10000, [0x200000, 0x200000, 0, 0x203000, 0x200020]);
    assert.deepEqual(rows({ program: { path: 'm', bytes: header, format: 'multiboot' } }), [
      '1 m 0x200000+0x3000 no symbols',
    ]);
  });

  it('include ROMs wherever they are mapped', () => {
    const image = { name: 'bios.bin', bytes: new Uint8Array(0x10000) };
    assert.deepEqual(
      rows({ bios: '/roms/bios.bin' }, (machine) => {
        mapBios(machine.memory, image);
        machine.memory.mapRom(new Uint8Array(0x1000), [VMI_ROM_ADDRESS]);
        machine.memory.mapRom(new Uint8Array(0x2000), [0xd0000]);
      }),
      [
        '1 VMI ROM 0xc8000+0x1000 no symbols',
        '2 option ROM 0xd0000+0x2000 no symbols',
        '3 bios.bin 0xf0000+0x10000 no symbols',
        '4 bios.bin 0xffff0000+0x10000 no symbols',
      ],
    );
    assert.deepEqual(
      rows({}, (machine) => machine.memory.mapRom(image.bytes, [0xf0000])),
      ['1 BIOS (built-in) 0xf0000+0x10000 no symbols'],
    );
  });
});
