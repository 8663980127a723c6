import assert from 'node:assert/strict';
import { IoDecoder } from '../../src/hypervisor/decoder/io-instruction';
import { SegmentIndex } from '../../src/machine/layout';

const decoder = new IoDecoder();

function decode(bytes: readonly number[], code32: boolean): ReturnType<IoDecoder['decode']> {
  return decoder.decode((index) => bytes[index] ?? 0x90, code32);
}

/** Opcode, direction, width (0: by operand size), string, immediate port. */
const OPCODES: readonly [number, 'in' | 'out', 0 | 1, boolean, boolean][] = [
  [0xe4, 'in', 1, false, true],
  [0xe5, 'in', 0, false, true],
  [0xe6, 'out', 1, false, true],
  [0xe7, 'out', 0, false, true],
  [0xec, 'in', 1, false, false],
  [0xed, 'in', 0, false, false],
  [0xee, 'out', 1, false, false],
  [0xef, 'out', 0, false, false],
  [0x6c, 'in', 1, true, false],
  [0x6d, 'in', 0, true, false],
  [0x6e, 'out', 1, true, false],
  [0x6f, 'out', 0, true, false],
];

const SEGMENTS: readonly [number[], SegmentIndex | undefined][] = [
  [[], undefined],
  [[0x26], SegmentIndex.ES],
  [[0x2e], SegmentIndex.CS],
  [[0x36], SegmentIndex.SS],
  [[0x3e], SegmentIndex.DS],
  [[0x64], SegmentIndex.FS],
  [[0x65], SegmentIndex.GS],
];

const REPEATS: readonly number[][] = [[], [0xf3], [0xf2]];

describe('the decoder of I/O instructions', () => {
  it('decodes every form with every prefix, in 16- and 32-bit code', () => {
    let forms = 0;
    for (const code32 of [false, true])
      for (const operandPrefix of [[], [0x66]])
        for (const addressPrefix of [[], [0x67]])
          for (const [segmentPrefix, override] of SEGMENTS)
            for (const repeatPrefix of REPEATS)
              for (const [opcode, direction, width, string, immediate] of OPCODES) {
                const prefixes = [...repeatPrefix, ...segmentPrefix, ...addressPrefix, ...operandPrefix];
                const bytes = [...prefixes, opcode, ...(immediate ? [0xa5] : [])];
                const what = `${bytes.map((byte) => byte.toString(16)).join(' ')} in ${code32 ? 32 : 16}-bit code`;
                assert.equal(decode(bytes, code32), undefined, what);
                const big = code32 !== operandPrefix.length > 0;
                const { instruction } = decoder;
                assert.deepEqual(
                  { ...instruction, bytes: [...instruction.bytes.subarray(0, instruction.length)] },
                  {
                    direction,
                    width: width || (big ? 4 : 2),
                    string,
                    repeat: string && repeatPrefix.length > 0,
                    immediate: immediate ? 0xa5 : -1,
                    segment: opcode === 0x6c || opcode === 0x6d ? SegmentIndex.ES : (override ?? SegmentIndex.DS),
                    addressSize: code32 !== addressPrefix.length > 0 ? 4 : 2,
                    length: bytes.length,
                    bytes,
                  },
                  what,
                );
                forms++;
              }
    assert.equal(forms, 2 * 2 * 2 * 7 * 3 * 12);
  });

  it('takes prefixes in any order, and the last segment of several', () => {
    assert.equal(decode([0x26, 0x66, 0x2e, 0xf2, 0x67, 0xf3, 0x64, 0x6f], true), undefined);
    const { width, segment, repeat, addressSize, length } = decoder.instruction;
    assert.deepEqual([width, segment, repeat, addressSize, length], [2, SegmentIndex.FS, true, 2, 8]);
  });

  it('does not toggle a size twice', () => {
    assert.equal(decode([0x66, 0x66, 0x67, 0x67, 0x6f], true), undefined);
    assert.deepEqual([decoder.instruction.width, decoder.instruction.addressSize], [2, 2]);
  });

  it('refuses every other opcode, also behind prefixes', () => {
    const prefixes = new Set([0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65]);
    const io = new Set(OPCODES.map(([opcode]) => opcode));
    for (let opcode = 0; opcode < 0x100; opcode++) {
      if (prefixes.has(opcode) || io.has(opcode)) continue;
      assert.equal(decode([opcode], true), 'not-io', opcode.toString(16));
      assert.equal(decode([0x66, 0xf3, opcode], true), 'not-io', opcode.toString(16));
    }
  });

  it('refuses LOCK before any of them', () => {
    for (const [opcode] of OPCODES) assert.equal(decode([0xf0, opcode], true), 'locked');
  });

  it('stops at 15 bytes', () => {
    const prefixes = (count: number): number[] => Array.from({ length: count }, () => 0x66);
    assert.equal(decode([...prefixes(14), 0xec], true), undefined);
    assert.equal(decoder.instruction.length, 15);
    assert.equal(decode([...prefixes(13), 0xe4, 0x80], true), undefined);
    assert.equal(decoder.instruction.length, 15);
    assert.equal(decode([...prefixes(14), 0xe4, 0x80], true), 'too-long');
    assert.equal(decode([...prefixes(15), 0xec], true), 'too-long');
  });

  it('fetches no byte behind the instruction', () => {
    for (const [opcode, , , , immediate] of OPCODES) {
      let last = -1;
      decoder.decode((index) => {
        last = index;
        return index === 0 ? 0x66 : index === 1 ? opcode : 0x12;
      }, true);
      assert.equal(last, immediate ? 2 : 1, opcode.toString(16));
    }
  });
});
