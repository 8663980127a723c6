import type { CpuCore } from '../cpu/core';
import { Fault, Vector } from '../cpu/fault';
import * as layout from '../layout';
import type { SegmentIndex } from '../layout';
import type { Float80 } from './float80';
import { MemoryOperand } from './memory-operand';
import type { FpuRegisters } from './registers';

const IMAGE_BYTES = 512;
const ALIGNMENT = 16;
/** Offsets in the image (Intel SDM vol. 1, table 10-2). */
const TAGS = 4;
const OPCODE = 6;
const INSTRUCTION = 8;
const OPERAND = 16;
const REGISTERS_AT = 32;
const REGISTER_STRIDE = 16;

/** A further part of the image: that of SSE. */
export interface FxImagePart {
  store(memory: MemoryOperand): void;
  /**
   * Reads its part and checks it.
   * @returns what puts it into force
   * @throws Fault #GP(0) if it cannot be loaded
   */
  load(memory: MemoryOperand): () => void;
}

/** FXSAVE and FXRSTOR (Intel SDM vol. 2A). */
export class FxState {
  constructor(
    private readonly core: CpuCore,
    private readonly registers: FpuRegisters,
    private readonly parts: readonly FxImagePart[] = [],
  ) {}

  /** FXSAVE. The state of the x87 stays. @throws Fault #GP(0) if not aligned to 16 bytes; #SS(0), #PF */
  save(segment: SegmentIndex, offset: number): void {
    const { registers } = this;
    const { state } = this.core;
    const memory = this.open(segment, offset, true);
    memory.write(0, 2, registers.control);
    memory.write(2, 2, registers.status);
    // One bit for each physical register, set if it is not empty.
    memory.write(TAGS, 2, ~state.get(layout.FPU_EMPTY) & 0xff);
    memory.write(OPCODE, 2, state.get(layout.FPU_OPCODE));
    memory.write(INSTRUCTION, 4, state.get(layout.FPU_IP));
    memory.write(INSTRUCTION + 4, 4, state.get(layout.FPU_CS));
    memory.write(OPERAND, 4, state.get(layout.FPU_DP));
    memory.write(OPERAND + 4, 4, state.get(layout.FPU_DS));
    for (let i = 0; i < 8; i++) {
      const { mantissa, exponent } = registers.physical(registers.indexOf(i));
      const at = REGISTERS_AT + i * REGISTER_STRIDE;
      memory.write(at, 4, Number(mantissa & 0xffffffffn));
      memory.write(at + 4, 4, Number(mantissa >> 32n));
      memory.write(at + 8, 4, exponent);
      memory.write(at + 12, 4, 0);
    }
    for (const part of this.parts) part.store(memory);
  }

  /** FXRSTOR: everything or, if it faults, nothing. @throws Fault #GP(0), #SS(0), #PF */
  restore(segment: SegmentIndex, offset: number): void {
    const { registers } = this;
    const { state } = this.core;
    const memory = this.open(segment, offset, false);
    const [control, status, tags, opcode] = [0, 2, TAGS, OPCODE].map((at) => memory.read(at, 2));
    const [ip, cs, dp, ds] = [INSTRUCTION, INSTRUCTION + 4, OPERAND, OPERAND + 4].map((at) => memory.read(at, 4));
    const values = Array.from({ length: 8 }, (_, i): Float80 => {
      const at = REGISTERS_AT + i * REGISTER_STRIDE;
      const mantissa = (BigInt(memory.read(at + 4, 4)) << 32n) | BigInt(memory.read(at, 4));
      return { mantissa, exponent: memory.read(at + 8, 2) };
    });
    // All of the image has to be there, though its end is reserved.
    memory.read(IMAGE_BYTES - 1, 1);
    const apply = this.parts.map((part) => part.load(memory));
    registers.control = control;
    registers.status = status;
    state.set(layout.FPU_EMPTY, ~tags & 0xff);
    state.set(layout.FPU_OPCODE, opcode & 0x7ff);
    state.set(layout.FPU_IP, ip);
    state.set(layout.FPU_CS, cs & 0xffff);
    state.set(layout.FPU_DP, dp);
    state.set(layout.FPU_DS, ds & 0xffff);
    for (const [i, value] of values.entries()) registers.setPhysical(registers.indexOf(i), value);
    for (const put of apply) put();
  }

  private open(segment: SegmentIndex, offset: number, write: boolean): MemoryOperand {
    const linear = (this.core.state.segmentBase(segment) + (offset >>> 0)) >>> 0;
    if (linear % ALIGNMENT !== 0) throw new Fault(Vector.GP, 0);
    return MemoryOperand.open(this.core, segment, offset, IMAGE_BYTES, write);
  }
}
