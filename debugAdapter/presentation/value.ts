import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Value } from '../../src/debugger/types';
import type { AdapterContext } from '../context';
import { memoryReference } from './address';

/** Attribute by which VS Code chooses a variable's context menu (`debugProtocolVariableMenuContext`). */
type WithMenuContext = DebugProtocol.Variable & { __vscodeVariableMenuContext?: string };

const HINT_KINDS: Readonly<Record<Value['kind'], string>> = {
  register: 'data',
  flag: 'data',
  port: 'data',
  variable: 'data',
  memory: 'data',
  group: 'virtual',
};

/** What the answers to `variables`, `evaluate` and `set…` say of a value in the same words. */
export interface ShownValue {
  type?: string;
  variablesReference: number;
  indexedVariables?: number;
  memoryReference?: string;
  presentationHint: DebugProtocol.VariablePresentationHint;
}

/** Shows a value; if it has children they get a handle that holds until the guest runs. */
export function showValue(context: AdapterContext, value: Value, frame: number): ShownValue {
  const { children } = value;
  const shown: ShownValue = {
    variablesReference: children
      ? context.containers.add({
          values: (hex) => children(hex ? { hex } : undefined),
          indexed: value.indexed !== undefined,
          frame,
        })
      : 0,
    presentationHint: {
      kind: HINT_KINDS[value.kind],
      ...(value.assign || value.kind === 'group' ? {} : { attributes: ['readOnly'] }),
    },
  };
  if (value.type !== undefined && context.client.traits.supportsVariableType) shown.type = value.type;
  if (value.indexed !== undefined && context.client.traits.supportsVariablePaging)
    shown.indexedVariables = value.indexed;
  if (value.address !== undefined) shown.memoryReference = memoryReference(value.address);
  return shown;
}

/** One row of the Variables view. */
export function variable(context: AdapterContext, value: Value, frame: number): DebugProtocol.Variable {
  const row: WithMenuContext = {
    name: value.name,
    value: value.text,
    ...(value.expression === undefined ? {} : { evaluateName: value.expression }),
    ...showValue(context, value, frame),
    __vscodeVariableMenuContext: value.kind,
  };
  return row;
}
