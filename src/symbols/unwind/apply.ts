import { DWARF_REGISTERS, EIP, ESP } from '../dwarf/constants';
import { evaluateLocation, type ExpressionContext, Unavailable } from '../dwarf/expression';
import type { CallerFrame, CfaRule, RegisterRule, UnwindRule, UnwindState } from './rules';

/** Works out the CFA of a frame; undefined if it depends on something unknown. */
export function applyCfa(rule: CfaRule, state: UnwindState): number | undefined {
  if (rule.kind === 'expression') return evaluateAddress(rule.expression, state, []);
  const value = state.register(rule.register);
  return value === undefined ? undefined : (value + rule.offset) >>> 0;
}

/** Applies a rule: from a frame's registers and memory to its caller's. Undefined if the CFA can't be worked out. */
export function unwind(rule: UnwindRule, state: UnwindState): CallerFrame | undefined {
  const cfa = applyCfa(rule.cfa, state);
  if (cfa === undefined) return undefined;
  const registers = DWARF_REGISTERS.map((_, register) => {
    const found = rule.registers.get(register);
    if (found) return applyRegister(found, register, cfa, state);
    // By the definition of the CFA (i386 psABI), unless a rule says otherwise.
    return register === ESP ? cfa : state.register(register);
  });
  const returnAddress = applyRegister(rule.returnAddress, EIP, cfa, state);
  registers[EIP] = returnAddress;
  return { returnAddress, cfa, registers };
}

function applyRegister(rule: RegisterRule, register: number, cfa: number, state: UnwindState): number | undefined {
  switch (rule.kind) {
    case 'undefined':
      return undefined;
    case 'same':
      return state.register(register);
    case 'offset':
      return readWord((cfa + rule.offset) >>> 0, state);
    case 'value-offset':
      return (cfa + rule.offset) >>> 0;
    case 'register':
      return state.register(rule.register);
    case 'expression': {
      const address = evaluateAddress(rule.expression, state, [cfa]);
      return address === undefined ? undefined : readWord(address, state);
    }
    case 'value-expression':
      return evaluateAddress(rule.expression, state, [cfa]);
  }
}

function readWord(address: number, state: UnwindState): number | undefined {
  const bytes = state.readMemory(address, 4);
  if (!bytes || bytes.length < 4) return undefined;
  return (bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24)) >>> 0;
}

/** Call frame expressions may use registers and memory only (DWARF 5, section 6.4.2). */
function evaluateAddress(expression: Uint8Array, state: UnwindState, initial: number[]): number | undefined {
  const nothing = (): never => {
    throw new Unavailable('call frame expressions know no functions or types');
  };
  const context: ExpressionContext = {
    address: state.address,
    bias: 0,
    register: (number) => state.register(number),
    readMemory: (address, size) => state.readMemory(address, size),
    cfa: () => undefined,
    frameBase: nothing,
    indexedAddress: nothing,
    baseType: () => undefined,
  };
  const location = evaluateLocation(expression, context, initial);
  return location.kind === 'memory' ? location.address : undefined;
}
