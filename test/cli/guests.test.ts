import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DebugClient } from '@vscode/debugadapter-testsupport';
import { nodeHost } from '../../debugAdapter/host/node';
import { ringsideEngine } from '../../debugAdapter/ringside-engine';
import { commandLine } from '../../src/cli/command-line';
import { builtGuest, ROOT } from '../dap/support/real-guest';
import { TestConsole } from './support';

/** A boot sector of the given code. */
function bootSector(...code: number[]): Uint8Array {
  const sector = new Uint8Array(512);
  sector.set(code);
  sector.set([0x55, 0xaa], 510);
  return sector;
}

const LOOP_FOR_EVER = bootSector(0xeb, 0xfe);
/** `mov dx, 0x80; mov al, N; out dx, al` for N = 1, 2, 3, then `cli; hlt`. */
const THREE_POST_CODES = bootSector(0xba, 0x80, 0, ...[1, 2, 3].flatMap((code) => [0xb0, code, 0xee]), 0xfa, 0xf4);

/** Sends back what COM1 receives: waits for LSR.DR, reads RBR, writes THR. */
const ECHO = bootSector(0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xfb, 0xb2, 0xf8, 0xec, 0xee, 0xb2, 0xfd, 0xeb, 0xf3);

interface Result {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs a command line in this process. */
async function ringside(...argv: string[]): Promise<Result> {
  const console = new TestConsole();
  const assets = dirname(require.resolve('iced-x86/package.json'));
  const status = await commandLine(argv, console, ringsideEngine, (cwd) => nodeHost({ cwd: cwd ?? ROOT, assets }));
  return { status, stdout: console.stdout, stderr: console.stderr };
}

describe('ringside with real guests', function () {
  this.timeout(60000);
  let folder: string;

  const file = (name: string, content?: Uint8Array | string): string => {
    const path = join(folder, name);
    if (content !== undefined) writeFileSync(path, content);
    return path;
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ringside-'));
  });

  after(() => rmSync(folder, { recursive: true }));

  describe('run', () => {
    it('boots a boot sector; the status is that of the debug-exit port', async () => {
      const { status, stdout, stderr } = await ringside('run', builtGuest('hello-bootsector.bin'));
      assert.match(stdout, /Hello from a boot sector/);
      assert.match(stdout, /hello-bootsector: OK/);
      assert.match(stderr, /debug-exit port at .*: exit status 0\./);
      assert.equal(status, 0);
    });

    for (const mode of ['none', 'trap', 'vtx', 'vmi']) {
      it(`runs every form of port I/O under ${mode}`, async () => {
        const { status, stdout } = await ringside('run', builtGuest('ports.elf'), '--hypervisor', mode);
        assert.equal(status, 0, stdout);
      });
    }

    it('gives status 1 to a triple fault and says where', async () => {
      const { status, stderr } = await ringside('run', builtGuest('faults.elf'), '--append', 'triple');
      assert.equal(status, 1);
      assert.match(stderr, /^Triple fault at triple_fault\+0x/m);
    });

    it('gives status 1 to a guest that reaches the limit', async () => {
      const { status, stderr } = await ringside('run', file('loop.bin', LOOP_FOR_EVER), '--max-instructions', '100k');
      assert.equal(status, 1);
      assert.match(stderr, /The limit of 100000 instructions is reached/);
    });

    it('gives status 0 to a guest that halts with interrupts off', async () => {
      assert.equal((await ringside('run', file('post.bin', THREE_POST_CODES))).status, 0);
    });

    it('gives status 2 to files that cannot be used, and names them', async () => {
      const elf = readFileSync(builtGuest('ports.elf'));
      for (const [path, problem] of [
        [join(folder, 'missing.elf'), /missing\.elf: cannot be read: no such file/],
        [file('cut.elf', elf.subarray(0, 3000)), /cut\.elf: .*truncated/],
        [file('empty.bin', ''), /empty\.bin: the file is empty/],
        [folder, /cannot be read: it is a directory/],
      ] as const) {
        const { status, stdout, stderr } = await ringside('run', path);
        assert.equal(status, 2, stderr);
        assert.match(stderr, problem);
        assert.equal(stdout, '');
        assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
      }
    });

    it('ends as soon as the serial output matches', async () => {
      const { status, stdout } = await ringside(
        'run',
        builtGuest('paravirt-io.elf'),
        '--until-serial',
        '^workload +operations',
      );
      assert.equal(status, 0);
      assert.doesNotMatch(stdout, /paravirt-io: OK/);
    });

    it('tells stops in words and goes on; counts and conditions hold', async () => {
      const { status, stderr } = await ringside(
        ...['run', file('post.bin', THREE_POST_CODES), '--hypervisor', 'trap'],
        ...['--break', 'out 0x80 if value == 2', '--break', 'out 0x80 hit 3 log "third: {value}"'],
      );
      assert.equal(status, 0);
      assert.match(stderr, /^OUT 0x80 \(.*\), 1 byte, value 0x2, via trap at .*$/m);
      assert.match(stderr, /^third: 0x3$|^third: 3$/m);
      assert.equal(stderr.match(/^OUT 0x80/gm)?.length, 1, stderr);
    });

    it('points at the place in a spec that is not understood', async () => {
      const { status, stderr } = await ringside(
        'run',
        file('post.bin', THREE_POST_CODES),
        '--break',
        'out 0x80 iff al',
      );
      assert.equal(status, 2);
      assert.match(stderr, /^ringside: --break "out 0x80 iff al": .*\n.*\n +\^~/);
    });

    it('writes a trace with a slice for each exit and a mark for each POST code', async () => {
      const trace = join(folder, 'trace.json');
      const { stdout } = await ringside(
        ...['run', file('post.bin', THREE_POST_CODES), '--hypervisor', 'vtx', '--serial', 'none'],
        ...['--trace', trace, '--exit-costs', 'json'],
      );
      const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8')) as {
        traceEvents: { ph: string; name: string; ts: number }[];
      };
      const { totals } = JSON.parse(stdout) as { totals: { samples: number } };
      assert.equal(traceEvents.filter(({ ph }) => ph === 'X').length, totals.samples);
      assert.deepEqual(
        traceEvents.filter(({ ph }) => ph === 'i').map(({ name }) => name),
        ['POST 0x01', 'POST 0x02', 'POST 0x03'],
      );
      const times = traceEvents.filter(({ ph }) => ph === 'X').map(({ ts }) => ts);
      assert.deepEqual(
        times,
        [...times].sort((a, b) => a - b),
      );
    });

    it('prints the exit-cost table after the output of the guest', async () => {
      const { stdout } = await ringside('run', file('post.bin', THREE_POST_CODES), '--exit-costs', 'table');
      assert.match(
        stdout,
        /IO Port Access +Samples +Samples% +Time% +Min Time +Max Time +Avg time +By hypercall +Channel +Source\n/,
      );
      assert.match(stdout, /0x80:OUT.* 3 .*trap/);
    });

    it('prints the same twice', async () => {
      const once = await ringside('run', builtGuest('ports.elf'), '--exit-costs', 'table');
      const again = await ringside('run', builtGuest('ports.elf'), '--exit-costs', 'table');
      assert.equal(again.stdout, once.stdout);
    });
  });

  describe('compare', () => {
    it('shows the modes side by side', async () => {
      const { status, stdout } = await ringside('compare', builtGuest('ports.elf'), '--modes', 'trap,vtx,none');
      assert.equal(status, 0);
      const row = (name: string): string[] =>
        stdout
          .split('\n')
          .find((line) => line.trim().startsWith(name))
          ?.trim()
          .split(/ {2,}/) ?? [];
      assert.deepEqual(row('trap').slice(0, 3), ['trap', 'vtx', 'none']);
      const [, ...elements] = row('port elements');
      assert.equal(new Set(elements).size, 1, 'the same drivers did the same I/O');
      const [, trap, vtx, none] = row('exits');
      assert.equal(trap, vtx);
      assert.equal(none, '0');
      assert.deepEqual(row('output').slice(2), ['same', 'same']);
      assert.deepEqual(row('exit status'), ['exit status', '0', '0', '0']);
    });

    it('has the status of the run that failed', async () => {
      const { status, stdout } = await ringside(
        'compare',
        builtGuest('faults.elf'),
        '--append',
        'triple',
        '--modes',
        'trap,none',
      );
      assert.equal(status, 1);
      assert.match(stdout, /exit status +1 +1/);
    });
  });

  describe('as a process', () => {
    const start = (...argv: string[]): ReturnType<typeof spawn> =>
      spawn(process.execPath, ['--import=tsx', join(ROOT, 'src', 'cli', 'main.ts'), ...argv], { cwd: ROOT });

    it('ends with 130 at Ctrl-C', async () => {
      const child = start('run', file('loop.bin', LOOP_FOR_EVER), '--break', '*0x7c00 hit 1');
      let stderr = '';
      let asked = false;
      child.stderr?.on('data', (data: Buffer) => {
        stderr += data.toString();
        // The first stop shows that the guest runs. One Ctrl-C only: a second one would end the process as it stands.
        if (!asked && stderr.includes('0x00007c00')) asked = child.kill('SIGINT');
      });
      const status = await new Promise((resolve) => child.on('close', resolve));
      assert.equal(status, 130, stderr);
      assert.match(stderr, /Interrupted\.\n$/);
    });

    it('types its standard input into COM1', async () => {
      const text = 'a line that is longer than the FIFO of a UART\n';
      const child = start('run', file('echo.bin', ECHO), '--until-serial', '^a line .* UART\\n');
      let stdout = '';
      child.stdout?.on('data', (data: Buffer) => {
        stdout += data.toString();
      });
      child.stdin?.end(text);
      assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0);
      assert.equal(stdout, text);
    });

    it('ends with a pipe open on its standard input', async () => {
      const child = start('run', file('post.bin', THREE_POST_CODES));
      assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0);
    });

    it('serves the debug adapter protocol over TCP until Ctrl-C', async () => {
      const child = start('dap', '--port', '0');
      const port = await new Promise<number>((resolve) => {
        child.stderr?.on('data', (data: Buffer) => resolve(Number(/127\.0\.0\.1:(\d+)/.exec(data.toString())?.[1])));
      });
      const client = new DebugClient('node', '', 'ringside');
      await client.start(port);
      const { body } = await client.initializeRequest();
      assert.equal(body?.supportsFunctionBreakpoints, true);
      const closed = new Promise((resolve) => child.on('close', resolve));
      await client.stop();
      child.kill('SIGINT');
      assert.equal(await closed, 0);
    });
  });
});
