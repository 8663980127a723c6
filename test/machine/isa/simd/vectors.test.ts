import assert from 'node:assert/strict';
import { VectorBench } from './support/bench';

/** [instruction, bytes with operands 0 and 1, operand 0, operand 1, result in operand 0]; elements from the highest down. */
type Row = readonly [name: string, code: string, a: string, b: string, result: string];

/** On MM0 and MM1. Results by hand from the descriptions in Intel SDM vol. 2. */
const MMX: readonly Row[] = [
  ['PADDB', '0f fc c1', '01 ff 80 7f 00 10 f0 fe', '02 01 80 01 00 20 10 01', '03 00 00 80 00 30 00 ff'],
  ['PADDSW', '0f ed c1', '7fff 8000 0001 ffff', '0001 ffff ffff 0001', '7fff 8000 0000 0000'],
  ['PADDUSB', '0f dc c1', 'ff fe 01 00 80 7f c0 40', '01 01 01 00 80 80 40 bf', 'ff ff 02 00 ff ff ff ff'],
  ['PSUBD', '0f fa c1', '00000000 80000000', '00000001 00000001', 'ffffffff 7fffffff'],
  ['PSUBSB', '0f e8 c1', '80 7f 00 01 ff 80 7f 10', '01 ff 80 01 ff 80 80 20', '80 7f 7f 00 00 00 7f f0'],
  ['PSUBUSW', '0f d9 c1', '0000 ffff 1000 8000', '0001 0001 2000 7fff', '0000 fffe 0000 0001'],
  ['PMULLW', '0f d5 c1', '0003 ffff 8000 1234', '0005 ffff 0002 0100', '000f 0001 0000 3400'],
  ['PMULHW', '0f e5 c1', '8000 ffff 7fff 0100', '8000 0001 7fff 0100', '4000 ffff 3fff 0001'],
  ['PMULHUW', '0f e4 c1', 'ffff 8000 0002 0100', 'ffff 0002 8000 0100', 'fffe 0001 0001 0001'],
  ['PMULUDQ', '0f f4 c1', '12345678 ffffffff', '9abcdef0 ffffffff', 'fffffffe00000001'],
  ['PMADDWD', '0f f5 c1', '8000 8000 0002 0003', '8000 8000 0004 ffff', '80000000 00000005'],
  ['PAVGB', '0f e0 c1', '00 01 ff fe 80 00 10 03', '01 01 ff ff 7f ff 20 05', '01 01 ff ff 80 80 18 04'],
  ['PAVGW', '0f e3 c1', '0000 ffff 8000 0003', '0001 ffff 7fff 0006', '0001 ffff 8000 0005'],
  ['PMAXSW', '0f ee c1', '8000 0001 ffff 7fff', '7fff ffff 0000 8000', '7fff 0001 0000 7fff'],
  ['PMINUB', '0f da c1', '80 01 ff 00 10 20 30 40', '7f 02 00 ff 11 1f 30 41', '7f 01 00 00 10 1f 30 40'],
  ['PSADBW', '0f f6 c1', '00 ff 10 20 05 00 01 80', 'ff 00 20 10 03 00 01 7f', '0000000000000221'],
  ['PCMPEQW', '0f 75 c1', '1234 ffff 0000 8000', '1234 fffe 0000 7fff', 'ffff 0000 ffff 0000'],
  ['PCMPGTB', '0f 64 c1', '01 80 7f 00 ff 00 05 05', '00 7f 80 00 00 ff 06 04', 'ff 00 ff 00 00 ff 00 ff'],
  ['PANDN', '0f df c1', 'ff00ff00ff00ff00', '123456789abcdef0', '0034007800bc00f0'],
  ['PACKSSWB', '0f 63 c1', '0080 ff7f 007f ff80', '7fff 8000 0001 ffff', '7f 80 01 ff 7f 80 7f 80'],
  ['PACKUSWB', '0f 67 c1', '0080 ff7f 00ff 0100', '7fff 8000 0001 ffff', 'ff 00 01 00 80 00 ff ff'],
  ['PACKSSDW', '0f 6b c1', '00008000 ffff7fff', '7fffffff 00000001', '7fff 0001 7fff 8000'],
  ['PUNPCKLBW', '0f 60 c1', '7776757473727170', '0706050403020100', '0373 0272 0171 0070'],
  ['PUNPCKHWD', '0f 69 c1', '4444 3333 2222 1111', 'dddd cccc bbbb aaaa', 'dddd 4444 cccc 3333'],
  ['PSLLW by a register', '0f f1 c1', '8001 ffff 0001 1234', '0000000000000004', '0010 fff0 0010 2340'],
  ['PSRLD beyond the width', '0f d2 c1', 'ffffffff ffffffff', '0000000000000020', '0000000000000000'],
  ['PSRAW beyond the width', '0f e1 c1', '8000 7fff ffff 0001', '0000000100000000', 'ffff 0000 ffff 0000'],
  ['PSRLQ by an immediate', '0f 73 d0 04', '123456789abcdef0', '', '0123456789abcdef'],
  ['PSHUFW', '0f 70 c1 1b', '', '4444 3333 2222 1111', '1111 2222 3333 4444'],
];

/** On XMM0 and XMM1. */
const SSE: readonly Row[] = [
  [
    'PADDQ',
    '66 0f d4 c1',
    'ffffffffffffffff 00000000ffffffff',
    '1'.padStart(16, '0') + '1'.padStart(16, '0'),
    '0000000000000000 0000000100000000',
  ],
  [
    'PSUBQ',
    '66 0f fb c1',
    '0000000000000000 0000000100000000',
    '1'.padStart(16, '0') + '1'.padStart(16, '0'),
    'ffffffffffffffff 00000000ffffffff',
  ],
  [
    'PSADBW',
    '66 0f f6 c1',
    'ffffffffffffffff 0000000000000001',
    '0000000000000000 0000000000000003',
    '00000000000007f8 0000000000000002',
  ],
  [
    'PACKSSDW',
    '66 0f 6b c1',
    '00008000 ffff7fff 00000001 ffffffff',
    '7fffffff 80000000 00000002 00000003',
    '7fff 8000 0002 0003 7fff 8000 0001 ffff',
  ],
  [
    'PUNPCKHQDQ',
    '66 0f 6d c1',
    '1111111111111111 2222222222222222',
    '3333333333333333 4444444444444444',
    '3333333333333333 1111111111111111',
  ],
  ['PSRLDQ', '66 0f 73 d8 03', '0f0e0d0c0b0a0908 0706050403020100', '', '0000000f0e0d0c0b 0a09080706050403'],
  ['PSLLDQ', '66 0f 73 f8 03', '0f0e0d0c0b0a0908 0706050403020100', '', '0c0b0a0908070605 0403020100000000'],
  ['PSLLDQ by 16', '66 0f 73 f8 10', '0f0e0d0c0b0a0908 0706050403020100', '', '0000000000000000 0000000000000000'],
  ['PSHUFD', '66 0f 70 c1 1b', '', '44444444 33333333 22222222 11111111', '11111111 22222222 33333333 44444444'],
  [
    'PSHUFHW',
    'f3 0f 70 c1 1b',
    '',
    '8888 7777 6666 5555 4444 3333 2222 1111',
    '5555 6666 7777 8888 4444 3333 2222 1111',
  ],
  [
    'PSHUFLW',
    'f2 0f 70 c1 00',
    '',
    '8888 7777 6666 5555 4444 3333 2222 1111',
    '8888 7777 6666 5555 1111 1111 1111 1111',
  ],
  [
    'SHUFPS',
    '0f c6 c1 e4',
    '00000004 00000003 00000002 00000001',
    '00000008 00000007 00000006 00000005',
    '00000008 00000007 00000002 00000001',
  ],
  [
    'SHUFPD',
    '66 0f c6 c1 01',
    '2222222222222222 1111111111111111',
    '4444444444444444 3333333333333333',
    '3333333333333333 2222222222222222',
  ],
  [
    'UNPCKLPS',
    '0f 14 c1',
    '00000004 00000003 00000002 00000001',
    '00000008 00000007 00000006 00000005',
    '00000006 00000002 00000005 00000001',
  ],
  [
    'MOVHLPS',
    '0f 12 c1',
    '4444444444444444 3333333333333333',
    '2222222222222222 1111111111111111',
    '4444444444444444 2222222222222222',
  ],
  [
    'MOVLHPS',
    '0f 16 c1',
    '4444444444444444 3333333333333333',
    '2222222222222222 1111111111111111',
    '1111111111111111 3333333333333333',
  ],
  [
    'MOVSS',
    'f3 0f 10 c1',
    '44444444 33333333 22222222 11111111',
    '88888888 77777777 66666666 55555555',
    '44444444 33333333 22222222 55555555',
  ],
  [
    'MOVSD',
    'f2 0f 10 c1',
    '44444444 33333333 22222222 11111111',
    '88888888 77777777 66666666 55555555',
    '44444444 33333333 66666666 55555555',
  ],
  [
    'MOVQ',
    'f3 0f 7e c1',
    '44444444 33333333 22222222 11111111',
    '88888888 77777777 66666666 55555555',
    '00000000 00000000 66666666 55555555',
  ],
  [
    'ANDNPS',
    '0f 55 c1',
    'ffffffff 00000000 0f0f0f0f f0f0f0f0',
    '12345678 12345678 12345678 12345678',
    '00000000 12345678 10305070 02040608',
  ],
  // 1 + 2, 0.5 + 0.25, -1 + 1, 3 + 4
  [
    'ADDPS',
    '0f 58 c1',
    '3f800000 3f000000 bf800000 40400000',
    '40000000 3e800000 3f800000 40800000',
    '40400000 3f400000 00000000 40e00000',
  ],
  // 3 * 5, 0.1 * 0.1
  [
    'MULPD',
    '66 0f 59 c1',
    '4008000000000000 3fb999999999999a',
    '4014000000000000 3fb999999999999a',
    '402e000000000000 3f847ae147ae147c',
  ],
  // 1 / 3, 1 / 0, 0 / 0, -1 / infinity
  [
    'DIVPS',
    '0f 5e c1',
    '3f800000 3f800000 00000000 bf800000',
    '40400000 00000000 00000000 7f800000',
    '3eaaaaab 7f800000 ffc00000 80000000',
  ],
  // roots of 2, 4, -1, -0
  ['SQRTPS', '0f 51 c1', '', '40000000 40800000 bf800000 80000000', '3fb504f3 40000000 ffc00000 80000000'],
  // of a NaN and a number, and of two zeroes, the second is taken
  [
    'MINPS',
    '0f 5d c1',
    '7fc00001 3f800000 00000000 40000000',
    '3f800000 7fc00001 80000000 3f800000',
    '3f800000 7fc00001 80000000 3f800000',
  ],
  [
    'CMPLTPS',
    '0f c2 c1 01',
    '3f800000 40000000 7fc00000 bf800000',
    '40000000 3f800000 3f800000 3f800000',
    'ffffffff 00000000 00000000 ffffffff',
  ],
  [
    'CMPUNORDPD',
    '66 0f c2 c1 03',
    '7ff8000000000000 3ff0000000000000',
    '3ff0000000000000 3ff0000000000000',
    'ffffffffffffffff 0000000000000000',
  ],
  // 2.5 and 3.5 to even, -1.5 to even, 1e10 does not fit
  ['CVTPS2DQ', '66 0f 5b c1', '', '40200000 40600000 bfc00000 501502f9', '00000002 00000004 fffffffe 80000000'],
  ['CVTTPS2DQ', 'f3 0f 5b c1', '', '40200000 40600000 bfc00000 bf7fffff', '00000002 00000003 ffffffff 00000000'],
  ['CVTDQ2PD', 'f3 0f e6 c1', '', '11111111 22222222 ffffffff 00000003', 'bff0000000000000 4008000000000000'],
  ['CVTPD2PS', '66 0f 5a c1', '', '3ff0000000000000 3fb999999999999a', '00000000 00000000 3f800000 3dcccccd'],
  ['CVTPS2PD', '0f 5a c1', '', '11111111 22222222 bf800000 3f000000', 'bff0000000000000 3fe0000000000000'],
];

const codeOf = (text: string): number[] => [...Buffer.from(text.replaceAll(' ', ''), 'hex')];
const plain = (text: string): string => text.replaceAll(' ', '');

describe('vector instructions', () => {
  const bench = new VectorBench();

  for (const [name, code, a, b, result] of MMX) {
    it(`compute ${name} on MMX registers`, () => {
      const left = bench.run(codeOf(code), { mm: { 0: a, 1: b } });
      assert.deepEqual([left.trap, left.mm(0)], [-1, plain(result)]);
      assert.equal(left.exponent(0), 0xffff);
    });
  }

  for (const [name, code, a, b, result] of SSE) {
    it(`compute ${name} on XMM registers`, () => {
      const left = bench.run(codeOf(code), { xmm: { 0: a, 1: b } });
      assert.deepEqual([left.trap, left.xmm(0)], [-1, plain(result)]);
    });
  }

  it('move words between vectors and general registers', () => {
    const words = '8888 7777 6666 5555 4444 3333 2222 1111';
    // pextrw ecx, xmm1, 6; pextrw ecx, mm1, 6 (of four words: 2)
    assert.equal(bench.run(codeOf('66 0f c5 c9 06'), { xmm: { 1: words } }).register(1), 0x7777);
    assert.equal(bench.run(codeOf('0f c5 c9 06'), { mm: { 1: '4444 3333 2222 1111' } }).register(1), 0x3333);
    const registers = [0xdeadbeef, 0, 0, 0, 0, 0, 0, 0];
    // pinsrw xmm1, eax, 3
    const inserted = bench.run(codeOf('66 0f c4 c8 03'), { xmm: { 1: words }, registers });
    assert.equal(inserted.xmm(1), plain('8888 7777 6666 5555 beef 3333 2222 1111'));
  });

  it('gather sign bits', () => {
    const bytes = '80 00 ff 7f 00 00 00 81 80 80 00 00 01 00 00 ff';
    assert.equal(bench.run(codeOf('66 0f d7 c1'), { xmm: { 1: bytes } }).register(0), 0b1010000111000001);
    assert.equal(bench.run(codeOf('0f d7 c1'), { mm: { 1: '80 00 ff 7f 00 00 00 81' } }).register(0), 0b10100001);
    assert.equal(
      bench.run(codeOf('0f 50 c1'), { xmm: { 1: '80000000 7fffffff ffffffff 00000000' } }).register(0),
      0b1010,
    );
    assert.equal(bench.run(codeOf('66 0f 50 c1'), { xmm: { 1: '8000000000000000 0000000000000001' } }).register(0), 2);
  });

  it('tell relations by ZF, PF and CF', () => {
    const numbers = { one: '3f800000', two: '40000000', quiet: '7fc00000', signalling: '7f800001' } as const;
    const relation = (code: string, a: keyof typeof numbers, b: keyof typeof numbers) => {
      const low = (hex: string) => hex.padStart(32, '0');
      const left = bench.run(codeOf(code), { xmm: { 0: low(numbers[a]), 1: low(numbers[b]) } });
      return [left.result.eflags & 0x8d5, left.mxcsr & 0x3f];
    };
    assert.deepEqual(relation('0f 2f c1', 'one', 'two'), [0x01, 0]);
    assert.deepEqual(relation('0f 2f c1', 'two', 'one'), [0x00, 0]);
    assert.deepEqual(relation('0f 2f c1', 'two', 'two'), [0x40, 0]);
    assert.deepEqual(relation('0f 2f c1', 'one', 'quiet'), [0x45, 1], 'COMISS raises IE for every NaN');
    assert.deepEqual(relation('0f 2e c1', 'one', 'quiet'), [0x45, 0]);
    assert.deepEqual(relation('0f 2e c1', 'signalling', 'one'), [0x45, 1]);
  });

  it('round by MXCSR and raise its flags', () => {
    const third = (rounding: number) => {
      const left = bench.run(codeOf('f3 0f 5e c1'), {
        xmm: { 0: '3f800000', 1: '40400000' },
        mxcsr: 0x1f80 | (rounding << 13),
      });
      assert.equal(left.mxcsr & 0x3f, 0x20, 'inexact');
      return left.xmm(0).slice(24);
    };
    assert.deepEqual([0, 1, 2, 3].map(third), ['3eaaaaab', '3eaaaaaa', '3eaaaaab', '3eaaaaaa']);
    const tiny = (mxcsr: number) => {
      // The least normal number times one half.
      const left = bench.run(codeOf('f3 0f 59 c1'), { xmm: { 0: '00800001', 1: '3f000000' }, mxcsr });
      return [left.xmm(0).slice(24), left.mxcsr & 0x3f];
    };
    assert.deepEqual(tiny(0x1f80), ['00400000', 0x30]);
    assert.deepEqual(tiny(0x9f80), ['00000000', 0x30], 'flush to zero');
    const denormal = (mxcsr: number) => {
      const left = bench.run(codeOf('f3 0f 58 c1'), { xmm: { 0: '00000001', 1: '00000001' }, mxcsr });
      return [left.xmm(0).slice(24), left.mxcsr & 0x3f];
    };
    assert.deepEqual(denormal(0x1f80), ['00000002', 0x02]);
    assert.deepEqual(denormal(0x1fc0), ['00000000', 0x00], 'denormals are zeroes');
  });

  it('approximate reciprocals and reciprocal roots to 12 bits', () => {
    const single = new Float32Array(1);
    const bits = new Uint32Array(single.buffer);
    const approximation = (opcode: string, argument: number) => {
      single[0] = argument;
      const vector = bits[0].toString(16).padStart(8, '0').repeat(4);
      const left = bench.run(codeOf(`0f ${opcode} c1`), { xmm: { 1: vector } });
      assert.equal(left.mxcsr, 0x1f80);
      bits[0] = Number.parseInt(left.xmm(0).slice(24), 16);
      return single[0];
    };
    for (let i = 0; i < 400; i++) {
      const argument = Math.fround(1.0123 ** i * 2 ** -8 * (1 + (i % 7) / 13));
      assert.ok(Math.abs(approximation('53', argument) * argument - 1) <= 1.5 / 4096, `1 / ${argument}`);
      assert.ok(Math.abs(approximation('52', argument) * Math.sqrt(argument) - 1) <= 1.5 / 4096, `root of ${argument}`);
    }
    assert.deepEqual(
      [0, -0, Infinity, -Infinity].map((x) => approximation('53', x)),
      [Infinity, -Infinity, 0, -0],
    );
    assert.deepEqual(
      [0, -0, Infinity].map((x) => approximation('52', x)),
      [Infinity, -Infinity, 0],
    );
    assert.ok(Number.isNaN(approximation('52', -1)));
    assert.equal(approximation('53', 2 ** -130), Infinity, 'a denormal counts as zero');
    assert.equal(approximation('53', 2 ** 127), 0, 'a result that would be denormal is zero');
  });
});
