import * as vscode from 'vscode';
import { portsOf } from './breakpoints/known-ports';
import { registerCommands } from './commands';
import { CostCollector } from './costs/cost-collector';
import { ExitCostPanel } from './costs/exit-cost-panel';
import { LineCosts } from './costs/line-costs';
import { offerPanelAtStart } from './costs/offer';
import { RunHistory } from './costs/run-history';
import { ASSEMBLY_LANGUAGES, AssemblyExpressionProvider } from './hover/evaluatable-expressions';
import { AdapterFactory } from './launch/adapter-factory';
import { ConfigurationProvider, DynamicConfigurationProvider } from './launch/configuration-provider';
import { SerialTerminals } from './serial/serial-terminals';
import { DEBUG_TYPE, SessionRegistry } from './sessions/session-registry';
import { ExitTrace } from './trace/exit-trace';
import { KeptLogs } from './trace/kept-logs';
import { portSource } from './views/access-sources';
import { AccessView } from './views/access-view';
import { HypercallSource } from './views/hypercall-source';

/** Entry point: puts the parts together. Each does its own work and disposes of itself. */
export function activate(context: vscode.ExtensionContext): void {
  const { extensionUri } = context;
  const registry = new SessionRegistry();
  const history = new RunHistory(context.workspaceState);
  const collector = new CostCollector(registry, history);
  const panel = new ExitCostPanel(extensionUri, registry, collector, history);
  const lineCosts = new LineCosts(registry);
  const terminals = new SerialTerminals(registry);
  const keptLogs = new KeptLogs(registry);
  const trace = new ExitTrace(registry, keptLogs, context.storageUri ?? context.globalStorageUri);
  const portRows = portSource(registry);
  const ports = new AccessView('ringside.ports', portRows);
  const hypercallSource = new HypercallSource(registry);
  const hypercalls = new AccessView('ringside.hypercalls', hypercallSource);

  context.subscriptions.push(
    registry,
    collector,
    panel,
    lineCosts,
    terminals,
    keptLogs,
    ports,
    hypercalls,
    offerPanelAtStart(registry, panel),
    vscode.debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, new AdapterFactory(extensionUri)),
    vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, new ConfigurationProvider()),
    vscode.debug.registerDebugConfigurationProvider(
      DEBUG_TYPE,
      new DynamicConfigurationProvider(),
      vscode.DebugConfigurationProviderTriggerKind.Dynamic,
    ),
    vscode.languages.registerEvaluatableExpressionProvider(ASSEMBLY_LANGUAGES, new AssemblyExpressionProvider()),
    ...registerCommands({
      extensionUri,
      knownPorts: portsOf(registry, portRows),
      ports,
      hypercalls,
      hypercallSource,
      panel,
      lineCosts,
      terminals,
      trace,
    }),
  );
}
