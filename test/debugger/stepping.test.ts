import assert from 'node:assert/strict';
import { asm, program } from './assembly';
import { Harness, ORIGIN } from './session-harness';

/** A guest stopped at an offset. */
async function at(code: readonly number[], offset: number): Promise<Harness> {
  const harness = await Harness.flat(code, {
    hypervisor: { mode: 'trap', disableIoOps: false, costProfile: 'default', abis: [] },
  });
  harness.specs(`*${ORIGIN + offset}`);
  await harness.stop();
  harness.specs();
  assert.equal(harness.at, offset);
  return harness;
}

describe('stepping by instruction', () => {
  const SUB = 0x40;
  const main = program(asm.movEsp(0x8000), asm.movEax(0), asm.call(10, SUB), asm.incEax, asm.end);
  const CALL = main.starts[2];
  const AFTER_CALL = main.starts[3];
  /** Two increments, so that going through it can be told. */
  const code = [...main.code, ...new Array<number>(SUB - main.code.length).fill(0x90), 0x40, 0x40, 0xc3];

  it('executes exactly one', async () => {
    const harness = await at(code, 0);
    const positions: number[] = [];
    for (let i = 0; i < 6; i++) {
      const stop = await harness.step('in', 'instruction');
      assert.equal(stop.reason, 'step');
      positions.push(harness.at);
    }
    assert.deepEqual(positions, [5, CALL, SUB, SUB + 1, SUB + 2, AFTER_CALL]);
  });

  it('goes over a call at full speed', async () => {
    const harness = await at(code, CALL);
    await harness.step('over', 'instruction');
    assert.equal(harness.at, AFTER_CALL);
    assert.equal(harness.number('eax'), 2);
  });

  it('is interrupted by a breakpoint inside the call', async () => {
    const harness = await at(code, CALL);
    harness.specs(`*${ORIGIN + SUB + 1}`);
    const stop = await harness.step('over', 'instruction');
    assert.equal(stop.reason, 'function breakpoint');
    assert.equal(harness.at, SUB + 1);
    await harness.end();
  });

  it('goes out of a function', async () => {
    const harness = await at(code, SUB);
    // Nothing tells how to unwind code without symbols but its frame pointer: give it one.
    harness.session.assign('ebp', '0x7ff8', 0);
    await harness.step('out');
    assert.equal(harness.at, AFTER_CALL);
  });

  it('takes a repeated string instruction as one', async () => {
    const { code: fill, starts } = program(
      asm.movEsp(0x8000),
      asm.movEdi(0x9000),
      asm.movEcx(100),
      asm.repStosb,
      asm.end,
    );
    const harness = await at(fill, starts[3]);
    await harness.step('in', 'instruction');
    assert.equal(harness.at, starts[4]);
    assert.equal(harness.number('ecx'), 0);
    assert.equal(harness.number('edi'), 0x9064);
  });

  it('stops only in the activation that it began in', async () => {
    // f: dec eax; jz out; call f; AFTER: inc ebx; out: ret
    const F = 0x20;
    const start = program(asm.movEsp(0x8000), asm.movEax(5), asm.call(10, F), asm.end);
    const f = program([0x48], [0x74, 6], asm.call(F + 3, F), [0x43], asm.ret);
    const recursive = [...start.code, ...new Array<number>(F - start.code.length).fill(0x90), ...f.code];
    const harness = await at(recursive, F + f.starts[2]);
    const depth = harness.number('esp');
    await harness.step('over', 'instruction');
    assert.equal(harness.at, F + f.starts[3]);
    assert.equal(harness.number('esp'), depth);
    assert.equal(harness.number('eax'), 0);
    assert.equal(harness.number('ebx'), 3);
  });
});

describe('stepping while interrupts come', () => {
  const IDT = 0x200;
  const IDTR = 0x1f0;
  const HANDLER = 0x180;
  const setup = [
    [0x20, 0x11],
    [0x21, 0x20],
    [0x21, 0x04],
    [0x21, 0x01],
    [0x21, 0xfe],
    [0x43, 0x34],
    [0x40, 0x02],
    [0x40, 0x00],
  ].flatMap(([port, value]) => [...asm.movAl(value), ...asm.outImm(port)]);
  /** Counts EAX up a hundred times. The trapped OUT takes so long that a timer interrupt follows each. */
  const loop = program(asm.movEax(0), asm.incEax, asm.outImm(0x80), [0x83, 0xf8, 100], [0x75, 0xf8], asm.end);
  const main = program(asm.movEsp(0x8000), asm.lidt(ORIGIN + IDTR), setup, asm.movEcx(0), asm.sti, asm.nop, loop.code);
  const LOOP = main.starts[6];
  /** Saves EAX, counts in EBX, ends the interrupt. */
  const handler = [0x50, 0x43, ...asm.movAl(0x20), ...asm.outImm(0x20), 0x58, 0xcf];
  const code = new Array<number>(0x400).fill(0x90);
  const place = (offset: number, bytes: readonly number[]): void => void code.splice(offset, bytes.length, ...bytes);
  place(0, main.code);
  place(HANDLER, handler);
  const base = ORIGIN + IDT;
  place(IDTR, [0xff, 1, base & 0xff, (base >>> 8) & 0xff, (base >>> 16) & 0xff, 0]);
  for (let vector = 0; vector < 0x30; vector++) {
    place(IDT + vector * 8, [HANDLER & 0xff, (HANDLER >>> 8) & 0xff, 8, 0, 0, 0x8e, 0x10, 0]);
  }

  it('never lands in the handler, and the handler runs', async () => {
    const harness = await at(code, LOOP + 5);
    const valid = new Set([1, 2, 3, 4].map((index) => LOOP + loop.starts[index]));
    const before = harness.number('ebx');
    for (let i = 0; i < 80; i++) {
      const position = harness.at;
      await harness.step(i % 2 ? 'in' : 'over', 'instruction');
      assert.ok(valid.has(harness.at), `landed at ${harness.at.toString(16)}`);
      assert.notEqual(harness.at, position);
    }
    assert.equal(harness.number('eax'), 20);
    assert.ok(harness.number('ebx') >= before + 10, 'the timer hardly came');
    await harness.end();
    assert.equal(harness.number('eax'), 100);
  });

  it('goes over HLT to the instruction behind it', async () => {
    const sleepy = code.slice();
    sleepy.splice(LOOP, 3, ...asm.hlt, ...asm.nop, ...asm.nop);
    const harness = await at(sleepy, LOOP);
    await harness.step('over', 'instruction');
    assert.equal(harness.at, LOOP + 1);
    await harness.step('over', 'instruction');
    assert.equal(harness.at, LOOP + 2);
  });

  it('goes through a handler of an exception and tries the instruction again, or takes it as done', async () => {
    const faulting = code.slice();
    faulting.splice(LOOP, 4, ...asm.ud2, ...asm.nop, ...asm.nop);
    // The handler of #UD skips the instruction.
    faulting.splice(HANDLER + 0x20, 5, 0x83, 0x04, 0x24, 2, 0xcf);
    faulting[IDT + 6 * 8] += 0x20;
    const harness = await at(faulting, LOOP);
    await harness.step('over', 'instruction');
    assert.equal(harness.at, LOOP + 2);
  });
});

describe('pausing', () => {
  const spin = [...asm.movEsp(0x8000), 0xeb, 0xfe];

  it('stops a guest that runs for ever', async () => {
    const harness = await Harness.flat(spin, { maxInstructions: undefined });
    harness.session.run();
    assert.equal(harness.session.running, true);
    setTimeout(() => harness.session.pause(), 20);
    const { stop } = await harness.next();
    assert.equal(stop?.reason, 'pause');
    assert.equal(harness.session.running, false);
    assert.equal(harness.at, 5);
  });

  it('stops a step that does not end', async () => {
    const endless = program(asm.movEsp(0x8000), asm.call(5, 5), asm.end);
    const harness = await at(endless.code, 5);
    harness.session.step('over', 'instruction');
    // A call that calls itself eats the stack; give it a loop instead.
    setTimeout(() => harness.session.pause(), 20);
    const { stop, end } = await harness.next();
    assert.ok(stop ?? end);
  });

  it('stops a guest that sleeps with nothing to wake it', async () => {
    const harness = await Harness.flat([
      // The timer that the firmware has set going waits for a count from here on.
      ...[...asm.movAl(0x30), ...asm.outImm(0x43)],
      ...[...asm.movEsp(0x8000), ...asm.sti, ...asm.hlt],
    ]);
    let idle = 0;
    harness.session.onEvent((event) => {
      if (event.type === 'idle') idle++;
    });
    harness.session.run();
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(idle, 1);
    assert.equal(harness.session.running, true);
    harness.session.pause();
    assert.equal((await harness.next()).stop?.reason, 'pause');
  });

  it('answers questions meanwhile', async () => {
    const harness = await Harness.flat(spin, { maxInstructions: undefined });
    harness.session.run();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(harness.session.readMemory(ORIGIN, 2).length, 2);
    assert.ok(harness.session.inspect.ports().ports.length > 0);
    const [status] = harness.session.setSpecBreakpoints([{ text: `*${ORIGIN + 5}` }]);
    assert.equal(status.verified, true);
    assert.equal((await harness.next()).stop?.reason, 'function breakpoint');
  });
});
