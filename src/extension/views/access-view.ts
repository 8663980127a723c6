import * as vscode from 'vscode';
import { breakpointsOn } from '../breakpoints/spec-breakpoints';
import { type AccessOrder, type AccessRow, arrange, type DetailRow } from './access-rows';

type Node = AccessRow | DetailRow;

/** Where a view gets its rows. */
export interface AccessSource extends vscode.Disposable {
  readonly onDidChange: vscode.Event<void>;
  /** Undefined while nothing is known. */
  rows(): AccessRow[] | undefined;
  /** Told when the view is seen or hidden. */
  setVisible(visible: boolean): void;
  /** Rows come in an order of their own, the same whatever the user chose for others. */
  readonly ordered?: boolean;
  /** Sources that filter their rows themselves; what they understand is told by `filterPrompt`. */
  setFilter?(filter: string): void;
  filterProblem?(filter: string): string | undefined;
  readonly filterPrompt?: string;
  /** What stands beside the title of the view: how many rows are in use. */
  describe?(used: number): string;
}

/** The Ports or the Hypercalls view: a tree with filter, order and breakpoints. */
export class AccessView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private filter = '';
  private order: AccessOrder = 'number';
  private readonly changed = new vscode.EventEmitter<undefined>();
  private readonly tree: vscode.TreeView<Node>;
  private readonly disposables: vscode.Disposable[];

  readonly onDidChangeTreeData = this.changed.event;

  /** @param id of the view in package.json; context keys begin with it */
  constructor(
    private readonly id: string,
    private readonly source: AccessSource,
  ) {
    this.tree = vscode.window.createTreeView(id, { treeDataProvider: this, showCollapseAll: true });
    this.disposables = [
      this.changed,
      this.tree,
      source,
      source.onDidChange(() => this.changed.fire(undefined)),
      this.tree.onDidChangeVisibility(({ visible }) => source.setVisible(visible)),
      vscode.debug.onDidChangeBreakpoints(() => this.changed.fire(undefined)),
    ];
    source.setVisible(this.tree.visible);
  }

  getChildren(node?: Node): Node[] {
    if (node) return isRow(node) ? node.details : [];
    const rows = this.source.rows() ?? [];
    const used = rows.filter((row) => row.count > 0).length;
    const counts = this.source.describe?.(used) ?? (used > 0 ? `${used} used` : '');
    this.tree.description = this.filter ? `"${this.filter}"` : counts;
    if (this.source.ordered) return rows;
    const filtered = this.source.setFilter !== undefined && this.filter !== '';
    const filter = filtered ? '' : this.filter;
    return arrange(rows, filter, this.order, ({ target }) => filtered || breakpointsOn(target).length > 0);
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return isRow(node) ? rowItem(node) : detailItem(node);
  }

  async askFilter(): Promise<void> {
    const filter = await vscode.window.showInputBox({
      title: `Filter ${this.tree.title ?? 'View'}`,
      prompt: this.source.filterPrompt ?? 'Part of a name, number, device or description; unused ones are searched too',
      value: this.filter,
      validateInput: (filter) => this.source.filterProblem?.(filter),
    });
    if (filter !== undefined) await this.setFilter(filter);
  }

  async setFilter(filter: string): Promise<void> {
    this.filter = filter.trim();
    this.source.setFilter?.(this.filter);
    await vscode.commands.executeCommand('setContext', `${this.id}.filtered`, this.filter !== '');
    this.changed.fire(undefined);
  }

  async askOrder(): Promise<void> {
    const choices: (vscode.QuickPickItem & { order: AccessOrder })[] = [
      { label: 'By number', order: 'number' },
      { label: 'By name', order: 'name' },
      { label: 'By count, most used first', order: 'count' },
    ];
    for (const choice of choices) if (choice.order === this.order) choice.description = 'current';
    const picked = await vscode.window.showQuickPick(choices, { title: 'Sort' });
    if (!picked) return;
    this.order = picked.order;
    this.changed.fire(undefined);
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }
}

function isRow(node: Node): node is AccessRow {
  return 'details' in node;
}

function rowItem(row: AccessRow): vscode.TreeItem {
  const { Collapsed, None } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(row.label, row.details.length > 0 ? Collapsed : None);
  const broken = breakpointsOn(row.target);
  item.id = row.id;
  item.description = row.description;
  item.tooltip = new vscode.MarkdownString(row.tooltip);
  if (broken.length > 0) {
    item.tooltip.appendMarkdown(`\n\nBreakpoints:\n\n${broken.map((b) => `- \`${b.functionName}\``).join('\n')}`);
  }
  const enabled = broken.some((breakpoint) => breakpoint.enabled);
  item.iconPath =
    broken.length > 0
      ? new vscode.ThemeIcon(
          enabled ? 'debug-breakpoint-function' : 'debug-breakpoint-function-disabled',
          new vscode.ThemeColor(enabled ? 'debugIcon.breakpointForeground' : 'debugIcon.breakpointDisabledForeground'),
        )
      : new vscode.ThemeIcon(row.icon ?? (row.target?.kind === 'port' ? 'plug' : 'zap'));
  if (row.opensSite && row.site)
    item.command = { command: 'ringside.item.goToSite', title: 'Go to the Call', arguments: [row] };
  item.contextValue = [
    row.target && 'access',
    row.target?.kind === 'hypercall' && 'call',
    broken.length > 0 && 'broken',
    row.site && 'sited',
  ]
    .filter(Boolean)
    .join(' ');
  item.accessibilityInformation = {
    label: `${row.label}, ${row.description}${broken.length > 0 ? ', has a breakpoint' : ''}`,
  };
  return item;
}

function detailItem(row: DetailRow): vscode.TreeItem {
  const item = new vscode.TreeItem(row.label);
  item.description = row.description;
  item.tooltip = row.tooltip;
  item.iconPath = new vscode.ThemeIcon(row.icon);
  if (row.site) item.command = { command: 'ringside.item.goToSite', title: 'Go to Last Access', arguments: [row] };
  return item;
}
