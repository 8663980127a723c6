import { Register } from '../machine/layout';
import type { AbiServer, HypercallAction, HypercallDefinition } from './abi/hypercall';
import type { AbiHost, AbiService, TableAbi, TableCall } from './abi/table';
import { tablePortAction } from './port-action';

/** Numbers that a table does not have and that are told apart; further ones share a row. */
const MOST_STRANGERS = 32;

const answerWith =
  (answer: number): HypercallAction =>
  ({ state }) =>
    state.setReg(Register.EAX, answer);

/** Serves an ABI that is nothing but its table: calls are known by their number. */
export class TableServer implements AbiServer {
  private readonly rows: ReadonlyMap<number, TableCall>;
  private readonly actions: ReadonlyMap<TableCall, HypercallAction>;
  private readonly service: AbiService;
  private readonly strangers = new Map<number, TableCall>();
  private refusal = 0;

  /** @throws RangeError if nothing serves a row of the table */
  constructor(
    readonly abi: TableAbi,
    private readonly host: AbiHost,
  ) {
    this.service = abi.serve(host);
    this.rows = new Map(abi.calls.map((call) => [call.number, call]));
    this.actions = new Map([...abi.calls, abi.unknown].map((call) => [call, this.actionOf(call)]));
  }

  /** The call of a number, whether the table has it or not. */
  callOf(number: number): TableCall {
    const { unknown } = this.abi;
    const known = this.rows.get(number) ?? this.strangers.get(number);
    if (known) return known;
    this.host.report(`${this.abi.name}-unknown-${this.strangers.size}`, this.unknownText(number));
    if (this.strangers.size >= MOST_STRANGERS) return unknown;
    const stranger: TableCall = { ...unknown, number, insteadOf: unknown };
    this.strangers.set(number, stranger);
    return stranger;
  }

  /** Numbers used by the guest that the table does not have. */
  unknownCalls(): readonly HypercallDefinition[] {
    return [...this.strangers.values()];
  }

  admit(call: HypercallDefinition): HypercallAction {
    const row = (call.insteadOf ?? call) as TableCall;
    const refusal = this.service.admit?.(this.host.machine.cpu.state, row);
    if (refusal !== undefined) {
      this.refusal = refusal;
      return this.refuse;
    }
    return this.actions.get(row) as HypercallAction;
  }

  /** The model-specific registers of the ABI, if it has any. */
  get registers(): Pick<AbiService, 'readMsr' | 'writeMsr'> {
    return this.service;
  }

  reset(): void {
    this.strangers.clear();
    this.service.reset?.();
  }

  save(): unknown {
    return { numbers: [...this.strangers.keys()], service: this.service.save?.() };
  }

  load(state: unknown): void {
    const { numbers, service } = state as { numbers: number[]; service: unknown };
    this.strangers.clear();
    for (const number of numbers)
      this.strangers.set(number, { ...this.abi.unknown, number, insteadOf: this.abi.unknown });
    this.service.load?.(service);
  }

  private readonly refuse: HypercallAction = ({ state }) => state.setReg(Register.EAX, this.refusal);

  private actionOf(call: TableCall): HypercallAction {
    const action = call.io ? tablePortAction : this.service.actions?.[call.name];
    if (action) return action;
    if (call.answer !== undefined) return answerWith(call.answer);
    if (call.outcome === 'nothing') return () => undefined;
    throw new RangeError(`nothing serves ${this.abi.title} call ${call.number} ${call.name}`);
  }

  private unknownText(number: number): string {
    const { title, unknown } = this.abi;
    const result = unknown.answer === undefined ? '' : `: ${unknown.answer}`;
    return `${title} call ${number} (unknown)${result}`;
  }
}
