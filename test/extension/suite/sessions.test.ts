import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { CostCollector } from '../../../src/extension/costs/cost-collector';
import { RunHistory } from '../../../src/extension/costs/run-history';
import { LiveQuery } from '../../../src/extension/sessions/live-query';
import { SessionRegistry } from '../../../src/extension/sessions/session-registry';
import { costAnswer, costRow, FakeAdapter } from '../fake-adapter';
import { endAllSessions, memento, until } from '../support';

describe('sessions, against an adapter that the test plays', () => {
  let fake: FakeAdapter;
  let registry: SessionRegistry;
  let answered: Record<string, number>;
  const disposables: vscode.Disposable[] = [];

  const own = <T extends vscode.Disposable>(disposable: T): T => {
    disposables.push(disposable);
    return disposable;
  };

  beforeEach(() => {
    answered = {};
    const count = (name: string): void => void (answered[name] = (answered[name] ?? 0) + 1);
    fake = new FakeAdapter({
      'ringside/ports': () => {
        count('ports');
        return {
          ports: [
            {
              port: 0x3f8,
              name: 'COM1.THR',
              device: 'UART',
              ins: 0,
              outs: answered.ports,
              fields: [],
              breakpoints: [],
            },
          ],
        };
      },
      'ringside/exitCosts': ({ groupBy, since }) => {
        count(`costs ${groupBy}${since === undefined ? '' : ' since'}`);
        return costAnswer([costRow(`by ${groupBy}`, 500 - (since ?? 0), 80, 'trap')], 'trap');
      },
      'ringside/exitTimeline': () => {
        count('timeline');
        return { spanCycles: 1024, channels: [{ channel: 'trap', cycles: [1000, 3000] }] };
      },
    });
    registry = own(new SessionRegistry());
  });

  afterEach(async () => {
    await endAllSessions();
    fake.stop();
    for (const disposable of disposables.splice(0).reverse()) disposable.dispose();
  });

  async function launch(): Promise<void> {
    const debugServer = await fake.start();
    const configuration = { type: 'ringside', request: 'launch', name: 'Fake guest', program: '/x.elf', debugServer };
    assert.ok(await vscode.debug.startDebugging(undefined, configuration));
    await until('a session', () => registry.current?.name === 'Fake guest');
    // From here on the guest "runs"; what the test sends comes after it.
    await until('its start', () => fake.requests.some(({ command }) => command === 'configurationDone'));
  }

  it('follow the state of the guest', async () => {
    await launch();
    const session = registry.current!;
    assert.equal(session.state, 'running');
    fake.event('stopped', { reason: 'pause', threadId: 1, allThreadsStopped: true });
    await until('stopped', () => session.state === 'stopped');
    fake.custom('ringside/exitsChanged', { samples: 40, nextSequence: 40 });
    await until('counts', () => session.nextSequence === 40);
    fake.event('continued', { threadId: 1 });
    await until('running', () => session.state === 'running');
    assert.equal(session.resumedAt, 40);
    fake.event('terminated');
    await until('ended', () => session.state === 'ended');
    assert.equal(registry.current, session, 'what has ended stays to be looked at');
  });

  it('ask for ports only while somebody looks, and once more at the end', async () => {
    const query = own(new LiveQuery(registry, 'ringside/ports'));
    await launch();
    fake.custom('ringside/exitsChanged', { samples: 1, nextSequence: 1 });
    await until('counts', () => registry.current!.nextSequence === 1);
    assert.equal(answered.ports, undefined);
    query.enabled = true;
    await until('an answer', () => query.value !== undefined);
    query.enabled = false;
    const asked = answered.ports;
    fake.custom('ringside/exitsChanged', { samples: 2, nextSequence: 2 });
    await until('counts', () => registry.current!.nextSequence === 2);
    assert.equal(answered.ports, asked);
    fake.event('terminated');
    await until('the last answer', () => (query.value?.ports[0].outs ?? 0) > asked);
  });

  it('do not ask more often than five times a second', async () => {
    const query = own(new LiveQuery(registry, 'ringside/ports'));
    await launch();
    query.enabled = true;
    const from = Date.now();
    for (let i = 1; i <= 60; i++) {
      fake.custom('ringside/exitsChanged', { samples: i, nextSequence: i });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await until('all counts', () => registry.current!.nextSequence === 60);
    const seconds = (Date.now() - from) / 1000;
    assert.ok(answered.ports <= 2 + 5 * seconds, `${answered.ports} in ${seconds} s`);
  });

  it('keep costs by every grouping, and the timeline, when the guest ends', async () => {
    const history = new RunHistory(memento());
    const collector = own(new CostCollector(registry, history));
    await launch();
    fake.custom('ringside/exitsChanged', { samples: 500, nextSequence: 500 });
    await until('counts', () => registry.current!.nextSequence === 500);
    assert.deepEqual(answered, {}, 'nothing is asked while nobody looks');
    fake.event('terminated');
    await until('a run in the history', () => history.runs.length === 1);
    const [run] = history.runs;
    assert.deepEqual(Object.keys(run.rows).sort(), ['channel', 'function', 'hypercall', 'line', 'port', 'reason']);
    assert.equal(run.totals.samples, 500);
    assert.equal(run.mode, 'trap');
    // Once for this collector and once for the extension's own.
    assert.equal(answered.timeline, 2);
    await collector.choose('port', false);
    assert.equal(collector.view?.costs.rows[0].key, 'by port');
    assert.deepEqual(collector.view?.timeline.channels[0].cycles, [1000, 3000]);
  });

  it('show costs live, also since the last stop only', async () => {
    const collector = own(new CostCollector(registry, new RunHistory(memento())));
    await launch();
    collector.enabled = true;
    await until('a view', () => collector.view?.costs.rows[0].key === 'by reason');
    fake.event('stopped', { reason: 'pause', threadId: 1, allThreadsStopped: true });
    fake.custom('ringside/exitsChanged', { samples: 300, nextSequence: 300 });
    await until('counts', () => registry.current!.nextSequence === 300);
    fake.event('continued', { threadId: 1 });
    await until('running', () => registry.current!.state === 'running');
    await collector.choose('line', true);
    assert.equal(collector.view?.sinceLastStop, true);
    assert.equal(collector.view.costs.totals.samples, 200);
    assert.equal(answered['costs line since'], 1);
  });

  it('send breakpoints of the views to the adapter as function breakpoints', async () => {
    vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint('out 0x3f8 via hypercall', true, 'value == 0x41', '3')]);
    try {
      await launch();
      await until('the breakpoint', () => fake.functionBreakpoints.length === 1);
      const [{ name, condition, hitCondition }] = fake.functionBreakpoints;
      assert.deepEqual([name, condition, hitCondition], ['out 0x3f8 via hypercall', 'value == 0x41', '3']);
    } finally {
      vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
    }
  });

  it('open a terminal per UART and send what is typed there', async () => {
    const opened = (): vscode.Terminal | undefined =>
      vscode.window.terminals.find(({ name }) => name === 'COM2 – Fake guest');
    await launch();
    fake.custom('ringside/serialOutput', { port: 'com2', data: Buffer.from('login: ').toString('base64') });
    await until('a terminal', () => opened() !== undefined);
    opened()!.sendText('root', true);
    const typed = (): string =>
      fake.requests
        .filter(({ command }) => command === 'ringside/serialInput')
        .map(({ arguments: sent }) => sent as { port: string; data: string })
        .map(({ port, data }) => `${port}:${Buffer.from(data, 'base64').toString()}`)
        .join('');
    await until('input', () => typed().includes('\r'));
    assert.match(typed(), /^com2:/);
    assert.equal(typed().replaceAll('com2:', ''), 'root\r');
    opened()!.dispose();
  });
});

describe('the history of runs', () => {
  it('keeps the last eight, newest first, and replaces a run of the same id', async () => {
    const history = new RunHistory(memento());
    const totals = costAnswer([costRow('x', 1, 1, 'trap')], 'trap').totals;
    for (let i = 0; i < 10; i++) {
      await history.add({ id: `${i}`, name: 'guest', mode: 'trap', startedAt: i, totals, rows: {} });
    }
    await history.add({ id: '7', name: 'again', mode: 'trap', startedAt: 99, totals, rows: {} });
    assert.deepEqual(
      history.runs.map(({ id }) => id),
      ['7', '9', '8', '6', '5', '4', '3', '2'],
    );
    assert.equal(history.find('7')?.name, 'again');
    assert.equal(history.find('0'), undefined);
  });
});
