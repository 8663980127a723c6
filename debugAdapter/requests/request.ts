import type { AdapterContext } from '../context';
import type { Schema } from '../schema/schema';

/** A request that the adapter answers: what its arguments look like and what it does. */
export interface RequestHandler {
  readonly schema: Schema<unknown>;
  /** Returns the response's body. @throws RequestError for the client */
  run(context: AdapterContext, args: unknown): unknown;
}

/** Requests by command. */
export type RequestTable = Readonly<Record<string, RequestHandler>>;

/** Ties a schema to a handler of the type that the schema gives. */
export function request<A>(schema: Schema<A>, run: (context: AdapterContext, args: A) => unknown): RequestHandler {
  return { schema, run: run };
}
