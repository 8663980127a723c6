import * as layout from '../../../../src/machine/layout';
import { DATA, Stepper } from '../../isa/support/step';
import { IMAGE_BYTES, MEMORY_BYTES, type X87Case, type X87Outcome } from './case';

const IMAGE = DATA;
const MEMORY = DATA + 0x1000;

const dword = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
const FRSTOR_IMAGE = [0xdd, 0x25, ...dword(IMAGE)];
const FNSAVE_IMAGE = [0xdd, 0x35, ...dword(IMAGE)];

/** Ringside's x87. */
export class EmulatedX87 {
  private readonly stepper = new Stepper('pentium2');

  /** @throws Error if the code faults */
  run({ image, eax, eflags, memory, instructions }: X87Case): X87Outcome {
    const { stepper } = this;
    const { ram, cpu } = stepper.machine;
    ram.set(image, IMAGE);
    ram.set(memory, MEMORY);
    const code = [...FRSTOR_IMAGE, ...instructions.flatMap(({ bytes }) => [...bytes]), ...FNSAVE_IMAGE];
    stepper.run(code, { eax, ebx: MEMORY }, eflags, instructions.length + 2);
    if (stepper.fault >= 0 || stepper.length !== code.length) {
      throw new Error(`exception ${stepper.fault} at ${stepper.length}, HLT ${cpu.state.get(layout.HALTED)}`);
    }
    return {
      image: Buffer.from(ram.subarray(IMAGE, IMAGE + IMAGE_BYTES)),
      eax: stepper.get('eax'),
      eflags: stepper.flags,
      memory: Buffer.from(ram.subarray(MEMORY, MEMORY + MEMORY_BYTES)),
    };
  }
}
