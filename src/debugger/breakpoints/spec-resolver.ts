import { resolveHypercalls } from '../../hypervisor/abi/names';
import { allCalls, type HypercallDefinition } from '../../hypervisor/abi/hypercall';
import { HYPERCALL_ABIS } from '../../hypervisor/abi/names';
import type { PortName } from '../../machine/bus/port-names';
import { watchableInstructions } from '../../machine/watched-instructions';
import { compileExpression } from '../expressions/compiler';
import { decay, scalarOf } from '../expressions/operand';
import type { Guest } from '../guest/guest';
import { GuestScope } from '../guest/symbol-scope';
import type { AddressSpec, FunctionSpec, HypercallSpec, InstructionSpec, PortReference, PortSpec } from '../specs/ast';
import { didYouMean } from '../text/suggest';
import { TextError } from '../text/text-error';
import { EvaluationError } from '../values/memory';
import type { PortMatch } from './port-breakpoints';

/** Any interrupt by software can be watched: `int-0x80`. */
const SOFTWARE_INTERRUPT = /^int-0x[0-9a-f]{1,2}$/;

/** Looks up what breakpoint specs name. All methods throw a TextError that points at a name that is not known. */
export class SpecResolver {
  constructor(private readonly guest: Guest) {}

  ports({ first, last, direction, width, via }: PortSpec, text: string): PortMatch {
    const from = this.portNumbers(first, text);
    const to = last ? this.portNumbers(last, text) : from;
    const match = { direction, first: from[0], last: to[to.length - 1], width, via };
    if (match.last < match.first) {
      throw new TextError('the range of ports ends before it begins', text, 0, text.length);
    }
    const register = first.name !== undefined && !last ? this.sharedRegister(first.name, from) : undefined;
    return register === undefined ? match : { ...match, register };
  }

  hypercalls({ target }: HypercallSpec, text: string): Set<HypercallDefinition> {
    if (target === '*') return new Set(resolveHypercalls('*').map(({ call }) => call));
    const name = 'number' in target ? String(target.number) : `${target.abi ? `${target.abi}:` : ''}${target.name}`;
    try {
      return new Set(resolveHypercalls(name).map(({ call }) => call));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const known = HYPERCALL_ABIS.flatMap((abi) => allCalls(abi).map((call) => call.name));
      const hint = 'name' in target ? didYouMean(target.name, known) : '';
      const start = 'start' in target ? target.start : text.indexOf(name);
      throw new TextError(`${error.message}.${hint}`, text, Math.max(0, start), name.length);
    }
  }

  /** The name under which the machine watches an instruction. */
  instruction({ name, start }: InstructionSpec, text: string): string {
    const known = watchableInstructions();
    if (known.includes(name) || SOFTWARE_INTERRUPT.test(name)) return name;
    if (name === 'in' || name === 'out') {
      throw new TextError(`write "${name} PORT" to stop at port accesses`, text, start, name.length);
    }
    const problem = `instructions that can be watched are ${known.join(', ')}.${didYouMean(name, known)}`;
    throw new TextError(problem, text, start, name.length);
  }

  functionSites({ name, start }: FunctionSpec, text: string): { address: number; path?: string; line?: number }[] {
    const { symbols } = this.guest;
    const sites = symbols.addressesForFunction(name);
    if (sites.length > 0) return sites;
    const names = Array.from(symbols.symbols(), (symbol) => symbol.name);
    const hint = didYouMean(name, names);
    const problem =
      names.length > 0
        ? `there is no function "${name}".${hint}`
        : `there is no function "${name}": the program has no symbols`;
    throw new TextError(problem, text, start, name.length);
  }

  address({ address }: AddressSpec, text: string): number {
    const { guest } = this;
    try {
      const operand = decay(compileExpression(address.text, guest.target(), new GuestScope(guest)));
      return Number(BigInt.asUintN(32, BigInt(scalarOf(operand))));
    } catch (error) {
      if (error instanceof TextError) throw error.within(text, address.start);
      if (error instanceof EvaluationError)
        throw new TextError(error.message, text, address.start, address.text.length);
      throw error;
    }
  }

  /** Ports behind a reference, ascending. */
  private portNumbers(port: PortReference, text: string): readonly number[] {
    if (port.name === undefined) return [port.number];
    const { ports } = this.guest;
    const found = ports.portOf(port.name);
    if (found) return found;
    const names = ports.all().map((entry) => entry.name);
    throw new TextError(
      `there is no port "${port.name}".${didYouMean(port.name, names)}`,
      text,
      port.start,
      port.name.length,
    );
  }

  /** The full name of a register that shares its port with others, so that those do not count; else undefined. */
  private sharedRegister(name: string, numbers: readonly number[]): string | undefined {
    const wanted = name.toLowerCase();
    const all = this.guest.ports.all();
    const own = all.find((entry) => entry.name.toLowerCase() === wanted);
    if (!own?.name.includes('.') || numbers.length !== 1) return undefined;
    const shared = all.some((entry) => entry !== own && isRegisterAt(entry, numbers[0]) && entry.name !== own.name);
    return shared ? own.name : undefined;
  }
}

function isRegisterAt(entry: PortName, port: number): boolean {
  return entry.name.includes('.') && entry.ports.includes(port);
}
