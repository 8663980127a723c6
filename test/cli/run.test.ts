import assert from 'node:assert/strict';
import { commandLine } from '../../src/cli/command-line';
import { RunEnd } from '../../src/machine/run';
import { FakeEngine } from '../dap/support/fake-session';
import { MemoryHost } from '../dap/support/memory-host';
import { ringside, TestConsole } from './support';

const ended = (exitCode = 0, text = 'The guest halted with interrupts off.') =>
  ({ type: 'ended', end: { how: RunEnd.Dead, exitCode, text } }) as const;

describe('ringside run', () => {
  it('prints COM1 as it comes and ends with the status of the guest', async () => {
    const { status, console, engine } = await ringside(['run', 'g.elf'], (session) => {
      session.print('serial', Uint8Array.of(0xff, 0x0d, 0x0a), 'com1');
      session.print('serial', 'other', 'com2');
      session.print('console', 'debug port\n');
      session.print('message', 'port 0x1234: nobody owns it\n');
      session.emit(ended(35));
    });
    assert.equal(status, 35);
    assert.equal(console.stdout, '\ufffd\r\ndebug port\n');
    assert.equal(console.stderr, 'port 0x1234: nobody owns it\nThe guest halted with interrupts off.\n');
    assert.equal(engine.session.disposed, true);
    assert.equal(console.quiet, true);
  });

  it('feeds standard input to COM1', async () => {
    const { engine } = await ringside(['run', 'g.elf'], (session, console) => {
      console.typed?.(Uint8Array.of(0x6c, 0x73));
      session.emit(ended());
    });
    assert.deepEqual(engine.session.typed, [0x6c, 0x73]);
  });

  it('writes COM1 to a file, and prints nothing', async () => {
    const { console, host } = await ringside(['run', 'g.elf', '--serial', '/com1.txt'], (session) => {
      session.print('serial', 'hello\n', 'com1');
      session.emit(ended());
    });
    assert.equal(console.stdout, '');
    assert.deepEqual(host.sinks.get('/com1.txt'), { bytes: [...Buffer.from('hello\n')], closed: true });
  });

  it('gives the guest a virtio console, and standard input where COM1 does not want it', async () => {
    const { console, engine } = await ringside(
      ['run', 'g.elf', '--serial', 'none', '--virtio-console', 'stdio'],
      (session, terminal) => {
        terminal.typed?.(Uint8Array.of(0x6c));
        session.print('serial', 'hello\n', 'virtio0');
        session.print('serial', 'unheard\n', 'com1');
        session.emit(ended());
      },
    );
    assert.equal(engine.session.configuration.serial.virtio0, 'console');
    assert.equal(console.stdout, 'hello\n');
    assert.deepEqual(engine.session.typed, [0x6c]);
    const without = await ringside(['run', 'g.elf'], (session) => session.emit(ended()));
    assert.equal(without.engine.session.configuration.serial.virtio0, 'none');
  });

  it('writes the virtio console to a file beside COM1', async () => {
    const { console, host } = await ringside(['run', 'g.elf', '--virtio-console', '/v.txt'], (session) => {
      session.print('serial', 'one', 'virtio0');
      session.print('serial', 'two', 'com1');
      session.emit(ended());
    });
    assert.equal(console.stdout, 'two');
    assert.deepEqual(host.sinks.get('/v.txt'), { bytes: [...Buffer.from('one')], closed: true });
  });

  it('ends when the serial output matches, even across pieces and lines', async () => {
    const { status, console, engine } = await ringside(['run', 'g.elf', '--until-serial', 'login:\\s*$'], (session) => {
      for (const piece of ['Linux\r\n', 'log', 'in: ']) session.print('serial', piece, 'com1');
    });
    assert.equal(status, 0);
    assert.equal(console.stdout, 'Linux\r\nlogin: ');
    assert.equal(engine.session.disposed, true);
  });

  it('hears COM1 for --until-serial though it prints nothing', async () => {
    const { status, console } = await ringside(
      ['run', 'g.elf', '--serial', 'none', '--until-serial', 'OK'],
      (session) => session.print('serial', 'OK', 'com1'),
    );
    assert.equal(status, 0);
    assert.equal(console.stdout, '');
  });

  it('says that the serial output never matched', async () => {
    const { status, console } = await ringside(['run', 'g.elf', '--until-serial', 'OK'], (session) =>
      session.emit(ended(1)),
    );
    assert.equal(status, 1);
    assert.match(console.stderr, /The serial output never matched \/OK\/\./);
  });

  it('prints each stop and goes on; a log breakpoint prints its text', async () => {
    let runs = 0;
    const { status, console, engine } = await ringside(
      ['run', 'g.elf', '--break', 'out 0x80', '--break', 'in 0x60 log "key"'],
      (session) => {
        if (runs++ === 0) {
          session.print('log', 'key\n');
          session.stop('function breakpoint', 'OUT 0x80 (POST), 1 byte, value 0x01, direct at start32+0x10', [100]);
        } else {
          session.emit(ended());
        }
      },
    );
    assert.equal(status, 0);
    assert.deepEqual(engine.session.calls, [
      'specs [{"text":"out 0x80"},{"text":"in 0x60 log \\"key\\""}]',
      'run',
      'run',
    ]);
    assert.equal(
      console.stderr,
      'key\nOUT 0x80 (POST), 1 byte, value 0x01, direct at start32+0x10\nThe guest halted with interrupts off.\n',
    );
  });

  it('ends when the guest sleeps for good, but waits as long as somebody may type', async () => {
    const asleep = await ringside(['run', 'g.elf', '--serial', 'none'], (session) => session.emit({ type: 'idle' }));
    assert.equal(asleep.status, 1);
    assert.match(asleep.console.stderr, /sleeps in HLT, no timer is armed/);
    const woken = await ringside(['run', 'g.elf'], (session, console) => {
      session.emit({ type: 'idle' });
      setImmediate(() => {
        console.typed?.(Uint8Array.of(0x71));
        console.endInput();
        session.emit(ended());
      });
    });
    assert.equal(woken.status, 0);
    const left = await ringside(['run', 'g.elf'], (session, console) => {
      session.emit({ type: 'idle' });
      setImmediate(() => console.endInput());
    });
    assert.equal(left.status, 1);
  });

  it('says so when the engine fails', async () => {
    const engine: FakeEngine = new FakeEngine(() =>
      engine.defer(() => {
        throw new RangeError('index out of bounds');
      }),
    );
    const console = new TestConsole();
    assert.equal(await commandLine(['run', 'g.elf'], console, engine, () => new MemoryHost()), 1);
    assert.equal(console.stderr, 'ringside: internal error: index out of bounds\n');
    assert.equal(console.quiet, true);
  });

  it('ends cleanly at Ctrl-C', async () => {
    const { status, console, engine } = await ringside(['run', 'g.elf', '--exit-costs', 'json'], (_session, console) =>
      console.interrupt(),
    );
    assert.equal(status, 130);
    assert.equal(console.stderr, 'Interrupted.\n');
    assert.equal((JSON.parse(console.stdout) as { totals: { samples: number } }).totals.samples, 3);
    assert.equal(engine.session.disposed, true);
    assert.equal(console.quiet, true);
  });

  it('writes exit costs into a file', async () => {
    const { host } = await ringside(['run', 'g.elf', '--exit-costs', '/costs.json'], (session) =>
      session.emit(ended()),
    );
    const costs = JSON.parse(new TextDecoder().decode(host.files.get('/costs.json'))) as object;
    assert.deepEqual(Object.keys(costs), ['totals', 'reason', 'port', 'hypercall', 'channel', 'function', 'line']);
  });
});
