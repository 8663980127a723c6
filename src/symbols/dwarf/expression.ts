import { ByteReader } from '../byte-reader';
import { SymbolError } from '../errors';
import type { Location, LocationContext, Piece } from '../location';
import { DW_ATE, DWARF_REGISTERS } from './constants';

/** What an expression needs besides the state of the frame. */
export interface ExpressionContext extends LocationContext {
  /** Added to linked addresses. */
  readonly bias: number;
  /** The function's DW_AT_frame_base. @throws Unavailable */
  frameBase(): number;
  /** Entry `index` of the unit's part of .debug_addr, not biased. */
  indexedAddress(index: number): number;
  /** Size and encoding of the base type at an offset of the unit; undefined if it is none. */
  baseType(offset: number): { byteSize: number; encoding: number } | undefined;
}

/** Thrown inside evaluations; the message is the reason shown to the user. */
export class Unavailable extends Error {
  override name = 'Unavailable';
}

/** The reason why something can't be shown in a frame whose value of a register is lost. */
export function unknownRegister(number: number): Unavailable {
  return new Unavailable(`it depends on ${DWARF_REGISTERS[number] ?? `register ${number}`}, which is not known here`);
}

interface ValueType {
  bits: number;
  signed: boolean;
}

/** The generic type: as wide as an address, signed where DWARF 5 section 2.5.1.4 says so. */
const GENERIC: ValueType = { bits: 32, signed: false };

interface Entry {
  value: bigint;
  type: ValueType;
}

/** Operations that a loop may take before it is given up. */
const MAX_STEPS = 10_000;
/** Values on the stack, for the same reason. */
const MAX_DEPTH = 1024;

/** Evaluates one expression, which ends as a location description. */
class Machine {
  readonly stack: Entry[] = [];
  /** A description that is no address: where the object is so far. */
  simple: Location | undefined;
  readonly pieces: Piece[] = [];

  constructor(
    readonly reader: ByteReader,
    readonly context: ExpressionContext,
  ) {}

  run(): Location {
    const { reader } = this;
    for (let steps = 0; !reader.atEnd; steps++) {
      if (steps === MAX_STEPS) throw new Unavailable('its location expression does not end');
      const opcode = reader.u8();
      const operation = OPERATIONS[opcode];
      if (!operation) throw new Unavailable(`its location uses the unknown operation 0x${opcode.toString(16)}`);
      operation(this);
      if (this.stack.length > MAX_DEPTH) throw new Unavailable('its location expression overflows the stack');
    }
    if (this.pieces.length) return { kind: 'pieces', pieces: this.pieces };
    return this.current() ?? OPTIMIZED_OUT;
  }

  /** The location that has been described since the last piece. */
  current(): Location | undefined {
    if (this.simple) return this.simple;
    return this.stack.length ? { kind: 'memory', address: this.popAddress() } : undefined;
  }

  push(value: bigint | number, type: ValueType = GENERIC): void {
    const wide = BigInt(value);
    this.stack.push({
      value: type.signed ? BigInt.asIntN(type.bits, wide) : BigInt.asUintN(type.bits, wide),
      type,
    });
  }

  pop(): Entry {
    const entry = this.stack.pop();
    if (!entry) throw new Unavailable('its location expression is damaged: the stack is empty');
    return entry;
  }

  peek(depth: number): Entry {
    const entry = this.stack.at(-1 - depth);
    if (!entry) throw new Unavailable('its location expression is damaged: the stack is too short');
    return entry;
  }

  popAddress(): number {
    return Number(BigInt.asUintN(32, this.pop().value));
  }

  register(number: number): number {
    const value = this.context.register(number);
    if (value === undefined) throw unknownRegister(number);
    return value;
  }

  readMemory(address: number, size: number, type: ValueType = GENERIC): void {
    const bytes = size >= 1 && size <= 8 ? this.context.readMemory(address, size) : undefined;
    if (!bytes || bytes.length < size) {
      throw new Unavailable(`its location depends on memory at 0x${address.toString(16)}, which can't be read`);
    }
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
    this.push(value, type);
  }

  /** Operand that names a base type by its offset in the unit; 0 is the generic type. */
  typeOperand(): ValueType {
    const offset = this.reader.uleb();
    if (offset === 0) return GENERIC;
    const type = this.context.baseType(offset);
    if (!type) throw new Unavailable('its location uses a type that is not there');
    if (type.encoding === DW_ATE.float || type.byteSize > 8) {
      throw new Unavailable('its value is computed in floating point');
    }
    return {
      bits: type.byteSize * 8,
      signed: type.encoding === DW_ATE.signed || type.encoding === DW_ATE.signed_char,
    };
  }

  jump(distance: number): void {
    const target = this.reader.offset + distance;
    if (target < 0 || target > this.reader.end) throw new Unavailable('its location expression jumps out of itself');
    this.reader.offset = target;
  }

  piece(bitSize: number, bitOffset: number): void {
    const location = this.current() ?? OPTIMIZED_OUT;
    this.pieces.push({ bitSize, bitOffset, location });
    this.simple = undefined;
    this.stack.length = 0;
  }
}

export const OPTIMIZED_OUT: Location = { kind: 'unavailable', reason: 'optimized out' };

type Operation = (m: Machine) => void;

const OPERATIONS: Record<number, Operation> = {};

function define(opcodes: readonly number[], operation: Operation): void {
  for (const opcode of opcodes) OPERATIONS[opcode] = operation;
}

/** An operand that is pushed as a value. */
function literal(opcode: number, read: (reader: ByteReader) => number | bigint): void {
  OPERATIONS[opcode] = (m) => m.push(read(m.reader));
}

/** Two entries give one of the first one's type; `a` was pushed first. Some see the generic type as signed. */
function binary(opcode: number, compute: (a: bigint, b: bigint, type: ValueType) => bigint, signed = false): void {
  OPERATIONS[opcode] = (m) => {
    const b = m.pop();
    const a = m.pop();
    const view = (entry: Entry): bigint => (signed ? BigInt.asIntN(entry.type.bits, entry.value) : entry.value);
    const asSigned = signed && (a.type === GENERIC || a.type.signed);
    m.push(asSigned ? compute(view(a), view(b), a.type) : compute(a.value, b.value, a.type), a.type);
  };
}

function comparison(opcode: number, holds: (a: bigint, b: bigint) => boolean): void {
  OPERATIONS[opcode] = (m) => {
    const b = m.pop();
    const a = m.pop();
    const signed = a.type === GENERIC || a.type.signed;
    const view = (entry: Entry): bigint => (signed ? BigInt.asIntN(entry.type.bits, entry.value) : entry.value);
    m.push(holds(view(a), view(b)) ? 1 : 0);
  };
}

function unary(opcode: number, compute: (a: bigint, type: ValueType) => bigint): void {
  OPERATIONS[opcode] = (m) => {
    const a = m.pop();
    m.push(compute(a.value, a.type), a.type);
  };
}

function divisor(b: bigint): bigint {
  if (b === 0n) throw new Unavailable('its location expression divides by zero');
  return b;
}

function unavailable(opcodes: readonly number[], reason: string): void {
  define(opcodes, () => {
    throw new Unavailable(reason);
  });
}

// Literals (DWARF 5, section 2.5.1.1)
OPERATIONS[0x03] = (m) => m.push(m.reader.u32() + m.context.bias);
literal(0x08, (r) => r.u8());
literal(0x09, (r) => r.s8());
literal(0x0a, (r) => r.u16());
literal(0x0b, (r) => r.s16());
literal(0x0c, (r) => r.u32());
literal(0x0d, (r) => r.s32());
literal(0x0e, (r) => r.u64());
literal(0x0f, (r) => r.s64());
literal(0x10, (r) => r.uleb64());
literal(0x11, (r) => r.sleb64());
for (let i = 0; i < 32; i++) OPERATIONS[0x30 + i] = (m) => m.push(i);
define([0xa1, 0xfb], (m) => m.push(m.context.indexedAddress(m.reader.uleb()) + m.context.bias));
define([0xa2, 0xfc], (m) => m.push(m.context.indexedAddress(m.reader.uleb())));
define([0xa4, 0xf4], (m) => {
  const type = m.typeOperand();
  const bytes = m.reader.block(m.reader.u8());
  m.push(
    bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n),
    type,
  );
});

// Register values (2.5.1.2)
OPERATIONS[0x91] = (m) => m.push(m.context.frameBase() + m.reader.sleb());
for (let i = 0; i < 32; i++) OPERATIONS[0x70 + i] = (m) => m.push(m.register(i) + m.reader.sleb());
OPERATIONS[0x92] = (m) => {
  const register = m.register(m.reader.uleb());
  m.push(register + m.reader.sleb());
};
define([0xa5, 0xf5], (m) => {
  const value = m.register(m.reader.uleb());
  m.push(value, m.typeOperand());
});

// Stack operations (2.5.1.3)
OPERATIONS[0x12] = (m) => m.stack.push(m.peek(0));
OPERATIONS[0x13] = (m) => void m.pop();
OPERATIONS[0x14] = (m) => m.stack.push(m.peek(1));
OPERATIONS[0x15] = (m) => m.stack.push(m.peek(m.reader.u8()));
OPERATIONS[0x16] = (m) => m.stack.push(m.pop(), m.pop());
OPERATIONS[0x17] = (m) => {
  const [a, b, c] = [m.pop(), m.pop(), m.pop()];
  m.stack.push(a, c, b);
};
OPERATIONS[0x06] = (m) => m.readMemory(m.popAddress(), 4);
OPERATIONS[0x94] = (m) => m.readMemory(m.popAddress(), m.reader.u8());
define([0xa6, 0xf6], (m) => {
  const size = m.reader.u8();
  m.readMemory(m.popAddress(), size, m.typeOperand());
});
OPERATIONS[0x9c] = (m) => {
  const cfa = m.context.cfa();
  if (cfa === undefined) throw new Unavailable('the frame it is in was not found');
  m.push(cfa);
};

// Arithmetic and logic (2.5.1.4)
unary(0x19, (a, type) => (BigInt.asIntN(type.bits, a) < 0n ? -BigInt.asIntN(type.bits, a) : a));
binary(0x1a, (a, b) => a & b);
binary(0x1b, (a, b) => a / divisor(b), true);
binary(0x1c, (a, b) => a - b);
binary(0x1d, (a, b) => a % divisor(b));
binary(0x1e, (a, b) => a * b);
unary(0x1f, (a) => -a);
unary(0x20, (a) => ~a);
binary(0x21, (a, b) => a | b);
binary(0x22, (a, b) => a + b);
OPERATIONS[0x23] = (m) => {
  const a = m.pop();
  m.push(a.value + BigInt(m.reader.uleb64()), a.type);
};
binary(0x24, (a, b, type) => (b >= BigInt(type.bits) || b < 0n ? 0n : a << b));
binary(0x25, (a, b, type) => (b < 0n ? 0n : BigInt.asUintN(type.bits, a) >> b));
OPERATIONS[0x26] = (m) => {
  const shift = m.pop();
  const a = m.pop();
  m.push(BigInt.asIntN(a.type.bits, a.value) >> (shift.value < 0n ? 0n : shift.value), a.type);
};
binary(0x27, (a, b) => a ^ b);

// Control flow (2.5.1.5)
comparison(0x29, (a, b) => a === b);
comparison(0x2a, (a, b) => a >= b);
comparison(0x2b, (a, b) => a > b);
comparison(0x2c, (a, b) => a <= b);
comparison(0x2d, (a, b) => a < b);
comparison(0x2e, (a, b) => a !== b);
OPERATIONS[0x2f] = (m) => m.jump(m.reader.s16());
OPERATIONS[0x28] = (m) => {
  const distance = m.reader.s16();
  if (m.pop().value !== 0n) m.jump(distance);
};
define([0x96, 0xf0], () => undefined);

// Type conversions (2.5.1.6)
define([0xa8, 0xf7], (m) => {
  const type = m.typeOperand();
  m.push(m.pop().value, type);
});
define([0xa9, 0xf9], (m) => {
  const type = m.typeOperand();
  const { value, type: old } = m.pop();
  m.push(BigInt.asUintN(old.bits, value), type);
});

// Location descriptions (2.6)
for (let i = 0; i < 32; i++) {
  OPERATIONS[0x50 + i] = (m) => {
    m.simple = { kind: 'register', register: i };
  };
}
OPERATIONS[0x90] = (m) => {
  m.simple = { kind: 'register', register: m.reader.uleb() };
};
OPERATIONS[0x93] = (m) => m.piece(m.reader.uleb() * 8, 0);
OPERATIONS[0x9d] = (m) => {
  const bitSize = m.reader.uleb();
  m.piece(bitSize, m.reader.uleb());
};
OPERATIONS[0x9e] = (m) => {
  m.simple = { kind: 'bytes', bytes: m.reader.block(m.reader.uleb()) };
};
OPERATIONS[0x9f] = (m) => {
  m.simple = { kind: 'value', value: m.pop().value };
};

// What can't be known here
unavailable([0xa3, 0xf3], 'optimized out: only its value on entry to the function was known');
unavailable([0xa0, 0xf2], 'optimized out: what it points to has no address');
unavailable([0xfa, 0xfd], 'optimized out: it was passed to an inlined call');
unavailable([0x9b, 0xe0], 'it is thread-local, which needs an operating system');
unavailable([0x97, 0x98, 0x99, 0x9a, 0x18, 0x95, 0xa7], 'its location uses an operation that C does not need');

/**
 * Evaluates a location expression. Never throws: what can't be worked out is `unavailable`, with the reason.
 * @param initial values to start with, as call frame information wants
 */
export function evaluateLocation(
  expression: Uint8Array,
  context: ExpressionContext,
  initial: readonly number[] = [],
): Location {
  try {
    const machine = new Machine(new ByteReader(expression, 'a location expression'), context);
    for (const value of initial) machine.push(value);
    return machine.run();
  } catch (error) {
    if (error instanceof Unavailable) return { kind: 'unavailable', reason: error.message };
    if (error instanceof SymbolError)
      return { kind: 'unavailable', reason: `its location is damaged: ${error.message}` };
    throw error;
  }
}
