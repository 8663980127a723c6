import type { Guest } from '../guest/guest';
import { TextError } from '../text/text-error';
import type {
  BreakpointStatus,
  InstructionBreakpointRequest,
  SourceBreakpointRequest,
  SpecBreakpointRequest,
} from '../types';
import { Breakpoint, type BreakpointOrigin, type BreakpointSink } from './breakpoint';
import { BreakpointBuilder, type BuiltBreakpoint, type Site, UnresolvedBreakpoint } from './builder';
import type { ActiveBreakpoint, BreakpointTables } from './tables';

function statusOf({ breakpoint, status }: ActiveBreakpoint): BreakpointStatus {
  return { ...status, hits: breakpoint.hits };
}

function sourceOf({ path, line, column }: Site): Pick<BreakpointStatus, 'source'> {
  if (path === undefined || line === undefined) return {};
  return { source: { path, line, ...(column !== undefined && { column }) } };
}

/** Keeps all breakpoints, group by group as clients set them, and the tables in step with them. */
export class BreakpointManager {
  private readonly groups = new Map<string, ActiveBreakpoint[]>();
  private readonly builder: BreakpointBuilder;
  private nextId = 1;

  constructor(
    guest: Guest,
    private readonly tables: BreakpointTables,
    private readonly sink: BreakpointSink,
  ) {
    this.builder = new BreakpointBuilder(guest, tables);
  }

  setSource(path: string, requests: readonly SourceBreakpointRequest[]): BreakpointStatus[] {
    return this.replace(`source ${path}`, 'source', requests, (request) =>
      this.builder.line(path, request.line, request),
    );
  }

  setSpecs(origin: 'spec' | 'launch', requests: readonly SpecBreakpointRequest[]): BreakpointStatus[] {
    return this.replace(origin, origin, requests, (request) =>
      this.builder.spec(request.text, { condition: request.condition, hitCondition: request.hitCondition }),
    );
  }

  setInstructions(requests: readonly InstructionBreakpointRequest[]): BreakpointStatus[] {
    return this.replace('instruction', 'instruction', requests, (request) =>
      this.builder.instruction(request.address, request),
    );
  }

  setExceptions(filters: readonly { id: string; condition?: string }[]): BreakpointStatus[] {
    return this.replace('exception', 'exception', filters, ({ id, condition }) =>
      this.builder.filter(id, { condition }),
    );
  }

  /** Counters start again, as after a restart. */
  resetCounters(): void {
    for (const { breakpoint } of [...this.groups.values()].flat()) breakpoint.hits = 0;
  }

  private replace<T>(
    group: string,
    origin: BreakpointOrigin,
    requests: readonly T[],
    build: (request: T) => BuiltBreakpoint,
  ): BreakpointStatus[] {
    const kept = [...(this.groups.get(group) ?? [])];
    const breakpoints = requests.map((request) => {
      // Clients send whole groups again whenever one member changes: those that stay keep their id and their counts.
      const key = JSON.stringify(request);
      const same = kept.findIndex((entry) => entry.key === key && entry.status.verified);
      return same >= 0 ? kept.splice(same, 1)[0] : this.create(origin, key, () => build(request));
    });
    if (breakpoints.length > 0) this.groups.set(group, breakpoints);
    else this.groups.delete(group);
    this.tables.install([...this.groups.values()].flat().flatMap(({ trigger }) => trigger ?? []));
    return breakpoints.map(statusOf);
  }

  private create(origin: BreakpointOrigin, key: string, build: () => BuiltBreakpoint): ActiveBreakpoint {
    const id = this.nextId++;
    try {
      const { actions, trigger, site, message } = build();
      const breakpoint = new Breakpoint(id, origin, actions, this.sink);
      const status = {
        id,
        verified: true,
        ...(message !== undefined && { message }),
        ...(site && { address: site.address, ...sourceOf(site) }),
      };
      return { key, breakpoint, trigger: trigger(breakpoint), status };
    } catch (error) {
      if (!(error instanceof TextError || error instanceof UnresolvedBreakpoint)) throw error;
      const breakpoint = new Breakpoint(id, origin, { conditions: [], hits: [] }, this.sink);
      return { key, breakpoint, status: { id, verified: false, message: error.message } };
    }
  }
}
