import type { AdapterHost } from '../../../debugAdapter/engine';
import { messageOf } from '../../../debugAdapter/errors';
import { CostProfileError, customCostProfile } from '../../hypervisor/cost/custom-profile';
import {
  CALL_KINDS,
  type CostFigure,
  type CostProfile,
  cyclesOf,
  EXIT_KINDS,
  type PartFigures,
} from '../../hypervisor/cost/cost-profile';
import { COST_PROFILES, DEFAULT_COST_PROFILE, findCostProfile } from '../../hypervisor/cost/profiles';
import { totalCycles } from '../../hypervisor/exits/exit-table';
import type { Console } from '../console';
import type { Arguments, OptionTable } from '../options';
import { formatTable, thousands } from '../report/table';
import { ExitStatus, UsageError } from '../usage-error';

export const PROFILES_OPTIONS: OptionTable = {
  json: { help: 'Print the profile as JSON, to be changed and given to --cost-profile.' },
};

const total = (figures: PartFigures): string => thousands(totalCycles(cyclesOf(figures)));

/** All profiles with what an access to a port costs, one line each. */
function overview(): string {
  const rows = COST_PROFILES.map((profile) => [
    profile.name,
    String(profile.year),
    String(profile.megahertz),
    thousands(profile.native.cycles),
    total(profile.trap.port),
    total(profile.vtx.port),
    total(profile.hypercall.port),
    total(profile.vmcall.port),
    profile.processor,
  ]);
  const heading = ['Profile', 'Year', 'MHz', 'native', 'trap', 'vtx', 'VMI call', 'VMCALL', 'Processor'];
  const table = formatTable([heading, ...rows], ['left', ...Array<'right'>(7).fill('right'), 'left']);
  return `${table}\n\nCycles of one IN or OUT. "ringside profiles NAME" tells every figure and where it comes from; the default is ${DEFAULT_COST_PROFILE.name}.\n`;
}

/** Every set of figures with the place that it has in a definition. */
export function figuresOf({ trap, vtx, hypercall, vmcall }: CostProfile): [string, PartFigures][] {
  return [
    ...EXIT_KINDS.map((kind): [string, PartFigures] => [`trap.${kind}`, trap[kind]]),
    ...EXIT_KINDS.map((kind): [string, PartFigures] => [`vtx.${kind}`, vtx[kind]]),
    ...CALL_KINDS.map((kind): [string, PartFigures] => [`hypercall.${kind}`, hypercall[kind]]),
    ...CALL_KINDS.map((kind): [string, PartFigures] => [`vmcall.${kind}`, vmcall[kind]]),
  ];
}

function everyFigure(profile: CostProfile): string {
  const line = (path: string, { cycles, basis, note }: CostFigure): string[] => [path, thousands(cycles), basis, note];
  const rows = [
    line('native', profile.native),
    ...figuresOf(profile).flatMap(([path, figures]) =>
      Object.entries(figures).map(([part, figure]) => line(`${path}.${part}`, figure)),
    ),
  ];
  const { name, processor, year, megahertz, doc } = profile;
  const table = formatTable(
    [['Figure', 'Cycles', 'Basis', 'Where it comes from'], ...rows],
    ['left', 'right', 'left', 'left'],
  );
  return `${name}: ${processor}, ${year}, ${megahertz} MHz\n${doc}\n\n${table}\n`;
}

/** A profile by name, or from a file. @throws UsageError */
async function find(text: string, host: AdapterHost): Promise<CostProfile> {
  const found = findCostProfile(text);
  if (found) return found;
  if (!/[\\/]|\.json$/i.test(text)) {
    const names = COST_PROFILES.map(({ name }) => name).join(', ');
    throw new UsageError(`There is no profile "${text}"; use one of ${names}, or the path of a .json file.`);
  }
  try {
    const definition: unknown = JSON.parse(new TextDecoder().decode(await host.readFile(text)));
    return customCostProfile(definition, text.replace(/^.*[\\/]/, '').replace(/\.json$/i, ''));
  } catch (error) {
    if (error instanceof CostProfileError) throw new UsageError(`${text}: ${error.message}.`);
    throw new UsageError(`${text}: ${messageOf(error)}.`);
  }
}

/** `ringside profiles [NAME|FILE.json]`. Returns the exit status. @throws UsageError */
export async function profiles(args: Arguments, console: Console, host: AdapterHost): Promise<number> {
  const [name, ...others] = args.positionals;
  if (others.length > 0) throw new UsageError(`One profile at a time; what is "${others[0]}"?`);
  const asJson = args.options.has('json');
  if (name === undefined) {
    if (asJson) throw new UsageError('--json needs the name of a profile.');
    console.out(overview());
  } else {
    const profile = await find(name, host);
    console.out(asJson ? `${JSON.stringify(profile, null, 2)}\n` : everyFigure(profile));
  }
  return ExitStatus.Ended;
}
