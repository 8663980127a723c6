import { abisOfMode, HYPERCALL_ABIS } from '../../hypervisor/abi/names';
import { VMI_ABI } from '../../hypervisor/abi/vmi/abi';
import { DEFAULT_VMI_OPTIONS, type VmiAnswer, type VmiOptions } from '../../hypervisor/vmi/options';
import { isServed } from '../../hypervisor/vmi/services';
import { didYouMean } from '../text/suggest';
import { LaunchError, type LaunchConfiguration } from '../types';

/** @throws LaunchError if `hypervisor.abis` names one that there is not, that the mode cannot offer, or one twice */
export function checkAbis({ hypervisor }: LaunchConfiguration): void {
  const names = HYPERCALL_ABIS.map((abi) => abi.name);
  const offered = abisOfMode(hypervisor.mode);
  for (const [index, abi] of hypervisor.abis.entries()) {
    if (!names.includes(abi)) {
      const hint = didYouMean(abi, names);
      throw new LaunchError(`hypervisor.abis: there is no hypercall ABI "${abi}"; use ${names.join(', ')}.${hint}`);
    }
    if (!offered.includes(abi)) {
      const others = offered.length > 0 ? `it can offer ${offered.join(', ')}` : 'it has no hypercalls';
      throw new LaunchError(`hypervisor.abis: mode ${hypervisor.mode} cannot offer "${abi}"; ${others}.`);
    }
    if (hypervisor.abis.indexOf(abi) < index) throw new LaunchError(`hypervisor.abis: "${abi}" is named twice.`);
  }
}

/** Page-aligned addresses in the upper half, where kernels keep a hole free. */
function checkVirtualTop(virtualTop: number): void {
  if (virtualTop === 0 || (virtualTop % 0x1000 === 0 && virtualTop >= 0x80000000 && virtualTop <= 0xfffff000)) return;
  const shown = `0x${virtualTop.toString(16)}`;
  throw new LaunchError(
    `hypervisor.vmi.virtualTop: expected 0 or a multiple of 0x1000 from 0x80000000 up, such as 0xfc000000; got ${shown}.`,
  );
}

function checkAnswer(name: string, answer: VmiAnswer): void {
  const names = VMI_ABI.calls.map((call) => call.name);
  const call = VMI_ABI.calls.find((candidate) => candidate.name === name);
  if (!call) {
    const hint = didYouMean(name, names);
    throw new LaunchError(`hypervisor.vmi.answers: there is no VMI call "${name}".${hint}`);
  }
  if ((answer === 'call' || answer === 'jump') && !isServed(call)) {
    throw new LaunchError(
      `hypervisor.vmi.answers: Ringside has nothing behind ${name} that a guest could ${answer} to; use nop or none.`,
    );
  }
}

/** How VMI presents itself, with the defaults of what is left out. @throws LaunchError */
export function vmiOptions({ hypervisor }: LaunchConfiguration): VmiOptions {
  const options: VmiOptions = { ...DEFAULT_VMI_OPTIONS, ...hypervisor.vmi };
  checkVirtualTop(options.virtualTop);
  for (const [name, answer] of Object.entries(options.answers)) if (answer) checkAnswer(name, answer);
  return options;
}

/**
 * The guest's command line. `hypervisor.disableIoOps` adds the boot option by which a patched Linux leaves the I/O
 * calls alone (VMI-ABI, section 4), unless it is there already.
 */
export function commandLine({ commandLine: text, hypervisor }: LaunchConfiguration): string {
  const option = 'vmi=disable_io_ops';
  if (hypervisor.mode !== 'vmi' || !hypervisor.disableIoOps || text.split(/\s+/).includes(option)) return text;
  return text === '' ? option : `${text} ${option}`;
}
