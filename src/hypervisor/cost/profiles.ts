import type { CostProfile } from './cost-profile';
import { MEROM, NEHALEM, SANDY_BRIDGE } from './profiles/core';
import { PENTIUM4_672 } from './profiles/pentium4-672';

/** All cost profiles, oldest processor first. */
export const COST_PROFILES: readonly CostProfile[] = [PENTIUM4_672, MEROM, NEHALEM, SANDY_BRIDGE];

export const DEFAULT_COST_PROFILE = PENTIUM4_672;

/**
 * Finds a profile by name, ignoring letter case.
 * @throws RangeError naming the profiles there are
 */
export function findCostProfile(name: string): CostProfile {
  const found = COST_PROFILES.find((profile) => profile.name === name.toLowerCase());
  if (found) return found;
  const names = COST_PROFILES.map((profile) => profile.name).join(', ');
  throw new RangeError(`there is no cost profile '${name}': use one of ${names}`);
}
