import { createConnection, type Socket } from 'node:net';

/** Why a stub could not be talked to any more. */
export class GdbError extends Error {}

const ACK = '+';
const TIMEOUT_MS = 10_000;

/**
 * A client of the GDB remote serial protocol (GDB manual, appendix E), as far as single-stepping needs it.
 * One request at a time.
 */
export class GdbClient {
  private received = '';
  private waiting: { resolve(packet: string): void; reject(error: Error): void } | undefined;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.setNoDelay(true);
    socket.on('data', (text: string) => {
      this.received += text;
      this.deliver();
    });
    const fail = (message: string) => {
      this.waiting?.reject(new GdbError(message));
      this.waiting = undefined;
    };
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => fail('the stub has closed the connection'));
  }

  /** @throws GdbError if nobody listens */
  static connect(path: string): Promise<GdbClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path);
      socket.once('error', (error) => reject(new GdbError(error.message)));
      socket.once('connect', () => resolve(new GdbClient(socket)));
    });
  }

  /** Executes one instruction. @throws GdbError if the target is gone */
  async step(): Promise<void> {
    const answer = await this.request('s');
    if (!/^[TS]/.test(answer)) throw new GdbError(`the target has ended: ${answer}`);
  }

  /** All registers as the stub orders them, in u32. */
  async registers(): Promise<Uint32Array> {
    return new Uint32Array(decode(await this.request('g')).buffer);
  }

  /** Guest memory at a linear address. @throws GdbError if it is not mapped */
  async read(address: number, length: number): Promise<Uint8Array> {
    const answer = await this.request(`m${address.toString(16)},${length.toString(16)}`);
    if (/^E[0-9a-f]{2}$/.test(answer)) throw new GdbError(`no memory at 0x${address.toString(16)}`);
    return decode(answer);
  }

  close(): void {
    this.socket.destroy();
  }

  /** @throws GdbError if no answer comes */
  private request(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new GdbError(`no answer to ${text}`)), TIMEOUT_MS);
      this.waiting = {
        resolve: (packet) => {
          clearTimeout(timer);
          resolve(packet);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.socket.write(`$${text}#${checksum(text)}`, 'latin1');
    });
  }

  /** Takes a packet out of what has come; the stub's acknowledgements are dropped. */
  private deliver(): void {
    const start = this.received.indexOf('$');
    const end = this.received.indexOf('#', start);
    if (start < 0 || end < 0 || this.received.length < end + 3) return;
    const packet = this.received.slice(start + 1, end);
    this.received = this.received.slice(end + 3);
    this.socket.write(ACK, 'latin1');
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.resolve(packet);
  }
}

function checksum(text: string): string {
  const sum = [...Buffer.from(text, 'latin1')].reduce((total, byte) => total + byte, 0);
  return (sum & 0xff).toString(16).padStart(2, '0');
}

function decode(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length >> 1 }, (_, i) => Number.parseInt(text.slice(i * 2, i * 2 + 2), 16));
}
