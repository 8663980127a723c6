import * as vscode from 'vscode';
import type { SourcePosition } from '../../../debugAdapter/protocol';

/** Opens a source line in the editor group of the code (not over a panel in another group). */
export async function openSource(position: SourcePosition): Promise<void> {
  const line = Math.max(0, position.line - 1);
  const column = Math.max(0, (position.column ?? 1) - 1);
  const at = new vscode.Position(line, column);
  try {
    await vscode.window.showTextDocument(vscode.Uri.file(position.path), {
      selection: new vscode.Range(at, at),
      viewColumn: vscode.window.activeTextEditor?.viewColumn ?? vscode.ViewColumn.One,
    });
  } catch {
    void vscode.window.showWarningMessage(
      `There is no ${position.path} here. If the guest was built elsewhere, name the folder in "sourceMap" of launch.json.`,
    );
  }
}
