import { compileExpression } from '../expressions/compiler';
import type { ExpressionNode } from '../expressions/ast';
import { decay, type Operand, scalar, scalarOf, variableOperand } from '../expressions/operand';
import { parseExpression } from '../expressions/parser';
import type { VariableReference } from '../expressions/scope';
import type { Guest } from '../guest/guest';
import type { GuestScope } from '../guest/symbol-scope';
import type { FrameContext } from '../stack/frames';
import type { FormatOptions, Value } from '../types';
import { EvaluationError } from '../values/memory';
import { isScalar } from '../values/scalars';
import { assign } from './assignment';
import { type ValueContext, valueContext } from './context';
import { namedPort } from './ports';
import { registerNamed } from './registers';
import { checkedText } from './text';
import { valueOf } from './value';

/** True if evaluating an expression changes something. */
function hasSideEffects(node: ExpressionNode): boolean {
  if (node.kind === 'assignment' || node.kind === 'update') return true;
  return Object.values(node).some((part: unknown) => isNode(part) && hasSideEffects(part));
}

function isNode(part: unknown): part is ExpressionNode {
  return typeof part === 'object' && part !== null && 'kind' in part;
}

/** The value that an operand has now, for good; where it is kept is still known. */
function frozen(operand: Operand): Operand {
  const value = scalarOf(operand);
  return scalar(operand.type, () => value, operand.place);
}

/** Evaluates expressions in a frame and shows what they give: text, type, children, a way to assign. */
export class Evaluator {
  private readonly context: ValueContext;

  /**
   * @param frame missing while the guest runs: then there are no local variables
   * @param changed told when a register, a variable or memory was set
   */
  constructor(guest: Guest, frame?: FrameContext, changed?: () => void) {
    this.context = valueContext(guest, frame, changed);
  }

  get scope(): GuestScope {
    return this.context.scope;
  }

  /**
   * A register by its name shows its parts, a port its last values; everything else is a C-like expression.
   * @param name how the value is called; the expression itself if left out
   * @throws TextError or EvaluationError
   */
  evaluate(expression: string, format: FormatOptions = {}, name = expression): Value {
    const { context } = this;
    const text = expression.trim();
    const known = registerNamed(context, text) ?? namedPort(context, text);
    if (known) return { ...known, name };
    const operand = compileExpression(text, context.target, context.scope, { assignments: true });
    // An expression that changes something is carried out once, here, and not again when its value is looked at.
    const changes = isScalar(operand.type) && hasSideEffects(parseExpression(text));
    const shown = changes ? frozen(operand) : operand;
    if (changes) context.changed();
    // In a list what cannot be read shows the reason; to a question the reason is the answer.
    checkedText(context, shown, format.hex ?? false);
    return valueOf(context, shown, { name, expression }, format);
  }

  /** The bare number that an expression gives, cut to 32 bits, e.g. an address. @throws TextError or EvaluationError */
  number(expression: string): number {
    const { target, scope } = this.context;
    const value = scalarOf(decay(compileExpression(expression, target, scope)));
    return Number(BigInt.asUintN(32, typeof value === 'bigint' ? value : BigInt(Math.trunc(value))));
  }

  /** Shows a variable of the program; what cannot be read shows its reason. */
  variable(variable: VariableReference, format: FormatOptions = {}): Value {
    const { name } = variable;
    return valueOf(this.context, variableOperand(this.context.target, variable), { name, expression: name }, format);
  }

  /**
   * Stores the value of a text in what an expression stands for.
   * @returns how it reads then
   * @throws TextError or EvaluationError
   */
  assign(expression: string, text: string, format: FormatOptions = {}): Value {
    const { context } = this;
    const known = registerNamed(context, expression.trim());
    if (known) {
      if (!known.assign) throw new EvaluationError(`${known.name} cannot be set`);
      known.assign(text);
    } else {
      assign(context, compileExpression(expression, context.target, context.scope), text);
    }
    return this.evaluate(expression, format);
  }
}
