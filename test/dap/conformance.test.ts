import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { capabilities } from '../../debugAdapter/capabilities';
import { REQUESTS } from '../../debugAdapter/requests';
import { Client } from './support/client';
import { FakeEngine } from './support/fake-session';
import { MemoryHost } from './support/memory-host';

/** A guest that stands still, and what its client knows of it. */
interface Stopped {
  client: Client;
  engine: FakeEngine;
  frameId: number;
  registers: number;
}

type Capability = keyof DebugProtocol.Capabilities;
type Check = (stopped: Stopped) => Promise<void>;

/** `command` with these arguments is answered with success, and what comes back is right. */
function answers(command: string, args: (stopped: Stopped) => object, verify: (body: never) => void = () => {}): Check {
  return async (stopped) => verify((await stopped.client.body(command, args(stopped))) as never);
}

const SOURCE = { path: '/guest/main.c' };

/** One request for each capability that the adapter declares. */
const CHECKS: { readonly [C in Capability]?: Check } = {
  supportsConfigurationDoneRequest: answers('configurationDone', () => ({})),
  supportsFunctionBreakpoints: answers(
    'setFunctionBreakpoints',
    () => ({ breakpoints: [{ name: 'out 0x80' }] }),
    ({ breakpoints }: { breakpoints: DebugProtocol.Breakpoint[] }) => assert.equal(breakpoints[0].verified, true),
  ),
  supportsConditionalBreakpoints: async ({ client, engine }) => {
    await client.body('setBreakpoints', { source: SOURCE, breakpoints: [{ line: 1, condition: 'al == 1' }] });
    assert.match(engine.session.calls.at(-1) ?? '', /"condition":"al == 1"/);
  },
  supportsHitConditionalBreakpoints: async ({ client, engine }) => {
    await client.body('setFunctionBreakpoints', { breakpoints: [{ name: 'in 0x60', hitCondition: '>= 3' }] });
    assert.match(engine.session.calls.at(-1) ?? '', /"hitCondition":">= 3"/);
  },
  supportsLogPoints: async ({ client, engine }) => {
    await client.body('setBreakpoints', { source: SOURCE, breakpoints: [{ line: 1, logMessage: 'al={al}' }] });
    assert.match(engine.session.calls.at(-1) ?? '', /"logMessage":"al=\{al\}"/);
  },
  supportsInstructionBreakpoints: answers(
    'setInstructionBreakpoints',
    () => ({ breakpoints: [{ instructionReference: '0x00100000', offset: 4 }] }),
    ({ breakpoints }: { breakpoints: DebugProtocol.Breakpoint[] }) =>
      assert.equal(breakpoints[0].instructionReference, '0x00100004'),
  ),
  supportsBreakpointLocationsRequest: answers(
    'breakpointLocations',
    () => ({ source: SOURCE, line: 3, endLine: 5 }),
    ({ breakpoints }: { breakpoints: { line: number }[] }) =>
      assert.deepEqual(
        breakpoints.map(({ line }) => line),
        [3, 4, 5],
      ),
  ),
  exceptionBreakpointFilters: async ({ client, engine }) => {
    await client.body('setExceptionBreakpoints', { filters: engine.exceptionFilters.map(({ id }) => id) });
    assert.equal(engine.session.calls.at(-1), 'exceptions [{"id":"#GP"},{"id":"triple"}]');
  },
  supportsExceptionFilterOptions: async ({ client, engine }) => {
    const filterOptions = [{ filterId: '#GP', condition: 'error != 0' }];
    await client.body('setExceptionBreakpoints', { filters: [], filterOptions });
    assert.equal(engine.session.calls.at(-1), 'exceptions [{"id":"#GP","condition":"error != 0"}]');
  },
  supportsExceptionInfoRequest: answers(
    'exceptionInfo',
    () => ({ threadId: 1 }),
    (body: DebugProtocol.ExceptionInfoResponse['body']) => assert.equal(body.exceptionId, '#GP'),
  ),
  supportsEvaluateForHovers: answers(
    'evaluate',
    ({ frameId }) => ({ expression: 'eax', context: 'hover', frameId }),
    ({ result }: { result: string }) => assert.equal(result, '65'),
  ),
  supportsClipboardContext: answers(
    'evaluate',
    ({ frameId }) => ({ expression: 'eax', context: 'clipboard', frameId }),
    ({ result }: { result: string }) => assert.equal(result, '65'),
  ),
  supportsSetVariable: answers(
    'setVariable',
    ({ registers }) => ({ variablesReference: registers, name: 'eax', value: '7' }),
    ({ value }: { value: string }) => assert.equal(value, '7'),
  ),
  supportsSetExpression: answers(
    'setExpression',
    ({ frameId }) => ({ expression: 'eax', value: '8', frameId }),
    ({ value }: { value: string }) => assert.equal(value, '8'),
  ),
  supportsValueFormattingOptions: answers(
    'variables',
    ({ registers }) => ({ variablesReference: registers, format: { hex: true } }),
    ({ variables }: { variables: { value: string }[] }) => assert.equal(variables[0].value, '0x41'),
  ),
  supportsCompletionsRequest: answers(
    'completions',
    ({ frameId }) => ({ text: 'ea', column: 3, frameId }),
    ({ targets }: { targets: { label: string }[] }) => assert.equal(targets[0].label, 'eax'),
  ),
  completionTriggerCharacters: answers('completions', () => ({ text: 'COM1.', column: 6 })),
  supportsSteppingGranularity: async ({ client, engine }) => {
    for (const granularity of ['statement', 'line', 'instruction']) {
      await client.body('next', { threadId: 1, granularity });
      await client.event('stopped');
      assert.equal(engine.session.calls.at(-1), `step over ${granularity}`);
    }
  },
  supportsDelayedStackTraceLoading: answers(
    'stackTrace',
    () => ({ threadId: 1, startFrame: 1, levels: 1 }),
    ({ stackFrames, totalFrames }: DebugProtocol.StackTraceResponse['body']) => {
      assert.equal(stackFrames[0].name, 'start32+0x1c');
      assert.equal(stackFrames.length, 1);
      assert.equal(totalFrames, 2);
    },
  ),
  supportsDisassembleRequest: answers(
    'disassemble',
    () => ({ memoryReference: '0x100000', offset: 2, instructionOffset: -1, instructionCount: 3 }),
    ({ instructions }: { instructions: DebugProtocol.DisassembledInstruction[] }) =>
      assert.deepEqual(
        instructions.map(({ address }) => address),
        ['0x00100001', '0x00100002', '0x00100003'],
      ),
  ),
  supportsReadMemoryRequest: answers(
    'readMemory',
    () => ({ memoryReference: '0x0', count: 2 }),
    ({ data }: { data: string }) => assert.equal(data, 'AAA='),
  ),
  supportsWriteMemoryRequest: answers(
    'writeMemory',
    () => ({ memoryReference: '0x10', data: 'AQI=' }),
    ({ bytesWritten }: { bytesWritten: number }) => assert.equal(bytesWritten, 2),
  ),
  supportsModulesRequest: answers(
    'modules',
    () => ({}),
    ({ modules }: { modules: DebugProtocol.Module[] }) => assert.equal(modules[0].name, 'guest.elf'),
  ),
  additionalModuleColumns: async ({ client, engine }) => {
    const { modules } = await client.body('modules', {});
    for (const { attributeName } of capabilities(engine.exceptionFilters).additionalModuleColumns ?? []) {
      assert.ok(attributeName in modules[0], attributeName);
    }
  },
  supportsLoadedSourcesRequest: answers(
    'loadedSources',
    () => ({}),
    ({ sources }: { sources: DebugProtocol.Source[] }) => assert.deepEqual(sources, [{ name: 'main.c', ...SOURCE }]),
  ),
  supportsRestartRequest: async ({ client, engine }) => {
    await client.body('restart', {});
    assert.equal(engine.session.calls.at(-1), 'restart');
  },
  supportsTerminateRequest: async ({ client, engine }) => {
    await client.body('terminate', {});
    assert.equal(engine.session.disposed, true);
  },
  supportTerminateDebuggee: async ({ client, engine }) => {
    await client.body('disconnect', { terminateDebuggee: true });
    assert.equal(engine.session.disposed, true);
  },
};

async function stoppedGuest(): Promise<Stopped> {
  const engine = new FakeEngine();
  const client = new Client(engine, () => new MemoryHost());
  await client.start({ program: '/guest/guest.elf' });
  engine.session.stop('pause', 'Paused');
  await client.event('stopped');
  const { stackFrames } = await client.body('stackTrace', { threadId: 1 });
  const { scopes } = await client.body('scopes', { frameId: stackFrames[0].id });
  return { client, engine, frameId: stackFrames[0].id, registers: scopes[1].variablesReference };
}

describe('capabilities', () => {
  const declared = Object.keys(capabilities(new FakeEngine().exceptionFilters)) as Capability[];

  for (const capability of declared) {
    it(`${capability} is handled`, async () => {
      const check = CHECKS[capability];
      assert.ok(check, `${capability} is declared, but no request is known that shows it`);
      await check(await stoppedGuest());
    });
  }

  it('are declared for all that is handled', () => {
    assert.deepEqual(
      (Object.keys(CHECKS) as Capability[]).filter((capability) => !declared.includes(capability)),
      [],
    );
  });

  it('say nothing of requests that are not there', () => {
    for (const command of ['stepBack', 'reverseContinue', 'dataBreakpointInfo', 'goto', 'cancel', 'attach']) {
      assert.equal(command in REQUESTS, false, command);
    }
  });
});
