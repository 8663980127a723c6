/** Machine code for tiny guests, 32-bit, by the mnemonics of the manual. */

function dword(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff];
}

export const asm = {
  movEax: (value: number): number[] => [0xb8, ...dword(value)],
  movEcx: (value: number): number[] => [0xb9, ...dword(value)],
  movEsp: (value: number): number[] => [0xbc, ...dword(value)],
  movEsi: (value: number): number[] => [0xbe, ...dword(value)],
  movEdi: (value: number): number[] => [0xbf, ...dword(value)],
  movDx: (value: number): number[] => [0x66, 0xba, value & 0xff, value >>> 8],
  movAl: (value: number): number[] => [0xb0, value],
  outDxAl: [0xee],
  outDxAx: [0x66, 0xef],
  outDxEax: [0xef],
  inAlDx: [0xec],
  inEaxDx: [0xed],
  outImm: (port: number): number[] => [0xe6, port],
  repOutsb: [0xf3, 0x6e],
  repInsb: [0xf3, 0x6c],
  repStosb: [0xf3, 0xaa],
  call: (from: number, to: number): number[] => [0xe8, ...dword(to - (from + 5))],
  ret: [0xc3],
  nop: [0x90],
  incEax: [0x40],
  hlt: [0xf4],
  cli: [0xfa],
  sti: [0xfb],
  cpuid: [0x0f, 0xa2],
  ud2: [0x0f, 0x0b],
  int: (vector: number): number[] => [0xcd, vector],
  iret: [0xcf],
  /** MOV DWORD [address], value */
  store: (address: number, value: number): number[] => [0xc7, 0x05, ...dword(address), ...dword(value)],
  /** MOV EAX, [address] */
  load: (address: number): number[] => [0xa1, ...dword(address)],
  lidt: (address: number): number[] => [0x0f, 0x01, 0x1d, ...dword(address)],
  /** The end of a guest that is content: interrupts off and asleep. */
  end: [0xfa, 0xf4],
};

/** Pieces one after the other, with the offset at which each begins. */
export function program(...pieces: number[][]): { code: number[]; starts: number[] } {
  const code: number[] = [];
  const starts: number[] = [];
  for (const piece of pieces) {
    starts.push(code.length);
    code.push(...piece);
  }
  return { code, starts };
}
