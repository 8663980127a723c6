import * as vscode from 'vscode';

/**
 * Starts the debug adapter, `dist/cli.js dap`, in a process of its own: a guest that runs at full speed must not slow
 * down the extension host. VS Code runs the command `node` with the extension host's own runtime, so that no Node
 * has to be installed (on the desktop that is Electron in Node mode).
 */
export class AdapterFactory implements vscode.DebugAdapterDescriptorFactory {
  constructor(private readonly extensionUri: vscode.Uri) {}

  createDebugAdapterDescriptor(): vscode.DebugAdapterDescriptor {
    const cli = vscode.Uri.joinPath(this.extensionUri, 'dist', 'cli.js').fsPath;
    return new vscode.DebugAdapterExecutable('node', [cli, 'dap']);
  }
}
