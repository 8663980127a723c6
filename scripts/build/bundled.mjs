import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Loads a TypeScript module that needs nothing of Node.js, bundled on the fly.
 * @param entry path below the project's root
 * @returns what it exports
 */
export async function importBundled(root, entry) {
  const { outputFiles } = await build({
    entryPoints: [join(root, entry)],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    write: false,
    logLevel: 'silent',
  });
  const code = Buffer.from(outputFiles[0].contents).toString('base64');
  return import(`data:text/javascript;base64,${code}`);
}

/**
 * Bundles a TypeScript program as the product is bundled: figures taken from it are the product's.
 * @param entry path below the project's root
 * @param outfile where the bundle goes, likewise
 * @param define expressions that stand for names in the program, as esbuild wants them
 */
export async function bundleProgram(root, entry, outfile, define = {}) {
  await build({
    entryPoints: [join(root, entry)],
    outfile: join(root, outfile),
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    define,
  });
}

/**
 * Bundles a TypeScript program likewise, and runs it.
 * @returns its exit status
 */
export async function runBundled(root, entry, outfile, args = []) {
  await bundleProgram(root, entry, outfile);
  return spawnSync(process.execPath, [join(root, outfile), ...args], { cwd: root, stdio: 'inherit' }).status ?? 1;
}
