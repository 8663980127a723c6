import type { RegisterContext } from '../registers/table';
import type { GuestMemory } from '../values/memory';
import type { Scalar } from '../values/scalars';
import type { Type } from '../../symbols/types';

/** Where the bytes of a variable are at this moment. */
export type VariableLocation =
  | { kind: 'memory'; address: number }
  /** A general register, 0-7. */
  | { kind: 'register'; index: number }
  /** Optimized into a constant, or otherwise only known by value. */
  | { kind: 'value'; value: Scalar }
  /** Bytes gathered from several places; cannot be set. */
  | { kind: 'bytes'; bytes: Uint8Array };

/** A C variable that is visible at a place. */
export interface VariableReference {
  name: string;
  type: Type;
  /**
   * Works out where the variable is now.
   * @throws EvaluationError if it is nowhere (optimized out, or the frame is not known)
   */
  locate(): VariableLocation;
}

/** A name of a symbol table. */
export interface SymbolReference {
  /** Linear address. */
  address: number;
  /** Of an object with a known type, else undefined: the name then stands for its address. */
  type?: Type;
  function: boolean;
}

/** A value that exists only while something happens: the `port` or `value` of a port access. */
export interface EventValue {
  type: Type;
  read(): number;
}

/** The names that an expression may use. */
export interface Scope {
  /** Values of the event that is being examined; they hide everything else. */
  event(name: string): EventValue | undefined;
  /** A variable of the frame, innermost block first. */
  local(name: string): VariableReference | undefined;
  /** A global variable with a type. */
  global(name: string): VariableReference | undefined;
  symbol(name: string): SymbolReference | undefined;
  enumerator(name: string): { value: number; type: Type } | undefined;
  /** A type by its C name: a typedef's, or `struct uart`. */
  type(name: string): Type | undefined;
  /** Number of a port from the port map: `COM1.THR`. */
  port(name: string): number | undefined;
  /** All names, for suggestions and completion. */
  names(): Iterable<string>;
}

/** The machine as an expression sees it. */
export interface ExpressionTarget extends RegisterContext {
  readonly memory: GuestMemory;
  /** Instructions retired since power on. */
  instructions(): number;
}
