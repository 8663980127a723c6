import { SymbolError } from '../errors';
import type { Location, LocationContext } from '../location';
import type { Type } from '../types';
import { DW_AT, DW_TAG } from './constants';
import type { Die } from './die';
import { evaluateLocation, type ExpressionContext, OPTIMIZED_OUT, Unavailable, unknownRegister } from './expression';
import type { Block } from './functions';
import { expressionAt } from './location-lists';
import type { TypeReader } from './type-reader';

/** A variable or parameter of the program. */
export interface Variable {
  readonly name: string;
  readonly kind: 'parameter' | 'local' | 'static' | 'global';
  readonly type: Type;
  /** Line of its declaration, if known. */
  readonly line: number | undefined;
  /** Where it is in a frame; never throws. Statics and globals use the memory of the context only. */
  locate(context: LocationContext): Location;
}

/** What the variables of a file have in common. */
export interface VariableContext {
  readonly types: TypeReader;
  /** Added to linked addresses to get linear ones. */
  readonly bias: number;
  /** Linked address of an object of the symbol table, for variables that are only declared where they are used. */
  objectAddress(name: string): number | undefined;
  /** The function whose code a linked address is in. */
  functionAt(address: number): Block | undefined;
}

const VARIABLE_TAGS: ReadonlySet<number> = new Set([DW_TAG.variable, DW_TAG.formal_parameter]);

/**
 * The variables declared directly in an entry (a function, a block, a unit). Those of an inlined or cloned function that
 * the compiler dropped from this copy are still listed: they are optimized out.
 */
export function variablesOf(owner: Die, context: VariableContext): Variable[] {
  const variables: Variable[] = [];
  const seen = new Set<string>();
  for (const die of owner.children()) {
    if (!VARIABLE_TAGS.has(die.tag)) continue;
    seen.add(key(die.origin));
    const variable = readVariable(die, context);
    if (variable) variables.push(variable);
  }
  const abstract = owner.completes;
  if (abstract) {
    for (const die of abstract.children()) {
      if (!VARIABLE_TAGS.has(die.tag) || seen.has(key(die.origin))) continue;
      const variable = readVariable(die, context);
      if (variable) variables.push(variable);
    }
  }
  return variables;
}

/** Undefined for what has no name, as the unnamed parameters of a prototype. */
export function readVariable(die: Die, context: VariableContext): Variable | undefined {
  const { name } = die;
  if (name === undefined) return undefined;
  const parameter = die.tag === DW_TAG.formal_parameter;
  const type = die.inherited(DW_AT.type)?.die;
  return {
    name,
    kind: parameter ? 'parameter' : storage(die),
    get type() {
      return context.types.typeOf(type ?? die);
    },
    line: die.inheritedNumber(DW_AT.decl_line),
    locate: (frame) => locate(die, frame, context),
  };
}

function key(die: Die): string {
  return `${die.unit.header.section}${die.offset}`;
}

/** Whether the entry has one fixed address, which makes it static; a global one is visible to other units too. */
function storage(die: Die): 'local' | 'static' | 'global' {
  const external = die.inherited(DW_AT.external);
  if (external?.raw.kind === 'flag' && external.raw.value) return 'global';
  const location = die.raw(DW_AT.location);
  const DW_OP_addr = 0x03;
  const DW_OP_addrx = 0xa1;
  const first = location?.kind === 'block' ? location.value[0] : undefined;
  return first === DW_OP_addr || first === DW_OP_addrx ? 'static' : 'local';
}

function locate(die: Die, frame: LocationContext, context: VariableContext): Location {
  try {
    const linked = frame.address - context.bias;
    const expression = expressionAt(die, DW_AT.location, linked);
    if (expression) {
      const location = evaluateLocation(expression, expressionContext(die, frame, context));
      return isBareConstant(die, expression) ? asValue(location) : location;
    }
    const constant = die.inherited(DW_AT.const_value);
    if (constant) return constantLocation(constant);
    if (die.flag(DW_AT.declaration)) return declared(die, context);
    return OPTIMIZED_OUT;
  } catch (error) {
    if (error instanceof SymbolError) return { kind: 'unavailable', reason: error.message };
    throw error;
  }
}

/**
 * DWARF 2 and 3 can't say that a variable has a value and no place. LLVM then writes the bare constant, which by the letter
 * would be an address; real addresses are written with DW_OP_addr.
 */
function isBareConstant(die: Die, expression: Uint8Array): boolean {
  if (die.unit.header.version >= 4) return false;
  const [opcode] = expression;
  const lit0 = 0x30;
  const lit31 = 0x4f;
  if (opcode >= lit0 && opcode <= lit31) return expression.length === 1;
  return expression.length === constantLength(expression);
}

/** Bytes of the constant that an expression begins with (DW_OP_const1u to DW_OP_consts), or 0. */
function constantLength(expression: Uint8Array): number {
  const fixed: Readonly<Record<number, number>> = { 8: 2, 9: 2, 10: 3, 11: 3, 12: 5, 13: 5, 14: 9, 15: 9 };
  const [opcode] = expression;
  if (opcode !== 0x10 && opcode !== 0x11) return fixed[opcode] ?? 0;
  return expression.findIndex((byte, i) => i > 0 && byte < 0x80) + 1;
}

function asValue(location: Location): Location {
  return location.kind === 'memory' ? { kind: 'value', value: BigInt(location.address) } : location;
}

function constantLocation({ raw, die }: { raw: { kind: string; value?: unknown }; die: Die }): Location {
  if (raw.kind === 'constant') return { kind: 'value', value: BigInt(raw.value as number | bigint) };
  if (raw.kind === 'block') return { kind: 'bytes', bytes: raw.value as Uint8Array };
  const text = die.string(DW_AT.const_value);
  return text === undefined ? OPTIMIZED_OUT : { kind: 'bytes', bytes: new TextEncoder().encode(`${text}\0`) };
}

function declared(die: Die, context: VariableContext): Location {
  const address = context.objectAddress(die.name ?? '');
  if (address === undefined) return { kind: 'unavailable', reason: 'declared here, but not part of this program' };
  return { kind: 'memory', address: (address + context.bias) >>> 0 };
}

/** Joins the frame with what expressions ask of the file. */
function expressionContext(die: Die, frame: LocationContext, context: VariableContext): ExpressionContext {
  const { unit } = die;
  const self: ExpressionContext = {
    address: frame.address,
    bias: context.bias,
    register: (number) => frame.register(number),
    readMemory: (address, size) => frame.readMemory(address, size),
    cfa: () => frame.cfa(),
    indexedAddress: (index) => unit.indexedAddress(index),
    baseType: (offset) => {
      const type = unit.dieAt(unit.header.offset + offset);
      const byteSize = type?.number(DW_AT.byte_size);
      return byteSize === undefined ? undefined : { byteSize, encoding: type?.number(DW_AT.encoding) ?? 0 };
    },
    frameBase: () => {
      const linked = frame.address - context.bias;
      const fn = context.functionAt(linked);
      const expression = fn && expressionAt(fn.die, DW_AT.frame_base, linked);
      if (!expression) throw new Unavailable('its function has no frame base here');
      const withoutBase: ExpressionContext = {
        ...self,
        frameBase: () => {
          throw new Unavailable('its frame base depends on itself');
        },
      };
      const base = evaluateLocation(expression, withoutBase);
      if (base.kind === 'memory') return base.address;
      if (base.kind !== 'register') {
        throw new Unavailable(base.kind === 'unavailable' ? base.reason : 'the frame base has no address');
      }
      // DW_OP_regN: the frame base is what the register holds.
      const value = frame.register(base.register);
      if (value === undefined) throw unknownRegister(base.register);
      return value;
    },
  };
  return self;
}
