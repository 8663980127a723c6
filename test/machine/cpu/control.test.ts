import assert from 'node:assert/strict';
import * as layout from '../../../src/machine/layout';
import { SegmentIndex } from '../../../src/machine/layout';
import {
  Bench,
  CODE_CONFORMING,
  CODE_RX,
  CODE_X,
  code,
  DATA_RO,
  DATA_RW,
  data,
  descriptor,
  FREE,
  GDT,
  LDT,
  LDT_SELECTOR,
  TSS_NEW,
  TSS_NEW_SELECTOR,
  TSS_SELECTOR,
} from './bench';

const { DS, ES, CS, TR, LDTR } = SegmentIndex;
const { FLAG_IF: IF, FLAG_ZF: ZF } = layout;
const models = ['386', '486', 'pentium', 'pentium2', 'pentium3', 'pentium4'] as const;

describe('control registers', () => {
  it('are for CPL 0 only', () => {
    for (let cpl = 0; cpl < 4; cpl++) {
      const bench = Bench.protected(cpl);
      const expected = cpl === 0 ? 'ok' : '#GP(0x0)';
      const privileged: (() => unknown)[] = [
        () => bench.op.readControl(0),
        () => bench.op.writeControl(3, 0),
        () => bench.op.readDebug(0),
        () => bench.op.writeDebug(0, 1),
        () => bench.op.clearTaskSwitched(),
        () => bench.op.loadMachineStatus(1),
        () => bench.op.writeBackCaches(),
        () => bench.op.invalidatePage(DS, 0),
        () => bench.op.halt(),
        () => bench.op.loadLdt(0),
        () => bench.op.loadTask(TSS_NEW_SELECTOR),
      ];
      for (const action of privileged)
        assert.equal(
          bench.outcome(() => void action()),
          expected,
          action.toString(),
        );
      assert.equal(
        bench.outcome(() => void bench.op.storeMachineStatus()),
        'ok',
      );
      assert.equal(
        bench.outcome(() => void bench.op.storeLdt()),
        'ok',
      );
      assert.equal(
        bench.outcome(() => void bench.op.storeTask()),
        'ok',
      );
    }
    const v86 = Bench.v86(3);
    assert.equal(
      v86.fault(() => v86.op.writeControl(0, 1)),
      '#GP(0x0)',
    );
    assert.equal(
      v86.fault(() => v86.op.halt()),
      '#GP(0x0)',
    );
  });

  it('exist as the model has them', () => {
    for (const model of models) {
      const bench = Bench.protected(0, model);
      for (const index of [1, 5, 6, 7]) {
        assert.equal(
          bench.fault(() => bench.op.readControl(index)),
          '#UD',
        );
        assert.equal(
          bench.fault(() => bench.op.writeControl(index, 0)),
          '#UD',
        );
      }
      const cr4 = model === '386' || model === '486' ? '#UD' : 'ok';
      assert.equal(
        bench.outcome(() => void bench.op.readControl(4)),
        cr4,
        model,
      );
    }
  });

  it('refuse impossible CR0 values', () => {
    const bench = Bench.real();
    assert.equal(
      bench.fault(() => bench.op.writeControl(0, 0x80000000)),
      '#GP(0x0)',
      'PG without PE',
    );
    assert.equal(
      bench.fault(() => bench.op.writeControl(0, 0x20000000)),
      '#GP(0x0)',
      'NW without CD',
    );
    assert.equal(
      bench.outcome(() => bench.op.writeControl(0, 0x60000000)),
      'ok',
    );
  });

  it('keep the CR0 bits that the model has, with ET fixed from the 486 on and reserved bits as ones on the 386', () => {
    for (const model of models) {
      const bench = Bench.protected(0, model);
      bench.op.writeControl(0, 0x7fffffff);
      assert.equal(bench.op.readControl(0), model === '386' ? 0x7ffeffff : 0x6005003f, model);
      bench.op.writeControl(0, 1);
      assert.equal(bench.op.readControl(0), model === '386' ? 0x7ffeffe1 : 0x11, model);
    }
  });

  it('refuse CR4 bits that the model does not have', () => {
    // VME PVI TSD DE PSE MCE; P6: PAE PGE PCE OSFXSR; with SSE: OSXMMEXCPT.
    const allowed = { pentium: 0x5f, pentium2: 0x3ff, pentium3: 0x7ff, pentium4: 0x7ff };
    for (const [model, mask] of Object.entries(allowed)) {
      const bench = Bench.protected(0, model as 'pentium');
      for (let bit = 0; bit < 32; bit++) {
        const value = 2 ** bit;
        const expected = (mask & value) !== 0 ? 'ok' : '#GP(0x0)';
        assert.equal(
          bench.outcome(() => bench.op.writeControl(4, value)),
          expected,
          `${model} bit ${bit}`,
        );
      }
    }
  });

  it('move between real and protected mode, with the segments as they were', () => {
    const bench = Bench.real();
    bench.op.writeControl(0, bench.op.readControl(0) | 1);
    assert.equal(bench.state.protectedMode, true);
    assert.equal(bench.state.cpl, 0);
    assert.equal(bench.state.segmentBase(CS), 0x10000);
    bench.op.loadMachineStatus(0);
    assert.equal(bench.state.protectedMode, true, 'LMSW cannot leave protected mode');
    bench.op.writeControl(0, bench.op.readControl(0) & ~1);
    assert.equal(bench.state.protectedMode, false);
  });

  it('LMSW and CLTS change MP, EM and TS only', () => {
    const bench = Bench.protected(0);
    const before = bench.state.cr(0);
    bench.op.loadMachineStatus(0xfffffffe);
    assert.equal(bench.state.cr(0), before | 0xe);
    assert.equal(bench.op.storeMachineStatus(), before | 0xe);
    bench.op.clearTaskSwitched();
    assert.equal(bench.state.cr(0), before | 6);
    bench.op.loadMachineStatus(0);
    assert.equal(bench.state.cr(0), before);
  });

  it('keep CR2 and CR3', () => {
    const bench = Bench.protected(0);
    bench.op.writeControl(2, 0x12345678);
    assert.equal(bench.op.readControl(2), 0x12345678);
    bench.op.writeControl(3, 0xabcdefff);
    assert.equal(bench.op.readControl(3), 0xabcdefff, 'the low bits, too: PAE needs them');
  });
});

describe('debug registers', () => {
  it('keep addresses and have fixed bits in DR6 and DR7, also as DR4 and DR5', () => {
    const bench = Bench.protected(0);
    for (let index = 0; index < 4; index++) {
      bench.op.writeDebug(index, 0x1000 + index);
      assert.equal(bench.op.readDebug(index), 0x1000 + index);
    }
    bench.op.writeDebug(4, 0);
    assert.equal(bench.op.readDebug(6), 0xffff0ff0);
    bench.op.writeDebug(6, 0xffffffff);
    assert.equal(bench.op.readDebug(4), 0xffffefff);
    bench.op.writeDebug(5, 0xffffdfff);
    assert.equal(bench.op.readDebug(7), 0xffff07ff);
    bench.op.writeDebug(7, 0);
    assert.equal(bench.op.readDebug(5), 0x400);
  });

  it('are guarded by DR7.GD', () => {
    const bench = Bench.protected(0);
    bench.op.writeDebug(7, 0x2000);
    assert.equal(
      bench.fault(() => bench.op.readDebug(0)),
      '#DB',
    );
    assert.equal(bench.state.dr(6) & 0x2000, 0x2000);
    assert.equal(
      bench.fault(() => bench.op.writeDebug(7, 0)),
      '#DB',
    );
  });
});

describe('descriptor-table registers', () => {
  it('are loaded from memory; 16-bit operands take 24 bits of base', () => {
    for (const size of [2, 4] as const) {
      const bench = Bench.protected(0);
      bench.op.loadSegment(DS, data(0));
      bench.write16(0x7000, 0x1234);
      bench.write32(0x7002, 0xaabbccdd);
      bench.op.loadGdt(DS, 0x7000, size);
      bench.op.loadIdt(DS, 0x7000, size);
      const base = size === 4 ? 0xaabbccdd : 0xbbccdd;
      for (const [limitField, baseField] of [
        [layout.GDTR_LIMIT, layout.GDTR_BASE],
        [layout.IDTR_LIMIT, layout.IDTR_BASE],
      ]) {
        assert.equal(bench.state.get(limitField), 0x1234);
        assert.equal(bench.state.get(baseField), base);
      }
      bench.state.set(layout.GDTR_BASE, 0x11223344);
      bench.op.storeGdt(DS, 0x7100, size);
      bench.op.storeIdt(DS, 0x7200, size);
      assert.equal(bench.read16(0x7100), 0x1234);
      assert.equal(bench.read32(0x7102), size === 4 ? 0x11223344 : 0x223344);
      assert.equal(bench.read32(0x7202), base);
    }
  });

  it('are loaded at CPL 0 only, stored at any', () => {
    const bench = Bench.protected(3);
    bench.op.loadSegment(DS, data(3));
    assert.equal(
      bench.fault(() => bench.op.loadGdt(DS, 0x7000, 4)),
      '#GP(0x0)',
    );
    assert.equal(
      bench.fault(() => bench.op.loadIdt(DS, 0x7000, 4)),
      '#GP(0x0)',
    );
    assert.equal(
      bench.outcome(() => bench.op.storeGdt(DS, 0x7000, 4)),
      'ok',
    );
    assert.equal(
      bench.outcome(() => bench.op.storeIdt(DS, 0x7000, 4)),
      'ok',
    );
  });

  it('fault without effect at limits and missing pages', () => {
    const bench = Bench.protected(0);
    bench.gdt(FREE, descriptor({ type: DATA_RW, limit: 0x7004 }));
    bench.op.loadSegment(DS, FREE);
    assert.equal(
      bench.fault(() => bench.op.loadGdt(DS, 0x7000, 4)),
      '#GP(0x0)',
    );
    assert.equal(
      bench.fault(() => bench.op.storeGdt(DS, 0x7000, 4)),
      '#GP(0x0)',
    );
    bench.op.loadSegment(DS, data(0));
    bench.enablePaging();
    bench.setPage(0x8000, 0);
    bench.write32(0x7ffc, 0x55555555);
    assert.equal(
      bench.fault(() => bench.op.loadIdt(DS, 0x7ffd, 4)),
      '#PF(0x0)',
    );
    assert.equal(
      bench.fault(() => bench.op.storeIdt(DS, 0x7ffd, 4)),
      '#PF(0x2)',
    );
    assert.equal(bench.read32(0x7ffc), 0x55555555, 'nothing was stored');
  });
});

describe('LLDT, LTR, SLDT, STR', () => {
  it('exist in protected mode only', () => {
    for (const bench of [Bench.real(), Bench.v86(3)]) {
      const actions: (() => unknown)[] = [
        () => bench.op.loadLdt(0),
        () => bench.op.loadTask(TSS_NEW_SELECTOR),
        () => bench.op.storeLdt(),
        () => bench.op.storeTask(),
        () => bench.op.loadAccessRights(8, 0),
        () => bench.op.loadSegmentLimit(8, 0),
        () => bench.op.verifyRead(8),
        () => bench.op.verifyWrite(8),
      ];
      for (const action of actions)
        assert.equal(
          bench.fault(() => void action()),
          '#UD',
          action.toString(),
        );
    }
  });

  it('LLDT takes a present LDT in the GDT, or null', () => {
    const bench = Bench.protected(0);
    bench.gdt(FREE, descriptor({ base: 0x9000, limit: 0x3f, type: 2, present: false }));
    for (const [selector, expected] of [
      [LDT_SELECTOR, 'ok'],
      [LDT_SELECTOR | 4, '#GP(0x5c)'],
      [code(0), '#GP(0x8)'],
      [TSS_NEW_SELECTOR, '#GP(0x50)'],
      [0x400, '#GP(0x400)'],
      [FREE, '#NP(0x60)'],
    ] as const) {
      assert.equal(
        bench.outcome(() => bench.op.loadLdt(selector)),
        expected,
      );
    }
    assert.equal(bench.op.storeLdt(), LDT_SELECTOR);
    assert.equal(bench.state.segmentBase(LDTR), LDT);
    assert.equal(bench.state.segmentLimit(LDTR), 0xff);
    bench.op.loadLdt(0);
    assert.equal(bench.op.storeLdt(), 0);
  });

  it('LTR takes a present available TSS and marks it busy', () => {
    const bench = Bench.protected(0);
    bench.gdt(FREE, descriptor({ base: TSS_NEW, limit: 0x67, type: 9, present: false }));
    for (const [selector, expected] of [
      [0, '#GP(0x0)'],
      [TSS_NEW_SELECTOR | 4, '#GP(0x54)'],
      [TSS_SELECTOR, '#GP(0x48)'],
      [data(0), '#GP(0x10)'],
      [0x400, '#GP(0x400)'],
      [FREE, '#NP(0x60)'],
      [TSS_NEW_SELECTOR, 'ok'],
      [TSS_NEW_SELECTOR, '#GP(0x50)'],
    ] as const) {
      assert.equal(
        bench.outcome(() => bench.op.loadTask(selector)),
        expected,
      );
    }
    assert.equal(bench.op.storeTask(), TSS_NEW_SELECTOR);
    assert.equal(bench.state.segmentBase(TR), TSS_NEW);
    assert.equal(bench.read32(GDT + TSS_NEW_SELECTOR + 4) & 0x200, 0x200);
    assert.equal(bench.state.segmentAttributes(TR), 0x8b);
  });
});

describe('LAR, LSL, VERR, VERW', () => {
  interface Answer {
    lar: boolean;
    lsl: boolean;
    verr: boolean;
    verw: boolean;
  }
  const segment = (verr: boolean, verw: boolean): Answer => ({ lar: true, lsl: true, verr, verw });
  const system = (lar: boolean, lsl: boolean): Answer => ({ lar, lsl, verr: false, verw: false });
  // Intel SDM vol. 2A, LAR and LSL: tables of valid types.
  const types: Record<number, Answer> = {
    0: system(false, false),
    1: system(true, true),
    2: system(true, true),
    3: system(true, true),
    4: system(true, false),
    5: system(true, false),
    6: system(false, false),
    7: system(false, false),
    8: system(false, false),
    9: system(true, true),
    10: system(false, false),
    11: system(true, true),
    12: system(true, false),
    13: system(false, false),
    14: system(false, false),
    15: system(false, false),
    [DATA_RO]: segment(true, false),
    [DATA_RW]: segment(true, true),
    [CODE_X]: segment(false, false),
    [CODE_RX]: segment(true, false),
    [CODE_CONFORMING]: segment(true, false),
  };

  function ask(bench: Bench, selector: number): Answer {
    const zero = (action: () => unknown): boolean => {
      bench.state.eflags = 0;
      action();
      return (bench.state.eflags & ZF) !== 0;
    };
    return {
      lar: zero(() => bench.op.loadAccessRights(selector, 0)),
      lsl: zero(() => bench.op.loadSegmentLimit(selector, 0)),
      verr: zero(() => bench.op.verifyRead(selector)),
      verw: zero(() => bench.op.verifyWrite(selector)),
    };
  }

  for (const [type, answer] of Object.entries(types)) {
    it(`know descriptor type 0x${Number(type).toString(16)}`, () => {
      const bench = Bench.protected(0);
      for (const present of [true, false]) {
        bench.gdt(FREE, descriptor({ type: Number(type), present }));
        assert.deepEqual(ask(bench, FREE), answer);
      }
    });
  }

  it('hide segments above CPL or RPL, except conforming code', () => {
    const bench = Bench.protected(0);
    const hidden = { lar: false, lsl: false, verr: false, verw: false };
    for (let i = 0; i < 64; i++) {
      const [cpl, rpl, dpl] = [i & 3, (i >>> 2) & 3, (i >>> 4) & 3];
      bench.setLevel(cpl);
      bench.gdt(FREE, descriptor({ type: DATA_RW, dpl }));
      bench.gdt(FREE + 8, descriptor({ type: CODE_CONFORMING, dpl }));
      const visible = dpl >= cpl && dpl >= rpl;
      assert.deepEqual(ask(bench, FREE | rpl), visible ? types[DATA_RW] : hidden, `CPL ${cpl} RPL ${rpl} DPL ${dpl}`);
      assert.deepEqual(ask(bench, (FREE + 8) | rpl), types[CODE_CONFORMING]);
    }
    for (const selector of [0, 3, 0x400, 0x1004]) assert.deepEqual(ask(bench, selector), hidden);
  });

  it('give rights and limit, or the old value', () => {
    const bench = Bench.protected(0);
    bench.gdt(FREE, descriptor({ type: DATA_RW, dpl: 3, limit: 0x12345, granular: true, base: 0xffffffff }));
    assert.equal(bench.op.loadAccessRights(FREE, 7), 0x00c1f200);
    assert.equal(bench.op.loadSegmentLimit(FREE, 7), 0x12345fff);
    assert.equal(bench.op.loadAccessRights(0, 0x1234), 0x1234);
    assert.equal(bench.op.loadSegmentLimit(0, 0x1234), 0x1234);
  });

  it('leave other flags as they are, the lazy ones included', () => {
    const bench = Bench.protected(0);
    bench.state.set(layout.LAZY_MASK, layout.FLAGS_ARITHMETIC);
    bench.state.set(layout.LAZY_RESULT, 0x80000000);
    const before = bench.state.eflags;
    bench.op.verifyRead(data(0));
    assert.equal(bench.state.eflags, before | ZF);
  });
});

describe('PUSHF, POPF, CLI, STI, HLT', () => {
  it('POPF changes IOPL at CPL 0 and IF up to IOPL, and never VM or RF', () => {
    for (let cpl = 0; cpl < 4; cpl++) {
      for (let iopl = 0; iopl < 4; iopl++) {
        for (const size of [2, 4] as const) {
          for (const image of [0, 0xffffffff]) {
            const bench = Bench.protected(cpl);
            bench.state.eflags = (iopl << 12) | layout.FLAG_RF | layout.FLAG_AC;
            bench.pushAll([image], size);
            bench.op.popFlags(size);
            let changeable = 0x4dd5;
            if (size === 4) changeable |= layout.FLAG_AC | layout.FLAG_ID;
            if (cpl === 0) changeable |= 0x3000;
            if (cpl <= iopl) changeable |= IF;
            const old = (iopl << 12) | layout.FLAG_AC;
            const expected = ((old & ~changeable) | (image & changeable) | 2) >>> 0;
            assert.equal(bench.state.eflags, expected, `CPL ${cpl} IOPL ${iopl} ${size} ${image}`);
          }
        }
      }
    }
  });

  it('PUSHF hides VM and RF', () => {
    const bench = Bench.v86(3);
    bench.state.eflags |= layout.FLAG_RF | layout.FLAG_AC;
    bench.op.pushFlags(4);
    assert.equal(bench.read32(0x20ffc), layout.FLAG_AC | 0x3000 | IF | 2);
  });

  it('PUSHF and POPF need IOPL 3 in V86 mode, where POPF keeps IOPL', () => {
    for (let iopl = 0; iopl < 4; iopl++) {
      const bench = Bench.v86(iopl);
      const expected = iopl === 3 ? 'ok' : '#GP(0x0)';
      assert.equal(
        bench.outcome(() => bench.op.pushFlags(2)),
        expected,
      );
      assert.equal(
        bench.outcome(() => bench.op.popFlags(2)),
        expected,
      );
    }
    const bench = Bench.v86(3);
    bench.pushAll([0], 2);
    bench.op.popFlags(2);
    assert.equal(bench.state.eflags, layout.FLAG_VM | 0x3002);
  });

  it('AC and ID exist from the 486 on', () => {
    for (const model of models) {
      const bench = Bench.protected(0, model);
      bench.pushAll([0xffffffff]);
      bench.op.popFlags(4);
      const expected = model === '386' ? 0 : layout.FLAG_AC | layout.FLAG_ID;
      assert.equal(bench.state.eflags & 0xfffe0000, expected, model);
    }
  });

  it('CLI and STI need CPL <= IOPL in protected mode, IOPL 3 in V86 mode, nothing in real mode', () => {
    for (let cpl = 0; cpl < 4; cpl++) {
      for (let iopl = 0; iopl < 4; iopl++) {
        const bench = Bench.protected(cpl);
        bench.state.eflags = iopl << 12;
        const expected = cpl <= iopl ? 'ok' : '#GP(0x0)';
        assert.equal(
          bench.outcome(() => bench.op.setInterruptFlag()),
          expected,
        );
        assert.equal(bench.state.systemFlag(IF), expected === 'ok');
        assert.equal(
          bench.outcome(() => bench.op.clearInterruptFlag()),
          expected,
        );
        assert.equal(bench.state.systemFlag(IF), false);
      }
    }
    for (let iopl = 0; iopl < 4; iopl++) {
      const bench = Bench.v86(iopl);
      assert.equal(
        bench.outcome(() => bench.op.clearInterruptFlag()),
        iopl === 3 ? 'ok' : '#GP(0x0)',
      );
    }
    const real = Bench.real();
    real.op.setInterruptFlag();
    assert.equal(real.state.systemFlag(IF), true);
  });

  it('STI keeps interrupts out for one more instruction, but not if they were on', () => {
    const bench = Bench.real();
    bench.clock.instructions = 700;
    bench.op.setInterruptFlag();
    assert.equal(bench.cpu.interruptShadowUntil, 702);
    assert.equal(bench.state.get(layout.EXIT), layout.EXIT_RECHECK);
    bench.clock.instructions = 710;
    bench.op.setInterruptFlag();
    assert.equal(bench.cpu.interruptShadowUntil, 702);
  });

  it('HLT raises EXIT_HALT', () => {
    const bench = Bench.real();
    bench.op.halt();
    assert.equal(bench.state.get(layout.HALTED), 1);
    assert.equal(bench.state.get(layout.EXIT), layout.EXIT_HALT);
  });
});

describe('INVLPG and WBINVD', () => {
  it('exist from the 486 on', () => {
    for (const model of models) {
      const bench = Bench.protected(0, model);
      const expected = model === '386' ? '#UD' : 'ok';
      assert.equal(
        bench.outcome(() => bench.op.invalidatePage(DS, 0)),
        expected,
      );
      assert.equal(
        bench.outcome(() => bench.op.writeBackCaches()),
        expected,
      );
    }
  });

  it('INVLPG adds the segment base', () => {
    const bench = Bench.protected(0);
    bench.gdt(FREE, descriptor({ type: DATA_RW, base: 0x300000 }));
    bench.op.loadSegment(ES, FREE);
    bench.enablePaging();
    bench.cpu.mmu.slowRead(0x345000, 4);
    bench.cpu.mmu.slowRead(0x45000, 4);
    bench.op.invalidatePage(ES, 0x45000);
    assert.equal(bench.state.u32[(layout.TLB >>> 2) + 0x345] & 15, 0);
    assert.notEqual(bench.state.u32[(layout.TLB >>> 2) + 0x45] & 15, 0);
  });
});
