import * as vscode from 'vscode';

/**
 * Opens the sample workspace that comes with the extension: sources of the guest `paravirt-io` and launch
 * configurations for each mode.
 */
export async function openSample(extensionUri: vscode.Uri): Promise<void> {
  const workspace = vscode.Uri.joinPath(extensionUri, 'samples', 'paravirt-io.code-workspace');
  const empty = vscode.workspace.workspaceFolders === undefined;
  await vscode.commands.executeCommand('vscode.openFolder', workspace, { forceNewWindow: !empty });
}
