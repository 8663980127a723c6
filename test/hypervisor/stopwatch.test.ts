import assert from 'node:assert/strict';
import { Stopwatch } from '../../src/hypervisor/stopwatch';

describe('the stopwatch of exits', () => {
  it('measures each of the first exits, later a sample that stands for the others', () => {
    let now = 0;
    let readings = 0;
    const stopwatch = new Stopwatch(() => {
      readings++;
      return now;
    });
    const exit = (nanoseconds: number): number => {
      stopwatch.start();
      now += nanoseconds;
      return stopwatch.elapsed();
    };
    for (let i = 1; i <= 1024; i++) assert.equal(exit(i), i);
    assert.equal(readings, 2048);
    const storm = Array.from({ length: 61_000 }, () => exit(50));
    assert.equal(readings, 2048 + 2 * 1000, 'one in sixty-one is measured');
    assert.ok(storm.slice(61).every((nanoseconds) => nanoseconds === 50));
  });
});
