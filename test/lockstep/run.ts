import { CPU_MODELS, type CpuModel } from '../../src/machine/isa/form';
import { writeSuiteResults } from '../conformance/results';
import { Campaign, LEFT_OVER } from './campaign';
import { CRASH, describe } from './compare/compare';
import { BOCHS, QEMU } from './compare/rules';
import { Bochs, bochsMissing } from './engines/bochs';
import { Qemu, qemuMissing } from './engines/qemu';
import { Ringside } from './engines/ringside';
import { type CaseKind, KINDS } from './generate/kinds';
import { recorderRom } from './recorder/rom';

const USAGE = `usage: npm run lockstep -- [--seconds N] [--seed N] [--kind ${KINDS.join('|')}] [--cpu MODEL]
                        [--reference qemu|bochs] [--show N] [--cases N]`;

interface Options {
  seconds: number;
  seed: number;
  kinds: readonly CaseKind[];
  cpu: CpuModel;
  reference: 'qemu' | 'bochs';
  show: number;
  /** Stops after so many cases; 0 for time only. */
  cases: number;
}

function fail(message: string): never {
  console.error(`${message}\n${USAGE}`);
  process.exit(2);
}

function options(argv: readonly string[]): Options {
  const chosen: Options = { seconds: 60, seed: 1, kinds: KINDS, cpu: 'pentium3', reference: 'qemu', show: 5, cases: 0 };
  for (let i = 0; i < argv.length; i += 2) {
    const [name, value] = argv.slice(i, i + 2);
    const number = Number(value);
    if (name === '--seconds' && number > 0) chosen.seconds = number;
    else if (name === '--seed' && Number.isInteger(number)) chosen.seed = number;
    else if (name === '--show' && number >= 0) chosen.show = number;
    else if (name === '--cases' && number > 0) chosen.cases = number;
    else if (name === '--kind' && KINDS.some((kind) => kind === value)) chosen.kinds = [value as CaseKind];
    else if (name === '--cpu' && CPU_MODELS.some((model) => model === value)) chosen.cpu = value as CpuModel;
    else if (name === '--reference' && (value === 'qemu' || value === 'bochs')) chosen.reference = value;
    else fail(`${name} ${value ?? ''}?`);
  }
  return chosen;
}

/** The models' names elsewhere. Neither knows a 386: its cases run on what comes next. */
const QEMU_MODELS: Readonly<Record<CpuModel, string>> = {
  '386': '486',
  '486': '486',
  pentium: 'pentium',
  pentium2: 'pentium2',
  pentium3: 'pentium3',
  pentium4: 'Nehalem,-lm',
};
const BOCHS_MODELS: Readonly<Record<CpuModel, string>> = {
  '386': 'pentium',
  '486': 'pentium',
  pentium: 'pentium',
  pentium2: 'p2_klamath',
  pentium3: 'p3_katmai',
  pentium4: 'p4_willamette',
};

const BATCH = { qemu: 500, bochs: 100 };

async function main(): Promise<void> {
  const chosen = options(process.argv.slice(2));
  const missing = chosen.reference === 'qemu' ? qemuMissing() : bochsMissing();
  if (missing) fail(`Nothing to compare with: ${missing}.`);
  const rom = await recorderRom();
  const theirs =
    chosen.reference === 'qemu'
      ? new Qemu(QEMU_MODELS[chosen.cpu], rom.path)
      : new Bochs(BOCHS_MODELS[chosen.cpu], rom.path);
  const reference = chosen.reference === 'qemu' ? QEMU : BOCHS;
  const campaign = new Campaign(new Ringside(chosen.cpu, rom.bytes), theirs, reference, chosen.cpu);
  const end = Date.now() + chosen.seconds * 1000;
  const size = chosen.cases > 0 ? Math.min(chosen.cases, BATCH[chosen.reference]) : BATCH[chosen.reference];
  let seed = chosen.seed;
  try {
    for (; Date.now() < end && !(chosen.cases > 0 && seed - chosen.seed >= chosen.cases); seed += size) {
      for (const kind of chosen.kinds) await campaign.run(kind, seed, size);
    }
    const { cases, findings, explained } = campaign.tally;
    const { events } = campaign.tally;
    for (const finding of findings.slice(0, chosen.show)) {
      const small = await campaign.shrink(finding);
      console.log(describe(small.test, small.ours, small.difference.event));
      console.log(`    ${small.difference.lines.slice(0, 12).join('\n    ')}`);
    }
    if (findings.length > chosen.show) {
      console.log(
        `differing too: ${findings
          .slice(chosen.show)
          .map(({ test }) => `${test.kind} ${test.seed}`)
          .join(', ')}`,
      );
    }
    const crashes = { name: CRASH, reason: 'the reference itself stops with an internal error' };
    const leftOver = {
      name: LEFT_OVER,
      reason: 'alone the case ends as ours does: the reference keeps something of cases before',
    };
    const reasons = [...reference.rules, crashes, leftOver]
      .map(({ name, reason }) => ({ reason: `${name}: ${reason}`, count: explained.get(name) ?? 0 }))
      .filter(({ count }) => count > 0);
    for (const { reason, count } of reasons) console.log(`${count} part by a known deviation, ${reason}`);
    const parted = reasons.reduce((sum, { count }) => sum + count, 0);
    const kinds = chosen.kinds.join(', ');
    writeSuiteResults(`lockstep-${chosen.reference}`, {
      suite: `Random programs beside ${chosen.reference === 'qemu' ? 'QEMU' : 'Bochs'}`,
      about: `Programs in every mode of the processor, the state after each event compared with that of ${reference.name}`,
      command: `npm run lockstep -- --reference ${chosen.reference}`,
      rows: [
        {
          name: `${kinds} on a ${chosen.cpu}, ${events} events`,
          passed: cases - findings.length - parted,
          failed: findings.length,
          leftOut: parted,
        },
      ],
      reasons: [
        ...reasons,
        ...findings.map(({ test }) => ({
          reason: `not explained yet: ${test.kind} case, seed ${test.seed}`,
          count: 1,
        })),
      ],
    });
    console.log(
      `${kinds}: seeds ${chosen.seed}-${seed - 1} against ${reference.name}: ` +
        `${cases} cases, ${events} events, ${findings.length} differ`,
    );
    process.exitCode = findings.length > 0 ? 1 : 0;
  } finally {
    theirs.close();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
