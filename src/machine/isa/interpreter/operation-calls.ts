import type { Operations } from '../../cpu/operations';
import { OPERATION_NAMES } from './module';

/** An operation as WebAssembly calls it: nothing is thrown, and there is always a result. */
export type OperationCall = (a: number, b: number, c: number) => number;

/** What the calls need. */
export interface OperationHost {
  readonly operations: Operations;
  /** An operation is about to be carried out; throws `AbortInstruction` to stop before it. Undefined while nobody watches. */
  beforeOperation: ((name: keyof Operations, firstArgument: number) => void) | undefined;
}

/**
 * Makes the calls of all operations.
 * @param settle leaves what was thrown in the CPU state
 */
export function operationCalls(
  host: OperationHost,
  settle: (thrown: unknown) => void,
): Readonly<Record<keyof Operations, OperationCall>> {
  const { operations } = host;
  const common = (name: keyof Operations): OperationCall => {
    const operation = (operations[name] as (...args: number[]) => number | void).bind(operations);
    return (a, b, c) => {
      try {
        host.beforeOperation?.(name, a);
        return operation(a, b, c) ?? 0;
      } catch (thrown) {
        settle(thrown);
        return 0;
      }
    };
  };
  const calls = Object.fromEntries(OPERATION_NAMES.map((name) => [name, common(name)]));
  return { ...(calls as Record<keyof Operations, OperationCall>), ...frequentCalls(host, settle) };
}

/** Those that guests make in storms have functions of their own, which the host's compiler can inline into. */
function frequentCalls(host: OperationHost, settle: (thrown: unknown) => void) {
  const { operations } = host;
  return {
    portIn: (port: number, width: number, immediate: number): number => {
      try {
        host.beforeOperation?.('portIn', port);
        operations.portIn(port, width, immediate);
      } catch (thrown) {
        settle(thrown);
      }
      return 0;
    },
    portOut: (port: number, width: number, immediate: number): number => {
      try {
        host.beforeOperation?.('portOut', port);
        operations.portOut(port, width, immediate);
      } catch (thrown) {
        settle(thrown);
      }
      return 0;
    },
    monitorCall: (): number => {
      try {
        host.beforeOperation?.('monitorCall', 0);
        operations.monitorCall();
      } catch (thrown) {
        settle(thrown);
      }
      return 0;
    },
  };
}
