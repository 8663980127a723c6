import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Code, Decoder, DecoderOptions } from 'iced-x86';
import { LengthDecoder, MAX_INSTRUCTION_LENGTH } from '../../../src/machine/isa/length';
import { opcodeMap, selectForm } from '../../../src/machine/isa/table';

const lengths = new LengthDecoder('pentium2');
const opcodes = opcodeMap('pentium2');

function icedLength(bytes: Uint8Array, bits: 16 | 32): { length: number; valid: boolean } {
  const decoder = new Decoder(bits, bytes, DecoderOptions.NoInvalidCheck);
  const instruction = decoder.decode();
  const result = { length: instruction.length, valid: instruction.code !== Code.INVALID };
  instruction.free();
  decoder.free();
  return result;
}

/** True if our table has a form for the bytes. */
function known(bytes: Uint8Array): boolean {
  let at = 0;
  while ([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3].includes(bytes[at])) at++;
  const prefixes = [...bytes.subarray(0, at)];
  const repeat = prefixes.findLast((byte) => byte === 0xf2 || byte === 0xf3);
  const prefix = repeat ? (repeat === 0xf2 ? 'F2' : 'F3') : prefixes.includes(0x66) ? '66' : 'NP';
  const key = bytes[at] === 0x0f ? 0x100 + bytes[++at] : bytes[at];
  const entry = opcodes.get(key);
  if (!entry) return false;
  return !entry.modRm || selectForm(entry, bytes[at + 1], prefix) !== undefined;
}

describe('instruction lengths', () => {
  it('agree with an independent decoder for every one- and two-byte opcode and ModR/M', () => {
    let compared = 0;
    for (const bits of [16, 32] as const) {
      for (const key of opcodes.keys()) {
        for (let modRm = 0; modRm < 256; modRm++) {
          const head = key >= 0x100 ? [0x0f, key & 0xff] : [key];
          const bytes = Uint8Array.from([...head, modRm, 0x25, ...Array<number>(12).fill(0x11)]);
          if (!known(bytes)) continue;
          const oracle = icedLength(bytes, bits);
          if (!oracle.valid) continue;
          const ours = lengths.decode((i) => bytes[i], bits === 32);
          assert.equal(ours.length, oracle.length, `${bits}-bit ${Buffer.from(bytes).toString('hex')}`);
          compared++;
        }
      }
    }
    assert.ok(compared > 100_000, `only ${compared} encodings compared`);
  });

  it('agree with an independent decoder for random bytes with prefixes', () => {
    const prefix = fc.constantFrom(0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf2, 0xf3);
    const sample = fc.tuple(fc.array(prefix, { maxLength: 4 }), fc.uint8Array({ minLength: 15, maxLength: 15 }));
    fc.assert(
      fc.property(sample, fc.constantFrom(16 as const, 32 as const), ([prefixes, rest], bits) => {
        const bytes = Uint8Array.from([...prefixes, ...rest]);
        fc.pre(known(bytes));
        const oracle = icedLength(bytes, bits);
        fc.pre(oracle.valid);
        const ours = lengths.decode((i) => bytes[i] ?? 0, bits === 32);
        assert.equal(ours.length, oracle.length);
      }),
      { numRuns: 5000 },
    );
  });

  it('tell an instruction that is too long by its prefixes', () => {
    const bytes = Uint8Array.from([...Array<number>(20).fill(0x66), 0x90]);
    assert.ok(lengths.decode((i) => bytes[i], true).length > MAX_INSTRUCTION_LENGTH);
  });

  it('refuse LOCK without a memory destination', () => {
    const lockAddMemory = [0xf0, 0x01, 0x00];
    const lockAddRegister = [0xf0, 0x01, 0xc0];
    const lockMov = [0xf0, 0x89, 0x00];
    const badLock = (bytes: number[]) => lengths.decode((i) => bytes[i], true).badLock;
    assert.equal(badLock(lockAddMemory), false);
    assert.equal(badLock(lockAddRegister), true);
    assert.equal(badLock(lockMov), true);
  });
});
