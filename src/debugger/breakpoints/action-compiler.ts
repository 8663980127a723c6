import { compileCondition, compileExpression } from '../expressions/compiler';
import { scalarOf } from '../expressions/operand';
import type { EventValue, ExpressionTarget, Scope } from '../expressions/scope';
import { compileTemplate } from '../expressions/template';
import type { Guest } from '../guest/guest';
import { GuestScope, type ScopeFrame } from '../guest/symbol-scope';
import { LiveFrame } from '../stack/frames';
import type { FrameRegisters } from '../registers/frame-registers';
import type { SpecOptions } from '../specs/ast';
import { type HitRule, parseHitRule } from '../specs/hit-rule';
import { TextError } from '../text/text-error';
import type { BreakpointActions } from './breakpoint';

/** Conditions and texts that a client gives beside a spec. */
export interface ExtraActions {
  condition?: string;
  hitCondition?: string;
  logMessage?: string;
}

/** Registers during a port access or a hypercall: EIP is at the instruction that makes it. */
class ExecutingRegisters implements FrameRegisters {
  constructor(private readonly guest: Guest) {}

  general(index: number): number {
    return this.guest.state.reg(index);
  }

  get eip(): number {
    return this.guest.state.eipStart;
  }
}

/** Compiles what a breakpoint checks and does, once. */
export class ActionCompiler {
  private readonly target: ExpressionTarget;
  private readonly scope: Scope;

  private constructor(guest: Guest, frame: ScopeFrame | undefined, events: Readonly<Record<string, EventValue>>) {
    this.target = frame ? guest.target() : guest.target(new ExecutingRegisters(guest));
    this.scope = new GuestScope(guest, frame, events);
  }

  /** For events that have no frame. @param events names that the event adds */
  static forEvent(guest: Guest, events: Readonly<Record<string, EventValue>>): ActionCompiler {
    return new ActionCompiler(guest, undefined, events);
  }

  /** For an instruction: variables of the function around it are visible. @param address linear */
  static forCode(guest: Guest, address: number): ActionCompiler {
    return new ActionCompiler(guest, new LiveFrame(guest, address), {});
  }

  /**
   * @param text the spec
   * @throws TextError that points into the spec, or into the condition that came beside it
   */
  compile(options: SpecOptions, text: string, extra: ExtraActions = {}): BreakpointActions {
    const { target, scope } = this;
    const conditions: (() => boolean)[] = [];
    const { condition, log } = options;
    if (condition) {
      conditions.push(inside(text, condition.start, () => compileCondition(condition.text, target, scope)));
    }
    const logs = [
      log && inside(text, log.start + 1, () => compileTemplate(log.text, target, scope)),
      extra.logMessage ? compileTemplate(extra.logMessage, target, scope) : undefined,
    ].filter((part) => part !== undefined);
    if (extra.condition?.trim()) conditions.push(compileCondition(extra.condition, target, scope));
    const actions: BreakpointActions = { conditions, hits: hitRules(options.hit, extra.hitCondition) };
    if (logs.length > 0) actions.log = () => logs.map((part) => part()).join(' ');
    return actions;
  }

  /** Compiles an expression whose value is to be used, such as that of `set`. @throws TextError */
  value(expression: { text: string; start: number }, text: string): () => number {
    const operand = inside(text, expression.start, () => compileExpression(expression.text, this.target, this.scope));
    return () => Number(BigInt.asUintN(32, BigInt(scalarOf(operand))));
  }
}

function hitRules(rule: HitRule | undefined, extra: string | undefined): HitRule[] {
  const rules = rule ? [rule] : [];
  if (extra?.trim()) rules.push(parseHitRule(extra));
  return rules;
}

/** Runs `compile`; errors point into the whole text. */
function inside<T>(text: string, start: number, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    throw error instanceof TextError ? error.within(text, start) : error;
  }
}

/**
 * Compiles for an instruction at several addresses, such as the copies of an inlined function: the names in it may be
 * other variables in each.
 * @throws TextError
 */
export function compileForCode(
  guest: Guest,
  addresses: readonly number[],
  options: SpecOptions,
  text: string,
  extra: ExtraActions,
): BreakpointActions {
  const compiled = new Map(
    addresses.map((address) => [address, ActionCompiler.forCode(guest, address).compile(options, text, extra)]),
  );
  const [first] = compiled.values();
  if (!first) return { conditions: [], hits: hitRules(options.hit, extra.hitCondition) };
  if (compiled.size === 1) return first;
  const here = (): BreakpointActions => compiled.get(guest.pc) ?? first;
  return {
    conditions: [() => here().conditions.every((condition) => condition())],
    hits: first.hits,
    ...(first.log && { log: () => here().log?.() ?? '' }),
  };
}
