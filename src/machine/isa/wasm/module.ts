import { Bytes } from './bytes';
import { unsignedLeb, VALUE_TYPES, type ValueType } from './expression';
import type { FunctionBuilder } from './function';

/** A function known by name before its body is there, so that bodies may call each other. */
export interface Declared {
  readonly index: number;
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/**
 * Writes a WebAssembly module: imported functions, one imported memory (`env.memory`, of any size), functions, one table.
 * Imports must be declared before functions. Binary format: core specification 2.0, chapter 5.
 */
export class ModuleBuilder {
  private readonly types: string[] = [];
  private readonly typeBytes: number[][] = [];
  private readonly imports: { name: string; type: number }[] = [];
  private readonly functions: { type: number; body?: Uint8Array }[] = [];
  private readonly exports: { name: string; index: number }[] = [];
  private readonly elements: number[] = [];
  private spareElements = 0;
  private readonly byName = new Map<string, Declared>();

  /** Index of a function type, for indirect calls. */
  type(params: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${params.join()}>${results.join()}`;
    const known = this.types.indexOf(key);
    if (known >= 0) return known;
    this.types.push(key);
    const list = (values: readonly ValueType[]) => [
      ...unsignedLeb(values.length),
      ...values.map((value) => VALUE_TYPES[value]),
    ];
    this.typeBytes.push([0x60, ...list(params), ...list(results)]);
    return this.types.length - 1;
  }

  /** Declares an imported function `env.NAME`. */
  import(name: string, params: readonly ValueType[], results: readonly ValueType[] = []): Declared {
    if (this.functions.length > 0) throw new Error(`import ${name} comes after the first function`);
    this.imports.push({ name, type: this.type(params, results) });
    return this.name(name, this.imports.length - 1, params, results);
  }

  /** Declares a function whose body `define` gives later. */
  declare(name: string, params: readonly ValueType[] = [], results: readonly ValueType[] = []): Declared {
    this.functions.push({ type: this.type(params, results) });
    return this.name(name, this.imports.length + this.functions.length - 1, params, results);
  }

  define(declared: Declared, body: FunctionBuilder): void {
    this.functions[declared.index - this.imports.length].body = body.finish();
  }

  /** Index of a declared function. @throws Error if there is none of that name */
  indexOf(name: string): number {
    return this.declared(name).index;
  }

  /** A function that was declared or imported. @throws Error if there is none of that name */
  declared(name: string): Declared {
    const found = this.byName.get(name);
    if (!found) throw new Error(`no function named ${name}`);
    return found;
  }

  export(name: string, declared: Declared): void {
    this.exports.push({ name, index: declared.index });
  }

  /**
   * Fills table 0: element i is the function with that index. With room for others behind them it is exported as `table`.
   */
  setTable(functions: readonly number[], spare = 0): void {
    this.elements.splice(0, this.elements.length, ...functions);
    this.spareElements = spare;
  }

  /** The module's bytes. @throws Error if a declared function has no body */
  finish(): Uint8Array<ArrayBuffer> {
    const missing = this.functions.findIndex((item) => !item.body);
    if (missing >= 0) throw new Error(`function ${missing + this.imports.length} has no body`);
    const text = (value: string) => [...unsignedLeb(value.length), ...new TextEncoder().encode(value)];
    const bytes = new Bytes();
    bytes.push(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    const section = (id: number, items: readonly (Uint8Array | readonly number[])[], count = items.length) => {
      const content = new Bytes();
      content.leb(count);
      for (const item of items) content.append(item);
      bytes.one(id);
      bytes.leb(content.length);
      bytes.append(content.finish());
    };
    const memory = [...text('env'), ...text('memory'), 2, 0, 1];
    section(1, this.typeBytes);
    section(2, [
      ...this.imports.map((item) => [...text('env'), ...text(item.name), 0, ...unsignedLeb(item.type)]),
      memory,
    ]);
    section(
      3,
      this.functions.map((item) => unsignedLeb(item.type)),
    );
    if (this.elements.length > 0) section(4, [[0x70, 0, ...unsignedLeb(this.elements.length + this.spareElements)]]);
    section(7, [
      ...this.exports.map((item) => [...text(item.name), 0, ...unsignedLeb(item.index)]),
      ...(this.spareElements > 0 ? [[...text('table'), 1, 0]] : []),
    ]);
    if (this.elements.length > 0) {
      const indices = this.elements.flatMap((index) => unsignedLeb(index));
      section(9, [[0, 0x41, 0, 0x0b, ...unsignedLeb(this.elements.length), ...indices]]);
    }
    const bodies = this.functions.flatMap(({ body }) => (body ? [unsignedLeb(body.length), body] : []));
    section(10, bodies, this.functions.length);
    return bytes.finish();
  }

  private name(name: string, index: number, params: readonly ValueType[], results: readonly ValueType[]): Declared {
    const declared = { index, params, results };
    this.byName.set(name, declared);
    return declared;
  }
}
