/**
 * Finds a Chromium to show the editor in, or fetches one: a browser on PATH, an installed Chrome or Edge, the one
 * inside an npm package (Linux x64), or Debian's package if we may install it.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { CACHE } from './fetch.mjs';
import { npm } from './npm.mjs';
import { CHROMIUM, CHROMIUM_VERSION } from './versions.mjs';

const run = promisify(execFile);
const inflate = promisify(brotliDecompress);

const NAMES = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'microsoft-edge',
  'msedge',
];
const PLACES = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ],
  win32: ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) =>
    process.env[name]
      ? ['Google\\Chrome\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe'].map((path) =>
          join(process.env[name], path),
        )
      : [],
  ),
  linux: ['/usr/lib/chromium/chromium', '/snap/bin/chromium', '/opt/google/chrome/chrome'],
};

/** Flags for a machine that may have no graphics, no sandbox and no network. */
export const BROWSER_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * @param {(line: string) => void} log
 * @returns {Promise<{ executable: string, env: Record<string, string> }>} `env` is to be added to the browser's environment
 * @throws Error that says how to get one
 */
export async function findBrowser(log = console.error) {
  const named = process.env.RINGSIDE_BROWSER;
  if (named) {
    if (!existsSync(named)) throw new Error(`RINGSIDE_BROWSER names ${named}, which does not exist`);
    return { executable: named, env: {} };
  }
  const installed = installedBrowser();
  if (installed) return { executable: installed, env: {} };
  const reasons = [];
  for (const source of [packagedBrowser, debianBrowser]) {
    try {
      const browser = await source(log);
      if (browser) return browser;
    } catch (error) {
      reasons.push(error.message.split('\n')[0]);
    }
  }
  const why = reasons.length > 0 ? ` (${reasons.join('; ')})` : '';
  throw new Error(`no Chromium, Chrome or Edge found${why}. Install one, or name it in RINGSIDE_BROWSER.`);
}

function installedBrowser() {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const extension = process.platform === 'win32' ? '.exe' : '';
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name + extension)));
  return [...onPath, ...(PLACES[process.platform] ?? [])].find((path) => existsSync(path));
}

/** The Chromium of an npm package: compressed files, with the libraries that a small Linux may lack. */
async function packagedBrowser(log) {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const root = join(CACHE, `chromium-${CHROMIUM_VERSION}`);
  const browser = { executable: join(root, 'chromium'), env: { LD_LIBRARY_PATH: join(root, 'lib') } };
  if (!existsSync(browser.executable)) {
    log(`Fetching a headless Chromium (about 66 MB, once, into ${root}) ...`);
    await mkdir(CACHE, { recursive: true });
    const work = await mkdtemp(join(CACHE, 'fetch-'));
    try {
      await npm(
        ['install', '--no-save', '--ignore-scripts', '--prefix', work, `${CHROMIUM}@${CHROMIUM_VERSION}`],
        work,
      );
      const packed = join(work, 'node_modules', ...CHROMIUM.split('/'), 'bin');
      const ready = join(work, 'chromium');
      await mkdir(join(ready, 'lib'), { recursive: true });
      const executable = join(ready, 'chromium');
      await writeFile(executable, await inflate(await readFile(one(packed, ['chromium.br', 'x64/chromium.br']))));
      await chmod(executable, 0o755);
      for (const name of ['al2023.tar.br', 'swiftshader.tar.br']) {
        const tar = join(work, name.replace('.br', ''));
        await writeFile(tar, await inflate(await readFile(one(packed, [name, `x64/${name}`]))));
        await run('tar', ['-xf', tar, '--no-same-owner', '-C', ready]);
      }
      await rename(ready, root);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  await run(browser.executable, ['--version', '--no-sandbox'], { env: { ...process.env, ...browser.env } });
  return browser;
}

function one(folder, names) {
  const found = names.map((name) => join(folder, name)).find((path) => existsSync(path));
  if (!found) throw new Error(`${CHROMIUM} has no ${names[0]} under ${dirname(folder)}`);
  return found;
}

async function debianBrowser(log) {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return undefined;
  log('Installing the package chromium-headless-shell ...');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-q'], { env }).catch(() => undefined);
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium-headless-shell'], {
    env,
    maxBuffer: 1 << 26,
  });
  const executable = installedBrowser();
  return executable && { executable, env: {} };
}
