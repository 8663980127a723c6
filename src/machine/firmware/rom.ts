/** The firmware's ROM: 64 KiB at F000:0000. Built at start; holds entry points and interrupt handlers in 16-bit code. */
export const ROM_ADDRESS = 0xf0000;
export const ROM_SEGMENT = 0xf000;
export const ROM_BYTES = 0x10000;

/** VMCALL: the handler in TypeScript is called, see `Bios`. */
const VMCALL = [0x0f, 0x01, 0xc1];
const IRET = 0xcf;
const STI = 0xfb;
const HLT = 0xf4;
const NOP = 0x90;

/** Where the code of the power-on self test and the reset vector are, as in every PC. */
const POST_OFFSET = 0xe05b;
const RESET_OFFSET = 0xfff0;
const HANDLERS_OFFSET = 0xf000;

/** Interrupts whose handler is TypeScript, with what follows the VMCALL: most return, some may have to wait. */
const SERVICES: Readonly<Record<number, 'return' | 'sleep' | 'spin' | 'timer' | 'boot' | 'stop'>> = {
  0x08: 'timer',
  0x10: 'return',
  0x11: 'return',
  0x12: 'return',
  0x13: 'return',
  0x14: 'spin',
  0x15: 'spin',
  0x16: 'sleep',
  0x17: 'return',
  0x18: 'stop',
  0x19: 'boot',
  0x1a: 'return',
};

/**
 * What a handler looks like behind its VMCALL. Handlers that wait go on at offset 4, where interrupts are let in before
 * the VMCALL is executed again.
 */
const TAILS = {
  return: [IRET],
  sleep: [IRET, STI, HLT, 0xeb, 0xf8],
  spin: [IRET, STI, NOP, 0xeb, 0xf8],
  // int 1Ch; push ax; mov al, 20h; out 20h, al; pop ax; iret
  timer: [0xcd, 0x1c, 0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58, IRET],
  // The VMCALL jumps to the boot sector; if there is none: int 18h
  boot: [0xcd, 0x18],
  // cli; hlt; jmp back to the hlt
  stop: [0xfa, HLT, 0xeb, 0xfd],
} as const;

/** Offset from the VMCALL at which a waiting handler goes on. */
export const WAIT_OFFSET = 4;

/** Handlers of interrupt lines that nobody has claimed: they end the interrupt. */
const LINE_HANDLERS = {
  // push ax; mov al, 20h; out 20h, al; pop ax; iret
  master: [0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58, IRET],
  // push ax; in al, 60h; mov al, 20h; out 20h, al; pop ax; iret
  keyboard: [0x50, 0xe4, 0x60, 0xb0, 0x20, 0xe6, 0x20, 0x58, IRET],
  // push ax; mov al, 20h; out 0A0h, al; out 20h, al; pop ax; iret
  slave: [0x50, 0xb0, 0x20, 0xe6, 0xa0, 0xe6, 0x20, 0x58, IRET],
  // push ax; xor al, al; out 0F0h, al; mov al, 20h; out 0A0h, al; out 20h, al; pop ax; int 2; iret
  coprocessor: [0x50, 0x30, 0xc0, 0xe6, 0xf0, 0xb0, 0x20, 0xe6, 0xa0, 0xe6, 0x20, 0x58, 0xcd, 0x02, IRET],
  // push ax; mov al, 0Ch; out 70h, al; in al, 71h; mov al, 20h; out 0A0h, al; out 20h, al; pop ax; iret
  clock: [0x50, 0xb0, 0x0c, 0xe6, 0x70, 0xe4, 0x71, 0xb0, 0x20, 0xe6, 0xa0, 0xe6, 0x20, 0x58, IRET],
} as const;

/** Diskette parameter table of a 1.44 MB drive (INT 1Eh), which boot sectors copy and change. */
const DISKETTE_PARAMETERS = [0xaf, 0x02, 0x25, 0x02, 0x12, 0x1b, 0xff, 0x6c, 0xf6, 0x0f, 0x08];

/** System configuration table (INT 15h AH=C0h): length, model AT, second PIC, RTC, EBDA. */
const CONFIGURATION = [8, 0, 0xfc, 0x00, 0x01, 0x74, 0, 0, 0, 0];

/** The image with everything that points into it. */
export interface RomImage {
  readonly bytes: Uint8Array;
  /** Offsets of the 256 interrupt handlers. */
  readonly handlers: Uint16Array;
  /** Interrupt by the offset of its VMCALL. */
  readonly services: ReadonlyMap<number, number>;
  /** Offset of the VMCALL of the power-on self test. */
  readonly post: number;
  /** Offset of the system configuration table. */
  readonly configuration: number;
}

/** Builds the ROM. */
export function buildRom(): RomImage {
  const bytes = new Uint8Array(ROM_BYTES);
  let end = HANDLERS_OFFSET;
  const append = (code: readonly number[]): number => {
    const at = end;
    bytes.set(code, at);
    end += code.length;
    return at;
  };

  const handlers = new Uint16Array(256).fill(append([IRET]));
  const services = new Map<number, number>();
  const lines = Object.fromEntries(Object.entries(LINE_HANDLERS).map(([name, code]) => [name, append(code)]));
  handlers[0x09] = lines.keyboard;
  handlers.fill(lines.master, 0x0a, 0x10);
  handlers[0x70] = lines.clock;
  handlers.fill(lines.slave, 0x71, 0x78);
  // A floating-point error reaches programs as the NMI that it was on the PC (IBM PC/AT technical reference, BIOS listing).
  handlers[0x75] = lines.coprocessor;
  for (const [vector, tail] of Object.entries(SERVICES)) {
    const at = append([...VMCALL, ...TAILS[tail]]);
    handlers[Number(vector)] = at;
    services.set(at, Number(vector));
  }
  handlers[0x1e] = append(DISKETTE_PARAMETERS);
  const configuration = append(CONFIGURATION);

  // vmcall; int 19h
  bytes.set([...VMCALL, 0xcd, 0x19], POST_OFFSET);
  // jmp F000:E05B, the date, and the model byte of a PC/AT
  bytes.set([0xea, POST_OFFSET & 0xff, POST_OFFSET >> 8, 0x00, 0xf0], RESET_OFFSET);
  bytes.set(
    [...'08/22/07'].map((character) => character.charCodeAt(0)),
    RESET_OFFSET + 5,
  );
  bytes[RESET_OFFSET + 0xe] = 0xfc;
  return { bytes, handlers, services, post: POST_OFFSET, configuration };
}
