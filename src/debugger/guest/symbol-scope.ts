import type { LocationContext } from '../../symbols/location';
import type { Scope as SymbolScope } from '../../symbols/dwarf/dwarf-program';
import type { Variable } from '../../symbols/dwarf/variables';
import type { Type } from '../../symbols/types';
import type { EventValue, Scope, SymbolReference, VariableReference } from '../expressions/scope';
import { REGISTERS } from '../registers/table';
import { VECTOR_REGISTERS } from '../registers/vector';
import { isSigned } from '../values/scalars';
import { INT, strip } from '../values/types';
import type { Guest } from './guest';
import { toVariableLocation } from './variable-location';

/** Names of symbols offered as suggestions at most. */
const MAX_SUGGESTED_SYMBOLS = 20000;

/** A frame as far as variables are looked up in it. */
export interface ScopeFrame {
  /** Linear address by which the code of the frame is known. */
  readonly lookup: number;
  /** Which of the functions inlined there is meant; 0 is the innermost. */
  readonly depth: number;
  /** A register by its DWARF number; undefined where it is lost. */
  register(number: number): number | undefined;
  /** A register of MMX or SSE by its DWARF number; undefined where it is lost, and for registers of other kinds. */
  vector(number: number): Uint8Array | undefined;
  /** Canonical frame address; undefined where it is not known. */
  cfa(): number | undefined;
}

/** The names that an expression sees in a frame, or outside any: locals, registers, globals, symbols, ports. */
export class GuestScope implements Scope {
  private readonly scope: SymbolScope | undefined;
  private readonly context: LocationContext;

  /**
   * @param frame the frame whose variables are visible; none for events such as port accesses
   * @param events values of the event, by name
   */
  constructor(
    private readonly guest: Guest,
    private readonly frame?: ScopeFrame,
    private readonly events: Readonly<Record<string, EventValue>> = {},
  ) {
    this.scope = frame && guest.symbols.scopeAt(frame.lookup, frame.depth);
    this.context = {
      address: frame?.lookup ?? 0,
      register: (number) => frame?.register(number),
      readMemory: (address, size) => {
        const bytes = guest.memory.readAvailable(address, size);
        return bytes.length === size ? bytes : undefined;
      },
      cfa: () => frame?.cfa(),
    };
  }

  /** Variables of the function by block, innermost first. */
  get blocks(): readonly (readonly Variable[])[] {
    return this.scope?.blocks ?? [];
  }

  /** Variables of the source file outside functions. */
  fileVariables(): readonly Variable[] {
    return this.scope?.file() ?? [];
  }

  /** A variable of the symbol tables as expressions use it. */
  reference(variable: Variable): VariableReference {
    const { name, type } = variable;
    const { context } = this;
    return {
      name,
      type,
      locate: () =>
        toVariableLocation(variable.locate(context), type, {
          memory: this.guest.memory,
          register: (number) => context.register(number),
          vector: (number) => this.frame?.vector(number),
        }),
    };
  }

  event(name: string): EventValue | undefined {
    return Object.hasOwn(this.events, name) ? this.events[name] : undefined;
  }

  local(name: string): VariableReference | undefined {
    for (const block of this.blocks) {
      const found = block.find((variable) => variable.name === name);
      if (found) return this.reference(found);
    }
    return undefined;
  }

  global(name: string): VariableReference | undefined {
    const own = this.fileVariables().find((variable) => variable.name === name);
    const variable = own ?? this.guest.symbols.globals(name)[0];
    return variable && this.reference(variable);
  }

  symbol(name: string): SymbolReference | undefined {
    const [symbol] = this.guest.symbols.lookup(name);
    return symbol && { address: symbol.address, function: symbol.kind === 'function' };
  }

  enumerator(name: string): { value: number; type: Type } | undefined {
    // Enumerators are reached through the types of the variables in sight.
    const variables = [...this.blocks.flat(), ...this.fileVariables()];
    for (const { type } of variables) {
      const inner = strip(type);
      const found = inner.kind === 'enum' && inner.enumerators.find((candidate) => candidate.name === name);
      if (found) return { value: Number(found.value), type: isSigned(inner) ? INT : inner };
    }
    return undefined;
  }

  type(name: string): Type | undefined {
    return this.guest.symbols.typeNamed(name);
  }

  port(name: string): number | undefined {
    return this.guest.ports.portOf(name)?.[0];
  }

  *names(): Iterable<string> {
    yield* Object.keys(this.events);
    for (const block of this.blocks) for (const { name } of block) yield name;
    for (const { name } of [...REGISTERS, ...VECTOR_REGISTERS]) yield name;
    for (const { name } of this.fileVariables()) yield name;
    let count = 0;
    for (const { name } of this.guest.symbols.symbols()) {
      if (count++ >= MAX_SUGGESTED_SYMBOLS) return;
      yield name;
    }
  }
}
