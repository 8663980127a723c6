import * as vscode from 'vscode';
import { openSource } from '../views/open-source';
import type { SessionRegistry } from '../sessions/session-registry';
import type { CostCollector } from './cost-collector';
import type { PanelMessage, ShowMessage } from './messages';
import { panelHtml } from './panel-html';
import { profileInfo } from './profile-info';
import { runLabel } from './run';
import type { RunHistory } from './run-history';

export const PANEL_TYPE = 'ringside.exitCosts';

/** The exit-cost panel: one per window. Hidden, it is torn down; the webview keeps its own state. */
export class ExitCostPanel implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private otherRun: string | undefined;
  private readonly disposables: vscode.Disposable[];

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly registry: SessionRegistry,
    private readonly collector: CostCollector,
    private readonly history: RunHistory,
  ) {
    this.disposables = [
      collector.onDidChange(() => this.post()),
      vscode.window.registerWebviewPanelSerializer(PANEL_TYPE, this),
    ];
  }

  get isOpen(): boolean {
    return this.panel !== undefined;
  }

  /** Opens the panel beside the code, or brings it to the front. */
  show(preserveFocus: boolean): void {
    if (this.panel) {
      this.panel.reveal(undefined, preserveFocus);
      return;
    }
    this.adopt(
      vscode.window.createWebviewPanel(
        PANEL_TYPE,
        'Exit Costs',
        { viewColumn: vscode.ViewColumn.Beside, preserveFocus },
        this.options,
      ),
    );
  }

  /** A window that is reloaded brings its panel back. */
  deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    panel.webview.options = this.options;
    this.adopt(panel);
    return Promise.resolve();
  }

  dispose(): void {
    this.panel?.dispose();
    for (const disposable of this.disposables) disposable.dispose();
  }

  private get options(): vscode.WebviewOptions {
    return { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(this.extensionUri, 'dist', 'webview')] };
  }

  private adopt(panel: vscode.WebviewPanel): void {
    this.panel = panel;
    panel.iconPath = {
      light: vscode.Uri.joinPath(this.extensionUri, 'media', 'exit-costs-light.svg'),
      dark: vscode.Uri.joinPath(this.extensionUri, 'media', 'exit-costs-dark.svg'),
    };
    panel.webview.onDidReceiveMessage((message: PanelMessage) => this.receive(message));
    panel.onDidChangeViewState(() => (this.collector.enabled = panel.visible));
    panel.onDidDispose(() => {
      if (this.panel === panel) this.panel = undefined;
      this.collector.enabled = false;
    });
    panel.webview.html = panelHtml(panel.webview, this.extensionUri);
    this.collector.enabled = panel.visible;
  }

  private async receive(message: PanelMessage): Promise<void> {
    switch (message.type) {
      case 'choose':
        this.otherRun = message.otherRun;
        await this.collector.choose(message.groupBy, message.sinceLastStop);
        this.post();
        break;
      case 'open':
        await openSource(message.source);
        break;
      case 'run':
        await vscode.commands.executeCommand(`ringside.${message.command}`);
        break;
      case 'copy':
        await vscode.env.clipboard.writeText(message.text);
        vscode.window.setStatusBarMessage(`$(check) Copied ${message.what}`, 3000);
        break;
    }
  }

  private post(): void {
    if (!this.panel?.visible) return;
    const session = this.registry.current;
    const view = this.collector.view;
    const message: ShowMessage = {
      type: 'show',
      view,
      starting: session && !view && session.state !== 'ended' ? session.name : undefined,
      runs: this.history.runs
        .filter(({ id }) => id !== session?.id)
        .map((run) => ({ id: run.id, label: runLabel(run) })),
      profile: view && profileInfo(view.costs.totals.costProfile),
      other: this.history.find(this.otherRun),
    };
    void this.panel.webview.postMessage(message);
  }
}
