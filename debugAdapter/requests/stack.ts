import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Frame, Value } from '../../src/debugger/types';
import type { AdapterContext } from '../context';
import { ErrorCode, messageOf, RequestError } from '../errors';
import { memoryReference } from '../presentation/address';
import { showValue, variable } from '../presentation/value';
import { boolean, integer, object, oneOf, optional, string } from '../schema/schema';
import { type RequestTable, request } from './request';

/** `format` of several requests. */
export const valueFormat = optional(object({ hex: optional(boolean) }));

const SCOPE_HINTS: Readonly<Record<string, string>> = { locals: 'locals', registers: 'registers' };

/**
 * A frame in the protocol's terms.
 * @param sourceKnown some frame of the stack has source: then those without are of less interest
 */
function stackFrame(
  context: AdapterContext,
  frame: Frame,
  index: number,
  moduleId: string | undefined,
  sourceKnown: boolean,
): DebugProtocol.StackFrame {
  const { client } = context;
  const { source } = frame;
  return {
    id: context.frames.add({ index, frame }),
    name: frame.inlined ? `${frame.name} [inlined]` : frame.name,
    line: source ? client.line(source.line) : 0,
    column: source ? (client.column(source.column ?? 1) ?? 0) : 0,
    ...(source
      ? { source: { ...client.source(source.path), ...(frame.accessor ? { presentationHint: 'deemphasize' } : {}) } }
      : {}),
    ...(moduleId === undefined ? {} : { moduleId }),
    instructionPointerReference: memoryReference(frame.address),
    presentationHint: frame.accessor || (sourceKnown && !source) ? 'subtle' : 'normal',
  };
}

function assignInContainer(values: Value[], name: string, text: string): string {
  const target = values.find((value) => value.name === name);
  if (!target) throw new RequestError(ErrorCode.BadValue, `There is no variable "${name}" here.`);
  if (!target.assign) throw new RequestError(ErrorCode.BadValue, `${name} cannot be changed.`, true);
  try {
    return target.assign(text);
  } catch (error) {
    throw new RequestError(ErrorCode.BadValue, messageOf(error), true);
  }
}

/** Requests about where the guest is and what its variables are. */
export const stackRequests: RequestTable = {
  stackTrace: request(
    object({ threadId: integer(), startFrame: optional(integer(0)), levels: optional(integer(0)) }),
    (context, { startFrame = 0, levels = 0 }) => {
      const session = context.stoppedSession;
      const stack = session.stack();
      const modules = session.inspect.modules();
      const sourceKnown = stack.some(({ source }) => source !== undefined);
      const wanted = stack.slice(startFrame, levels === 0 ? undefined : startFrame + levels);
      const stackFrames = wanted.map((frame, position) => {
        const module = modules.find(({ address, size }) => frame.address >= address && frame.address < address + size);
        return stackFrame(context, frame, startFrame + position, module?.id, sourceKnown);
      });
      return { stackFrames, totalFrames: stack.length } satisfies DebugProtocol.StackTraceResponse['body'];
    },
  ),

  scopes: request(object({ frameId: integer() }), (context, { frameId }) => {
    const frame = context.frameIndex(frameId);
    const scopes = context.stoppedSession.scopes(frame).map(({ name, expensive, kind, values }) => ({
      name,
      expensive,
      ...(SCOPE_HINTS[kind] ? { presentationHint: SCOPE_HINTS[kind] } : {}),
      variablesReference: context.containers.add({
        values: (hex) => values(hex ? { hex } : undefined),
        indexed: false,
        frame,
      }),
    }));
    return { scopes } satisfies DebugProtocol.ScopesResponse['body'];
  }),

  variables: request(
    object({
      variablesReference: integer(1),
      filter: optional(oneOf('indexed', 'named')),
      start: optional(integer(0)),
      count: optional(integer(0)),
      format: valueFormat,
    }),
    (context, { variablesReference, filter, start = 0, count = 0, format }) => {
      const container = context.container(variablesReference);
      const fits = filter === undefined || (filter === 'indexed') === container.indexed;
      const values = fits ? container.values(format?.hex ?? false) : [];
      const wanted = values.slice(start, count === 0 ? undefined : start + count);
      const variables = wanted.map((value) => variable(context, value, container.frame));
      return { variables } satisfies DebugProtocol.VariablesResponse['body'];
    },
  ),

  setVariable: request(
    object({ variablesReference: integer(1), name: string, value: string, format: valueFormat }),
    (context, { variablesReference, name, value, format }) => {
      const container = context.container(variablesReference);
      const hex = format?.hex ?? false;
      const text = assignInContainer(container.values(hex), name, value);
      const changed = container.values(hex).find((candidate) => candidate.name === name);
      context.afterResponse(() => context.valueChanged(changed?.address));
      return {
        value: changed?.text ?? text,
        ...(changed ? showValue(context, changed, container.frame) : {}),
      } satisfies DebugProtocol.SetVariableResponse['body'];
    },
  ),
};
