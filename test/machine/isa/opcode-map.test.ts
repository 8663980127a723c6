import assert from 'node:assert/strict';
import { Vector } from '../../../src/machine/cpu/fault';
import { CPU_MODELS, type CpuModel, MANDATORY_PREFIXES, type MandatoryPrefix } from '../../../src/machine/isa/form';
import { ESCAPE_OPCODE, opcodeMap, PREFIX_OPCODES, selectForm } from '../../../src/machine/isa/table';
import { existence } from './reference/opcode-map';
import { Stepper } from './support/step';

const hex = (value: number) => value.toString(16).toUpperCase().padStart(2, '0');
const PREFIX_BYTES: Readonly<Record<MandatoryPrefix, readonly number[]>> = {
  NP: [],
  '66': [0x66],
  F3: [0xf3],
  F2: [0xf2],
};

/** Memory at [disp32] and the eight registers behind each ModR/M.reg. */
const MODRM_BYTES = Array.from({ length: 256 }, (_, byte) => byte).filter(
  (byte) => byte >= 0xc0 || (byte & 0xc7) === 5,
);

function name(prefix: MandatoryPrefix, map: 0 | 1, opcode: number, modRm: number): string {
  return `${prefix === 'NP' ? '' : `${prefix} `}${map ? '0F ' : ''}${hex(opcode)} ${hex(modRm)}`;
}

function* encodings(): Generator<[MandatoryPrefix, 0 | 1, number, number]> {
  for (const map of [0, 1] as const) {
    for (let opcode = 0; opcode < 256; opcode++) {
      for (const modRm of MODRM_BYTES) {
        for (const prefix of MANDATORY_PREFIXES) yield [prefix, map, opcode, modRm];
      }
    }
  }
}

describe('opcode map', () => {
  for (const model of CPU_MODELS) {
    it(`is that of the manuals on the ${model}`, () => {
      const opcodes = opcodeMap(model);
      const missing: string[] = [];
      const unexpected: string[] = [];
      let defined = 0;
      for (const [prefix, map, opcode, modRm] of encodings()) {
        const expected = existence(model, map, opcode, modRm, prefix);
        if (expected === 'prefix') {
          assert.ok(PREFIX_OPCODES.has(opcode) || opcode === ESCAPE_OPCODE, hex(opcode));
          continue;
        }
        const entry = opcodes.get(map * 256 + opcode);
        const exists = entry !== undefined && selectForm(entry, modRm, prefix) !== undefined;
        if (exists) defined++;
        if (expected === 'either' || exists === (expected === 'exists')) continue;
        // ModR/M.rm hardly ever matters: one line for each row.
        const line = name(prefix, map, opcode, modRm & 0xf8);
        const list = exists ? unexpected : missing;
        if (list.at(-1) !== line) list.push(line);
      }
      assert.deepEqual({ missing, unexpected }, { missing: [], unexpected: [] });
      assert.ok(defined > 50_000, `${defined} encodings are defined`);
    });
  }

  it('grows with every processor, but for UMOV and the test registers', () => {
    const lost = new Set<string>();
    for (const [i, model] of CPU_MODELS.entries()) {
      if (i === 0) continue;
      for (const [prefix, map, opcode, modRm] of encodings()) {
        const [before, after] = [CPU_MODELS[i - 1], model].map((at) => existence(at, map, opcode, modRm, prefix));
        if (before === 'exists' && after === 'undefined') lost.add(`${model} ${map ? '0F ' : ''}${hex(opcode)}`);
      }
    }
    assert.deepEqual(
      [...lost],
      ['10', '11', '12', '13', '24', '26'].map((opcode) => `pentium 0F ${opcode}`),
    );
  });
});

describe('encodings without a form', () => {
  for (const model of CPU_MODELS) {
    it(`are #UD on the ${model}, without effect`, function () {
      this.timeout(120_000);
      checkUndefined(model);
    });
  }
});

function checkUndefined(model: CpuModel): void {
  const cpu = new Stepper(model);
  const opcodes = opcodeMap(model);
  const registers = { eax: 1, ecx: 2, edx: 3, ebx: 4, ebp: 5, esi: 6, edi: 7 };
  let tried = 0;
  for (const [prefix, map, opcode, modRm] of encodings()) {
    if (PREFIX_OPCODES.has(opcode) && map === 0) continue;
    if (map === 0 && opcode === ESCAPE_OPCODE) continue;
    const entry = opcodes.get(map * 256 + opcode);
    if (entry && selectForm(entry, modRm, prefix)) continue;
    // One register form of each row is enough where no row tells them apart.
    if (modRm >= 0xc0 && (modRm & 7) !== 0 && !(map === 0 && opcode >= 0xd8 && opcode <= 0xdf)) continue;
    const bytes = [...PREFIX_BYTES[prefix], ...(map ? [ESCAPE_OPCODE] : []), opcode, modRm, 0, 0, 2, 0];
    cpu.run(bytes, registers, 0x8d5);
    const what = name(prefix, map, opcode, modRm);
    assert.equal(cpu.fault, Vector.UD, what);
    assert.equal(cpu.length, 0, what);
    assert.equal(cpu.flags, 0x8d7, what);
    for (const [register, value] of Object.entries(registers)) {
      assert.equal(cpu.get(register as keyof typeof registers), value, `${what}: ${register}`);
    }
    tried++;
  }
  assert.ok(tried > 500, `${tried} encodings without a form`);
}
