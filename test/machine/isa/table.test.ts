import assert from 'node:assert/strict';
import { CPU_MODELS, existsOn, type Form, hasModRm, MANDATORY_PREFIXES } from '../../../src/machine/isa/form';
import { allowsMod, ESCAPE_OPCODE, allForms, opcodeMap, PREFIX_OPCODES } from '../../../src/machine/isa/table';

const describeForm = (form: Form) =>
  `${form.mnemonic} ${form.prefix ? `${form.prefix} ` : ''}${form.map ? '0F ' : ''}${form.opcode.toString(16)}${form.reg === undefined ? '' : ` /${form.reg}`}`;

/** All ModR/M bytes a form answers to, as a set; a form without ModR/M answers to one pseudo byte. */
function encodings(form: Form, groupHasModRm: boolean): Set<number> {
  const result = new Set<number>();
  if (!groupHasModRm) return result.add(-1);
  for (let modRm = 0; modRm < 256; modRm++) {
    if (!allowsMod(form, modRm >= 0xc0 ? 'register' : 'memory')) continue;
    if (form.reg !== undefined && form.reg !== ((modRm >> 3) & 7)) continue;
    if (form.rm !== undefined && form.rm !== (modRm & 7)) continue;
    result.add(modRm);
  }
  return result;
}

describe('instruction table', () => {
  for (const model of CPU_MODELS) {
    it(`has no two forms for one encoding on the ${model}, except where ModR/M.rm singles one out`, () => {
      const seen = new Map<string, Form>();
      const forms = allForms().filter((form) => existsOn(form, model));
      for (const form of forms) {
        const modRm = forms.some((other) => other.map === form.map && other.opcode === form.opcode && hasModRm(other));
        for (const prefix of form.prefix ? [form.prefix] : MANDATORY_PREFIXES) {
          for (const byte of encodings(form, modRm)) {
            const key = `${form.map}/${form.opcode}/${prefix}/${byte}`;
            const other = seen.get(key);
            const special = form.rm !== undefined || other?.rm !== undefined;
            assert.ok(!other || special, `${describeForm(form)} and ${other && describeForm(other)} share an encoding`);
            seen.set(key, form);
          }
        }
      }
    });
  }

  it('leaves prefixes and the escape byte alone', () => {
    for (const form of allForms()) {
      if (form.map === 1) continue;
      assert.ok(!PREFIX_OPCODES.has(form.opcode), describeForm(form));
      assert.notEqual(form.opcode, ESCAPE_OPCODE);
    }
  });

  it('assigns every one-byte opcode on the 386 a form or a role', () => {
    const map = opcodeMap('386');
    const missing = [];
    for (let opcode = 0; opcode < 256; opcode++) {
      if (!map.has(opcode) && !PREFIX_OPCODES.has(opcode) && opcode !== ESCAPE_OPCODE) missing.push(opcode);
    }
    assert.deepEqual(missing, []);
  });

  it('adds opcodes with each model and takes none away but UMOV and those of test registers', () => {
    const gone = [0x110, 0x111, 0x112, 0x113, 0x124, 0x126];
    for (const [i, model] of CPU_MODELS.entries()) {
      const opcodes = opcodeMap(model);
      const before = i === 0 ? [] : [...opcodeMap(CPU_MODELS[i - 1]).keys()];
      const lost = before.filter((opcode) => !opcodes.has(opcode));
      const unexpected = lost.filter((opcode) => model !== 'pentium' || !gone.includes(opcode));
      assert.deepEqual(unexpected, [], `opcodes that the ${model} has lost`);
      const forms = [...opcodes.values()].flatMap((entry) => entry.forms);
      assert.equal(forms.length, allForms().filter((form) => existsOn(form, model)).length);
    }
    assert.ok(allForms().every((form) => CPU_MODELS.some((model) => existsOn(form, model))));
    assert.ok(!opcodeMap('386').has(0x1a2), 'CPUID does not exist on the 386');
    assert.ok(opcodeMap('486').has(0x1a2), 'CPUID exists on the 486');
  });

  it('allows LOCK only with a memory destination', () => {
    for (const form of allForms().filter((candidate) => candidate.lockable)) {
      assert.ok(hasModRm(form) && allowsMod(form, 'memory'), describeForm(form));
    }
  });
});
