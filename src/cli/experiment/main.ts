import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { nodeHost } from '../../../debugAdapter/host/node';
import { ringsideEngine } from '../../../debugAdapter/ringside-engine';
import { COST_PROFILES } from '../../hypervisor/cost/profiles';
import { checkChecksums, Results } from './figures';
import { fillIn } from './markdown';
import { savingPlot, timePlot } from './plots';
import { resultsCsv, resultsJson } from './raw';
import { profileSections } from './profiles-page';
import { type Result, runSetting } from './run-setting';
import { profileSection, sections } from './sections';
import { settings, WORKLOADS } from './worlds';

const USAGE = `npm run experiment [-- --profile NAME … --workload NAME …]
Runs the sample guest's workloads in every world and under every cost profile. Raw results go to out/experiment; docs/experiment.md
and docs/experiment are written when nothing is left out.`;

/** The named ones of a list, all if none is named. @throws Error for a name that there is not */
function choose<T extends { readonly name: string }>(what: string, all: readonly T[], names: readonly string[]): T[] {
  const stranger = names.find((name) => !all.some((item) => item.name === name));
  if (stranger !== undefined) {
    throw new Error(`there is no ${what} "${stranger}"; use ${all.map(({ name }) => name).join(', ')}`);
  }
  return all.filter(({ name }) => names.length === 0 || names.includes(name));
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function fill(page: string, generated: Readonly<Record<string, string>>): void {
  write(page, fillIn(readFileSync(page, 'utf8'), generated));
}

function writeDocs(root: string, results: Results): void {
  const docs = join(root, 'docs');
  fill(join(docs, 'experiment.md'), sections(results));
  fill(join(docs, 'cost-profiles.md'), profileSections());
  write(join(docs, 'experiment', 'saved.svg'), savingPlot(results));
  for (const profile of results.profiles) {
    const heading = `# The experiment under ${profile}\n\nWritten by \`npm run experiment\`; [experiment.md](../experiment.md) explains it. Cycles of the profile's processor.\n`;
    const plot = `![Where the guest's time goes](${profile}.svg)`;
    write(join(docs, 'experiment', `${profile}.md`), `${heading}\n${plot}\n\n${profileSection(results, profile)}\n`);
    write(join(docs, 'experiment', `${profile}.svg`), timePlot(results, profile));
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      profile: { type: 'string', multiple: true, default: [] },
      workload: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const profiles = choose('profile', COST_PROFILES, values.profile).map(({ name }) => name);
  const workloads = choose('workload', WORKLOADS, values.workload);
  const root = process.cwd();
  const files = {
    program: join(root, 'dist', 'guests', 'paravirt-io.elf'),
    disk: join(root, 'dist', 'guests', 'paravirt-io.img'),
  };
  const host = nodeHost({
    cwd: root,
    assets: join(root, 'node_modules', 'iced-x86'),
    warn: (message) => process.stderr.write(`${message}\n`),
  });
  const all = settings(profiles, workloads);
  const done: Result[] = [];
  for (const setting of all) {
    done.push(await runSetting(setting, files, ringsideEngine, host));
    const { profile, workload, world } = setting;
    process.stderr.write(`${done.length}/${all.length} ${profile} ${workload.name} ${world.id}\n`);
  }
  checkChecksums(done);
  const results = new Results(done);
  write(join(root, 'out', 'experiment', 'results.json'), resultsJson(results));
  write(join(root, 'out', 'experiment', 'results.csv'), resultsCsv(results));
  if (profiles.length === COST_PROFILES.length && workloads.length === WORKLOADS.length) writeDocs(root, results);
}

main().catch((error: unknown) => {
  process.stderr.write(`experiment: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
