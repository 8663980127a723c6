import { launchConfiguration } from '../../debugAdapter/launch/configuration';
import { LaunchError, type LaunchConfiguration } from '../debugger/types';
import { COST_PROFILES, DEFAULT_COST_PROFILE } from '../hypervisor/cost/profiles';
import { type Arguments, type OptionTable, parseCount, single } from './options';
import { UsageError } from './usage-error';

/** Options by which `run` and `compare` describe the machine. */
export const MACHINE_OPTIONS: OptionTable = {
  append: { value: 'CMDLINE', help: 'Command line for the kernel.' },
  initrd: { value: 'FILE', help: 'Initial RAM disk, or first multiboot module.' },
  drive: {
    value: 'FILE',
    multiple: true,
    help: 'A drive image: .iso is a CD-ROM, .flp .vfd and .ima are floppies, all else is a disk; FILE,kind=disk|cdrom|floppy says it. What the guest writes stays in memory.',
  },
  bios: { value: 'FILE', help: 'BIOS image, in place of the built-in services.' },
  memory: { value: 'MB', help: 'RAM in MiB (64).' },
  cpu: { value: 'CPU', help: '386, 486, pentium, pentium2, pentium3 or pentium4.' },
  'cost-profile': {
    value: 'PROFILE',
    help: `What exits cost: ${COST_PROFILES.map((profile) => profile.name).join(', ')} (${DEFAULT_COST_PROFILE.name}).`,
  },
  'max-instructions': { value: 'N', help: 'Give up after so many instructions (5000000, or 5M).' },
};

/** A hypervisor mode with its switches, as `compare` names it: `vmi+disable_io_ops`. */
export interface ModeChoice {
  readonly mode: LaunchConfiguration['hypervisor']['mode'];
  readonly disableIoOps: boolean;
}

const MODES = ['none', 'trap', 'vtx', 'vmi'] as const;

/** @throws UsageError */
export function parseMode(text: string, option: string): ModeChoice {
  const [name, ...switches] = text.split('+');
  const mode = MODES.find((candidate) => candidate === name);
  const bad = switches.find((item) => item !== 'disable_io_ops');
  if (!mode)
    throw new UsageError(`--${option}: there is no mode "${name}"; use ${MODES.join(', ')} or vmi+disable_io_ops.`);
  if (bad !== undefined)
    throw new UsageError(`--${option}: ${mode} has no switch "${bad}"; the one there is is vmi+disable_io_ops.`);
  if (switches.length > 0 && mode !== 'vmi')
    throw new UsageError(`--${option}: disable_io_ops means something under vmi only.`);
  return { mode, disableIoOps: switches.length > 0 };
}

/** The range is checked with the launch attributes. @throws UsageError naming the option */
function wholeNumber(option: string, unit: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`--${option}: expected a whole number of ${unit}, got "${text}".`);
  return Number(text);
}

function parseDrive(text: string): { file: string; kind?: string } {
  const match = /^(.*),kind=([^,]*)$/.exec(text);
  if (match) return { file: match[1], kind: match[2] };
  if (/\.iso$/i.test(text)) return { file: text, kind: 'cdrom' };
  return { file: text, kind: /\.(flp|vfd|ima)$/i.test(text) ? 'floppy' : 'disk' };
}

/**
 * The launch configuration that the arguments describe, without serial ports and breakpoints.
 * @throws UsageError for a value that does not fit
 */
export function configurationFrom(args: Arguments, { mode, disableIoOps }: ModeChoice): LaunchConfiguration {
  if (args.positionals.length > 1) throw new UsageError(`One program at a time; what is "${args.positionals[1]}"?`);
  const memory = single(args, 'memory');
  const instructions = single(args, 'max-instructions');
  const costProfile = single(args, 'cost-profile');
  const attributes = {
    program: args.positionals[0],
    commandLine: single(args, 'append'),
    initrd: single(args, 'initrd'),
    drives: args.options.get('drive')?.map(parseDrive),
    bios: single(args, 'bios'),
    memoryMB: memory === undefined ? undefined : wholeNumber('memory', 'MiB', memory),
    cpu: single(args, 'cpu'),
    maxInstructions: instructions === undefined ? undefined : parseCount('max-instructions', instructions),
    hypervisor: { mode, disableIoOps, costProfile },
    record: { enabled: false },
  };
  try {
    return launchConfiguration(attributes, { com1: 'none' });
  } catch (error) {
    if (error instanceof LaunchError) throw new UsageError(inOptionTerms(error.message));
    throw error;
  }
}

/** Options whose names differ from those of the launch attributes. */
const OPTION_OF_ATTRIBUTE: Readonly<Record<string, string>> = {
  commandLine: 'append',
  memoryMB: 'memory',
  drives: 'drive',
  maxInstructions: 'max-instructions',
};

function inOptionTerms(message: string): string {
  const told = message.replace(/^Launch attribute (\w+)(\[\d+\]\.\w+)?/, (_match, attribute: string) => {
    return `--${OPTION_OF_ATTRIBUTE[attribute] ?? attribute}`;
  });
  return told.endsWith('.') ? told : `${told}.`;
}
