import assert from 'node:assert/strict';
import { Guest } from '../../src/debugger/guest/guest';
import { CallSites } from '../../src/debugger/stack/call-site';
import { CallStack } from '../../src/debugger/stack/frames';
import { Hypervisor } from '../../src/hypervisor/hypervisor';
import type { ModeName } from '../../src/hypervisor/modes/mode';
import { PortNames } from '../../src/machine/bus/port-names';
import { MemoryBlockStore, OverlayBlockStore } from '../../src/machine/devices/ide/block-store';
import { loadImage } from '../../src/machine/loaders/load-image';
import { Machine } from '../../src/machine/machine';
import { RunEnd } from '../../src/machine/run';
import { SymbolTable } from '../../src/symbols/symbol-table';
import { readBuilt, readOutput } from '../guests/support';

const SLICE = 4_000_000;
const MAX_INSTRUCTIONS = 200_000_000;

/** A sample guest in a machine of its own, with its symbols, before its first instruction. */
export class BootedGuest {
  readonly machine: Machine;
  readonly hypervisor: Hypervisor;
  readonly guest: Guest;
  readonly path: string;
  readonly bytes: Uint8Array;

  constructor(name: string, mode: ModeName = 'none') {
    const built = readBuilt(name);
    this.bytes = readOutput(built.program);
    this.path = `/guests/${built.program}`;
    this.machine = new Machine({
      cpu: 'pentium',
      memoryMB: 64,
      startTime: Date.UTC(2007, 7, 22),
      disks: built.drives.map(({ file }) => new OverlayBlockStore(new MemoryBlockStore(readOutput(file)))),
    });
    const symbols = new SymbolTable();
    symbols.load(built.symbols, readOutput(built.symbols));
    this.guest = new Guest(this.machine, symbols, new PortNames(this.machine.bus));
    const sites = new CallSites(this.guest);
    this.hypervisor = new Hypervisor(this.machine, { mode, callSite: sites.of, nanoseconds: () => 0 });
    this.machine.cpu.intercepts = this.hypervisor;
    const { memory, cpu } = this.machine;
    const target = { memory, state: cpu.state, segmentation: cpu.segmentation };
    loadImage(target, { name: built.program, bytes: this.bytes });
  }

  /** Runs until the guest is about to execute the code of a line (by a text that it contains) or a function. */
  runTo(place: string | { path: string; line: number }): this {
    const { symbols } = this.guest;
    const sites =
      typeof place === 'string' ? symbols.addressesForFunction(place) : symbols.addressesFor(place.path, place.line);
    assert.ok(sites.length > 0, `no code for ${JSON.stringify(place)}`);
    const addresses = new Set(sites.map(({ address }) => address));
    this.machine.setCodeBreakpoints(addresses);
    this.machine.hooks.codeBreakpoint = (linear) => addresses.has(linear);
    this.machine.passHere();
    assert.equal(this.go(), RunEnd.Breakpoint);
    return this;
  }

  /** Runs to the end of the guest. */
  runOut(): this {
    this.machine.setCodeBreakpoints([]);
    assert.equal(this.go(), RunEnd.Shutdown);
    return this;
  }

  get stack(): CallStack {
    return new CallStack(this.guest);
  }

  private go(): RunEnd {
    let end = RunEnd.Budget;
    while (end === RunEnd.Budget && this.machine.clock.instructions < MAX_INSTRUCTIONS) end = this.machine.run(SLICE);
    return end;
  }
}
