import * as layout from '../../../../../src/machine/layout';
import { SegmentIndex } from '../../../../../src/machine/layout';
import type { CpuModel } from '../../../../../src/machine/isa/form';
import { setFlatProtectedMode } from '../../../../../src/machine/loaders/cpu-setup';
import { createBareMachine } from '../../../../conformance/bare-machine';
import {
  CODE,
  DATA,
  IMAGE,
  IMAGE_BYTES,
  NO_TRAP,
  OPERAND_BYTES,
  OPERANDS,
  PAGE,
  registerOffset,
  type VectorCase,
  type VectorResult,
} from './case';

const PAGE_DIRECTORY = 0x1000;
const PAGE_TABLE = 0x2000;
const RAM = 1 << 20;

/** PG, WP, NE, ET, MP, PE: as an operating system runs its processes. */
export const CR0 = 0x80010033;
/** OSFXSR and OSXMMEXCPT. */
export const CR4 = 0x600;

const MXCSR_MASK = 0xffff;

/** What a test may ask of the control registers instead of what an operating system sets. */
export interface ControlBits {
  cr0?: number;
  cr4?: number;
}

/** The interpreter with a flat 32-bit address space, in which the page behind the data is missing. */
export class EmulatedVectors {
  private readonly machine;

  constructor(model: CpuModel = 'pentium4') {
    this.machine = createBareMachine(model, RAM);
    const { cpu, memory } = this.machine;
    setFlatProtectedMode({ state: cpu.state, segmentation: cpu.segmentation, memory }, 0, CODE);
    memory.write(PAGE_DIRECTORY, 4, PAGE_TABLE | 3);
    for (let page = 0; page < RAM; page += PAGE) {
      memory.write(PAGE_TABLE + (page >>> 12) * 4, 4, page === DATA + PAGE ? 0 : page | 3);
    }
    cpu.state.setCr(3, PAGE_DIRECTORY);
    cpu.segmentation.setHidden(SegmentIndex.DS, 0x10, 0, 0xffffffff, 0xc093);
    // A fault stays pending, so that it can be looked at.
    cpu.hooks.exception = () => true;
  }

  /** Runs the instruction of a case. */
  run(test: VectorCase, control: ControlBits = {}): VectorResult {
    const { cpu, memory, loop } = this.machine;
    const { state } = cpu;
    loop.cancelFault();
    state.setCr(0, control.cr0 ?? CR0);
    state.setCr(4, control.cr4 ?? CR4);
    cpu.mmu.flush();
    memory.poke(CODE, Uint8Array.from(test.code));
    memory.poke(OPERANDS, test.operands);
    state.eip = CODE;
    for (const [i, value] of test.registers.entries()) state.setReg(i, value);
    state.eflags = test.eflags;
    this.load(test.image);
    loop.run(1);
    const fault = state.get(layout.FAULT);
    return {
      image: this.store(),
      registers: Array.from({ length: 8 }, (_, i) => state.reg(i)),
      eflags: state.eflags,
      operands: memory.u8.slice(layout.RAM_BASE + OPERANDS, layout.RAM_BASE + OPERANDS + OPERAND_BYTES),
      trap: fault === 0 ? NO_TRAP : fault - 1,
    };
  }

  /** Offset of the next instruction from the first. */
  get length(): number {
    return this.machine.cpu.state.eip - CODE;
  }

  private load(image: Uint8Array): void {
    const { state } = this.machine.cpu;
    const view = new DataView(image.buffer, image.byteOffset);
    const status = view.getUint16(IMAGE.status, true);
    const top = (status >>> 11) & 7;
    state.set(layout.FPU_CONTROL, view.getUint16(IMAGE.control, true));
    state.set(layout.FPU_STATUS, status & ~0x3800);
    state.set(layout.FPU_TOP, top);
    state.set(layout.FPU_EMPTY, ~image[IMAGE.tags] & 0xff);
    state.set(layout.MXCSR, view.getUint32(IMAGE.mxcsr, true));
    for (let i = 0; i < 8; i++) {
      const at = registerOffset(image, i);
      state.u8.set(image.subarray(at, at + 10), layout.FPU_REGS + i * layout.VECTOR_STRIDE);
    }
    state.u8.set(image.subarray(IMAGE.xmm, IMAGE.used), layout.XMM_REGS);
  }

  private store(): Uint8Array {
    const { state } = this.machine.cpu;
    const image = new Uint8Array(IMAGE_BYTES);
    const view = new DataView(image.buffer);
    view.setUint16(IMAGE.control, state.get(layout.FPU_CONTROL), true);
    view.setUint16(IMAGE.status, state.get(layout.FPU_STATUS) | (state.get(layout.FPU_TOP) << 11), true);
    image[IMAGE.tags] = ~state.get(layout.FPU_EMPTY) & 0xff;
    view.setUint32(IMAGE.mxcsr, state.get(layout.MXCSR), true);
    view.setUint32(IMAGE.mask, MXCSR_MASK, true);
    for (let i = 0; i < 8; i++) {
      const from = layout.FPU_REGS + i * layout.VECTOR_STRIDE;
      image.set(state.u8.subarray(from, from + 10), registerOffset(image, i));
    }
    image.set(state.u8.subarray(layout.XMM_REGS, layout.XMM_REGS + 128), IMAGE.xmm);
    return image;
  }
}
