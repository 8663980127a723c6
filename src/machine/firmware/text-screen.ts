import type { PhysicalMemory } from '../memory/physical';
import { Bda } from './bios-data';

const FRAME = 0xb8000;
const FRAME_BYTES = 0x8000;
const COLUMNS = 80;
const ROWS = 25;
const PAGE_BYTES = 0x1000;
const BLANK = 0x20;
const GREY_ON_BLACK = 0x07;

/** All cells of all pages. The host is little-endian, as WebAssembly is. */
const BLANK_FRAME = new Uint16Array(FRAME_BYTES / 2).fill(BLANK | (GREY_ON_BLACK << 8));

const BELL = 0x07;
const BACKSPACE = 0x08;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** A rectangle of the screen, its corners included. */
export interface Window {
  top: number;
  left: number;
  bottom: number;
  right: number;
}

/**
 * The text screen of a VGA in mode 3, 80 by 25: characters and attributes at B8000h, cursors in the BIOS data area.
 * There are eight pages of 4 KiB.
 */
export class TextScreen {
  constructor(
    private readonly memory: PhysicalMemory,
    private readonly onTeletype: (byte: number) => void,
  ) {}

  /** Makes the frame buffer RAM: once, when the machine is built. */
  map(): void {
    this.memory.mapRam(FRAME, FRAME_BYTES);
  }

  /** Clears all pages and puts the mode in the BIOS data area. @param keep leaves the characters alone */
  setMode(mode: number, keep: boolean): void {
    const { memory } = this;
    if (!keep) memory.poke(FRAME, new Uint8Array(BLANK_FRAME.buffer));
    memory.write(Bda.VideoMode, 1, mode);
    memory.write(Bda.Columns, 2, COLUMNS);
    memory.write(Bda.PageBytes, 2, PAGE_BYTES);
    memory.write(Bda.PageOffset, 2, 0);
    memory.write(Bda.ActivePage, 1, 0);
    memory.write(Bda.CursorShape, 2, 0x0607);
    memory.write(Bda.LastRow, 1, ROWS - 1);
    memory.write(Bda.CharacterHeight, 2, 16);
    for (let page = 0; page < 8; page++) this.setCursor(page, 0, 0);
  }

  get mode(): number {
    return this.memory.read(Bda.VideoMode, 1);
  }

  get activePage(): number {
    return this.memory.read(Bda.ActivePage, 1);
  }

  set activePage(page: number) {
    this.memory.write(Bda.ActivePage, 1, page & 7);
    this.memory.write(Bda.PageOffset, 2, (page & 7) * PAGE_BYTES);
  }

  cursor(page: number): { row: number; column: number } {
    const at = Bda.Cursors + 2 * (page & 7);
    return { row: this.memory.read(at + 1, 1), column: this.memory.read(at, 1) };
  }

  setCursor(page: number, row: number, column: number): void {
    const at = Bda.Cursors + 2 * (page & 7);
    this.memory.write(at, 1, column);
    this.memory.write(at + 1, 1, row);
  }

  /** Character in the low byte, attribute in the high one. */
  cell(page: number, row: number, column: number): number {
    return this.memory.read(this.address(page, row, column), 2);
  }

  /** Writes a character, and an attribute if there is one; the cursor stays. */
  put(page: number, row: number, column: number, character: number, attribute?: number): void {
    const at = this.address(page, row, column);
    this.memory.write(at, 1, character);
    if (attribute !== undefined) this.memory.write(at + 1, 1, attribute);
  }

  /** Writes like a teletype: control characters move, the screen scrolls at its end. Also goes to the console. */
  teletype(page: number, byte: number, attribute?: number): void {
    this.onTeletype(byte);
    let { row, column } = this.cursor(page);
    if (byte === BACKSPACE) column = Math.max(0, column - 1);
    else if (byte === CARRIAGE_RETURN) column = 0;
    else if (byte === LINE_FEED) row++;
    else if (byte !== BELL) {
      this.put(page, row, column, byte, attribute);
      column++;
    }
    if (column >= COLUMNS) {
      column = 0;
      row++;
    }
    if (row >= ROWS) {
      row = ROWS - 1;
      const fill = this.cell(page, row, column) >> 8;
      this.scroll(page, { top: 0, left: 0, bottom: ROWS - 1, right: COLUMNS - 1 }, 1, fill);
    }
    this.setCursor(page, row, column);
  }

  /** Moves a window up (down if negative) by lines; 0 clears it. New lines are blank with the attribute. */
  scroll(page: number, window: Window, lines: number, attribute: number): void {
    const top = Math.min(window.top, ROWS - 1);
    const bottom = Math.min(window.bottom, ROWS - 1);
    const right = Math.min(window.right, COLUMNS - 1);
    const height = bottom - top + 1;
    const shift = lines === 0 || Math.abs(lines) > height ? height : lines;
    const blank = BLANK | (attribute << 8);
    for (let i = 0; i < height; i++) {
      const row = shift > 0 ? top + i : bottom - i;
      const from = row + shift;
      for (let column = window.left; column <= right; column++) {
        const cell = from >= top && from <= bottom ? this.cell(page, from, column) : blank;
        this.memory.write(this.address(page, row, column), 2, cell);
      }
    }
  }

  private address(page: number, row: number, column: number): number {
    return FRAME + (((page & 7) * PAGE_BYTES + (row * COLUMNS + column) * 2) % FRAME_BYTES);
  }
}
