import type { PortWidth } from '../../machine/devices/device';
import { KINDS } from '../cost/cost-profile';
import { ACCESS_CONTINUED, ACCESS_MEASURED, KIND_SHIFT, PORT_SHIFT } from './access-word';
import { CHANNELS } from './channels';
import type { ExitRecord } from './exit-record';
import type { ExitNames } from './names';

/** Longest x86 instruction in bytes. */
const MAX_BYTES = 15;
/** Most arguments and results, together, that a hypercall has. */
export const MOST_CALL_VALUES = 8;
/** Columns of f64 per record. */
const INSTRUCTIONS = 0;
const TIME = 1;
const HOST_NS = 2;
const TRANSITION = 3;
const DECODE = 4;
const DEVICE = 5;
const RETURN = 6;
const REPEAT = 7;
const PAGE_RUNS = 8;
const NUMBERS = 9;
/** Columns of u32 per record. */
const VALUE = 0;
const EIP = 1;
const LINEAR = 2;
const SITE = 3;
const CR3 = 4;
/** As `accessWord` has it. */
const ACCESS = 5;
/** As `ExitNames` has them. */
const NAMES = 6;
const VALUE_COUNT = 7;
const WORDS = 8;

/** A blank record to be filled by `ExitRing.read`. */
export function emptyRecord(): ExitRecord {
  return {
    sequence: 0,
    instructions: 0,
    time: 0,
    reason: '',
    channel: 'direct',
    abi: '',
    hypercall: '',
    values: [],
    port: -1,
    direction: 'in',
    width: 1,
    repeat: 0,
    value: 0,
    eip: 0,
    linear: 0,
    site: 0,
    cpl: 0,
    cr3: 0,
    bytes: new Uint8Array(),
    cost: { transition: 0, decode: 0, device: 0, return: 0 },
    hostNs: 0,
    hostMeasured: true,
    kind: 'port',
    pageRuns: 0,
    continued: false,
  };
}

/** The last exits in full, in typed arrays. Record n is at n modulo the capacity. */
export class ExitRing {
  private readonly numbers: Float64Array;
  /** Values of hypercalls: apart, because most exits have none. */
  private readonly values: Float64Array;
  private readonly words: Uint32Array;
  private readonly bytes: Uint8Array;
  /** Of the record written last. */
  private lastSequence = 0;
  private lastSlot = 0;

  /**
   * @param capacity records kept, at least 1
   * @param names what the words of names stand for
   */
  constructor(
    readonly capacity: number,
    private readonly names: ExitNames,
  ) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`the exit log must hold at least one record, not ${capacity}`);
    }
    this.numbers = new Float64Array(capacity * NUMBERS);
    this.values = new Float64Array(capacity * MOST_CALL_VALUES);
    this.words = new Uint32Array(capacity * WORDS);
    this.bytes = new Uint8Array(capacity * (MAX_BYTES + 1));
  }

  /**
   * Stores a record at its sequence number, over the one that is `capacity` older.
   * @param names of the exit, as a word
   * @param access what the exit was, as `accessWord` has it
   */
  write(record: ExitRecord, names: number, access: number): void {
    const slot = this.slotOf(record.sequence);
    const n = slot * NUMBERS;
    const { numbers, words } = this;
    numbers[n + INSTRUCTIONS] = record.instructions;
    numbers[n + TIME] = record.time;
    numbers[n + HOST_NS] = record.hostNs;
    numbers[n + TRANSITION] = record.cost.transition;
    numbers[n + DECODE] = record.cost.decode;
    numbers[n + DEVICE] = record.cost.device;
    numbers[n + RETURN] = record.cost.return;
    numbers[n + REPEAT] = record.repeat;
    numbers[n + PAGE_RUNS] = record.pageRuns;
    const w = slot * WORDS;
    words[w + VALUE] = record.value;
    words[w + EIP] = record.eip;
    words[w + LINEAR] = record.linear;
    words[w + SITE] = record.site;
    words[w + CR3] = record.cr3;
    words[w + ACCESS] = access;
    words[w + NAMES] = names;
    const values = Math.min(record.values.length, MOST_CALL_VALUES);
    words[w + VALUE_COUNT] = values;
    const v = slot * MOST_CALL_VALUES;
    for (let i = 0; i < values; i++) this.values[v + i] = record.values[i];
    const b = slot * (MAX_BYTES + 1);
    const length = record.bytes.length;
    this.bytes[b] = length;
    for (let i = 0; i < length; i++) this.bytes[b + 1 + i] = record.bytes[i];
  }

  /** Place of a record that is written: mostly the one behind the last one, which needs no division. */
  private slotOf(sequence: number): number {
    if (sequence === this.lastSequence + 1) this.lastSlot = this.lastSlot + 1 === this.capacity ? 0 : this.lastSlot + 1;
    else if (sequence !== this.lastSequence) this.lastSlot = sequence % this.capacity;
    this.lastSequence = sequence;
    return this.lastSlot;
  }

  /** Fills `record` with the one of a sequence number, which must be among the last `capacity` written. */
  read(sequence: number, record: ExitRecord): ExitRecord {
    const slot = sequence % this.capacity;
    const n = slot * NUMBERS;
    const { numbers, words } = this;
    record.sequence = sequence;
    record.instructions = numbers[n + INSTRUCTIONS];
    record.time = numbers[n + TIME];
    record.hostNs = numbers[n + HOST_NS];
    record.cost.transition = numbers[n + TRANSITION];
    record.cost.decode = numbers[n + DECODE];
    record.cost.device = numbers[n + DEVICE];
    record.cost.return = numbers[n + RETURN];
    record.repeat = numbers[n + REPEAT];
    record.pageRuns = numbers[n + PAGE_RUNS];
    const w = slot * WORDS;
    record.value = words[w + VALUE];
    record.eip = words[w + EIP];
    record.linear = words[w + LINEAR];
    record.site = words[w + SITE];
    record.cr3 = words[w + CR3];
    const access = words[w + ACCESS];
    record.continued = (access & ACCESS_CONTINUED) !== 0;
    record.hostMeasured = (access & ACCESS_MEASURED) !== 0;
    record.kind = KINDS[(access >>> KIND_SHIFT) & 7];
    record.port = ((access >>> PORT_SHIFT) & 0x1ffff) - 1;
    record.direction = access & 0x40 ? 'out' : 'in';
    record.width = (1 << ((access >>> 4) & 3)) as PortWidth;
    record.channel = CHANNELS[(access >>> 2) & 3];
    record.cpl = access & 3;
    this.names.read(words[w + NAMES], record);
    const v = slot * MOST_CALL_VALUES;
    record.values = this.values.slice(v, v + words[w + VALUE_COUNT]);
    const b = slot * (MAX_BYTES + 1);
    record.bytes = this.bytes.slice(b + 1, b + 1 + this.bytes[b]);
    return record;
  }
}
