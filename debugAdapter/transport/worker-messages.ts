import type { DebugProtocol } from '@vscode/debugprotocol';

/** What a page and the adapter in its worker say to each other. */
export type WorkerMessage =
  /** A protocol message, either way. */
  | { type: 'protocol'; message: DebugProtocol.ProtocolMessage }
  /** The worker asks for a file. */
  | { type: 'file'; id: number; operation: 'readFile' | 'readAsset'; path: string }
  | { type: 'file'; id: number; operation: 'writeFile'; path: string; data: Uint8Array }
  /** The page answers. */
  | { type: 'fileDone'; id: number; data?: Uint8Array; error?: string };

/** One side of the connection: a Worker, or the worker's own global scope. */
export interface MessagePortLike {
  postMessage(message: WorkerMessage): void;
  onmessage: ((event: { data: WorkerMessage }) => void) | null;
}
