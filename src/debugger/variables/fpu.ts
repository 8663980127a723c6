import { classify, Float80Class } from '../../machine/fpu/float80';
import { FpuRegisters, Tag } from '../../machine/fpu/registers';
import * as layout from '../../machine/layout';
import { setStackRegister } from '../registers/fpu';
import { hex } from '../text/hex';
import type { Value } from '../types';
import { float80Bits, float80Text } from '../values/float80-text';
import { EvaluationError } from '../values/memory';
import type { ValueContext } from './context';

const BITS = /^([0-9a-f]{1,4}):([0-9a-f]{1,16})$/i;

const CLASS_NAMES: Readonly<Record<Float80Class, string>> = {
  [Float80Class.Zero]: 'zero',
  [Float80Class.Denormal]: 'denormal',
  [Float80Class.PseudoDenormal]: 'pseudo-denormal',
  [Float80Class.Normal]: 'normal',
  [Float80Class.Infinity]: 'infinity',
  [Float80Class.QuietNaN]: 'quiet NaN',
  [Float80Class.SignalingNaN]: 'signalling NaN',
  [Float80Class.Unsupported]: 'unsupported format',
};

/**
 * A register of the x87: its value in decimal; its bits, class and physical number below.
 *
 * @param number the register as the nearest double
 */
export function stackValue(context: ValueContext, i: number, number: Value): Value {
  const { state } = context.target;
  const read = () => {
    const registers = new FpuRegisters(state);
    const physical = registers.indexOf(i);
    return { physical, value: registers.physical(physical), empty: registers.tag(physical) === Tag.Empty };
  };
  const shown = (): string => {
    const { value, empty } = read();
    return empty ? `empty (${float80Text(value)})` : float80Text(value);
  };
  const bits = (): string => float80Bits(read().value);
  const assignBits = (text: string): string => {
    const match = BITS.exec(text.trim());
    if (!match)
      throw new EvaluationError('bits are written as EXPONENT:SIGNIFICAND in hexadecimal: 3fff:8000000000000000');
    setStackRegister(state, i, { exponent: Number.parseInt(match[1], 16), mantissa: BigInt(`0x${match[2]}`) });
    context.changed();
    return bits();
  };
  return {
    ...number,
    text: shown(),
    assign: (text) => {
      if (text.trim() !== shown()) number.assign?.(text);
      return shown();
    },
    children: () => {
      const { physical, value } = read();
      return [
        { name: 'bits', text: bits(), type: 'sign and exponent, significand', kind: 'register', assign: assignBits },
        { name: 'class', text: CLASS_NAMES[classify(value)], kind: 'register' },
        { name: 'register', text: `R${physical}`, type: 'physical register', kind: 'register' },
      ];
    },
  };
}

/** Where the last instruction of the x87 was, and its operand in memory. */
export function lastInstruction({ target: { state } }: ValueContext): Value[] {
  const far = (selector: number, offset: number): string => `${hex(state.get(selector))}:${hex(state.get(offset))}`;
  const opcode = state.get(layout.FPU_OPCODE);
  const bytes = [0xd8 | (opcode >>> 8), opcode & 0xff].map((byte) => byte.toString(16).padStart(2, '0'));
  return [
    {
      name: 'instruction',
      text: `${far(layout.FPU_CS, layout.FPU_IP)} (${bytes.join(' ')})`,
      type: 'the last one that was no control instruction',
      kind: 'register',
    },
    {
      name: 'operand',
      text: far(layout.FPU_DS, layout.FPU_DP),
      type: 'the last one in memory',
      kind: 'register',
    },
  ];
}
