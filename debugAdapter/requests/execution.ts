import type { DebugProtocol } from '@vscode/debugprotocol';
import type { StepKind } from '../../src/debugger/types';
import { THREAD_ID, THREAD_NAME } from '../presentation/thread';
import { integer, object, oneOf, optional, SchemaError, type Schema } from '../schema/schema';
import { type RequestHandler, type RequestTable, request } from './request';

/** The id of the one thread there is. */
const threadId: Schema<number> = {
  check(value, path) {
    const id = integer().check(value, path);
    if (id !== THREAD_ID)
      throw new SchemaError(path, `there is no thread ${id}; the guest has one, ${THREAD_ID} (${THREAD_NAME})`);
    return id;
  },
};

const granularity = optional(oneOf('statement', 'line', 'instruction'));

function stepRequest(kind: StepKind): RequestHandler {
  return request(object({ threadId, granularity }), (context, args) => {
    const session = context.stoppedSession;
    context.dropHandles();
    context.afterResponse(() => session.step(kind, args.granularity ?? 'statement'));
  });
}

/** Requests that make the guest go or stand still. */
export const executionRequests: RequestTable = {
  threads: request(
    object({}),
    () => ({ threads: [{ id: THREAD_ID, name: THREAD_NAME }] }) satisfies DebugProtocol.ThreadsResponse['body'],
  ),

  continue: request(object({ threadId }), (context) => {
    const session = context.stoppedSession;
    context.dropHandles();
    context.afterResponse(() => session.run());
    return { allThreadsContinued: true } satisfies DebugProtocol.ContinueResponse['body'];
  }),

  next: stepRequest('over'),
  stepIn: stepRequest('in'),
  stepOut: stepRequest('out'),

  pause: request(object({ threadId }), (context) => {
    const session = context.session;
    context.afterResponse(() => session.pause());
  }),
};
