import assert from 'node:assert/strict';
import type { ExitCostRow, ExitLogEntry } from '../../debugAdapter/protocol';
import { ChromeTrace } from '../../src/cli/trace/chrome-trace';
import { CpuProfile, type LostExits } from '../../src/cli/trace/cpu-profile';
import type { TraceTotals } from '../../src/cli/trace/exits';
import { lostExits } from '../../src/cli/trace/lost-exits';
import { ProfileSamples } from '../../src/cli/trace/profile-samples';

const ENTRY: ExitLogEntry = {
  sequence: 0,
  instructions: 100,
  time: 5000,
  reason: 'IO',
  channel: 'trap',
  port: 0x80,
  portName: 'POST',
  direction: 'out',
  width: 1,
  repeat: 1,
  value: 0x2a,
  eip: '0x00100010',
  site: '0x00100010',
  symbol: 'start+0x10',
  cpl: 0,
  cr3: '0x00000000',
  bytes: 'e6 80',
  cost: { transition: 1000, decode: 500, device: 10, return: 490 },
  hostNs: 1,
  source: { path: '/guest/boot.S', line: 12, function: 'start' },
};

const PUTC: ExitLogEntry = {
  ...ENTRY,
  sequence: 1,
  time: 9000,
  reason: 'VMCALL',
  channel: 'hypercall',
  abi: 'vmi',
  hypercall: 'OUTB',
  number: 56,
  arguments: "port=0x3f8 value=0x41 'A'",
  port: 0x3f8,
  portName: 'COM1.THR',
  value: 0x41,
  bytes: '',
  symbol: 'uart_putc+0x1c',
  cost: { transition: 100, decode: 0, device: 11, return: 89 },
  source: { path: '/guest/uart.c', line: 62, function: 'uart_putc' },
};

function totals(samples: number, guestCycles: number): TraceTotals {
  return {
    samples,
    totalCycles: 0,
    hostNs: 0,
    elements: samples,
    guestCycles,
    exitTimePct: 0,
    instructions: 4000,
    costProfile: 'merom',
    mode: 'vmi',
    nextSequence: samples,
  };
}

interface TraceEvent {
  ph: string;
  pid: number;
  name?: string;
  cat?: string;
  tid?: number;
  ts?: number;
  dur?: number;
  args?: Record<string, unknown>;
}

interface Trace {
  traceEvents: TraceEvent[];
  otherData: Record<string, unknown>;
}

/** The trace of some exits. */
function traceOf(entries: ExitLogEntry[], end: TraceTotals): Trace {
  let text = '';
  const trace = new ChromeTrace((piece) => (text += piece), 'guest.elf');
  for (const entry of entries) trace.add(entry);
  trace.end(end);
  return JSON.parse(text) as Trace;
}

interface Profile {
  nodes: {
    id: number;
    callFrame: { functionName: string; scriptId: string; url: string; lineNumber: number; columnNumber: number };
    hitCount: number;
    children: number[];
    positionTicks?: { line: number; ticks: number }[];
    ringside?: { exits: number; cycles: number };
  }[];
  startTime: number;
  endTime: number;
  samples: number[];
  timeDeltas: number[];
  ringside: Record<string, unknown>;
}

function profileOf(entries: ExitLogEntry[], end: TraceTotals, lost: LostExits[] = [], mostSamples?: number): Profile {
  let text = '';
  const profile = new CpuProfile((piece) => (text += piece), 'guest.elf', mostSamples);
  for (const exits of lost) profile.addLost(exits);
  for (const entry of entries) profile.add(entry);
  profile.end(end);
  return JSON.parse(text) as Profile;
}

/** Microseconds of each node by itself, as the viewers work them out: a sample lasts until the next. */
function selfTimes({ samples, timeDeltas, startTime, endTime }: Profile): Map<number, number> {
  const times = new Map<number, number>();
  let at = startTime;
  const starts = timeDeltas.map((delta) => (at += delta));
  samples.forEach((node, index) => {
    const next = index + 1 < starts.length ? starts[index + 1] : endTime;
    times.set(node, (times.get(node) ?? 0) + next - starts[index]);
  });
  return times;
}

/** What must hold for any profile: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile. */
function assertProfile(profile: Profile): void {
  const { nodes, samples, timeDeltas, startTime, endTime } = profile;
  const ids = new Set(nodes.map(({ id }) => id));
  assert.equal(ids.size, nodes.length, 'ids are unique');
  assert.equal(nodes[0].callFrame.functionName, '(root)');
  const children = nodes.flatMap((node) => node.children);
  assert.deepEqual(new Set([nodes[0].id, ...children]), ids, 'all but the root are somebody’s child');
  assert.equal(children.length, nodes.length - 1, 'and of one parent only');
  for (const { callFrame, hitCount, positionTicks } of nodes) {
    assert.ok(Number.isInteger(callFrame.lineNumber) && callFrame.lineNumber >= -1);
    assert.ok(Number.isInteger(callFrame.columnNumber) && typeof callFrame.scriptId === 'string');
    const ticks = positionTicks?.reduce((sum, tick) => sum + tick.ticks, 0);
    if (ticks !== undefined) assert.equal(ticks, hitCount);
  }
  assert.equal(samples.length, timeDeltas.length);
  assert.ok(samples.every((id) => ids.has(id)));
  assert.ok(timeDeltas.every((delta) => Number.isInteger(delta) && delta >= 0));
  assert.ok(timeDeltas.reduce((sum, delta) => sum + delta, startTime) <= endTime);
}

describe('exit traces', () => {
  describe('in the Trace Event Format', () => {
    it('have one lane per channel and reason, a slice per exit, and a lane of POST codes with their phases', () => {
      const { traceEvents } = traceOf(
        [ENTRY, PUTC, { ...ENTRY, sequence: 2, time: 12000, value: 0x2b }],
        totals(3, 20_000),
      );
      const lanes = traceEvents.filter(({ name }) => name === 'thread_name').map(({ args }) => args?.name);
      assert.deepEqual(lanes, ['POST codes (port 0x80)', 'trap: IO', 'hypercall: VMCALL']);
      const slices = traceEvents.filter(({ ph }) => ph === 'X');
      assert.deepEqual(
        slices.map(({ name, tid, ts, dur }) => [name, tid, ts, dur]),
        [
          ['OUT 0x80 POST', 2, 5, 2],
          ['OUTB 0x3f8 COM1.THR', 3, 9, 0.2],
          ['OUT 0x80 POST', 2, 12, 2],
        ],
      );
      const marks = traceEvents.filter(({ ph }) => 'iBE'.includes(ph));
      assert.deepEqual(
        marks.map(({ ph, name, tid, ts }) => [ph, name, tid, ts]),
        [
          ['i', 'POST 0x2a', 1, 5],
          ['B', 'POST 0x2a', 1, 5],
          ['E', undefined, 1, 12],
          ['i', 'POST 0x2b', 1, 12],
          ['B', 'POST 0x2b', 1, 12],
          ['E', undefined, 1, 20],
        ],
      );
    });

    it('say of a hypercall its ABI, arguments and place, and of the run what it was', () => {
      const { traceEvents, otherData } = traceOf([PUTC], totals(1, 20_000));
      const args = traceEvents.find(({ ph }) => ph === 'X')?.args;
      assert.equal(args?.call, 'vmi:OUTB');
      assert.equal(args.arguments, "port=0x3f8 value=0x41 'A'");
      assert.equal(args.symbol, 'uart_putc+0x1c');
      assert.equal(args.source, '/guest/uart.c:62');
      assert.deepEqual(args.cycles, { total: 200, transition: 100, decode: 0, device: 11, return: 89 });
      assert.equal(otherData.guest, 'guest.elf');
      assert.equal(otherData.costProfile, 'merom');
      assert.equal(otherData.missing, 0);
    });

    it('count exits per second by channel, and their share of time, by milliseconds', () => {
      const at = (sequence: number, time: number, entry = PUTC): ExitLogEntry => ({ ...entry, sequence, time });
      const { traceEvents } = traceOf(
        [at(0, 100_000), at(1, 200_000, ENTRY), at(2, 900_000), at(3, 5_000_000)],
        totals(4, 6_000_000),
      );
      const counters = traceEvents.filter(({ ph, name }) => ph === 'C' && name === 'exits/s');
      assert.deepEqual(
        counters.map(({ ts, args }) => [ts, args]),
        [
          [0, { hypercall: 2000, trap: 1000 }],
          [1000, { hypercall: 0, trap: 0 }],
          [5000, { hypercall: 1000, trap: 0 }],
          [6000, { hypercall: 0, trap: 0 }],
        ],
      );
      const shares = traceEvents.filter(({ name }) => name === 'exit time %').map(({ args }) => args?.share);
      assert.deepEqual(shares, [0.24, 0, 0.02, 0]);
    });

    it('lay exits whose cost is not charged one behind the other', () => {
      const { traceEvents } = traceOf([ENTRY, { ...ENTRY, sequence: 1, time: 5001 }], totals(2, 5002));
      const slices = traceEvents.filter(({ ph }) => ph === 'X');
      assert.deepEqual(
        slices.map(({ ts, dur }) => [ts, dur]),
        [
          [5, 2],
          [7, 2],
        ],
      );
    });

    it('are complete without an exit, and say how many are missing', () => {
      assert.equal(traceOf([], totals(0, 0)).traceEvents.length, 3);
      const { otherData } = traceOf([{ ...ENTRY, sequence: 70 }], totals(71, 0));
      assert.deepEqual([otherData.firstSequence, otherData.missing], [70, 70]);
    });
  });

  describe('as CPU profiles', () => {
    it('have functions, below them their exits by kind and line, and the guest’s own time', () => {
      const profile = profileOf([ENTRY, PUTC, { ...PUTC, sequence: 2, time: 12_000 }], totals(3, 20_000));
      assertProfile(profile);
      const names = profile.nodes.map(({ callFrame }) => callFrame.functionName);
      assert.deepEqual(names, [
        '(root)',
        '(program)',
        'start',
        'OUT 0x80 POST (trap)',
        'uart_putc',
        'OUTB 0x3f8 COM1.THR',
      ]);
      const putc = profile.nodes[5];
      assert.deepEqual(putc.callFrame, {
        functionName: 'OUTB 0x3f8 COM1.THR',
        scriptId: '2',
        url: 'file:///guest/uart.c',
        lineNumber: 61,
        columnNumber: 0,
      });
      assert.deepEqual(putc.positionTicks, [{ line: 62, ticks: 2 }]);
      assert.deepEqual(putc.ringside, { exits: 2, cycles: 400 });
      assert.ok(profile.nodes[4].children.includes(putc.id));
      assert.equal(profile.endTime, 19, 'two exits of a fifth of a microsecond have not filled one');
      assert.equal(selfTimes(profile).get(profile.nodes[3].id), 2);
    });

    it('keep the sum of each function to a microsecond, though samples are whole ones', () => {
      const entries = Array.from({ length: 1000 }, (_, sequence) => ({ ...PUTC, sequence, time: sequence * 1234 }));
      const profile = profileOf(entries, totals(1000, 1_234_000));
      assertProfile(profile);
      assert.equal(selfTimes(profile).get(profile.nodes[3].id), 200);
      assert.equal(profile.nodes[3].ringside?.cycles, 200_000);
      assert.ok(Math.abs(profile.endTime - 1234) <= 2);
    });

    it('keep their sums when samples that lie close together are merged', () => {
      const entries = Array.from({ length: 5000 }, (_, sequence) => ({
        ...(sequence % 3 === 0 ? ENTRY : PUTC),
        sequence,
        time: sequence * 3000,
      }));
      const all = profileOf(entries, totals(5000, 15_000_000));
      const merged = profileOf(entries, totals(5000, 15_000_000), [], 100);
      assertProfile(merged);
      assert.ok(all.samples.length > 4000 && merged.samples.length <= 100, `${merged.samples.length}`);
      assert.deepEqual(new Map([...selfTimes(merged)].sort()), new Map([...selfTimes(all)].sort()));
    });

    it('have what the log has lost, so that the sums are those of the exit costs', () => {
      const row = (line: number, samples: number, totalCycles: number): ExitCostRow => ({
        key: `uart.c:${line}`,
        samples,
        samplesPct: 0,
        timePct: 0,
        minCycles: 0,
        maxCycles: 0,
        avgCycles: 0,
        stdErrPct: 0,
        totalCycles,
        parts: { transition: 0, decode: 0, device: 0, return: 0 },
        hostNs: 0,
        channel: 'hypercall',
        source: { path: '/guest/uart.c', line, function: 'uart_putc' },
      });
      const rest = lostExits([row(62, 10, 2000), row(50, 1, 7000)], [{ ...PUTC, sequence: 10, time: 50_000 }]);
      assert.deepEqual(
        rest.map(({ exits, cycles }) => [exits, cycles]),
        [
          [9, 1800],
          [1, 7000],
        ],
      );
      const profile = profileOf([{ ...PUTC, sequence: 10, time: 50_000 }], totals(11, 60_000), rest);
      assertProfile(profile);
      const sum = profile.nodes.reduce((cycles, { ringside }) => cycles + (ringside?.cycles ?? 0), 0);
      assert.equal(sum, 9000);
    });

    it('are complete without an exit', () => {
      const profile = profileOf([], totals(0, 0));
      assertProfile(profile);
      assert.deepEqual([profile.nodes.length, profile.samples.length], [2, 0]);
    });
  });

  it('keep few samples more than there are nodes, whatever comes', () => {
    const samples = new ProfileSamples(50);
    for (let index = 0; index < 10_000; index++) samples.add(index % 200, 1);
    assert.ok(samples.length <= 400, `${samples.length} samples of 200 nodes`);
    let sum = 0;
    samples.forEach((_, duration) => (sum += duration));
    assert.equal(sum, 10_000);
  });
});
