import assert from 'node:assert/strict';
import { type MooTest, readMoo, REGS_16, REGS_32, type RegisterSet } from './moo';
import { recorded286, recorded386, writeMoo } from './support/moo-writer';

const value = (set: RegisterSet, name: string, wide = true) =>
  set.values[(wide ? [...REGS_32] : [...REGS_16]).indexOf(name as never)];
const has = (set: RegisterSet, name: string, wide = true) =>
  ((set.present >>> (wide ? [...REGS_32] : [...REGS_16]).indexOf(name as never)) & 1) === 1;

describe('reader of MOO files', () => {
  const add = recorded386({
    code: [0x66, 0x01, 0xd8],
    registers: { eax: 0x80000001, ebx: 0xffffffff },
    memory: { 0xfffff: 0x12 },
    final: { registers: { eax: 0x80000000, eflags: 0xfffc0085 }, memory: { 0x10: 0xab } },
    exception: { vector: 13, flagsAddress: 0xabcdef },
    hash: '0123456789abcdef0123456789abcdef01234567',
  });

  it('reads 32-bit registers, memory, exceptions and hashes', () => {
    const file = readMoo(writeMoo({ cpu: '386E', tests: [add, add] }));
    assert.deepEqual([file.cpu, file.wide, file.count, file.tests.length], ['386E', true, 2, 2]);
    const test: MooTest = file.tests[1];
    assert.equal(test.index, 1);
    assert.deepEqual([...test.bytes], [0x66, 0x01, 0xd8, 0xf4]);
    assert.equal(value(test.initial.registers, 'eax'), 0x80000001);
    assert.equal(value(test.initial.registers, 'dr6'), 0xffff0ff0);
    assert.equal(value(test.final.registers, 'eflags'), 0xfffc0085);
    assert.ok(!has(test.final.registers, 'ebx'), 'what has not changed is not there');
    assert.deepEqual([...test.final.memory.addresses], [0x10]);
    assert.deepEqual([...test.final.memory.values], [0xab]);
    assert.ok(test.initial.memory.addresses.includes(0xfffff));
    assert.deepEqual(test.exception, { vector: 13, flagsAddress: 0xabcdef });
    assert.equal(test.hash, '0123456789abcdef0123456789abcdef01234567');
  });

  it('reads 16-bit registers', () => {
    const nop = recorded286({ code: [0x90], registers: { di: 0xbeef }, final: {} });
    const file = readMoo(writeMoo({ cpu: 'C286', tests: [nop] }));
    assert.deepEqual([file.cpu, file.wide], ['C286', false]);
    assert.equal(value(file.tests[0].initial.registers, 'di', false), 0xbeef);
    assert.equal(value(file.tests[0].final.registers, 'ip', false), 0x102);
    assert.ok(!has(file.tests[0].final.registers, 'flags', false));
  });

  it('finds masks of the file, of a test and of its states', () => {
    const masked = { ...add, mask: { eax: 1 }, final: { ...add.final, mask: { eflags: 0xffef } } };
    const file = readMoo(writeMoo({ cpu: '386E', tests: [masked], mask: { ecx: 2 } }));
    assert.deepEqual(
      file.masks.map((set) => value(set, 'ecx')),
      [2],
    );
    assert.deepEqual(
      file.tests[0].masks.map((set) => [has(set, 'eax'), has(set, 'eflags')]),
      [
        [false, true],
        [true, false],
      ],
    );
  });

  it('skips chunks that it does not know', () => {
    const plain = readMoo(writeMoo({ cpu: '386E', tests: [add] }));
    const strange = readMoo(writeMoo({ cpu: '386E', tests: [add], strange: true }));
    assert.deepEqual(strange, plain);
  });

  it('refuses what is cut short or something else', () => {
    const bytes = writeMoo({ cpu: '386E', tests: [add] });
    for (const length of [bytes.length - 1, bytes.length - 25, 30, 21]) {
      assert.throws(() => readMoo(bytes.subarray(0, length)), RangeError, `${length} bytes`);
    }
    assert.throws(() => readMoo(Buffer.from('no such thing at all')), RangeError);
    assert.throws(() => readMoo(Buffer.alloc(0)), /no MOO header/);
  });
});
