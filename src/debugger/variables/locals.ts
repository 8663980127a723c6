import { variableOperand } from '../expressions/operand';
import { findRegister } from '../registers/table';
import type { FormatOptions, Value } from '../types';
import { EvaluationError } from '../values/memory';
import type { Variable } from '../../symbols/dwarf/variables';
import type { ValueContext } from './context';
import { type ValueName, valueOf } from './value';

function variableValue(context: ValueContext, variable: Variable, name: ValueName, format?: FormatOptions): Value {
  return valueOf(context, variableOperand(context.target, context.scope.reference(variable)), name, format);
}

/** Parameters first, then variables from the outermost block inwards, each block in the order of the source. */
export function localValues(context: ValueContext, format?: FormatOptions): Value[] {
  const { blocks } = context.scope;
  const inSight = new Set<string>();
  const shown: { variable: Variable; hidden: boolean }[] = [];
  for (const block of blocks) {
    shown.unshift(...block.map((variable) => ({ variable, hidden: inSight.has(variable.name) })));
    for (const { name } of block) inSight.add(name);
  }
  const rank = ({ variable }: { variable: Variable }): number => (variable.kind === 'parameter' ? 0 : 1);
  return shown
    .sort((a, b) => rank(a) - rank(b))
    .map(({ variable, hidden }) => {
      const { name, line } = variable;
      // Names must be unique in their list, and the name alone means the inner one.
      const outer = { name: line === undefined ? `${name} (outer)` : `${name} (line ${line})` };
      return variableValue(context, variable, hidden ? outer : { name, expression: name }, format);
    });
}

/** True if the variable is somewhere; those that are only declared may be nowhere. */
function isSomewhere(context: ValueContext, variable: Variable): boolean {
  try {
    context.scope.reference(variable).locate();
    return true;
  } catch (error) {
    if (error instanceof EvaluationError) return false;
    throw error;
  }
}

/** Variables of the frame's source file outside functions, by name; what is only declared and not there is left out. */
export function fileValues(context: ValueContext, format?: FormatOptions): Value[] {
  const byName = new Map<string, Variable>();
  for (const variable of context.scope.fileVariables()) {
    if (!byName.has(variable.name) && isSomewhere(context, variable)) byName.set(variable.name, variable);
  }
  return [...byName.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((variable) => {
      const { name } = variable;
      // Registers and locals of the same name hide it in expressions.
      const hidden = findRegister(name) !== undefined || context.scope.local(name) !== undefined;
      return variableValue(context, variable, hidden ? { name } : { name, expression: name }, format);
    });
}
