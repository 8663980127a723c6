import * as vscode from 'vscode';
import type { RingsideSession } from '../sessions/ringside-session';
import type { SessionRegistry } from '../sessions/session-registry';
import type { KeptLogs } from './kept-logs';
import { fetchSessionLog, type SessionLog } from './session-log';
import { type TraceFormat, traceSummary, traceText } from './trace-text';

/** Writes the exits of the shown session into files that other programs draw. */
export class ExitTrace {
  /** @param storage folder of the extension for files that nobody has chosen a place for */
  constructor(
    private readonly registry: SessionRegistry,
    private readonly kept: KeptLogs,
    private readonly storage: vscode.Uri,
  ) {}

  /** Asks where to, and writes the exits there; the name's ending decides the format. */
  async save(): Promise<void> {
    const found = await this.log();
    if (!found) return;
    const { session, log } = found;
    const folder = session.debugSession.workspaceFolder?.uri ?? vscode.workspace.workspaceFolders?.[0]?.uri;
    const name = `${fileName(session.name)}-exits.json`;
    const target = await vscode.window.showSaveDialog({
      title: 'Save Exit Trace: .json for Perfetto, .cpuprofile for a CPU profile',
      defaultUri: folder ? vscode.Uri.joinPath(folder, name) : vscode.Uri.file(name),
      filters: { 'Trace Event Format (Perfetto, chrome://tracing)': ['json'], 'CPU profile': ['cpuprofile'] },
    });
    if (!target) return;
    const format: TraceFormat = target.path.toLowerCase().endsWith('.cpuprofile') ? 'cpuprofile' : 'json';
    if (!(await write(target, traceText(log, format, session.name)))) return;
    const open = 'Open';
    const message = `Saved ${traceSummary(log, format)}`;
    const answer = await (format === 'cpuprofile'
      ? vscode.window.showInformationMessage(message, open)
      : vscode.window.showInformationMessage(message));
    if (answer === open) await vscode.commands.executeCommand('vscode.open', target);
  }

  /** Opens the exit costs in VS Code's own viewer of CPU profiles. */
  async openProfile(): Promise<void> {
    const found = await this.log();
    if (!found) return;
    const { session, log } = found;
    const target = vscode.Uri.joinPath(this.storage, `${fileName(session.name)}.cpuprofile`);
    if (!(await write(target, traceText(log, 'cpuprofile', session.name)))) return;
    await vscode.commands.executeCommand('vscode.open', target);
    vscode.window.setStatusBarMessage(`$(graph) ${traceSummary(log, 'cpuprofile')}`, 10_000);
  }

  /** What is known of the session that is shown. Tells the user if that is nothing. */
  private async log(): Promise<{ session: RingsideSession; log: SessionLog } | undefined> {
    const session = this.registry.current;
    if (!session) {
      void vscode.window.showInformationMessage('No guest has run yet: there are no exits to write.');
      return undefined;
    }
    const title = 'Fetching the exit log';
    const log = await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, () =>
      session.state === 'ended' ? this.kept.of(session) : fetchSessionLog(session).catch(() => this.kept.of(session)),
    );
    if (log) return { session, log };
    void vscode.window.showInformationMessage(
      `The log of "${session.name}" is gone with its session. The setting "ringside.exitTrace.keep" says how many exits are kept at the end.`,
    );
    return undefined;
  }
}

/** A name that every file system takes. */
function fileName(name: string): string {
  return name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'guest';
}

/** @returns false if it failed; the user has been told */
async function write(target: vscode.Uri, text: string): Promise<boolean> {
  try {
    await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(text));
    return true;
  } catch (error) {
    void vscode.window.showErrorMessage(`The exits could not be written: ${(error as Error).message}`);
    return false;
  }
}
