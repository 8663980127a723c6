import { type Geometry, type TaskFile, translatedGeometry } from './address';
import { MAX_MULTIPLE } from './identify';
import { DEVICE_HEAD } from './registers';

/** What a command may do to its drive. Each ends in `complete`, `abort` or a transfer. */
export interface CommandTarget {
  task(): TaskFile;
  /** Sectors of the disk. */
  sectors(): number;
  /** Done: ready, interrupt. */
  complete(): void;
  /** Not carried out: ERR, ABRT, interrupt. */
  abort(): void;
  read(ext: boolean, multiple: boolean): void;
  write(ext: boolean, multiple: boolean): void;
  verify(ext: boolean): void;
  seek(): void;
  identify(): void;
  diagnose(): void;
  setMultiple(sectors: number): void;
  setGeometry(geometry: Geometry): void;
  setAddress(ext: boolean, address: number): void;
}

type Command = (drive: CommandTarget) => void;

const done: Command = (drive) => drive.complete();

/** Power mode "active or idle". */
const POWER_ACTIVE = 0xff;

/** SET FEATURES subcommands without effect here: write cache, look-ahead, and power-on defaults. */
const HARMLESS_FEATURES = new Set([0x02, 0x82, 0x55, 0xaa, 0x66, 0xcc]);
const SET_TRANSFER_MODE = 0x03;
/** Transfer modes: PIO default, the same without IORDY, PIO 0 to 4 with flow control. */
const PIO_MODES = new Set([0x00, 0x01, 0x08, 0x09, 0x0a, 0x0b, 0x0c]);

function setFeatures(drive: CommandTarget): void {
  const { features, count } = drive.task();
  const known = HARMLESS_FEATURES.has(features) || (features === SET_TRANSFER_MODE && PIO_MODES.has(count));
  if (known) drive.complete();
  else drive.abort();
}

function setMultiple(drive: CommandTarget): void {
  const { count } = drive.task();
  const valid = count <= MAX_MULTIPLE && (count & (count - 1)) === 0;
  drive.setMultiple(valid ? count : 0);
  if (valid) drive.complete();
  else drive.abort();
}

function initializeParameters(drive: CommandTarget): void {
  const { count, device } = drive.task();
  if (count === 0) {
    drive.abort();
    return;
  }
  drive.setGeometry(translatedGeometry(drive.sectors(), (device & DEVICE_HEAD) + 1, count));
  drive.complete();
}

function readNativeMax(ext: boolean): Command {
  const limit = ext ? 2 ** 48 : 2 ** 28;
  return (drive) => {
    drive.setAddress(ext, Math.min(drive.sectors(), limit) - 1);
    drive.complete();
  };
}

/** Commands that fill sixteen codes each. */
const FAMILIES: readonly [number, Command][] = [
  [0x10, done],
  [0x70, (drive) => drive.seek()],
];

/** Commands by code (ATA/ATAPI-6, and ATA-1 for the old codes). A code that is not here is aborted. */
export const COMMANDS: Readonly<Record<number, Command | undefined>> = {
  ...Object.fromEntries(FAMILIES.flatMap(([base, run]) => Array.from({ length: 16 }, (_, i) => [base + i, run]))),
  // NOP ends with ABRT by definition.
  0x00: (drive) => drive.abort(),
  0x20: (drive) => drive.read(false, false),
  0x21: (drive) => drive.read(false, false),
  0x24: (drive) => drive.read(true, false),
  0x27: readNativeMax(true),
  0x29: (drive) => drive.read(true, true),
  0x30: (drive) => drive.write(false, false),
  0x31: (drive) => drive.write(false, false),
  0x34: (drive) => drive.write(true, false),
  0x39: (drive) => drive.write(true, true),
  0x40: (drive) => drive.verify(false),
  0x41: (drive) => drive.verify(false),
  0x42: (drive) => drive.verify(true),
  0x90: (drive) => drive.diagnose(),
  0x91: initializeParameters,
  0xc4: (drive) => drive.read(false, true),
  0xc5: (drive) => drive.write(false, true),
  0xc6: setMultiple,
  0xe0: done,
  0xe1: done,
  0xe2: done,
  0xe3: done,
  0xe5: (drive) => {
    drive.task().count = POWER_ACTIVE;
    drive.complete();
  },
  0xe7: done,
  0xea: done,
  0xec: (drive) => drive.identify(),
  0xef: setFeatures,
  0xf8: readNativeMax(false),
};
