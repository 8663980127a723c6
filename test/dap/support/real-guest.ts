import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { nodeHost } from '../../../debugAdapter/host/node';
import { ringsideEngine } from '../../../debugAdapter/ringside-engine';
import { Client } from './client';

/** Root of the repository. */
export const ROOT = resolve(__dirname, '..', '..', '..');
const ASSETS = dirname(require.resolve('iced-x86/package.json'));

/** A file that scripts/build-guests.mjs has built. */
export function builtGuest(file: string): string {
  const path = join(ROOT, 'dist', 'guests', file);
  if (!existsSync(path)) throw new Error(`${path} is missing: run "npm run build:guests" first`);
  return path;
}

/** Path of a file in guests/. */
export function guestSource(file: string): string {
  return join(ROOT, 'guests', file);
}

/** The line of a file that holds a text, from 1. */
export function lineOf(path: string, text: string): number {
  const line = readFileSync(path, 'utf8')
    .split('\n')
    .findIndex((candidate) => candidate.includes(text));
  if (line < 0) throw new Error(`${path} has no "${text}"`);
  return line + 1;
}

/** A client of an adapter with the real engine behind it. */
export function realClient(): Client {
  return new Client(ringsideEngine, (cwd) => nodeHost({ cwd: cwd ?? ROOT, assets: ASSETS }));
}
