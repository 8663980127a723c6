import * as vscode from 'vscode';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { CustomEvents } from '../../../debugAdapter/protocol';
import { RingsideSession, type SessionState } from './ringside-session';

export const DEBUG_TYPE = 'ringside';

/** What changed: its counts, its state, or which session is the current one. */
export interface SessionChange {
  session: RingsideSession;
  what: 'counts' | 'state' | 'current';
}

/** Requests whose success means that the guest runs again. */
const RESUMING = new Set([
  'configurationDone',
  'continue',
  'next',
  'stepIn',
  'stepOut',
  'stepBack',
  'reverseContinue',
  'goto',
  'restart',
]);

/**
 * Knows every Ringside session of the window and which one the views show: the one in focus, or else the one that
 * ended last. It follows the adapter's messages as a tracker, because VS Code has no event for "stopped".
 */
export class SessionRegistry implements vscode.DebugAdapterTrackerFactory, vscode.Disposable {
  private readonly sessions = new Map<string, RingsideSession>();
  private shown: RingsideSession | undefined;
  private readonly changes = new vscode.EventEmitter<SessionChange>();
  private readonly serial = new vscode.EventEmitter<{
    session: RingsideSession;
    event: CustomEvents['ringside/serialOutput'];
  }>();
  private readonly disposables: vscode.Disposable[] = [this.changes, this.serial];

  readonly onDidChange = this.changes.event;
  readonly onSerialOutput = this.serial.event;

  constructor() {
    this.disposables.push(
      vscode.debug.registerDebugAdapterTrackerFactory(DEBUG_TYPE, this),
      vscode.debug.onDidChangeActiveDebugSession((session) => {
        const known = session && this.sessions.get(session.id);
        if (known) this.show(known);
      }),
      vscode.debug.onDidTerminateDebugSession((session) => {
        const known = this.sessions.get(session.id);
        if (!known) return;
        this.changeState(known, 'ended');
        this.sessions.delete(session.id);
      }),
    );
  }

  /** The session that views show; it may have ended. */
  get current(): RingsideSession | undefined {
    return this.shown;
  }

  createDebugAdapterTracker(debugSession: vscode.DebugSession): vscode.DebugAdapterTracker {
    const session = new RingsideSession(debugSession);
    this.sessions.set(session.id, session);
    void vscode.commands.executeCommand('setContext', 'ringside.active', true);
    if (this.shown === undefined || this.shown.state === 'ended') this.show(session);
    return { onDidSendMessage: (message: DebugProtocol.ProtocolMessage) => this.follow(session, message) };
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  /**
   * Runs before VS Code itself sees the message. That matters for `terminated`: requests sent by listeners reach the
   * adapter before VS Code's `disconnect`, so that the last counts can still be read.
   */
  private follow(session: RingsideSession, message: DebugProtocol.ProtocolMessage): void {
    if (message.type === 'response') {
      const response = message as DebugProtocol.Response;
      if (response.success && RESUMING.has(response.command)) this.changeState(session, 'running');
      return;
    }
    if (message.type !== 'event') return;
    const event = message as DebugProtocol.Event;
    switch (event.event) {
      case 'stopped':
        this.changeState(session, 'stopped');
        break;
      case 'continued':
        this.changeState(session, 'running');
        break;
      case 'terminated':
        this.changeState(session, 'ended');
        break;
      case 'ringside/exitsChanged':
        session.noteExits(event.body as CustomEvents['ringside/exitsChanged']);
        this.changes.fire({ session, what: 'counts' });
        break;
      case 'ringside/serialOutput':
        this.serial.fire({ session, event: event.body as CustomEvents['ringside/serialOutput'] });
        break;
    }
  }

  private changeState(session: RingsideSession, state: SessionState): void {
    if (session.state === 'ended' || (session.state === state && state === 'running')) return;
    if (state === 'running') session.resumedAt = session.nextSequence;
    session.state = state;
    this.changes.fire({ session, what: 'state' });
  }

  private show(session: RingsideSession): void {
    if (this.shown === session) return;
    this.shown = session;
    this.changes.fire({ session, what: 'current' });
  }
}
