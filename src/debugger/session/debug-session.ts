import { PortVerdict } from '../../machine/bus/port-access';
import type { PortAccess } from '../../machine/bus/port-access';
import { type StreamPort, STREAM_PORT_NAMES } from '../../machine/devices/pc';
import type { LoadedImage } from '../../machine/loaders/load-image';
import { EXCEPTION_FILTERS } from '../breakpoints/exception-filters';
import { BreakpointManager } from '../breakpoints/manager';
import { StopCollector, type StoppingFault } from '../breakpoints/stop-collector';
import { BreakpointTables } from '../breakpoints/tables';
import { InstructionAnchors } from '../disassembly/anchors';
import { Disassembler } from '../disassembly/disassembler';
import { Guest } from '../guest/guest';
import { NO_STUBS, VMI_STUBS } from '../guest/stub-names';
import { createInspection } from '../inspection/inspection';
import type { Inspection } from '../inspection/types';
import { type BuiltMachine, buildMachine } from '../launch/build-machine';
import type { LaunchFiles } from '../launch/files';
import { CallSites } from '../stack/call-site';
import { CallStack } from '../stack/frames';
import { markAccessors } from '../stack/io-accessors';
import { createStep } from '../stepping/create-step';
import { LeaveAccessorsStep } from '../stepping/leave-accessors-step';
import type { Step } from '../stepping/step';
import { describePortAccess } from '../stops/access-text';
import {
  type BreakpointStatus,
  type DisassemblyRow,
  type EndEvent,
  type FormatOptions,
  type Frame,
  type Host,
  type InstructionBreakpointRequest,
  type LaunchConfiguration,
  LaunchError,
  type Session,
  type SessionEvent,
  type SourceBreakpointRequest,
  type SpecBreakpointRequest,
  type StepGranularity,
  type StepKind,
  type StopEvent,
  type Value,
} from '../types';
import { Evaluator } from '../variables/evaluator';
import { frameScopes } from '../variables/frame-scopes';
import { GuestCodeSource } from './code-source';
import { completionsAt } from './completions';
import { EventHub } from './event-hub';
import { ExitNotifier } from './exit-notifier';
import { OutputBuffer } from './output';
import { RunControl } from './run-control';

/** One guest under the debugger: joins the machine, the breakpoints, the run control and the views. */
export class DebugSession implements Session {
  readonly exceptionFilters = [...EXCEPTION_FILTERS];
  readonly inspect: Inspection;
  ended: EndEvent | undefined;

  private readonly events = new EventHub();
  private readonly output = new OutputBuffer(this.events.emit);
  private readonly stops = new StopCollector();
  private readonly anchors = new InstructionAnchors();
  private readonly built: BuiltMachine;
  private readonly guest: Guest;
  private readonly sites: CallSites;
  private readonly tables: BreakpointTables;
  private readonly breakpoints: BreakpointManager;
  private readonly control: RunControl;
  private readonly disassembler: Disassembler;
  private readonly exits: ExitNotifier;
  private image: LoadedImage | undefined;
  /** `run` has been called: the guest has left its first instruction, or was shown stopped at it. */
  private started = false;
  private callStack: CallStack | undefined;
  private fault: StoppingFault | undefined;
  private stoppedAtAccess = false;

  /**
   * @param disassemblerModule its WebAssembly module
   * @throws LaunchError with a message for the user
   */
  constructor(
    readonly configuration: LaunchConfiguration,
    private readonly files: LaunchFiles,
    private readonly host: Host,
    disassemblerModule: Uint8Array,
  ) {
    this.built = buildMachine(configuration, files, host, {
      serial: (port, byte) => this.serialOutput(port, byte),
      console: (byte) => this.output.byte('console', byte),
      report: (message) => this.output.line('message', message),
      callSite: (linear) => {
        this.control.countExit();
        return this.sites.of(linear);
      },
    });
    const { machine, hypervisor, symbols, ports } = this.built;
    this.guest = new Guest(machine, symbols, ports, hypervisor.mode === 'vmi' ? VMI_STUBS : NO_STUBS);
    this.sites = new CallSites(this.guest);
    this.tables = new BreakpointTables(this.guest, hypervisor, this.stops, this.sites.of);
    this.breakpoints = new BreakpointManager(this.guest, this.tables, {
      log: (text) => this.output.line('log', text),
      problem: (message) => this.output.line('message', message),
    });
    this.control = new RunControl(
      this.guest,
      this.tables,
      this.stops,
      this.sites.of,
      host,
      configuration.maxInstructions,
      {
        stopped: (stop, fault) => this.stopped(stop, fault),
        ended: (end) => this.guestEnded(end),
        idle: () => this.events.emit({ type: 'idle' }),
        sliced: () => this.sliced(),
      },
    );
    this.disassembler = new Disassembler(disassemblerModule, new GuestCodeSource(this.guest), this.anchors);
    this.exits = new ExitNotifier(
      () => hypervisor.log.nextSequence,
      () => host.nanoseconds(),
      () => this.events.emit({ type: 'exits' }),
    );
    this.inspect = createInspection({
      guest: this.guest,
      hypervisor,
      portBreakpoints: (port) => this.tables.ports.covering(port),
      hypercallBreakpoints: (call) => this.tables.hypercalls.covering(call),
      evaluate: (text) => new Evaluator(this.guest, this.topFrame()).number(text),
      modules: () => this.modules(),
    });
    machine.bus.onUnowned = (access) => this.unownedPort(access);
    this.load();
    for (const warning of symbols.warnings) this.output.line('message', warning);
    this.setLaunchBreakpoints(configuration.breakpoints);
  }

  get running(): boolean {
    return this.control.running;
  }

  onEvent(listener: (event: SessionEvent) => void): void {
    this.events.add(listener);
  }

  run(): void {
    if (this.running || this.ended) return;
    const first = !this.started;
    this.started = true;
    if (first && this.configuration.stopOnEntry) {
      this.host.defer(() => this.stopped({ reason: 'entry', text: `entry at ${this.here}`, breakpointIds: [] }));
      return;
    }
    this.forgetStop();
    this.control.start(undefined, !first);
  }

  pause(): void {
    this.control.pause();
  }

  step(kind: StepKind, granularity: StepGranularity): void {
    if (this.running || this.ended) return;
    this.started = true;
    const tools = { guest: this.guest, code: this.tables.code, disassembler: this.disassembler };
    const make = (): Step | undefined => createStep(tools, kind, granularity);
    // A user who steps by lines stands at the line shown, not in the accessor that it has called.
    const step =
      this.stoppedAtAccess && granularity !== 'instruction'
        ? new LeaveAccessorsStep(tools, kind !== 'out', make)
        : make();
    if (!step) {
      this.output.line('message', 'This is the outermost function: there is nothing to step out to.');
      this.host.defer(() => this.stopped({ reason: 'step', text: `step at ${this.here}`, breakpointIds: [] }));
      return;
    }
    this.forgetStop();
    this.control.start(step, true);
  }

  restart(): Promise<void> {
    this.control.halt();
    this.forgetStop();
    const { machine, hypervisor } = this.built;
    machine.reset();
    hypervisor.reset();
    this.sites.clear();
    for (const drive of this.files.drives) drive.reset();
    this.ended = undefined;
    this.load();
    this.tables.code.writeFilter();
    this.breakpoints.resetCounters();
    this.started = true;
    if (this.configuration.stopOnEntry) {
      this.stopped({ reason: 'entry', text: `entry at ${this.here}`, breakpointIds: [] });
    } else {
      this.events.emit({ type: 'continued' });
      this.control.start(undefined, false);
    }
    return Promise.resolve();
  }

  dispose(): void {
    this.control.dispose();
    this.events.clear();
    void this.writeDrives();
  }

  setSourceBreakpoints(path: string, requests: SourceBreakpointRequest[]): BreakpointStatus[] {
    return this.changed(this.breakpoints.setSource(path, requests));
  }

  setSpecBreakpoints(requests: SpecBreakpointRequest[]): BreakpointStatus[] {
    return this.changed(this.breakpoints.setSpecs('spec', requests));
  }

  setInstructionBreakpoints(requests: InstructionBreakpointRequest[]): BreakpointStatus[] {
    return this.changed(this.breakpoints.setInstructions(requests));
  }

  setExceptionFilters(filters: { id: string; condition?: string }[]): BreakpointStatus[] {
    return this.changed(this.breakpoints.setExceptions(filters));
  }

  breakpointLocations(path: string, line: number, endLine: number): { line: number; column?: number }[] {
    return this.guest.symbols.linesWithCode(path, line, endLine).map((found) => ({ line: found }));
  }

  stack(): Frame[] {
    const frames = this.stackNow().frames.map(({ frame }) => frame);
    return this.stoppedAtAccess ? markAccessors(frames) : frames;
  }

  scopes(frame: number): ReturnType<Session['scopes']> {
    return frameScopes(this.guest, this.stackNow().at(frame), () => this.forgetStack());
  }

  evaluate(expression: string, frame: number, format?: FormatOptions): Value {
    return this.evaluator(frame).evaluate(expression, format);
  }

  assign(expression: string, value: string, frame: number): Value {
    return this.evaluator(frame).assign(expression, value);
  }

  completions(text: string, column: number, frame: number): ReturnType<Session['completions']> {
    return completionsAt(this.guest, this.evaluator(frame).scope, text, column);
  }

  disassemble(address: number, instructionOffset: number, count: number): DisassemblyRow[] {
    return this.disassembler.rows(address, instructionOffset, count);
  }

  readMemory(linear: number, count: number): Uint8Array {
    return this.guest.memory.readAvailable(linear, count);
  }

  writeMemory(linear: number, bytes: Uint8Array): number {
    this.callStack = undefined;
    return this.guest.memory.writeAvailable(linear, bytes);
  }

  exceptionInfo(): { id: string; description: string } | undefined {
    return this.fault;
  }

  serialInput(port: string, data: Uint8Array): void {
    const name = STREAM_PORT_NAMES.find((candidate) => candidate === port.toLowerCase());
    if (!name) throw new Error(`there is no serial port "${port}": use ${STREAM_PORT_NAMES.join(', ')}`);
    const { serial, virtioConsole } = this.built.machine.pc;
    const receiver = name === 'virtio0' ? virtioConsole : serial[name];
    if (!receiver) throw new Error('the guest has no virtio console: give "serial.virtio0" another side than "none"');
    receiver.receive(data);
    this.control.wake();
  }

  private get here(): string {
    return this.guest.nameAt(this.guest.pc);
  }

  private load(): void {
    this.image = this.built.load();
    this.callStack = undefined;
  }

  /** @throws LaunchError for a spec that cannot be used: it was part of the configuration */
  private setLaunchBreakpoints(specs: readonly string[]): void {
    const statuses = this.breakpoints.setSpecs(
      'launch',
      specs.map((text) => ({ text })),
    );
    const bad = statuses.findIndex(({ verified }) => !verified);
    if (bad >= 0) throw new LaunchError(`breakpoints[${bad}]: ${statuses[bad].message ?? specs[bad]}`);
    this.changed(statuses);
  }

  /** Breakpoints have changed: the run loop has to know which hooks it needs. */
  private changed(statuses: BreakpointStatus[]): BreakpointStatus[] {
    this.built.machine.bus.reportEveryUnowned = this.tables.unownedPort.length > 0;
    this.control.updateHooks();
    return statuses;
  }

  private stackNow(): CallStack {
    this.callStack ??= new CallStack(this.guest);
    return this.callStack;
  }

  /** Frame 0 while there is one to look at. */
  private topFrame(): CallStack['frames'][number] | undefined {
    return this.running ? undefined : this.stackNow().frames[0];
  }

  private evaluator(frame: number): Evaluator {
    return new Evaluator(this.guest, this.running ? undefined : this.stackNow().at(frame), () => this.forgetStack());
  }

  /** Something was set: it may be a register or memory that the stack hangs on. */
  private forgetStack(): void {
    this.callStack = undefined;
  }

  private forgetStop(): void {
    this.callStack = undefined;
    this.fault = undefined;
  }

  private stopped(stop: StopEvent, fault?: StoppingFault): void {
    this.callStack = undefined;
    this.fault = fault;
    this.stoppedAtAccess = stop.atAccess ?? false;
    this.anchors.add(this.guest.pc);
    this.output.flush();
    this.exits.check(true);
    this.events.emit({ type: 'stopped', stop });
  }

  private guestEnded(end: EndEvent): void {
    this.ended = end;
    this.callStack = undefined;
    this.built.hypervisor.log.flush();
    this.output.flush();
    this.exits.check(true);
    void this.writeDrives();
    this.events.emit({ type: 'ended', end });
  }

  private sliced(): void {
    this.output.flush();
    this.exits.check(false);
  }

  private serialOutput(port: StreamPort, byte: number): void {
    this.output.byte('serial', byte, port);
    this.tables.serial.transmitted(port, byte);
  }

  private unownedPort(access: Readonly<PortAccess>): PortVerdict {
    const text = describePortAccess(this.guest, access, this.sites.of(this.guest.executing), false);
    const wanting = this.tables.unownedPort.filter((breakpoint) => breakpoint.occur() === 'stop');
    if (wanting.length === 0) {
      this.output.line('message', `No device answers: ${text}.`);
      return PortVerdict.Continue;
    }
    for (const breakpoint of wanting)
      this.stops.addAccess(breakpoint, `no device answers: ${text}`, { id: 'unowned-port', description: text });
    return PortVerdict.Stop;
  }

  /** Drives that are not snapshots get back what the guest wrote. */
  private async writeDrives(): Promise<void> {
    for (const drive of this.files.drives) {
      const content = drive.changed();
      if (!content) continue;
      try {
        await this.host.writeFile(drive.path, content);
      } catch (error) {
        this.output.line('message', error instanceof Error ? error.message : String(error));
      }
    }
  }

  private modules(): ReturnType<Parameters<typeof createInspection>[0]['modules']> {
    const { program } = this.files;
    const { configuration, image } = this;
    return {
      ...(program &&
        image && {
          program: {
            path: configuration.program ?? program.name,
            bytes: program.bytes,
            format: image.format,
            ...(configuration.loadAddress !== undefined && { loadAddress: configuration.loadAddress }),
          },
        }),
      symbolFiles: configuration.symbols,
      ...(configuration.bios !== undefined && { bios: configuration.bios }),
    };
  }
}
