import { describeCase } from './support/compare';
import { Campaign } from './support/campaign';
import { CANDIDATES } from './support/generator';
import { NativeProcessor } from './support/native';
import { allBuilds, buildName, runAsGuest, runNatively } from './support/programs';
import { type ResultRow, writeSuiteResults } from '../conformance/results';

const USAGE =
  'usage: npm run differential -- [--seconds N] [--seed N] [--only MNEMONIC,…] [--show N]\n       npm run differential -- --programs [TEXT]';

function options(argv: readonly string[]): { seconds: number; seed: number; show: number; only: string[] } {
  const chosen = { seconds: 60, seed: 1, show: 20, only: [] as string[] };
  for (let i = 0; i < argv.length; i += 2) {
    const value = argv[i + 1];
    const number = Number(value);
    if (argv[i] === '--only' && value) chosen.only = value.toUpperCase().split(',');
    else if (argv[i] === '--seconds' && number > 0) chosen.seconds = number;
    else if (argv[i] === '--seed' && Number.isInteger(number)) chosen.seed = number;
    else if (argv[i] === '--show' && number >= 0) chosen.show = number;
    else {
      console.error(`${argv.slice(i, i + 2).join(' ')}?\n${USAGE}`);
      process.exit(2);
    }
  }
  return chosen;
}

/** Number of programs in what one build has printed. */
const countPrograms = (text: string) => [...text.matchAll(/^-- /gm)].length - 1;

/** Compiles the C programs in every way whose name has a text in it, and compares what process and guest print. */
async function comparePrograms(chosen = ''): Promise<void> {
  const rows: ResultRow[] = [];
  const builds = (await allBuilds()).filter((build) => buildName(build).includes(chosen));
  if (builds.length === 0) {
    console.error(`No way to compile has "${chosen}" in its name, such as "zig for i386 with -O2"\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  for (const build of builds) {
    const expected = await runNatively(build);
    const actual = await runAsGuest(build).catch((error: Error) => error.message);
    const line = expected.split('\n').findIndex((text, i) => text !== actual.split('\n')[i]);
    const same = expected === actual;
    const programs = countPrograms(expected);
    console.log(`${buildName(build)}: ${same ? `${programs} programs print the same` : `differs in line ${line + 1}`}`);
    if (!same) process.exitCode = 1;
    rows.push({ name: buildName(build), passed: same ? programs : 0, failed: same ? 0 : programs, leftOut: 0 });
  }
  writeSuiteResults('c-programs', {
    suite: 'C programs',
    about: 'Programs of test/differential/programs print the same as a guest and as a process of the computer at hand.',
    command: 'npm run differential -- --programs',
    rows,
    reasons: [],
  });
}

async function main(): Promise<void> {
  if (process.argv[2] === '--programs') {
    await comparePrograms(process.argv[3]);
    return;
  }
  const { seconds, seed, show, only } = options(process.argv.slice(2));
  const native = await NativeProcessor.start();
  if (typeof native === 'string') {
    console.error(`Nothing to compare with: ${native}`);
    process.exit(2);
  }
  const forms = CANDIDATES.filter(({ mnemonic }) => only.length === 0 || only.includes(mnemonic));
  const campaign = new Campaign(native, forms);
  const end = Date.now() + seconds * 1000;
  let next = seed;
  for (; Date.now() < end; next += 4096) await campaign.run(next, 4096);

  const { compared, leftOut, findings, mnemonics, vectors } = campaign.tally;
  const byMnemonic = new Map<string, number>();
  for (const finding of findings) {
    const small = await campaign.shrink(finding);
    const name = small.test.code.map(({ mnemonic }) => mnemonic).join(' ');
    const seen = (byMnemonic.get(name) ?? 0) + 1;
    byMnemonic.set(name, seen);
    if (seen > show) continue;
    console.log(`seed ${small.seed}: ${describeCase(small.test)}\n    ${small.differences.join('\n    ')}`);
  }
  await native.close();
  const missing = new Set(forms.map(({ mnemonic }) => mnemonic).filter((mnemonic) => !mnemonics.has(mnemonic)));
  console.log(
    `vectors: ${[...vectors]
      .sort(([a], [b]) => a - b)
      .map(([vector, times]) => `${vector}: ${times}`)
      .join(', ')}`,
  );
  if (missing.size > 0) console.log(`never compared: ${[...missing].join(' ')}`);
  for (const [name, times] of byMnemonic) console.log(`${name}: ${times} differ`);
  console.log(`seeds ${seed}-${next - 1}: ${compared} cases compared, ${leftOut} left out, ${findings.length} differ`);
  writeSuiteResults('host-processor', {
    suite: 'The processor of the computer at hand',
    about:
      'Generated cases of 32-bit user code: registers, flags, memory and exceptions after it, natively and emulated.',
    command: 'npm run differential -- --seconds N',
    rows: [{ name: 'generated cases', passed: compared - findings.length, failed: findings.length, leftOut }],
    reasons: leftOut > 0 ? [{ reason: 'a generated case has no defined outcome', count: leftOut }] : [],
  });
  process.exitCode = findings.length > 0 ? 1 : 0;
}

void main();
