import * as vscode from 'vscode';
import { draftOf } from './breakpoints/draft';
import type { KnownPorts } from './breakpoints/known-ports';
import { breakOn, breakpointsOn, clearOn, logOn, plainSpec, tryParse } from './breakpoints/spec-breakpoints';
import { addSpecBreakpoint, editSpecBreakpoint } from './breakpoints/wizard';
import type { ExitCostPanel } from './costs/exit-cost-panel';
import type { LineCosts } from './costs/line-costs';
import { configurationFor, imageForActiveEditor, imageForFile } from './launch/configuration-provider';
import { findGuestImages, pickImage } from './launch/guest-images';
import { openSample } from './sample';
import type { SerialTerminals } from './serial/serial-terminals';
import type { ExitTrace } from './trace/exit-trace';
import type { AccessRow, DetailRow } from './views/access-rows';
import type { AccessView } from './views/access-view';
import type { HypercallSource } from './views/hypercall-source';
import { openSource } from './views/open-source';

/** What the commands work on. */
export interface CommandTargets {
  extensionUri: vscode.Uri;
  knownPorts: KnownPorts;
  ports: AccessView;
  hypercalls: AccessView;
  hypercallSource: HypercallSource;
  panel: ExitCostPanel;
  lineCosts: LineCosts;
  terminals: SerialTerminals;
  trace: ExitTrace;
}

/** Registers every command of package.json; their names there have the prefix `ringside.`. */
export function registerCommands(targets: CommandTargets): vscode.Disposable[] {
  const { knownPorts, ports, hypercalls, panel } = targets;
  const commands: Record<string, (...args: never[]) => unknown> = {
    showExitCosts: () => panel.show(false),
    addBreakpoint: () => addSpecBreakpoint(knownPorts),
    editBreakpoint: () => editSpecBreakpoint(knownPorts),
    debugGuest: (file?: vscode.Uri) => debugGuest(file),
    openSample: () => openSample(targets.extensionUri),
    openSerialTerminal: () => targets.terminals.reveal(),
    saveExitTrace: () => targets.trace.save(),
    openCpuProfile: () => targets.trace.openProfile(),
    toggleLineCosts: () => targets.lineCosts.toggle(),
    pickImage: () => pickProgram(),
    filterPorts: () => ports.askFilter(),
    clearPortFilter: () => ports.setFilter(''),
    sortPorts: () => ports.askOrder(),
    filterHypercalls: () => hypercalls.askFilter(),
    clearHypercallFilter: () => hypercalls.setFilter(''),
    groupHypercalls: () => targets.hypercallSource.askGrouping(),
    sortHypercalls: () => hypercalls.askOrder(),
    'item.break': (row: AccessRow) => row.target && breakOn(row.target),
    'item.log': (row: AccessRow) => row.target && logOn(row.target),
    'item.clear': (row: AccessRow) => row.target && clearOn(row.target),
    'item.breakWith': (row: AccessRow) => breakWith(knownPorts, row),
    'item.copySpec': (row: AccessRow) => vscode.env.clipboard.writeText(specOf(row)),
    'item.goToSite': (row: AccessRow | DetailRow) => row.site && openSource(row.site),
  };
  return Object.entries(commands).map(([name, run]) => vscode.commands.registerCommand(`ringside.${name}`, run));
}

async function debugGuest(file: vscode.Uri | undefined): Promise<void> {
  const image = await (file ? imageForFile(file) : imageForActiveEditor());
  if (!image) return;
  await vscode.debug.startDebugging(vscode.workspace.getWorkspaceFolder(image.uri), configurationFor(image.uri));
}

/** `${command:pickImage}` in launch.json. Undefined cancels the launch. */
async function pickProgram(): Promise<string | undefined> {
  const images = await findGuestImages();
  if (images.length === 0) {
    void vscode.window.showErrorMessage(
      'The workspace holds no guest image. Build the guest first, or name it as "program" in launch.json.',
    );
    return undefined;
  }
  const image = images.length === 1 ? images[0] : await pickImage(images, 'Which guest should be debugged?');
  return image?.uri.fsPath;
}

/** Opens the last step of the wizard on a row's breakpoint text. */
async function breakWith(knownPorts: KnownPorts, row: AccessRow): Promise<void> {
  if (!row.target) return;
  const spec = tryParse(plainSpec(row.target));
  await addSpecBreakpoint(knownPorts, spec && draftOf(spec));
}

/** The text of the breakpoint that a row has, or would get. */
function specOf(row: AccessRow): string {
  return breakpointsOn(row.target)[0]?.functionName ?? (row.target ? plainSpec(row.target) : '');
}
