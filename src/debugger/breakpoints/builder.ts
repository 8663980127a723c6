import type { HypercallDefinition } from '../../hypervisor/abi/hypercall';
import type { EventValue } from '../expressions/scope';
import type { Guest } from '../guest/guest';
import type { BreakpointSpec, PortSpec, SpecOptions } from '../specs/ast';
import { parseSpec } from '../specs/parser';
import { didYouMean } from '../text/suggest';
import { TextError } from '../text/text-error';
import { ActionCompiler, compileForCode, type ExtraActions } from './action-compiler';
import type { Breakpoint, BreakpointActions } from './breakpoint';
import { EXCEPTION_FILTERS } from './exception-filters';
import { SpecResolver } from './spec-resolver';
import type { BreakpointTables, Trigger } from './tables';

/** Where a code breakpoint came to lie. */
export interface Site {
  address: number;
  path?: string;
  line?: number;
  column?: number;
}

/** What is made of a request. */
export interface BuiltBreakpoint {
  actions: BreakpointActions;
  trigger: (breakpoint: Breakpoint) => Trigger;
  site?: Site;
  /** A remark for the user. */
  message?: string;
}

/** A request that is well formed but cannot be met; the message says why. */
export class UnresolvedBreakpoint extends Error {}

function fileName(path: string): string {
  return path.replace(/^.*[\\/]/, '');
}

/** Turns what clients ask for into what the tables hold. All methods throw a TextError or an UnresolvedBreakpoint. */
export class BreakpointBuilder {
  private readonly resolver: SpecResolver;

  constructor(
    private readonly guest: Guest,
    private readonly tables: BreakpointTables,
  ) {
    this.resolver = new SpecResolver(guest);
  }

  line(path: string, line: number, extra: ExtraActions): BuiltBreakpoint {
    const sites = this.guest.symbols.addressesFor(path, line);
    if (sites.length === 0) throw new UnresolvedBreakpoint(this.whyNoCode(path));
    const [site] = sites;
    return this.code(sites, `breakpoint at ${fileName(site.path ?? path)}:${site.line ?? line}`, {}, '', extra);
  }

  instruction(address: number, extra: ExtraActions): BuiltBreakpoint {
    return this.code([{ address }], `instruction at ${this.guest.nameAt(address)}`, {}, '', extra);
  }

  /** @param id one of `EXCEPTION_FILTERS`, or any exception in the notation of a `fault` spec */
  filter(id: string, extra: ExtraActions): BuiltBreakpoint {
    if (id === 'unowned-port') {
      const actions = this.event({}, {}, id, extra);
      return { actions, trigger: (breakpoint) => ({ kind: 'unowned-port', breakpoint }) };
    }
    try {
      return this.spec(`fault ${id}`, extra);
    } catch (error) {
      if (!(error instanceof TextError) || error.text !== `fault ${id}`) throw error;
      const ids = EXCEPTION_FILTERS.map((filter) => filter.id);
      throw new UnresolvedBreakpoint(`There is no exception filter "${id}".${didYouMean(id, ids)}`);
    }
  }

  /** @param text a spec in the grammar of docs/breakpoints.md */
  spec(text: string, extra: ExtraActions): BuiltBreakpoint {
    const spec = parseSpec(text);
    return this.fromSpec(spec, text, extra);
  }

  private fromSpec(spec: BreakpointSpec, text: string, extra: ExtraActions): BuiltBreakpoint {
    const { events } = this.tables;
    switch (spec.kind) {
      case 'port':
        return this.port(spec, text, extra);
      case 'hypercall': {
        const calls = this.resolver.hypercalls(spec, text);
        const actions = this.event(this.hypercallEvents(calls), spec, text, extra);
        const message = this.tables.hypercalls.available ? undefined : 'This hypervisor mode has no hypercalls.';
        return { actions, message, trigger: (breakpoint) => ({ kind: 'hypercall', breakpoint, calls }) };
      }
      case 'fault': {
        const { vector } = spec;
        const actions = this.event(events.faultEvents, spec, text, extra);
        if (vector === 'triple') return { actions, trigger: (breakpoint) => ({ kind: 'triple', breakpoint }) };
        return { actions, trigger: (breakpoint) => ({ kind: 'fault', breakpoint, vector }) };
      }
      case 'irq': {
        const { line } = spec;
        const actions = this.event(events.irqEvents, spec, text, extra);
        return { actions, trigger: (breakpoint) => ({ kind: 'irq', breakpoint, line }) };
      }
      case 'insn': {
        const name = this.resolver.instruction(spec, text);
        const actions = this.event({}, spec, text, extra);
        return { actions, trigger: (breakpoint) => ({ kind: 'insn', breakpoint, name }) };
      }
      case 'serial': {
        const { port, text: sent } = spec;
        const actions = this.event({}, spec, text, extra);
        return { actions, trigger: (breakpoint) => ({ kind: 'serial', breakpoint, port, text: sent }) };
      }
      case 'function': {
        const sites = this.resolver.functionSites(spec, text);
        return this.code(sites, `function ${spec.name}`, spec, text, extra);
      }
      case 'address': {
        const address = this.resolver.address(spec, text);
        return this.code([{ address }], `breakpoint at ${this.guest.nameAt(address)}`, spec, text, extra);
      }
    }
  }

  private port(spec: PortSpec, text: string, extra: ExtraActions): BuiltBreakpoint {
    const { ports } = this.tables;
    const match = this.resolver.ports(spec, text);
    const before = spec.when === 'before';
    const knowsValue = !before || spec.direction === 'out';
    const compiler = ActionCompiler.forEvent(this.guest, ports.events(knowsValue));
    const actions = compiler.compile(spec, text, extra);
    if (spec.set && before && spec.direction !== 'out') {
      throw new TextError(
        'the value of an "in" can be replaced after the access only',
        text,
        spec.set.start,
        spec.set.text.length,
      );
    }
    const replace = spec.set && compiler.value(spec.set, text);
    // Replacing a value is an action of its own, like writing a log: the guest goes on.
    if (replace) actions.passive = true;
    return { actions, trigger: (breakpoint) => ({ kind: 'port', breakpoint, match, before, replace }) };
  }

  private code(
    sites: readonly Site[],
    description: string,
    options: SpecOptions,
    text: string,
    extra: ExtraActions,
  ): BuiltBreakpoint {
    const addresses = sites.map((site) => site.address);
    const actions = compileForCode(this.guest, addresses, options, text, extra);
    return {
      actions,
      trigger: (breakpoint) => ({ kind: 'code', breakpoint, addresses, text: description }),
      site: sites[0],
    };
  }

  private event(
    events: Readonly<Record<string, EventValue>>,
    options: SpecOptions,
    text: string,
    extra: ExtraActions,
  ): BreakpointActions {
    return ActionCompiler.forEvent(this.guest, events).compile(options, text, extra);
  }

  private hypercallEvents(calls: ReadonlySet<HypercallDefinition>): Record<string, EventValue> {
    return this.tables.hypercalls.events(calls);
  }

  private whyNoCode(path: string): string {
    const sources = this.guest.symbols.sources();
    if (sources.length === 0) return 'The program has no line information: build it with -g, or name a symbol file.';
    return sources.some((source) => fileName(source.path) === fileName(path))
      ? 'There is no code at this line or after it.'
      : `No source file named ${fileName(path)} is part of the program; a sourceMap may be missing.`;
  }
}
