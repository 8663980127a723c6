import type { Float80 } from '../../../../../src/machine/fpu/float80';
import { fpatan } from '../../../../../src/machine/fpu/transcendental/arctangent';
import { f2xm1 } from '../../../../../src/machine/fpu/transcendental/exponential';
import { fyl2x, fyl2xp1 } from '../../../../../src/machine/fpu/transcendental/logarithm';
import type { TranscendentalResult } from '../../../../../src/machine/fpu/transcendental/result';
import { fcos, fptan, fsin, fsincos } from '../../../../../src/machine/fpu/transcendental/trigonometric';

/** Powers of two between which operands lie as a rule. */
export type Range = readonly [lowest: number, highest: number];

export interface Instruction {
  readonly name: string;
  /** The byte after D9. */
  readonly opcode: number;
  readonly operands: 1 | 2;
  readonly execute: (st0: Float80, st1: Float80, control: number) => TranscendentalResult;
  readonly st0: readonly Range[];
  /** True if ST(0) is an angle, which is reduced. */
  readonly reduces?: boolean;
}

const ANGLES: readonly Range[] = [
  [-40, -1],
  [-3, 4],
  [4, 62],
];
const COORDINATES: readonly Range[] = [
  [-5, 5],
  [-70, 70],
  [-300, 300],
];

export const INSTRUCTIONS: readonly Instruction[] = [
  {
    name: 'F2XM1',
    opcode: 0xf0,
    operands: 1,
    execute: (x, _, control) => f2xm1(x, control),
    st0: [
      [-7, -1],
      [-70, 0],
    ],
  },
  {
    name: 'FYL2X',
    opcode: 0xf1,
    operands: 2,
    execute: fyl2x,
    st0: [
      [-1, 0],
      [-70, 70],
    ],
  },
  {
    name: 'FPTAN',
    opcode: 0xf2,
    operands: 1,
    execute: (x, _, control) => fptan(x, control),
    st0: ANGLES,
    reduces: true,
  },
  { name: 'FPATAN', opcode: 0xf3, operands: 2, execute: fpatan, st0: COORDINATES },
  {
    name: 'FYL2XP1',
    opcode: 0xf9,
    operands: 2,
    execute: fyl2xp1,
    st0: [
      [-8, -2],
      [-70, -1],
    ],
  },
  {
    name: 'FSINCOS',
    opcode: 0xfb,
    operands: 1,
    execute: (x, _, control) => fsincos(x, control),
    st0: ANGLES,
    reduces: true,
  },
  { name: 'FSIN', opcode: 0xfe, operands: 1, execute: (x, _, control) => fsin(x, control), st0: ANGLES, reduces: true },
  { name: 'FCOS', opcode: 0xff, operands: 1, execute: (x, _, control) => fcos(x, control), st0: ANGLES, reduces: true },
];
