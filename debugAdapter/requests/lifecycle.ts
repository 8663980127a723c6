import { LaunchError } from '../../src/debugger/types';
import { capabilities } from '../capabilities';
import { Client } from '../client';
import type { AdapterContext } from '../context';
import { Debuggee } from '../debuggee';
import { ErrorCode, messageOf, RequestError } from '../errors';
import { launchOptions } from '../launch/attributes';
import { breakpointForClient } from '../presentation/breakpoint';
import { anything, boolean, object, optional, SchemaError, string } from '../schema/schema';
import { type RequestTable, request } from './request';

const initializeArguments = object({
  adapterID: optional(string),
  clientID: optional(string),
  clientName: optional(string),
  locale: optional(string),
  linesStartAt1: optional(boolean),
  columnsStartAt1: optional(boolean),
  pathFormat: optional(string),
  supportsVariableType: optional(boolean),
  supportsVariablePaging: optional(boolean),
  supportsMemoryReferences: optional(boolean),
  supportsMemoryEvent: optional(boolean),
  supportsInvalidatedEvent: optional(boolean),
});

async function launchDebuggee(context: AdapterContext, attributes: unknown): Promise<Debuggee> {
  if (!context.initialized) throw new RequestError(ErrorCode.BadRequest, 'Send "initialize" first.');
  if (context.launching) throw new RequestError(ErrorCode.AlreadyLaunched, 'A launch is under way already.');
  context.launching = true;
  try {
    const { noDebug, cwd } = launchOptions.check(attributes, '');
    context.host = context.createHost(cwd);
    return await Debuggee.launch(attributes, noDebug ?? false, {
      host: context.host,
      engine: context.engine,
      client: context.client,
      breakpoints: context.breakpoints,
      send: context.send,
      onMoved: () => context.dropHandles(),
      onFailed: () => context.forgetDebuggee(),
    });
  } catch (error) {
    if (error instanceof SchemaError)
      throw new RequestError(ErrorCode.LaunchFailed, `Launch attribute ${error.message}`, true);
    if (error instanceof LaunchError) throw new RequestError(ErrorCode.LaunchFailed, error.message, true);
    if (error instanceof RequestError) throw error;
    throw new RequestError(ErrorCode.Internal, `The guest could not be launched: ${messageOf(error)}`, true);
  } finally {
    context.launching = false;
  }
}

async function launch(context: AdapterContext, attributes: unknown): Promise<void> {
  if (context.debuggee?.session.ended) {
    context.debuggee.dispose();
    context.forgetDebuggee();
  }
  if (context.debuggee) {
    throw new RequestError(ErrorCode.AlreadyLaunched, 'A guest is launched already; terminate it or use "restart".');
  }
  const debuggee = await launchDebuggee(context, attributes);
  if (context.closed) {
    debuggee.dispose();
    throw new RequestError(ErrorCode.LaunchFailed, 'The client disconnected during the launch.');
  }
  context.debuggee = debuggee;
  context.attributes = attributes;
  context.afterResponse(() => context.send('initialized'));
}

/** Same attributes: a reset of the machine. Others: a fresh session in which the breakpoints are set again. */
async function restart(context: AdapterContext, attributes: unknown): Promise<void> {
  const session = context.session;
  if (session.ended) throw new RequestError(ErrorCode.Ended, 'The guest has ended: launch it again.');
  context.dropHandles();
  if (attributes === undefined || sameAttributes(attributes, context.attributes)) {
    await session.restart();
    return;
  }
  const fresh = await launchDebuggee(context, attributes);
  context.debuggee?.dispose();
  context.debuggee = fresh;
  context.attributes = attributes;
  for (const status of context.breakpoints.reapply(fresh.session)) {
    const breakpoint = breakpointForClient(status, context.client);
    context.send('breakpoint', { reason: 'changed', breakpoint });
  }
  context.afterResponse(() => fresh.start());
}

/** Compares launch attributes, but for those that editors keep private. */
function sameAttributes(left: unknown, right: unknown): boolean {
  const canonical = (value: unknown): string =>
    JSON.stringify(value, (key: string, item: unknown) => {
      if (key.startsWith('__')) return undefined;
      if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
      return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
    });
  return canonical(left) === canonical(right);
}

/** The client is gone. The guest goes too, or runs on unattended until it ends by itself. */
function leave(context: AdapterContext, terminateDebuggee: boolean): void {
  const { debuggee } = context;
  if (terminateDebuggee || !debuggee) {
    debuggee?.dispose();
    context.forgetDebuggee();
    context.close();
    return;
  }
  context.detached = true;
  debuggee.detach(() => {
    context.forgetDebuggee();
    context.close();
  });
}

/** Requests that begin and end a debug session. */
export const lifecycleRequests: RequestTable = {
  initialize: request(initializeArguments, (context, traits) => {
    if (context.initialized) throw new RequestError(ErrorCode.BadRequest, '"initialize" was sent already.');
    context.client = new Client(traits);
    context.initialized = true;
    return capabilities(context.engine.exceptionFilters);
  }),

  launch: request(anything, launch),

  configurationDone: request(object({}), (context) => {
    const { debuggee } = context;
    if (!debuggee) throw new RequestError(ErrorCode.NoSession, 'No guest is launched yet.');
    context.afterResponse(() => debuggee.start());
  }),

  restart: request(object({ arguments: anything }), (context, args) => restart(context, args.arguments)),

  terminate: request(object({ restart: optional(boolean) }), (context) => {
    const { debuggee } = context;
    if (!debuggee) throw new RequestError(ErrorCode.NoSession, 'No guest is launched yet.');
    context.afterResponse(() => {
      debuggee.terminate();
      context.forgetDebuggee();
    });
  }),

  disconnect: request(
    object({ restart: optional(boolean), terminateDebuggee: optional(boolean) }),
    (context, { terminateDebuggee }) => {
      context.closed = true;
      context.afterResponse(() => leave(context, terminateDebuggee ?? true));
    },
  ),
};
