import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { costAnswer, costRow, FakeAdapter, reckoned } from '../fake-adapter';
import { endAllSessions, until } from '../support';

describe('exit costs above source lines', () => {
  let folder: string;
  let fake: FakeAdapter;
  const settings = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration('ringside.exitCosts');
  const setInline = (value: string | undefined): Thenable<void> =>
    settings().update('inline', value, vscode.ConfigurationTarget.Global);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ringside-lines-'));
    const path = join(folder, 'driver.c');
    writeFileSync(path, 'void uart_putc(char c) {\n  outb(c, 0x3f8);\n}\n');
    const row = costRow('driver.c:2', 1204, 3200, 'trap', {
      source: { path, line: 2, function: 'uart_putc' },
      ...reckoned(1204, 1204 * 3200),
    });
    fake = new FakeAdapter({ 'ringside/exitCosts': () => costAnswer([row], 'trap') });
  });

  afterEach(async () => {
    await endAllSessions();
    await setInline(undefined);
    fake.stop();
    rmSync(folder, { recursive: true });
  });

  it('are there as CodeLenses while the guest stands still, if so set', async () => {
    const uri = vscode.Uri.file(join(folder, 'driver.c'));
    await vscode.window.showTextDocument(uri);
    const lenses = (): Thenable<vscode.CodeLens[]> =>
      vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri);
    /** Titles of our lenses, once they are as wanted. */
    const titles = async (wanted: number): Promise<string[]> => {
      let found: string[] = [];
      for (let attempt = 0; attempt < 100; attempt++) {
        found = (await lenses()).flatMap(({ command }) => (command?.title.includes('exits') ? [command.title] : []));
        if (found.length === wanted) return found;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return found;
    };
    await setInline('lens');
    await vscode.debug.startDebugging(undefined, {
      type: 'ringside',
      request: 'launch',
      name: 'lines',
      program: 'guest.elf',
      debugServer: await fake.start(),
    });
    await until('a session', () => fake.requests.some(({ command }) => command === 'configurationDone'));
    assert.deepEqual(await titles(0), [], 'not while it runs');
    fake.event('stopped', { reason: 'pause', threadId: 1 });
    assert.deepEqual(await titles(1), ['1,204 exits, 3.9 M cycles, 100.0 % of exit time; by hypercall 1.1 M']);
    await setInline('off');
    assert.deepEqual(await titles(0), []);
    await vscode.commands.executeCommand('ringside.toggleLineCosts');
    await until('the setting', () => settings().get('inline') !== 'off');
  });
});
