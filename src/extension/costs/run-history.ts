import type * as vscode from 'vscode';
import type { Run } from './run';

const KEY = 'ringside.runs';
const KEPT = 8;
/** Rows kept of each grouping: enough to compare, and small enough for the workspace's storage. */
const ROWS = 200;

/** The last runs of the workspace, newest first; they survive a restart of the window. */
export class RunHistory {
  constructor(private readonly memento: vscode.Memento) {}

  get runs(): Run[] {
    return this.memento.get<Run[]>(KEY, []);
  }

  find(id: string | undefined): Run | undefined {
    return this.runs.find((run) => run.id === id);
  }

  /** Adds a run, or replaces the one with the same id. */
  async add(run: Run): Promise<void> {
    const rows = Object.fromEntries(Object.entries(run.rows).map(([group, all]) => [group, all.slice(0, ROWS)]));
    const others = this.runs.filter(({ id }) => id !== run.id);
    await this.memento.update(KEY, [{ ...run, rows }, ...others].slice(0, KEPT));
  }
}
