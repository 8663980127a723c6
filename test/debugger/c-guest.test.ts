import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LaunchConfiguration } from '../../src/debugger/types';
import { buildGuests, readBuilt, readOutput, ROOT } from '../guests/support';
import { configuration, Harness, TestHost } from './session-harness';

const SOURCES = join(ROOT, 'guests', 'paravirt-io');

/** Number of the first line of a source file that contains a text. */
function lineOf(file: string, text: string): number {
  const lines = readFileSync(join(SOURCES, file), 'utf8').split('\n');
  const index = lines.findIndex((line) => line.includes(text));
  assert.ok(index >= 0, `${file} has no line with ${text}`);
  return index + 1;
}

type Mode = LaunchConfiguration['hypervisor']['mode'];

async function boot(mode: Mode, disableIoOps = false): Promise<Harness> {
  const { program, drives } = readBuilt('paravirt-io');
  const host = new TestHost();
  for (const file of [program, ...drives.map((drive) => drive.file)]) host.files.set(file, readOutput(file));
  return Harness.create(
    configuration({
      program,
      memoryMB: 64,
      drives: drives.map(({ file }) => ({ file, kind: 'disk', interface: 'ide', snapshot: true })),
      hypervisor: { mode, disableIoOps, costProfile: 'default', abis: [] },
    }),
    host,
  );
}

describe('a guest written in C', function () {
  this.timeout(60_000);
  const UART = join(SOURCES, 'uart.c');
  const OUT = lineOf('uart.c', 'outb(c, THR);');
  const WAIT = lineOf('uart.c', 'if (uart_wait(LSR_THRE))');

  before(async () => {
    const { status, messages } = await buildGuests('paravirt-io');
    assert.equal(status, 0, messages);
  });

  it('stops at a line, with the whole call stack', async () => {
    const guest = await boot('vtx');
    const [status] = guest.session.setSourceBreakpoints(UART, [{ line: OUT }]);
    assert.equal(status.verified, true);
    assert.equal(status.source?.line, OUT);
    const stop = await guest.stop();
    assert.equal(stop.reason, 'breakpoint');
    assert.match(stop.text, new RegExp(`^breakpoint at uart\\.c:${OUT}`));
    const names = guest.session.stack().map(({ name }) => name.replace(/\+0x.*/, ''));
    assert.deepEqual(names, ['uart_putc', 'put_on_console', 'format', 'print', 'main', '_start']);
    assert.equal(guest.session.evaluate('c', 0).text, "82 'R'");
  });

  it('moves a breakpoint on a line without code to the next that has some', async () => {
    const guest = await boot('vtx');
    const blank = lineOf('uart.c', 'void uart_putc') - 1;
    const [moved, beyond] = guest.session.setSourceBreakpoints(UART, [{ line: blank }, { line: 100_000 }]);
    assert.equal(moved.verified, true);
    assert.ok((moved.source?.line ?? 0) > blank);
    assert.equal(beyond.verified, false);
    const [foreign] = guest.session.setSourceBreakpoints('/nowhere/other.c', [{ line: 1 }]);
    assert.match(foreign.message ?? '', /No source file named other\.c/);
  });

  it('checks conditions on C variables, counts hits and writes logs', async () => {
    const guest = await boot('vtx');
    guest.session.setSourceBreakpoints(UART, [
      { line: OUT, condition: "c == 'i'", hitCondition: '2' },
      { line: WAIT, condition: "c == 'R'", logMessage: 'sends {c:c} ({c:x})' },
    ]);
    await guest.stop();
    assert.equal(guest.session.evaluate('c', 0).text, "105 'i'");
    assert.equal(guest.serial, 'Rings');
    assert.deepEqual(guest.logs, ['sends R (0x52)']);
    const [bad] = guest.session.setSourceBreakpoints(UART, [{ line: OUT, condition: 'd == 1' }]);
    assert.equal(bad.verified, false);
    assert.match(bad.message ?? '', /no register, variable or symbol "d" here/);
  });

  it('steps over, into and out of functions, line by line', async () => {
    const guest = await boot('vtx');
    guest.session.setSourceBreakpoints(UART, [{ line: WAIT }]);
    await guest.stop();
    guest.session.setSourceBreakpoints(UART, []);
    await guest.step('over');
    assert.equal(guest.line, `uart.c:${OUT}`);
    await guest.step('over');
    assert.equal(guest.line, `uart.c:${OUT + 1}`);
    assert.equal(guest.serial, 'R');
    await guest.step('over');
    assert.match(guest.session.stack()[0].name, /^put_on_console/);

    guest.session.setSourceBreakpoints(UART, [{ line: WAIT }]);
    await guest.stop();
    await guest.step('in');
    assert.match(guest.session.stack()[0].name, /^uart_wait/);
    assert.equal(guest.session.evaluate('bits', 0, { hex: true }).text.split(' ')[0], '0x20');
    await guest.step('out');
    assert.match(guest.session.stack()[0].name, /^uart_putc/);
    assert.equal(guest.line, `uart.c:${WAIT}`);
    await guest.step('over');
    assert.equal(guest.line, `uart.c:${OUT}`);
  });

  it('stops at a breakpoint inside what is stepped over', async () => {
    const guest = await boot('vtx');
    guest.session.setSourceBreakpoints(UART, [{ line: WAIT }]);
    await guest.stop();
    guest.specs('uart_wait');
    const stop = await guest.step('over');
    assert.equal(stop.reason, 'function breakpoint');
    assert.match(guest.session.stack()[0].name, /^uart_wait/);
  });

  it('steps over a port access in every world to the same line', async () => {
    for (const mode of ['none', 'trap', 'vtx', 'vmi'] as const) {
      const guest = await boot(mode);
      guest.session.setSourceBreakpoints(UART, [{ line: OUT }]);
      await guest.stop();
      await guest.step('over');
      assert.equal(guest.line, `uart.c:${OUT + 1}`, mode);
      assert.equal(guest.serial, 'R', mode);
    }
  });

  it('steps from a port access as if from the line of the driver that is shown', async () => {
    for (const mode of ['none', 'trap', 'vtx', 'vmi'] as const) {
      const guest = await boot(mode);
      guest.specs('out COM1.THR');
      const stop = await guest.stop();
      const via = mode === 'vmi' ? ', via hypercall OUTB' : mode === 'none' ? '' : `, via ${mode}`;
      assert.match(stop.text, /^OUT 0x3f8 \(COM1\.THR\), 1 byte, value 0x52 'R'/);
      assert.ok(stop.text.includes(`'R'${via} at uart_putc+0x`), stop.text);
      const shown = guest.session.stack().find(({ accessor, source }) => !accessor && source);
      assert.equal(shown?.name, 'uart_putc');
      assert.equal(shown.source?.line, OUT);
      await guest.step('over');
      assert.equal(guest.line, `uart.c:${OUT + 1}`, mode);
      assert.equal(guest.serial, 'R', mode);
    }
  });

  it('steps out of the function whose access stopped the guest', async () => {
    const guest = await boot('vmi');
    guest.specs('out COM1.THR');
    await guest.stop();
    await guest.step('out');
    assert.match(guest.session.stack()[0].name, /^put_on_console/);
  });

  it('steps by instruction through the stub of a hypercall', async () => {
    const guest = await boot('vmi');
    guest.specs('out COM1.THR');
    await guest.stop();
    assert.equal(guest.session.stack()[0].name, 'VMI OUTB');
    await guest.step('over', 'instruction');
    assert.equal(guest.session.stack()[0].name, 'vmi_outb');
  });

  it('stops before a hypercall with its arguments, and makes it once', async () => {
    const guest = await boot('vmi');
    const spec = "hypercall OUTB if port == 0x3f8 && value == 'i'";
    guest.specs(spec);
    const stop = await guest.stop();
    assert.match(
      stop.text,
      /^hypercall VMI 56 OUTB\((?=.*port=0x3f8 \(COM1\.THR\))(?=.*value=0x69 'i')[^)]*\)[^)]*\) at uart_putc\+0x[0-9a-f]+$/,
    );
    assert.equal(guest.serial, 'R');
    guest.specs(spec, 'serial com1 "i"');
    await guest.stop();
    assert.equal(guest.serial, 'Ri');
    assert.deepEqual(guest.hits(spec, 'serial com1 "i"'), [1, 1]);
  });

  it('does the same logical I/O in every world', async () => {
    // Hit counts that are never reached: what counts is the counting.
    const never = 'hit >=1000000000';
    const texts = ['io 0x1860-0x186f', 'io 0x1860-0x186f via hypercall', 'out 0x1f0/2'].map(
      (text) => `${text} ${never}`,
    );
    const counts: Partial<Record<string, number[]>> = {};
    for (const [name, mode, disable] of [
      ['none', 'none', false],
      ['trap', 'trap', false],
      ['vtx', 'vtx', false],
      ['vmi', 'vmi', false],
      ['vmi without', 'vmi', true],
    ] as const) {
      const guest = await boot(mode, disable);
      guest.specs(...texts);
      const end = await guest.end();
      assert.equal(end.exitCode, 0, end.text);
      assert.match(guest.serial, /paravirt-io: OK/);
      counts[name] = guest.hits(...texts);
    }
    const [all, none, sectors] = counts.none ?? [];
    assert.ok(all > 1000 && sectors > 1000);
    assert.equal(none, 0);
    for (const name of ['trap', 'vtx', 'vmi without']) assert.deepEqual(counts[name], [all, 0, sectors], name);
    assert.deepEqual(counts.vmi, [all, all, sectors]);
  });

  it('is charged for its exits by the lines that made them', async () => {
    for (const mode of ['trap', 'vmi'] as const) {
      const guest = await boot(mode);
      await guest.end();
      const { rows, totals } = guest.session.inspect.exitCosts({ groupBy: 'line' });
      const files = new Set(rows.filter(({ source }) => source).map(({ source }) => source?.path.replace(/^.*\//, '')));
      assert.ok(files.has('uart.c') && files.has('ide.c') && files.has('pit.c'));
      for (const accessor of ['paravirt.c', 'vmi.c', 'io.h']) {
        const blamed = rows.filter((row) => row.channel !== 'mixed' && row.source?.path.endsWith(accessor));
        const io = blamed.filter((row) => row.source?.function?.match(/^(native|vmi)_(in|out)/));
        assert.deepEqual(io, [], `${mode}: ${accessor} is an accessor`);
      }
      const samples = rows.reduce((sum, row) => sum + row.samples, 0);
      assert.equal(samples, totals.samples);
      assert.equal(totals.samples, guest.session.inspect.exitCount().samples);
      assert.ok(guest.exitEvents > 0);
    }
  });
});
