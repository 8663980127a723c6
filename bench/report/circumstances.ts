import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { BOCHS } from '../engines/bochs';
import { QEMU } from '../engines/qemu';

/** Where and with what the figures were taken. */
export interface Circumstances {
  readonly date: string;
  readonly command: string;
  readonly machine: string;
  readonly system: string;
  /** By program. */
  readonly versions: Readonly<Record<string, string>>;
}

/** The first line that a program prints and that has a number in it; undefined if there is no such program. */
function versionOf(program: string, argument: string): string | undefined {
  try {
    const output = execFileSync(program, [argument], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return /\d+(\.\d+)+/.exec(output)?.[0];
  } catch (error) {
    // Bochs says its version and that it does not like the argument.
    const said = (error as { stdout?: string; stderr?: string }) ?? {};
    return /Bochs x86 Emulator (\d+(\.\d+)+)/.exec(`${said.stdout ?? ''}${said.stderr ?? ''}`)?.[1];
  }
}

/** The commit that is checked out, with a plus sign if files differ from it; undefined outside a checkout. */
function commit(): string | undefined {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') ? '+' : '');
  } catch {
    return undefined;
  }
}

function packageVersion(path: string): string {
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

/** @param args what the command was given */
export function circumstances(args: readonly string[]): Circumstances {
  const processors = cpus();
  const versions: Record<string, string | undefined> = {
    Ringside: [packageVersion('package.json'), commit()].filter(Boolean).join(', commit '),
    Node: process.versions.node,
    V8: process.versions.v8,
    v86: packageVersion(createRequire(import.meta.url).resolve('v86/package.json')),
    QEMU: versionOf(QEMU, '--version'),
    Bochs: versionOf(BOCHS, '--help'),
  };
  return {
    date: new Date().toISOString().slice(0, 10),
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
    machine: `${processors[0]?.model ?? 'unknown processor'}, ${processors.length} processors, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${platform()} ${release()} ${arch()}`,
    versions: Object.fromEntries(
      Object.entries(versions).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
  };
}

/** The same in a few lines of Markdown. */
export function describe({ date, command, machine, system, versions }: Circumstances): string {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `\`${command}\` on ${date}, ${machine}, ${system}; ${programs.join(', ')}.\n`;
}
