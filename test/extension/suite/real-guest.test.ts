import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { ExitCostRow, SerialOutputEvent } from '../../../debugAdapter/protocol';
import { CostCollector } from '../../../src/extension/costs/cost-collector';
import { GROUP_KEYS, type Run } from '../../../src/extension/costs/run';
import { RunHistory } from '../../../src/extension/costs/run-history';
import { configurationFor } from '../../../src/extension/launch/configuration-provider';
import { SessionRegistry } from '../../../src/extension/sessions/session-registry';
import { endAllSessions, memento, until } from '../support';

const root = process.env.RINGSIDE_ROOT!;
const program = vscode.Uri.file(join(root, 'dist', 'guests', 'paravirt-io.elf'));
const uart = vscode.Uri.file(join(root, 'guests', 'paravirt-io', 'uart.c'));
const LIMIT_MS = 25_000;

/** Follows all that the adapter says. */
class Listener implements vscode.DebugAdapterTrackerFactory, vscode.Disposable {
  serial = '';
  console = '';
  readonly stops: DebugProtocol.StoppedEvent['body'][] = [];
  ended = false;
  private readonly subscription = vscode.debug.registerDebugAdapterTrackerFactory('ringside', this);

  createDebugAdapterTracker(): vscode.DebugAdapterTracker {
    return {
      onDidSendMessage: (message: DebugProtocol.Event) => {
        if (message.type !== 'event') return;
        if (message.event === 'stopped') this.stops.push(message.body as DebugProtocol.StoppedEvent['body']);
        if (message.event === 'output') this.console += (message.body as DebugProtocol.OutputEvent['body']).output;
        if (message.event === 'ringside/serialOutput') {
          this.serial += Buffer.from((message.body as SerialOutputEvent).data, 'base64').toString('latin1');
        }
      },
    };
  }

  dispose(): void {
    this.subscription.dispose();
  }
}

describe('the sample guest in the editor', function () {
  this.timeout(4 * LIMIT_MS);
  let listener: Listener;
  let registry: SessionRegistry;
  let history: RunHistory;
  let collector: CostCollector;

  beforeEach(() => {
    listener = new Listener();
    registry = new SessionRegistry();
    history = new RunHistory(memento());
    collector = new CostCollector(registry, history);
  });

  afterEach(async () => {
    vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
    await endAllSessions();
    for (const disposable of [collector, registry, listener]) disposable.dispose();
  });

  const launch = async (mode: string, more: Record<string, unknown> = {}): Promise<void> => {
    const configuration = { ...configurationFor(program), name: `sample (${mode})`, hypervisor: { mode }, ...more };
    assert.ok(await vscode.debug.startDebugging(undefined, configuration));
    await until('a session', () => registry.current?.name === configuration.name);
  };

  const nextStop = async (count: number): Promise<string> => {
    await until(`stop ${count}`, () => listener.stops.length >= count);
    return listener.stops[count - 1].text ?? '';
  };

  const resume = (): Thenable<unknown> => registry.current!.debugSession.customRequest('continue', { threadId: 1 });

  for (const mode of ['trap', 'vtx', 'vmi']) {
    it(`${mode}: the totals of the panel are the guest's own count`, async () => {
      await launch(mode);
      await until('the end', () => history.runs.length === 1, 2 * LIMIT_MS);
      const [run] = history.runs as [Run];
      assert.match(listener.serial, /paravirt-io: OK/);
      const own = Number(/exits ~?0*(\d+)/.exec(listener.serial)?.[1]);
      const sum = (rows: ExitCostRow[] = []): number => rows.reduce((all, { samples }) => all + samples, 0);
      const ports = run.rows.port?.filter(({ key }) => key.startsWith('0x')) ?? [];
      // Hardware leaves a string instruction once per page: there are more exits than operations.
      const operations = ports.reduce((all, row) => all + row.operations!.singles + row.operations!.strings, 0);
      assert.equal(mode === 'vtx' ? operations : sum(ports), own);
      assert.equal(run.mode, mode);
      // Besides its port operations a guest under VMI asks the ROM for its calls; privileged instructions exit too.
      const others = (run.rows.hypercall ?? []).filter(({ key }) => /^VMI_/.test(key));
      assert.ok(run.totals.samples >= own + sum(others));
      assert.equal(others.length > 0, mode === 'vmi');
      for (const group of GROUP_KEYS) {
        assert.equal(sum(run.rows[group]), run.totals.samples, `by ${group}`);
      }
      const channels = new Set(run.rows.channel?.map(({ channel }) => channel));
      assert.ok(channels.has(mode === 'vmi' ? 'hypercall' : (mode as 'trap' | 'vtx')), [...channels].join());
      const lines = run.rows.line ?? [];
      assert.ok(
        lines.some(({ source }) => source?.path === uart.fsPath),
        'costs by source line name uart.c',
      );
    });
  }

  for (const [mode, via] of [
    ['trap', 'trap'],
    ['vmi', 'hypercall'],
  ]) {
    it(`${mode}: out 0x3f8 stops and says by which way`, async () => {
      vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint('out 0x3f8')]);
      await launch(mode);
      const text = await nextStop(1);
      assert.match(text, /OUT 0x3f8/);
      assert.match(text, new RegExp(`via ${via}`));
      await resume();
      assert.match(await nextStop(2), /OUT 0x3f8/);
    });
  }

  it('stops at a hypercall only where there are hypercalls', async () => {
    vscode.debug.addBreakpoints([
      new vscode.FunctionBreakpoint('hypercall OUTB if port == 0x3f8'),
      new vscode.FunctionBreakpoint('out 0x3f8 via hypercall'),
    ]);
    await launch('vmi');
    assert.match(await nextStop(1), /OUTB/);
    await endAllSessions();
    await launch('trap');
    await until('the end', () => registry.current?.state === 'ended');
    assert.equal(listener.stops.length, 1);
    assert.match(listener.serial, /paravirt-io: OK/);
  });

  it('logs without a stop', async () => {
    vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint('out 0x3f8 hit >=3 log "wrote {value:x}"')]);
    await launch('vmi');
    await until('the end', () => registry.current?.state === 'ended');
    assert.equal(listener.stops.length, 0);
    assert.ok((listener.console.match(/wrote /g) ?? []).length > 100);
  });

  it('stops at a line of C and of assembly, and shows the stack', async () => {
    const text = (await vscode.workspace.openTextDocument(uart)).getText().split('\n');
    const line = text.findIndex((candidate) => candidate.includes('outb(c, THR)'));
    const at = new vscode.Location(uart, new vscode.Position(line, 0));
    vscode.debug.addBreakpoints([new vscode.SourceBreakpoint(at)]);
    await launch('vmi');
    await nextStop(1);
    const { stackFrames } = (await registry.current!.debugSession.customRequest('stackTrace', {
      threadId: 1,
    })) as DebugProtocol.StackTraceResponse['body'];
    assert.equal(stackFrames[0].line, line + 1);
    // VS Code has made it a URI: here the file system is that of a server.
    assert.ok(stackFrames[0].source?.path?.endsWith(uart.path), stackFrames[0].source?.path);
    assert.match(stackFrames[0].name, /uart_putc/);
    assert.ok(stackFrames.length >= 3, stackFrames.map(({ name }) => name).join());
  });

  it('has a clear message for a missing image', async () => {
    const missing = { ...configurationFor(vscode.Uri.file('/no/such/guest.elf')), name: 'missing' };
    // In tests VS Code throws what it would show in a dialog.
    await assert.rejects(
      async () => vscode.debug.startDebugging(undefined, missing),
      /program: \/no\/such\/guest\.elf: cannot be read: no such file/,
    );
  });
});
