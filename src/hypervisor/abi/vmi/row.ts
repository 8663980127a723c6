import type { Clobbers, HypercallDefinition, HypercallValue, ValueFormat, ValueLocation } from '../hypercall';

/** One argument or result; hexadecimal unless said otherwise. */
export function value(name: string, at: ValueLocation, format: ValueFormat = 'hex', doc?: string): HypercallValue {
  return doc === undefined ? { name, at, format } : { name, at, format, doc };
}

/** What a row has beyond number, name and description; `standard` clobbers if left out. */
interface Options {
  in?: readonly HypercallValue[];
  out?: readonly HypercallValue[];
  clobbers?: Clobbers;
  noReturn?: boolean;
}

/** One row of the table. */
export function call(number: number, name: string, doc: string, options: Options = {}): HypercallDefinition {
  return {
    number,
    name,
    doc,
    arguments: options.in ?? [],
    results: options.out ?? [],
    clobbers: options.clobbers ?? 'standard',
    ...(options.noReturn ? { noReturn: true } : {}),
  };
}

/** A result in EAX, and one in EDX:EAX. */
export const EAX_RESULT = [value('result', 'eax')];
export const LONG_RESULT = [value('result', 'edx:eax')];
