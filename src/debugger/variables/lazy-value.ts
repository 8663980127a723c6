import type { FormatOptions, Value } from '../types';

/** A value that is worked out once something of it other than its name is looked at. */
export class LazyValue implements Value {
  private made: Value | undefined;

  constructor(
    readonly name: string,
    private readonly make: () => Value,
  ) {}

  get text(): string {
    return this.value.text;
  }

  get type(): string | undefined {
    return this.value.type;
  }

  get address(): number | undefined {
    return this.value.address;
  }

  get expression(): string | undefined {
    return this.value.expression;
  }

  get children(): ((format?: FormatOptions) => Value[]) | undefined {
    return this.value.children;
  }

  get indexed(): number | undefined {
    return this.value.indexed;
  }

  get assign(): ((text: string) => string) | undefined {
    return this.value.assign;
  }

  get kind(): Value['kind'] {
    return this.value.kind;
  }

  private get value(): Value {
    this.made ??= this.make();
    return this.made;
  }
}
