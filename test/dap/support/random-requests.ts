import fc from 'fast-check';
import { REQUESTS } from '../../../debugAdapter/requests';

/** One request of a random sequence. */
export interface RandomRequest {
  command: string;
  args: unknown;
}

const small = fc.integer({ min: -2, max: 40 });
const reference = fc.oneof(
  fc.constantFrom('0x0', '0x100000', '0xfffffff0', 'eax', ''),
  fc.integer({ min: 0, max: 0x200000 }).map((address) => `0x${address.toString(16)}`),
);
const expression = fc.constantFrom('eax', 'eip', 'al', '[esp]', 'main', '1 +', '', 'x = 3', 'eax = 5', '((((', 'u8[0]');
const spec = fc.constantFrom(
  'out 0x80',
  'in 0x60 if',
  'hypercall *',
  'fault #GP',
  'irq 99',
  'main',
  '*0x100000',
  'io',
  '?',
);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 4 });

/** Arguments that make sense, by command; handles are small numbers, so that some are live. */
const SENSIBLE: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  stackTrace: fc.record({ threadId: fc.constant(1), startFrame: maybe(small), levels: maybe(small) }),
  scopes: fc.record({ frameId: small }),
  variables: fc.record({
    variablesReference: small,
    start: maybe(small),
    count: maybe(small),
    format: maybe(fc.record({ hex: fc.boolean() })),
  }),
  setVariable: fc.record({
    variablesReference: small,
    name: fc.constantFrom('eax', 'zf', 'nothing'),
    value: fc.constantFrom('1', '0x10', 'x'),
  }),
  evaluate: fc.record({
    expression,
    frameId: maybe(small),
    context: fc.constantFrom('hover', 'repl', 'watch', 'clipboard'),
  }),
  setExpression: fc.record({ expression, value: fc.constantFrom('1', 'x'), frameId: maybe(small) }),
  completions: fc.record({ text: fc.constantFrom('', 'e', 'COM1.'), column: small }),
  setBreakpoints: fc.record({
    source: fc.record({ path: fc.constantFrom('/guest/main.c', '/nowhere.c') }),
    breakpoints: fc.array(
      fc.record({ line: small, condition: maybe(expression), logMessage: maybe(fc.constant('{eax}')) }),
      { maxLength: 3 },
    ),
  }),
  setFunctionBreakpoints: fc.record({
    breakpoints: fc.array(
      fc.record({ name: spec, condition: maybe(expression), hitCondition: maybe(fc.constantFrom('3', '%2', 'often')) }),
      { maxLength: 3 },
    ),
  }),
  setInstructionBreakpoints: fc.record({
    breakpoints: fc.array(fc.record({ instructionReference: reference, offset: maybe(small) }), { maxLength: 3 }),
  }),
  setExceptionBreakpoints: fc.record({ filters: fc.subarray(['#GP', '#PF', 'triple', 'nothing']) }),
  breakpointLocations: fc.record({
    source: fc.record({ path: fc.constant('/guest/main.c') }),
    line: small,
    endLine: maybe(small),
  }),
  readMemory: fc.record({ memoryReference: reference, offset: maybe(small), count: small }),
  writeMemory: fc.record({
    memoryReference: reference,
    offset: maybe(small),
    data: fc.constantFrom('AAAA', '', '!'),
    allowPartial: fc.boolean(),
  }),
  disassemble: fc.record({ memoryReference: reference, instructionOffset: maybe(small), instructionCount: small }),
  'ringside/exitCosts': fc.record({
    groupBy: fc.constantFrom('reason', 'port', 'hypercall', 'line', 'function', 'channel'),
    since: maybe(small),
  }),
  'ringside/exitLog': fc.record({ start: maybe(small), count: maybe(small) }),
  'ringside/pageWalk': fc.record({ address: fc.oneof(reference, small) }),
  'ringside/serialInput': fc.record({ port: fc.constantFrom('com1', 'com2'), data: fc.constantFrom('QQ==', '?') }),
};

const threadArguments = fc.record({
  threadId: fc.constant(1),
  granularity: maybe(fc.constantFrom('statement', 'instruction')),
});

/** Requests that end the session come rarely; `launch` is not among them. */
const COMMANDS = Object.keys(REQUESTS).filter((command) => !['launch', 'disconnect', 'terminate'].includes(command));

const nonsense = fc.oneof(
  fc.constant(undefined),
  fc.constant(null),
  fc.string(),
  fc.array(fc.integer()),
  fc.dictionary(
    fc.constantFrom('threadId', 'frameId', 'source', 'breakpoints', 'expression', 'count', 'arguments'),
    fc.jsonValue(),
  ),
);

/** Requests in random order: mostly sensible, some malformed, some unknown. */
export const randomRequests: fc.Arbitrary<RandomRequest[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .constantFrom(...COMMANDS)
        .chain((command) => fc.record({ command: fc.constant(command), args: SENSIBLE[command] ?? threadArguments })),
    },
    { weight: 2, arbitrary: fc.record({ command: fc.constantFrom(...COMMANDS), args: nonsense }) },
    { weight: 1, arbitrary: fc.record({ command: fc.string(), args: nonsense }) },
  ),
  { minLength: 1, maxLength: 40 },
);
