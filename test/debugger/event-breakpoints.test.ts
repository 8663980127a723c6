import assert from 'node:assert/strict';
import { StreamMatcher } from '../../src/debugger/breakpoints/serial-breakpoints';
import { RunEnd } from '../../src/machine/run';
import { asm, program } from './assembly';
import { Harness, ORIGIN } from './session-harness';

/** An interrupt gate for the flat code segment. */
function gate(handler: number): number[] {
  const offset = ORIGIN + handler;
  return [offset & 0xff, (offset >>> 8) & 0xff, 0x08, 0, 0, 0x8e, (offset >>> 16) & 0xff, offset >>> 24];
}

/** Places pieces of code at fixed offsets of an image. */
function image(parts: Readonly<Record<number, readonly number[]>>): number[] {
  const bytes = new Array<number>(0x400).fill(0x90);
  for (const [offset, part] of Object.entries(parts)) bytes.splice(Number(offset), part.length, ...part);
  return bytes;
}

const IDT = 0x200;
const IDTR = 0x1f0;
const HANDLER = 0x180;

/** An image whose IDT sends all vectors up to 0x2f to one handler. */
function withHandlers(code: readonly number[], handler: readonly number[]): number[] {
  const table = Array.from({ length: 0x30 }, () => gate(HANDLER)).flat();
  const limit = table.length - 1;
  const base = ORIGIN + IDT;
  const register = [limit & 0xff, limit >>> 8, base & 0xff, (base >>> 8) & 0xff, (base >>> 16) & 0xff, base >>> 24];
  return image({ 0: code, [HANDLER]: handler, [IDTR]: register, [IDT]: table });
}

describe('breakpoints on exceptions', () => {
  /** #UD at a known place; the handler skips the instruction. */
  const { code, starts } = program(asm.movEsp(0x8000), asm.lidt(ORIGIN + IDTR), asm.ud2, asm.incEax, asm.end);
  const skip = [0x83, 0x04, 0x24, 2, ...asm.iret];
  const guest = (): Promise<Harness> => Harness.flat(withHandlers(code, skip));

  it('stop before delivery, with the fault decoded, once', async () => {
    const harness = await guest();
    harness.specs('fault #UD');
    const stop = await harness.stop();
    assert.match(stop.text, /^#UD: no such instruction \(0f 0b 40 fa …\), by code at 0x0010000c$/);
    assert.equal(harness.at, starts[2]);
    assert.deepEqual(harness.session.exceptionInfo(), { id: '#UD', description: stop.text });
    assert.equal((await harness.end()).how, RunEnd.Dead);
    assert.equal(harness.number('eax'), 1);
    assert.deepEqual(harness.hits('fault #UD'), [1]);
  });

  it('come as filters, with conditions', async () => {
    const harness = await guest();
    const [ud, gp, wrong] = harness.session.setExceptionFilters([
      { id: '#UD', condition: 'vector == 6 && eax == 0' },
      { id: '#GP' },
      { id: '#GPF' },
    ]);
    assert.deepEqual([ud.verified, gp.verified, wrong.verified], [true, true, false]);
    assert.match(wrong.message ?? '', /no exception filter "#GPF"\. Did you mean "#GP"/);
    const stop = await harness.stop();
    assert.equal(stop.reason, 'exception');
    assert.deepEqual(stop.breakpointIds, [ud.id]);
    await harness.end();
  });

  it('decode page faults and selectors', async () => {
    const pageFault = await Harness.flat(
      program(
        // CR3 = 0 and an empty page directory: the first fetch after paging is on faults.
        asm.movEsp(0x8000),
        [0x31, 0xc0, 0x0f, 0x22, 0xd8],
        [0x0f, 0x20, 0xc0, 0x0d, 0, 0, 0, 0x80, 0x0f, 0x22, 0xc0],
        asm.end,
      ).code,
    );
    pageFault.specs('fault #PF');
    assert.match((await pageFault.stop()).text, /^#PF at 0x00100015: read of a page that is not present, by code at/);

    const selector = await Harness.flat(program(asm.movEsp(0x8000), asm.movEax(0x38), [0x8e, 0xd8], asm.end).code);
    selector.specs('fault #GP');
    assert.match((await selector.stop()).text, /^#GP: general protection, selector 0x0038 \(GDT entry 7\), by code at/);
  });

  it('stop at a triple fault if wanted; going on then ends the guest', async () => {
    const code = program(asm.movEsp(0x8000), asm.ud2).code;
    const silent = await Harness.flat(code);
    const end = await silent.end();
    assert.equal(end.how, RunEnd.TripleFault);
    assert.equal(end.exitCode, 1);
    assert.match(end.text, /^Triple fault at 0x00100005/);

    const watched = await Harness.flat(code);
    watched.session.setExceptionFilters([{ id: 'triple' }]);
    const stop = await watched.stop();
    assert.equal(stop.reason, 'exception');
    assert.match(stop.text, /^Triple fault/);
    assert.equal(watched.session.exceptionInfo()?.id, 'triple');
    assert.ok(watched.session.stack().length > 0);
    assert.equal((await watched.end()).how, RunEnd.TripleFault);
  });

  it('take INT3 for #BP', async () => {
    const harness = await Harness.flat(
      withHandlers(program(asm.movEsp(0x8000), asm.lidt(ORIGIN + IDTR), [0xcc], asm.end).code, asm.iret),
    );
    harness.specs('fault #BP');
    assert.match((await harness.stop()).text, /^#BP: breakpoint instruction, by code at 0x0010000c/);
    assert.equal(harness.at, 12);
    assert.equal((await harness.end()).how, RunEnd.Dead);
  });
});

describe('breakpoints on interrupts and instructions', () => {
  /** Programs the PIC so that IRQ 0 is vector 0x20, lets the timer through, and sleeps twice. */
  const setup = [
    [0x20, 0x11],
    [0x21, 0x20],
    [0x21, 0x04],
    [0x21, 0x01],
    [0x21, 0xfe],
    [0x43, 0x34],
    [0x40, 0x00],
    [0x40, 0x10],
  ].flatMap(([port, value]) => [...asm.movAl(value), ...asm.outImm(port)]);
  const { code, starts } = program(
    asm.movEsp(0x8000),
    asm.lidt(ORIGIN + IDTR),
    setup,
    asm.sti,
    asm.hlt,
    asm.hlt,
    asm.end,
  );
  const HLT = starts[4];
  /** Counts in EBX and ends the interrupt. */
  const handler = [0x43, ...asm.movAl(0x20), ...asm.outImm(0x20), ...asm.iret];
  const guest = (): Promise<Harness> => Harness.flat(withHandlers(code, handler));

  it('stop before an interrupt is delivered, once', async () => {
    const harness = await guest();
    harness.specs('irq 0');
    const stop = await harness.stop();
    assert.match(stop.text, /^IRQ 0 \(vector 0x20\) about to interrupt 0x/);
    assert.equal(harness.at, HLT + 1);
    assert.equal(harness.number('ebx'), 0);
    await harness.stop();
    assert.equal(harness.number('ebx'), 1);
    await harness.end();
    assert.equal(harness.number('ebx'), 2);
    assert.deepEqual(harness.hits('irq 0'), [2]);
  });

  it('stop before an instruction by its name', async () => {
    const harness = await guest();
    harness.specs('insn hlt');
    assert.match((await harness.stop()).text, /^before HLT at/);
    assert.equal(harness.at, HLT);
    await harness.stop();
    assert.equal(harness.at, HLT + 1);
    await harness.stop();
    assert.equal(harness.at, HLT + 3);
    assert.equal((await harness.end()).how, RunEnd.Dead);
  });

  it('refuse names that are not known', async () => {
    const harness = await guest();
    const statuses = harness.session.setSpecBreakpoints(
      ['insn hltt', 'insn out', 'hypercall OUTBB', 'out COM1.THX', 'no_such_function', '*nothing'].map((text) => ({
        text,
      })),
    );
    const expected = [
      /Did you mean "hlt"/,
      /write "out PORT"/,
      /Did you mean "OUTB"/,
      /Did you mean "COM1\.THR"/,
      /no symbols/,
      /"nothing"/,
    ];
    statuses.forEach((status, index) => {
      assert.equal(status.verified, false);
      assert.match(status.message ?? '', expected[index]);
      assert.match(status.message ?? '', /\^/);
    });
  });
});

describe('breakpoints on serial text', () => {
  const text = 'aab aaab';
  const bytes = Array.from(text, (character) => [...asm.movAl(character.charCodeAt(0)), ...asm.outDxAl]).flat();
  const { code } = program(asm.movDx(0x3f8), bytes, asm.end);

  it('stop when the text has been sent', async () => {
    const harness = await Harness.flat(code);
    harness.specs('serial com1 "aaab"', 'serial com2 "a"');
    assert.match((await harness.stop()).text, /^com1 sent "aaab", at/);
    assert.equal(harness.serial, text);
    await harness.end();
  });

  it('find every occurrence, overlapping ones too', () => {
    const positions = (pattern: string, stream: string): number[] => {
      const matcher = new StreamMatcher(pattern);
      return Array.from(stream, (character) => matcher.push(character.charCodeAt(0))).flatMap((hit, at) =>
        hit ? [at] : [],
      );
    };
    assert.deepEqual(positions('aa', 'aaaa'), [1, 2, 3]);
    assert.deepEqual(positions('abab', 'abacababab'), [7, 9]);
    assert.deepEqual(positions('x', 'axbx'), [1, 3]);
    assert.deepEqual(positions('aab', 'aaaab'), [4]);
  });
});

describe('breakpoints on instructions by address', () => {
  const { code, starts } = program(asm.movEax(0), asm.incEax, asm.incEax, [0xeb, 0xfc], asm.end);
  const FIRST = starts[1];

  it('stop before the instruction, as often as it comes by', async () => {
    const harness = await Harness.flat(code);
    harness.specs(`*${ORIGIN + FIRST} if eax < 6 hit >=2`);
    const values: number[] = [];
    for (let i = 0; i < 2; i++) {
      await harness.stop();
      assert.equal(harness.at, FIRST);
      values.push(harness.number('eax'));
    }
    assert.deepEqual(values, [2, 4]);
    harness.session.dispose();
  });

  it('keep their ids and counts when the group is sent again', async () => {
    const harness = await Harness.flat(code);
    const [first] = harness.session.setInstructionBreakpoints([{ address: ORIGIN + FIRST }]);
    await harness.stop();
    const [kept, added] = harness.session.setInstructionBreakpoints([
      { address: ORIGIN + FIRST },
      { address: ORIGIN + FIRST + 1 },
    ]);
    assert.deepEqual([kept.id, kept.hits], [first.id, 1]);
    assert.notEqual(added.id, first.id);
    assert.equal((await harness.stop()).reason, 'instruction breakpoint');
    assert.equal(harness.at, FIRST + 1);
  });

  it('stop at the very first instruction', async () => {
    const harness = await Harness.flat(code);
    harness.specs(`*${ORIGIN}`);
    await harness.stop();
    assert.equal(harness.at, 0);
  });

  it('tell apart addresses that share their low bits', async () => {
    const harness = await Harness.flat(code, { maxInstructions: 1000 });
    harness.specs(`*${ORIGIN + 0x10000 + FIRST}`);
    assert.equal((await harness.end()).how, 'limit');
  });
});

describe('ports that nobody owns', () => {
  const { code } = program(asm.movDx(0x1234), asm.inAlDx, asm.inAlDx, asm.outDxAl, asm.end);

  it('are reported once', async () => {
    const harness = await Harness.flat(code);
    await harness.end();
    assert.equal(harness.messages.length, 1);
    assert.match(harness.messages[0], /^No device answers: IN 0x1234, 1 byte, value 0xff at/);
  });

  it('stop the guest if wanted, at every access', async () => {
    const harness = await Harness.flat(code);
    harness.session.setExceptionFilters([{ id: 'unowned-port' }]);
    for (let i = 0; i < 3; i++) assert.match((await harness.stop()).text, /^no device answers: (IN|OUT) 0x1234/);
    await harness.end();
  });
});
