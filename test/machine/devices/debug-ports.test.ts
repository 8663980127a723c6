import assert from 'node:assert/strict';
import { DebugConsole, DebugExit, PostCard } from '../../../src/machine/devices/debug-ports';

describe('debug console', () => {
  it('prints bytes and can be probed', () => {
    const printed: number[] = [];
    const console = new DebugConsole((byte) => printed.push(byte));
    console.writePort(0xe9, 1, 0x41);
    console.writePort(0xe9, 1, 0x0a);
    assert.deepEqual(printed, [0x41, 0x0a]);
    assert.equal(console.readPort(), 0xe9);
    // Firmware looks for its own one at another port.
    assert.deepEqual(
      console.registers.map(({ port }) => port),
      [0xe9, 0x402],
    );
  });
});

describe('POST card', () => {
  it('keeps codes in order, equal ones in a row once', () => {
    const post = new PostCard();
    assert.equal(post.last, undefined);
    assert.equal(post.readPort(0x80), 0);
    for (const code of [0, 0, 1, 1, 2, 0]) post.writePort(0x80, 1, code);
    assert.deepEqual(post.history, [0, 1, 2, 0]);
    assert.equal(post.last, 0);
  });

  it('keeps the latest 256', () => {
    const post = new PostCard();
    for (let i = 0; i < 300; i++) post.writePort(0x80, 1, i & 0xff);
    assert.equal(post.history.length, 256);
    assert.equal(post.history[0], 44);
    assert.equal(post.history[255], 43);
    assert.equal(post.readPort(0x80), 43);
  });

  it('keeps the code of a test ROM apart', () => {
    const post = new PostCard();
    assert.equal(post.testCode, undefined);
    post.writePort(0x190, 1, 0x20);
    post.writePort(0x80, 1, 1);
    assert.equal(post.testCode, 0x20);
    assert.equal(post.readPort(0x190), 0x20);
    assert.deepEqual(post.history, [1]);
  });

  it('saves, loads and resets', () => {
    const post = new PostCard();
    post.writePort(0x190, 1, 0x33);
    for (let i = 0; i < 300; i++) post.writePort(0x80, 1, i & 0xff);
    const copy = new PostCard();
    copy.load(post.save());
    post.reset();
    assert.deepEqual(post.history, []);
    assert.equal(copy.history[0], 44);
    assert.deepEqual([post.testCode, copy.testCode], [undefined, 0x33]);
    assert.throws(() => copy.load({ version: 2 }), /POST: saved state has version 2/);
  });
});

describe('debug exit', () => {
  it('hands on the whole value at any width', () => {
    const values: number[] = [];
    const exit = new DebugExit((value) => values.push(value));
    exit.writePort(0xf4, 1, 0x10);
    exit.writePort(0xf4, 4, 0xdeadbeef);
    assert.deepEqual(values, [0x10, 0xdeadbeef]);
    assert.equal(exit.readPort(), 0);
  });
});
