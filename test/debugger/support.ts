import { CpuState } from '../../src/machine/cpu/state';
import { LiveRegisters } from '../../src/debugger/registers/frame-registers';
import type { SystemWriter } from '../../src/debugger/registers/table';
import type { ExpressionTarget, Scope, VariableReference } from '../../src/debugger/expressions/scope';
import { EvaluationError, type GuestMemory } from '../../src/debugger/values/memory';
import type { Type } from '../../src/symbols/types';
import { U16, U32 } from '../../src/debugger/values/types';

/** 64 KiB of flat memory, linear and physical alike; everything above is not present. */
export class FlatMemory implements GuestMemory {
  readonly bytes = new Uint8Array(0x10000);

  read(linear: number, length: number): Uint8Array {
    if (linear + length > this.bytes.length) throw new EvaluationError(`nothing is mapped at 0x${linear.toString(16)}`);
    return this.bytes.slice(linear, linear + length);
  }

  readNumber(linear: number, width: 1 | 2 | 4): number {
    return this.read(linear, width).reduceRight((value, byte) => value * 256 + byte, 0);
  }

  write(linear: number, bytes: Uint8Array): void {
    this.read(linear, bytes.length);
    this.bytes.set(bytes, linear);
  }

  readPhysical(address: number, length: number): Uint8Array {
    return this.read(address, length);
  }

  writePhysical(address: number, bytes: Uint8Array): void {
    this.write(address, bytes);
  }
}

/** A CPU without an interpreter, for expressions. */
export class TestTarget implements ExpressionTarget {
  readonly state = new CpuState(new WebAssembly.Memory({ initial: 4 }));
  readonly frame = new LiveRegisters(this.state);
  readonly memory = new FlatMemory();
  readonly writes: string[] = [];
  readonly system: SystemWriter = {
    segment: (index: number, selector: number) => void this.writes.push(`segment ${index} ${selector}`),
    control: (index: number, value: number) => void this.writes.push(`cr${index} ${value}`),
    debug: (index: number, value: number) => void this.writes.push(`dr${index} ${value}`),
    flagsChanged: () => void this.writes.push('flags'),
  };

  instructions(): number {
    return 12345678901;
  }
}

/** Names for expressions in tests. */
export class TestScope implements Scope {
  readonly events = new Map<string, number>();
  readonly locals = new Map<string, VariableReference>();
  readonly globals = new Map<string, VariableReference>();
  readonly symbols = new Map<string, { address: number; type?: Type; function: boolean }>();
  readonly types = new Map<string, Type>();
  readonly enumerators = new Map<string, { value: number; type: Type }>();

  event(name: string): { type: Type; read: () => number } | undefined {
    if (!this.events.has(name)) return undefined;
    return { type: name === 'port' ? U16 : U32, read: () => this.events.get(name)! };
  }

  local(name: string): VariableReference | undefined {
    return this.locals.get(name);
  }

  global(name: string): VariableReference | undefined {
    return this.globals.get(name);
  }

  symbol(name: string): { address: number; type?: Type; function: boolean } | undefined {
    return this.symbols.get(name);
  }

  enumerator(name: string): { value: number; type: Type } | undefined {
    return this.enumerators.get(name);
  }

  type(name: string): Type | undefined {
    return this.types.get(name);
  }

  port(name: string): number | undefined {
    return name === 'COM1.THR' ? 0x3f8 : undefined;
  }

  *names(): Iterable<string> {
    for (const table of [this.events, this.locals, this.globals, this.symbols]) yield* table.keys();
  }

  /** Declares a variable in memory. */
  variable(name: string, type: Type, address: number): void {
    this.globals.set(name, { name, type, locate: () => ({ kind: 'memory', address }) });
  }
}
