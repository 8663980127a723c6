import assert from 'node:assert/strict';
import { FLAG_AF, FLAG_CF, FLAG_OF, FLAG_SF, FLAG_ZF } from '../../../src/machine/layout';
import type { CpuModel } from '../../../src/machine/isa/form';
import { DATA, STACK, Stepper } from './support/step';

/**
 * What the manual leaves undefined and the 386 does otherwise than later processors. The 386's side has been recorded
 * on a 386EX (SingleStepTests/80386).
 */
describe('undefined results', () => {
  const steppers = new Map<CpuModel, Stepper>();
  const on = (model: CpuModel): Stepper => {
    const known = steppers.get(model) ?? new Stepper(model);
    steppers.set(model, known);
    return known;
  };

  it('SHLD and SHRD of 16 bits by more than 16 go on with the source on the 386, with the destination later', () => {
    // shld ax, cx, 20 and shrd ax, cx, 20
    const left = [0x66, 0x0f, 0xa4, 0xc8, 20];
    const right = [0x66, 0x0f, 0xac, 0xc8, 20];
    const registers = { eax: 0xffff1234, ecx: 0xabcd };
    const results = (model: CpuModel) =>
      [left, right].map((bytes) => {
        on(model).run(bytes, registers);
        return on(model).get('eax');
      });
    assert.deepEqual(results('386'), [0xffffbcda, 0xffffdabc]);
    assert.deepEqual(results('486'), [0xffffbcd1, 0xffff4abc]);
    assert.deepEqual(results('pentium2'), results('486'));
  });

  it('SHL and SHR of a byte by 16 or 24 set CF as by 8 on the 386', () => {
    for (const count of [9, 15, 16, 17, 24, 31]) {
      for (const [modRm, value] of [
        [0xe0, 0x01],
        [0xe8, 0x80],
      ]) {
        const flags = (model: CpuModel) => {
          on(model).run([0xd2, modRm], { eax: value, ecx: count });
          return on(model).flags & (FLAG_CF | FLAG_ZF | FLAG_SF);
        };
        const carry = count % 8 === 0 ? FLAG_CF : 0;
        assert.equal(flags('386'), FLAG_ZF | carry, `by ${count}`);
        assert.equal(flags('486'), FLAG_ZF);
      }
    }
    on('386').run([0xd2, 0xe0], { eax: 1, ecx: 16 });
    assert.equal(on('386').flags & FLAG_OF, FLAG_OF, 'OF of SHL is CF, as the sign is gone');
    on('386').run([0xd2, 0xe0], { eax: 1, ecx: 8 });
    assert.equal(on('386').flags & FLAG_CF, FLAG_CF);
  });

  it('shifts set AF on the 386', () => {
    for (const modRm of [0xe0, 0xe8, 0xf8]) {
      on('386').run([0xd1, modRm], { eax: 0x55 });
      assert.equal(on('386').flags & FLAG_AF, FLAG_AF);
      on('486').run([0xd1, modRm], { eax: 0x55 }, FLAG_AF);
      assert.equal(on('486').flags & FLAG_AF, 0);
    }
  });

  it('BT compares the two bits below the tested one in OF on the 386 and leaves OF alone later', () => {
    for (const [value, bit, overflow] of [
      [0b0100, 3, FLAG_OF],
      [0b0110, 3, 0],
      [0x80000000, 0, FLAG_OF],
      [0xc0000000, 0, 0],
      [0x00000001, 1, FLAG_OF],
    ]) {
      // bt eax, ecx
      on('386').run([0x0f, 0xa3, 0xc8], { eax: value, ecx: bit });
      assert.equal(on('386').flags & FLAG_OF, overflow, `${value.toString(2)} bit ${bit}`);
      for (const before of [0, FLAG_OF]) {
        on('486').run([0x0f, 0xa3, 0xc8], { eax: value, ecx: bit }, before);
        assert.equal(on('486').flags & FLAG_OF, before);
      }
    }
  });

  it('a SIB byte with a scale and no index scales the base on the 386', () => {
    for (const model of ['386', '486'] as const) {
      const cpu = on(model);
      for (const [scale, factor] of [1, 2, 4, 8].entries()) {
        const times = model === '386' ? factor : 1;
        // lea eax, [ebx*scale + 10], with no index
        cpu.run([0x8d, 0x44, (scale << 6) | 0x23, 0x10], { ebx: 0x1234 });
        assert.equal(cpu.get('eax'), 0x1234 * times + 0x10, model);
        // lea eax, [ecx*scale + ebx]: nothing undefined
        cpu.run([0x8d, 0x04, (scale << 6) | 0x0b], { ebx: 0x1000, ecx: 0x10 });
        assert.equal(cpu.get('eax'), 0x1000 + 0x10 * factor);
        // lea eax, [12345678]: a displacement without base is not scaled
        cpu.run([0x8d, 0x04, (scale << 6) | 0x25, 0x78, 0x56, 0x34, 0x12]);
        assert.equal(cpu.get('eax'), 0x12345678);
      }
    }
  });

  it('POPAD on a 16-bit stack leaves the upper half of the image in ESP on the 386', () => {
    for (const [model, expected] of [
      ['386', 0xabcd0020],
      ['486', 0x00030020],
    ] as const) {
      const cpu = on(model);
      const { segmentation, state } = cpu.machine.cpu;
      const attributes = state.segmentAttributes(2);
      segmentation.setHidden(2, 0x10, STACK, 0xffff, attributes & ~0x4000);
      cpu.write(STACK + 12, 4, 0xabcd1234);
      cpu.write(STACK + 28, 4, 0x5a5a5a5a);
      cpu.run([0x61], { esp: 0x30000 });
      assert.deepEqual([cpu.get('esp'), cpu.get('eax')], [expected, 0x5a5a5a5a], model);
      segmentation.setHidden(2, 0x10, 0, 0xffffffff, attributes);
    }
  });

  it('LOCK goes with BT on the 386 only', () => {
    // lock bt [DATA], ecx
    const bytes = [0xf0, 0x0f, 0xa3, 0x0d, 0, 0, 2, 0];
    on('386').write(DATA, 4, 2);
    on('386').run(bytes, { ecx: 1 });
    assert.deepEqual([on('386').fault, on('386').flags & FLAG_CF], [-1, FLAG_CF]);
    on('486').run(bytes, { ecx: 1 });
    assert.equal(on('486').fault, 6);
  });

  it('reserved bits of CR0 read as ones on the 386', () => {
    on('386').run([0x0f, 0x20, 0xc0]);
    assert.equal(on('386').get('eax') & ~0x10, 0x7ffeffe1);
    on('386').run([0x0f, 0x01, 0xe0], { eax: 0 });
    assert.equal(on('386').get('eax') & ~0x10, 0x7ffeffe1, 'SMSW r32');
    on('486').run([0x0f, 0x20, 0xc0]);
    assert.equal(on('486').get('eax') & 0xffe0, 0);
  });

  it('UMOV is a MOV until the 486', () => {
    for (const model of ['386', '486', 'pentium'] as const) {
      on(model).run([0x0f, 0x13, 0xc1], { eax: 1, ecx: 0x12345678 });
      if (model === 'pentium') assert.equal(on(model).fault, 6);
      else assert.equal(on(model).get('eax'), 0x12345678);
    }
  });
});
