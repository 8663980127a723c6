import type {
  BreakpointStatus,
  InstructionBreakpointRequest,
  Session,
  SourceBreakpointRequest,
  SpecBreakpointRequest,
} from '../src/debugger/types';

/** All breakpoints of one `set…Breakpoints` request: how to set them, and what the client knows them by. */
interface BreakpointSet {
  apply(session: Session): BreakpointStatus[];
  ids: number[];
}

export type ExceptionFilterRequest = Parameters<Session['setExceptionFilters']>[0][number];

/**
 * Remembers the client's breakpoints, so that they can be set again in a fresh session (a restart with
 * changed attributes), and gives them ids that outlive the engine's.
 */
export class BreakpointStore {
  private readonly sets = new Map<string, BreakpointSet>();
  private readonly clientIds = new Map<number, number>();
  private nextId = 1;

  setSource(session: Session, path: string, requests: SourceBreakpointRequest[]): BreakpointStatus[] {
    return this.set(session, `source ${path}`, (target) => target.setSourceBreakpoints(path, requests));
  }

  setSpecs(session: Session, requests: SpecBreakpointRequest[]): BreakpointStatus[] {
    return this.set(session, 'specs', (target) => target.setSpecBreakpoints(requests));
  }

  setInstructions(session: Session, requests: InstructionBreakpointRequest[]): BreakpointStatus[] {
    return this.set(session, 'instructions', (target) => target.setInstructionBreakpoints(requests));
  }

  setExceptions(session: Session, filters: ExceptionFilterRequest[]): BreakpointStatus[] {
    return this.set(session, 'exceptions', (target) => target.setExceptionFilters(filters));
  }

  /** The client's id of an engine's breakpoint; given on first sight. */
  clientId(engineId: number): number {
    let id = this.clientIds.get(engineId);
    if (id === undefined) {
      id = this.nextId++;
      this.clientIds.set(engineId, id);
    }
    return id;
  }

  /** The status with the client's id. */
  forClient(status: BreakpointStatus): BreakpointStatus {
    return { ...status, id: this.clientId(status.id) };
  }

  /** Sets everything again in a fresh session. Returns the new statuses under their old ids. */
  reapply(session: Session): BreakpointStatus[] {
    this.clientIds.clear();
    return [...this.sets.values()].flatMap((set) =>
      set.apply(session).map((status, index) => {
        this.clientIds.set(status.id, set.ids[index]);
        return { ...status, id: set.ids[index] };
      }),
    );
  }

  /** Forgets all: the next launch starts with none. */
  clear(): void {
    this.sets.clear();
    this.clientIds.clear();
  }

  private set(session: Session, key: string, apply: BreakpointSet['apply']): BreakpointStatus[] {
    const statuses = apply(session).map((status) => this.forClient(status));
    this.sets.set(key, { apply, ids: statuses.map((status) => status.id) });
    return statuses;
  }
}
