import { loadImage } from '../src/machine/loaders/load-image';
import { Machine } from '../src/machine/machine';
import { RunEnd } from '../src/machine/run';

/** Names of the kernels that a guest says it has. @throws Error if it does not say */
export function guestKernels(elf: Uint8Array): string[] {
  let output = '';
  const machine = new Machine({
    cpu: 'pentium3',
    memoryMB: 32,
    startTime: 0,
    tier: 'off',
    onConsole: (byte) => (output += String.fromCharCode(byte)),
  });
  const { memory, cpu } = machine;
  const image = { name: 'kernels', bytes: elf };
  loadImage({ memory, state: cpu.state, segmentation: cpu.segmentation }, image, { commandLine: 'list' });
  if (machine.run(1_000_000) !== RunEnd.Shutdown) throw new Error('the guest does not list its kernels');
  return output.trim().split('\n');
}
