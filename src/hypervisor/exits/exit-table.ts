import type { Channel } from '../../machine/bus/port-access';
import type { PortDirection, PortWidth } from '../../machine/devices/device';
import { noOperations, type PortOperations } from '../cost/what-if';
import { accessKey } from './access-word';
import { CHANNELS } from './channels';
import type { CostParts, ExitRecord } from './exit-record';
import { ExitRun, type ExitSample } from './exit-run';
import type { ExitNames } from './names';

/** What exits of one kind and place have in common. */
export interface ExitKey {
  reason: string;
  channel: Channel;
  /** ABI and name of the hypercall, or empty. */
  abi: string;
  hypercall: string;
  /** -1 where the exit was not an access to a port. */
  port: number;
  direction: PortDirection;
  width: PortWidth;
  /** Linear address that caused it. */
  site: number;
}

/** Sums over exits. Cycles are the cost profile's. */
export interface ExitSums extends PortOperations {
  count: number;
  elements: number;
  sum: number;
  min: number;
  max: number;
  sumOfSquares: number;
  parts: CostParts;
  /** Nanoseconds of those that were measured, and how many these are. */
  hostNs: number;
  hostMeasured: number;
  /** Sum of the measurements that stand for the others. */
  hostGuessed: number;
  /** Sequence number of the last one. */
  last: number;
}

/** Sums over no exit, to be filled or added to. */
export function noSums(): ExitSums {
  return {
    ...noOperations(),
    count: 0,
    elements: 0,
    sum: 0,
    min: Infinity,
    max: 0,
    sumOfSquares: 0,
    parts: { transition: 0, decode: 0, device: 0, return: 0 },
    hostNs: 0,
    hostMeasured: 0,
    hostGuessed: 0,
    last: 0,
  };
}

const INITIAL_SLOTS = 256;
/** Columns of f64 per slot. */
const COUNT = 0;
const ELEMENTS = 1;
const SUM = 2;
const MIN = 3;
const MAX = 4;
const SQUARES = 5;
const TRANSITION = 6;
const DECODE = 7;
const DEVICE = 8;
const RETURN = 9;
const HOST_NS = 10;
const LAST = 11;
const HOST_MEASURED = 12;
const HOST_GUESSED = 13;
const SINGLES = 14;
const STRINGS = 15;
const EMPTY_STRINGS = 16;
const PAGE_RUNS = 17;
const STRING_ELEMENTS = 18;
const COLUMNS = 19;

/** Cost of an exit over all parts, in cycles. */
export function totalCycles(cost: CostParts): number {
  return cost.transition + cost.decode + cost.device + cost.return;
}

/**
 * Sums per (reason, channel, ABI, hypercall, port, direction, width, site), in typed arrays: an open-addressed hash index
 * over dense slots. Adding an exit of a known kind allocates nothing.
 */
export class ExitTable {
  private slots = 0;
  private capacity = INITIAL_SLOTS;
  /** Three words of key per slot: site; port, direction, width, channel; reason, ABI and hypercall. */
  private keys = new Uint32Array(INITIAL_SLOTS * 3);
  private sums = new Float64Array(INITIAL_SLOTS * COLUMNS);
  /** Slot + 1 by hash, 0 is free; always twice as large as `capacity`, so that probing ends. */
  private index = new Uint32Array(INITIAL_SLOTS * 2);
  /** Slot of the last exit added, and its minimum and maximum before that, so that it can be taken back. */
  private lastSlot = -1;
  private lastMin = 0;
  private lastMax = 0;
  private readonly run = new ExitRun();

  /** @param names what the words of names stand for */
  constructor(private readonly names: ExitNames) {}

  /**
   * @param names of the exit, as a word
   * @param access what the exit was, as `accessWord` has it
   */
  add(record: ExitRecord, names: number, access: number): void {
    const { run } = this;
    if (run.takes(record, names, access)) {
      addHostTime(this.sums, this.lastSlot * COLUMNS, record, 1);
      return;
    }
    this.settle();
    const slot = this.slotOf(record.site >>> 0, accessKey(access), names);
    const at = slot * COLUMNS;
    this.lastSlot = slot;
    this.lastMin = this.sums[at + MIN];
    this.lastMax = this.sums[at + MAX];
    accumulate(this.sums, at, record, 1);
    addHostTime(this.sums, at, record, 1);
    this.sums[at + LAST] = record.sequence;
    run.begin(record, names, access);
    const cycles = totalCycles(record.cost);
    if (cycles < this.sums[at + MIN]) this.sums[at + MIN] = cycles;
    if (cycles > this.sums[at + MAX]) this.sums[at + MAX] = cycles;
  }

  /** Takes back the exit that was added last. Once, with the same figures. */
  takeBack(record: ExitRecord): void {
    this.settle();
    this.run.end();
    const at = this.lastSlot * COLUMNS;
    accumulate(this.sums, at, record, -1);
    addHostTime(this.sums, at, record, -1);
    this.sums[at + MIN] = this.lastMin;
    this.sums[at + MAX] = this.lastMax;
  }

  clear(): void {
    this.slots = 0;
    this.index.fill(0);
    this.lastSlot = -1;
    this.run.end();
  }

  /** Calls `visit` for every kind of exit seen. Both arguments are reused. */
  forEach(visit: (key: ExitKey, sums: ExitSums) => void): void {
    const key: ExitKey = {
      reason: '',
      channel: 'direct',
      abi: '',
      hypercall: '',
      port: 0,
      direction: 'in',
      width: 1,
      site: 0,
    };
    const sums = noSums();
    for (let slot = 0; slot < this.slots; slot++) {
      if (this.sums[slot * COLUMNS + COUNT] === 0) continue;
      this.readKey(slot, key);
      this.readSums(slot, sums);
      visit(key, sums);
    }
  }

  /** Adds the run to the sums of its kind. */
  private settle(): void {
    const { run, sums } = this;
    if (run.more === 0) return;
    const at = this.lastSlot * COLUMNS;
    accumulate(sums, at, run.sample, run.more);
    sums[at + LAST] = run.last;
    this.lastMin = sums[at + MIN];
    this.lastMax = sums[at + MAX];
    run.end();
  }

  private slotOf(site: number, access: number, names: number): number {
    if (this.lastSlot >= 0 && this.isKey(this.lastSlot, site, access, names)) return this.lastSlot;
    const mask = this.index.length - 1;
    let probe = hash(site, access, names) & mask;
    for (;;) {
      const slot = this.index[probe] - 1;
      if (slot < 0) break;
      if (this.isKey(slot, site, access, names)) return slot;
      probe = (probe + 1) & mask;
    }
    if (this.slots === this.capacity) {
      this.grow();
      return this.slotOf(site, access, names);
    }
    const slot = this.slots++;
    this.index[probe] = slot + 1;
    this.keys[slot * 3] = site;
    this.keys[slot * 3 + 1] = access;
    this.keys[slot * 3 + 2] = names;
    this.sums.fill(0, slot * COLUMNS, (slot + 1) * COLUMNS);
    this.sums[slot * COLUMNS + MIN] = Infinity;
    return slot;
  }

  private isKey(slot: number, site: number, access: number, names: number): boolean {
    const { keys } = this;
    return keys[slot * 3] === site && keys[slot * 3 + 1] === access && keys[slot * 3 + 2] === names;
  }

  private grow(): void {
    this.capacity *= 2;
    const keys = new Uint32Array(this.capacity * 3);
    keys.set(this.keys);
    this.keys = keys;
    const sums = new Float64Array(this.capacity * COLUMNS);
    sums.set(this.sums);
    this.sums = sums;
    this.index = new Uint32Array(this.capacity * 2);
    const mask = this.index.length - 1;
    for (let slot = 0; slot < this.slots; slot++) {
      let probe = hash(keys[slot * 3], keys[slot * 3 + 1], keys[slot * 3 + 2]) & mask;
      while (this.index[probe] !== 0) probe = (probe + 1) & mask;
      this.index[probe] = slot + 1;
    }
  }

  private readKey(slot: number, key: ExitKey): void {
    const access = this.keys[slot * 3 + 1];
    key.site = this.keys[slot * 3];
    key.port = (access >>> 5) - 1;
    key.direction = access & 0x10 ? 'out' : 'in';
    key.width = (1 << ((access >>> 2) & 3)) as PortWidth;
    key.channel = CHANNELS[access & 3];
    this.names.read(this.keys[slot * 3 + 2], key);
  }

  private readSums(slot: number, target: ExitSums): void {
    const sums = this.sums.slice(slot * COLUMNS, (slot + 1) * COLUMNS);
    const { run } = this;
    // The run stays as it is: what sums come to must not depend on when they are looked at.
    if (slot === this.lastSlot && run.more > 0) {
      accumulate(sums, 0, run.sample, run.more);
      sums[LAST] = run.last;
    }
    target.count = sums[COUNT];
    target.elements = sums[ELEMENTS];
    target.sum = sums[SUM];
    target.min = sums[MIN];
    target.max = sums[MAX];
    target.sumOfSquares = sums[SQUARES];
    target.parts.transition = sums[TRANSITION];
    target.parts.decode = sums[DECODE];
    target.parts.device = sums[DEVICE];
    target.parts.return = sums[RETURN];
    target.hostNs = sums[HOST_NS];
    target.hostMeasured = sums[HOST_MEASURED];
    target.hostGuessed = sums[HOST_GUESSED];
    target.singles = sums[SINGLES];
    target.strings = sums[STRINGS];
    target.emptyStrings = sums[EMPTY_STRINGS];
    target.pageRuns = sums[PAGE_RUNS];
    target.stringElements = sums[STRING_ELEMENTS];
    target.last = sums[LAST];
  }
}

/** Mixes three words; the constants are those of MurmurHash3's 32-bit finalizer. */
function hash(a: number, b: number, c: number): number {
  let h = a ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Adds so many exits like `record`, -1 to take one back; without their host time. */
function accumulate(sums: Float64Array, at: number, record: ExitSample, times: number): void {
  const { cost } = record;
  const cycles = totalCycles(cost);
  sums[at + COUNT] += times;
  sums[at + ELEMENTS] += times * record.repeat;
  sums[at + SUM] += times * cycles;
  sums[at + SQUARES] += times * cycles * cycles;
  sums[at + TRANSITION] += times * cost.transition;
  sums[at + DECODE] += times * cost.decode;
  sums[at + DEVICE] += times * cost.device;
  sums[at + RETURN] += times * cost.return;
  if (record.kind === 'port') {
    sums[at + SINGLES] += times;
  } else if (record.kind === 'string') {
    if (!record.continued) sums[at + STRINGS] += times;
    if (record.repeat === 0) sums[at + EMPTY_STRINGS] += times;
    sums[at + PAGE_RUNS] += times * record.pageRuns;
    sums[at + STRING_ELEMENTS] += times * record.repeat;
  }
}

/** Adds what an exit took on the host, or takes it back. */
function addHostTime(sums: Float64Array, at: number, record: ExitRecord, sign: 1 | -1): void {
  if (record.hostMeasured) {
    sums[at + HOST_NS] += sign * record.hostNs;
    sums[at + HOST_MEASURED] += sign;
  } else {
    sums[at + HOST_GUESSED] += sign * record.hostNs;
  }
}
