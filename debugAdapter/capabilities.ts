import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Engine } from './engine';

/**
 * What the adapter can do. Each entry is handled; test/dap/conformance.test.ts sends a request for each.
 * @param filters exception filters of the engine
 */
export function capabilities(filters: Engine['exceptionFilters']): DebugProtocol.Capabilities {
  return {
    supportsConfigurationDoneRequest: true,
    supportsFunctionBreakpoints: true,
    supportsConditionalBreakpoints: true,
    supportsHitConditionalBreakpoints: true,
    supportsLogPoints: true,
    supportsInstructionBreakpoints: true,
    supportsBreakpointLocationsRequest: true,
    exceptionBreakpointFilters: filters.map(({ id, label, description, default: isDefault }) => ({
      filter: id,
      label,
      description,
      default: isDefault,
      supportsCondition: true,
      conditionDescription: 'An expression such as "error == 0" or "eip >= 0x100000"',
    })),
    supportsExceptionFilterOptions: true,
    supportsExceptionInfoRequest: true,
    supportsEvaluateForHovers: true,
    supportsClipboardContext: true,
    supportsSetVariable: true,
    supportsSetExpression: true,
    supportsValueFormattingOptions: true,
    supportsCompletionsRequest: true,
    completionTriggerCharacters: ['.', '$', '%', '['],
    supportsSteppingGranularity: true,
    supportsDelayedStackTraceLoading: true,
    supportsDisassembleRequest: true,
    supportsReadMemoryRequest: true,
    supportsWriteMemoryRequest: true,
    supportsModulesRequest: true,
    additionalModuleColumns: [
      { attributeName: 'addressRange', label: 'Addresses', type: 'string' },
      { attributeName: 'size', label: 'Size', type: 'number' },
    ],
    supportsLoadedSourcesRequest: true,
    supportsRestartRequest: true,
    supportsTerminateRequest: true,
    supportTerminateDebuggee: true,
  };
}
