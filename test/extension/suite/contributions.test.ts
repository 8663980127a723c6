import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import packageJson from '../../../package.json';

const root = process.env.RINGSIDE_ROOT!;
const { contributes } = packageJson;

describe('the extension', () => {
  it('is not active before it is needed', () => {
    const eager = packageJson.activationEvents.filter((event) => event === '*' || event.startsWith('onStartup'));
    assert.deepEqual(eager, []);
  });

  it('implements every command that it declares', async () => {
    await vscode.extensions.getExtension('ringside.ringside')!.activate();
    const known = new Set(await vscode.commands.getCommands(true));
    for (const { command } of contributes.commands) assert.ok(known.has(command), command);
  });

  it('names only commands, views and files that exist', () => {
    const commands = new Set(contributes.commands.map(({ command }) => command));
    for (const [menu, items] of Object.entries(contributes.menus)) {
      for (const { command } of items) assert.ok(commands.has(command), `${menu}: ${command}`);
    }
    const views = new Set(contributes.views.debug.map(({ id }) => id).concat('debug'));
    const linked = new Set([...commands, 'workbench.action.debug.configure']);
    for (const { view, contents } of contributes.viewsWelcome) {
      assert.ok(views.has(view), view);
      for (const [, command] of contents.matchAll(/\(command:([\w.]+)\)/g)) assert.ok(linked.has(command), command);
    }
    const files = [
      packageJson.icon,
      ...contributes.grammars.map(({ path }) => path),
      ...contributes.languages.map(({ configuration }) => configuration),
      ...contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.markdown)),
    ];
    for (const file of files) assert.ok(existsSync(join(root, file)), `${file} is missing`);
  });

  it('explains each setting', () => {
    for (const [name, setting] of Object.entries(contributes.configuration.properties)) {
      assert.ok(name.startsWith('ringside.'));
      assert.ok(setting.markdownDescription.length > 20, name);
    }
  });

  it('lets breakpoints be set in C and in assembly of every usual language id', () => {
    const ids = contributes.breakpoints.map(({ language }) => language);
    for (const id of ['c', 'cpp', 'asm', 'nasm', 'gas-i386', 'nasm-i386']) assert.ok(ids.includes(id), id);
  });
});
