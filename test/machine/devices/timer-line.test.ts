import assert from 'node:assert/strict';
import { TimerLine } from '../../../src/machine/devices/timer-line';

function line(): { line: TimerLine; edges: () => number; level: () => boolean } {
  let level = false;
  let edges = 0;
  const made = new TimerLine((number, next) => {
    assert.equal(number, 0);
    if (next && !level) edges++;
    level = next;
  });
  return { line: made, edges: () => edges, level: () => level };
}

describe('IRQ0 shared by the 8254 and an alarm', () => {
  it('passes the 8254 on as it is while there is no alarm', () => {
    const { line: irq0, edges, level } = line();
    for (let i = 0; i < 3; i++) {
      irq0.set('pit', true);
      irq0.set('pit', true);
      irq0.set('pit', false);
    }
    assert.equal(edges(), 3);
    assert.equal(level(), false);
  });

  it('makes an edge for the alarm although a stopped 8254 holds the line high', () => {
    const { line: irq0, edges, level } = line();
    irq0.set('pit', true);
    irq0.strike();
    irq0.strike();
    assert.equal(edges(), 3);
    assert.equal(level(), true);
  });

  it('makes an edge for the 8254 although the last alarm still holds the line high', () => {
    const { line: irq0, edges, level } = line();
    irq0.strike();
    irq0.set('pit', true);
    irq0.set('pit', false);
    assert.equal(edges(), 2);
    assert.equal(level(), true, 'a request that waits is not taken back');
  });

  it('lets go at power on, and keeps the alarm in its state', () => {
    const { line: irq0, level } = line();
    irq0.strike();
    const saved = irq0.save();
    irq0.reset();
    assert.equal(level(), false);
    irq0.load(saved);
    assert.equal(level(), true);
    assert.throws(() => irq0.load({ version: 9 }), RangeError);
  });
});
