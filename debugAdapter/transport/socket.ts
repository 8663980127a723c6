import { createServer, type Server } from 'node:net';
import type { DebugAdapter } from '../adapter';
import { serveStream } from './stream';

/**
 * Listens on a TCP port of this host only. Every connection gets an adapter, and so a guest, of its own.
 * @param port 0 takes any free port
 * @throws Error if the port cannot be had
 */
export function listen(port: number, createAdapter: () => DebugAdapter): Promise<Server> {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    void serveStream(createAdapter(), socket, socket);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}
