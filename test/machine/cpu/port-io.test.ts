import assert from 'node:assert/strict';
import { AbortInstruction } from '../../../src/machine/cpu/fault';
import type { IoQualification } from '../../../src/machine/cpu/intercepts';
import { stringIo } from '../../../src/machine/cpu/string-io';
import * as layout from '../../../src/machine/layout';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import { Bench, DATA_RO, DATA_RW, data, descriptor, EIP_NEXT, EIP_START, FREE, TSS } from './bench';

const { ES, DS, FS, TR } = SegmentIndex;
const { EAX, ECX, EDX, ESI, EDI } = Register;
const MAP = 0x88;

/** Gives the TSS an I/O map at MAP in which only the given ports are open. */
function openPorts(bench: Bench, ...ports: number[]): void {
  bench.write16(TSS + 0x66, MAP);
  for (let i = 0; i <= 0x2000; i += 2) bench.write16(TSS + MAP + i, 0xffff);
  for (const port of ports) {
    const at = TSS + MAP + (port >>> 3);
    bench.memory.write(at, 1, bench.memory.read(at, 1) & ~(1 << (port & 7)));
  }
}

describe('IN and OUT: permission', () => {
  const all = (bench: Bench, port: number, width: number): string[] => {
    bench.state.setReg(EDX, port);
    return [
      () => bench.op.portIn(port, width, 0),
      () => bench.op.portOut(port, width, 0),
      () => bench.op.portOutString(width),
    ].map((action) => bench.outcome(action));
  };

  it('follows CPL and IOPL in protected mode, and asks no map then', () => {
    for (let cpl = 0; cpl < 4; cpl++) {
      for (let iopl = 0; iopl < 4; iopl++) {
        const bench = Bench.protected(cpl);
        bench.op.loadSegment(DS, data(3));
        openPorts(bench);
        bench.state.eflags = iopl << 12;
        const expected = cpl <= iopl ? 'ok' : '#GP(0x0)';
        assert.deepEqual(all(bench, 0x3f8, 1), [expected, expected, expected], `CPL ${cpl} IOPL ${iopl}`);
        if (cpl > iopl) assert.equal(bench.accesses.length, 0);
      }
    }
  });

  it('always asks the map in V86 mode, whatever IOPL is', () => {
    for (const iopl of [0, 3]) {
      const bench = Bench.v86(iopl);
      openPorts(bench, 0x60);
      assert.deepEqual(all(bench, 0x60, 1), ['ok', 'ok', 'ok']);
      assert.deepEqual(all(bench, 0x61, 1), ['#GP(0x0)', '#GP(0x0)', '#GP(0x0)']);
    }
  });

  it('is never asked in real mode', () => {
    assert.deepEqual(all(Bench.real(), 0x3f8, 1), ['ok', 'ok', 'ok']);
  });

  it('needs every bit of a wide access, across map bytes too', () => {
    const bench = Bench.protected(3);
    for (const width of [1, 2, 4]) {
      for (let port = 0x10; port < 0x20; port++) {
        for (let closed = port - 1; closed <= port + width; closed++) {
          openPorts(bench, ...Array.from({ length: 0x20 }, (_, i) => i + 8).filter((open) => open !== closed));
          const inside = closed >= port && closed < port + width;
          const title = `${width} bytes at ${port} with ${closed} closed`;
          assert.equal(
            bench.outcome(() => bench.op.portIn(port, width, 0)),
            inside ? '#GP(0x0)' : 'ok',
            title,
          );
        }
      }
    }
  });

  it('needs both bytes of the map inside the TSS limit', () => {
    const attempt = (limit: number, port: number): string => {
      const bench = Bench.protected(3);
      openPorts(bench, port, port + 1);
      bench.state.u32[(layout.SEG_LIMIT >>> 2) + TR] = limit;
      return bench.outcome(() => bench.op.portIn(port, 1, 0));
    };
    assert.equal(attempt(MAP + 0x10 + 1, 0x80), 'ok');
    assert.equal(attempt(MAP + 0x10, 0x80), '#GP(0x0)');
    assert.equal(attempt(MAP + 0x2000, 0xffff), 'ok');
    assert.equal(attempt(MAP + 0x1fff, 0xffff), '#GP(0x0)');
    assert.equal(attempt(0x66, 0), '#GP(0x0)', 'no room for the map base');
  });

  it('gives no port without a 386 TSS', () => {
    const bench = Bench.protected(3);
    openPorts(bench, 0x60);
    assert.equal(
      bench.outcome(() => bench.op.portIn(0x60, 1, 0)),
      'ok',
    );
    bench.state.u32[(layout.SEG_ATTRIBUTES >>> 2) + TR] = 0x83;
    assert.equal(
      bench.outcome(() => bench.op.portIn(0x60, 1, 0)),
      '#GP(0x0)',
    );
  });

  it('lets a page fault of the map through', () => {
    const bench = Bench.protected(3);
    openPorts(bench, 0x60);
    bench.enablePaging();
    bench.setPage(TSS, 0);
    assert.equal(
      bench.fault(() => bench.op.portIn(0x60, 1, 0)),
      '#PF(0x0)',
    );
  });
});

describe('IN and OUT: data', () => {
  it('move AL, AX or EAX and leave the rest of EAX alone', () => {
    for (const [width, sent, received] of [
      [1, 0x44, 0x112233aa],
      [2, 0x3344, 0x1122ccaa],
      [4, 0x11223344, 0xddbbccaa],
    ]) {
      const bench = Bench.real();
      bench.onAccess = (access) => {
        if (access.direction === 'in') access.value = width === 1 ? 0xaa : width === 2 ? 0xccaa : 0xddbbccaa;
      };
      bench.state.setReg(EAX, 0x11223344);
      bench.op.portOut(0x1234, width, 0);
      bench.op.portIn(0xffff5678, width, 0);
      const common = { width, channel: 'direct', hypercall: '', count: 1 };
      assert.deepEqual(
        bench.accesses,
        [
          { ...common, port: 0x1234, direction: 'out', value: sent },
          { ...common, port: 0x5678, direction: 'in', value: received & (width === 4 ? -1 : 2 ** (8 * width) - 1) },
        ].map((access) => ({ ...access, value: access.value >>> 0 })),
      );
      assert.equal(bench.state.reg(EAX), received);
    }
  });

  it('change nothing if the debugger stops before the access', () => {
    const bench = Bench.real();
    bench.onAccess = () => {
      throw new AbortInstruction();
    };
    const before = bench.visible();
    assert.throws(() => bench.op.portIn(0x60, 1, 0), AbortInstruction);
    assert.deepEqual(bench.visible(), before);
  });

  it('go to the hypervisor with their qualification once they are permitted', () => {
    const bench = Bench.protected(3);
    openPorts(bench, 0x60, 0x61);
    bench.op.loadSegment(DS, data(3));
    bench.op.loadSegment(ES, data(3));
    const seen: IoQualification[] = [];
    bench.cpu.intercepts = { io: (qualification) => seen.push({ ...qualification }) };
    bench.op.portIn(0x60, 1, 1);
    bench.op.portOut(0x60, 2, 0);
    bench.state.setReg(EDX, 0xabcd0060);
    bench.op.portInString(1);
    bench.state.set(layout.PREFIXES, layout.PREFIX_REP);
    bench.state.setReg(ECX, 5);
    bench.op.portOutString(2);
    assert.deepEqual(seen, [
      { port: 0x60, width: 1, direction: 'in', string: false, repeat: false, immediate: true },
      { port: 0x60, width: 2, direction: 'out', string: false, repeat: false, immediate: false },
      { port: 0x60, width: 1, direction: 'in', string: true, repeat: false, immediate: false },
      { port: 0x60, width: 2, direction: 'out', string: true, repeat: true, immediate: false },
    ]);
    assert.equal(bench.accesses.length, 0);
    assert.equal(
      bench.fault(() => bench.op.portIn(0x62, 1, 0)),
      '#GP(0x0)',
    );
    assert.equal(seen.length, 4, "the guest's own protection comes first");
  });
});

describe('INS and OUTS', () => {
  it('need permission even where REP has nothing to repeat', () => {
    const bench = Bench.protected(3);
    bench.state.set(layout.PREFIXES, layout.PREFIX_REP);
    bench.state.setReg(EDX, 0x62);
    bench.state.setReg(ECX, 0);
    openPorts(bench, 0x60, 0x61);
    assert.equal(
      bench.fault(() => bench.op.portInString(1)),
      '#GP(0x0)',
    );
    bench.state.setReg(EDX, 0x60);
    bench.op.portInString(1);
    assert.equal(bench.accesses.length, 0);
  });

  function flat(): Bench {
    const bench = Bench.protected(0);
    for (const segment of [DS, ES, FS]) bench.op.loadSegment(segment, data(0));
    bench.state.setReg(EDX, 0x1f0);
    bench.state.setReg(ESI, 0x50000);
    bench.state.setReg(EDI, 0x60000);
    return bench;
  }

  for (const width of [1, 2, 4] as const) {
    for (const down of [false, true]) {
      for (const repeat of [false, true]) {
        for (const wide of [false, true]) {
          const title = `${repeat ? 'REP ' : ''}OUTS and INS of ${width} bytes, ${down ? 'down' : 'up'}, ${wide ? 32 : 16}-bit addresses`;
          it(title, () => {
            const bench = flat();
            const { state } = bench;
            for (const segment of [DS, ES])
              bench.cpu.segmentation.setHidden(segment, 0x10, segment === DS ? 0x50000 : 0x60000, 0xffffffff, 0xcf93);
            state.eflags = down ? layout.FLAG_DF : 0;
            state.set(layout.PREFIXES, (repeat ? layout.PREFIX_REP : 0) | (wide ? 0 : layout.PREFIX_ADDRESS_SIZE));
            state.setReg(ECX, 0xabcd0003);
            if (wide) state.setReg(ECX, 3);
            const upper = wide ? 0 : 0x12340000;
            state.setReg(ESI, upper | 0x100);
            state.setReg(EDI, upper | 0x200);
            const step = down ? -width : width;
            const count = repeat ? 3 : 1;
            const mask = width === 4 ? 0xffffffff : 2 ** (8 * width) - 1;
            for (let i = 0; i < 3; i++) bench.memory.write(0x50100 + i * step, width, (0x81828384 + i) & mask);
            bench.op.portOutString(width);
            assert.deepEqual(
              bench.accesses.map((access) => [access.port, access.direction, access.width, access.value, access.count]),
              Array.from({ length: count }, (_, i) => [
                0x1f0,
                'out',
                width,
                ((0x81828384 + i) & mask) >>> 0,
                count - i,
              ]),
            );
            assert.equal(state.reg(ESI), (upper | ((0x100 + count * step) & 0xffff)) >>> 0);
            const left = wide ? 3 - (repeat ? 3 : 0) : 0xabcd0000 + 3 - (repeat ? 3 : 0);
            assert.equal(state.reg(ECX), left);
            assert.equal(state.eip, EIP_NEXT);

            state.setReg(ECX, wide ? 3 : 0xabcd0003);
            bench.accesses.length = 0;
            bench.op.portInString(width);
            assert.equal(bench.accesses.length, count);
            for (let i = 0; i < count; i++) assert.equal(bench.memory.read(0x60200 + i * step, width), 0xa0 + i);
            assert.equal(state.reg(EDI), (upper | ((0x200 + count * step) & 0xffff)) >>> 0);
            assert.equal(state.eip, EIP_NEXT);
          });
        }
      }
    }
  }

  it('take the source segment from the prefix, the destination always from ES', () => {
    const bench = flat();
    const { state } = bench;
    bench.cpu.segmentation.setHidden(FS, 0x10, 0x1000, 0xffffffff, 0xcf93);
    bench.write32(0x51000, 0x5a);
    bench.write32(0x50000, 0xa5);
    state.set(layout.PREFIXES, FS + 1);
    bench.op.portOutString(1);
    assert.equal(bench.accesses[0].value, 0x5a);
    bench.op.portInString(1);
    assert.equal(bench.memory.read(0x60000, 1), 0xa1);
  });

  it('do nothing with REP and a count of zero where the port is allowed, not even ask the hypervisor', () => {
    const bench = Bench.protected(3);
    bench.cpu.intercepts = { io: () => assert.fail('asked') };
    bench.state.set(layout.PREFIXES, layout.PREFIX_REPNE);
    const before = bench.visible();
    bench.op.portInString(4);
    bench.op.portOutString(4);
    assert.deepEqual(bench.visible(), before);
    bench.state.setReg(ECX, 0x10000);
    bench.state.set(layout.PREFIXES, layout.PREFIX_REP | layout.PREFIX_ADDRESS_SIZE);
    bench.op.portInString(4);
    assert.equal(bench.accesses.length, 0, 'CX counts with 16-bit addresses');
  });

  it('count each element after the first and stop when the budget is used up', () => {
    for (const [remaining, done, left] of [
      [1000, 5, 996],
      [5, 5, 1],
      [4, 4, 1],
      [2, 2, 1],
      [1, 1, 1],
    ]) {
      const bench = flat();
      bench.state.set(layout.PREFIXES, layout.PREFIX_REP);
      bench.state.set(layout.REMAINING, remaining);
      bench.state.setReg(ECX, 5);
      bench.op.portInString(1);
      assert.equal(bench.accesses.length, done);
      assert.equal(bench.state.get(layout.REMAINING), left, 'the run loop takes off the last one');
      assert.equal(bench.state.reg(ECX), 5 - done);
      assert.equal(bench.state.eip, done === 5 ? EIP_NEXT : EIP_START);
    }
  });

  it('stop after the element during which an EXIT bit was raised', () => {
    const bench = flat();
    bench.state.set(layout.PREFIXES, layout.PREFIX_REP);
    bench.state.setReg(ECX, 5);
    bench.onAccess = () => {
      if (bench.accesses.length === 1) bench.state.requestExit(layout.EXIT_STOP);
    };
    bench.op.portOutString(1);
    assert.equal(bench.accesses.length, 2);
    assert.equal(bench.state.eip, EIP_START);
    assert.equal(bench.state.reg(ECX), 3);
    bench.state.set(layout.EXIT, 0);
    bench.at();
    bench.op.portOutString(1);
    assert.equal(bench.accesses.length, 5);
    assert.equal(bench.state.eip, EIP_NEXT);
  });

  it('keep what was done when a later element faults, and lose no input', () => {
    const bench = flat();
    bench.enablePaging();
    bench.setPage(0x61000, 0);
    bench.state.setReg(EDI, 0x60ffa);
    bench.state.setReg(ECX, 6);
    bench.state.set(layout.PREFIXES, layout.PREFIX_REP);
    bench.state.set(layout.REMAINING, 100);
    assert.equal(
      bench.faultInNewContext(() => bench.op.portInString(4)),
      '#PF(0x2)',
    );
    assert.equal(bench.accesses.length, 1, 'the port was not read for the element that crosses into the missing page');
    assert.equal(bench.state.reg(EDI), 0x60ffe);
    assert.equal(bench.state.reg(ECX), 5);
    assert.equal(bench.state.eipStart, EIP_START);
    assert.equal(
      bench.state.get(layout.REMAINING),
      99,
      'one element is done: the faulting instruction itself is not counted',
    );
    assert.equal(bench.state.cr(2), 0x61000);
    bench.setPage(0x61000, 7);
    bench.at();
    bench.op.portInString(4);
    assert.equal(bench.accesses.length, 6);
    assert.equal(bench.read32(0x60ffa), 0xa0);
    assert.equal(bench.read32(0x60ffe), 0xa1);
    assert.equal(bench.read32(0x61000 + 14), 0xa5);
  });

  it('keep what was done when the debugger stops before a later element', () => {
    const bench = flat();
    bench.state.set(layout.PREFIXES, layout.PREFIX_REP);
    bench.state.setReg(ECX, 4);
    bench.onAccess = () => {
      if (bench.accesses.length === 2) throw new AbortInstruction();
    };
    assert.throws(() => bench.op.portOutString(2), AbortInstruction);
    assert.equal(bench.state.reg(ECX), 2);
    assert.equal(bench.state.reg(ESI), 0x50004);
    assert.equal(bench.state.eipStart, EIP_START);
  });

  it('check segments before the port is touched', () => {
    const bench = flat();
    bench.gdt(FREE, descriptor({ type: DATA_RO }));
    bench.gdt(FREE + 8, descriptor({ type: DATA_RW, limit: 0x5fff }));
    bench.op.loadSegment(ES, FREE);
    assert.equal(
      bench.fault(() => bench.op.portInString(1)),
      '#GP(0x0)',
    );
    bench.op.loadSegment(DS, FREE + 8);
    bench.state.setReg(ESI, 0x5ffe);
    assert.equal(
      bench.fault(() => bench.op.portOutString(4)),
      '#GP(0x0)',
    );
    bench.op.loadSegment(DS, 0);
    assert.equal(
      bench.fault(() => bench.op.portOutString(1)),
      '#GP(0x0)',
    );
    assert.equal(bench.accesses.length, 0);
  });

  it('wrap 16-bit indices within the segment', () => {
    const bench = Bench.real();
    bench.op.loadSegment(DS, 0x5000);
    bench.memory.write(0x5ffff, 1, 0x77);
    bench.memory.write(0x50000, 1, 0x88);
    bench.state.setReg(ESI, 0xffff);
    bench.state.setReg(ECX, 2);
    bench.state.set(layout.PREFIXES, layout.PREFIX_REP);
    bench.op.portOutString(1);
    assert.deepEqual(
      bench.accesses.map((access) => access.value),
      [0x77, 0x88],
    );
    bench.state.setReg(ESI, 0xffff);
    bench.state.setReg(ECX, 1);
    assert.equal(
      bench.fault(() => bench.op.portOutString(2)),
      '#GP(0x0)',
    );
  });

  it('serve a hypervisor that decodes by itself', () => {
    const bench = flat();
    bench.state.setReg(ECX, 3);
    const form = { direction: 'in', width: 2, segment: DS, addressSize: 4, repeat: true } as const;
    const counts: number[] = [];
    const done = stringIo(bench.cpu, form, (_value, remaining) => {
      counts.push(remaining);
      return 0x1100 + remaining;
    });
    assert.equal(done, 3);
    assert.deepEqual(counts, [3, 2, 1]);
    assert.deepEqual(
      [0, 2, 4].map((offset) => bench.read16(0x60000 + offset)),
      [0x1103, 0x1102, 0x1101],
    );
    bench.state.setReg(ECX, 0);
    assert.equal(
      stringIo(bench.cpu, form, () => assert.fail('nothing to do')),
      0,
    );
  });
});
