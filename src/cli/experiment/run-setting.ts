import { launchConfiguration } from '../../../debugAdapter/launch/configuration';
import type { AdapterHost, Engine } from '../../../debugAdapter/engine';
import { GuestRun } from '../run/guest-run';
import { between, type Stretch, stretchSoFar } from './measurement';
import type { Setting } from './worlds';

/** The sample guest, where the build has put it. */
export interface GuestFiles {
  readonly program: string;
  readonly disk: string;
}

export interface Result extends Setting {
  readonly stretch: Stretch;
  /** What the guest says itself: its time by RDTSC, its accesses to ports, and a checksum of the data it moved. */
  readonly guest: { readonly cycles: number; readonly exits: number; readonly checksum: string };
}

/** Function of the guest that it calls just before a workload and just after. */
const BRACKET = 'port_accesses';
/** Several times what the longest workload takes. */
const MOST_INSTRUCTIONS = 1_000_000_000;
/** Fixed, so that two runs are the same bit for bit. */
const CLOCK = '2007-08-22T01:29:04Z';

/** The launch attributes of a run, as in launch.json. */
export function attributesOf({ profile, workload, world }: Setting, { program, disk }: GuestFiles): object {
  const virtio = world.driver === 'virtio';
  return {
    program,
    commandLine: `workload=${workload.name} driver=${world.driver}`,
    drives: [{ file: disk, interface: virtio ? 'virtio' : 'ide' }],
    serial: { com1: 'console', ...(virtio && { virtio0: 'console' }) },
    hypervisor: { mode: world.mode, costProfile: profile, ...(world.abis && { abis: world.abis }) },
    clock: CLOCK,
    maxInstructions: MOST_INSTRUCTIONS,
    record: { enabled: false },
  };
}

function reported(printed: string, { workload, world }: Setting): Result['guest'] {
  const line = new RegExp(`^workload ${workload.name}: ${world.driver} (.*)$`, 'm').exec(printed)?.[1];
  const match = /^cycles=~(\d+) exits=~(\d+) checksum=([0-9a-f]{8})$/.exec(line ?? '');
  if (!match) {
    throw new Error(`${workload.name}, ${world.id}: the guest reported ${line ?? 'nothing'}\n${printed.slice(-400)}`);
  }
  return { cycles: Number(match[1]), exits: Number(match[2]), checksum: match[3] };
}

/** Runs one setting to its end. @throws Error if the guest did not do its work */
export async function runSetting(
  setting: Setting,
  files: GuestFiles,
  engine: Engine,
  host: AdapterHost,
): Promise<Result> {
  const guest = await GuestRun.create(
    engine,
    launchConfiguration(attributesOf(setting, files), { com1: 'none' }),
    host,
  );
  const brackets: Stretch[] = [];
  let printed = '';
  const decoder = new TextDecoder();
  try {
    guest.setBreakpoints([BRACKET]);
    const outcome = await guest.run({
      serial: (port, data) => {
        if (port === 'com1') printed += decoder.decode(data, { stream: true }).replaceAll('\r', '');
      },
      text: () => {},
      stopped: () => void brackets.push(stretchSoFar(guest.inspect)),
    });
    if (outcome.by !== 'guest' || outcome.end.exitCode !== 0) {
      throw new Error(
        `${setting.workload.name}, ${setting.world.id}: the guest did not end well\n${printed.slice(-400)}`,
      );
    }
    const [from, to] = brackets;
    return { ...setting, stretch: between(from, to), guest: reported(printed, setting) };
  } finally {
    guest.dispose();
  }
}
