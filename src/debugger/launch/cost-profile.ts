import type { CostProfile } from '../../hypervisor/cost/cost-profile';
import { CostProfileError, customCostProfile } from '../../hypervisor/cost/custom-profile';
import { COST_PROFILES, DEFAULT_COST_PROFILE, findCostProfile } from '../../hypervisor/cost/profiles';
import { didYouMean } from '../text/suggest';
import { LaunchError, type LaunchConfiguration } from '../types';

const ATTRIBUTE = 'hypervisor.costProfile';

/** A file with a profile of the user's own. */
export interface CostProfileFile {
  readonly path: string;
  /** The file's name without folders and extension. */
  readonly name: string;
  readonly text: string;
}

/** `merom.json`, `./merom`: a name of a profile has neither a folder nor an extension. */
function isPath(text: string): boolean {
  return /[\\/]|\.json$/i.test(text);
}

/** The path in `hypervisor.costProfile`; undefined where it is a name or the profile itself. */
export function costProfilePath({ hypervisor }: LaunchConfiguration): string | undefined {
  const { costProfile: given } = hypervisor;
  return typeof given === 'string' && isPath(given) ? given : undefined;
}

/**
 * The profile that `hypervisor.costProfile` names, or is.
 * @param file the one that it names, if it does
 * @throws LaunchError
 */
export function costProfile({ hypervisor }: LaunchConfiguration, file: CostProfileFile | undefined): CostProfile {
  const { costProfile: given } = hypervisor;
  if (typeof given !== 'string') return ownProfile(given, 'custom', ATTRIBUTE);
  if (file) return ownProfile(parse(file), file.name, given);
  const found = given === 'default' ? DEFAULT_COST_PROFILE : findCostProfile(given);
  if (found) return found;
  const names = COST_PROFILES.map((profile) => profile.name);
  const hint = didYouMean(given, names);
  throw new LaunchError(
    `${ATTRIBUTE}: there is no profile "${given}"; use one of ${names.join(', ')}, or the path of a .json file.${hint}`,
  );
}

function parse({ path, text }: CostProfileFile): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LaunchError(`${ATTRIBUTE}: ${path} is not JSON: ${error instanceof Error ? error.message : ''}`);
  }
}

/** @param where attribute or file that the place in a message is in */
function ownProfile(definition: unknown, name: string, where: string): CostProfile {
  try {
    return customCostProfile(definition, name);
  } catch (error) {
    if (!(error instanceof CostProfileError)) throw error;
    if (where !== ATTRIBUTE) throw new LaunchError(`${ATTRIBUTE}: ${where}: ${error.message}.`);
    throw new LaunchError(`${ATTRIBUTE}${error.path === '' ? ': ' : '.'}${error.message}.`);
  }
}
