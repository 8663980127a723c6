import assert from 'node:assert/strict';
import { createBareMachine } from './bare-machine';
import { type Outcome, TestRunner } from './execute';
import { readMoo } from './moo';
import {
  CODE,
  exceptionFrame,
  type FileText,
  recorded286,
  recorded386,
  type TestText,
  writeMoo,
} from './support/moo-writer';

const AF = 0x10;

describe('runner of recorded tests', () => {
  const runner = new TestRunner(createBareMachine('386'));

  function run(test: TestText, undefinedFlags = 0, file: Omit<FileText, 'cpu' | 'tests'> = {}, cpu = '386E'): Outcome {
    const moo = readMoo(writeMoo({ ...file, cpu, tests: [test] }));
    const outcome = runner.run(moo, moo.tests[0], undefinedFlags);
    runner.wipe();
    return outcome;
  }

  const passes = (test: TestText, ...rest: [number?, Omit<FileText, 'cpu' | 'tests'>?, string?]) =>
    assert.deepEqual(run(test, ...rest).differences, []);
  const fails = (test: TestText, expected: RegExp, ...rest: [number?, Omit<FileText, 'cpu' | 'tests'>?, string?]) =>
    assert.match(run(test, ...rest).differences.join('; '), expected);

  /** add eax, ebx: the flags are those of 80000001 + FFFFFFFF. */
  const add = (eax = 0x80000000, eflags = 0xfffc0095) =>
    recorded386({
      code: [0x66, 0x01, 0xd8],
      registers: { eax: 0x80000001, ebx: 0xffffffff },
      final: { registers: { eax, eflags } },
    });

  /** mov [1234], al */
  const store = (address: number, value: number) =>
    recorded386({
      code: [0xa2, 0x34, 0x12],
      registers: { eax: 0x5a },
      memory: { 0x21234: 0 },
      final: { memory: { [address]: value } },
    });

  it('compares registers, EIP and flags', () => {
    passes(add());
    fails(add(0x80000002), /^eax: recorded 80000002, got 80000000$/);
    fails(add(undefined, 0xfffc0085), /^eflags: recorded fffc0085, got 97 under/);
    const late = add();
    fails({ ...late, final: { registers: { ...late.final.registers, eip: 0x105 } } }, /^eip: recorded 105, got 104$/);
  });

  it('compares registers that should not have changed', () => {
    const { final, ...rest } = add();
    const registers = { ...final.registers };
    delete registers.eax;
    fails({ ...rest, final: { registers } }, /^eax: recorded 80000001, got 80000000$/);
  });

  it('compares memory that changed and memory that should not have', () => {
    passes(store(0x21234, 0x5a));
    fails(store(0x21234, 0x5b), /^\[21234\]: recorded 5b, got 5a$/);
    fails(store(0x21235, 0x5a), /\[21234\]: recorded 0, got 5a/);
  });

  it('wraps addresses at 16 MiB', () => {
    passes(store(0x01021234, 0x5a));
    fails(store(0x01021234, 0x5b), /^\[21234\]/);
  });

  it('leaves undefined flags out, and only those', () => {
    passes(add(undefined, 0xfffc0085), AF);
    fails(add(undefined, 0xfffc0094), /eflags/, AF);
  });

  it('takes masks of the file, the test and the state before what the instruction is known to leave undefined', () => {
    const wrong = add(undefined, 0xfffc0085);
    passes(wrong, 0, { mask: { eflags: 0xffef } });
    passes({ ...wrong, mask: { eflags: 0xffef } });
    passes({ ...wrong, final: { ...wrong.final, mask: { eflags: 0xffef } } });
    fails(wrong, /eflags/, AF, { mask: { eflags: 0xfffe } });
    passes(add(0x80000fff), 0, { mask: { eax: 0xfffff000 } });
    fails(add(0x80001fff), /^eax.*under fffff000$/, 0, { mask: { eax: 0xfffff000 } });
  });

  it('compares control and debug registers', () => {
    // mov cr3, eax
    const load = (cr3: number) =>
      recorded386({ code: [0x0f, 0x22, 0xd8], registers: { eax: 0x12345000 }, final: { registers: { cr3 } } });
    passes(load(0x12345000));
    fails(load(0x12346000), /^cr3/);
    // mov dr6, eax: reserved bits stay as they are
    const debug = (dr6: number) =>
      recorded386({ code: [0x0f, 0x23, 0xf0], registers: { eax: 1 }, final: { registers: { dr6 } } });
    passes(debug(0xffff0ff1));
    fails(debug(0xffff0ff0), /^dr6/);
    // lmsw ax: sets TS
    const status = (cr0: number) =>
      recorded386({ code: [0x0f, 0x01, 0xf0], registers: { eax: 8 }, final: { registers: { cr0 } } });
    passes(status(0x7ffefff8));
    fails(status(0x7ffefff0), /^cr0/);
  });

  it('starts with CR0 as it is recorded, and ends with RF clear', () => {
    // mov eax, cr0
    passes(recorded386({ code: [0x0f, 0x20, 0xc0], final: { registers: { eax: 0x7ffefff0 } } }));
    // iretd to the HLT behind it, with RF in the image of EFLAGS: it is clear again once HLT has been executed
    const frame = [0x102, CODE.segment, 0x10003].flatMap((value) => [
      value & 0xff,
      (value >> 8) & 0xff,
      value >> 16,
      0,
    ]);
    const memory = Object.fromEntries(frame.map((byte, i): [number, number] => [0x61000 + i, byte]));
    const registers = { esp: 0x100c, eflags: 0xfffc0003 };
    passes(recorded386({ code: [0x66, 0xcf], memory, final: { registers } }));
  });

  it('reads ones from ports', () => {
    passes(recorded386({ code: [0x66, 0xed], final: { registers: { eax: 0xffffffff } } }));
    // rep insb, three times
    const bytes = { 0x30000: 0xff, 0x30001: 0xff, 0x30002: 0xff };
    const registers = { edi: 3, ecx: 0 };
    passes(recorded386({ code: [0xf3, 0x6c], registers: { ecx: 3 }, final: { registers, memory: bytes } }));
  });

  describe('with exceptions', () => {
    /** div bl, with BL = 0 */
    const divide = (frame = exceptionFrame(0)) =>
      recorded386({ code: [0xf6, 0xf3], registers: { eax: 0x1234 }, ...frame });

    it('follows them to a HLT at the handler', () => {
      passes(divide());
      assert.deepEqual(run(divide()).raised, [0]);
    });

    it('leaves undefined flags out of the image on the stack too', () => {
      const image = divide(exceptionFrame(0, 0x0096));
      fails(image, /^\[60ffe\]: recorded 96, got 2 under d5$/);
      assert.ok(run(image).flagsOnly);
      passes(image, 0x94);
      passes(image, 0, { mask: { eflags: 0xff6b } });
      fails(image, /60ffe.*under/, 0x10);
      passes(divide(exceptionFrame(0, 0x0802)), 0x800);
    });

    it('finds the image although the file has the even address of the bus cycle', () => {
      const { memory, final, exception } = exceptionFrame(0, 0x96);
      const frame = Object.entries(final.memory ?? {});
      const moved = Object.fromEntries(frame.map(([address, byte]): [number, number] => [Number(address) + 1, byte]));
      const odd = recorded386({
        code: [0xf6, 0xf3],
        registers: { eax: 0x1234, esp: 0x1001 },
        memory,
        final: { registers: { ...final.registers, esp: 0xffb }, memory: moved },
        exception,
      });
      passes(odd, 0x94);
      fails(odd, /^\[60fff\]/);
    });

    it('compares the rest of the frame', () => {
      const { memory, final, exception } = exceptionFrame(0);
      const wrong = { ...final, memory: { ...final.memory, 0x60ffa: 0x02 } };
      fails(divide({ memory, final: wrong, exception }), /^\[60ffa\]: recorded 2, got 0$/, 0x8d5);
    });

    it('tells which exception is missing, additional or another', () => {
      const other = exceptionFrame(13);
      const withBoth = { ...exceptionFrame(0).memory, ...other.memory };
      fails(divide({ ...other, memory: withBoth }), /raised #DE, recorded was #GP/);
      const none = recorded386({ code: [0xf6, 0xf3], memory: exceptionFrame(0).memory, final: {} });
      fails(none, /raised #DE, recorded was nothing/);
      // mov al, bl does not raise anything
      fails(recorded386({ code: [0x8a, 0xc3], ...exceptionFrame(6) }), /^esp: recorded ffa, got 1000/);
    });

    it('takes software interrupts for what they are', () => {
      const { memory, final, exception } = exceptionFrame(0x21);
      const frame = { ...final.memory, 0x60ffa: 0x02 };
      passes(recorded386({ code: [0xcd, 0x21], memory, final: { ...final, memory: frame }, exception }));
    });
  });

  it('ends an instruction that does not', () => {
    fails(recorded386({ code: [0xeb, 0xfe], final: {} }), /did not reach HLT/);
  });

  it('finds what was written beside the recording', () => {
    const moo = readMoo(
      writeMoo({ cpu: '386E', tests: [recorded386({ code: [0xa2, 0x34, 0x12], registers: { eax: 7 }, final: {} })] }),
    );
    assert.deepEqual(runner.run(moo, moo.tests[0], 0).differences, []);
    assert.deepEqual(runner.findStrayBytes(), [0x21234]);
    runner.wipe();
    assert.deepEqual(runner.findStrayBytes(), []);
  });

  it('compares 16 bits of a 286, whose IOPL and NT are no flags', () => {
    const step = (ip: number, flags = 6) =>
      recorded286({
        code: [0xfe, 0xc0],
        registers: { ax: 0x11fe, flags: 0x7003 },
        final: { registers: { ax: 0x11ff, ip, flags } },
      });
    passes(step(0x103, 0xf087), 0, {}, 'C286');
    fails(step(0x103, 0x0086), /^flags/, 0, {}, 'C286');
    fails(step(0x104, 0x0087), /^ip/, 0, {}, 'C286');
    const end = recorded286({
      code: [],
      registers: { ip: 0xffff },
      memory: { [(CODE.segment << 4) + 0xffff]: 0xf4 },
      final: { registers: { ip: 0 } },
    });
    passes(end, 0, {}, 'C286');
  });
});
