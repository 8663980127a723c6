import type { Frame, Session, Value } from '../src/debugger/types';
import { BreakpointStore } from './breakpoint-store';
import { Client } from './client';
import type { Debuggee } from './debuggee';
import type { Engine, HostFactory, AdapterHost } from './engine';
import type { SendEvent } from './environment';
import { ErrorCode, RequestError } from './errors';
import { Handles } from './handles';
import { memoryReference } from './presentation/address';

/** A frame that the client may name. */
export interface FrameHandle {
  /** 0 is the innermost. */
  index: number;
  frame: Frame;
}

/** Something with children: a scope, or a structured value. Asked again for each format. */
export interface Container {
  values(hex: boolean): Value[];
  /** The children are the elements of an array. */
  indexed: boolean;
  /** Frame in which expressions of its values hold. */
  frame: number;
}

/** What request handlers work with: the client, the guest if there is one, and what the client holds handles of. */
export class AdapterContext {
  client = new Client();
  /** True once `initialize` was answered. */
  initialized = false;
  /** True while a launch is under way. */
  launching = false;
  /** True once the client has said goodbye. */
  closed = false;
  debuggee: Debuggee | undefined;
  /** The guest runs on though the client has left it. */
  detached = false;
  /** Attributes that the guest was launched with. */
  attributes: unknown;
  host: AdapterHost;
  readonly breakpoints = new BreakpointStore();
  readonly frames = new Handles<FrameHandle>();
  readonly containers = new Handles<Container>();
  private afterwards: (() => void)[] = [];

  constructor(
    readonly engine: Engine,
    readonly createHost: HostFactory,
    readonly send: SendEvent,
    /** The client has gone, or the guest it left behind has ended: the adapter is done. */
    readonly close: () => void,
  ) {
    this.host = createHost(undefined);
  }

  /** @throws RequestError if no guest is launched */
  get session(): Session {
    if (!this.debuggee) throw new RequestError(ErrorCode.NoSession, 'No guest is launched yet.');
    return this.debuggee.session;
  }

  /** The session, stopped. @throws RequestError if there is none, or it runs, or has ended */
  get stoppedSession(): Session {
    const session = this.session;
    if (session.ended) throw new RequestError(ErrorCode.Ended, 'The guest has ended.');
    if (session.running) throw new RequestError(ErrorCode.Running, 'The guest is running: pause it first.');
    return session;
  }

  /**
   * The engine's index of a frame handle; 0 if none is given.
   * @throws RequestError if the guest has run since the handle was given
   */
  frameIndex(frameId: number | undefined): number {
    if (frameId === undefined) return 0;
    const handle = this.frames.get(frameId);
    if (!handle) throw new RequestError(ErrorCode.StaleHandle, `Frame ${frameId} is gone: the guest has run since.`);
    return handle.index;
  }

  /** @throws RequestError if the guest has run since the handle was given */
  container(variablesReference: number): Container {
    const container = this.containers.get(variablesReference);
    if (!container) {
      throw new RequestError(
        ErrorCode.StaleHandle,
        `Variables ${variablesReference} are gone: the guest has run since.`,
      );
    }
    return container;
  }

  /** There is no guest any more: another may be launched. */
  forgetDebuggee(): void {
    this.debuggee = undefined;
    this.breakpoints.clear();
    this.dropHandles();
  }

  /** Forgets all handles: the guest has moved. */
  dropHandles(): void {
    this.frames.clear();
    this.containers.clear();
  }

  /** Runs `task` once the response to the present request is on its way: what it starts may send events. */
  afterResponse(task: () => void): void {
    this.afterwards.push(task);
  }

  /** Forgets what a failed handler left to be done. */
  dropAfterwards(): void {
    this.afterwards = [];
  }

  /** Runs what handlers left for after their response. */
  runAfterwards(): void {
    const tasks = this.afterwards;
    this.afterwards = [];
    for (const task of tasks) task();
  }

  /** Tells a client that understands it that values it shows are out of date. */
  valueChanged(address?: number, count = 4): void {
    const { supportsInvalidatedEvent, supportsMemoryEvent } = this.client.traits;
    if (supportsMemoryEvent && address !== undefined) {
      this.send('memory', { memoryReference: memoryReference(address), offset: 0, count });
    }
    // A register may be the instruction or stack pointer: frames change with it.
    if (supportsInvalidatedEvent) this.send('invalidated', { areas: ['stacks', 'variables'] });
  }
}
