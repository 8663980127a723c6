import * as vscode from 'vscode';
import { basename } from 'node:path';
import { DEBUG_TYPE } from '../sessions/session-registry';
import { findGuestImages, type GuestImage, imageAt, imagesBuiltFrom, pickImage } from './guest-images';
import { drivesBeside } from './guest-description';
import { refusalInUntrustedWorkspace } from './trust';

const SOURCE_FILE = /\.(c|cc|cpp|h|s|sx|asm|nasm|inc)$/i;

/** Completes launch configurations: F5 works on a guest image or on its source, without a launch.json. */
export class ConfigurationProvider implements vscode.DebugConfigurationProvider {
  /** What a new launch.json begins with: one entry per guest image found. */
  async provideDebugConfigurations(): Promise<vscode.DebugConfiguration[]> {
    const images = (await findGuestImages()).filter((image) => image.kind !== 'flat');
    if (images.length === 0) return [{ ...configurationFor(undefined), program: '${command:pickImage}' }];
    return images.slice(0, 8).map((image) => configurationFor(image.uri, portable(image.uri)));
  }

  async resolveDebugConfiguration(
    _folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined | null> {
    // F5 without a launch.json hands over an empty configuration.
    if (configuration.type || configuration.request || configuration.name) return configuration;
    const image = await imageForActiveEditor();
    return image && configurationFor(image.uri);
  }

  resolveDebugConfigurationWithSubstitutedVariables(
    _folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): vscode.DebugConfiguration | undefined {
    const refusal = vscode.workspace.isTrusted ? undefined : refusalInUntrustedWorkspace(configuration);
    if (refusal === undefined) return configuration;
    void vscode.window.showErrorMessage(refusal);
    return undefined;
  }
}

/** Configurations offered in "Run and Debug" without a launch.json: each guest image of the workspace. */
export class DynamicConfigurationProvider implements vscode.DebugConfigurationProvider {
  async provideDebugConfigurations(): Promise<vscode.DebugConfiguration[]> {
    const images = (await findGuestImages()).filter((image) => image.kind !== 'flat');
    return images.flatMap(({ uri }) =>
      (['vmi', 'trap'] as const).map((mode) => ({
        ...configurationFor(uri),
        name: `${vscode.workspace.asRelativePath(uri)} (${mode})`,
        hypervisor: { mode },
      })),
    );
  }
}

/** A launch configuration for an image, with defaults for all the rest. */
export function configurationFor(image: vscode.Uri | undefined, program = image?.fsPath): vscode.DebugConfiguration {
  const drives = image && drivesBeside(image.fsPath);
  return {
    type: DEBUG_TYPE,
    request: 'launch',
    name: image ? `Debug ${basename(image.path)}` : 'Debug guest',
    ...(program === undefined ? {} : { program }),
    ...(drives === undefined ? {} : { drives }),
    hypervisor: { mode: 'vmi' },
  };
}

/** The image to debug when a file is in the editor: the file itself, or what was built from it. Asks if that is open. */
export async function imageForActiveEditor(): Promise<GuestImage | undefined> {
  return imageForFile(activeFile());
}

/** @see imageForActiveEditor */
export async function imageForFile(file: vscode.Uri | undefined): Promise<GuestImage | undefined> {
  const itself = file && !SOURCE_FILE.test(file.path) ? imageAt(file) : undefined;
  if (itself) return itself;
  const images = await findGuestImages();
  if (images.length === 0) {
    await explainMissingImage(file);
    return undefined;
  }
  const built = file && SOURCE_FILE.test(file.path) ? imagesBuiltFrom(file, images) : [];
  if (built.length === 1) return built[0];
  const candidates = built.length > 0 ? built : images;
  const known = candidates.filter((image) => image.kind !== 'flat');
  if (known.length === 1) return known[0];
  return pickImage(candidates, 'Which guest should be debugged?');
}

async function explainMissingImage(file: vscode.Uri | undefined): Promise<void> {
  const what = file ? `${basename(file.path)} is not a guest image, and the` : 'The';
  const text = `${what} workspace holds none (ELF, bzImage, boot sector, disk or ISO image). Build the guest first, or open its image.`;
  const open = 'Choose a File…';
  const sample = 'Open the Sample Guest';
  const answer = await vscode.window.showErrorMessage(text, open, sample);
  if (answer === sample) await vscode.commands.executeCommand('ringside.openSample');
  if (answer !== open) return;
  const chosen = await vscode.window.showOpenDialog({ title: 'Guest image to debug', openLabel: 'Debug' });
  if (chosen?.[0]) await vscode.debug.startDebugging(undefined, configurationFor(chosen[0]));
}

/** The file in front: a text editor, or a tab of another kind (VS Code opens an ELF file as "binary"). */
function activeFile(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  if (input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom) return input.uri;
  const tab = input as { uri?: unknown } | undefined;
  if (tab?.uri instanceof vscode.Uri) return tab.uri;
  return vscode.window.activeTextEditor?.document.uri;
}

/** Path with `${workspaceFolder}`, for a file that is shared. */
function portable(uri: vscode.Uri): string {
  if (vscode.workspace.getWorkspaceFolder(uri) === undefined) return uri.fsPath;
  return `\${workspaceFolder}/${vscode.workspace.asRelativePath(uri, false)}`;
}
