import { type LockstepCase, encodeCase } from './case';
import {
  BATCH,
  BATCH_CONSOLE,
  BATCH_COUNT,
  BATCH_DUMP,
  BATCH_NEXT,
  BATCH_OUTPUT,
  BATCH_TABLE,
  RECORDS,
  TEMPLATE,
} from './layout';
import type { Window } from './window';

export interface BatchOptions {
  /** Index of the first case to run. */
  readonly first: number;
  /** The whole window behind each record. */
  readonly dump: boolean;
  /** Records go to port 0xe9 at the end, for emulators whose memory cannot be read. */
  readonly console: boolean;
}

/** Bytes for physical memory. */
export interface MemoryPart {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** What has to be in memory for the recorder to run the cases. */
export function encodeBatch(cases: readonly LockstepCase[], template: Window, options: BatchOptions): MemoryPart[] {
  const encoded = cases.map((test) => encodeCase(test, template));
  const header = BATCH_TABLE + cases.length * 4;
  const words = new Uint32Array((header + encoded.reduce((sum, { byteLength }) => sum + byteLength, 0)) / 4);
  words[BATCH_COUNT / 4] = cases.length;
  words[BATCH_NEXT / 4] = options.first;
  words[BATCH_OUTPUT / 4] = RECORDS;
  words[BATCH_DUMP / 4] = options.dump ? 1 : 0;
  words[BATCH_CONSOLE / 4] = options.console ? 1 : 0;
  let at = header / 4;
  encoded.forEach((part, i) => {
    words[BATCH_TABLE / 4 + i] = BATCH + at * 4;
    words.set(part, at);
    at += part.length;
  });
  return [
    { address: TEMPLATE, bytes: template.bytes },
    { address: BATCH, bytes: new Uint8Array(words.buffer) },
  ];
}
