import { Fault, Vector } from '../../machine/cpu/fault';
import * as layout from '../../machine/layout';
import { SegmentIndex } from '../../machine/layout';
import { PageKind } from '../../machine/memory/physical';
import type { GuestMachine } from '../guest-machine';
import { type DecodeFailure, IoDecoder, type IoInstruction } from './io-instruction';
import { decodePrivileged, type PrivilegedInstruction } from './privileged-instruction';
import { MAX_LENGTH, OTHER_PREFIXES, SEGMENT_OF_BYTE } from './prefixes';

/** Bytes of a page. */
const PAGE = 0x1000;
/** Nobody answers from here on. */
const FOUR_GIB = 2 ** 32;

/**
 * Fetches and decodes the instruction that the guest is executing, as a software VMM does: from CS base and EIP
 * through the guest's own page tables, byte by byte.
 */
export class GuestCode {
  private readonly decoder = new IoDecoder();
  private linear = 0;
  /** Linear page whose translation is known, and its physical address. */
  private page = -1;
  private physicalPage = 0;
  /** Where the page's bytes are in the machine's memory; -1 where neither RAM nor ROM has them. */
  private hostPage = -1;
  private readonly whole = new Uint8Array(MAX_LENGTH);
  /** Views of every length on the decoder's bytes, so that a record can name them without allocation. */
  private readonly prefixesOfBytes: readonly Uint8Array[];

  /** @param report tells the user of an instruction that is not what the CPU executed */
  constructor(
    private readonly machine: GuestMachine,
    private readonly report: (message: string) => void,
  ) {
    const { bytes } = this.decoder.instruction;
    this.prefixesOfBytes = Array.from({ length: bytes.length + 1 }, (_, length) => bytes.subarray(0, length));
  }

  /** Bytes of the instruction decoded last. Reused. */
  get bytes(): Uint8Array {
    return this.prefixesOfBytes[this.decoder.instruction.length];
  }

  /**
   * Decodes the present instruction. The result is reused.
   * @throws Fault #PF where the page tables no longer map it; #UD or #GP(0) where they map something else than the
   *   CPU has executed, i.e. the guest changed its tables and left a stale translation behind
   */
  decode(): IoInstruction {
    this.begin();
    const offset = this.linear & (PAGE - 1);
    this.findPage(this.linear - offset);
    const present = this.hostPage >= 0 ? PAGE - offset : 0;
    const { u8 } = this.machine.memory;
    const failure = this.decoder.decode(this.fetch, this.code32, u8, this.hostPage + offset, present);
    if (failure) this.fail(failure);
    return this.decoder.instruction;
  }

  /**
   * Bytes of the present instruction, whatever it is, up to where the processor has found its end. Reused.
   * @throws Fault #PF where the page tables no longer map it
   */
  fetchInstruction(): Uint8Array {
    const { state } = this.machine.cpu;
    this.begin();
    const length = (state.eip - state.eipStart) & 0xf;
    for (let i = 0; i < length; i++) this.whole[i] = this.fetch(i);
    return this.whole.subarray(0, length);
  }

  /**
   * Decodes the present instruction as a privileged one.
   * @returns undefined where it is none of those that the hypervisor carries out
   * @throws Fault #PF where the page tables no longer map it
   */
  decodePrivileged(): PrivilegedInstruction | undefined {
    this.begin();
    return decodePrivileged(this.fetch, this.code32);
  }

  /**
   * The segment that a prefix of the present instruction selects.
   * @throws Fault #PF where the page tables no longer map it
   */
  segmentOverride(): SegmentIndex | undefined {
    this.begin();
    let found: SegmentIndex | undefined;
    for (let index = 0; index < MAX_LENGTH; index++) {
      const byte = this.fetch(index);
      if (SEGMENT_OF_BYTE[byte] >= 0) found = SEGMENT_OF_BYTE[byte];
      else if (!OTHER_PREFIXES.includes(byte)) return found;
    }
    return found;
  }

  private begin(): void {
    const { state } = this.machine.cpu;
    this.linear = (state.segmentBase(SegmentIndex.CS) + state.eipStart) >>> 0;
    this.page = -1;
  }

  private get code32(): boolean {
    return this.machine.cpu.state.get(layout.CODE_32) !== 0;
  }

  private readonly fetch = (index: number): number => {
    const linear = (this.linear + index) >>> 0;
    const offset = linear & (PAGE - 1);
    if (linear - offset !== this.page) this.findPage(linear - offset);
    const { memory } = this.machine;
    if (this.hostPage >= 0) return memory.u8[this.hostPage + offset];
    return memory.read((this.physicalPage + offset) >>> 0, 1);
  };

  /** Walks the guest's tables. @throws Fault #PF as the guest would see it, with CR2 */
  private findPage(page: number): void {
    const { memory } = this.machine;
    const { mmu, state } = this.machine.cpu;
    // A page that turns out to be there after all is used.
    const physical = mmu.peek(page) ?? mmu.translate(page, { user: state.cpl === 3 });
    const kind = physical < FOUR_GIB ? memory.kindOf(physical) : PageKind.None;
    this.physicalPage = physical;
    this.hostPage = kind === PageKind.Ram || kind === PageKind.Rom ? memory.hostPointer(physical) : -1;
    this.page = page;
  }

  private fail(failure: DecodeFailure): never {
    const at = `0x${this.linear.toString(16)}`;
    this.report(`the page tables show no I/O instruction at ${at} (${failure}), although the processor executed one`);
    throw failure === 'too-long' ? new Fault(Vector.GP, 0) : new Fault(Vector.UD);
  }
}
