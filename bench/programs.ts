const dword = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];

/** A loop of `iterations` around a body, then HLT. The counter is ECX. */
function loop(iterations: number, body: readonly number[]): number[] {
  // mov ecx, iterations; mov esp, 0x180000; top: body; dec ecx; jnz top; hlt
  const back = -(body.length + 1 + 6);
  return [0xb9, ...dword(iterations), 0xbc, ...dword(0x180000), ...body, 0x49, 0x0f, 0x85, ...dword(back), 0xf4];
}

/** Small programs for the interpreter, hand-assembled 32-bit code. */
export const PROGRAMS: readonly { name: string; code: readonly number[] }[] = [
  // add eax, ecx; xor edx, eax; rol edx, 3; lea ebx, [edx + eax*2]
  { name: 'register arithmetic', code: loop(1_000_000, [0x01, 0xc8, 0x31, 0xc2, 0xc1, 0xc2, 3, 0x8d, 0x1c, 0x42]) },
  // mov [0x200000], eax; add eax, [0x200000]; push eax; pop ebx
  {
    name: 'memory and stack',
    code: loop(1_000_000, [0xa3, ...dword(0x200000), 0x03, 0x05, ...dword(0x200000), 0x50, 0x5b]),
  },
  // call +1; jmp +1 over a ret
  { name: 'calls', code: loop(1_000_000, [0xe8, ...dword(2), 0xeb, 0x01, 0xc3]) },
  // out 0x80, al
  { name: 'port writes, no hypervisor', code: loop(300_000, [0xe6, 0x80]) },
];
