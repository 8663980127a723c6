import type { DebugProtocol } from '@vscode/debugprotocol';
import { DebugAdapter } from '../adapter';
import type { Engine } from '../engine';
import { messageOf } from '../errors';
import { type FileAccess, webHost } from '../host/web';
import type { MessagePortLike, WorkerMessage } from './worker-messages';

type FileRequest = Extract<WorkerMessage, { type: 'file' }>;
/** A file request as its caller knows it: the number is given here. */
type Unnumbered<T> = T extends unknown ? Omit<T, 'type' | 'id'> : never;

/** Files of the page, asked for by message. */
class RemoteFiles implements FileAccess {
  private readonly waiting = new Map<number, { resolve(data: Uint8Array): void; reject(error: Error): void }>();
  private next = 1;

  constructor(private readonly port: MessagePortLike) {}

  readFile(path: string): Promise<Uint8Array> {
    return this.ask({ operation: 'readFile', path });
  }

  readAsset(path: string): Promise<Uint8Array> {
    return this.ask({ operation: 'readAsset', path });
  }

  async writeFile(path: string, data: Uint8Array): Promise<void> {
    await this.ask({ operation: 'writeFile', path, data });
  }

  settle({ id, data, error }: Extract<WorkerMessage, { type: 'fileDone' }>): void {
    const caller = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) caller?.resolve(data ?? new Uint8Array());
    else caller?.reject(new Error(error));
  }

  private ask(request: Unnumbered<FileRequest>): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const id = this.next++;
      this.waiting.set(id, { resolve, reject });
      this.port.postMessage({ type: 'file', id, ...request });
    });
  }
}

/** Serves one client over a message port: the worker's side. */
export function serveWorker(port: MessagePortLike, engine: Engine): DebugAdapter {
  const files = new RemoteFiles(port);
  const adapter = new DebugAdapter(engine, (cwd) => webHost(files, cwd));
  adapter.onDidSendMessage((message) => port.postMessage({ type: 'protocol', message }));
  port.onmessage = ({ data }) => {
    if (data.type === 'protocol') adapter.handleMessage(data.message);
    if (data.type === 'fileDone') files.settle(data);
  };
  return adapter;
}

/** The page's side: an adapter of the shape that VS Code runs inline, at work in a worker. */
export class WorkerClient {
  private readonly listeners = new Set<(message: DebugProtocol.ProtocolMessage) => void>();

  /** @param terminate ends the worker */
  constructor(
    private readonly port: MessagePortLike,
    private readonly files: FileAccess,
    private readonly terminate: () => void,
  ) {
    port.onmessage = ({ data }) => {
      if (data.type === 'protocol') for (const listener of this.listeners) listener(data.message);
      if (data.type === 'file') void this.serveFile(data);
    };
  }

  readonly onDidSendMessage = (listener: (message: DebugProtocol.ProtocolMessage) => void): { dispose(): void } => {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  };

  handleMessage(message: DebugProtocol.ProtocolMessage): void {
    this.port.postMessage({ type: 'protocol', message });
  }

  dispose(): void {
    this.listeners.clear();
    this.terminate();
  }

  private async serveFile(request: FileRequest): Promise<void> {
    const { id } = request;
    try {
      const data =
        request.operation === 'writeFile'
          ? await this.files.writeFile(request.path, request.data)
          : await this.files[request.operation](request.path);
      this.port.postMessage({ type: 'fileDone', id, ...(data ? { data } : {}) });
    } catch (error) {
      this.port.postMessage({ type: 'fileDone', id, error: messageOf(error) });
    }
  }
}
