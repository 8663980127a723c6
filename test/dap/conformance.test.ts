import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { capabilities } from '../../debugAdapter/capabilities';
import { REQUESTS } from '../../debugAdapter/requests';
import { ringsideEngine } from '../../debugAdapter/ringside-engine';
import type { Client } from './support/client';
import { builtGuest, guestSource, lineOf, realClient } from './support/real-guest';

/** A guest that stands at the first instruction of `uart_putc`, and what its client knows of it. */
interface Stopped {
  client: Client;
  frameId: number;
  readonly scope: (name: string) => number;
}

type Capability = keyof DebugProtocol.Capabilities;
type Check = (stopped: Stopped) => Promise<void>;

const UART = guestSource('paravirt-io/uart.c');
const SOURCE = { path: UART };
const PUTC_LINE = lineOf(UART, 'outb(c, THR)');

/** Goes on to the next stop; resolves with what a watch expression is there. */
async function valueAtNextStop(client: Client, expression: string): Promise<string> {
  await client.body('continue', { threadId: 1 });
  await client.event('stopped');
  const { stackFrames } = await client.body('stackTrace', { threadId: 1, levels: 1 });
  return (await client.body('evaluate', { expression, frameId: stackFrames[0].id, context: 'watch' })).result;
}

/** One exchange for each capability that the adapter declares: it is answered with success, and it works. */
const CHECKS: { readonly [C in Capability]?: Check } = {
  supportsConfigurationDoneRequest: async () => {
    const client = realClient();
    await client.start({ program: builtGuest('ports.elf'), stopOnEntry: true });
    assert.equal((await client.event('stopped')).reason, 'entry');
    client.adapter.dispose();
  },
  supportsFunctionBreakpoints: async ({ client }) => {
    const { breakpoints } = await client.body('setFunctionBreakpoints', { breakpoints: [{ name: 'out COM1.THR' }] });
    await client.body('continue', { threadId: 1 });
    const { text, hitBreakpointIds } = await client.event('stopped');
    assert.match(text ?? '', /^OUT 0x3f8 \(COM1\.THR\), 1 byte, value 0x52 'R'/);
    assert.deepEqual(hitBreakpointIds, [breakpoints[0].id]);
  },
  supportsConditionalBreakpoints: async ({ client }) => {
    await client.body('setFunctionBreakpoints', { breakpoints: [] });
    await client.body('setBreakpoints', { source: SOURCE, breakpoints: [{ line: PUTC_LINE, condition: "c == 'g'" }] });
    assert.equal(await valueAtNextStop(client, 'c'), "103 'g'");
  },
  supportsHitConditionalBreakpoints: async ({ client }) => {
    await client.body('setFunctionBreakpoints', { breakpoints: [{ name: 'out COM1.THR', hitCondition: '3' }] });
    await client.body('continue', { threadId: 1 });
    assert.match((await client.event('stopped')).text ?? '', /'n'/);
  },
  supportsLogPoints: async ({ client }) => {
    await client.body('setFunctionBreakpoints', { breakpoints: [{ name: 'out COM1.THR hit 4' }] });
    await client.body('setBreakpoints', {
      source: SOURCE,
      breakpoints: [{ line: PUTC_LINE, logMessage: 'put {c:c}' }],
    });
    await client.body('continue', { threadId: 1 });
    await client.event('stopped');
    assert.equal(client.output('console'), 'put R\nput i\nput n\nput g\n');
  },
  supportsInstructionBreakpoints: async ({ client }) => {
    const here = await client.body('evaluate', { expression: '&uart_wait', context: 'watch' });
    const reference = /0x[0-9a-f]+/.exec(here.result)?.[0];
    await client.body('setFunctionBreakpoints', { breakpoints: [] });
    const set = { breakpoints: [{ instructionReference: reference, offset: 0 }] };
    assert.equal((await client.body('setInstructionBreakpoints', set)).breakpoints[0].verified, true);
    await client.body('continue', { threadId: 1 });
    assert.equal((await client.event('stopped')).reason, 'instruction breakpoint');
  },
  supportsBreakpointLocationsRequest: async ({ client }) => {
    const asked = { source: SOURCE, line: PUTC_LINE - 1, endLine: PUTC_LINE };
    const { breakpoints } = await client.body('breakpointLocations', asked);
    assert.deepEqual(
      breakpoints.map(({ line }) => line),
      [PUTC_LINE - 1, PUTC_LINE],
    );
  },
  exceptionBreakpointFilters: async () => {
    const client = await faultyGuest();
    const filters = ringsideEngine.exceptionFilters.map(({ id }) => id);
    const { breakpoints } = await client.body('setExceptionBreakpoints', { filters });
    assert.deepEqual(
      breakpoints.map(({ verified }) => verified),
      filters.map(() => true),
    );
    await client.body('continue', { threadId: 1 });
    const { reason, text } = await client.event('stopped');
    assert.equal(reason, 'exception');
    assert.match(text ?? '', /#DE/);
    client.adapter.dispose();
  },
  supportsExceptionFilterOptions: async () => {
    const client = await faultyGuest();
    const filterOptions = [{ filterId: '#PF', condition: 'error == 2' }];
    await client.body('setExceptionBreakpoints', { filters: [], filterOptions });
    await client.body('continue', { threadId: 1 });
    assert.match((await client.event('stopped')).text ?? '', /#PF.*writ/);
    client.adapter.dispose();
  },
  supportsExceptionInfoRequest: async () => {
    const client = await faultyGuest();
    await client.body('setExceptionBreakpoints', { filters: ['#GP'] });
    await client.body('continue', { threadId: 1 });
    await client.event('stopped');
    const info = await client.body('exceptionInfo', { threadId: 1 });
    assert.equal(info.exceptionId, '#GP');
    assert.match(info.description ?? '', /general protection/i);
    client.adapter.dispose();
  },
  supportsEvaluateForHovers: async ({ client, frameId }) => {
    const { result } = await client.body('evaluate', { expression: 'esp', context: 'hover', frameId });
    assert.match(result, /^0x[0-9a-f]{8}/);
  },
  supportsClipboardContext: async ({ client, frameId }) => {
    const { result } = await client.body('evaluate', { expression: 'c', context: 'clipboard', frameId });
    assert.match(result, /'R'/);
  },
  supportsSetVariable: async ({ client, frameId, scope }) => {
    const set = { variablesReference: scope('Registers'), name: 'ebx', value: '0x1234' };
    assert.match((await client.body('setVariable', set)).value, /0x0*1234/);
    assert.match((await client.body('evaluate', { expression: 'ebx', frameId })).result, /0x0*1234/);
  },
  supportsSetExpression: async ({ client, frameId }) => {
    await client.body('setExpression', { expression: 'ecx', value: '77', frameId });
    assert.match((await client.body('evaluate', { expression: 'ecx', frameId })).result, /0x0*4d/);
  },
  supportsValueFormattingOptions: async ({ client, scope }) => {
    const shown = async (format: object): Promise<string> =>
      (await client.body('variables', { variablesReference: scope('Locals'), ...format })).variables[0].value;
    assert.match(await shown({}), /^82/);
    assert.match(await shown({ format: { hex: true } }), /^0x52/);
  },
  supportsCompletionsRequest: async ({ client, frameId }) => {
    const { targets } = await client.body('completions', { text: 'uart_p', column: 7, frameId });
    assert.ok(targets.some(({ label }) => label === 'uart_putc'));
  },
  completionTriggerCharacters: async ({ client, frameId }) => {
    for (const character of capabilities([]).completionTriggerCharacters ?? []) {
      await client.body('completions', { text: character, column: 2, frameId });
    }
  },
  supportsSteppingGranularity: async ({ client }) => {
    const place = async (): Promise<{ line: number; address: number }> => {
      const { stackFrames } = await client.body('stackTrace', { threadId: 1, levels: 1 });
      const { line, instructionPointerReference } = stackFrames[0];
      return { line, address: Number(instructionPointerReference) };
    };
    const before = await place();
    await client.body('next', { threadId: 1, granularity: 'instruction' });
    await client.event('stopped');
    const after = await place();
    assert.ok(after.address > before.address && after.address - before.address < 16);
    await client.body('next', { threadId: 1, granularity: 'line' });
    await client.event('stopped');
    assert.notEqual((await place()).line, after.line);
    await client.body('next', { threadId: 1, granularity: 'statement' });
    await client.event('stopped');
  },
  supportsDelayedStackTraceLoading: async ({ client }) => {
    const all = await client.body('stackTrace', { threadId: 1 });
    const part = await client.body('stackTrace', { threadId: 1, startFrame: 1, levels: 1 });
    assert.equal(part.totalFrames, all.stackFrames.length);
    assert.deepEqual(
      part.stackFrames.map(({ name }) => name),
      [all.stackFrames[1].name],
    );
  },
  supportsDisassembleRequest: async ({ client }) => {
    const { stackFrames } = await client.body('stackTrace', { threadId: 1, levels: 1 });
    const memoryReference = stackFrames[0].instructionPointerReference;
    const asked = { memoryReference, instructionOffset: -10, instructionCount: 30, resolveSymbols: true };
    const { instructions } = await client.body('disassemble', asked);
    assert.equal(instructions.length, 30);
    assert.equal(instructions[10].address, memoryReference);
  },
  supportsReadMemoryRequest: async ({ client }) => {
    const { data = '' } = await client.body('readMemory', { memoryReference: '0x000c8000', count: 2 });
    assert.deepEqual([...Buffer.from(data, 'base64')], [0x55, 0xaa], 'the signature of the option ROM');
  },
  supportsWriteMemoryRequest: async ({ client }) => {
    const data = Buffer.from([1, 2, 3]).toString('base64');
    const memoryReference = '0x00200000';
    assert.equal((await client.body('writeMemory', { memoryReference, data })).bytesWritten, 3);
    assert.equal((await client.body('readMemory', { memoryReference, count: 3 })).data, data);
  },
  supportsModulesRequest: async ({ client }) => {
    const { modules } = await client.body('modules', {});
    assert.ok(modules.some(({ name }) => name === 'paravirt-io.elf'));
  },
  additionalModuleColumns: async ({ client }) => {
    const { modules } = await client.body('modules', {});
    for (const { attributeName } of capabilities([]).additionalModuleColumns ?? []) {
      assert.ok(attributeName in modules[0], attributeName);
    }
  },
  supportsLoadedSourcesRequest: async ({ client }) => {
    const { sources } = await client.body('loadedSources', {});
    assert.ok(sources.some(({ path, name }) => path === UART && name === 'uart.c'));
  },
  supportsRestartRequest: async ({ client }) => {
    await client.body('restart', {});
    const { text } = await client.event('stopped');
    assert.match(text ?? '', /uart_putc/);
    assert.equal(client.output('stdout'), '');
  },
  supportsTerminateRequest: async ({ client }) => {
    await client.body('terminate', {});
    await client.event('terminated');
  },
  supportTerminateDebuggee: async ({ client }) => {
    let closed = false;
    client.adapter.onDidClose(() => {
      closed = true;
    });
    await client.body('disconnect', { terminateDebuggee: true });
    assert.equal(closed, true);
  },
};

/** The guest that raises one exception after the other, at its entry. */
async function faultyGuest(): Promise<Client> {
  const client = realClient();
  await client.start({ program: builtGuest('faults.elf'), stopOnEntry: true, memoryMB: 8 });
  await client.event('stopped');
  return client;
}

async function stoppedGuest(): Promise<Stopped> {
  const client = realClient();
  await client.body('initialize', { adapterID: 'ringside', clientID: 'test' });
  await client.body('launch', { program: builtGuest('paravirt-io.elf'), memoryMB: 8 });
  await client.body('setFunctionBreakpoints', { breakpoints: [{ name: 'uart_putc' }] });
  await client.body('configurationDone');
  await client.event('stopped');
  const { stackFrames } = await client.body('stackTrace', { threadId: 1 });
  const { scopes } = await client.body('scopes', { frameId: stackFrames[0].id });
  const scope = (name: string): number => {
    const found = scopes.find((candidate) => candidate.name === name);
    assert.ok(found, `no scope ${name}`);
    return found.variablesReference;
  };
  return { client, frameId: stackFrames[0].id, scope };
}

describe('capabilities', function () {
  this.timeout(30000);
  const declared = Object.keys(capabilities(ringsideEngine.exceptionFilters)) as Capability[];
  let stopped: Stopped;

  beforeEach(async () => {
    stopped = await stoppedGuest();
  });

  afterEach(() => stopped.client.adapter.dispose());

  for (const capability of declared) {
    it(`${capability} is handled`, async () => {
      const check = CHECKS[capability];
      assert.ok(check, `${capability} is declared, but no request is known that shows it`);
      await check(stopped);
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
