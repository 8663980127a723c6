import type { Readable, Writable } from 'node:stream';
import type { DebugAdapter } from '../adapter';
import { messageOf } from '../errors';
import { encodeMessage, MessageReader } from './framing';

/**
 * Serves one client over a pair of byte streams. Resolves when the session is over: the client
 * disconnected (and no guest was left running), or the stream ended, which ends the guest too.
 */
export function serveStream(adapter: DebugAdapter, input: Readable, output: Writable): Promise<void> {
  return new Promise((resolve) => {
    let over = false;
    const reader = new MessageReader(
      (message) => adapter.handleMessage(message),
      (problem) => adapter.reportMalformed(problem),
    );
    const finish = (): void => {
      if (over) return;
      over = true;
      input.removeAllListeners('data');
      adapter.dispose();
      // What was written must reach the client before the process or the socket goes away.
      if (output.writable) output.end(() => resolve());
      else resolve();
    };
    adapter.onDidSendMessage((message) => {
      if (!over && output.writable) output.write(encodeMessage(message));
    });
    adapter.onDidClose(finish);
    input.on('data', (piece: Uint8Array) => {
      try {
        reader.push(piece);
      } catch (error) {
        adapter.reportMalformed(messageOf(error));
        finish();
      }
    });
    // A client that closes its side after `disconnect` does not end a guest that it left running.
    const broken = (): void => {
      if (!adapter.detached) finish();
    };
    input.on('end', broken);
    input.on('error', broken);
    output.on('error', broken);
    input.on('close', broken);
  });
}
