import assert from 'node:assert/strict';
import { Vector } from '../../../src/machine/cpu/fault';
import * as layout from '../../../src/machine/layout';
import {
  FLAG_CF,
  FLAG_DF,
  FLAG_OF,
  FLAG_SF,
  FLAG_ZF,
  FLAGS_ARITHMETIC,
  SegmentIndex,
} from '../../../src/machine/layout';
import { RunEnd } from '../../../src/machine/run';
import { CODE, DATA, STACK, Stepper } from './support/step';

const cpu = new Stepper();
const dword = (value: number) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];

describe('data transfer', () => {
  it('addresses memory by base, index, scale and displacement', () => {
    cpu.write(DATA + 0x10 + 4 * 3 + 0x55, 4, 0xcafe0042);
    // mov eax, [ebx + ecx*4 + 0x55]
    cpu.run([0x8b, 0x44, 0x8b, 0x55], { ebx: DATA + 0x10, ecx: 3 });
    assert.equal(cpu.get('eax'), 0xcafe0042);
    assert.equal(cpu.length, 4);
  });

  it('wraps 16-bit addresses at 64 KiB', () => {
    cpu.write(0x0010, 2, 0xbeef);
    // mov ax, [bx + si] with 67 and 66
    cpu.run([0x67, 0x66, 0x8b, 0x00], { ebx: 0xfff0, esi: 0x20, eax: 0 });
    assert.equal(cpu.get('eax'), 0xbeef);
  });

  it('extends with zeros and with the sign', () => {
    cpu.run([0x0f, 0xb6, 0xc1], { ecx: 0x1234_5680 });
    assert.equal(cpu.get('eax'), 0x80);
    cpu.run([0x0f, 0xbe, 0xc1], { ecx: 0x1234_5680 });
    assert.equal(cpu.get('eax'), 0xffffff80);
    cpu.run([0x0f, 0xbf, 0xc1], { ecx: 0x1234_8000 });
    assert.equal(cpu.get('eax'), 0xffff8000);
  });

  it('exchanges, adds and compares in one go', () => {
    cpu.write(DATA, 4, 7);
    cpu.run([0x87, 0x0b], { ebx: DATA, ecx: 9 });
    assert.deepEqual([cpu.read(DATA, 4), cpu.get('ecx')], [9, 7]);
    cpu.run([0x0f, 0xc1, 0x0b], { ebx: DATA, ecx: 5 });
    assert.deepEqual([cpu.read(DATA, 4), cpu.get('ecx')], [14, 9]);
    cpu.run([0x0f, 0xb1, 0x0b], { ebx: DATA, ecx: 1, eax: 14 });
    assert.deepEqual([cpu.read(DATA, 4), cpu.flags & FLAG_ZF], [1, FLAG_ZF]);
    cpu.run([0x0f, 0xb1, 0x0b], { ebx: DATA, ecx: 2, eax: 14 });
    assert.deepEqual([cpu.read(DATA, 4), cpu.get('eax'), cpu.flags & FLAG_ZF], [1, 1, 0]);
  });

  it('compares and exchanges eight bytes', () => {
    cpu.write(DATA, 4, 0x11111111);
    cpu.write(DATA + 4, 4, 0x22222222);
    const registers = { esi: DATA, eax: 0x11111111, edx: 0x22222222, ebx: 3, ecx: 4 };
    cpu.run([0x0f, 0xc7, 0x0e], registers);
    assert.deepEqual([cpu.read(DATA, 4), cpu.read(DATA + 4, 4), cpu.flags & FLAG_ZF], [3, 4, FLAG_ZF]);
    cpu.run([0x0f, 0xc7, 0x0e], registers);
    assert.deepEqual([cpu.get('eax'), cpu.get('edx'), cpu.flags & FLAG_ZF], [3, 4, 0]);
  });

  it('pushes 16 bits of a segment register into a slot of 32', () => {
    cpu.write(STACK - 4, 4, 0xdeadbeef);
    cpu.run([0x1e]);
    const { state } = cpu.machine.cpu;
    assert.equal(cpu.get('esp'), STACK - 4);
    assert.equal(cpu.read(STACK - 4, 4), (0xdead0000 | state.selector(SegmentIndex.DS)) >>> 0);
  });

  it('shows the upper bits of the limit in LAR', () => {
    const { cpu: processor, memory } = cpu.machine;
    const gdt = processor.state.get(layout.GDTR_BASE);
    const limit = processor.state.get(layout.GDTR_LIMIT);
    memory.poke(0x40000, Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0x93, 0xcf, 0]));
    processor.state.set(layout.GDTR_BASE, 0x40000);
    processor.state.set(layout.GDTR_LIMIT, 15);
    cpu.run([0x0f, 0x02, 0xc1], { ecx: 8, eax: 0 });
    processor.state.set(layout.GDTR_BASE, gdt);
    processor.state.set(layout.GDTR_LIMIT, limit);
    assert.equal(cpu.get('eax'), 0xcf9300);
  });

  it('swaps bytes', () => {
    cpu.run([0x0f, 0xc8], { eax: 0x12345678 });
    assert.equal(cpu.get('eax'), 0x78563412);
  });

  it('moves and sets on every condition as its flags say', () => {
    for (let code = 0; code < 16; code++) {
      for (let flags = 0; flags < 64; flags++) {
        const image = [0, 2, 4, 6, 7, 11].reduce((all, bit, i) => all | (((flags >> i) & 1) << bit), 0);
        const [cf, pf, zf, sf, of] = [1, 4, 0x40, 0x80, 0x800].map((mask) => (image & mask) !== 0);
        const base = [of, cf, zf, cf || zf, sf, pf, sf !== of, zf || sf !== of][code >> 1];
        const expected = base !== ((code & 1) === 1);
        cpu.run([0x0f, 0x90 + code, 0xc0], { eax: 0xff }, image);
        assert.equal(cpu.get('eax'), expected ? 1 : 0, `SETcc ${code} with flags ${image.toString(16)}`);
        cpu.run([0x0f, 0x40 + code, 0xc1], { eax: 1, ecx: 2 }, image);
        assert.equal(cpu.get('eax'), expected ? 2 : 1, `CMOVcc ${code} with flags ${image.toString(16)}`);
        cpu.run([0x70 + code, 0x10], {}, image);
        assert.equal(cpu.length, expected ? 0x12 : 2, `Jcc ${code} with flags ${image.toString(16)}`);
        assert.equal(cpu.flags & FLAGS_ARITHMETIC, image);
      }
    }
  });
});

describe('stack', () => {
  it('pushes and pops values, ESP included', () => {
    cpu.run([0x54], {});
    assert.deepEqual([cpu.get('esp'), cpu.read(STACK - 4, 4)], [STACK - 4, STACK]);
    cpu.write(STACK, 4, 0x1234);
    cpu.run([0x5c], {});
    assert.equal(cpu.get('esp'), 0x1234);
    // push byte -1 with a 16-bit operand
    cpu.run([0x66, 0x6a, 0xff], {});
    assert.deepEqual([cpu.get('esp'), cpu.read(STACK - 2, 2)], [STACK - 2, 0xffff]);
  });

  it('works out an address on ESP after a pop', () => {
    cpu.write(STACK, 4, 0xabcd);
    // pop dword [esp + 8]
    cpu.run([0x8f, 0x44, 0x24, 0x08], {});
    assert.equal(cpu.read(STACK + 4 + 8, 4), 0xabcd);
    assert.equal(cpu.get('esp'), STACK + 4);
  });

  it('pushes and pops all registers', () => {
    cpu.run([0x60], { eax: 1, ecx: 2, edx: 3, ebx: 4, ebp: 6, esi: 7, edi: 8 });
    const image = Array.from({ length: 8 }, (_, i) => cpu.read(STACK - 32 + i * 4, 4));
    assert.deepEqual(image, [8, 7, 6, STACK, 4, 3, 2, 1]);
    cpu.run([0x61], { esp: STACK - 32, eax: 0, edi: 0 });
    assert.deepEqual([cpu.get('eax'), cpu.get('edi'), cpu.get('esp')], [1, 8, STACK]);
  });

  it('builds nested frames and leaves them', () => {
    cpu.write(DATA - 4, 4, 0xaaaa);
    // enter 16, 2
    cpu.run([0xc8, 16, 0, 2], { ebp: DATA });
    assert.equal(cpu.get('ebp'), STACK - 4);
    assert.equal(cpu.get('esp'), STACK - 12 - 16);
    assert.deepEqual(
      [4, 8, 12].map((below) => cpu.read(STACK - below, 4)),
      [DATA, 0xaaaa, STACK - 4],
    );
    cpu.run([0xc9], { ebp: STACK - 4 });
    assert.deepEqual([cpu.get('ebp'), cpu.get('esp')], [DATA, STACK]);
  });
});

describe('control flow', () => {
  it('calls and returns', () => {
    cpu.run([0xe8, ...dword(0x20)], {});
    assert.deepEqual([cpu.length, cpu.read(STACK - 4, 4)], [0x25, CODE + 5]);
    cpu.write(STACK, 4, CODE + 0x50);
    cpu.run([0xc2, 8, 0], {});
    assert.deepEqual([cpu.length, cpu.get('esp')], [0x50, STACK + 12]);
  });

  it('counts loops in CX or ECX by address size', () => {
    cpu.run([0xe2, 0x10], { ecx: 1 });
    assert.deepEqual([cpu.length, cpu.get('ecx')], [2, 0]);
    cpu.run([0x67, 0xe2, 0x10], { ecx: 0x10000 });
    assert.deepEqual([cpu.length, cpu.get('ecx')], [0x13, 0x1ffff]);
    cpu.run([0xe3, 0x10], { ecx: 0 });
    assert.equal(cpu.length, 0x12);
  });

  it('raises #BR, #UD and #DE at the instruction', () => {
    cpu.write(DATA, 4, 10);
    cpu.write(DATA + 4, 4, 20);
    cpu.run([0x62, 0x03], { ebx: DATA, eax: 21 });
    assert.deepEqual([cpu.fault, cpu.length], [Vector.BR, 0]);
    cpu.run([0x62, 0x03], { ebx: DATA, eax: 20 });
    assert.equal(cpu.fault, -1);
    cpu.run([0x0f, 0x0b]);
    assert.deepEqual([cpu.fault, cpu.length], [Vector.UD, 0]);
    cpu.run([0x8d, 0xc0]);
    assert.equal(cpu.fault, Vector.UD, 'LEA of a register');
    cpu.run([0xd4, 0]);
    assert.equal(cpu.fault, Vector.DE, 'AAM 0');
  });

  it('refuses LOCK on a register, and instructions of more than 15 bytes', () => {
    cpu.run([0xf0, 0x01, 0xc8]);
    assert.equal(cpu.fault, Vector.UD);
    cpu.write(DATA, 4, 1);
    cpu.run([0xf0, 0x01, 0x0b], { ebx: DATA, ecx: 2 });
    assert.deepEqual([cpu.fault, cpu.read(DATA, 4)], [-1, 3]);
    cpu.run([...Array<number>(15).fill(0x3e), 0x90]);
    assert.equal(cpu.fault, Vector.GP);
    cpu.run([...Array<number>(14).fill(0x3e), 0x90]);
    assert.deepEqual([cpu.fault, cpu.length], [-1, 15]);
  });
});

describe('string instructions', () => {
  it('count one retired instruction per element and may be split anywhere', () => {
    for (const budget of [1, 2, 3, 7, 100]) {
      for (let i = 0; i < 8; i++) cpu.write(DATA + i, 1, 0x40 + i);
      let rounds = 0;
      cpu.run([0xf3, 0xa4, 0xf4], { esi: DATA, edi: DATA + 0x100, ecx: 8 }, 0, Math.min(budget, 8));
      while (cpu.get('ecx') > 0 && rounds++ < 20) cpu.machine.loop.run(Math.min(budget, cpu.get('ecx')));
      assert.equal(cpu.length, 2, `budget ${budget}`);
      assert.deepEqual([cpu.get('esi'), cpu.get('edi'), cpu.get('ecx')], [DATA + 8, DATA + 0x108, 0]);
      assert.equal(cpu.read(DATA + 0x107, 1), 0x47);
    }
  });

  it('do nothing for a count of zero', () => {
    cpu.run([0xf3, 0xaa], { edi: DATA, ecx: 0, eax: 0x55 });
    assert.deepEqual([cpu.length, cpu.get('edi')], [2, DATA]);
  });

  it('go down when DF is set, and keep to the element size', () => {
    cpu.run([0xf3, 0xab], { edi: DATA + 8, ecx: 3, eax: 0x01020304 }, FLAG_DF, 3);
    assert.equal(cpu.get('edi'), DATA - 4);
    assert.equal(cpu.read(DATA, 4), 0x01020304);
  });

  it('compare until a difference, and scan until a match', () => {
    for (let i = 0; i < 16; i++) {
      cpu.write(DATA + i, 1, i);
      cpu.write(DATA + 0x40 + i, 1, i === 5 ? 0x99 : i);
    }
    cpu.run([0xf3, 0xa6], { esi: DATA, edi: DATA + 0x40, ecx: 16 }, 0, 6);
    assert.deepEqual([cpu.get('ecx'), cpu.get('esi') - DATA, cpu.flags & FLAG_ZF], [10, 6, 0]);
    cpu.run([0xf2, 0xae], { edi: DATA, ecx: 16, eax: 9 }, 0, 10);
    assert.deepEqual([cpu.get('ecx'), cpu.get('edi') - DATA, cpu.flags & FLAG_ZF], [6, 10, FLAG_ZF]);
  });
});

describe('bits and decimals', () => {
  it('reach outside the operand in a bit string', () => {
    cpu.write(DATA - 4, 4, 0);
    // bts [ebx], ecx with bit -1
    cpu.run([0x0f, 0xab, 0x0b], { ebx: DATA, ecx: -1 });
    assert.equal(cpu.read(DATA - 4, 4), 0x80000000);
    assert.equal(cpu.flags & FLAG_CF, 0);
    cpu.run([0x0f, 0xb3, 0x0b], { ebx: DATA, ecx: -1 });
    assert.deepEqual([cpu.read(DATA - 4, 4), cpu.flags & FLAG_CF], [0, FLAG_CF]);
  });

  it('scan forwards and backwards, and leave the destination for zero', () => {
    cpu.run([0x0f, 0xbc, 0xc1], { ecx: 0x00f0_0000 });
    assert.equal(cpu.get('eax'), 20);
    cpu.run([0x0f, 0xbd, 0xc1], { ecx: 0x00f0_0000 });
    assert.equal(cpu.get('eax'), 23);
    cpu.run([0x0f, 0xbc, 0xc1], { eax: 77, ecx: 0 });
    assert.deepEqual([cpu.get('eax'), cpu.flags & FLAG_ZF], [77, FLAG_ZF]);
  });

  it('adjust packed decimals for every pair of digits', () => {
    for (let a = 0; a < 100; a += 7) {
      for (let b = 0; b < 100; b += 3) {
        const packed = (n: number) => (Math.trunc(n / 10) << 4) | (n % 10);
        // add al, cl; daa
        cpu.run([0x00, 0xc8, 0x27], { eax: packed(a), ecx: packed(b) }, 0, 2);
        assert.equal(cpu.get('eax') & 0xff, packed((a + b) % 100));
        assert.equal(cpu.flags & FLAG_CF, a + b > 99 ? FLAG_CF : 0);
        // sub al, cl; das
        cpu.run([0x28, 0xc8, 0x2f], { eax: packed(a), ecx: packed(b) }, 0, 2);
        assert.equal(cpu.get('eax') & 0xff, packed((a - b + 100) % 100));
      }
    }
  });
});

describe('shifts of two registers', () => {
  it('take bits from the second operand', () => {
    cpu.run([0x0f, 0xa4, 0xc8, 8], { eax: 0x12345678, ecx: 0x9abcdef0 });
    assert.equal(cpu.get('eax'), 0x3456789a);
    cpu.run([0x0f, 0xac, 0xc8, 8], { eax: 0x12345678, ecx: 0x9abcdef0 });
    assert.equal(cpu.get('eax'), 0xf0123456);
    cpu.run([0x66, 0x0f, 0xa4, 0xc8, 4], { eax: 0x1234, ecx: 0xa000 });
    assert.equal(cpu.get('eax'), 0x234a);
    cpu.run([0x0f, 0xa4, 0xc8, 0], { eax: 1, ecx: 2 }, FLAG_SF | FLAG_OF);
    assert.equal(cpu.flags & FLAGS_ARITHMETIC, FLAG_SF | FLAG_OF);
  });
});

describe('code fetch', () => {
  it('executes instructions across a page boundary', () => {
    const start = CODE + 0xffe - 0;
    const bytes = [0xb8, 0x78, 0x56, 0x34, 0x12, 0x90];
    for (const [i, byte] of bytes.entries()) cpu.write(start + i, 1, byte);
    cpu.run([0xe9, ...dword(start - CODE - 5)], { eax: 0 }, 0, 2);
    assert.equal(cpu.get('eax'), 0x12345678);
    assert.equal(cpu.length, 0xffe + 5);
  });

  it('sees code that has just been written', () => {
    // mov byte [CODE + 8], 0x41; nop; inc eax -> inc ecx
    const code = [0xc6, 0x05, ...dword(CODE + 8), 0x41, 0x90, 0x40];
    cpu.run(code, { eax: 0, ecx: 0 }, 0, 3);
    assert.deepEqual([cpu.get('eax'), cpu.get('ecx')], [0, 1]);
  });

  it('ends with HLT', () => {
    assert.equal(cpu.run([0xf4], {}, 0, 5), RunEnd.Dead);
    assert.equal(cpu.length, 1);
  });
});

describe('processor models', () => {
  it('raise #UD for what came later', () => {
    const old = new Stepper('386');
    for (const bytes of [
      [0x0f, 0xc8],
      [0x0f, 0xa2],
      [0x0f, 0x31],
      [0x0f, 0x44, 0xc1],
      [0x0f, 0x0b],
    ]) {
      old.run(bytes);
      assert.equal(old.fault, Vector.UD, bytes.map((byte) => byte.toString(16)).join(' '));
    }
    old.run([0x0f, 0xb6, 0xc1], { ecx: 5 });
    assert.deepEqual([old.fault, old.get('eax')], [-1, 5]);
  });
});
