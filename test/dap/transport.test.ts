import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { MessageChannel } from 'node:worker_threads';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { DebugAdapter } from '../../debugAdapter/adapter';
import { encodeMessage, FramingError, MessageReader } from '../../debugAdapter/transport/framing';
import { listen } from '../../debugAdapter/transport/socket';
import { serveStream } from '../../debugAdapter/transport/stream';
import { serveWorker, WorkerClient } from '../../debugAdapter/transport/worker';
import type { MessagePortLike, WorkerMessage } from '../../debugAdapter/transport/worker-messages';
import type { SessionEvent } from '../../src/debugger/types';
import { FakeEngine } from './support/fake-session';
import { MemoryHost } from './support/memory-host';

const ENDED: SessionEvent = { type: 'ended', end: { how: 'limit', exitCode: 1, text: 'limit' } };

const request = (seq: number, command: string, args?: object): Uint8Array =>
  encodeMessage({ seq, type: 'request', command, ...(args ? { arguments: args } : {}) });

/** Everything that an adapter writes to a stream, as messages. */
function collect(stream: NodeJS.ReadableStream): DebugProtocol.Response[] {
  const messages: DebugProtocol.Response[] = [];
  const reader = new MessageReader(
    (message) => messages.push(message as DebugProtocol.Response),
    (problem) => assert.fail(problem),
  );
  stream.on('data', (piece: Uint8Array) => reader.push(piece));
  return messages;
}

function streams(engine = new FakeEngine()): {
  input: PassThrough;
  messages: DebugProtocol.Response[];
  done: Promise<void>;
  engine: FakeEngine;
} {
  const input = new PassThrough();
  const output = new PassThrough();
  const messages = collect(output);
  const done = serveStream(new DebugAdapter(engine, () => new MemoryHost()), input, output);
  return { input, messages, done, engine };
}

describe('transport', () => {
  describe('framing', () => {
    it('finds messages wherever the stream is cut', () => {
      const stream = [{ a: 'ä→𝄞' }, { b: 2 }].map(encodeMessage);
      const bytes = Buffer.concat(stream);
      for (const size of [1, 2, 3, 7, bytes.length]) {
        const found: unknown[] = [];
        const reader = new MessageReader(
          (message) => found.push(message),
          () => assert.fail(),
        );
        for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
        assert.deepEqual(found, [{ a: 'ä→𝄞' }, { b: 2 }]);
      }
    });

    it('goes on after a message that is not JSON', () => {
      const found: unknown[] = [];
      const problems: string[] = [];
      const reader = new MessageReader(
        (message) => found.push(message),
        (problem) => problems.push(problem),
      );
      reader.push(Buffer.concat([Buffer.from('Content-Length: 3\r\n\r\n{x}'), encodeMessage({ c: 3 })]));
      reader.push(Buffer.concat([Buffer.from('Content-Length: 1\r\n\r\n5'), encodeMessage({ d: 4 })]));
      assert.deepEqual(found, [{ c: 3 }, { d: 4 }]);
      assert.deepEqual(problems, ['a message that is not JSON', 'a message that is not an object']);
    });

    it('gives up where nobody speaks the protocol', () => {
      const reader = (): MessageReader =>
        new MessageReader(
          () => {},
          () => {},
        );
      assert.throws(() => reader().push(Buffer.from('GET / HTTP/1.1\r\n\r\n')), FramingError);
      assert.throws(() => reader().push(Buffer.alloc(5000, 0x20)), FramingError);
      assert.throws(() => reader().push(Buffer.from('Content-Length: 99999999999\r\n\r\n')), FramingError);
    });
  });

  describe('streams', () => {
    it('answers until the client disconnects, then ends', async () => {
      const { input, messages, done } = streams();
      input.write(request(1, 'initialize', { adapterID: 'ringside' }));
      input.write(request(2, 'disconnect'));
      await done;
      assert.deepEqual(
        messages.map(({ request_seq, success }) => [request_seq, success]),
        [
          [1, true],
          [2, true],
        ],
      );
    });

    it('ends the guest when the client goes away without a word', async () => {
      const { input, done, engine } = streams();
      input.write(request(1, 'initialize', { adapterID: 'ringside' }));
      input.write(request(2, 'launch', { program: 'x' }));
      await new Promise((resolve) => setImmediate(resolve));
      input.end();
      await done;
      assert.equal(engine.session.disposed, true);
    });

    it('stays for a guest that the client left running', async () => {
      const { input, done, engine } = streams();
      input.write(request(1, 'initialize', { adapterID: 'ringside' }));
      input.write(request(2, 'launch', { program: 'x' }));
      await new Promise((resolve) => setImmediate(resolve));
      input.write(request(3, 'disconnect', { terminateDebuggee: false }));
      input.end();
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(engine.session.disposed, false);
      engine.session.emit(ENDED);
      await done;
      assert.equal(engine.session.disposed, true);
    });
  });

  describe('socket', () => {
    it('gives each client a guest of its own', async () => {
      const engines = [new FakeEngine(), new FakeEngine()];
      let created = 0;
      const listener = await listen(0, () => new DebugAdapter(engines[created++], () => new MemoryHost()));
      try {
        for (const [index, engine] of engines.entries()) {
          const socket = connect(listener.port, '127.0.0.1');
          const messages = collect(socket);
          socket.write(request(1, 'initialize', { adapterID: 'ringside' }));
          socket.write(request(2, 'launch', { program: `guest${index}` }));
          while (messages.length < 3) await once(socket, 'data');
          assert.equal(engine.session.configuration.program, `guest${index}`);
          socket.end(request(3, 'disconnect'));
          await once(socket, 'close');
          assert.equal(engine.session.disposed, true);
        }
      } finally {
        listener.close();
      }
    });

    it('says that a port is taken', async () => {
      const first = await listen(0, () => assert.fail());
      try {
        await assert.rejects(
          listen(first.port, () => assert.fail()),
          /is in use by another program/,
        );
      } finally {
        first.close();
      }
    });
  });

  describe('worker', () => {
    it('carries messages and files', async () => {
      const { port1, port2 } = new MessageChannel();
      const adapt = (port: typeof port1): MessagePortLike => {
        const like: MessagePortLike = { postMessage: (message) => port.postMessage(message), onmessage: null };
        port.on('message', (data: WorkerMessage) => like.onmessage?.({ data }));
        return like;
      };
      const engine = new FakeEngine();
      const asked: string[] = [];
      let terminated = false;
      serveWorker(adapt(port1), engine);
      const client = new WorkerClient(
        adapt(port2),
        {
          readFile: (path) => {
            asked.push(path);
            return path.endsWith('main.c')
              ? Promise.resolve(new TextEncoder().encode('int main;'))
              : Promise.reject(new Error(`${path}: no such file`));
          },
          writeFile: () => Promise.resolve(),
          readAsset: () => Promise.reject(new Error('none')),
        },
        () => {
          terminated = true;
        },
      );
      const responses: DebugProtocol.Response[] = [];
      const arrived = new Promise<void>((resolve) => {
        client.onDidSendMessage((message) => {
          if (message.type === 'response') responses.push(message as DebugProtocol.Response);
          if (responses.length === 3) resolve();
          if ((message as DebugProtocol.Event).event === 'initialized') {
            const args = { source: { path: '/guest/main.c' }, sourceReference: 0 };
            client.handleMessage({
              seq: 3,
              type: 'request',
              command: 'source',
              arguments: args,
            } as DebugProtocol.Request);
          }
        });
      });
      client.handleMessage({ seq: 1, type: 'request', command: 'initialize', arguments: {} } as DebugProtocol.Request);
      client.handleMessage({
        seq: 2,
        type: 'request',
        command: 'launch',
        arguments: { program: 'x' },
      } as DebugProtocol.Request);
      await arrived;
      assert.deepEqual(asked, ['/guest/main.c']);
      assert.deepEqual(responses[2].body, { content: 'int main;' });
      client.dispose();
      assert.equal(terminated, true);
      port1.close();
      port2.close();
    });
  });
});
