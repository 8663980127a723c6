import * as vscode from 'vscode';
import type { SessionRegistry } from '../sessions/session-registry';
import type { ExitCostPanel } from './exit-cost-panel';

/** Opens or offers the panel when a guest starts, as the setting `ringside.exitCosts.open` says. */
export function offerPanelAtStart(registry: SessionRegistry, panel: ExitCostPanel): vscode.Disposable {
  let asked = false;
  return registry.onDidChange(({ what }) => {
    if (what !== 'current' || panel.isOpen) return;
    const settings = vscode.workspace.getConfiguration('ringside.exitCosts');
    const wish = settings.get<'always' | 'ask' | 'never'>('open', 'ask');
    if (wish === 'always') panel.show(true);
    if (wish !== 'ask' || asked) return;
    asked = true;
    void ask(settings, panel);
  });
}

async function ask(settings: vscode.WorkspaceConfiguration, panel: ExitCostPanel): Promise<void> {
  const show = 'Show';
  const always = 'Always';
  const never = 'Never';
  const question = 'Show what each exit of the guest costs, while it runs?';
  const answer = await vscode.window.showInformationMessage(question, show, always, never);
  if (answer === always || answer === never) {
    await settings.update('open', answer.toLowerCase(), vscode.ConfigurationTarget.Global);
  }
  if (answer === show || answer === always) panel.show(true);
}
