import { Hypervisor } from '../../hypervisor/hypervisor';
import { PortMapError } from '../../machine/bus/port-map';
import { PortNames } from '../../machine/bus/port-names';
import type { StreamPort } from '../../machine/devices/pc';
import type { BlockStore } from '../../machine/devices/ide/block-store';
import { Bios } from '../../machine/firmware/bios';
import { biosDisk, isFloppySize, numberDisks } from '../../machine/firmware/bios-disk';
import { ElfError, isElf } from '../../machine/loaders/elf';
import { mapBios } from '../../machine/loaders/bios-image';
import { detectFormat } from '../../machine/loaders/detect';
import { LoadError } from '../../machine/loaders/load-error';
import type { Image } from '../../machine/loaders/load-target';
import { loadImage, type LoadedImage } from '../../machine/loaders/load-image';
import { Machine } from '../../machine/machine';
import { SymbolError } from '../../symbols/errors';
import { SymbolTable } from '../../symbols/symbol-table';
import { type Host, LaunchError, type LaunchConfiguration, MAX_MEMORY_MB } from '../types';
import type { Drive, LaunchFiles } from './files';
import { costProfile } from './cost-profile';
import { checkAbis, commandLine, vmiOptions } from './hypervisor-options';

/** What the machine tells the session. */
export interface MachineListener {
  serial(port: StreamPort, byte: number): void;
  console(byte: number): void;
  /** A word of the hypervisor about the guest. */
  report(message: string): void;
  /** Linear address that caused the exit at `linear`. */
  callSite(linear: number): number;
}

/** A machine ready to run its guest. */
export interface BuiltMachine {
  readonly machine: Machine;
  readonly hypervisor: Hypervisor;
  readonly symbols: SymbolTable;
  readonly ports: PortNames;
  /** Loads the guest and puts the CPU at its first instruction. @throws LaunchError */
  load(): LoadedImage | undefined;
}

function asLaunchError(error: unknown, attribute: string): unknown {
  const known = [ElfError, LoadError, SymbolError, PortMapError].some((kind) => error instanceof kind);
  return known || error instanceof RangeError ? new LaunchError(`${attribute}: ${(error as Error).message}`) : error;
}

/**
 * Builds the machine, its hypervisor and the symbols of a configuration.
 * @throws LaunchError that names the attribute
 */
export function buildMachine(
  configuration: LaunchConfiguration,
  files: LaunchFiles,
  host: Host,
  listener: MachineListener,
): BuiltMachine {
  const { memoryMB, cpu, hypervisor: options } = configuration;
  if (!(Number.isInteger(memoryMB) && memoryMB >= 1 && memoryMB <= MAX_MEMORY_MB)) {
    throw new LaunchError(`memoryMB: expected a whole number from 1 to ${MAX_MEMORY_MB}, got ${memoryMB}.`);
  }
  checkAbis(configuration);
  const machine = new Machine({
    cpu,
    memoryMB,
    startTime: configuration.clock ?? host.wallClock(),
    disks: storesOf(files, 'ide'),
    virtioDisks: storesOf(files, 'virtio'),
    virtioConsole: configuration.serial.virtio0 !== 'none',
    onSerial: (port, byte) => listener.serial(port, byte),
    onConsole: (byte) => listener.console(byte),
    onReport: (message) => listener.report(message),
  });
  const hypervisor = new Hypervisor(machine, {
    mode: options.mode,
    disableIoOps: options.disableIoOps,
    vmi: vmiOptions(configuration),
    costProfile: costProfile(configuration, files.costProfile),
    charge: options.charge,
    nanoseconds: () => host.nanoseconds(),
    callSite: (linear) => listener.callSite(linear),
    onReport: (message) => listener.report(message),
    abis: options.abis,
    guestInfo: options.guestInfo,
    onCrash: (message) => machine.end({ kind: 'crash', message }),
    onPrint: (byte) => listener.console(byte),
  });
  machine.cpu.intercepts = hypervisor;
  // A BIOS from a file takes the place of the built-in one.
  const firmware = files.bios ? mapBiosFile(machine, files.bios) : installBios(machine, configuration, files, listener);
  return {
    machine,
    hypervisor,
    symbols: loadSymbols(configuration, files),
    ports: loadPortMaps(machine, files),
    load: () => loadGuest(machine, firmware, configuration, files),
  };
}

function storesOf({ drives }: LaunchFiles, kind: Drive['interface']): BlockStore[] {
  return drives.filter((drive) => drive.interface === kind).map((drive) => drive.store);
}

function loadSymbols(configuration: LaunchConfiguration, { program, symbols }: LaunchFiles): SymbolTable {
  const table = new SymbolTable();
  const { sourceMap } = configuration;
  // A program without usable symbols can be debugged all the same; a file named as `symbols` must have some.
  if (program && configuration.program !== undefined && isElf(program.bytes)) {
    try {
      table.load(configuration.program, program.bytes, { sourceMap });
    } catch (error) {
      if (!(asLaunchError(error, 'program') instanceof LaunchError)) throw error;
      table.warnings.push(error instanceof Error ? error.message : String(error));
    }
  }
  for (const { path, bytes } of symbols) {
    try {
      table.load(path, bytes, { sourceMap });
    } catch (error) {
      throw asLaunchError(error, 'symbols');
    }
  }
  return table;
}

function loadPortMaps(machine: Machine, { portMaps }: LaunchFiles): PortNames {
  const names = new PortNames(machine.bus);
  for (const { path, text } of portMaps) {
    try {
      names.load(text, path);
    } catch (error) {
      throw asLaunchError(error, 'portMaps');
    }
  }
  return names;
}

/** BIOS number of the first drive: 0x80, a disk; but a program that is the image of a floppy disk boots from drive 0. */
function firstDrive(configuration: LaunchConfiguration, { drives }: LaunchFiles): number {
  const implied = configuration.drives.length === 0 && drives.length > 0;
  return implied && isFloppySize(drives[0].image.length) ? 0 : 0x80;
}

function mapBiosFile(machine: Machine, bios: Image): undefined {
  try {
    mapBios(machine.memory, bios);
  } catch (error) {
    throw asLaunchError(error, 'bios');
  }
}

function installBios(
  machine: Machine,
  configuration: LaunchConfiguration,
  files: LaunchFiles,
  listener: MachineListener,
): Bios {
  const { memory, cpu, clock, pc } = machine;
  const stores = files.drives.map((drive) => drive.store);
  const floppy = firstDrive(configuration, files) === 0;
  return new Bios({
    target: { memory, state: cpu.state, segmentation: cpu.segmentation },
    monitorCalls: cpu.monitorCalls,
    clock,
    pc,
    disks: floppy ? [biosDisk(0, stores[0]), ...numberDisks(stores.slice(1))] : numberDisks(stores),
    onTeletype: (byte) => listener.console(byte),
  });
}

function loadGuest(
  machine: Machine,
  firmware: Bios | undefined,
  configuration: LaunchConfiguration,
  files: LaunchFiles,
): LoadedImage | undefined {
  const { program, initrd, bios, drives } = files;
  const { memory, cpu } = machine;
  // From its reset vector a BIOS finds its own way to a drive.
  if (bios && !program) return undefined;
  firmware?.initialize();
  const bootDrive = program ? undefined : drives[0];
  const image = program ?? (bootDrive && { name: bootDrive.path, bytes: bootDrive.image });
  if (!image) throw new LaunchError('program: nothing to run; name a guest image, a bios, or a drive to boot from.');
  try {
    const { loadAddress, entry } = configuration;
    const format = bootDrive ? 'boot' : (configuration.format ?? detectFormat(image));
    const takesCommandLine = format === 'multiboot' || format === 'bzimage';
    return loadImage({ memory, state: cpu.state, segmentation: cpu.segmentation }, image, {
      format,
      loadAddress,
      entry,
      commandLine: takesCommandLine ? commandLine(configuration) : configuration.commandLine,
      modules: initrd ? [initrd] : [],
      bootDrive: drives.length > 0 ? firstDrive(configuration, files) : undefined,
    });
  } catch (error) {
    throw asLaunchError(error, program ? 'program' : 'drives[0].file');
  }
}
