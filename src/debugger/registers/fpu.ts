import type { CpuState } from '../../machine/cpu/state';
import type { Float80 } from '../../machine/fpu/float80';
import { FpuRegisters } from '../../machine/fpu/registers';
import { decode, encode } from '../values/scalars';
import { FLOAT80 } from '../values/types';
import type { RegisterDefinition } from './definition';

const STACK_REGISTERS = 8;

/** The bytes of a value in memory. */
function bytesOf({ mantissa, exponent }: Float80): Uint8Array {
  const view = new DataView(new ArrayBuffer(FLOAT80.byteSize));
  view.setBigUint64(0, mantissa, true);
  view.setUint16(8, exponent, true);
  return new Uint8Array(view.buffer);
}

function float80Of(bytes: Uint8Array): Float80 {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { mantissa: view.getBigUint64(0, true), exponent: view.getUint16(8, true) };
}

/** Puts a value into ST(i), which is not empty then. */
export function setStackRegister(state: CpuState, i: number, value: Float80): void {
  const registers = new FpuRegisters(state);
  const physical = registers.indexOf(i);
  registers.setPhysical(physical, value);
  registers.markUsed(physical);
}

function stackRegister(i: number): RegisterDefinition {
  return {
    name: `st${i}`,
    group: 'x87',
    size: 10,
    doc: i === 0 ? 'top of the x87 stack' : `x87 register ${i} from the top`,
    read: ({ state }) => {
      const registers = new FpuRegisters(state);
      return Number(decode(bytesOf(registers.physical(registers.indexOf(i))), FLOAT80));
    },
    write: ({ state }, value) => setStackRegister(state, i, float80Of(encode(value, FLOAT80))),
  };
}

/** ST(0) to ST(7), control, status and tag word. */
export function fpuRegisters(): RegisterDefinition[] {
  const word = (name: 'control' | 'status' | 'tags', short: string, doc: string): RegisterDefinition => ({
    name: short,
    group: 'x87',
    size: 2,
    doc,
    read: ({ state }) => new FpuRegisters(state)[name],
    write: ({ state }, value) => {
      new FpuRegisters(state)[name] = value & 0xffff;
    },
  });
  return [
    ...Array.from({ length: STACK_REGISTERS }, (_, i) => stackRegister(i)),
    word('control', 'fcw', 'x87 control word'),
    word('status', 'fsw', 'x87 status word'),
    word('tags', 'ftw', 'x87 tag word'),
  ];
}
