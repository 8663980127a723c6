import assert from 'node:assert/strict';
import { CPU_MODELS, type Form, hasModRm, MANDATORY_PREFIXES } from '../../../src/machine/isa/form';
import { allowsMod, ESCAPE_OPCODE, FORMS, opcodeMap, PREFIX_OPCODES } from '../../../src/machine/isa/table';

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
  it('has no two forms for one encoding, except where ModR/M.rm singles one out', () => {
    const seen = new Map<string, Form>();
    for (const form of FORMS) {
      const modRm = FORMS.some((other) => other.map === form.map && other.opcode === form.opcode && hasModRm(other));
      for (const byte of encodings(form, modRm)) {
        for (const prefix of form.prefix ? [form.prefix] : MANDATORY_PREFIXES) {
          const key = `${prefix}/${form.map}/${form.opcode}/${byte}`;
          const other = seen.get(key);
          const special = form.rm !== undefined || other?.rm !== undefined;
          assert.ok(!other || special, `${describeForm(form)} and ${other && describeForm(other)} share an encoding`);
          seen.set(key, form);
        }
      }
    }
  });

  it('leaves prefixes and the escape byte alone', () => {
    for (const form of FORMS) {
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

  it('adds forms with each model and takes none away', () => {
    const sizes = CPU_MODELS.map((model) => [...opcodeMap(model).values()].flatMap((entry) => entry.forms).length);
    for (let i = 1; i < sizes.length; i++) assert.ok(sizes[i] >= sizes[i - 1]);
    assert.equal(sizes.at(-1), FORMS.length);
    assert.ok(!opcodeMap('386').has(0x1a2), 'CPUID does not exist on the 386');
    assert.ok(opcodeMap('486').has(0x1a2), 'CPUID exists on the 486');
  });

  it('allows LOCK only with a memory destination', () => {
    for (const form of FORMS.filter((candidate) => candidate.lockable)) {
      assert.ok(hasModRm(form) && allowsMod(form, 'memory'), describeForm(form));
    }
  });
});
