import assert from 'node:assert/strict';
import { Hypervisor, type HypervisorOptions } from '../../src/hypervisor/hypervisor';
import { MemoryBlockStore, OverlayBlockStore } from '../../src/machine/devices/ide/block-store';
import type { CpuModel } from '../../src/machine/isa/form';
import { loadImage } from '../../src/machine/loaders/load-image';
import { Machine } from '../../src/machine/machine';
import { RunEnd } from '../../src/machine/run';
import { readElf, readOutput } from './support';

const NAME = 'vmi-kernel';
const SLICE = 4_000_000;
const MAX_INSTRUCTIONS = 120_000_000;
/** Of the VMI numbers; the I/O calls among them. */
const CALLS = 74;
const IO_CALLS = { first: 49, end: 61 };
/** Ports that the guest counts one by one. */
const COUNTED_PORTS = 0x1000;
/** The guest is linked this far above the place where it lies. */
const PAGE_OFFSET = 0xc0000000;
/** What the guest writes to the debug-exit port. */
const EXIT_OK = 0x10;

export interface VmiBootOptions extends Partial<HypervisorOptions> {
  readonly commandLine?: string;
  readonly cpu?: CpuModel;
}

/** A run of the guest to its end, and what guest and hypervisor have counted. */
export class VmiBoot {
  readonly lines: string[];
  readonly reports: string[] = [];
  readonly hypervisor: Hypervisor;
  readonly end: RunEnd;
  private readonly machine: Machine;
  private readonly symbols: ReadonlyMap<string, number>;

  constructor(options: VmiBootOptions = {}) {
    const { commandLine = '', cpu = 'pentium3', ...hypervisorOptions } = options;
    let output = '';
    const disk = new OverlayBlockStore(new MemoryBlockStore(readOutput(`${NAME}.img`)));
    this.machine = new Machine({
      cpu,
      memoryMB: 64,
      startTime: Date.UTC(2007, 7, 22, 1, 29, 4),
      disks: [disk],
      onSerial: (_port, byte) => (output += String.fromCharCode(byte)),
    });
    const { cpu: processor, memory, clock } = this.machine;
    this.hypervisor = new Hypervisor(this.machine, {
      mode: 'none',
      onReport: (message) => this.reports.push(message),
      ...hypervisorOptions,
    });
    processor.intercepts = this.hypervisor;
    const target = { memory, state: processor.state, segmentation: processor.segmentation };
    loadImage(target, { name: `${NAME}.elf`, bytes: readOutput(`${NAME}.elf`) }, { commandLine });
    let end = RunEnd.Budget;
    while (end === RunEnd.Budget && clock.instructions < MAX_INSTRUCTIONS) end = this.machine.run(SLICE);
    this.end = end;
    this.lines = output.replaceAll('\r', '').trimEnd().split('\n');
    this.symbols = new Map(
      readElf(NAME)
        .symbols()
        .map(({ name, value }) => [name, value]),
    );
  }

  get text(): string {
    return [...this.lines, ...this.reports].join('\n');
  }

  /** Cycles of guest time. */
  get cycles(): number {
    return this.machine.clock.now;
  }

  /** @throws AssertionError with all the guest has said, if it did not end by itself with all checks well */
  assertOk(): void {
    assert.equal(this.end, RunEnd.Shutdown, this.text);
    assert.equal(this.lines.at(-1), `${NAME}: OK`, this.text);
    assert.deepEqual(this.failures, [], this.text);
    const { shutdown } = this.machine;
    assert.equal(shutdown?.kind === 'debug-exit' ? shutdown.value : undefined, EXIT_OK);
  }

  /** Who pulled the reset line; undefined if nobody did. */
  get resetBy(): string | undefined {
    const { shutdown } = this.machine;
    return shutdown?.kind === 'reset' ? shutdown.by : undefined;
  }

  get failures(): string[] {
    return this.lines.filter((line) => line.includes('FAILED'));
  }

  get skipped(): string[] {
    return this.lines.filter((line) => line.startsWith('skipped'));
  }

  /** Number of lines `ok GROUP.…`. */
  okOf(group: string): number {
    return this.lines.filter((line) => line.startsWith(`ok ${group}.`)).length;
  }

  /** Calls by number as the guest has counted them, only those that go by call. */
  guestCalls(): Map<string, number> {
    const made = this.words('vmi_calls', CALLS);
    const byCall = this.bytes('vmi_by_call', CALLS);
    return this.callsWhere((number) => byCall[number] !== 0, made);
  }

  /** The same as the hypervisor has counted them. */
  hypervisorCalls(): Map<string, number> {
    const byCall = this.bytes('vmi_by_call', CALLS);
    const counts = (this.hypervisor.hypercallStatistics() ?? []).filter(
      ({ abi, call }) => abi.name === 'vmi' && call.number >= 0 && byCall[call.number] !== 0,
    );
    return new Map(counts.map(({ call, count }) => [call.name, count]));
  }

  /** I/O calls that the guest has made. */
  guestIoCalls(): number {
    return this.words('vmi_calls', CALLS)
      .slice(IO_CALLS.first, IO_CALLS.end)
      .reduce((sum, count) => sum + count);
  }

  /** Port accesses that the guest has made by instructions. */
  guestNativeAccesses(): number {
    return this.words('native_port_accesses', 1)[0];
  }

  /** Accesses by port, those of no port left out. */
  guestPorts(): Map<number, number> {
    const counts = this.words('port_accesses', COUNTED_PORTS);
    return new Map([...counts.entries()].filter(([, count]) => count > 0));
  }

  hypervisorPorts(): Map<number, number> {
    const { rows } = this.hypervisor.log.query((key) => (key.port >= 0 ? String(key.port) : 'no port'));
    return new Map(
      rows
        .filter(({ key }) => key !== 'no port')
        .map(({ key, samples }): [number, number] => [Number(key), samples])
        .sort(([left], [right]) => left - right),
    );
  }

  /** Exits of port accesses by channel. */
  channels(): Record<string, number> {
    const { rows } = this.hypervisor.log.query((key) => (key.port >= 0 ? key.channel : 'no port'));
    return Object.fromEntries(rows.filter(({ key }) => key !== 'no port').map(({ key, samples }) => [key, samples]));
  }

  private callsWhere(wanted: (number: number) => boolean, counts: readonly number[]): Map<string, number> {
    const statistics = this.hypervisor.hypercallStatistics() ?? [];
    const names = statistics.filter(({ abi, call }) => abi.name === 'vmi' && call.number >= 0);
    return new Map(names.filter(({ call }) => wanted(call.number)).map(({ call }) => [call.name, counts[call.number]]));
  }

  /** Bytes of the guest's memory from a symbol on. */
  private bytes(symbol: string, count: number): Uint8Array {
    const address = this.symbols.get(symbol);
    assert.ok(address !== undefined, `the guest has no symbol ${symbol}`);
    return this.machine.memory.peek(address - PAGE_OFFSET, count);
  }

  private words(symbol: string, count: number): number[] {
    const bytes = this.bytes(symbol, 4 * count);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: count }, (_, i) => view.getUint32(4 * i, true));
  }
}
