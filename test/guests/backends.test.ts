import assert from 'node:assert/strict';
import { Hypervisor } from '../../src/hypervisor/hypervisor';
import type { ModeName } from '../../src/hypervisor/modes/mode';
import { MemoryBlockStore, OverlayBlockStore } from '../../src/machine/devices/ide/block-store';
import type { CpuModel } from '../../src/machine/isa/form';
import { loadImage } from '../../src/machine/loaders/load-image';
import { Machine } from '../../src/machine/machine';
import { RunEnd } from '../../src/machine/run';
import { buildGuests, readBuilt, readOutput } from './support';

const EXIT_OK = 0x10;
const SLICE = 4_000_000;
const MAX_INSTRUCTIONS = 200_000_000;

interface World {
  readonly mode: ModeName;
  readonly abis?: readonly string[];
  readonly commandLine?: string;
  readonly cpu?: CpuModel;
}

interface Run {
  readonly lines: readonly string[];
  readonly exit: number | undefined;
  readonly hypervisor: Hypervisor;
}

/** Boots paravirt-io in a world. */
function boot({ mode, abis, commandLine = '', cpu = 'pentium' }: World): Run {
  const built = readBuilt('paravirt-io');
  let output = '';
  const machine = new Machine({
    cpu,
    memoryMB: 64,
    startTime: Date.UTC(2007, 7, 22, 1, 29, 4),
    disks: built.drives.map(({ file }) => new OverlayBlockStore(new MemoryBlockStore(readOutput(file)))),
    onSerial: (_port, byte) => (output += String.fromCharCode(byte)),
  });
  const hypervisor = new Hypervisor(machine, { mode, abis });
  machine.cpu.intercepts = hypervisor;
  const { memory, cpu: processor } = machine;
  const target = { memory, state: processor.state, segmentation: processor.segmentation };
  loadImage(target, { name: built.program, bytes: readOutput(built.program) }, { commandLine });
  let end = RunEnd.Budget;
  while (end === RunEnd.Budget && machine.clock.instructions < MAX_INSTRUCTIONS) end = machine.run(SLICE);
  const { shutdown } = machine;
  return {
    lines: output.replaceAll('\r', '').trimEnd().split('\n'),
    exit: shutdown?.kind === 'debug-exit' ? shutdown.value : undefined,
    hypervisor,
  };
}

/** What the guest did, without what depends on time: the lines of the workloads and the totals. */
function work({ lines }: Run): string[] {
  return lines
    .filter((line) => / (OK|SKIPPED.*|FAILED.*)$|^total:/.test(line))
    .map((line) => line.replaceAll(/~\d+ */g, '~ '))
    .filter((line) => !line.startsWith('paravirt-io'));
}

function accesses({ lines }: Run): number {
  const match = /^exits ~(\d+)$/.exec(lines.at(-1) ?? '');
  assert.ok(match, lines.join('\n'));
  return Number(match[1]);
}

function samples({ hypervisor }: Run, key: 'channel' | 'reason'): Record<string, number> {
  const { rows } = hypervisor.log.query((exit) => (exit.port < 0 ? 'no port' : exit[key]));
  return Object.fromEntries(rows.map((row) => [row.key, row.samples]));
}

const BACKENDS: readonly (World & { readonly name: string; readonly reason: string; readonly delays: boolean })[] = [
  { name: 'vmi', mode: 'vmi', reason: 'VMCALL', delays: false },
  { name: 'kvm', mode: 'trap', abis: ['kvm'], reason: 'VMCALL', delays: false },
  { name: 'kvm', mode: 'vtx', abis: ['kvm'], reason: 'VMCALL', delays: false },
  { name: 'lguest', mode: 'trap', abis: ['lguest'], reason: 'INT', delays: true },
  { name: 'vmware', mode: 'trap', abis: ['vmware'], reason: 'IO', delays: true },
  { name: 'vmware', mode: 'vtx', abis: ['vmware'], reason: 'IO', delays: true },
  { name: 'vmware', mode: 'vmi', abis: ['vmware'], commandLine: 'backend=vmware', reason: 'IO', delays: true },
];

describe('the back-ends of paravirt-io', function () {
  this.timeout(300_000);
  let reference: string[];

  before(async () => {
    const { status, messages } = await buildGuests('paravirt-io');
    assert.equal(status, 0, messages);
    reference = work(boot({ mode: 'none' }));
    assert.equal(reference.length, 6);
  });

  for (const world of BACKENDS) {
    const { name, mode, reason, delays } = world;
    it(`${name} in mode ${mode}: the same data by the same operations, all of them hypercalls`, () => {
      const run = boot(world);
      assert.equal(run.exit, EXIT_OK, run.lines.join('\n'));
      assert.match(run.lines.join('\n'), new RegExp(`^paravirt backend: ${name}\\b`, 'm'));
      const wait = delays ? 'kept' : 'empty';
      assert.ok(run.lines.includes(`hypercalls: 12 of 12 port operations, io_delay ${wait}`));
      assert.deepEqual(work(run), reference);
      const { hypercall, trap = 0, vtx = 0 } = samples(run, 'channel');
      assert.equal(hypercall + trap + vtx, accesses(run), 'the guest knows of every access');
      assert.equal(trap + vtx > 0, delays, 'nothing but native delays is trapped');
      assert.equal(samples(run, 'reason')[reason], reason === 'IO' ? accesses(run) : hypercall);
      const calls = run.hypervisor.hypercallStatistics()?.filter(({ call, abi }) => call.io && abi.name === name) ?? [];
      assert.equal(calls.length, 12);
      assert.equal(
        calls.reduce((sum, { count }) => sum + count, 0),
        hypercall,
      );
      assert.ok(calls.every(({ count }) => count > 0));
    });
  }

  it('backend=native leaves everything to the instructions', () => {
    const run = boot({ mode: 'trap', abis: ['kvm'], commandLine: 'backend=native' });
    assert.equal(run.exit, EXIT_OK);
    assert.ok(run.lines.includes('paravirt backend: native'));
    assert.deepEqual(samples(run, 'channel'), { trap: accesses(run) });
  });

  it('a back-end whose hypervisor is not there is not used', () => {
    const run = boot({ mode: 'trap', commandLine: 'backend=vmware' });
    assert.equal(run.exit, EXIT_OK);
    assert.ok(run.lines.includes('vmware: not found, although the command line asks for it'));
    assert.ok(run.lines.includes('paravirt backend: native'));
  });

  it('a processor without CPUID finds its back-end by the command line', () => {
    for (const abi of ['kvm', 'lguest', 'vmware']) {
      const run = boot({ mode: 'trap', abis: [abi], commandLine: `backend=${abi}`, cpu: '386' });
      assert.equal(run.exit, EXIT_OK, run.lines.join('\n'));
      // It has no time-stamp counter either: there is no figure where others have cycles.
      assert.deepEqual(
        work(run).map((line) => line.replace(/ - +/, ' ~ ')),
        reference,
        abi,
      );
    }
  });

  it('one guest takes the first of several interfaces that it knows, and may use another beside it', () => {
    const run = boot({ mode: 'trap', abis: ['vmware', 'lguest', 'kvm'] });
    assert.equal(run.exit, EXIT_OK);
    assert.match(run.lines.join('\n'), /^paravirt backend: kvm \(CPUID leaf 40000100\)$/m);
  });
});
