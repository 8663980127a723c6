import assert from 'node:assert/strict';
import { Vector } from '../../../src/machine/cpu/fault';
import { CPU_MODELS, type CpuModel, existsOn } from '../../../src/machine/isa/form';
import { allForms, ESC_OPCODES, selectForm, opcodeMap } from '../../../src/machine/isa/table';
import { DATA, Stepper } from '../isa/support/step';
import { dword } from './support/code';

/** ModR/M bytes of the register forms that each processor has, as the manuals and `sandpile.org` list them: from 0xc0 on. */
const SINCE_387: Readonly<Record<number, readonly (readonly [first: number, last: number])[]>> = {
  0xd8: [[0xc0, 0xff]],
  0xd9: [
    [0xc0, 0xd0],
    [0xd8, 0xe1],
    [0xe4, 0xe5],
    [0xe8, 0xee],
    [0xf0, 0xff],
  ],
  0xda: [[0xe9, 0xe9]],
  0xdb: [[0xe0, 0xe4]],
  0xdc: [[0xc0, 0xff]],
  0xdd: [[0xc0, 0xef]],
  0xde: [
    [0xc0, 0xd7],
    [0xd9, 0xd9],
    [0xe0, 0xff],
  ],
  0xdf: [
    [0xc0, 0xdf],
    [0xe0, 0xe0],
  ],
};
const SINCE_P6: Readonly<Record<number, readonly (readonly [first: number, last: number])[]>> = {
  0xda: [[0xc0, 0xdf]],
  0xdb: [
    [0xc0, 0xdf],
    [0xe8, 0xf7],
  ],
  0xdf: [[0xe8, 0xf7]],
};
/** ModR/M.reg of the memory forms that do not exist. */
const NO_MEMORY_FORM: Readonly<Record<number, readonly number[]>> = {
  0xd9: [1],
  0xdb: [1, 4, 6],
  0xdd: [1, 5],
  0xdf: [1],
};

const within = (ranges: readonly (readonly [number, number])[] | undefined, byte: number): boolean =>
  (ranges ?? []).some(([first, last]) => byte >= first && byte <= last);

function exists(model: CpuModel, opcode: number, modRm: number): boolean {
  if (modRm < 0xc0) return !NO_MEMORY_FORM[opcode]?.includes((modRm >> 3) & 7);
  const p6 = CPU_MODELS.indexOf(model) >= CPU_MODELS.indexOf('pentium2');
  return within(SINCE_387[opcode], modRm) || (p6 && within(SINCE_P6[opcode], modRm));
}

describe('encodings of the x87', () => {
  for (const model of ['386', 'pentium', 'pentium2'] as const) {
    it(`exist as on the chip (${model})`, () => {
      const map = opcodeMap(model);
      for (const opcode of ESC_OPCODES) {
        const entry = map.get(opcode);
        assert.ok(entry);
        for (let modRm = 0; modRm < 256; modRm++) {
          const name = `${opcode.toString(16)} ${modRm.toString(16)}`;
          assert.equal(selectForm(entry, modRm, 'NP') !== undefined, exists(model, opcode, modRm), name);
        }
      }
    });

    it(`are #UD where they do not (${model})`, () => {
      const step = new Stepper(model);
      for (const opcode of ESC_OPCODES) {
        for (let modRm = 5; modRm < 256; modRm += modRm < 0xc0 ? 8 : 1) {
          if (modRm >= 0x40 && modRm < 0xc0) continue;
          step.run([0xdb, 0xe3]);
          step.run([opcode, modRm, ...dword(DATA)]);
          const missing = !exists(model, opcode, modRm);
          const name = `${opcode.toString(16)} ${modRm.toString(16)}`;
          assert.equal(step.fault, missing ? Vector.UD : -1, name);
        }
      }
    });
  }

  it('are in the table once for each model that has them', () => {
    const added = allForms().filter((form) => form.map === 0 && ESC_OPCODES.has(form.opcode) && !existsOn(form, '386'));
    assert.deepEqual(
      added.map(({ mnemonic }) => mnemonic).sort(),
      [
        ...['FCMOVB', 'FCMOVBE', 'FCMOVE', 'FCMOVNB', 'FCMOVNBE', 'FCMOVNE', 'FCMOVNU', 'FCMOVU'],
        ...['FCOMI', 'FCOMIP', 'FUCOMI', 'FUCOMIP'],
      ].sort(),
    );
  });

  it('do not take LOCK', () => {
    const step = new Stepper();
    step.run([0xf0, 0xd9, 0xe8]);
    assert.equal(step.fault, Vector.UD);
  });
});
