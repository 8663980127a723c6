import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Value } from '../../src/debugger/types';
import { ErrorCode, messageOf, RequestError } from '../errors';
import { showValue } from '../presentation/value';
import { integer, object, optional, string } from '../schema/schema';
import { type RequestTable, request } from './request';
import { valueFormat } from './stack';

/** `place = value`, but not a comparison: in the debug console that is an assignment. */
const ASSIGNMENT = /^([^=!<>]+?)\s*=(?!=)\s*(.+)$/s;

/** What completions of the engine are in the protocol's terms. */
const COMPLETION_TYPES: Readonly<Record<string, DebugProtocol.CompletionItemType>> = {
  register: 'variable',
  flag: 'variable',
  port: 'value',
  symbol: 'function',
  function: 'function',
  variable: 'variable',
  keyword: 'keyword',
  field: 'field',
};

/** Runs what may find the user's text at fault. */
function userText<T>(showUser: boolean, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RequestError) throw error;
    throw new RequestError(ErrorCode.BadValue, messageOf(error), showUser);
  }
}

/** Requests about expressions. */
export const evaluateRequests: RequestTable = {
  evaluate: request(
    object({ expression: string, frameId: optional(integer()), context: optional(string), format: valueFormat }),
    (context, { expression, frameId, context: purpose, format }) => {
      const session = context.session;
      const frame = context.frameIndex(frameId);
      const assignment = purpose === 'repl' ? ASSIGNMENT.exec(expression) : null;
      const value: Value = userText(false, () =>
        assignment
          ? session.assign(assignment[1], assignment[2], frame)
          : session.evaluate(expression, frame, format?.hex ? { hex: true } : undefined),
      );
      if (assignment) context.afterResponse(() => context.valueChanged(value.address));
      return {
        result: value.text,
        ...showValue(context, value, frame),
      } satisfies DebugProtocol.EvaluateResponse['body'];
    },
  ),

  setExpression: request(
    object({ expression: string, value: string, frameId: optional(integer()), format: valueFormat }),
    (context, { expression, value: text, frameId, format }) => {
      const session = context.session;
      const frame = context.frameIndex(frameId);
      const value = userText(true, () => {
        const assigned = session.assign(expression, text, frame);
        return format?.hex ? session.evaluate(expression, frame, { hex: true }) : assigned;
      });
      context.afterResponse(() => context.valueChanged(value.address));
      return {
        value: value.text,
        ...showValue(context, value, frame),
      } satisfies DebugProtocol.SetExpressionResponse['body'];
    },
  ),

  completions: request(
    object({ text: string, column: integer(0), line: optional(integer(0)), frameId: optional(integer()) }),
    (context, { text, column, line, frameId }) => {
      const { client } = context;
      // A text of several lines: the engine sees the line of the cursor, and positions count within it.
      const shown = line === undefined ? text : (text.split('\n')[client.engineLine(line) - 1] ?? '');
      const at = client.engineColumn(column) ?? column;
      const found = context.session.completions(shown, at, context.frameIndex(frameId));
      const targets = found.map(({ label, kind, start, length }) => ({
        label,
        type: COMPLETION_TYPES[kind] ?? ('text' as const),
        start,
        length,
      }));
      return { targets } satisfies DebugProtocol.CompletionsResponse['body'];
    },
  ),

  exceptionInfo: request(object({ threadId: integer() }), (context) => {
    const info = context.stoppedSession.exceptionInfo();
    if (!info) throw new RequestError(ErrorCode.BadValue, 'The guest did not stop at an exception.');
    return {
      exceptionId: info.id,
      description: info.description,
      breakMode: 'always',
    } satisfies DebugProtocol.ExceptionInfoResponse['body'];
  }),
};
