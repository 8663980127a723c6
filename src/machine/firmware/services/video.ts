import type { BiosCall } from '../bios-call';
import { type BiosContext, type BiosFunction, byFunction } from '../bios-context';
import { Bda } from '../bios-data';

/** Text modes that all show as 80 by 25 here; graphics modes are not set. */
const TEXT_MODES = new Set([0x00, 0x01, 0x02, 0x03, 0x07]);
const KEEP_SCREEN = 0x80;
const COLUMNS = 80;

function setMode(call: BiosCall, { screen }: BiosContext): void {
  const mode = call.al & ~KEEP_SCREEN;
  if (TEXT_MODES.has(mode)) screen.setMode(mode, (call.al & KEEP_SCREEN) !== 0);
}

function scroll(direction: 1 | -1): BiosFunction {
  return (call, { screen }) => {
    const window = { top: call.ch, left: call.cl, bottom: call.dh, right: call.dl };
    screen.scroll(screen.activePage, window, call.al * direction, call.bh);
  };
}

/** AH=09h and 0Ah: CX times, without moving the cursor. */
function repeatCharacter(withAttribute: boolean): BiosFunction {
  return (call, { screen }) => {
    const { row, column } = screen.cursor(call.bh);
    for (let i = 0; i < call.cx; i++) {
      const at = row * COLUMNS + column + i;
      if (at >= 25 * COLUMNS) return;
      const attribute = withAttribute ? call.bl : undefined;
      screen.put(call.bh, Math.floor(at / COLUMNS), at % COLUMNS, call.al, attribute);
    }
  };
}

/** AH=13h: AL bit 0 moves the cursor, bit 1 says that attributes are in the string. */
function writeString(call: BiosCall, { screen }: BiosContext): void {
  const page = call.bh;
  const before = screen.cursor(page);
  const mixed = (call.al & 2) !== 0;
  screen.setCursor(page, call.dh, call.dl);
  for (let i = 0, at = call.bp; i < call.cx; i++) {
    const character = call.memory.read(call.es(at++ & 0xffff), 1);
    const attribute = mixed ? call.memory.read(call.es(at++ & 0xffff), 1) : call.bl;
    screen.teletype(page, character, attribute);
  }
  if (!(call.al & 1)) screen.setCursor(page, before.row, before.column);
}

/** INT 10h: the screen. Functions that are not here leave everything alone, as on a plain adapter. */
export const video = byFunction(
  {
    0x00: setMode,
    0x01: (call) => call.memory.write(Bda.CursorShape, 2, call.cx),
    0x02: (call, { screen }) => screen.setCursor(call.bh, call.dh, call.dl),
    0x03: (call, { screen }) => {
      const { row, column } = screen.cursor(call.bh);
      call.dh = row;
      call.dl = column;
      call.cx = call.memory.read(Bda.CursorShape, 2);
    },
    0x05: (call, { screen }) => {
      screen.activePage = call.al;
    },
    0x06: scroll(1),
    0x07: scroll(-1),
    0x08: (call, { screen }) => {
      const { row, column } = screen.cursor(call.bh);
      call.ax = screen.cell(call.bh, row, column);
    },
    0x09: repeatCharacter(true),
    0x0a: repeatCharacter(false),
    0x0e: (call, { screen }) => screen.teletype(screen.activePage, call.al),
    0x0f: (call, { screen }) => {
      call.ah = COLUMNS;
      call.al = screen.mode;
      call.bh = screen.activePage;
    },
    0x12: (call) => {
      // BL=10h: colour, 256 KiB, no feature bits.
      if (call.bl !== 0x10) return;
      call.bx = 0x0003;
      call.cx = 0x0009;
    },
    0x13: writeString,
    0x1a: (call) => {
      // AL=00h: display combination: VGA with a colour monitor.
      if (call.al !== 0) return;
      call.al = 0x1a;
      call.bx = 0x0008;
    },
  },
  () => undefined,
);
