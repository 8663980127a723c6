import assert from 'node:assert/strict';
import { Hypervisor } from '../../src/hypervisor/hypervisor';
import type { ModeName } from '../../src/hypervisor/modes/mode';
import { MemoryBlockStore, OverlayBlockStore } from '../../src/machine/devices/ide/block-store';
import type { CpuModel } from '../../src/machine/isa/form';
import { loadImage } from '../../src/machine/loaders/load-image';
import { Machine } from '../../src/machine/machine';
import { RunEnd } from '../../src/machine/run';
import { buildGuests, readBuilt, readOutput } from './support';

/** What the guests write to the debug-exit port when all was well. */
const EXIT_OK = 0x10;
const SLICE = 4_000_000;
const MAX_INSTRUCTIONS = 200_000_000;

const MODES: readonly ModeName[] = ['none', 'trap', 'vtx', 'vmi'];

interface Boot {
  lines: string[];
  end: RunEnd;
  exit: number | undefined;
  hypervisor: Hypervisor;
  machine: Machine;
}

/** Boots a guest in a machine of its own, with the drives that its manifest names. */
function boot(
  name: string,
  options: { mode?: ModeName; commandLine?: string; cpu?: CpuModel; disks?: boolean } = {},
): Boot {
  const { mode = 'none', commandLine = '', cpu = 'pentium', disks = true } = options;
  const built = readBuilt(name);
  let output = '';
  const machine = new Machine({
    cpu,
    memoryMB: 64,
    startTime: Date.UTC(2007, 7, 22, 1, 29, 4),
    disks: disks ? built.drives.map(({ file }) => new OverlayBlockStore(new MemoryBlockStore(readOutput(file)))) : [],
    onSerial: (_port, byte) => (output += String.fromCharCode(byte)),
  });
  const hypervisor = new Hypervisor(
    { cpu: machine.cpu, memory: machine.memory, bus: machine.bus, clock: machine.clock },
    { mode },
  );
  machine.cpu.intercepts = hypervisor;
  const { memory, cpu: processor } = machine;
  const target = { memory, state: processor.state, segmentation: processor.segmentation };
  loadImage(target, { name: built.program, bytes: readOutput(built.program) }, { commandLine });

  let end = RunEnd.Budget;
  while (end === RunEnd.Budget && machine.clock.instructions < MAX_INSTRUCTIONS) end = machine.run(SLICE);
  const { shutdown } = machine;
  return {
    lines: output.replaceAll('\r', '').trimEnd().split('\n'),
    end,
    exit: shutdown?.kind === 'debug-exit' ? shutdown.value : undefined,
    hypervisor,
    machine,
  };
}

const boots = new Map<ModeName, Boot>();

/** The run of paravirt-io under a mode; made once, for all tests that only look at it. */
function paravirtIo(mode: ModeName): Boot {
  const run = boots.get(mode) ?? boot('paravirt-io', { mode });
  boots.set(mode, run);
  return run;
}

function assertOk({ lines, end, exit }: Boot): void {
  assert.equal(end, RunEnd.Shutdown, lines.join('\n'));
  assert.equal(exit, EXIT_OK, lines.join('\n'));
}

/** The number in the guest's last line: all port accesses it has made. */
function guestCount(lines: readonly string[]): number {
  const match = /^exits ~(\d+)$/.exec(lines.at(-1) ?? '');
  assert.ok(match, lines.join('\n'));
  return Number(match[1]);
}

/** Exits of port accesses that the hypervisor counted, by channel. */
function hypervisorCount({ hypervisor }: Boot): Record<string, number> {
  const { rows } = hypervisor.log.query((key) => (key.port >= 0 ? key.channel : 'no port'));
  return Object.fromEntries(rows.map((row) => [row.key, row.samples]));
}

/** The lines of the workloads, without what depends on time. */
function workloads({ lines }: Boot): string[] {
  return lines.filter((line) => / (OK|SKIPPED.*|FAILED.*)$/.test(line)).map((line) => line.replaceAll(/~\d+ */g, '~ '));
}

describe('the guests in the machine', function () {
  this.timeout(300_000);

  before(async () => {
    const { status, messages } = await buildGuests();
    assert.equal(status, 0, messages);
  });

  after(() => boots.clear());

  for (const mode of MODES) {
    it(`paravirt-io verifies all its data under ${mode}`, () => {
      const run = paravirtIo(mode);
      assertOk(run);
      const names = workloads(run).map((line) => line.split(' ')[0]);
      assert.deepEqual(names.slice(0, 5), ['uart', 'rtc', 'pit', 'ide', 'iotest']);
      assert.equal(run.lines.filter((line) => /SKIPPED|FAILED/.test(line)).length, 0, run.lines.join('\n'));
    });

    it(`ports finds every encoding right under ${mode}`, () => {
      const run = boot('ports', { mode });
      assertOk(run);
      assert.equal(run.lines.at(-1), 'ports: OK');
      assert.equal(run.lines.filter((line) => line.endsWith('FAILED')).length, 0);
    });
  }

  it('paravirt-io does the same operations in every world', () => {
    const reference = workloads(paravirtIo('none'));
    for (const mode of ['trap', 'vtx', 'vmi'] as const) {
      assert.deepEqual(workloads(paravirtIo(mode)), reference, mode);
    }
  });

  it('the hypervisor counts as many exits as the guest has made accesses', () => {
    const trap = paravirtIo('trap');
    assert.deepEqual(hypervisorCount(trap), { trap: guestCount(trap.lines) });
    // Under VT-x a string is an exit for each of its pages: the instructions are counted, and that there are more exits.
    const vtx = paravirtIo('vtx');
    const { operations, samples } = vtx.hypervisor.log.query(() => '').totals;
    assert.equal(operations.singles + operations.strings, guestCount(vtx.lines));
    assert.equal(operations.singles + operations.pageRuns, samples);
    assert.ok(operations.pageRuns > operations.strings);
    assert.deepEqual(hypervisorCount(vtx), { vtx: samples });
    const vmi = paravirtIo('vmi');
    assert.equal(hypervisorCount(vmi).hypercall, guestCount(vmi.lines));
    assert.equal(hypervisorCount(vmi).trap, undefined, 'a port instruction was trapped after VMI_Init');
  });

  it('vmi=disable_io_ops leaves the port operations native', () => {
    const run = boot('paravirt-io', { mode: 'vmi', commandLine: 'quiet vmi=disable_io_ops' });
    assertOk(run);
    assert.ok(run.lines.includes('paravirt backend: vmi, io ops disabled'));
    const counts = hypervisorCount(run);
    assert.equal(counts.trap, guestCount(run.lines));
    assert.equal(counts.hypercall, undefined);
  });

  it('hypercalls cost the guest less than traps', () => {
    const cycles = (mode: ModeName): number => paravirtIo(mode).machine.clock.now;
    assert.ok(cycles('vmi') < cycles('trap'));
  });

  it('a run repeats bit for bit', () => {
    const first = paravirtIo('vmi');
    const second = boot('paravirt-io', { mode: 'vmi' });
    assert.deepEqual(first.lines, second.lines);
    assert.equal(first.machine.clock.now, second.machine.clock.now);
  });

  it('paravirt-io does without a disk, and without CPUID', () => {
    const run = boot('paravirt-io', { cpu: '386', disks: false });
    assertOk(run);
    assert.ok(run.lines.includes('cpu: 386 or 486, no time-stamp counter'));
    assert.ok(run.lines.some((line) => /^ide .* SKIPPED: no disk$/.test(line)));
  });

  for (const mode of MODES) {
    it(`faults raises what it should under ${mode}`, () => {
      const run = boot('faults', { mode });
      assertOk(run);
      assert.equal(run.lines.filter((line) => /^#.* {2}OK$/.test(line)).length, 14);
    });
  }

  it('faults ends in a triple fault when told to', () => {
    const run = boot('faults', { commandLine: 'triple' });
    assert.equal(run.end, RunEnd.TripleFault);
    assert.deepEqual(run.lines, ['Ringside faults: a triple fault']);
  });
});
