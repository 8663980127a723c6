import * as vscode from 'vscode';
import type { SerialInputArguments } from '../../../debugAdapter/protocol';
import type { RingsideSession } from '../sessions/ringside-session';
import type { SessionRegistry } from '../sessions/session-registry';
import { SerialTerminal } from './serial-terminal';

type Port = SerialInputArguments['port'];

interface Line {
  port: Port;
  session: RingsideSession;
  pty: SerialTerminal;
  terminal: vscode.Terminal;
}

/**
 * One terminal per UART and launch configuration. It is made when the guest sends its first byte, and used again by
 * the next run of the same configuration.
 */
export class SerialTerminals implements vscode.Disposable {
  private readonly lines = new Map<string, Line>();
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly registry: SessionRegistry) {
    this.disposables = [
      registry.onSerialOutput(({ session, event }) => {
        this.line(session, event.port).pty.receive(Buffer.from(event.data, 'base64'));
      }),
      registry.onDidChange(({ session, what }) => {
        if (what !== 'state' || session.state !== 'ended') return;
        for (const line of this.lines.values()) {
          if (line.session === session) line.pty.remark(`[${session.name} ended]`);
        }
      }),
      vscode.window.onDidCloseTerminal((terminal) => {
        for (const [key, line] of this.lines) if (line.terminal === terminal) this.lines.delete(key);
      }),
    ];
  }

  /** Shows the current session's terminal, and makes one for COM1 if there is none. */
  reveal(): void {
    const session = this.registry.current;
    if (!session) {
      void vscode.window.showInformationMessage('Start a guest first: its serial ports open as terminals.');
      return;
    }
    const own = [...this.lines.values()].find((line) => line.session === session);
    (own ?? this.line(session, 'com1')).terminal.show();
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
    for (const { terminal, pty } of this.lines.values()) {
      terminal.dispose();
      pty.dispose();
    }
  }

  private line(session: RingsideSession, port: Port): Line {
    const key = `${session.name}\0${port}`;
    const known = this.lines.get(key);
    if (known) {
      if (known.session !== session && known.session.state === 'ended') known.pty.remark(`[${session.name} started]`);
      known.session = session;
      return known;
    }
    const line = this.open(session, port);
    this.lines.set(key, line);
    return line;
  }

  private open(session: RingsideSession, port: Port): Line {
    const settings = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration('ringside.serial');
    const pty = new SerialTerminal(() => settings().get('localEcho', false));
    const terminal = vscode.window.createTerminal({
      name: `${port.toUpperCase()} – ${session.name}`,
      pty,
      iconPath: new vscode.ThemeIcon('plug'),
      isTransient: true,
    });
    const line: Line = { port, session, pty, terminal };
    pty.onDidType((bytes) => {
      if (line.session.state === 'ended') return;
      const data = Buffer.from(bytes).toString('base64');
      line.session.request('ringside/serialInput', { port, data }).catch((error: unknown) => {
        pty.remark(`[${port.toUpperCase()} took no input: ${error instanceof Error ? error.message : String(error)}]`);
      });
    });
    // Focus stays where it is: a stop or a key of the user must not land in the guest by surprise.
    if (settings().get('reveal', true)) terminal.show(true);
    return line;
  }
}
