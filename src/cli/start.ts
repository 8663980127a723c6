import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

/**
 * `dist/cli.js`: starts the program, `dist/ringside.js`, with the code that V8 made of it before, so that it need not be
 * parsed and compiled again. That is a file for each command (each uses other parts) and version of V8, made by the
 * build; without one that V8 takes, the program starts all the same, 0.1 s later.
 *
 * RINGSIDE_CODE_CACHE names another folder for these files. There they are also written, when the process ends.
 */

/** Digest of the program's text, put in by the build: compiled code of another text must not be taken. */
declare const PROGRAM_DIGEST: string;

const PROGRAM = join(__dirname, 'ringside.js');
const writable = process.env.RINGSIDE_CODE_CACHE;
const folder = writable ?? join(__dirname, 'code-cache');

function cacheFile(): string {
  const command = /^[a-z]+$/.test(process.argv[2] ?? '') ? process.argv[2] : 'other';
  return join(folder, `${command}-${PROGRAM_DIGEST}-${process.versions.v8}-${process.arch}.bin`);
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** Keeps what V8 has compiled so far for the next start. Others may be doing the same. */
function keep(script: Script, path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const own = `${path}.${process.pid}`;
    writeFileSync(own, script.createCachedData());
    renameSync(own, path);
  } catch {
    // It stays a slow start.
  }
}

const path = cacheFile();
// The bundler escapes all that is not ASCII; read as Latin-1 the text takes half the memory.
const text = readFileSync(PROGRAM, 'latin1');
const script = new Script(`(function(exports,require,module,__filename,__dirname){${text}\n})`, {
  filename: PROGRAM,
  cachedData: readIfThere(path),
});
if (writable !== undefined && script.cachedDataRejected !== false) process.on('exit', () => keep(script, path));
(script.runInThisContext() as (...scope: unknown[]) => void)(exports, require, module, PROGRAM, __dirname);
