import * as vscode from 'vscode';
import type { ExitCostRow } from '../../../debugAdapter/protocol';
import { Refresher } from '../sessions/refresher';
import type { SessionRegistry } from '../sessions/session-registry';
import { lineCostHover, lineCostText } from './line-cost-text';

const SECTION = 'ringside.exitCosts';
const SETTING = `${SECTION}.inline`;

/** Where the cost of a line is shown: nowhere, when the mouse is over the line, behind it, or above it. */
type Inline = 'off' | 'hover' | 'text' | 'lens';

/** Shows at each source line what its exits cost, while the guest stands still. */
export class LineCosts implements vscode.CodeLensProvider, vscode.Disposable {
  private rows: ExitCostRow[] = [];
  private readonly refresher = new Refresher(() => this.fetch());
  private readonly decoration = vscode.window.createTextEditorDecorationType({
    after: { margin: '0 0 0 3em', color: new vscode.ThemeColor('editorCodeLens.foreground'), fontStyle: 'italic' },
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedOpen,
  });
  private readonly lensesChanged = new vscode.EventEmitter<void>();
  private readonly disposables: vscode.Disposable[];
  /** What the toggle goes back to. */
  private shown: Inline = 'text';

  readonly onDidChangeCodeLenses = this.lensesChanged.event;

  constructor(private readonly registry: SessionRegistry) {
    this.disposables = [
      this.decoration,
      this.lensesChanged,
      vscode.languages.registerCodeLensProvider({ scheme: 'file' }, this),
      registry.onDidChange(({ session, what }) => {
        if (session !== registry.current) return;
        if (what === 'current') this.rows = [];
        // Counts that come late belong to a stop as well.
        if (session.state === 'running') this.draw();
        else if (session.state === 'ended') void this.fetch();
        else this.refresher.trigger();
      }),
      vscode.window.onDidChangeVisibleTextEditors(() => this.drawEditors()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(SETTING)) void this.fetch().then(() => this.draw());
      }),
    ];
  }

  /** Turns the costs at the lines on or off for the user. */
  async toggle(): Promise<void> {
    const now = inline();
    if (now !== 'off') this.shown = now;
    const settings = vscode.workspace.getConfiguration(SECTION);
    await settings.update('inline', now === 'off' ? this.shown : 'off', vscode.ConfigurationTarget.Global);
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (inline() !== 'lens' || this.registry.current?.state === 'running') return [];
    return this.rowsIn(document).map(({ row, line }) => {
      const command = { title: lineCostText(row), command: 'ringside.showExitCosts', tooltip: 'Show Exit Costs' };
      return new vscode.CodeLens(new vscode.Range(line, 0, line, 0), command);
    });
  }

  dispose(): void {
    this.refresher.dispose();
    for (const disposable of this.disposables) disposable.dispose();
  }

  private async fetch(): Promise<void> {
    const session = this.registry.current;
    if (!session || inline() === 'off') return;
    try {
      const { rows } = await session.request('ringside/exitCosts', { groupBy: 'line' });
      if (session !== this.registry.current || session.state === 'running') return;
      this.rows = rows;
    } catch {
      return;
    }
    this.draw();
  }

  private draw(): void {
    this.drawEditors();
    this.lensesChanged.fire();
  }

  private drawEditors(): void {
    const wish = inline();
    const wanted = (wish === 'text' || wish === 'hover') && this.registry.current?.state !== 'running';
    for (const editor of vscode.window.visibleTextEditors) {
      editor.setDecorations(this.decoration, wanted ? this.decorationsFor(editor.document, wish === 'text') : []);
    }
  }

  /** @param text whether the cost stands behind the line, or only in its hover */
  private decorationsFor(document: vscode.TextDocument, text: boolean): vscode.DecorationOptions[] {
    return this.rowsIn(document).map(({ row, line }) => {
      const hoverMessage = new vscode.MarkdownString(lineCostHover(row));
      hoverMessage.isTrusted = { enabledCommands: ['ringside.showExitCosts'] };
      const range = document.lineAt(line).range;
      if (!text) return { range, hoverMessage };
      return {
        range: new vscode.Range(range.end, range.end),
        renderOptions: { after: { contentText: lineCostText(row) } },
        hoverMessage,
      };
    });
  }

  /** Rows of a document, with their lines from 0. */
  private rowsIn(document: vscode.TextDocument): { row: ExitCostRow; line: number }[] {
    if (document.uri.scheme !== 'file') return [];
    return this.rows.flatMap((row) => {
      const source = row.source;
      if (!source || source.line < 1 || source.line > document.lineCount) return [];
      if (vscode.Uri.file(source.path).fsPath !== document.uri.fsPath) return [];
      return [{ row, line: source.line - 1 }];
    });
  }
}

function inline(): Inline {
  return vscode.workspace.getConfiguration(SECTION).get<Inline>('inline', 'text');
}
