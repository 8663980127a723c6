/**
 * Checks data from outside (request arguments, launch attributes) and gives it a type. A schema is a small
 * object that is written once and serves the compiler and the run time alike.
 */

/** What is wrong with a value and where: `breakpoints[2].line: expected a whole number, got "x"`. */
export class SchemaError extends Error {
  constructor(
    readonly path: string,
    readonly problem: string,
  ) {
    super(path ? `${path}: ${problem}` : problem);
  }
}

export interface Schema<T> {
  /** @throws SchemaError naming the place below `path` */
  check(value: unknown, path: string): T;
  /** The value may be left out. */
  readonly optional?: boolean;
}

/** The type that a schema gives. */
export type Checked<S> = S extends Schema<infer T> ? T : never;

type Members = Readonly<Record<string, Schema<unknown>>>;
type OptionalKeys<M extends Members> = { [K in keyof M]: undefined extends Checked<M[K]> ? K : never }[keyof M];
type ObjectOf<M extends Members> = { [K in Exclude<keyof M, OptionalKeys<M>>]: Checked<M[K]> } & {
  [K in OptionalKeys<M>]?: Checked<M[K]>;
};

const SHOWN_LENGTH = 40;

/** A value as it is quoted in messages: JSON, cut short. */
export function quoted(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}

function mismatch(expected: string, value: unknown, path: string): SchemaError {
  return new SchemaError(
    path,
    value === undefined ? `missing; expected ${expected}` : `expected ${expected}, got ${quoted(value)}`,
  );
}

/** A schema from a predicate. `expected` completes the sentence "expected …". */
export function primitive<T>(expected: string, accepts: (value: unknown) => value is T): Schema<T> {
  return {
    check(value, path) {
      if (!accepts(value)) throw mismatch(expected, value, path);
      return value;
    },
  };
}

export const string: Schema<string> = primitive('a string', (value): value is string => typeof value === 'string');
export const boolean: Schema<boolean> = primitive(
  'true or false',
  (value): value is boolean => typeof value === 'boolean',
);
/** Anything at all, present or not. */
export const anything: Schema<unknown> = { check: (value) => value, optional: true };

/** A whole number within [low, high]. */
export function integer(low = Number.MIN_SAFE_INTEGER, high = Number.MAX_SAFE_INTEGER): Schema<number> {
  const bounded = low > Number.MIN_SAFE_INTEGER || high < Number.MAX_SAFE_INTEGER;
  const expected = !bounded
    ? 'a whole number'
    : high === Number.MAX_SAFE_INTEGER
      ? `a whole number, ${low} or more`
      : `a whole number from ${low} to ${high}`;
  return primitive(
    expected,
    (value): value is number => Number.isInteger(value) && (value as number) >= low && (value as number) <= high,
  );
}

/** One of the given words. */
export function oneOf<const W extends string>(...words: W[]): Schema<W> {
  return primitive(`one of ${words.join(', ')}`, (value): value is W => (words as string[]).includes(value as string));
}

/** A schema whose value may be left out. JSON null counts as left out: some clients send it. */
export function optional<T>(schema: Schema<T>): Schema<T | undefined> {
  return {
    optional: true,
    check: (value, path) => (value === undefined || value === null ? undefined : schema.check(value, path)),
  };
}

export function array<T>(element: Schema<T>): Schema<T[]> {
  return {
    check(value, path) {
      if (!Array.isArray(value)) throw mismatch('a list', value, path);
      return value.map((item, index) => element.check(item, `${path}[${index}]`));
    },
  };
}

function plainObject(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw mismatch('an object', value, path);
  return value as Record<string, unknown>;
}

/** An object with the given members. Members that it does not name are an error only if `onUnknown` says so. */
export function object<M extends Members>(
  members: M,
  onUnknown?: (key: string, path: string) => void,
): Schema<ObjectOf<M>> {
  return {
    check(value, path) {
      const source = plainObject(value, path);
      const result: Record<string, unknown> = {};
      if (onUnknown) {
        for (const key of Object.keys(source)) if (!Object.hasOwn(members, key)) onUnknown(key, path);
      }
      for (const [key, schema] of Object.entries(members)) {
        const checked = schema.check(source[key], path ? `${path}.${key}` : key);
        if (checked !== undefined) result[key] = checked;
      }
      return result as ObjectOf<M>;
    },
  };
}

/** An object used as a dictionary. */
export function dictionary<T>(element: Schema<T>): Schema<Record<string, T>> {
  return {
    check(value, path) {
      const entries = Object.entries(plainObject(value, path));
      return Object.fromEntries(entries.map(([key, item]) => [key, element.check(item, `${path}.${key}`)]));
    },
  };
}
