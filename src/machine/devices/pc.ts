import { PortBus } from '../bus/port-bus';
import type { Clock } from '../clock';
import { LocalApic } from './apic/local-apic';
import { CoprocessorError } from './coprocessor-error';
import { DebugConsole, DebugExit, PostCard } from './debug-ports';
import type { Device, DeviceHost, DeviceState, StatefulDevice } from './device';
import { PcTestDevice } from './pc-testdev';
import { createPci, type Pci } from './pci/pci';
import { FirmwareConfiguration } from './fw-cfg';
import type { BlockStore } from './ide/block-store';
import { IdeChannel } from './ide/channel';
import { IoTestDevice } from './io-test';
import { Pic8259 } from './pic/pic8259';
import { Pit8254 } from './pit/pit8254';
import { Port61 } from './port61';
import { CmosRtc } from './rtc/cmos-rtc';
import type { MmioHandler, PhysicalMemory } from '../memory/physical';
import { TimerLine } from './timer-line';
import { A20Gate, KeyboardController, Port92, type SystemLines } from './system-control';
import { Uart16550, type UartPacing } from './uart/uart16550';
import { VirtioBlock } from './virtio/virtio-block';
import { VirtioConsole } from './virtio/virtio-console';
import type { VirtioHost } from './virtio/virtio-function';

/** Names of the serial ports, with the ports and interrupts that PCs agree on. */
const SERIAL_PORTS = {
  com1: { base: 0x3f8, irq: 4 },
  com2: { base: 0x2f8, irq: 3 },
  com3: { base: 0x3e8, irq: 4 },
  com4: { base: 0x2e8, irq: 3 },
} as const;

export type SerialPort = keyof typeof SERIAL_PORTS;
export const SERIAL_PORT_NAMES = Object.keys(SERIAL_PORTS) as SerialPort[];
/** First port of each serial port, COM1 first. */
export const SERIAL_PORT_BASES: readonly number[] = Object.values(SERIAL_PORTS).map(({ base }) => base);

/** Everything that carries a stream of bytes: the UARTs and the virtio console. */
export type StreamPort = SerialPort | 'virtio0';
export const STREAM_PORT_NAMES: readonly StreamPort[] = [...SERIAL_PORT_NAMES, 'virtio0'];

/** PCI slots of the virtio devices; disks follow each other. */
const VIRTIO_CONSOLE_SLOT = 3;
const VIRTIO_DISK_SLOT = 4;
/** Virtio disks that a machine takes. */
export const MAX_VIRTIO_DISKS = 8;

/** Size of the local APIC's registers in memory. */
const APIC_BYTES = 0x1000;

/** What a PC is built with. */
export interface PcOptions {
  readonly clock: Clock;
  readonly ramBytes: number;
  /** Puts a device's registers (whole pages, `bytes` of them) at a physical address, or nowhere. @throws RangeError if it is taken */
  placeRegisters(device: MmioHandler, base: number | undefined, bytes: number): void;
  /** Guest memory: the host bridge controls its shadow RAM, bus masters read and write it. */
  readonly memory: PhysicalMemory;
  /** A word to the user about what the guest did to a device. */
  onReport(message: string): void;
  /** Non-maskable interrupt to the CPU. */
  nmi(): void;
  /** Disks: primary 0 and 1, secondary 0 and 1; holes allowed. */
  readonly disks?: readonly (BlockStore | undefined)[];
  /** Disks that are virtio devices, at most `MAX_VIRTIO_DISKS`. */
  readonly virtioDisks?: readonly BlockStore[];
  /** Whether there is a virtio console. */
  readonly virtioConsole?: boolean;
  /** `immediate` if left out. */
  readonly serialPacing?: UartPacing;
  /** Cycles that an IDE command keeps a disk busy; 0 if left out. */
  readonly diskLatency?: number;
  /** Asks the run loop to stop after the present instruction: an observer of a port wants it. */
  requestStop(): void;
  /** A byte that the guest sent through a serial port or the virtio console. */
  onSerial(port: StreamPort, byte: number): void;
  /** A byte written to the debug console. */
  onConsole(byte: number): void;
  /** A write to the debug-exit port. */
  onDebugExit(value: number): void;
  /** The interrupt request to the CPU rose or fell. */
  onInterrupt(pending: boolean): void;
  /** A20 and reset lines. */
  readonly lines: SystemLines;
}

/** The devices of a PC, each by its name, all on the bus. */
export interface Pc {
  readonly bus: PortBus;
  readonly pic: Pic8259;
  readonly localApic: LocalApic;
  readonly pit: Pit8254;
  readonly timerLine: TimerLine;
  readonly port61: Port61;
  readonly rtc: CmosRtc;
  readonly serial: Readonly<Record<SerialPort, Uart16550>>;
  readonly ide: readonly [IdeChannel, IdeChannel];
  readonly pci: Pci;
  readonly virtioConsole: VirtioConsole | undefined;
  readonly keyboardController: KeyboardController;
  readonly port92: Port92;
  readonly a20: A20Gate;
  readonly fpuError: CoprocessorError;
  readonly debugConsole: DebugConsole;
  readonly post: PostCard;
  readonly debugExit: DebugExit;
  readonly ioTest: IoTestDevice;
  /** Power-on reset of all devices. */
  reset(): void;
  /** States of all devices by name. */
  save(): Record<string, DeviceState>;
  /** @throws RangeError if a device is missing or its state is of another version */
  load(states: Readonly<Record<string, DeviceState>>): void;
}

/** An interrupt line that several devices drive: high while one of them holds it high. */
class SharedLines {
  /** Devices that hold a line high, by line. */
  private readonly holders = Array.from({ length: 16 }, () => new Set<string>());

  constructor(private readonly pic: Pic8259) {}

  host(clock: Clock, device: string): DeviceHost {
    // Lines that the device holds, one bit each: most calls change nothing.
    let held = 0;
    return {
      clock,
      setIrq: (line, level) => {
        const bit = 1 << line;
        if (((held & bit) !== 0) === level) return;
        held ^= bit;
        this.set(device, line, level);
      },
    };
  }

  set(device: string, line: number, level: boolean): void {
    const holders = this.holders[line];
    if (level) holders.add(device);
    else holders.delete(device);
    this.pic.setIrq(line, holders.size > 0);
  }
}

/** Builds the standard devices of a PC and puts them on a new bus. */
export function createPc(options: PcOptions): Pc {
  const { clock, ramBytes, disks = [], serialPacing = 'immediate', diskLatency = 0, lines } = options;
  const bus = new PortBus(() => options.requestStop());
  const pic = new Pic8259();
  pic.onPendingChange = () => options.onInterrupt(localApic.pending);
  const host: DeviceHost = { clock, setIrq: (line, level) => pic.setIrq(line, level) };

  const localApic = new LocalApic({
    clock,
    external: pic,
    requestChanged: () => options.onInterrupt(localApic.pending),
    nmi: () => options.nmi(),
    place: (device, base) => options.placeRegisters(device, base, APIC_BYTES),
  });
  const timerLine = new TimerLine((line, level) => pic.setIrq(line, level));
  const pit = new Pit8254({ clock, setIrq: (_line, level) => timerLine.set('pit', level) });
  const port61 = new Port61(pit);
  const rtc = new CmosRtc(host, ramBytes);
  const shared = new SharedLines(pic);
  const serial = Object.fromEntries(
    SERIAL_PORT_NAMES.map((port) => {
      const name = port.toUpperCase();
      const onTransmit = (byte: number): void => options.onSerial(port, byte);
      const uart = { name, pacing: serialPacing, onTransmit, ...SERIAL_PORTS[port] };
      return [port, new Uart16550(shared.host(clock, name), uart)];
    }),
  ) as Record<SerialPort, Uart16550>;
  const ide: [IdeChannel, IdeChannel] = [
    new IdeChannel(shared.host(clock, 'IDE0'), {
      name: 'IDE0',
      base: 0x1f0,
      control: 0x3f6,
      irq: 14,
      drives: disks.slice(0, 2),
      latency: diskLatency,
    }),
    new IdeChannel(shared.host(clock, 'IDE1'), {
      name: 'IDE1',
      base: 0x170,
      control: 0x376,
      irq: 15,
      drives: disks.slice(2, 4),
      latency: diskLatency,
    }),
  ];
  const a20 = new A20Gate(lines);
  const keyboardController = new KeyboardController(host, a20, lines);
  const port92 = new Port92(a20, lines);
  const fpuError = new CoprocessorError(host);
  const debugConsole = new DebugConsole((byte) => options.onConsole(byte));
  const post = new PostCard();
  const debugExit = new DebugExit((value) => options.onDebugExit(value));
  const ioTest = new IoTestDevice();
  const firmware = new FirmwareConfiguration(ramBytes);
  const testDevice = new PcTestDevice(shared.host(clock, 'TESTDEV'));
  let virtioConsole: VirtioConsole | undefined;
  const pci = createPci({
    bus,
    ramBytes,
    memory: options.memory,
    lines,
    moveMemory: (handler, base, size) => options.placeRegisters(handler, base, size),
    setIrq: (source, irq, level) => shared.set(source, irq, level),
    report: (message) => options.onReport(message),
    cards: (pciHost) => {
      const virtioHost: VirtioHost = { pci: pciHost, clock, memory: options.memory };
      if (options.virtioConsole) {
        const onTransmit = (byte: number): void => options.onSerial('virtio0', byte);
        virtioConsole = new VirtioConsole(virtioHost, {
          name: 'VIRTIO_CONSOLE',
          slot: VIRTIO_CONSOLE_SLOT,
          onTransmit,
        });
      }
      const virtioDisks = (options.virtioDisks ?? []).map((store, i) => {
        const disk = { name: `VIRTIO_BLK${i}`, slot: VIRTIO_DISK_SLOT + i, store, id: `Ringside${i}` };
        return new VirtioBlock(virtioHost, disk);
      });
      return [...(virtioConsole ? [virtioConsole] : []), ...virtioDisks];
    },
  });

  // The interrupt controller comes first: a reset of another device may lower its line.
  const devices: Device[] = [...pic.devices, pit, port61, rtc, ...Object.values(serial), ...ide, keyboardController];
  devices.push(port92, fpuError, debugConsole, post, debugExit, ioTest, firmware, testDevice, ...pci.devices);
  for (const device of devices) bus.register(device);
  const all: StatefulDevice[] = [localApic, ...pic.devices, timerLine, ...devices.slice(pic.devices.length)];

  return {
    bus,
    pic,
    localApic,
    pit,
    timerLine,
    port61,
    rtc,
    serial,
    ide,
    pci,
    virtioConsole,
    keyboardController,
    port92,
    a20,
    fpuError,
    debugConsole,
    post,
    debugExit,
    ioTest,
    reset: () => {
      localApic.reset();
      timerLine.reset();
      bus.reset();
    },
    save: () => Object.fromEntries(all.map((device) => [device.name, device.save()])),
    load: (states) => {
      // Ranges of cards may have changed places since.
      for (const item of pci.functions) item.release();
      // The interrupt controller goes last: its saved requests stand, whatever edges the others make while loading.
      for (const device of [...all].reverse()) {
        const state = states[device.name];
        if (!state) throw new RangeError(`the snapshot has no state of ${device.name}`);
        device.load(state);
      }
    },
  };
}
