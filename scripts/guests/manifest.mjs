import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { BuildError } from './errors.mjs';
import { DISK_IMAGES } from './disk-images.mjs';

/** How each kind of guest is compiled and what comes out. */
export const KINDS = {
  multiboot: { target: 'x86-freestanding-none', program: 'elf' },
  'boot-sector': { target: 'x86-freestanding-none', program: 'bin', size: 512 },
  rom: { target: 'x86-freestanding-none', program: 'bin', size: 0x10000 },
};

/** The keys of guest.json; guests/README.md says what each means. */
const KEYS = {
  name: 'string',
  kind: 'string',
  description: 'string',
  linkerScript: 'string',
  include: 'list',
  hypercallHeaders: 'boolean',
  flags: 'list',
  sources: 'list',
  drives: 'list',
};
const REQUIRED = ['name', 'kind', 'description', 'linkerScript', 'sources'];

function typeOf(value) {
  return Array.isArray(value) ? 'list' : typeof value;
}

function check(manifest, file, folder, root) {
  const wrong = (what) => {
    throw new BuildError(`${file}: ${what}`);
  };
  for (const [key, value] of Object.entries(manifest)) {
    if (!(key in KEYS)) wrong(`unknown key "${key}" (known: ${Object.keys(KEYS).join(', ')})`);
    if (typeOf(value) !== KEYS[key]) wrong(`"${key}" must be a ${KEYS[key]}`);
  }
  for (const key of REQUIRED) if (!(key in manifest)) wrong(`"${key}" is missing`);
  if (manifest.name !== posix.basename(folder)) wrong(`"name" must be that of the folder`);
  if (!(manifest.kind in KINDS)) wrong(`unknown kind "${manifest.kind}" (known: ${Object.keys(KINDS).join(', ')})`);
  for (const path of [manifest.linkerScript, ...manifest.sources]) {
    if (!existsSync(join(root, folder, path))) wrong(`${path} does not exist`);
  }
  for (const drive of manifest.drives ?? []) {
    if (!(drive.image in DISK_IMAGES)) wrong(`unknown disk image "${drive.image}"`);
  }
}

/**
 * Reads guests/NAME/guest.json.
 * @returns the manifest with every path relative to the checkout, and every optional key present
 * @throws BuildError that names the file and the key
 */
export function readManifest(root, name) {
  const folder = `guests/${name}`;
  const file = `${folder}/guest.json`;
  let manifest;
  try {
    manifest = JSON.parse(readFileSync(join(root, file), 'utf8'));
  } catch (error) {
    throw new BuildError(`${file}: ${error.message}`);
  }
  check(manifest, file, folder, root);
  const inCheckout = (path) => posix.normalize(posix.join(folder, path));
  return {
    ...manifest,
    folder,
    linkerScript: inCheckout(manifest.linkerScript),
    include: (manifest.include ?? ['.']).map(inCheckout),
    sources: manifest.sources.map(inCheckout),
    flags: manifest.flags ?? [],
    drives: manifest.drives ?? [],
    hypercallHeaders: manifest.hypercallHeaders ?? false,
  };
}

/** Names of all guests: the folders with a guest.json. */
export function listGuests(root) {
  return readdirSync(join(root, 'guests'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, 'guests', entry.name, 'guest.json')))
    .map((entry) => entry.name)
    .sort();
}
