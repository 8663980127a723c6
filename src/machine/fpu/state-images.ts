import type { CpuCore } from '../cpu/core';
import type { OperandSize } from '../cpu/operations';
import * as layout from '../layout';
import type { SegmentIndex } from '../layout';
import {
  decodeEnvironment,
  encodeEnvironment,
  type Environment,
  environmentBytes,
  type EnvironmentFormat,
} from './environment';
import type { Float80 } from './float80';
import { MemoryOperand } from './memory-operand';
import type { FpuRegisters } from './registers';
import { EXCEPTIONS } from './words';

const REGISTERS = 8;
const REGISTER_BYTES = 10;

/** FLDENV, FNSTENV, FRSTOR and FNSAVE (Intel SDM vol. 2A). All of them change everything or, if they fault, nothing. */
export class StateImages {
  constructor(
    private readonly core: CpuCore,
    private readonly registers: FpuRegisters,
  ) {}

  /** FNSTENV; masks all exceptions thereafter. @throws Fault #GP(0), #SS(0), #PF */
  storeEnvironment(segment: SegmentIndex, offset: number, size: OperandSize): void {
    const format = this.format(size);
    this.writeEnvironment(MemoryOperand.open(this.core, segment, offset, environmentBytes(format), true), format);
    this.registers.control |= EXCEPTIONS;
  }

  /** FLDENV. @throws Fault #GP(0), #SS(0), #PF */
  loadEnvironment(segment: SegmentIndex, offset: number, size: OperandSize): void {
    const format = this.format(size);
    const memory = MemoryOperand.open(this.core, segment, offset, environmentBytes(format), false);
    this.environment = this.readEnvironment(memory, format);
  }

  /** FNSAVE; initializes the unit thereafter. @throws Fault #GP(0), #SS(0), #PF */
  save(segment: SegmentIndex, offset: number, size: OperandSize): void {
    const format = this.format(size);
    const { registers } = this;
    const start = environmentBytes(format);
    const memory = MemoryOperand.open(this.core, segment, offset, start + REGISTERS * REGISTER_BYTES, true);
    this.writeEnvironment(memory, format);
    for (let i = 0; i < REGISTERS; i++) {
      const { mantissa, exponent } = registers.physical(registers.indexOf(i));
      const at = start + i * REGISTER_BYTES;
      memory.write(at, 4, Number(mantissa & 0xffffffffn));
      memory.write(at + 4, 4, Number(mantissa >> 32n));
      memory.write(at + 8, 2, exponent);
    }
    registers.initialize();
  }

  /** FRSTOR. @throws Fault #GP(0), #SS(0), #PF */
  restore(segment: SegmentIndex, offset: number, size: OperandSize): void {
    const format = this.format(size);
    const { registers } = this;
    const start = environmentBytes(format);
    const memory = MemoryOperand.open(this.core, segment, offset, start + REGISTERS * REGISTER_BYTES, false);
    const environment = this.readEnvironment(memory, format);
    const values = Array.from({ length: REGISTERS }, (_, i): Float80 => {
      const at = start + i * REGISTER_BYTES;
      const mantissa = (BigInt(memory.read(at + 4, 4)) << 32n) | BigInt(memory.read(at, 4));
      return { mantissa, exponent: memory.read(at + 8, 2) };
    });
    this.environment = environment;
    for (const [i, value] of values.entries()) registers.setPhysical(registers.indexOf(i), value);
  }

  private format(size: OperandSize): EnvironmentFormat {
    return { fieldBytes: size, real: !this.core.usesDescriptors };
  }

  private writeEnvironment(memory: MemoryOperand, format: EnvironmentFormat): void {
    for (const [i, field] of encodeEnvironment(this.environment, format).entries()) {
      memory.write(i * format.fieldBytes, format.fieldBytes, field);
    }
  }

  private readEnvironment(memory: MemoryOperand, format: EnvironmentFormat): Environment {
    const { fieldBytes } = format;
    const fields = Array.from({ length: 7 }, (_, i) => memory.read(i * fieldBytes, fieldBytes));
    return decodeEnvironment(fields, format);
  }

  private get environment(): Environment {
    const { state } = this.core;
    const { control, status, tags } = this.registers;
    return {
      control,
      status,
      tags,
      instruction: { selector: state.get(layout.FPU_CS), offset: state.get(layout.FPU_IP) },
      opcode: state.get(layout.FPU_OPCODE),
      operand: { selector: state.get(layout.FPU_DS), offset: state.get(layout.FPU_DP) },
    };
  }

  private set environment({ control, status, tags, instruction, opcode, operand }: Environment) {
    const { registers } = this;
    const { state } = this.core;
    registers.control = control;
    registers.status = status;
    registers.tags = tags;
    state.set(layout.FPU_CS, instruction.selector);
    state.set(layout.FPU_IP, instruction.offset);
    state.set(layout.FPU_OPCODE, opcode);
    state.set(layout.FPU_DS, operand.selector);
    state.set(layout.FPU_DP, operand.offset);
  }
}
