import { SECTOR_BYTES } from '../../devices/ide/block-store';
import type { BiosCall } from '../bios-call';
import { type BiosContext, type BiosFunction, byFunction } from '../bios-context';
import { Bda } from '../bios-data';
import { type BiosDisk, floppyType } from '../bios-disk';

/** Status codes of INT 13h. */
enum Status {
  Success = 0x00,
  BadCommand = 0x01,
  SectorNotFound = 0x04,
}

const MAX_EXTENDED_SECTORS = 127;
const PACKET_BYTES = 0x10;

type DiskFunction = (call: BiosCall, disk: BiosDisk, bios: BiosContext) => void;

/** Ends a function: the status goes to AH, CF and the BIOS data area. */
function finish(call: BiosCall, drive: number, status: Status): void {
  call.memory.write(drive < 0x80 ? Bda.FloppyStatus : Bda.DiskStatus, 1, status);
  if (status === Status.Success) call.succeed();
  else call.fail(status);
}

function withDisk(run: DiskFunction): BiosFunction {
  return (call, bios) => {
    const disk = bios.disks.find(({ number }) => number === call.dl);
    if (disk) run(call, disk, bios);
    else finish(call, call.dl, Status.BadCommand);
  };
}

/** Linear number of the sector in CX and DH, or -1 if there is none. */
function chsSector(call: BiosCall, { geometry }: BiosDisk): number {
  const cylinder = call.ch | ((call.cl & 0xc0) << 2);
  const sector = call.cl & 0x3f;
  const head = call.dh;
  if (sector < 1 || sector > geometry.sectors || head >= geometry.heads || cylinder >= geometry.cylinders) return -1;
  return (cylinder * geometry.heads + head) * geometry.sectors + sector - 1;
}

type Move = (call: BiosCall, disk: BiosDisk, sector: number, address: number) => void;

const read: Move = (call, disk, sector, address) => call.memory.poke(address, disk.store.read(sector));
const write: Move = (call, disk, sector, address) => disk.store.write(sector, call.memory.peek(address, SECTOR_BYTES));
const verify: Move = () => undefined;

/** Moves as many sectors as exist. @returns how many */
function transfer(call: BiosCall, disk: BiosDisk, move: Move, first: number, count: number, address: number): number {
  if (first < 0) return 0;
  const existing = Math.max(0, Math.min(count, disk.store.sectors - first));
  for (let i = 0; i < existing; i++) move(call, disk, first + i, address + i * SECTOR_BYTES);
  return existing;
}

/** AH=02h, 03h, 04h: AL sectors from CX and DH, to or from ES:BX. */
function chsTransfer(move: Move): BiosFunction {
  return withDisk((call, disk) => {
    const count = call.al;
    if (count === 0) {
      finish(call, disk.number, Status.BadCommand);
      return;
    }
    const moved = transfer(call, disk, move, chsSector(call, disk), count, call.es(call.bx));
    finish(call, disk.number, moved === count ? Status.Success : Status.SectorNotFound);
    call.al = moved;
  });
}

/** AH=42h, 43h, 44h: by the packet at DS:SI. */
function extendedTransfer(move: Move): BiosFunction {
  return withDisk((call, disk) => {
    const packet = call.ds(call.si);
    const word = (offset: number): number => call.memory.read(packet + offset, 2);
    const count = word(2);
    if (disk.number < 0x80 || (word(0) & 0xff) < PACKET_BYTES || count > MAX_EXTENDED_SECTORS) {
      finish(call, disk.number, Status.BadCommand);
      return;
    }
    const address = (word(6) << 4) + word(4);
    const first = call.memory.read(packet + 8, 4) + call.memory.read(packet + 12, 4) * 2 ** 32;
    const moved = transfer(call, disk, move, first, count, address);
    call.memory.write(packet + 2, 2, moved);
    finish(call, disk.number, moved === count ? Status.Success : Status.SectorNotFound);
  });
}

/** AH=08h: the highest cylinder, head and sector. */
const parameters = withDisk((call, disk, { disks }) => {
  const { cylinders, heads, sectors } = disk.geometry;
  const floppy = disk.number < 0x80;
  const last = cylinders - 1;
  call.cx = ((last & 0xff) << 8) | ((last >> 2) & 0xc0) | sectors;
  call.dh = heads - 1;
  call.dl = disks.filter(({ number }) => number < 0x80 === floppy).length;
  call.al = 0;
  if (floppy) {
    call.bl = floppyType(disk);
    const table = call.memory.read(0x1e * 4, 4);
    call.di = table & 0xffff;
    call.setEs(table >>> 16);
  }
  finish(call, disk.number, Status.Success);
});

/** AH=15h: kind of drive, and its sectors in CX:DX. CF is clear also where there is no drive. */
const driveType: BiosFunction = (call, { disks }) => {
  const disk = disks.find(({ number }) => number === call.dl);
  call.setCarry(false);
  if (!disk) {
    call.ah = 0;
  } else if (disk.number < 0x80) {
    call.ah = 1;
  } else {
    call.ah = 3;
    const sectors = Math.min(disk.store.sectors, 0xffffffff);
    call.cx = Math.floor(sectors / 0x10000);
    call.dx = sectors & 0xffff;
  }
};

/** AH=41h: the extensions are there: version 1.x, packet access. */
const extensionsPresent = withDisk((call, disk) => {
  if (call.bx !== 0x55aa || disk.number < 0x80) {
    finish(call, disk.number, Status.BadCommand);
    return;
  }
  finish(call, disk.number, Status.Success);
  call.ah = 0x01;
  call.bx = 0xaa55;
  call.cx = 0x0001;
});

/** AH=48h: the drive's parameters, to DS:SI. */
const extendedParameters = withDisk((call, disk) => {
  const buffer = call.ds(call.si);
  const size = 0x1a;
  if (disk.number < 0x80 || call.memory.read(buffer, 2) < size) {
    finish(call, disk.number, Status.BadCommand);
    return;
  }
  const { cylinders, heads, sectors } = disk.geometry;
  const geometryValid = 2;
  call.memory.write(buffer, 2, size);
  call.memory.write(buffer + 2, 2, geometryValid);
  [cylinders, heads, sectors].forEach((value, i) => call.memory.write(buffer + 4 + 4 * i, 4, value));
  call.memory.write(buffer + 16, 4, disk.store.sectors % 2 ** 32);
  call.memory.write(buffer + 20, 4, Math.floor(disk.store.sectors / 2 ** 32));
  call.memory.write(buffer + 24, 2, SECTOR_BYTES);
  finish(call, disk.number, Status.Success);
});

const nothingToDo = withDisk((call, disk) => finish(call, disk.number, Status.Success));

/** INT 13h: disks, straight to their sectors; the IDE ports stay as they are. */
export const disk = byFunction(
  {
    0x00: nothingToDo,
    0x01: (call) => {
      const status = call.memory.read(call.dl < 0x80 ? Bda.FloppyStatus : Bda.DiskStatus, 1);
      call.ah = status;
      call.setCarry(status !== 0);
    },
    0x02: chsTransfer(read),
    0x03: chsTransfer(write),
    0x04: chsTransfer(verify),
    0x08: parameters,
    0x0c: nothingToDo,
    0x0d: nothingToDo,
    0x10: nothingToDo,
    0x11: nothingToDo,
    0x15: driveType,
    0x41: extensionsPresent,
    0x42: extendedTransfer(read),
    0x43: extendedTransfer(write),
    0x44: extendedTransfer(verify),
    0x47: nothingToDo,
    0x48: extendedParameters,
  },
  (call) => finish(call, call.dl, Status.BadCommand),
);
