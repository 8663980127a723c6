import { findRegister, type RegisterDefinition } from '../registers/table';
import { findVectorRegister } from '../registers/vector';
import { didYouMean } from '../text/suggest';
import { TextError } from '../text/text-error';
import { isScalar } from '../values/scalars';
import { type Type, typeName } from '../../symbols/types';
import {
  arrayOf,
  builtin,
  CHAR,
  findMember,
  FLOAT80,
  INT,
  isFloat,
  isInteger,
  LONG_LONG,
  memberNames,
  pointerTo,
  strip,
  U16,
  U32,
  U64,
  U8,
  UNSIGNED,
  UNSIGNED_LONG_LONG,
} from '../values/types';
import { arithmetic, comparison, commonType, converted, promoted, truth } from './arithmetic';
import type { ExpressionNode, TypeName } from './ast';
import { constant, decay, memoryOperand, type Operand, scalar, scalarOf, store, variableOperand } from './operand';
import { parseExpression } from './parser';
import { elementAt, memberOf } from './selection';
import type { ExpressionTarget, Scope } from './scope';
import { vectorOperand } from './vector-operand';
import { SegmentIndex } from '../../machine/layout';

export interface CompileOptions {
  /** Allows `=`, `+=`, `++` and the like, which conditions must not have. */
  assignments?: boolean;
}

type NodeOf<K extends ExpressionNode['kind']> = Extract<ExpressionNode, { kind: K }>;

const REGISTER_TYPES = { 1: U8, 2: U16, 4: U32, 10: FLOAT80 } as const;
/** A function whose type is not known. */
const FUNCTION: Type = { kind: 'function', byteSize: 0, result: builtin('void')!, parameters: [], variadic: false };
const STACK_REGISTERS = new Set(['ebp', 'esp', 'bp', 'sp']);

/** Turns a parsed expression into closures. All names and types are settled here, so that evaluation only computes. */
class Compiler {
  constructor(
    private readonly text: string,
    private readonly target: ExpressionTarget,
    private readonly scope: Scope,
    private readonly options: CompileOptions,
  ) {}

  compile(node: ExpressionNode): Operand {
    switch (node.kind) {
      case 'number':
        return this.number(node);
      case 'character':
        return constant(INT, (node.value << 24) >> 24);
      case 'string':
        return this.string(node);
      case 'name':
        return this.name(node) ?? this.unknownName(node);
      case 'unary':
        return this.unary(node);
      case 'update':
        return this.update(node);
      case 'arithmetic':
        return this.arithmetic(node, decay(this.compile(node.left)), decay(this.compile(node.right)));
      case 'comparison':
        return (
          comparison(node.operator, decay(this.compile(node.left)), decay(this.compile(node.right))) ??
          this.fail(node, `"${node.operator}" needs two numbers or pointers`)
        );
      case 'logical':
        return this.logical(node);
      case 'conditional':
        return this.conditional(node);
      case 'assignment':
        return this.assignment(node);
      case 'sequence': {
        const left = this.compile(node.left);
        const right = this.compile(node.right);
        return right.number || right.wide
          ? scalar(right.type, () => (scalarOf(left), scalarOf(right)), right.place)
          : right;
      }
      case 'cast':
        return this.cast(node);
      case 'sizeof': {
        const type = node.type ? this.type(node.type) : this.compile(node.operand!).type;
        return constant(UNSIGNED, type.byteSize);
      }
      case 'index':
        return this.index(node);
      case 'member':
        return this.member(node);
      case 'segmented':
        return this.segmented(node);
      case 'memory': {
        const address = this.address(node.address);
        return memoryOperand(this.target, builtin(node.type)!, address, node.space);
      }
    }
  }

  private fail(node: { start: number; end: number }, problem: string): never {
    throw new TextError(problem, this.text, node.start, Math.max(1, node.end - node.start));
  }

  private number(node: NodeOf<'number'>): Operand {
    const { value, unsigned, long } = node;
    if (!long && value < 1n << 31n && !unsigned) return constant(INT, Number(value));
    if (!long && value < 1n << 32n) return constant(UNSIGNED, Number(value));
    return constant(unsigned || value >= 1n << 63n ? UNSIGNED_LONG_LONG : LONG_LONG, value);
  }

  /** A text has no address in the guest; it serves as an array to show and to index. */
  private string(node: NodeOf<'string'>): Operand {
    const bytes = Uint8Array.from([...node.value, '\0'], (character) => character.charCodeAt(0));
    return { type: arrayOf(CHAR, bytes.length), bytes: () => bytes };
  }

  private name({ name }: NodeOf<'name'>): Operand | undefined {
    const { scope, target } = this;
    if (name.startsWith('$')) {
      return this.registerNamed(name.slice(1));
    }
    const event = scope.event(name);
    if (event) return { type: event.type, number: () => event.read() };
    const local = scope.local(name);
    if (local) return variableOperand(target, local);
    const register = this.registerNamed(name);
    if (register) return register;
    if (name === 'icount') return { type: U64, wide: () => BigInt(target.instructions()) };
    const global = scope.global(name);
    if (global) return variableOperand(target, global);
    const symbol = scope.symbol(name);
    if (symbol) {
      const { address, type } = symbol;
      if (symbol.function) return memoryOperand(target, type ?? FUNCTION, () => address);
      return type ? memoryOperand(target, type, () => address) : constant(pointerTo(U8), address);
    }
    const enumerator = scope.enumerator(name);
    return enumerator && constant(enumerator.type, enumerator.value);
  }

  private unknownName(node: NodeOf<'name'>): never {
    const names = node.name.startsWith('$') ? [] : this.scope.names();
    const what = node.name.startsWith('$') ? 'register' : 'register, variable or symbol';
    this.fail(node, `there is no ${what} "${node.name}" here.${didYouMean(node.name, names)}`);
  }

  private registerNamed(name: string): Operand | undefined {
    const vector = findVectorRegister(name);
    if (vector) return vectorOperand(this.target, vector);
    const register = findRegister(name);
    return register && this.register(register);
  }

  private register(register: RegisterDefinition): Operand {
    const { target } = this;
    const { write } = register;
    return {
      type: REGISTER_TYPES[register.size],
      number: () => register.read(target),
      place: {
        kind: 'other',
        name: register.name,
        write: write && ((value) => write(target, Number(value))),
      },
    };
  }

  private unary(node: NodeOf<'unary'>): Operand {
    const operand = this.compile(node.operand);
    switch (node.operator) {
      case '&':
        return this.addressOf(node, operand);
      case '*':
        return this.dereference(node, decay(operand));
      case '!': {
        const test = this.truth(node.operand, operand);
        return { type: INT, number: () => (test() ? 0 : 1) };
      }
      case '+':
        if (!isScalar(operand.type)) this.fail(node, '"+" needs a number');
        return converted(operand, promoted(operand.type));
      case '-':
        return arithmetic('-', constant(INT, 0), operand) ?? this.fail(node, '"-" needs a number');
      case '~':
        return arithmetic('^', operand, constant(INT, -1)) ?? this.fail(node, '"~" needs an integer');
    }
  }

  private addressOf(node: NodeOf<'unary'>, { place, type }: Operand): Operand {
    if (place?.kind !== 'memory') {
      this.fail(node, place ? `${place.name} is not in memory, so it has no address` : 'this value has no address');
    }
    if (place.space === 'physical') this.fail(node, 'physical memory has no linear address');
    if (place.bits) this.fail(node, 'a bit field has no address');
    return { type: pointerTo(type), number: place.address };
  }

  /** A plain integer is taken as the address of a u32, which is what `*esp` means. */
  private dereference(node: NodeOf<'unary'>, operand: Operand): Operand {
    const inner = strip(operand.type);
    if (inner.kind === 'pointer') {
      const type = inner.target;
      if (strip(type).kind === 'void') this.fail(node, 'a void pointer has nothing to show: cast it, as in *(u32 *)p');
      return memoryOperand(this.target, type, operand.number!);
    }
    if (isInteger(inner)) return memoryOperand(this.target, U32, converted(operand, UNSIGNED).number!);
    this.fail(node, `"*" needs a pointer, not ${typeName(operand.type)}`);
  }

  private arithmetic(node: NodeOf<'arithmetic'>, left: Operand, right: Operand): Operand {
    const { operator } = node;
    const pointer = strip(left.type).kind === 'pointer';
    const other = strip(right.type).kind === 'pointer';
    if ((operator === '+' || operator === '-') && (pointer || other)) {
      if (pointer && other) {
        if (operator === '+') this.fail(node, 'two pointers cannot be added');
        const size = this.elementSize(left);
        return { type: INT, number: () => ((left.number!() - right.number!()) / size) | 0 };
      }
      if (operator === '+' || pointer) return this.offsetPointer(node, pointer ? left : right, pointer ? right : left);
    }
    return arithmetic(operator, left, right) ?? this.fail(node, `"${operator}" does not go with these types`);
  }

  private elementSize(pointer: Operand): number {
    const inner = strip(pointer.type);
    return Math.max(1, inner.kind === 'pointer' ? inner.target.byteSize : 1);
  }

  private offsetPointer(node: ExpressionNode, pointer: Operand, index: Operand): Operand {
    if (!isScalar(index.type) || isFloat(index.type)) this.fail(node, 'an index is an integer');
    const backwards = node.kind === 'arithmetic' && node.operator === '-';
    const size = this.elementSize(pointer) * (backwards ? -1 : 1);
    const base = pointer.number!;
    const count = converted(index, INT).number!;
    return { type: pointer.type, number: () => (base() + count() * size) >>> 0 };
  }

  private truth(node: ExpressionNode, operand: Operand): () => boolean {
    const value = decay(operand);
    if (!isScalar(value.type)) this.fail(node, `a value of type ${typeName(value.type)} is neither true nor false`);
    return truth(value);
  }

  private logical(node: NodeOf<'logical'>): Operand {
    const left = this.truth(node.left, this.compile(node.left));
    const right = this.truth(node.right, this.compile(node.right));
    return node.operator === '&&'
      ? { type: INT, number: () => (left() && right() ? 1 : 0) }
      : { type: INT, number: () => (left() || right() ? 1 : 0) };
  }

  private conditional(node: NodeOf<'conditional'>): Operand {
    const test = this.truth(node.test, this.compile(node.test));
    const yes = decay(this.compile(node.yes));
    const no = decay(this.compile(node.no));
    if (!isScalar(yes.type) || !isScalar(no.type)) this.fail(node, 'both values of "?" must be numbers or pointers');
    const pointer = [yes, no].find((operand) => strip(operand.type).kind === 'pointer');
    const type = pointer?.type ?? commonType(yes.type, no.type);
    const [a, b] = [converted(yes, type), converted(no, type)];
    return scalar(type, () => scalarOf(test() ? a : b));
  }

  private assignable(node: { start: number; end: number }, operand: Operand): void {
    if (!this.options.assignments) {
      this.fail(node, 'nothing can be changed here: to compare, write "=="');
    }
    const { place } = operand;
    if (!place) this.fail(node, 'only registers, variables and memory can be assigned to');
    if (place.kind === 'other' && !place.write) this.fail(node, `${place.name} cannot be set`);
    if (!isScalar(operand.type))
      this.fail(node, `a value of type ${typeName(operand.type)} cannot be assigned as a whole`);
  }

  /** Stores what `compute` gives; the value of the whole is that of the place afterwards, or before. */
  private stored(operand: Operand, compute: Operand, before = false): Operand {
    return scalar(
      operand.type,
      () => {
        const old = before ? scalarOf(operand) : undefined;
        store(this.target, operand, scalarOf(compute));
        return old ?? scalarOf(operand);
      },
      operand.place,
    );
  }

  private assignment(node: NodeOf<'assignment'>): Operand {
    const place = this.compile(node.target);
    this.assignable(node, place);
    const value = decay(this.compile(node.value));
    if (!isScalar(value.type)) this.fail(node.value, `a value of type ${typeName(value.type)} cannot be assigned`);
    if (!node.operator) return this.stored(place, value);
    const { operator, start, end } = node;
    const combined = { kind: 'arithmetic' as const, operator, left: node.target, right: node.value, start, end };
    return this.stored(place, this.arithmetic(combined, place, value));
  }

  private update(node: NodeOf<'update'>): Operand {
    const operand = this.compile(node.operand);
    this.assignable(node, operand);
    const { operator, start, end } = node;
    const one: ExpressionNode = { kind: 'number', value: 1n, unsigned: false, long: false, start, end };
    const combined = { kind: 'arithmetic' as const, operator, left: node.operand, right: one, start, end };
    return this.stored(operand, this.arithmetic(combined, operand, this.compile(one)), !node.prefix);
  }

  private cast(node: NodeOf<'cast'>): Operand {
    const type = this.type(node.type);
    const inner = strip(type);
    const operand = decay(this.compile(node.operand));
    if (inner.kind === 'void') return { type };
    if (!isScalar(type)) this.fail(node.type, `a cast to ${typeName(type)} is not possible; cast a pointer instead`);
    if (!isScalar(operand.type)) this.fail(node.operand, `a value of type ${typeName(operand.type)} cannot be cast`);
    return converted(operand, type);
  }

  private type(name: TypeName): Type {
    let type = this.scope.type(name.base) ?? builtin(name.base);
    if (!type) this.fail(name, `there is no type "${name.base}"`);
    for (let i = 0; i < name.pointers; i++) type = pointerTo(type);
    return type;
  }

  private index(node: NodeOf<'index'>): Operand {
    const whole = this.compile(node.object);
    const index = decay(this.compile(node.index));
    const inner = strip(whole.type);
    if (inner.kind === 'array') {
      if (!isScalar(index.type) || isFloat(index.type)) this.fail(node, 'an index is an integer');
      return elementAt(this.target, whole, inner, converted(index, INT).number!);
    }
    if (inner.kind !== 'pointer') this.fail(node, `a value of type ${typeName(whole.type)} has no elements`);
    return memoryOperand(this.target, inner.target, this.offsetPointer(node, whole, index).number!);
  }

  private member(node: NodeOf<'member'>): Operand {
    const dotted = this.portName(node);
    if (dotted !== undefined) return constant(U16, dotted);
    let object = this.compile(node.object);
    const inner = strip(object.type);
    // A dot after a pointer is forgiven, and so is an arrow after a struct: there is nothing else they could mean.
    if (inner.kind === 'pointer') object = memoryOperand(this.target, inner.target, object.number!);
    const struct = strip(object.type);
    if (struct.kind !== 'struct') this.fail(node, `a value of type ${typeName(object.type)} has no members`);
    const member = findMember(struct, node.name);
    if (!member) {
      const hint = didYouMean(node.name, memberNames(struct));
      this.fail(node, `${typeName(struct)} has no member "${node.name}".${hint}`);
    }
    return memberOf(this.target, object, member);
  }

  /** `COM1.THR` is a number where `COM1` is nothing else. */
  private portName(node: NodeOf<'member'>): number | undefined {
    if (node.arrow || node.object.kind !== 'name' || this.name(node.object)) return undefined;
    return this.scope.port(`${node.object.name}.${node.name}`);
  }

  private address(node: ExpressionNode): () => number {
    const operand = decay(this.compile(node));
    if (!isScalar(operand.type) || isFloat(operand.type)) {
      this.fail(node, `an address is a number, not ${typeName(operand.type)}`);
    }
    return converted(operand, UNSIGNED).number!;
  }

  private segmented(node: NodeOf<'segmented'>): Operand {
    const { state } = this.target;
    const name = node.segment ?? (mentionsStack(node.offset) ? 'ss' : 'ds');
    const segment = SegmentIndex[name.toUpperCase() as keyof typeof SegmentIndex];
    const offset = this.address(node.offset);
    const type = node.type ? this.type(node.type) : U32;
    return memoryOperand(this.target, type, () => (state.segmentBase(segment) + offset()) >>> 0);
  }
}

/** As in assembly, an address made from ESP or EBP is in the stack segment unless another is named. */
function mentionsStack(node: ExpressionNode): boolean {
  if (node.kind === 'name') return STACK_REGISTERS.has(node.name.replace(/^\$/, '').toLowerCase());
  return node.kind === 'arithmetic' && (mentionsStack(node.left) || mentionsStack(node.right));
}

/**
 * Compiles an expression for a scope.
 * @throws TextError that points at what does not fit
 */
export function compileExpression(
  text: string,
  target: ExpressionTarget,
  scope: Scope,
  options: CompileOptions = {},
): Operand {
  return new Compiler(text, target, scope, options).compile(parseExpression(text));
}

/** Compiles a condition: an expression without side effects whose value is true or false. @throws TextError */
export function compileCondition(text: string, target: ExpressionTarget, scope: Scope): () => boolean {
  const operand = decay(compileExpression(text, target, scope));
  if (!isScalar(operand.type)) {
    throw new TextError(`a value of type ${typeName(operand.type)} is neither true nor false`, text, 0, text.length);
  }
  return truth(operand);
}
