import { HYPERCALL_ABIS } from '../../hypervisor/abi/names';
import type { CostProfile } from '../../hypervisor/cost/cost-profile';
import { COST_PROFILES, DEFAULT_COST_PROFILE } from '../../hypervisor/cost/profiles';
import { didYouMean } from '../text/suggest';
import { LaunchError, type LaunchConfiguration } from '../types';

/** The profile that `hypervisor.costProfile` names. @throws LaunchError */
export function costProfile({ hypervisor }: LaunchConfiguration): CostProfile {
  const name = hypervisor.costProfile;
  if (name === 'default') return DEFAULT_COST_PROFILE;
  const found = COST_PROFILES.find((profile) => profile.name === name.toLowerCase());
  if (found) return found;
  const names = COST_PROFILES.map((profile) => profile.name);
  const hint = didYouMean(name, names);
  throw new LaunchError(
    `hypervisor.costProfile: there is no profile "${name}"; use one of ${names.join(', ')}.${hint}`,
  );
}

/** @throws LaunchError if `hypervisor.abis` names one that there is not */
export function checkAbis({ hypervisor }: LaunchConfiguration): void {
  const names = HYPERCALL_ABIS.map((abi) => abi.name);
  for (const abi of hypervisor.abis) {
    if (names.includes(abi)) continue;
    const hint = didYouMean(abi, names);
    throw new LaunchError(`hypervisor.abis: there is no hypercall ABI "${abi}"; use ${names.join(', ')}.${hint}`);
  }
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
