import { vectorOperand } from '../expressions/vector-operand';
import type { VectorRegister } from '../registers/vector';
import type { Value } from '../types';
import { EvaluationError } from '../values/memory';
import type { ValueContext } from './context';
import { partsOf } from './parts';
import { valueOf } from './value';

/** Bytes as one number in hexadecimal, the last byte first. */
function hexOf(bytes: Uint8Array): string {
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
    .reverse()
    .join('')}`;
}

function bytesOf(text: string, { bytes, name }: VectorRegister): Uint8Array {
  const digits = /^(?:0x)?([0-9a-f]+)$/i.exec(text.trim())?.[1].replace(/^0+(?=.)/, '');
  if (digits === undefined || digits.length > bytes * 2) {
    throw new EvaluationError(`${name} takes a number of up to ${bytes * 2} hexadecimal digits`);
  }
  const padded = digits.padStart(bytes * 2, '0');
  return Uint8Array.from({ length: bytes }, (_, i) =>
    Number.parseInt(padded.slice((bytes - 1 - i) * 2).slice(0, 2), 16),
  );
}

/** A vector register: its bits, and below it the elements of each type that it may hold. */
export function vectorValue(context: ValueContext, register: VectorRegister): Value {
  const { state } = context.target;
  const { name, doc } = register;
  const expression = context.scope.local(name) ? `$${name}` : name;
  const shown = (): string => hexOf(register.read(state));
  const parts = partsOf(context.target, vectorOperand(context.target, register), expression);
  return {
    name,
    text: shown(),
    type: doc,
    kind: 'register',
    expression,
    children: (format) => (parts?.() ?? []).map(({ operand, ...part }) => valueOf(context, operand, part, format)),
    assign: (text) => {
      register.write(state, 0, bytesOf(text, register));
      context.changed();
      return shown();
    },
  };
}
