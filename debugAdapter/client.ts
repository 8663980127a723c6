import type { DebugProtocol } from '@vscode/debugprotocol';

/** What the client said of itself in `initialize`, and the conversions that follow from it. */
export class Client {
  constructor(readonly traits: Partial<DebugProtocol.InitializeRequestArguments> = {}) {}

  /** Engine line (from 1) to client line. */
  line(line: number): number {
    return this.traits.linesStartAt1 === false ? line - 1 : line;
  }

  /** Client line to engine line. */
  engineLine(line: number): number {
    return this.traits.linesStartAt1 === false ? line + 1 : line;
  }

  column(column: number | undefined): number | undefined {
    return column !== undefined && this.traits.columnsStartAt1 === false ? column - 1 : column;
  }

  engineColumn(column: number | undefined): number | undefined {
    return column !== undefined && this.traits.columnsStartAt1 === false ? column + 1 : column;
  }

  /** A path in the format that the client asked for. */
  path(path: string): string {
    if (this.traits.pathFormat !== 'uri' || isUri(path)) return path;
    const slashed = path.replaceAll('\\', '/');
    const encoded = slashed.split('/').map(encodeURIComponent).join('/').replaceAll('%3A', ':');
    return `file://${slashed.startsWith('/') ? '' : '/'}${encoded}`;
  }

  /** A path or file URI of the client as the engine wants it. Other URIs stay as they are: the host knows them. */
  enginePath(path: string): string {
    if (!path.startsWith('file://')) return path;
    const decoded = decodeURIComponent(path.slice('file://'.length));
    return /^\/[A-Za-z]:/.test(decoded) ? decoded.slice(1) : decoded;
  }

  source(path: string): DebugProtocol.Source {
    return { name: path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1), path: this.path(path) };
  }

  /** Side of COM1 where the launch leaves it open: VS Code has the serial terminal, others show output events. */
  get defaultSerialSide(): string {
    return this.traits.clientID === 'vscode' ? 'terminal' : 'console';
  }
}

function isUri(path: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(path);
}
