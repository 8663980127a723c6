import * as fs from 'node:fs';
import { closeSync, openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { AdapterHost, Sink } from '../engine';

// Not of node:fs/promises, which takes some milliseconds to load.
const readFile = promisify(fs.readFile);
const writeFile = promisify(fs.writeFile);

/** System errors that users meet, in words. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  ENOSPC: 'no space left on the device',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many open files',
};

/** An error that names the path and says what went wrong, without the system call. */
function fileError(verb: string, path: string, error: unknown): Error {
  const { code = '', message = '' } = error as NodeJS.ErrnoException;
  return new Error(`${path}: cannot be ${verb}: ${REASONS[code] ?? message}`);
}

class FileSink implements Sink {
  private failed = false;

  constructor(
    private readonly path: string,
    private readonly descriptor: number,
    private readonly warn: (message: string) => void,
  ) {}

  write(data: Uint8Array): void {
    if (this.failed) return;
    try {
      for (let at = 0; at < data.length; ) at += writeSync(this.descriptor, data, at);
    } catch (error) {
      this.failed = true;
      this.warn(fileError('written', this.path, error).message);
    }
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** What differs between the programs that run on node. */
export interface NodeHostOptions {
  /** Relative paths start here; the process's directory if left out. */
  cwd?: string;
  /** Where the files that ship with Ringside lie. */
  assets: string;
  /** Told of what goes wrong while the guest runs. */
  warn?: (message: string) => void;
}

/** Files, time and slices of node. */
export function nodeHost({ cwd = process.cwd(), assets, warn = () => {} }: NodeHostOptions): AdapterHost {
  return {
    async readFile(path) {
      const absolute = resolve(cwd, path);
      try {
        return new Uint8Array(await readFile(absolute));
      } catch (error) {
        throw fileError('read', absolute, error);
      }
    },
    async writeFile(path, data) {
      const absolute = resolve(cwd, path);
      try {
        await writeFile(absolute, data);
      } catch (error) {
        throw fileError('written', absolute, error);
      }
    },
    async readAsset(name) {
      return new Uint8Array(await readFile(resolve(assets, name)));
    },
    defer: (task, milliseconds) => void (milliseconds ? setTimeout(task, milliseconds) : setImmediate(task)),
    nanoseconds: () => Number(process.hrtime.bigint()),
    wallClock: () => Date.now(),
    openSink(path) {
      const absolute = resolve(cwd, path);
      try {
        return new FileSink(absolute, openSync(absolute, 'w'), warn);
      } catch (error) {
        throw fileError('written', absolute, error);
      }
    },
  };
}
