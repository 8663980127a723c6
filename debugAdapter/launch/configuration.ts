import { LaunchError, type LaunchConfiguration } from '../../src/debugger/types';
import { DEFAULT_COST_PROFILE } from '../../src/hypervisor/cost/profiles';
import { SchemaError } from '../schema/schema';
import { launchAttributes } from './attributes';

/** What stands in for attributes that are left out and depend on who launches. */
export interface LaunchDefaults {
  /** Side of COM1; the other ports default to `none`. */
  com1: string;
}

/**
 * Checks the attributes of a launch request and fills in the defaults of DESIGN section 6.
 * @throws LaunchError naming the attribute that is unknown, ill-typed or missing
 */
export function launchConfiguration(attributes: unknown, defaults: LaunchDefaults): LaunchConfiguration {
  const given = checked(attributes);
  if (given.program === undefined && given.bios === undefined && !given.drives?.length) {
    throw new LaunchError('program: nothing to run; name a guest image, a bios, or a drive to boot from.');
  }
  if (given.program === '') throw new LaunchError('program: the path is empty.');
  const { hypervisor, serial, record } = given;
  return {
    ...given,
    symbols: given.symbols ?? [],
    sourceMap: given.sourceMap ?? {},
    commandLine: given.commandLine ?? '',
    memoryMB: given.memoryMB ?? 64,
    cpu: given.cpu ?? 'pentium3',
    drives: (given.drives ?? []).map(({ file, kind, interface: bus, snapshot }) => ({
      file,
      kind: kind ?? 'disk',
      interface: bus ?? 'ide',
      snapshot: snapshot ?? true,
    })),
    hypervisor: {
      mode: hypervisor?.mode ?? 'vmi',
      disableIoOps: hypervisor?.disableIoOps ?? false,
      costProfile: hypervisor?.costProfile ?? DEFAULT_COST_PROFILE.name,
      charge: hypervisor?.charge ?? true,
      abis: hypervisor?.abis ?? [],
      guestInfo: hypervisor?.guestInfo ?? {},
      vmi: hypervisor?.vmi ?? {},
    },
    stopOnEntry: given.stopOnEntry ?? false,
    serial: {
      com1: serial?.com1 ?? defaults.com1,
      com2: serial?.com2 ?? 'none',
      com3: serial?.com3 ?? 'none',
      com4: serial?.com4 ?? 'none',
      virtio0: serial?.virtio0 ?? 'none',
    },
    record: { enabled: record?.enabled ?? true, memoryMB: record?.memoryMB ?? 256 },
    breakpoints: given.breakpoints ?? [],
    portMaps: given.portMaps ?? [],
  };
}

function checked(attributes: unknown): ReturnType<typeof launchAttributes.check> {
  try {
    return launchAttributes.check(attributes, '');
  } catch (error) {
    if (error instanceof SchemaError) throw new LaunchError(`Launch attribute ${error.message}`);
    throw error;
  }
}
