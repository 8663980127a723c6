import {
  array,
  boolean,
  dictionary,
  integer,
  object,
  oneOf,
  optional,
  primitive,
  type Schema,
  SchemaError,
  string,
} from '../schema/schema';
import { MAX_MEMORY_MB } from '../../src/debugger/types';
import { didYouMean } from '../schema/did-you-mean';

/** Attributes that editors add to every debug configuration; they are none of the adapter's business. */
const EDITOR_ATTRIBUTES = new Set([
  'type',
  'request',
  'name',
  'noDebug',
  'cwd',
  'preLaunchTask',
  'postDebugTask',
  'internalConsoleOptions',
  'debugServer',
  'presentation',
  'serverReadyAction',
  'suppressMultipleSessionWarning',
  'debugAdapter',
  'trace',
  'windows',
  'linux',
  'osx',
]);

/** A number, or a string such as `0x100000`. */
const address: Schema<number> = {
  check(value, path) {
    const number = typeof value === 'string' && /^(0x[0-9a-f]+|\d+)$/i.test(value) ? Number(value) : value;
    if (!Number.isInteger(number) || (number as number) < 0 || (number as number) > 0xffffffff) {
      throw new SchemaError(
        path,
        `expected an address, a number or a string such as "0x100000", got ${JSON.stringify(value)}`,
      );
    }
    return number as number;
  },
};

const stringOrList: Schema<string[]> = {
  check: (value, path) => (typeof value === 'string' ? [value] : array(string).check(value, path)),
};

/** What is in the object is checked where it is used. */
const stringOrObject = primitive(
  'a string or an object',
  (value): value is string | Readonly<Record<string, unknown>> =>
    typeof value === 'string' || (typeof value === 'object' && value !== null && !Array.isArray(value)),
);

const serialSide = primitive(
  'terminal, console, none or file:PATH',
  (value): value is string => typeof value === 'string' && /^(terminal|console|none|file:.+)$/.test(value),
);

const privilege = primitive('0 or 1', (value): value is 0 | 1 => value === 0 || value === 1);

/** ISO 8601, to milliseconds since 1970. Without a zone it is UTC, so that a run does not depend on where it runs. */
const moment: Schema<number> = {
  check(value, path) {
    const expected = 'expected a date and time such as "2007-02-14T12:00:00Z"';
    if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.test(value)) {
      throw new SchemaError(path, `${expected}, got ${JSON.stringify(value)}`);
    }
    const zoned = /T/.test(value) && !/(Z|[+-]\d\d:\d\d)$/.test(value) ? `${value}Z` : value;
    const milliseconds = Date.parse(zoned);
    if (Number.isNaN(milliseconds)) throw new SchemaError(path, `${expected}; there is no ${value}`);
    return milliseconds;
  },
};

/** An object that refuses members it does not know, with a suggestion. */
function strict<M extends Readonly<Record<string, Schema<unknown>>>>(members: M): ReturnType<typeof object<M>> {
  return object(members, (key, path) => refuse(path ? `${path}.${key}` : key, key, Object.keys(members)));
}

function refuse(path: string, key: string, known: string[]): never {
  throw new SchemaError(path, `there is no such attribute${didYouMean(key, known)}`);
}

const ATTRIBUTES = {
  program: optional(string),
  format: optional(oneOf('multiboot', 'bzimage', 'boot', 'flat', 'elf')),
  loadAddress: optional(address),
  entry: optional(address),
  symbols: optional(stringOrList),
  sourceMap: optional(dictionary(string)),
  initrd: optional(string),
  commandLine: optional(string),
  memoryMB: optional(integer(1, MAX_MEMORY_MB)),
  cpu: optional(oneOf('386', '486', 'pentium', 'pentium2', 'pentium3', 'pentium4')),
  drives: optional(
    array(
      strict({
        file: string,
        kind: optional(oneOf('disk', 'cdrom', 'floppy')),
        interface: optional(oneOf('ide', 'virtio')),
        snapshot: optional(boolean),
      }),
    ),
  ),
  bios: optional(string),
  hypervisor: optional(
    strict({
      mode: optional(oneOf('none', 'trap', 'vtx', 'vmi')),
      disableIoOps: optional(boolean),
      costProfile: optional(stringOrObject),
      charge: optional(boolean),
      abis: optional(array(string)),
      guestInfo: optional(dictionary(string)),
      vmi: optional(
        strict({
          privilege: optional(privilege),
          virtualTop: optional(address),
          checkPages: optional(oneOf('off', 'report')),
          answers: optional(dictionary(oneOf('call', 'jump', 'nop', 'none'))),
        }),
      ),
    }),
  ),
  stopOnEntry: optional(boolean),
  serial: optional(
    strict({
      com1: optional(serialSide),
      com2: optional(serialSide),
      com3: optional(serialSide),
      com4: optional(serialSide),
      virtio0: optional(serialSide),
    }),
  ),
  record: optional(strict({ enabled: optional(boolean), memoryMB: optional(integer(1)) })),
  breakpoints: optional(array(string)),
  portMaps: optional(array(string)),
  clock: optional(moment),
  maxInstructions: optional(integer(1)),
};

/** Names of all launch attributes. */
export const ATTRIBUTE_NAMES: readonly string[] = Object.keys(ATTRIBUTES);

/** The attributes of a launch request, checked: an unknown or ill-typed one is a SchemaError that names it. */
export const launchAttributes = object(ATTRIBUTES, (key) => {
  // Editors keep private data under names with two underscores.
  if (!EDITOR_ATTRIBUTES.has(key) && !key.startsWith('__')) refuse(key, key, Object.keys(ATTRIBUTES));
});

/** What the adapter itself wants to know of a launch request. */
export const launchOptions = object({ noDebug: optional(boolean), cwd: optional(string) });
