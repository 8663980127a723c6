import assert from 'node:assert/strict';
import { LaunchError, type EndEvent } from '../../src/debugger/types';
import { RunEnd } from '../../src/machine/run';
import { Client, type ErrorBody } from './support/client';
import { FakeEngine } from './support/fake-session';
import { MemoryHost } from './support/memory-host';

const PROGRAM = { program: '/guest/guest.elf' };
const HALTED: EndEvent = { how: RunEnd.Dead, exitCode: 0, text: 'The guest halted with interrupts off.' };

function setUp(): { client: Client; engine: FakeEngine; host: MemoryHost } {
  const engine = new FakeEngine();
  const host = new MemoryHost();
  return { client: new Client(engine, () => host), engine, host };
}

describe('debug adapter', () => {
  describe('launch', () => {
    it('answers launch, then announces that it is initialized, and runs after configurationDone', async () => {
      const { client, engine } = setUp();
      await client.body('initialize', { adapterID: 'ringside' });
      await client.body('launch', PROGRAM);
      const order = client.log.map((message) => ('event' in message ? message.event : 'response'));
      assert.deepEqual(order, ['response', 'response', 'initialized']);
      assert.deepEqual(engine.session.calls, []);
      await client.body('configurationDone');
      assert.deepEqual(engine.session.calls, ['run']);
    });

    it('lives on after a bad launch', async () => {
      const { client, engine } = setUp();
      await client.body('initialize', { adapterID: 'ringside' });
      engine.failure = new LaunchError('/guest/guest.elf: truncated: the program headers end at 0x94');
      const response = await client.ask('launch', PROGRAM);
      assert.equal(response.success, false);
      assert.equal(response.message, '/guest/guest.elf: truncated: the program headers end at 0x94');
      assert.equal((response.body as ErrorBody).error.showUser, true);
      engine.failure = undefined;
      await client.body('launch', PROGRAM);
      assert.equal(client.events('initialized').length, 1);
    });

    for (const [what, attributes, message] of [
      [
        'an unknown attribute',
        { ...PROGRAM, memmoryMB: 1 },
        'Launch attribute memmoryMB: there is no such attribute (did you mean "memoryMB"?)',
      ],
      [
        'an ill-typed attribute',
        { ...PROGRAM, memoryMB: '64' },
        'Launch attribute memoryMB: expected a whole number from 1 to 2047, got "64"',
      ],
      [
        'a wrong mode',
        { ...PROGRAM, hypervisor: { mode: 'kvm' } },
        'Launch attribute hypervisor.mode: expected one of none, trap, vtx, vmi, got "kvm"',
      ],
      [
        'an unknown member',
        { ...PROGRAM, hypervisor: { moed: 'vmi' } },
        'Launch attribute hypervisor.moed: there is no such attribute (did you mean "mode"?)',
      ],
      [
        'a drive without a file',
        { drives: [{ kind: 'disk' }] },
        'Launch attribute drives[0].file: missing; expected a string',
      ],
      [
        'a wrong serial side',
        { ...PROGRAM, serial: { com1: 'tty' } },
        'Launch attribute serial.com1: expected terminal, console, none or file:PATH, got "tty"',
      ],
      [
        'a file that cannot be written',
        { ...PROGRAM, serial: { com2: 'file:missing/x' } },
        'Launch attribute serial.com2: missing/x: cannot be written: no such file.',
      ],
      [
        'a wrong clock',
        { ...PROGRAM, clock: 'yesterday' },
        'Launch attribute clock: expected a date and time such as "2007-02-14T12:00:00Z", got "yesterday"',
      ],
      ['nothing to run', {}, 'program: nothing to run; name a guest image, a bios, or a drive to boot from.'],
    ] as const) {
      it(`names ${what}`, async () => {
        const { client } = setUp();
        await client.body('initialize', { adapterID: 'ringside' });
        assert.equal(await client.refusal('launch', attributes), message);
        await client.body('launch', PROGRAM);
      });
    }

    it('takes what editors add to a configuration', async () => {
      const { client } = setUp();
      await client.body('initialize', { adapterID: 'ringside' });
      await client.body('launch', {
        ...PROGRAM,
        type: 'ringside',
        request: 'launch',
        name: 'x',
        __sessionId: '1',
        cwd: '/',
      });
    });

    it('shows COM1 in the terminal of VS Code and as output elsewhere', async () => {
      for (const [clientID, side] of [
        ['vscode', 'terminal'],
        ['nvim', 'console'],
      ]) {
        const { client, engine } = setUp();
        await client.start(PROGRAM, { clientID });
        assert.equal(engine.session.configuration.serial.com1, side);
      }
    });

    it('refuses a second launch while a guest runs, and takes one after its end', async () => {
      const { client, engine } = setUp();
      await client.start(PROGRAM);
      assert.match(await client.refusal('launch', PROGRAM), /launched already/);
      const first = engine.session;
      first.emit({ type: 'ended', end: HALTED });
      await client.body('launch', PROGRAM);
      assert.equal(first.disposed, true);
      assert.notEqual(engine.session, first);
    });

    it('sets no breakpoint when the guest runs without debugging', async () => {
      const { client, engine } = setUp();
      await client.body('initialize', { adapterID: 'ringside' });
      await client.body('launch', { ...PROGRAM, noDebug: true, stopOnEntry: true, breakpoints: ['out 0x80'] });
      const { breakpoints } = await client.body('setFunctionBreakpoints', { breakpoints: [{ name: 'in 0x60' }] });
      assert.deepEqual(breakpoints, [{ verified: false, message: 'The guest runs without debugging.' }]);
      assert.deepEqual(engine.session.calls, []);
      assert.equal(engine.session.configuration.stopOnEntry, false);
      assert.deepEqual(engine.session.configuration.breakpoints, []);
    });
  });

  describe('stops', () => {
    it('carries the whole story and the ids of the breakpoints that fired', async () => {
      const { client, engine } = setUp();
      await client.start(PROGRAM);
      const { breakpoints } = await client.body('setFunctionBreakpoints', { breakpoints: [{ name: 'out COM1.THR' }] });
      const text = "OUT 0x3f8 (COM1.THR), 1 byte, value 0x41 'A', via hypercall OUTB at uart_putc+0x1c";
      engine.session.stop('function breakpoint', text, [100]);
      assert.deepEqual(await client.event('stopped'), {
        reason: 'function breakpoint',
        description: text,
        text,
        threadId: 1,
        allThreadsStopped: true,
        hitBreakpointIds: [breakpoints[0].id],
      });
    });

    it('drops handles when the guest goes on', async () => {
      const { client, engine } = setUp();
      await client.start(PROGRAM);
      engine.session.stop('pause', 'Paused');
      const { stackFrames } = await client.body('stackTrace', { threadId: 1 });
      const { scopes } = await client.body('scopes', { frameId: stackFrames[0].id });
      await client.body('variables', { variablesReference: scopes[1].variablesReference });
      await client.body('next', { threadId: 1 });
      assert.match(await client.refusal('scopes', { frameId: stackFrames[0].id }), /is gone: the guest has run since/);
      assert.match(
        await client.refusal('variables', { variablesReference: scopes[1].variablesReference }),
        /are gone: the guest has run since/,
      );
      assert.equal(
        await client.refusal('evaluate', { expression: 'eax', frameId: stackFrames[0].id }),
        `Frame ${stackFrames[0].id} is gone: the guest has run since.`,
      );
    });

    it('answers a step before it reports the stop', async () => {
      const { client, engine } = setUp();
      await client.start(PROGRAM);
      engine.session.stop('entry', 'Stopped on entry');
      const before = client.log.length;
      await client.body('stepIn', { threadId: 1, granularity: 'instruction' });
      await client.event('stopped');
      assert.deepEqual(
        client.log.slice(before).map((message) => message.type),
        ['response', 'event'],
      );
      assert.equal(engine.session.calls.at(-1), 'step in instruction');
    });

    it('refuses what needs a stopped guest while it runs', async () => {
      const { client } = setUp();
      await client.start(PROGRAM);
      for (const [command, args] of [
        ['stackTrace', { threadId: 1 }],
        ['continue', { threadId: 1 }],
        ['next', { threadId: 1 }],
        ['exceptionInfo', { threadId: 1 }],
      ] as const) {
        assert.equal(await client.refusal(command, args), 'The guest is running: pause it first.');
      }
    });
  });

  describe('output', () => {
    it('sends whole lines and never splits a character', async () => {
      const { client, engine } = setUp();
      await client.start({ ...PROGRAM, serial: { com1: 'console' } });
      const bytes = new TextEncoder().encode('größer\r\n→ next\n');
      for (const byte of bytes) engine.session.print('serial', Uint8Array.of(byte), 'com1');
      assert.deepEqual(
        client.events('output').map(({ body }) => body),
        [
          { category: 'stdout', output: 'größer\n' },
          { category: 'stdout', output: '→ next\n' },
        ],
      );
    });

    it('shows a begun line at a stop and loses nothing at the end', async () => {
      const { client, engine } = setUp();
      await client.start({ ...PROGRAM, serial: { com1: 'console' } });
      engine.session.print('serial', 'login: ', 'com1');
      engine.session.stop('pause', 'Paused');
      assert.equal(client.output('stdout'), 'login: ');
      engine.session.print('serial', Uint8Array.of(0x72, 0xc3), 'com1');
      engine.session.emit({ type: 'ended', end: HALTED });
      assert.equal(client.output('stdout'), 'login: r\ufffd\n');
    });

    it('keeps the channels apart', async () => {
      const { client, engine } = setUp();
      await client.start(PROGRAM);
      engine.session.print('console', 'from 0xe9\n');
      engine.session.print('log', 'value 41\n');
      engine.session.print('message', 'port 0x1234: nobody owns it\n');
      assert.equal(client.output('stdout'), 'from 0xe9\n');
      assert.equal(client.output('console'), 'value 41\n');
      assert.equal(client.output('stderr'), 'port 0x1234: nobody owns it\n');
    });

    it('sends a terminal its bytes, all of a slice in one event', async () => {
      const { client, engine } = setUp();
      await client.start({ ...PROGRAM, serial: { com1: 'terminal', com2: 'none' } });
      for (const character of 'ok\r\n') engine.session.print('serial', character, 'com1');
      engine.session.print('serial', 'unheard', 'com2');
      const body = await client.event('ringside/serialOutput');
      assert.deepEqual(body, { port: 'com1', data: Buffer.from('ok\r\n').toString('base64') });
      assert.equal(client.events('ringside/serialOutput').length, 1);
      assert.equal(client.output('stdout'), '');
    });

    it('writes a file: sink and closes it', async () => {
      const { client, engine, host } = setUp();
      await client.start({ ...PROGRAM, serial: { com1: 'file:/out/com1.txt' } });
      engine.session.print('serial', 'line\n', 'com1');
      await client.body('disconnect');
      const sink = host.sinks.get('/out/com1.txt');
      assert.deepEqual(sink, { bytes: [...Buffer.from('line\n')], closed: true });
    });

    it('ends with a line that says how, the exit code, and terminated', async () => {
      const { client, engine } = setUp();
      await client.start(PROGRAM);
      engine.session.emit({ type: 'ended', end: { ...HALTED, exitCode: 3 } });
      assert.deepEqual(
        client.log.slice(-3).map((message) => {
          const { event, body } = message as unknown as { event: string; body?: unknown };
          return [event, body];
        }),
        [
          ['output', { category: 'console', output: 'The guest halted with interrupts off.\n' }],
          ['exited', { exitCode: 3 }],
          ['terminated', undefined],
        ],
      );
    });
  });

  describe('breakpoints', () => {
    it('passes conditions on and leaves empty ones out', async () => {
      const { client, engine } = setUp();
      await client.start(PROGRAM);
      await client.body('setBreakpoints', {
        source: { path: '/guest/main.c' },
        breakpoints: [{ line: 3, condition: 'eax == 1', hitCondition: '', logMessage: 'x {eax}' }],
      });
      assert.equal(
        engine.session.calls.at(-1),
        'source /guest/main.c [{"line":3,"logMessage":"x {eax}","condition":"eax == 1"}]',
      );
    });

    it('says why one is not verified', async () => {
      const { client } = setUp();
      await client.start(PROGRAM);
      const { breakpoints } = await client.body('setFunctionBreakpoints', { breakpoints: [{ name: 'out ?' }] });
      assert.equal(breakpoints[0].verified, false);
      assert.equal(breakpoints[0].message, 'cannot parse "out ?" at 1');
    });

    it('keeps ids over a restart with changed attributes', async () => {
      const { client, engine } = setUp();
      await client.start(PROGRAM);
      const set = await client.body('setFunctionBreakpoints', {
        breakpoints: [{ name: 'in 0x60' }, { name: 'out 0x70' }],
      });
      const ids = set.breakpoints.map((breakpoint) => breakpoint.id);
      const first = engine.session;
      await client.body('restart', { arguments: { ...PROGRAM, memoryMB: 32, __restart: true } });
      assert.equal(first.disposed, true);
      assert.equal(engine.session.configuration.memoryMB, 32);
      assert.deepEqual(engine.session.calls, ['specs [{"text":"in 0x60"},{"text":"out 0x70"}]', 'run']);
      assert.deepEqual(
        client.events('breakpoint').map(({ body }) => body.breakpoint.id),
        ids,
      );
    });

    it('resets the machine when restarted with the same attributes', async () => {
      const { client, engine } = setUp();
      await client.start(PROGRAM);
      await client.body('restart', { arguments: { ...PROGRAM, __sessionId: 'other' } });
      assert.deepEqual(engine.session.calls, ['run', 'restart']);
    });
  });

  describe('values', () => {
    it('shows hexadecimal where asked', async () => {
      const { client, engine } = setUp();
      await client.start(PROGRAM);
      engine.session.stop('pause', 'Paused');
      const { stackFrames } = await client.body('stackTrace', { threadId: 1 });
      const { scopes } = await client.body('scopes', { frameId: stackFrames[0].id });
      const asked = { variablesReference: scopes[1].variablesReference, format: { hex: true } };
      assert.equal((await client.body('variables', asked)).variables[0].value, '0x41');
      assert.equal((await client.body('evaluate', { expression: 'eax', format: { hex: true } })).result, '0x41');
      assert.equal((await client.body('evaluate', { expression: 'eax' })).result, '65');
    });

    it('pages the elements of an array', async () => {
      const { client, engine } = setUp();
      await client.start(PROGRAM, { supportsVariablePaging: true });
      engine.session.stop('pause', 'Paused');
      const table = await client.body('evaluate', { expression: 'table' });
      assert.equal(table.indexedVariables, 4);
      const part = { variablesReference: table.variablesReference, filter: 'indexed', start: 1, count: 2 };
      const names = (await client.body('variables', part)).variables.map(({ name }) => name);
      assert.deepEqual(names, ['[1]', '[2]']);
      assert.deepEqual((await client.body('variables', { ...part, filter: 'named' })).variables, []);
    });

    it('assigns in the debug console but compares with ==', async () => {
      const { client, engine } = setUp();
      await client.start(PROGRAM, { supportsInvalidatedEvent: true });
      assert.equal((await client.body('evaluate', { expression: 'eax = 7', context: 'repl' })).result, '7');
      assert.equal(engine.session.registers.eax, 7);
      assert.equal(client.events('invalidated').length, 1);
      assert.match(await client.refusal('evaluate', { expression: 'eax == 7', context: 'repl' }), /neither a register/);
    });

    it('refuses a value that does not fit, with its reason', async () => {
      const { client, engine } = setUp();
      await client.start(PROGRAM);
      engine.session.stop('pause', 'Paused');
      const { scopes } = await client.body('scopes', {
        frameId: (await client.body('stackTrace', { threadId: 1 })).stackFrames[0].id,
      });
      const { variablesReference } = scopes[1];
      assert.equal(
        await client.refusal('setVariable', { variablesReference, name: 'eax', value: 'many' }),
        'eax: "many" is no number',
      );
      assert.equal((await client.body('setVariable', { variablesReference, name: 'eax', value: '9' })).value, '9');
    });
  });

  describe('memory', () => {
    it('reads what is mapped and counts the rest', async () => {
      const { client, engine } = setUp();
      await client.start(PROGRAM);
      engine.session.memory[0xffe] = 0x12;
      const body = await client.body('readMemory', { memoryReference: '0xff0', offset: 14, count: 8 });
      assert.deepEqual(body, {
        address: '0x00000ffe',
        unreadableBytes: 6,
        data: Buffer.from([0x12, 0]).toString('base64'),
      });
    });

    it('writes all or nothing unless a part is allowed', async () => {
      const { client, engine } = setUp();
      await client.start(PROGRAM);
      const data = Buffer.from([1, 2, 3, 4]).toString('base64');
      const args = { memoryReference: '0xffe', data };
      assert.match(await client.refusal('writeMemory', args), /Nothing is mapped at 0x00001000/);
      assert.equal(engine.session.memory[0xffe], 0);
      assert.deepEqual(await client.body('writeMemory', { ...args, allowPartial: true }), { bytesWritten: 2 });
    });
  });

  describe('the end of a session', () => {
    it('ends the guest on disconnect', async () => {
      const { client, engine } = setUp();
      let closed = 0;
      client.adapter.onDidClose(() => closed++);
      await client.start(PROGRAM);
      await client.body('disconnect', { terminateDebuggee: true });
      assert.equal(engine.session.disposed, true);
      assert.equal(closed, 1);
    });

    it('lets the guest run to its end if the client wants that', async () => {
      const { client, engine } = setUp();
      let closed = 0;
      client.adapter.onDidClose(() => closed++);
      await client.start(PROGRAM);
      await client.body('setFunctionBreakpoints', { breakpoints: [{ name: 'in 0x60' }] });
      await client.body('disconnect', { terminateDebuggee: false });
      assert.equal(engine.session.disposed, false);
      assert.ok(engine.session.calls.includes('specs []'));
      assert.equal(engine.session.calls.at(-1), 'run');
      engine.session.emit({ type: 'ended', end: HALTED });
      assert.equal(engine.session.disposed, true);
      assert.equal(closed, 1);
      assert.equal(client.events('terminated').length, 0);
    });

    it('terminates with a last word', async () => {
      const { client, engine } = setUp();
      await client.start(PROGRAM);
      await client.body('terminate');
      assert.equal(engine.session.disposed, true);
      assert.equal(client.output('console'), 'Ended by request.\n');
      assert.equal(client.events('terminated').length, 1);
    });

    it('ends a guest whose engine fails, and lives on', async () => {
      const { client, engine } = setUp();
      await client.start(PROGRAM);
      engine.defer(() => {
        throw new RangeError('index out of bounds');
      });
      await client.event('terminated');
      const failure = 'Ringside failed and ended the guest: index out of bounds. Please report this.\n';
      assert.equal(client.output('important'), failure);
      assert.equal(engine.session.disposed, true);
      await client.body('launch', PROGRAM);
    });

    it('takes a guest down whose launch ends after the client left', async () => {
      const { client, engine } = setUp();
      await client.body('initialize', { adapterID: 'ringside' });
      const launching = client.ask('launch', PROGRAM);
      void client.ask('disconnect');
      await Promise.race([launching, new Promise((resolve) => setImmediate(resolve))]);
      assert.equal(engine.session.disposed, true);
    });
  });

  describe('malformed requests', () => {
    for (const [command, args, message] of [
      ['stakTrace', {}, 'Unknown request "stakTrace" (did you mean "stackTrace"?).'],
      ['toString', {}, 'Unknown request "toString".'],
      ['stackTrace', undefined, 'stackTrace: arguments.threadId: missing; expected a whole number.'],
      ['next', { threadId: 7 }, 'next: arguments.threadId: there is no thread 7; the guest has one, 1 (vCPU 0).'],
      [
        'variables',
        { variablesReference: '1' },
        'variables: arguments.variablesReference: expected a whole number, 1 or more, got "1".',
      ],
      [
        'setBreakpoints',
        { source: {}, breakpoints: [{}] },
        'setBreakpoints: arguments.breakpoints[0].line: missing; expected a whole number, 0 or more.',
      ],
      ['setBreakpoints', { source: {} }, 'source.path: missing; breakpoints need a file.'],
      [
        'readMemory',
        { memoryReference: 'eax', count: 4 },
        '"eax" is no memory reference; expected a linear address such as 0x00100000.',
      ],
      [
        'readMemory',
        { memoryReference: '0', offset: -1, count: 4 },
        '0 with offset -1 lies outside the 4 GiB of linear addresses.',
      ],
      ['writeMemory', { memoryReference: '0', data: '***' }, 'data: expected bytes in base64.'],
      ['evaluate', [], 'evaluate: arguments: expected an object, got [].'],
      [
        'ringside/exitCosts',
        { groupBy: 'day' },
        'ringside/exitCosts: arguments.groupBy: expected one of reason, port, hypercall, line, function, channel, got "day".',
      ],
    ] as const) {
      it(`${command} ${JSON.stringify(args)}`, async () => {
        const { client } = setUp();
        await client.start(PROGRAM);
        assert.equal(await client.refusal(command, args), message);
      });
    }

    it('says that nothing is launched', async () => {
      const { client } = setUp();
      await client.body('initialize', { adapterID: 'ringside' });
      assert.equal(await client.refusal('stackTrace', { threadId: 1 }), 'No guest is launched yet.');
      assert.equal(await client.refusal('configurationDone'), 'No guest is launched yet.');
    });
  });
});
