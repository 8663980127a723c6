import assert from 'node:assert/strict';
import { ExitLog } from '../../src/hypervisor/exits/exit-log';
import { emptyRecord } from '../../src/hypervisor/exits/exit-ring';
import { ExitTimeline } from '../../src/hypervisor/exits/exit-timeline';

const sum = (timeline: ExitTimeline): number =>
  timeline.data.channels.flatMap(({ cycles }) => cycles).reduce((all, cycles) => all + cycles, 0);

describe('the timeline of exits', () => {
  it('puts each exit into its own span and channel', () => {
    const timeline = new ExitTimeline();
    timeline.add('trap', 0, 5);
    timeline.add('trap', 1023, 1);
    timeline.add('vtx', 1024 * 3, 7);
    assert.deepEqual(timeline.data, {
      spanCycles: 1024,
      channels: [
        { channel: 'trap', cycles: [6, 0, 0, 0] },
        { channel: 'vtx', cycles: [0, 0, 0, 7] },
      ],
    });
  });

  it('keeps every cycle in its place, however far time goes, in bounded memory', () => {
    const timeline = new ExitTimeline();
    let all = 0;
    for (let i = 0; i < 5000; i++) {
      timeline.add(i % 2 ? 'trap' : 'hypercall', i ** 2 * 37, i);
      all += i;
    }
    const { spanCycles, channels } = timeline.data;
    assert.equal(sum(timeline), all);
    assert.ok(channels.every(({ cycles }) => cycles.length <= 240));
    assert.ok(spanCycles * channels[0].cycles.length > 4999 ** 2 * 37);
    const firstHalf = channels[0].cycles.slice(0, channels[0].cycles.length / 2).reduce((a, b) => a + b, 0);
    const early = Array.from({ length: 5000 }, (_, i) => i).filter(
      (i) => i % 2 && Math.floor((i ** 2 * 37) / spanCycles) < Math.floor(channels[0].cycles.length / 2),
    );
    assert.equal(
      firstHalf,
      early.reduce((a, b) => a + b, 0),
    );
  });

  it('is kept by the exit log, with exits that grow, and forgotten with it', () => {
    const log = new ExitLog(2);
    const cost = { transition: 1, decode: 2, device: 3, return: 4 };
    for (let i = 0; i < 5; i++) log.add({ ...emptyRecord(), channel: 'vtx', time: i * 2000, cost: { ...cost } });
    log.extendLast({
      elements: 3,
      value: 0,
      cost: { transition: 0, decode: 0, device: 30, return: 0 },
      hostNs: 1,
      hostMeasured: true,
      pageRuns: 0,
    });
    assert.equal(sum(log.timeline), 5 * 10 + 30);
    assert.equal(log.timeline.data.channels[0].cycles.at(-1), 40);
    log.clear();
    assert.deepEqual(log.timeline.data, { spanCycles: 1024, channels: [] });
  });
});
