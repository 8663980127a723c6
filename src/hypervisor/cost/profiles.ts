import type { CostProfile } from './cost-profile';
import { PENTIUM4_672 } from './profiles/pentium4-672';
import { ROUND_TRIP_PROFILES } from './profiles/published';

/** All cost profiles, oldest processor first. */
export const COST_PROFILES: readonly CostProfile[] = [PENTIUM4_672, ...ROUND_TRIP_PROFILES];

export const DEFAULT_COST_PROFILE = PENTIUM4_672;

/** Finds a profile by name, ignoring letter case. */
export function findCostProfile(name: string): CostProfile | undefined {
  return COST_PROFILES.find((profile) => profile.name === name.toLowerCase());
}
