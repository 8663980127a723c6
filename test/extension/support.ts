import assert from 'node:assert/strict';
import * as vscode from 'vscode';

/** Waits until something is so. */
export async function until(what: string, condition: () => boolean, limitMs = 25_000): Promise<void> {
  const limit = Date.now() + limitMs;
  while (!condition()) {
    assert.ok(Date.now() < limit, `never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Ends all debug sessions and waits until VS Code has none any more: the next may have the same name. */
export async function endAllSessions(): Promise<void> {
  // A session that is just ending refuses.
  await vscode.debug.stopDebugging().then(undefined, () => undefined);
  await until('the end of all sessions', () => vscode.debug.activeDebugSession === undefined);
}

/** Memory in place of the workspace's storage. */
export function memento(): vscode.Memento {
  const values = new Map<string, unknown>();
  return {
    keys: () => [...values.keys()],
    get: (key: string, fallback?: unknown) => values.get(key) ?? fallback,
    update: (key: string, value: unknown) => Promise.resolve(void values.set(key, value)),
  } as vscode.Memento;
}
