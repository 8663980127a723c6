import assert from 'node:assert/strict';
import * as layout from '../../../src/machine/layout';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import {
  Bench,
  CODE_CONFORMING,
  CODE_RX,
  code,
  DATA_RW,
  data,
  descriptor,
  EIP_NEXT,
  FREE,
  GDT,
  gate,
  INNER_STACK,
  STACK,
  TSS,
} from './bench';

const { CS, SS, DS, ES, FS, GS } = SegmentIndex;
const CALL_GATE_16 = 4;
const CALL_GATE_32 = 12;
/** A second free entry, for the segment behind a gate. */
const TARGET = FREE + 8;

/** JMP or CALL. */
function transfer(bench: Bench, call: boolean): Bench['op']['farJump'] {
  return (...target) => (call ? bench.op.farCall(...target) : bench.op.farJump(...target));
}

describe('far JMP and CALL in real and V86 mode', () => {
  for (const [mode, create] of [
    ['real', () => Bench.real()],
    ['V86', () => Bench.v86(0)],
  ] as const) {
    it(`goes to selector * 16 in ${mode} mode and pushes the return address`, () => {
      for (const size of [2, 4] as const) {
        const bench = create();
        bench.op.farCall(0x3456, 0x789, size);
        assert.equal(bench.state.selector(CS), 0x3456);
        assert.equal(bench.state.segmentBase(CS), 0x34560);
        assert.equal(bench.state.eip, 0x789);
        const frame = size === 2 ? bench.stack16(2) : [bench.read32(0x20ff8), bench.read32(0x20ffc)];
        assert.deepEqual(frame, [EIP_NEXT, 0x1000]);
        bench.op.farReturn(size, 6);
        assert.equal(bench.state.selector(CS), 0x1000);
        assert.equal(bench.state.eip, EIP_NEXT);
        assert.equal(bench.state.reg(Register.ESP), 0x1006);
        bench.op.farJump(0x10, 0xfffe, size);
        assert.equal(bench.state.segmentBase(CS), 0x100);
        assert.equal(bench.state.eip, 0xfffe);
      }
    });

    it(`refuses offsets beyond 64 KiB in ${mode} mode`, () => {
      const bench = create();
      assert.equal(
        bench.fault(() => bench.op.farJump(0x10, 0x10000, 4)),
        '#GP(0x0)',
      );
      assert.equal(
        bench.fault(() => bench.op.farCall(0x10, 0x10000, 4)),
        '#GP(0x0)',
      );
      bench.pushAll([0x10000, 0x10]);
      assert.equal(
        bench.fault(() => bench.op.farReturn(4, 0)),
        '#GP(0x0)',
      );
    });

    it(`raises #SS(0) where the stack ends in ${mode} mode`, () => {
      const bench = create();
      bench.state.setReg(Register.ESP, 1);
      assert.equal(
        bench.fault(() => bench.op.farCall(0x10, 0, 2)),
        '#SS(0x0)',
      );
      bench.state.setReg(Register.ESP, 0xffff);
      assert.equal(
        bench.fault(() => bench.op.farReturn(2, 0)),
        '#SS(0x0)',
      );
    });
  }
});

describe('far JMP and CALL to code segments', () => {
  for (const conforming of [false, true]) {
    for (const call of [false, true]) {
      it(`${call ? 'CALL' : 'JMP'} to ${conforming ? 'conforming' : 'ordinary'} code checks every CPL, RPL, DPL and presence`, () => {
        const bench = Bench.protected(0);
        for (let i = 0; i < 128; i++) {
          const [cpl, rpl, dpl, present] = [i & 3, (i >>> 2) & 3, (i >>> 4) & 3, i >>> 6 === 1];
          bench.setLevel(cpl);
          bench.state.setReg(Register.ESP, STACK);
          bench.at();
          const type = conforming ? CODE_CONFORMING : CODE_RX;
          bench.gdt(FREE, descriptor({ type, dpl, present, base: 0x40000, limit: 0x1fff }));
          const allowed = conforming ? dpl <= cpl : dpl === cpl && rpl <= cpl;
          const expected = !allowed ? '#GP(0x60)' : present ? 'ok' : '#NP(0x60)';
          const title = `CPL ${cpl} RPL ${rpl} DPL ${dpl} P ${present}`;
          const go = transfer(bench, call);
          assert.equal(
            bench.outcome(() => go(FREE | rpl, 0x1234, 4)),
            expected,
            title,
          );
          if (expected !== 'ok') continue;
          assert.equal(bench.state.selector(CS), FREE | cpl, title);
          assert.equal(bench.state.cpl, cpl, title);
          assert.equal(bench.state.eip, 0x1234);
          assert.equal(bench.state.segmentBase(CS), 0x40000);
          if (call) assert.deepEqual(bench.stack32(2), [EIP_NEXT, code(cpl)]);
        }
      });
    }
  }

  it('refuses null, out-of-table, data and offsets beyond the limit', () => {
    const bench = Bench.protected(0);
    bench.gdt(FREE, descriptor({ type: CODE_RX, limit: 0xfff }));
    bench.gdt(TARGET, descriptor({ type: DATA_RW }));
    bench.gdt(TARGET + 8, descriptor({ type: 0xe }));
    for (const call of [false, true]) {
      const go = transfer(bench, call);
      for (let selector = 0; selector < 4; selector++) {
        assert.equal(
          bench.fault(() => go(selector, 0, 4)),
          '#GP(0x0)',
        );
      }
      assert.equal(
        bench.fault(() => go(0xa0, 0, 4)),
        '#GP(0xa0)',
      );
      assert.equal(
        bench.fault(() => go(TARGET, 0, 4)),
        `#GP(0x${TARGET.toString(16)})`,
      );
      assert.equal(
        bench.fault(() => go(TARGET + 8, 0, 4)),
        `#GP(0x${(TARGET + 8).toString(16)})`,
        'an interrupt gate',
      );
      assert.equal(
        bench.fault(() => go(FREE, 0x1000, 4)),
        '#GP(0x0)',
      );
      assert.equal(
        bench.outcome(() => go(FREE, 0xfff, 4)),
        'ok',
      );
      bench.setLevel(0);
    }
  });

  it('switches the code size and truncates 16-bit offsets', () => {
    const bench = Bench.protected(0);
    bench.gdt(FREE, descriptor({ type: CODE_RX, big: false }));
    bench.op.farJump(FREE, 0xabcd1234, 2);
    assert.equal(bench.state.get(layout.CODE_32), 0);
    assert.equal(bench.state.eip, 0x1234);
    bench.op.farCall(code(0), 0x5678, 2);
    assert.equal(bench.state.get(layout.CODE_32), 1);
    assert.deepEqual(bench.stack16(2), [0x1234, FREE]);
  });

  it('leaves the stack alone if the push faults', () => {
    const bench = Bench.protected(0);
    bench.enablePaging();
    bench.setPage(STACK - 4, 0);
    assert.equal(
      bench.fault(() => bench.op.farCall(code(0), 0, 4)),
      '#PF(0x2)',
    );
  });
});

describe('call gates', () => {
  it('check CPL and RPL against the gate, presence, then the target, for JMP and CALL', () => {
    const bench = Bench.protected(0);
    for (let i = 0; i < 512; i++) {
      const [cpl, rpl, gateDpl, targetDpl] = [i & 3, (i >>> 2) & 3, (i >>> 4) & 3, (i >>> 6) & 3];
      const conforming = i >>> 8 === 1;
      bench.gdt(FREE, gate(CALL_GATE_32, TARGET, 0x4321, gateDpl));
      bench.gdt(TARGET, descriptor({ type: conforming ? CODE_CONFORMING : CODE_RX, dpl: targetDpl }));
      const reach = gateDpl >= cpl && gateDpl >= rpl;
      for (const call of [false, true]) {
        bench.setLevel(cpl);
        bench.state.setReg(Register.ESP, STACK);
        bench.at();
        const allowed = conforming || call ? targetDpl <= cpl : targetDpl === cpl;
        const expected = !reach ? '#GP(0x60)' : allowed ? 'ok' : '#GP(0x68)';
        const title = `${call ? 'CALL' : 'JMP'} CPL ${cpl} RPL ${rpl} gate ${gateDpl} target ${targetDpl} ${conforming ? 'C' : ''}`;
        const go = transfer(bench, call);
        assert.equal(
          bench.outcome(() => go(FREE | rpl, 0, 4)),
          expected,
          title,
        );
        if (expected !== 'ok') continue;
        const level = conforming ? cpl : targetDpl;
        assert.equal(bench.state.cpl, level, title);
        assert.equal(bench.state.selector(CS), TARGET | level, title);
        assert.equal(bench.state.eip, 0x4321);
        if (!call) continue;
        const outward = level < cpl ? [EIP_NEXT, code(cpl), STACK, data(cpl)] : [EIP_NEXT, code(cpl)];
        assert.deepEqual(bench.stack32(outward.length), outward, title);
        if (level < cpl) assert.equal(bench.state.selector(SS), data(level), title);
      }
    }
  });

  it('name the gate or the target in #NP', () => {
    const bench = Bench.protected(0);
    bench.gdt(FREE, gate(CALL_GATE_32, TARGET, 0, 0, false));
    bench.gdt(TARGET, descriptor({ type: CODE_RX, present: false }));
    assert.equal(
      bench.fault(() => bench.op.farCall(FREE, 0, 4)),
      '#NP(0x60)',
    );
    bench.gdt(FREE, gate(CALL_GATE_32, TARGET, 0, 0));
    assert.equal(
      bench.fault(() => bench.op.farCall(FREE, 0, 4)),
      '#NP(0x68)',
    );
    assert.equal(
      bench.fault(() => bench.op.farJump(FREE, 0, 4)),
      '#NP(0x68)',
    );
  });

  it('refuse bad targets', () => {
    const bench = Bench.protected(0);
    bench.gdt(TARGET, descriptor({ type: DATA_RW }));
    for (const [selector, expected] of [
      [0, '#GP(0x0)'],
      [3, '#GP(0x0)'],
      [TARGET, '#GP(0x68)'],
      [0x100, '#GP(0x100)'],
    ] as const) {
      bench.gdt(FREE, gate(CALL_GATE_32, selector, 0));
      assert.equal(
        bench.fault(() => bench.op.farCall(FREE, 0, 4)),
        expected,
      );
      assert.equal(
        bench.fault(() => bench.op.farJump(FREE, 0, 4)),
        expected,
      );
    }
    bench.gdt(FREE, gate(CALL_GATE_32, TARGET, 0x2000));
    bench.gdt(TARGET, descriptor({ type: CODE_RX, limit: 0x1fff }));
    assert.equal(
      bench.fault(() => bench.op.farCall(FREE, 0, 4)),
      '#GP(0x0)',
    );
  });

  for (const [type, size] of [
    [CALL_GATE_16, 2],
    [CALL_GATE_32, 4],
  ] as const) {
    it(`copy up to 31 parameters of ${size} bytes to the inner stack, and RETF drops them on both`, () => {
      for (const count of [0, 1, 2, 31]) {
        const bench = Bench.protected(3);
        const parameters = Array.from({ length: count }, (_, i) => 0x1100 + i);
        bench.pushAll(parameters, size);
        const outer = bench.state.reg(Register.ESP);
        bench.gdt(FREE, gate(type, code(0), 0x4321, 3, true, count));
        bench.op.farCall(FREE | 3, 0, 4);
        assert.equal(bench.state.cpl, 0);
        assert.equal(bench.state.eip, 0x4321);
        assert.equal(bench.state.reg(Register.ESP), INNER_STACK - (4 + count) * size);
        const frame = [EIP_NEXT, code(3), ...parameters, outer & (size === 2 ? 0xffff : 0xffffffff), data(3)];
        assert.deepEqual(size === 2 ? bench.stack16(frame.length) : bench.stack32(frame.length), frame);
        bench.op.farReturn(size, count * size);
        assert.equal(bench.state.cpl, 3);
        assert.equal(bench.state.selector(SS), data(3));
        assert.equal(bench.state.selector(CS), code(3));
        assert.equal(bench.state.eip, EIP_NEXT);
        assert.equal(bench.state.reg(Register.ESP), (outer & (size === 2 ? 0xffff : 0xffffffff)) + count * size);
      }
    });
  }

  describe('inner stacks', () => {
    function attempt(prepare: (bench: Bench) => void): string {
      const bench = Bench.protected(3);
      bench.gdt(FREE, gate(CALL_GATE_32, code(0), 0x4321, 3, true, 2));
      prepare(bench);
      return bench.outcome(() => bench.op.farCall(FREE | 3, 0, 4));
    }

    it('are checked with #TS naming SS', () => {
      const ss0 = TSS + 8;
      assert.equal(
        attempt(() => undefined),
        'ok',
      );
      assert.equal(
        attempt((bench) => bench.write32(ss0, 0)),
        '#TS(0x0)',
      );
      assert.equal(
        attempt((bench) => bench.write32(ss0, 0x200)),
        '#TS(0x200)',
        'outside the GDT',
      );
      assert.equal(
        attempt((bench) => bench.write32(ss0, data(0) | 1)),
        '#TS(0x10)',
        'RPL',
      );
      assert.equal(
        attempt((bench) => bench.write32(ss0, data(1) & ~3)),
        '#TS(0x20)',
        'DPL',
      );
      assert.equal(
        attempt((bench) => bench.write32(ss0, code(0))),
        '#TS(0x8)',
        'type',
      );
      assert.equal(
        attempt((bench) => bench.gdt(data(0), descriptor({ type: DATA_RW, present: false }))),
        '#SS(0x10)',
      );
    });

    it('need room for the frame, else #SS naming SS', () => {
      // Six dwords: SS, ESP, two parameters, CS, EIP.
      assert.equal(
        attempt((bench) => bench.write32(TSS + 4, 24)),
        'ok',
      );
      assert.equal(
        attempt((bench) => bench.write32(TSS + 4, 23)),
        'ok',
        'a flat segment wraps',
      );
      const small = (bench: Bench): void => bench.gdt(data(0), descriptor({ type: DATA_RW, limit: 0xfff }));
      const at = (pointer: number) => (bench: Bench) => {
        small(bench);
        bench.write32(TSS + 4, pointer);
      };
      assert.equal(attempt(at(24)), 'ok');
      assert.equal(attempt(at(23)), '#SS(0x10)');
      assert.equal(attempt(at(0x1000)), 'ok');
      assert.equal(attempt(at(0x1001)), '#SS(0x10)');
    });

    it('must be inside the TSS, else #TS naming TR', () => {
      const limit = (value: number) => (bench: Bench) => {
        bench.state.u32[(layout.SEG_LIMIT >>> 2) + SegmentIndex.TR] = value;
      };
      assert.equal(attempt(limit(9)), 'ok');
      assert.equal(attempt(limit(8)), '#TS(0x48)');
    });

    it('come from a 286 TSS as words', () => {
      const bench = Bench.protected(3);
      bench.gdt(FREE, gate(CALL_GATE_32, code(1), 0x4321, 3));
      bench.state.u32[(layout.SEG_ATTRIBUTES >>> 2) + SegmentIndex.TR] = 0x83;
      bench.write16(TSS + 6, 0xe000);
      bench.write16(TSS + 8, data(1));
      bench.op.farCall(FREE | 3, 0, 4);
      assert.equal(bench.state.cpl, 1);
      assert.equal(bench.state.reg(Register.ESP), 0xe000 - 16);
    });

    it('leave the upper half of ESP alone where they are 16-bit ones', () => {
      const bench = Bench.protected(3);
      bench.state.setReg(Register.ESP, 0xabcd8000);
      bench.gdt(data(0), descriptor({ type: DATA_RW, limit: 0xffff, base: 0x50000, big: false }));
      bench.write32(TSS + 4, 0x99994000);
      bench.gdt(FREE, gate(CALL_GATE_32, code(0), 0x4321, 3));
      bench.op.farCall(FREE | 3, 0, 4);
      assert.equal(bench.state.reg(Register.ESP), 0xabcd3ff0);
      assert.equal(bench.read32(0x53ffc), data(3));
    });

    it('are written as a supervisor while the parameters are read as the user', () => {
      const bench = Bench.protected(3);
      bench.pushAll([0x77, 0x88]);
      bench.gdt(FREE, gate(CALL_GATE_32, code(0), 0x4321, 3, true, 2));
      bench.enablePaging();
      bench.setPage(INNER_STACK - 0x1000, 3);
      assert.equal(
        bench.outcome(() => bench.op.farCall(FREE | 3, 0, 4)),
        'ok',
      );
      const user = Bench.protected(3);
      user.pushAll([0x77, 0x88]);
      user.gdt(FREE, gate(CALL_GATE_32, code(0), 0x4321, 3, true, 2));
      user.enablePaging();
      user.setPage(STACK - 0x1000, 3);
      assert.equal(
        user.fault(() => user.op.farCall(FREE | 3, 0, 4)),
        '#PF(0x5)',
      );
    });
  });
});

describe('far RET in protected mode', () => {
  for (const conforming of [false, true]) {
    it(`to ${conforming ? 'conforming' : 'ordinary'} code checks every CPL, RPL, DPL and presence`, () => {
      const bench = Bench.protected(0);
      for (let i = 0; i < 128; i++) {
        const [cpl, rpl, dpl, present] = [i & 3, (i >>> 2) & 3, (i >>> 4) & 3, i >>> 6 === 1];
        bench.setLevel(cpl);
        bench.state.setReg(Register.ESP, STACK);
        bench.at();
        bench.gdt(FREE, descriptor({ type: conforming ? CODE_CONFORMING : CODE_RX, dpl, present }));
        bench.pushAll([0x1234, FREE | rpl, 0x18000, data(rpl)]);
        const allowed = rpl >= cpl && (conforming ? dpl <= rpl : dpl === rpl);
        const expected = !allowed ? '#GP(0x60)' : present ? 'ok' : '#NP(0x60)';
        const title = `CPL ${cpl} RPL ${rpl} DPL ${dpl} P ${present}`;
        assert.equal(
          bench.outcome(() => bench.op.farReturn(4, 0)),
          expected,
          title,
        );
        if (expected !== 'ok') continue;
        assert.equal(bench.state.cpl, rpl, title);
        assert.equal(bench.state.selector(CS), FREE | rpl, title);
        assert.equal(bench.state.reg(Register.ESP), rpl === cpl ? STACK - 8 : 0x18000, title);
        assert.equal(bench.state.selector(SS), data(rpl), title);
      }
    });
  }

  it('checks the outer stack', () => {
    const bench = Bench.protected(0);
    bench.gdt(FREE, descriptor({ type: DATA_RW, dpl: 3, present: false }));
    for (const [selector, expected] of [
      [0, '#GP(0x0)'],
      [3, '#GP(0x0)'],
      [0x1f3, '#GP(0x1f0)'],
      [data(3) & ~3, '#GP(0x40)'],
      [data(2) | 3, '#GP(0x30)'],
      [code(3), '#GP(0x38)'],
      [FREE | 3, '#SS(0x60)'],
      [data(3), 'ok'],
    ] as const) {
      bench.setLevel(0);
      bench.state.setReg(Register.ESP, STACK);
      bench.pushAll([0x1234, code(3), 0x18000, selector]);
      assert.equal(
        bench.outcome(() => bench.op.farReturn(4, 0)),
        expected,
      );
    }
  });

  it('refuses null, other types, offsets beyond the limit and unreadable frames', () => {
    const bench = Bench.protected(0);
    bench.gdt(FREE, descriptor({ type: CODE_RX, limit: 0xfff }));
    bench.gdt(TARGET, descriptor({ type: CODE_RX, dpl: 3, limit: 0xfff }));
    for (const [target, selector, expected] of [
      [0, 0, '#GP(0x0)'],
      [0, 2, '#GP(0x0)'],
      [0, data(0), '#GP(0x10)'],
      [0x1000, FREE, '#GP(0x0)'],
      [0x1000, TARGET | 3, '#GP(0x0)'],
      [0xfff, FREE, 'ok'],
    ] as const) {
      bench.setLevel(0);
      bench.state.setReg(Register.ESP, STACK);
      bench.pushAll([target, selector, 0x18000, data(3)]);
      assert.equal(
        bench.outcome(() => bench.op.farReturn(4, 0)),
        expected,
      );
    }
    bench.cpu.segmentation.setHidden(SS, data(0), 0, STACK + 6, 0x4093);
    bench.state.setReg(Register.ESP, STACK);
    assert.equal(
      bench.fault(() => bench.op.farReturn(4, 0)),
      '#SS(0x0)',
    );
  });

  it('clears the data segments that the outer level may not use', () => {
    const bench = Bench.protected(0);
    bench.gdt(FREE, descriptor({ type: CODE_CONFORMING, dpl: 0 }));
    bench.op.loadSegment(DS, data(0));
    bench.op.loadSegment(ES, data(3));
    bench.op.loadSegment(FS, FREE);
    bench.op.loadSegment(GS, code(1) & ~3);
    bench.pushAll([0x1234, code(2), 0x18000, data(2)]);
    bench.op.farReturn(4, 0);
    assert.deepEqual(
      [DS, ES, FS, GS].map((segment) => bench.state.selector(segment)),
      [0, data(3), FREE, 0],
    );
    assert.equal(
      bench.outcome(() => bench.cpu.segmentation.readSegmented(DS, 0, 1)),
      '#GP(0x0)',
    );
    assert.equal(
      bench.outcome(() => bench.cpu.segmentation.readSegmented(FS, 0, 1)),
      'ok',
    );
  });

  it('loads only SP on a 16-bit outer stack', () => {
    const bench = Bench.protected(0);
    bench.gdt(FREE, descriptor({ type: DATA_RW, dpl: 3, big: false }));
    bench.state.setReg(Register.ESP, 0x00020000);
    bench.pushAll([0x1234, code(3), 0xaaaa5555, FREE | 3]);
    const upper = bench.state.reg(Register.ESP) & 0xffff0000;
    bench.op.farReturn(4, 0);
    assert.equal(bench.state.reg(Register.ESP), upper | 0x5555);
  });

  it('marks the segments it loads as accessed', () => {
    const bench = Bench.protected(0);
    bench.gdt(FREE, descriptor({ type: CODE_RX, dpl: 3 }));
    bench.gdt(TARGET, descriptor({ type: DATA_RW, dpl: 3 }));
    bench.pushAll([0x1234, FREE | 3, 0x18000, TARGET | 3]);
    bench.op.farReturn(4, 0);
    assert.equal(bench.read32(GDT + FREE + 4) & 0x100, 0x100);
    assert.equal(bench.read32(GDT + TARGET + 4) & 0x100, 0x100);
  });
});
