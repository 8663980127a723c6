import { fieldValue, bitRange } from '../../machine/bus/fields';
import type { BitField } from '../../machine/devices/device';
import { findRegister } from '../registers/table';
import { hex } from '../text/hex';
import type { Value } from '../types';
import { EvaluationError } from '../values/memory';
import { compileExpression } from '../expressions/compiler';
import { decay, scalarOf } from '../expressions/operand';
import type { ValueContext } from './context';
import type { RegisterDetails } from './register-details';
import { FPU_FIELDS } from './fpu-fields';
import { VECTOR_FIELDS } from './vector-fields';
import { SYSTEM_FIELDS } from './system-fields';

const FIELDS: Readonly<Record<string, readonly BitField[]>> = { ...SYSTEM_FIELDS, ...FPU_FIELDS, ...VECTOR_FIELDS };

/** What is on: `PG ET PE`, `RW0=0x3`. A number such as a page frame can be read off the register itself. */
function setFields(fields: readonly BitField[], value: number): string {
  return [...fields]
    .sort((a, b) => b.high - a.high)
    .flatMap((field) => {
      const part = fieldValue(field, value);
      if (part === 0) return [];
      if (field.high === field.low) return [field.name];
      return field.values ? [`${field.name}=${hex(part)}`] : [];
    })
    .join(' ');
}

function parse(context: ValueContext, text: string): number {
  const value = scalarOf(decay(compileExpression(text, context.target, context.scope)));
  return Number(value);
}

function fieldRow(context: ValueContext, name: string, field: BitField): Value {
  const register = findRegister(name);
  const read = (): number => register?.read(context.target) ?? 0;
  const shown = (): string => {
    const part = fieldValue(field, read());
    const meaning = field.values?.[part];
    return `${field.high - field.low > 3 ? hex(part) : part}${meaning === undefined ? '' : ` ${meaning}`}`;
  };
  const write = register?.write;
  return {
    name: field.name,
    text: shown(),
    type: `bit${field.high === field.low ? '' : 's'} ${bitRange(field)}${field.doc ? `: ${field.doc}` : ''}`,
    kind: 'flag',
    ...(write && {
      assign: (text: string): string => {
        const value = parse(context, text);
        const most = fieldValue(field, 0xffffffff);
        if (!Number.isInteger(value) || value < 0 || value > most) {
          throw new EvaluationError(`${field.name} takes 0 to ${hex(most)}`);
        }
        const mask = most * 2 ** field.low;
        write(context.target, (read() & ~mask) + value * 2 ** field.low);
        context.changed();
        return shown();
      },
    }),
  };
}

/** Bits of control, debug, x87 and SSE registers by name; the symbol that CR2 or a breakpoint address is in. */
export function systemDetails(context: ValueContext, name: string): RegisterDetails {
  const value = findRegister(name)?.read(context.target) ?? 0;
  const fields = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
  if (fields) {
    const words = setFields(fields, value);
    return { ...(words !== '' && { words }), children: () => fields.map((field) => fieldRow(context, name, field)) };
  }
  const isAddress = name === 'cr2' || /^dr[0-3]$/.test(name);
  const symbol = isAddress && value !== 0 ? context.guest.symbols.symbolAt(value) : undefined;
  return symbol ? { words: `<${symbol.text}>` } : {};
}
