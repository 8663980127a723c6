import type { CpuState } from '../../machine/cpu/state';
import { Register } from '../../machine/layout';
import type { AbiHost } from './table';

/** Protocols: remote calls of the guest, and of the host (which never calls). */
const RPCI = 0x49435052;
const TCLO = 0x4f4c4354;
/** The guest wants a cookie for the channel. */
const WITH_COOKIE = 0x80000000;

const SUCCESS = 1;
const MESSAGE_WAITS = 2;

/** Types of message in the answers of receive size and receive: those of the host that sends. */
const SEND_SIZE = 1;
const SEND_PAYLOAD = 2;

const MOST_CHANNELS = 8;
const LONGEST_MESSAGE = 65536;
/** Keys that a guest may set, and the longest value. */
const MOST_KEYS = 256;
const LONGEST_VALUE = 4096;
/** Lines of the guest's log that are shown, and the characters of each. */
const MOST_LOGS = 100;
const LONGEST_LOG = 200;

/** High halves of the channel's cookie, so that a guest's mistakes show. */
const COOKIE_HIGH = 0x52696e67;
const COOKIE_LOW = 0x73696400;

interface Channel {
  protocol: number;
  cookie: boolean;
  /** Bytes that the guest has still to send, and those that it has sent. */
  awaited: number;
  received: number[];
  /** What the host has to say, and how much of it the guest has fetched. */
  reply: number[] | undefined;
  fetched: number;
}

interface MessageState {
  readonly channels: readonly [number, Channel][];
  readonly info: readonly [string, string][];
}

/** Registers of a message that are read and answered. */
interface Message {
  readonly channel: number;
  data: number;
  type: number;
}

/**
 * The message layer of VMware's backdoor (open-vm-tools lib/message/message.c), without the port of high bandwidth: no
 * status says that there is one, so guests send and fetch four bytes at a time. A message of RPCI is answered by
 * `1 RESULT` or `0 REASON`.
 */
export class MessageChannels {
  private readonly channels = new Map<number, Channel>();
  private info: Map<string, string>;
  /** Lines shown; the user's affair, so none of the guest's state. */
  private logged = 0;
  private readonly types: Readonly<Record<number, (message: Message, channel: Channel) => number>> = {
    1: (message, channel) => this.expect(channel, message.data),
    2: (message, channel) => this.take(channel, message.data),
    3: (message, channel) => announce(message, channel),
    4: (message, channel) => fetch(message, channel),
    5: (_message, channel) => {
      channel.reply = undefined;
      return SUCCESS;
    },
    6: (message) => (this.channels.delete(message.channel) ? SUCCESS : 0),
  };

  constructor(private readonly host: AbiHost) {
    this.info = new Map(Object.entries(host.guestInfo));
  }

  /** The command MESSAGE: type in the high half of ECX, channel in that of EDX, data in EBX, cookie in ESI and EDI. */
  serve(state: CpuState): void {
    const ecx = state.reg(Register.ECX);
    const edx = state.reg(Register.EDX);
    const type = ecx >>> 16;
    const message: Message = { channel: edx >>> 16, data: state.reg(Register.EBX), type: edx >>> 16 };
    const status = type === 0 ? this.open(state, message) : this.pass(state, type, message);
    state.setReg(Register.ECX, ((status << 16) | (ecx & 0xffff)) >>> 0);
    state.setReg(Register.EDX, ((message.type << 16) | (edx & 0xffff)) >>> 0);
    state.setReg(Register.EBX, message.data);
  }

  reset(): void {
    this.channels.clear();
    this.logged = 0;
    this.info = new Map(Object.entries(this.host.guestInfo));
  }

  save(): MessageState {
    return structuredClone({ channels: [...this.channels], info: [...this.info] });
  }

  load(state: unknown): void {
    const { channels, info } = structuredClone(state) as MessageState;
    this.channels.clear();
    for (const [id, channel] of channels) this.channels.set(id, channel);
    this.info = new Map(info);
  }

  private open(state: CpuState, message: Message): number {
    const protocol = (message.data & ~WITH_COOKIE) >>> 0;
    const cookie = (message.data & WITH_COOKIE) !== 0;
    const id = Array.from({ length: MOST_CHANNELS }, (_, i) => i).find((i) => !this.channels.has(i));
    if (id === undefined || (protocol !== RPCI && protocol !== TCLO)) return 0;
    this.channels.set(id, { protocol, cookie, awaited: 0, received: [], reply: undefined, fetched: 0 });
    message.type = id;
    if (cookie) {
      state.setReg(Register.ESI, COOKIE_HIGH);
      state.setReg(Register.EDI, COOKIE_LOW + id);
    }
    return SUCCESS;
  }

  private pass(state: CpuState, type: number, message: Message): number {
    const id = message.channel;
    const channel = this.channels.get(id);
    if (!channel) return 0;
    const cookie = state.reg(Register.ESI) === COOKIE_HIGH && state.reg(Register.EDI) === COOKIE_LOW + id;
    if (channel.cookie && !cookie) return 0;
    return this.types[type]?.(message, channel) ?? 0;
  }

  private expect(channel: Channel, size: number): number {
    if (size > LONGEST_MESSAGE) return 0;
    channel.awaited = size;
    channel.received = [];
    if (size === 0) this.complete(channel);
    return SUCCESS;
  }

  private take(channel: Channel, data: number): number {
    if (channel.awaited === 0) return 0;
    const bytes = Math.min(4, channel.awaited);
    for (let i = 0; i < bytes; i++) channel.received.push((data >>> (8 * i)) & 0xff);
    channel.awaited -= bytes;
    if (channel.awaited === 0) this.complete(channel);
    return SUCCESS;
  }

  /** A message is there: RPCI is answered. On TCLO guests only say how they fared with what the host asked. */
  private complete(channel: Channel): void {
    if (channel.protocol !== RPCI) return;
    let text = '';
    for (const byte of channel.received) text += String.fromCharCode(byte);
    channel.reply = Array.from(this.reply(text.replace(/\0+$/, '')), (character) => character.charCodeAt(0));
    channel.fetched = 0;
  }

  private reply(message: string): string {
    const [, command, rest] = /^(\S*)\s*([^]*)$/.exec(message) ?? ['', '', ''];
    if (command === 'info-get') return this.getInfo(rest);
    if (command === 'info-set') return this.setInfo(rest);
    if (command !== 'log') return '0 Unknown command';
    this.log(rest);
    return '1 ';
  }

  /** Each line is a kind of its own for the reports, up to a bound: a guest may log without end. */
  private log(text: string): void {
    if (this.logged > MOST_LOGS) return;
    const line = this.logged < MOST_LOGS ? text.slice(0, LONGEST_LOG) : 'more than can be shown';
    this.host.report(`vmware-log-${this.logged++}`, `the guest logs by VMware's RPCI: ${line}`);
  }

  private getInfo(key: string): string {
    const value = this.info.get(key.replace(/^guestinfo\./, ''));
    return value === undefined || !key.startsWith('guestinfo.') ? '0 No value found' : `1 ${value}`;
  }

  private setInfo(text: string): string {
    const [, key, value] = /^guestinfo\.(\S+)\s?([^]*)$/.exec(text) ?? [];
    if (key === undefined) return '0 Invalid key';
    const isFull = this.info.size >= MOST_KEYS && !this.info.has(key);
    if (isFull || key.length + value.length > LONGEST_VALUE) return '0 Value too large';
    this.info.set(key, value);
    return '1 ';
  }
}

/** Receive size: whether a message waits, and how long it is. */
function announce(message: Message, { reply }: Channel): number {
  if (!reply) return SUCCESS;
  message.type = SEND_SIZE;
  message.data = reply.length;
  return SUCCESS | MESSAGE_WAITS;
}

/** Receive: four bytes, the first one lowest. */
function fetch(message: Message, channel: Channel): number {
  const { reply, fetched } = channel;
  if (!reply || fetched >= reply.length) return 0;
  message.type = SEND_PAYLOAD;
  message.data = [3, 2, 1, 0].reduce((value, i) => (value << 8) | (reply[fetched + i] ?? 0), 0) >>> 0;
  channel.fetched += 4;
  return SUCCESS;
}
