import { launchConfiguration } from '../../debugAdapter/launch/configuration';
import { LaunchError, type LaunchConfiguration } from '../debugger/types';
import { abisOfMode } from '../hypervisor/abi/names';
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
    help: 'A drive image: .iso is a CD-ROM, .flp .vfd and .ima are floppies, all else is a disk; FILE,kind=disk|cdrom|floppy says it. FILE,if=virtio is a virtio disk, else it is on IDE. What the guest writes stays in memory.',
  },
  bios: { value: 'FILE', help: 'BIOS image, in place of the built-in services.' },
  memory: { value: 'MB', help: 'RAM in MiB (64).' },
  cpu: { value: 'CPU', help: '386, 486, pentium, pentium2, pentium3 or pentium4.' },
  'cost-profile': {
    value: 'NAME|FILE.json',
    help: `What exits cost: ${COST_PROFILES.map((profile) => profile.name).join(', ')} (${DEFAULT_COST_PROFILE.name}), or a file with figures of your own; see "ringside profiles".`,
  },
  'no-charge': { help: "Record what exits cost, but keep it out of the guest's time." },
  abi: {
    value: 'NAME',
    multiple: true,
    help: 'A hypercall interface for the guest: kvm (in trap and vtx), lguest (in trap), vmware (in all modes but none).',
  },
  'vmi-answer': {
    value: 'NAME=ANSWER',
    multiple: true,
    help: 'What VMI_GetRelocationInfo answers for a call: call, jump, nop or none, e.g. OUTB=none.',
  },
  'vmi-privilege': { value: '0|1', help: 'Level of the kernel after VMI_Init: 1, deprivileged, or 0, as it was (1).' },
  'vmi-virtual-top': {
    value: 'ADDRESS',
    help: 'Lowest linear address that the VMI hypervisor keeps for itself, e.g. 0xfc000000; 0 is none (0).',
  },
  'vmi-check-pages': {
    value: 'off|report',
    help: "Whether a VMI guest's page tables are looked after: report tells of what breaks the rules (report).",
  },
  'max-instructions': { value: 'N', help: 'Give up after so many instructions (5000000, or 5M).' },
};

/** A hypervisor mode with its switches and ABIs, as `compare` names it: `vmi+disable_io_ops`, `vtx+kvm`. */
export interface ModeChoice {
  readonly mode: LaunchConfiguration['hypervisor']['mode'];
  readonly disableIoOps: boolean;
  /** Hypercall ABIs beside that of mode `vmi`. */
  readonly abis: readonly string[];
}

const MODES = ['none', 'trap', 'vtx', 'vmi'] as const;

/** @throws UsageError */
export function parseMode(text: string, option: string): ModeChoice {
  const [name, ...switches] = text.split('+');
  const mode = MODES.find((candidate) => candidate === name);
  const abis = switches.filter((item) => item !== 'disable_io_ops');
  if (!mode)
    throw new UsageError(`--${option}: there is no mode "${name}"; use ${MODES.join(', ')} or vmi+disable_io_ops.`);
  const bad = abis.find((abi) => !abisOfMode(mode).includes(abi));
  if (bad !== undefined) {
    const known = [...(mode === 'vmi' ? ['disable_io_ops'] : []), ...abisOfMode(mode)].map((item) => `${mode}+${item}`);
    const hint = known.length > 0 ? `there is ${known.join(', ')}` : 'it has none';
    throw new UsageError(`--${option}: ${mode} has no switch "${bad}"; ${hint}.`);
  }
  const disableIoOps = abis.length < switches.length;
  if (disableIoOps && mode !== 'vmi')
    throw new UsageError(`--${option}: disable_io_ops means something under vmi only.`);
  return { mode, disableIoOps, abis };
}

/** The range is checked with the launch attributes. @throws UsageError naming the option */
function wholeNumber(option: string, unit: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`--${option}: expected a whole number of ${unit}, got "${text}".`);
  return Number(text);
}

/** `FILE`, or `FILE,kind=…,if=…` with either or both. */
function parseDrive(text: string): { file: string; kind: string; interface?: string } {
  const match = /^(.*),(kind|if)=([^,]*)$/.exec(text);
  if (match) {
    const [, rest, option, value] = match;
    return { ...parseDrive(rest), [option === 'if' ? 'interface' : option]: value };
  }
  if (/\.iso$/i.test(text)) return { file: text, kind: 'cdrom' };
  return { file: text, kind: /\.(flp|vfd|ima)$/i.test(text) ? 'floppy' : 'disk' };
}

/** @throws UsageError */
function parseAnswers(texts: readonly string[]): Record<string, string> {
  const answers: Record<string, string> = {};
  for (const text of texts) {
    const match = /^(\w+)=(call|jump|nop|none)$/.exec(text);
    if (!match) throw new UsageError(`--vmi-answer: expected NAME=call, jump, nop or none, got "${text}".`);
    answers[match[1]] = match[2];
  }
  return answers;
}

/** @throws UsageError */
function parsePrivilege(text: string): 0 | 1 {
  if (text !== '0' && text !== '1') throw new UsageError(`--vmi-privilege: expected 0 or 1, got "${text}".`);
  return text === '0' ? 0 : 1;
}

/** @throws UsageError */
function parseCheckPages(text: string): 'off' | 'report' {
  if (text !== 'off' && text !== 'report') {
    throw new UsageError(`--vmi-check-pages: expected off or report, got "${text}".`);
  }
  return text;
}

/** The members that the options name; undefined where there are none of them. @throws UsageError */
function vmiAttributes(args: Arguments): object | undefined {
  const privilege = single(args, 'vmi-privilege');
  const virtualTop = single(args, 'vmi-virtual-top');
  const checkPages = single(args, 'vmi-check-pages');
  const answers = args.options.get('vmi-answer');
  if (virtualTop !== undefined && !/^(0x[0-9a-f]+|\d+)$/i.test(virtualTop)) {
    throw new UsageError(`--vmi-virtual-top: expected an address such as 0xfc000000, got "${virtualTop}".`);
  }
  if ([privilege, virtualTop, checkPages, answers].every((option) => option === undefined)) return undefined;
  return {
    privilege: privilege === undefined ? undefined : parsePrivilege(privilege),
    virtualTop,
    checkPages: checkPages === undefined ? undefined : parseCheckPages(checkPages),
    answers: answers && parseAnswers(answers),
  };
}

/**
 * The launch configuration that the arguments describe, without serial ports and breakpoints.
 * @throws UsageError for a value that does not fit
 */
export function configurationFrom(args: Arguments, { mode, disableIoOps, abis }: ModeChoice): LaunchConfiguration {
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
    hypervisor: {
      mode,
      disableIoOps,
      abis: [...abis, ...(args.options.get('abi') ?? [])],
      vmi: vmiAttributes(args),
      costProfile,
      charge: !args.options.has('no-charge'),
    },
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
