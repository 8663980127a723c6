import * as vscode from 'vscode';
import type { ExitCostRow } from '../../../debugAdapter/protocol';
import { Refresher } from '../sessions/refresher';
import type { SessionRegistry } from '../sessions/session-registry';

const SETTING = 'ringside.exitCosts';

/** Shows beside each source line what its exits cost, while the guest stands still. */
export class LineCosts implements vscode.Disposable {
  private rows: ExitCostRow[] = [];
  private readonly refresher = new Refresher(() => this.fetch());
  private readonly decoration = vscode.window.createTextEditorDecorationType({
    after: { margin: '0 0 0 3em', color: new vscode.ThemeColor('editorCodeLens.foreground'), fontStyle: 'italic' },
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedOpen,
  });
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly registry: SessionRegistry) {
    this.disposables = [
      this.decoration,
      registry.onDidChange(({ session, what }) => {
        if (session !== registry.current) return;
        if (what === 'current') this.rows = [];
        // Counts that come late belong to a stop as well.
        if (session.state === 'running') this.clear();
        else if (session.state === 'ended') void this.fetch();
        else this.refresher.trigger();
      }),
      vscode.window.onDidChangeVisibleTextEditors(() => this.draw()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(SETTING)) this.draw();
      }),
    ];
  }

  /** Turns the setting on or off for the user. */
  async toggle(): Promise<void> {
    const settings = vscode.workspace.getConfiguration(SETTING);
    await settings.update('showInEditor', !settings.get('showInEditor', true), vscode.ConfigurationTarget.Global);
  }

  dispose(): void {
    this.refresher.dispose();
    for (const disposable of this.disposables) disposable.dispose();
  }

  private async fetch(): Promise<void> {
    const session = this.registry.current;
    if (!session || !isWanted()) return;
    try {
      const { rows } = await session.request('ringside/exitCosts', { groupBy: 'line' });
      if (session !== this.registry.current || session.state === 'running') return;
      this.rows = rows;
    } catch {
      return;
    }
    this.draw();
  }

  private clear(): void {
    for (const editor of vscode.window.visibleTextEditors) editor.setDecorations(this.decoration, []);
  }

  private draw(): void {
    const wanted = isWanted() && this.registry.current?.state !== 'running';
    for (const editor of vscode.window.visibleTextEditors) {
      editor.setDecorations(this.decoration, wanted ? this.decorationsFor(editor.document) : []);
    }
  }

  private decorationsFor(document: vscode.TextDocument): vscode.DecorationOptions[] {
    if (document.uri.scheme !== 'file') return [];
    return this.rows.flatMap((row) => {
      const source = row.source;
      if (!source || source.line < 1 || source.line > document.lineCount) return [];
      if (vscode.Uri.file(source.path).fsPath !== document.uri.fsPath) return [];
      const end = document.lineAt(source.line - 1).range.end;
      return [
        {
          range: new vscode.Range(end, end),
          renderOptions: { after: { contentText: lineCostText(row) } },
          hoverMessage: lineCostHover(row),
        },
      ];
    });
  }
}

function isWanted(): boolean {
  return vscode.workspace.getConfiguration(SETTING).get('showInEditor', true);
}

/** `412 exits, 1.2 M cycles, 38 % of exit time`. */
export function lineCostText(row: ExitCostRow): string {
  const share = row.timePct < 0.1 ? '< 0.1' : row.timePct.toFixed(1);
  const exits = `${row.samples.toLocaleString('en')} exit${row.samples === 1 ? '' : 's'}`;
  return `${exits}, ${Math.round(row.avgCycles).toLocaleString('en')} cycles each, ${share} % of exit time`;
}

function lineCostHover(row: ExitCostRow): vscode.MarkdownString {
  const { transition, decode, device, return: back } = row.parts;
  const cell = (cycles: number): string => Math.round(cycles).toLocaleString('en');
  return new vscode.MarkdownString(
    `**Exit cost of this line** (${row.channel})\n\n| Transition | Decode | Device | Return | Total |\n|--:|--:|--:|--:|--:|\n` +
      `| ${[transition, decode, device, back, row.totalCycles].map(cell).join(' | ')} |\n\ncycles of the cost profile`,
  );
}
