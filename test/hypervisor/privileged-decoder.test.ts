import assert from 'node:assert/strict';
import { effectiveOffset } from '../../src/hypervisor/decoder/memory-operand';
import { decodePrivileged } from '../../src/hypervisor/decoder/privileged-instruction';
import { CpuState } from '../../src/machine/cpu/state';
import { RAM_BASE, Register, SegmentIndex } from '../../src/machine/layout';

const state = new CpuState(new WebAssembly.Memory({ initial: RAM_BASE / 65536 }));
for (let register = 0; register < 8; register++) state.setReg(register, 0x01010101 * (register + 1));
const [EAX, , , EBX, ESP, EBP, ESI, EDI] = Array.from({ length: 8 }, (_, i) => state.reg(i));

const decode = (bytes: readonly number[], code32 = true): ReturnType<typeof decodePrivileged> =>
  decodePrivileged((index) => bytes[index] ?? assert.fail(`byte ${index} is beyond the instruction`), code32);

/** LMSW with an operand in memory. */
const lmsw = (modrm: number[], prefixes: number[] = []): number[] => [
  ...prefixes,
  0x0f,
  0x01,
  modrm[0] | 0x30,
  ...modrm.slice(1),
];

describe('the decoder of privileged instructions', () => {
  it('finds memory operands of every form', () => {
    const d32 = [0x78, 0x56, 0x34, 0x12];
    for (const [modrm, segment, offset, prefixes] of [
      [[0x00], SegmentIndex.DS, EAX],
      [[0x05, ...d32], SegmentIndex.DS, 0x12345678],
      [[0x45, 0xfc], SegmentIndex.SS, EBP - 4],
      [[0x83, ...d32], SegmentIndex.DS, EBX + 0x12345678],
      [[0x04, 0x24], SegmentIndex.SS, ESP],
      [[0x44, 0x24, 0x08], SegmentIndex.SS, ESP + 8],
      [[0x04, 0xb3], SegmentIndex.DS, EBX + 4 * ESI],
      [[0x04, 0xfd, ...d32], SegmentIndex.DS, 8 * EDI + 0x12345678],
      [[0x44, 0x2d, 0x10], SegmentIndex.SS, 2 * EBP + 0x10, undefined],
      [[0x00], SegmentIndex.FS, EAX, [0x64]],
      [[0x45, 0], SegmentIndex.DS, EBP, [0x3e]],
    ] as const) {
      // ebp as a base with ebp as the index, unscaled, is the one with 0x2d: base 5, index 5.
      const decoded = decode(lmsw([...modrm], [...(prefixes ?? [])]));
      assert.ok(decoded?.memory, JSON.stringify(modrm));
      assert.equal(decoded.memory.segment, segment, JSON.stringify(modrm));
      assert.equal(effectiveOffset(state, decoded.memory), offset >>> 0, JSON.stringify(modrm));
    }
  });

  it('finds 16-bit operands', () => {
    for (const [modrm, segment, offset] of [
      [[0x00], SegmentIndex.DS, EBX + ESI],
      [[0x02], SegmentIndex.SS, EBP + ESI],
      [[0x04], SegmentIndex.DS, ESI],
      [[0x06, 0x34, 0x12], SegmentIndex.DS, 0x1234],
      [[0x46, 0xff], SegmentIndex.SS, EBP - 1],
      [[0x87, 0x00, 0x80], SegmentIndex.DS, EBX + 0x8000],
    ] as const) {
      const decoded = decode(lmsw([...modrm]), false);
      assert.ok(decoded?.memory);
      assert.equal(decoded.memory.segment, segment);
      assert.equal(effectiveOffset(state, decoded.memory), offset & 0xffff);
      assert.deepEqual(decode(lmsw([...modrm], [0x67]))?.memory, decoded.memory, 'by prefix');
    }
  });

  it('takes the whole instruction and no byte more', () => {
    for (const [bytes, name] of [
      [[0xfa], 'CLI'],
      [[0x66, 0x2e, 0xf3, 0xfb], 'STI'],
      [[0x0f, 0x22, 0xd8], 'MOV_CR'],
      // Moves to and from special registers have no memory operands, whatever mod says.
      [[0x0f, 0x20, 0x05], 'MOV_FROM_CR'],
      [[0x0f, 0x01, 0x15, 1, 2, 3, 4], 'LGDT'],
      [[0x0f, 0x01, 0xbc, 0x24, 1, 2, 3, 4], 'INVLPG'],
      [[0xca, 0x10, 0x00], 'RETF'],
      [[0x8e, 0xd2], 'MOV_SS'],
    ] as const) {
      const decoded = decode(bytes);
      assert.equal(decoded?.name, name);
      assert.deepEqual([...(decoded?.bytes ?? [])], bytes);
    }
  });

  it('knows what is none', () => {
    for (const bytes of [
      [0x90],
      [0x8e, 0xd8], // mov ds, ax
      [0x0f, 0x01, 0xc1], // vmcall
      [0x0f, 0x01, 0xd0], // no lgdt with a register
      [0x0f, 0x01, 0x20], // smsw
      [0x0f, 0x00, 0xe0], // verr
      [0x0f, 0xa2],
      [0xf0, 0x0f, 0x06], // lock clts
      Array.from({ length: 16 }, () => 0x66),
      [...Array.from({ length: 14 }, () => 0x66), 0x0f, 0x06],
    ]) {
      assert.equal(decode(bytes), undefined, bytes.map((byte) => byte.toString(16)).join(' '));
    }
  });

  it('tells operand sizes', () => {
    assert.equal(decode([0xcf])?.operandSize, 4);
    assert.equal(decode([0x66, 0xcf])?.operandSize, 2);
    assert.equal(decode([0xcf], false)?.operandSize, 2);
    assert.equal(decode([0x0f, 0x22, 0xd8])?.reg, 3);
    assert.equal(decode([0x0f, 0x22, 0xdf])?.rm, Register.EDI);
  });
});
