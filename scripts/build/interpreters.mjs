import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';

/**
 * Stages the interpreter of every processor model into dist/interpreter, so that no session has to. The names carry a
 * digest: a bundle asks for the interpreters that it was built with and stages its own where they are missing.
 *
 * @returns file names by model
 */
export async function buildInterpreters(root) {
  const stager = join(root, 'out', 'stage-interpreters.mjs');
  await esbuild.build({
    absWorkingDir: root,
    stdin: {
      contents: `export { buildInterpreter } from './src/machine/isa/interpreter/module';
        export { CPU_MODELS } from './src/machine/isa/form';`,
      resolveDir: root,
    },
    outfile: stager,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
  });
  const { buildInterpreter, CPU_MODELS } = await import(pathToFileURL(stager).href);
  const folder = join(root, 'dist', 'interpreter');
  mkdirSync(folder, { recursive: true });
  const files = {};
  for (const model of CPU_MODELS) {
    const bytes = buildInterpreter(model);
    files[model] = `${model}-${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}.wasm`;
    writeFileSync(join(folder, files[model]), bytes);
  }
  const current = new Set(Object.values(files));
  for (const name of readdirSync(folder)) if (!current.has(name)) rmSync(join(folder, name));
  return files;
}
