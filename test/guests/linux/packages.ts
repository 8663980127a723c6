import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Why something that a test needs cannot be had; told as it is. */
export class Unavailable extends Error {}

const ARCHITECTURE = 'i386';

function run(command: string, args: readonly string[], cwd?: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (error) throw new Unavailable(`${command} cannot be run (${error.message}); Debian's packages need it`);
  if (status !== 0)
    throw new Unavailable(`${command} ${args.slice(-2).join(' ')}: ${stderr.trim().split('\n').at(-1)}`);
  return stdout;
}

/**
 * Debian's packages for i386, by this system's own sources of packages but with lists and cache of our own: nothing on the
 * system is changed, and no rights are needed.
 */
export class DebianPackages {
  private readonly options: readonly string[];

  /**
   * @param folder lists and packages are kept here
   * @throws Unavailable where there is no apt
   */
  constructor(private readonly folder: string) {
    if (process.platform !== 'linux' || !existsSync('/etc/apt')) {
      throw new Unavailable('Debian packages can be fetched on Debian only (no /etc/apt here)');
    }
    const at = (...path: string[]): string => join(folder, ...path);
    for (const path of ['lists/partial', 'cache/archives/partial']) mkdirSync(at(path), { recursive: true });
    writeFileSync(at('status'), '');
    const settings = {
      'APT::Architecture': ARCHITECTURE,
      'APT::Architectures::': ARCHITECTURE,
      'APT::Sandbox::User': '',
      'Acquire::Languages': 'none',
      'Dir::State::lists': at('lists'),
      'Dir::State::status': at('status'),
      'Dir::Cache': at('cache'),
    };
    this.options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  }

  /** Gets the lists of packages. A source that fails is left out, as long as the packages are found in the others. */
  update(): void {
    try {
      run('apt-get', [...this.options, 'update']);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      console.error(`apt-get update: ${error.message}`);
    }
  }

  /** The newest package whose name matches. @throws Unavailable if there is none */
  newest(pattern: RegExp): string {
    const names = run('apt-cache', [...this.options, 'pkgnames']).split('\n');
    const found = names.filter((name) => pattern.test(name));
    if (found.length === 0)
      throw new Unavailable(`Debian's lists for ${ARCHITECTURE} have no package ${pattern.source}`);
    return found.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))[found.length - 1];
  }

  /** Downloads a package and unpacks it. @returns the folder with its files @throws Unavailable */
  unpack(name: string): string {
    const target = join(this.folder, 'unpacked', name);
    if (existsSync(target)) return target;
    run('apt-get', [...this.options, 'download', name], this.folder);
    const file = readdirSync(this.folder).find((entry) => entry.startsWith(`${name}_`) && entry.endsWith('.deb'));
    if (!file) throw new Unavailable(`apt-get download ${name} left no package`);
    // Complete or not at all: a folder that is there is taken for good.
    mkdirSync(join(this.folder, 'unpacked'), { recursive: true });
    run('dpkg-deb', ['-x', join(this.folder, file), `${target}.part`]);
    run('mv', [`${target}.part`, target]);
    return target;
  }
}
