import type { PortBus } from './bus/port-bus';
import { Cpu } from './cpu/cpu';
import type { MachineHooks } from './cpu/intercepts';
import { CpuState } from './cpu/state';
import type { BlockStore } from './devices/ide/block-store';
import { createPc, type Pc, type StreamPort } from './devices/pc';
import type { ResetCause } from './devices/system-control';
import type { UartPacing } from './devices/uart/uart16550';
import { CompiledTier, type TierOptions } from './isa/compiler/tier';
import type { CpuModel } from './isa/form';
import * as layout from './layout';
import { PhysicalMemory } from './memory/physical';
import { RunEnd } from './run';
import { RunLoop } from './run-loop';
import { VirtualClock } from './virtual-clock';

/** Default of `MachineOptions.tier`. */
const DEFAULT_TIER: TierOptions | 'off' = { threshold: 20_000 };

export interface MachineOptions {
  readonly cpu: CpuModel;
  /** RAM in MiB, 1-2047. */
  readonly memoryMB: number;
  /** Wall clock at power on, milliseconds since 1970-01-01 UTC. */
  readonly startTime: number;
  /** Disks: primary master and slave, secondary master and slave; holes allowed. */
  readonly disks?: readonly (BlockStore | undefined)[];
  /** Disks that are virtio devices. */
  readonly virtioDisks?: readonly BlockStore[];
  /** Whether there is a virtio console. */
  readonly virtioConsole?: boolean;
  readonly serialPacing?: UartPacing;
  /** How eagerly hot code is compiled; `off` leaves everything to the interpreter. What the guest sees is the same. */
  readonly tier?: TierOptions | 'off';
  /** A byte that the guest sent through a serial port or the virtio console. */
  onSerial?(port: StreamPort, byte: number): void;
  /** A byte written to debug port 0xe9. */
  onConsole?(byte: number): void;
  /** A word about what the guest did to a device. */
  onReport?(message: string): void;
}

/** Why the machine was switched off. */
export type ShutdownCause =
  /** A write of `value` to the debug-exit port 0xf4. */
  | { readonly kind: 'debug-exit'; readonly value: number }
  | { readonly kind: 'reset'; readonly by: ResetCause }
  /** The guest has given up by a hypercall, or the hypervisor has given it up; the message says why. */
  | { readonly kind: 'crash'; readonly message: string };

/** One PC: memory, CPU, bus, devices and the loop that runs them. */
export class Machine {
  readonly memory: PhysicalMemory;
  readonly cpu: Cpu;
  readonly clock: VirtualClock;
  readonly pc: Pc;
  /** Set once the guest has ended the machine: `run` has returned, or will return, `Shutdown`. */
  shutdown: ShutdownCause | undefined;
  private readonly loop: RunLoop;
  private readonly tier: CompiledTier | undefined;

  constructor(options: MachineOptions) {
    this.memory = new PhysicalMemory(options.memoryMB << 20);
    this.clock = new VirtualClock(new CpuState(this.memory.memory), options.startTime);
    const state = new CpuState(this.memory.memory);
    this.pc = createPc({
      clock: this.clock,
      ramBytes: this.memory.ramBytes,
      disks: options.disks,
      virtioDisks: options.virtioDisks,
      virtioConsole: options.virtioConsole,
      serialPacing: options.serialPacing,
      requestStop: () => state.requestExit(layout.EXIT_STOP),
      onSerial: (port, byte) => options.onSerial?.(port, byte),
      onConsole: (byte) => options.onConsole?.(byte),
      onDebugExit: (value) => this.end({ kind: 'debug-exit', value }),
      onInterrupt: (pending) => {
        state.set(layout.INTERRUPT_PENDING, pending ? 1 : 0);
        // While IF is clear it is for the instruction that sets it to look.
        if (pending && state.systemFlag(layout.FLAG_IF)) state.requestExit(layout.EXIT_RECHECK);
      },
      placeRegisters: (device, base, bytes) => {
        this.memory.unmapMmio(device);
        if (base !== undefined) this.memory.mapMmio(base, bytes, device);
      },
      memory: this.memory,
      onReport: (message) => options.onReport?.(message),
      nmi: () => this.cpu.requestNmi(),
      lines: {
        setA20: (enabled) => this.cpu.mmu.setA20(enabled),
        reset: (by) => this.end({ kind: 'reset', by }),
      },
    });
    this.cpu = new Cpu({
      memory: this.memory,
      bus: this.pc.bus,
      clock: this.clock,
      model: options.cpu,
      fpuPins: this.pc.fpuError,
      localApic: this.pc.localApic,
    });
    this.loop = new RunLoop(this.cpu, this.clock, this.pc.localApic);
    this.tier = this.createTier(options);
  }

  get bus(): PortBus {
    return this.pc.bus;
  }

  /** The debugger's hooks. */
  get hooks(): MachineHooks {
    return this.cpu.hooks;
  }

  /** Pieces of guest code compiled so far. */
  get compilations(): number {
    return this.tier?.compilations ?? 0;
  }

  /** True if the guest slept in HLT for a part of the last run. */
  get idle(): boolean {
    return this.loop.idle;
  }

  /**
   * Executes until `maxInstructions` are retired or something ends it earlier; may return `Budget` sooner where
   * the guest idles or only faults. Instructions of a repeated string count one per element.
   */
  run(maxInstructions: number): RunEnd {
    if (this.shutdown) return RunEnd.Shutdown;
    return this.loop.run(maxInstructions);
  }

  /**
   * Power on again: RAM is zero, CPU and devices are in their reset state, the clock is at 0. ROMs stay mapped, hooks
   * and intercepts attached. The guest has to be loaded again.
   */
  reset(): void {
    this.shutdown = undefined;
    this.memory.u8.fill(0, layout.RAM_BASE, layout.RAM_BASE + this.memory.ramBytes);
    this.clock.load({ instructions: 0, passed: 0, timers: {} });
    this.cpu.reset();
    this.pc.reset();
    this.bus.clearCounters();
    this.cpu.mmu.flush();
    this.tier?.dropAll();
    this.loop.reset();
    this.cpu.state.set(layout.EXIT, 0);
  }

  /** Lets the next run go past a code breakpoint or watched instruction at the present instruction. */
  passHere(): void {
    this.loop.passHere();
  }

  /** Drops an exception at which a hook has stopped, so that the guest goes on at EIP as if it had not happened. */
  cancelFault(): void {
    this.loop.cancelFault();
  }

  /** Linear addresses at which `hooks.codeBreakpoint` is to be asked. Addresses that share their low 16 bits may be asked too. */
  setCodeBreakpoints(addresses: Iterable<number>): void {
    this.cpu.codeFilter.set('debugger', addresses);
  }

  private createTier({ cpu, tier = DEFAULT_TIER }: MachineOptions): CompiledTier | undefined {
    if (tier === 'off') return undefined;
    const { memory, loop } = this;
    const { state, mmu, codeFilter } = this.cpu;
    const compiled = new CompiledTier({ state, memory, mmu, model: cpu, interpreter: loop.interpreter }, tier);
    loop.tier = compiled;
    codeFilter.onChange = () => compiled.breakpointsChanged();
    return compiled;
  }

  /** Ends the run as the reset line does, on behalf of a hypervisor. */
  requestReset(by: ResetCause): void {
    this.end({ kind: 'reset', by });
  }

  /** Switches the machine off: `run` returns `Shutdown` after the present instruction. */
  end(cause: ShutdownCause): void {
    this.shutdown ??= cause;
    this.cpu.state.requestExit(layout.EXIT_SHUTDOWN);
  }
}
