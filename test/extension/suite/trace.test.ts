import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { SessionRegistry } from '../../../src/extension/sessions/session-registry';
import { ExitTrace } from '../../../src/extension/trace/exit-trace';
import { KeptLogs } from '../../../src/extension/trace/kept-logs';
import { fetchSessionLog, missingExits } from '../../../src/extension/trace/session-log';
import { traceSummary, traceText } from '../../../src/extension/trace/trace-text';
import { costAnswer, costRow, FakeAdapter, logEntry } from '../fake-adapter';
import { endAllSessions, until } from '../support';

const FIRST = 7_000;
const NEXT = 25_000;
const source = { path: '/src/uart.c', line: 62, function: 'uart_putc' };

/** An adapter whose log keeps the last exits of many. */
function adapter(): FakeAdapter {
  return new FakeAdapter({
    'ringside/exitCosts': () => costAnswer([costRow('uart.c:62', NEXT, 1254, 'hypercall', { source })], 'vmi'),
    'ringside/exitLog': ({ start = 0, count = 100 }) => {
      const from = Math.max(FIRST, start);
      const length = Math.max(0, Math.min(count, NEXT - from));
      const entries = Array.from({ length }, (_, index) => logEntry(from + index, { source }));
      return { entries, first: FIRST, next: NEXT };
    },
  });
}

describe('the exit trace of a session', () => {
  let fake: FakeAdapter;
  let registry: SessionRegistry;
  let kept: KeptLogs;

  beforeEach(async () => {
    fake = adapter();
    registry = new SessionRegistry();
    kept = new KeptLogs(registry);
    const debugServer = await fake.start();
    await vscode.debug.startDebugging(undefined, {
      type: 'ringside',
      request: 'launch',
      name: 'traced',
      program: 'guest.elf',
      debugServer,
    });
    await until('a session', () => registry.current?.name === 'traced');
    fake.custom('ringside/exitsChanged', { samples: NEXT, nextSequence: NEXT });
    await until('counts', () => registry.current?.nextSequence === NEXT);
  });

  afterEach(async () => {
    await endAllSessions();
    for (const disposable of [kept, registry]) disposable.dispose();
    fake.stop();
  });

  it('has all that the log has, page by page, and knows what is missing', async () => {
    const log = await fetchSessionLog(registry.current!);
    assert.deepEqual(
      [log.entries.length, log.entries[0].sequence, log.entries.at(-1)?.sequence],
      [18_000, FIRST, 24_999],
    );
    assert.equal(missingExits(log), FIRST);
    assert.match(traceSummary(log, 'json'), /^18,000 exits; the 7,000 exits before them are not in the log any more/);

    const trace = JSON.parse(traceText(log, 'json', 'traced')) as {
      traceEvents: { ph: string }[];
      otherData: { missing: number };
    };
    assert.equal(trace.traceEvents.filter(({ ph }) => ph === 'X').length, 18_000);
    assert.equal(trace.otherData.missing, FIRST);

    const profile = JSON.parse(traceText(log, 'cpuprofile', 'traced')) as {
      nodes: { ringside?: { exits: number; cycles: number } }[];
    };
    const sum = (key: 'exits' | 'cycles'): number =>
      profile.nodes.reduce((all, { ringside }) => all + (ringside?.[key] ?? 0), 0);
    assert.deepEqual([sum('exits'), sum('cycles')], [NEXT, NEXT * 1254], 'the sums are those of all exits');
  });

  it('is written where the user says, in the format that the name asks for', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ringside-trace-'));
    const window = vscode.window as { showSaveDialog: unknown; showInformationMessage: unknown };
    const { showSaveDialog, showInformationMessage } = window;
    const messages: string[] = [];
    const trace = new ExitTrace(registry, kept, vscode.Uri.file(folder));
    try {
      window.showInformationMessage = (message: string) => Promise.resolve(void messages.push(message));
      for (const name of ['exits.json', 'exits.cpuprofile']) {
        window.showSaveDialog = () => Promise.resolve(vscode.Uri.file(join(folder, name)));
        await trace.save();
      }
      const read = (name: string): object => JSON.parse(readFileSync(join(folder, name), 'utf8')) as object;
      assert.ok('traceEvents' in read('exits.json'));
      assert.ok('timeDeltas' in read('exits.cpuprofile'));
      assert.match(messages[0], /^Saved 18,000 exits; the 7,000 exits before them are not in the log any more/);
      assert.match(messages[1], /^Saved 18,000 exits; of the 7,000 exits before them the profile has the sums/);
      window.showSaveDialog = () => Promise.resolve(undefined);
      await trace.save();
      assert.equal(messages.length, 2, 'nothing is said when the user backs out');
    } finally {
      Object.assign(window, { showSaveDialog, showInformationMessage });
      rmSync(folder, { recursive: true });
    }
  });

  it('is kept when the session ends, as much of it as the setting says', async () => {
    const session = registry.current!;
    fake.event('terminated');
    await until('the end', () => session.state === 'ended');
    const log = await kept.of(session);
    assert.deepEqual([log?.entries.length, log?.entries[0].sequence], [2000, NEXT - 2000]);
    assert.equal(log && missingExits(log), NEXT - 2000);
  });
});
