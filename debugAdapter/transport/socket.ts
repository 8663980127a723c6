import { createServer, type Socket } from 'node:net';
import type { DebugAdapter } from '../adapter';
import { serveStream } from './stream';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use by another program',
  EACCES: 'permission denied',
};

/** A server of debug sessions. */
export interface Listener {
  readonly port: number;
  /** Refuses new clients and ends the sessions there are. */
  close(): void;
}

/**
 * Listens on a TCP port of this host only. Every connection gets an adapter, and so a guest, of its own.
 * @param port 0 takes any free port
 * @throws Error if the port cannot be had
 */
export function listen(port: number, createAdapter: () => DebugAdapter): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.setNoDelay(true);
    void serveStream(createAdapter(), socket, socket);
  });
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => {
      reject(new Error(REASONS[error.code ?? ''] ?? error.message));
    };
    server.once('error', refuse);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', refuse);
      const address = server.address();
      resolve({ port: typeof address === 'object' && address ? address.port : port, close });
    });
  });
}
