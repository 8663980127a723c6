import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Vector } from '../../../src/machine/cpu/fault';
import { FLAG_AF, FLAG_CF, FLAG_OF, FLAG_PF, FLAG_SF, FLAG_ZF, FLAGS_ARITHMETIC } from '../../../src/machine/layout';
import * as reference from './reference/arithmetic';
import type { Bits, Outcome } from './reference/arithmetic';
import { DATA, Stepper } from './support/step';

const cpu = new Stepper();
const SIZES: readonly Bits[] = [8, 16, 32];
/** Values near the edges, and any. */
const value = (bits: Bits) =>
  fc.oneof(
    fc.constantFrom(0n, 1n, (1n << BigInt(bits)) - 1n, 1n << BigInt(bits - 1), (1n << BigInt(bits - 1)) - 1n, 15n, 16n),
    fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n }),
  );
const anyFlags = fc.constantFrom(0, FLAG_CF, FLAGS_ARITHMETIC);

/** Operand-size prefix and opcode for a width; `byteOpcode` is the 8-bit form, the next one the wide form. */
const encode = (bits: Bits, byteOpcode: number, ...rest: number[]): number[] => [
  ...(bits === 16 ? [0x66] : []),
  bits === 8 ? byteOpcode : byteOpcode + 1,
  ...rest,
];

/** A register as wide as the operand, with other bits above it that must stay. */
const dressed = (bits: Bits, low: bigint): number => Number(low | (0xa5a5a5a5n & ~((1n << BigInt(bits)) - 1n)));

function checkBinary(
  name: string,
  opcode: number,
  apply: (a: bigint, b: bigint, carry: bigint, bits: Bits) => Outcome,
  mask = FLAGS_ARITHMETIC,
): void {
  for (const bits of SIZES) {
    it(`${name}, ${bits} bits, register and memory`, () => {
      fc.assert(
        fc.property(value(bits), value(bits), anyFlags, (a, b, flags) => {
          const expected = apply(a, b, BigInt(flags & FLAG_CF), bits);
          // op eax, ecx
          cpu.run(encode(bits, opcode, 0xc8), { eax: dressed(bits, a), ecx: Number(b) }, flags);
          assert.equal(cpu.get('eax'), dressed(bits, expected.result));
          assert.equal(cpu.flags & mask, expected.flags & mask);
          // op [DATA], ecx
          cpu.write(DATA, 4, dressed(bits, a));
          cpu.run(encode(bits, opcode, 0x0d, 0, 0, 2, 0), { ecx: Number(b) }, flags);
          assert.equal(cpu.read(DATA, 4), dressed(bits, expected.result));
          assert.equal(cpu.flags & mask, expected.flags & mask);
        }),
        { numRuns: 150 },
      );
    });
  }
}

describe('arithmetic against plain reference functions', () => {
  checkBinary('ADD', 0x00, (a, b, _, bits) => reference.add(a, b, 0n, bits));
  checkBinary('ADC', 0x10, reference.add);
  checkBinary('SUB', 0x28, (a, b, _, bits) => reference.subtract(a, b, 0n, bits));
  checkBinary('SBB', 0x18, reference.subtract);
  checkBinary('CMP', 0x38, (a, b, _, bits) => ({ ...reference.subtract(a, b, 0n, bits), result: a }));
  const defined = FLAGS_ARITHMETIC & ~FLAG_AF;
  checkBinary('AND', 0x20, (a, b, _, bits) => reference.logic(a & b, bits), defined);
  checkBinary('OR', 0x08, (a, b, _, bits) => reference.logic(a | b, bits), defined);
  checkBinary('XOR', 0x30, (a, b, _, bits) => reference.logic(a ^ b, bits), defined);
  checkBinary('TEST', 0x84, (a, b, _, bits) => ({ ...reference.logic(a & b, bits), result: a }), defined);

  for (const [digit, name] of ['ROL', 'ROR', 'RCL', 'RCR', 'SHL', 'SHR', 'SHL', 'SAR'].entries()) {
    for (const bits of SIZES) {
      it(`${name} /${digit}, ${bits} bits, by CL`, () => {
        fc.assert(
          fc.property(value(bits), fc.nat(255), anyFlags, (a, cl, flags) => {
            const count = cl & 31;
            const modrm = 0xc0 | (digit << 3);
            cpu.run(encode(bits, 0xd2, modrm), { eax: dressed(bits, a), ecx: cl }, flags);
            if (count === 0) {
              assert.equal(cpu.flags & FLAGS_ARITHMETIC, flags, 'a count of zero changes no flag');
              return;
            }
            const expected = reference.shift(name, a, count, BigInt(flags & FLAG_CF), bits);
            assert.equal(cpu.get('eax'), dressed(bits, expected.result));
            const rotates = name.startsWith('R');
            let mask = rotates ? FLAG_CF : FLAG_CF | FLAG_ZF | FLAG_SF | FLAG_PF;
            if (count === 1) mask |= FLAG_OF;
            // CF of SHL and SHR is undefined once all bits are out.
            if (!rotates && count > bits) mask &= ~FLAG_CF;
            assert.equal(cpu.flags & mask, expected.flags & mask);
          }),
          { numRuns: 150 },
        );
      });
    }
  }

  for (const bits of SIZES) {
    it(`INC, DEC, NEG and NOT, ${bits} bits`, () => {
      fc.assert(
        fc.property(value(bits), anyFlags, (a, flags) => {
          const keepsCarry = (expected: Outcome) => (expected.flags & ~FLAG_CF) | (flags & FLAG_CF);
          const plus = reference.add(a, 1n, 0n, bits);
          cpu.run(encode(bits, 0xfe, 0xc0), { eax: dressed(bits, a) }, flags);
          assert.equal(cpu.get('eax'), dressed(bits, plus.result));
          assert.equal(cpu.flags & FLAGS_ARITHMETIC, keepsCarry(plus));
          const minus = reference.subtract(a, 1n, 0n, bits);
          cpu.run(encode(bits, 0xfe, 0xc8), { eax: dressed(bits, a) }, flags);
          assert.equal(cpu.get('eax'), dressed(bits, minus.result));
          assert.equal(cpu.flags & FLAGS_ARITHMETIC, keepsCarry(minus));
          const negated = reference.subtract(0n, a, 0n, bits);
          cpu.run(encode(bits, 0xf6, 0xd8), { eax: dressed(bits, a) }, flags);
          assert.equal(cpu.get('eax'), dressed(bits, negated.result));
          assert.equal(cpu.flags & FLAGS_ARITHMETIC, negated.flags);
          cpu.run(encode(bits, 0xf6, 0xd0), { eax: dressed(bits, a) }, flags);
          assert.equal(cpu.get('eax'), dressed(bits, reference.cut(~a, bits)));
          assert.equal(cpu.flags & FLAGS_ARITHMETIC, flags);
        }),
      );
    });

    it(`MUL and IMUL, ${bits} bits`, () => {
      fc.assert(
        fc.property(value(bits), value(bits), (a, b) => {
          const overflow = FLAG_CF | FLAG_OF;
          const check = (digit: number, product: bigint, fits: boolean) => {
            cpu.run(encode(bits, 0xf6, 0xc0 | (digit << 3) | 1), { eax: Number(a), ecx: Number(b), edx: 0 });
            const low = bits === 8 ? BigInt(cpu.get('eax') & 0xffff) : reference.cut(BigInt(cpu.get('eax')), bits);
            const high = bits === 8 ? 0n : BigInt(cpu.get('edx')) << BigInt(bits);
            assert.equal(low | high, BigInt.asUintN(bits * 2, product));
            assert.equal(cpu.flags & overflow, fits ? 0 : overflow);
          };
          check(4, a * b, a * b < 1n << BigInt(bits));
          const product = reference.signed(a, bits) * reference.signed(b, bits);
          check(5, product, product === reference.signed(reference.cut(product, bits), bits));
        }),
      );
    });

    it(`DIV and IDIV, ${bits} bits, #DE included`, () => {
      const wide = fc.bigInt({ min: 0n, max: (1n << BigInt(2 * bits)) - 1n });
      fc.assert(
        fc.property(wide, value(bits), fc.boolean(), (n, d, isSigned) => {
          const digit = isSigned ? 7 : 6;
          const registers =
            bits === 8
              ? { eax: Number(n), ecx: Number(d) }
              : { eax: Number(reference.cut(n, bits)), edx: Number(n >> BigInt(bits)), ecx: Number(d) };
          cpu.run(encode(bits, 0xf6, 0xc0 | (digit << 3) | 1), registers);
          const dividend = isSigned ? BigInt.asIntN(bits * 2, n) : n;
          const divisor = isSigned ? reference.signed(d, bits) : d;
          const quotient = divisor === 0n ? 0n : dividend / divisor;
          const limit = isSigned
            ? quotient === reference.signed(reference.cut(quotient, bits), bits)
            : quotient < 1n << BigInt(bits);
          if (divisor === 0n || !limit) {
            assert.equal(cpu.fault, Vector.DE);
            assert.equal(cpu.length, 0, 'a fault restarts the instruction');
            return;
          }
          assert.equal(cpu.fault, -1);
          const remainder = reference.cut(dividend % divisor, bits);
          if (bits === 8) {
            assert.equal(BigInt(cpu.get('eax') & 0xffff), reference.cut(quotient, 8) | (remainder << 8n));
          } else {
            assert.equal(reference.cut(BigInt(cpu.get('eax')), bits), reference.cut(quotient, bits));
            assert.equal(reference.cut(BigInt(cpu.get('edx')), bits), remainder);
          }
        }),
        { numRuns: 300 },
      );
    });
  }
});
