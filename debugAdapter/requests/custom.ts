import { ErrorCode, messageOf, RequestError } from '../errors';
import { fromBase64 } from '../presentation/base64';
import type { CustomRequests } from '../protocol';
import type { AdapterContext } from '../context';
import { integer, object, oneOf, optional, type Schema, SchemaError, string } from '../schema/schema';
import { type RequestHandler, request } from './request';

/** Most entries of the exit log in one answer. */
const MOST_ENTRIES = 10000;

/** A custom request whose arguments and answer protocol.ts fixes. */
function custom<C extends keyof CustomRequests, A extends CustomRequests[C]['arguments']>(
  _command: C,
  schema: Schema<A>,
  run: (context: AdapterContext, args: A) => CustomRequests[C]['response'],
): RequestHandler {
  return request(schema, run);
}

/** Requests without arguments; an empty object is taken as well. */
const nothing: Schema<undefined> = { optional: true, check: () => undefined };

const numberOrExpression: Schema<string | number> = {
  check(value, path) {
    if (typeof value === 'string' || Number.isSafeInteger(value)) return value as string | number;
    throw new SchemaError(path, 'expected a linear address or an expression');
  },
};

/** Engine ids of breakpoints as the client knows them. */
function withClientIds<T extends { breakpoints: number[] }>(context: AdapterContext, rows: T[]): T[] {
  return rows.map((row) => ({ ...row, breakpoints: row.breakpoints.map((id) => context.breakpoints.clientId(id)) }));
}

/** The custom requests of protocol.ts. */
export const customRequests: { readonly [C in keyof CustomRequests]: RequestHandler } = {
  'ringside/exitCosts': custom(
    'ringside/exitCosts',
    object({
      groupBy: oneOf('reason', 'port', 'hypercall', 'line', 'function', 'channel'),
      since: optional(integer(0)),
    }),
    (context, args) => context.session.inspect.exitCosts(args),
  ),

  'ringside/ports': custom('ringside/ports', nothing, (context) => ({
    ports: withClientIds(context, context.session.inspect.ports().ports),
  })),

  'ringside/hypercalls': custom('ringside/hypercalls', nothing, (context) => {
    const { available, calls } = context.session.inspect.hypercalls();
    return { available, calls: withClientIds(context, calls) };
  }),

  'ringside/exitLog': custom(
    'ringside/exitLog',
    object({
      start: optional(integer(0)),
      count: optional(integer(1, MOST_ENTRIES)),
      filter: optional(
        object({
          channel: optional(oneOf('direct', 'trap', 'vtx', 'hypercall')),
          port: optional(integer(0, 0xffff)),
          hypercall: optional(string),
          abi: optional(string),
          reason: optional(string),
          text: optional(string),
        }),
      ),
    }),
    (context, args) => context.session.inspect.exitLog(args),
  ),

  'ringside/exitTimeline': custom('ringside/exitTimeline', nothing, (context) =>
    context.session.inspect.exitTimeline(),
  ),

  'ringside/devices': custom('ringside/devices', nothing, (context) => context.session.inspect.devices()),

  'ringside/descriptorTables': custom('ringside/descriptorTables', nothing, (context) =>
    context.session.inspect.descriptorTables(),
  ),

  'ringside/pageWalk': custom('ringside/pageWalk', object({ address: numberOrExpression }), (context, { address }) => {
    try {
      return context.session.inspect.pageWalk(address);
    } catch (error) {
      throw new RequestError(ErrorCode.BadValue, messageOf(error));
    }
  }),

  'ringside/serialInput': custom(
    'ringside/serialInput',
    object({ port: oneOf('com1', 'com2', 'com3', 'com4', 'virtio0'), data: string }),
    (context, { port, data }) => {
      context.session.serialInput(port, fromBase64(data));
      return undefined;
    },
  ),
};
