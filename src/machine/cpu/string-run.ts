import * as layout from '../layout';
import { FLAG_DF } from '../layout';
import { Fault } from './fault';
import type { StringIoCpu, StringIoForm } from './string-io-form';

const PAGE_SIZE = 0x1000;

/**
 * The next elements of an INS or OUTS whose memory can be reached in place: upwards, within one page and the segment, no
 * device, no watched page, no compiled code. Anything that changes a mapping drops the code page and thereby ends the run.
 */
export class StringRun {
  private host = 0;
  private left = 0;
  /** Elements that are known to take the slow way. */
  private slow = 0;
  private readonly codeEnd: number;

  constructor(
    private readonly cpu: StringIoCpu,
    private readonly form: StringIoForm,
  ) {
    this.codeEnd = cpu.state.get(layout.CODE_END);
  }

  /**
   * Host pointer of the element at an offset; 0 where it takes the slow way.
   * @param remaining elements still to do, this one included
   */
  next(offset: number, remaining: number): number {
    if (!this.isIntact) return 0;
    if (this.left === 0 && this.slow === 0) this.find(offset, remaining);
    if (this.left === 0) {
      this.slow--;
      return 0;
    }
    const { host } = this;
    this.host += this.form.width;
    this.left--;
    return host;
  }

  /** No mapping has changed since the instruction began. */
  get isIntact(): boolean {
    return this.codeEnd !== 0 && this.cpu.state.get(layout.CODE_END) === this.codeEnd;
  }

  read(host: number): number {
    const { u8 } = this.cpu.state;
    let value = u8[host];
    if (this.form.width > 1) value |= u8[host + 1] << 8;
    if (this.form.width > 2) value |= (u8[host + 2] << 16) | (u8[host + 3] << 24);
    return value >>> 0;
  }

  write(host: number, value: number): void {
    const { u8 } = this.cpu.state;
    for (let i = 0; i < this.form.width; i++) u8[host + i] = value >>> (8 * i);
  }

  private find(offset: number, remaining: number): void {
    const { cpu, form } = this;
    const { width, addressSize } = form;
    const input = form.direction === 'in';
    this.slow = 1;
    if (cpu.state.systemFlag(FLAG_DF)) return;
    const segment = input ? layout.SegmentIndex.ES : form.segment;
    const linear = (cpu.state.segmentBase(segment) + offset) >>> 0;
    const room = Math.min(PAGE_SIZE - (linear & (PAGE_SIZE - 1)), (addressSize === 4 ? 2 ** 32 : 0x10000) - offset);
    const elements = Math.min(remaining, Math.floor(room / width));
    const bytes = elements * width;
    if (elements === 0 || !this.isWithin(segment, offset, bytes, input)) return;
    this.host = cpu.mmu.inPlace(linear, bytes, input);
    if (this.host !== 0) {
      this.left = elements;
      this.slow = 0;
    } else this.slow = elements;
  }

  private isWithin(segment: layout.SegmentIndex, offset: number, bytes: number, write: boolean): boolean {
    try {
      this.cpu.segmentation.checkSegment(segment, offset, bytes, write);
      return true;
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      return false;
    }
  }
}
