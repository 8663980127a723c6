import type { CostParts } from './cost-parts';
import {
  type Basis,
  CALL_KINDS,
  type CostFigure,
  type CostProfile,
  EXIT_KINDS,
  type PartFigures,
} from './cost-profile';
import { COST_PROFILES, DEFAULT_COST_PROFILE, findCostProfile } from './profiles';

/** What is wrong with a profile of the user's own, and where: `trap.port.decode: expected …`. */
export class CostProfileError extends Error {
  constructor(
    readonly path: string,
    problem: string,
  ) {
    super(path === '' ? problem : `${path}: ${problem}`);
  }
}

/** More cycles than anything takes, and few enough that sums stay exact. */
const MOST_CYCLES = 1_000_000_000;
const PARTS: readonly (keyof CostParts)[] = ['transition', 'decode', 'device', 'return'];
const BASES: readonly Basis[] = ['measured', 'derived', 'assumed', 'given'];
const DEFAULT_NOTE = "stands in the user's profile without a note";

type Members = Readonly<Record<string, unknown>>;

function at(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** The members of an object that has none but the known ones. @throws CostProfileError */
function members(value: unknown, path: string, known: readonly string[]): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CostProfileError(path, `expected an object, got ${shown(value)}`);
  }
  const stranger = Object.keys(value).find((key) => !known.includes(key));
  if (stranger !== undefined) {
    throw new CostProfileError(at(path, stranger), `there is no such member; there are ${known.join(', ')}`);
  }
  return value as Members;
}

function text(value: unknown, path: string, inherited: string): string {
  if (value === undefined) return inherited;
  if (typeof value !== 'string' || value.trim() === '') {
    throw new CostProfileError(path, `expected a text that is not empty, got ${shown(value)}`);
  }
  return value;
}

function wholeNumber(value: unknown, path: string, low: number, high: number, what: string): number {
  if (!Number.isInteger(value) || (value as number) < low || (value as number) > high) {
    throw new CostProfileError(path, `expected ${what}, a whole number from ${low} to ${high}, got ${shown(value)}`);
  }
  return value as number;
}

/** Cycles alone, or with their basis and a note. */
function figure(value: unknown, path: string, inherited: CostFigure): CostFigure {
  if (value === undefined) return inherited;
  if (typeof value !== 'object' || value === null) {
    return { cycles: wholeNumber(value, path, 0, MOST_CYCLES, 'cycles'), basis: 'given', note: DEFAULT_NOTE };
  }
  const { cycles, basis, note } = members(value, path, ['cycles', 'basis', 'note']);
  if (basis !== undefined && !BASES.includes(basis as Basis)) {
    throw new CostProfileError(at(path, 'basis'), `expected one of ${BASES.join(', ')}, got ${shown(basis)}`);
  }
  return {
    cycles: wholeNumber(cycles, at(path, 'cycles'), 0, MOST_CYCLES, 'cycles'),
    basis: (basis as Basis | undefined) ?? 'given',
    note: text(note, at(path, 'note'), DEFAULT_NOTE),
  };
}

function parts(value: unknown, path: string, inherited: PartFigures): PartFigures {
  if (value === undefined) return inherited;
  const given = members(value, path, PARTS);
  return {
    transition: figure(given.transition, at(path, 'transition'), inherited.transition),
    decode: figure(given.decode, at(path, 'decode'), inherited.decode),
    device: figure(given.device, at(path, 'device'), inherited.device),
    return: figure(given.return, at(path, 'return'), inherited.return),
  };
}

function kinds<K extends string>(
  value: unknown,
  path: string,
  names: readonly K[],
  inherited: Readonly<Record<K, PartFigures>>,
): Readonly<Record<K, PartFigures>> {
  if (value === undefined) return inherited;
  const given = members(value, path, names);
  const entries = names.map((name) => [name, parts(given[name], at(path, name), inherited[name])] as const);
  return Object.fromEntries(entries) as Record<K, PartFigures>;
}

function baseProfile(value: unknown): CostProfile {
  if (value === undefined) return DEFAULT_COST_PROFILE;
  const found = typeof value === 'string' ? findCostProfile(value) : undefined;
  if (found) return found;
  const names = COST_PROFILES.map(({ name }) => name).join(', ');
  throw new CostProfileError('base', `expected the name of a profile (${names}), got ${shown(value)}`);
}

const MEMBERS = [
  'base',
  'name',
  'processor',
  'year',
  'megahertz',
  'doc',
  'native',
  'trap',
  'vtx',
  'hypercall',
  'vmcall',
];

/**
 * A profile of the user's own (docs/cost-profiles.md). What it leaves out comes from the profile that it names as `base`,
 * the default profile unless it says so.
 * @param name if the definition has none
 * @throws CostProfileError naming the place
 */
export function customCostProfile(definition: unknown, name: string): CostProfile {
  const given = members(definition, '', MEMBERS);
  const base = baseProfile(given.base);
  const { year, megahertz } = given;
  return {
    name: text(given.name, 'name', name),
    processor: text(given.processor, 'processor', base.processor),
    year: year === undefined ? base.year : wholeNumber(year, 'year', 1970, 2100, 'a year'),
    megahertz: megahertz === undefined ? base.megahertz : wholeNumber(megahertz, 'megahertz', 1, 100_000, 'a clock'),
    doc: text(given.doc, 'doc', `A profile of the user's own, based on ${base.name}.`),
    native: figure(given.native, 'native', base.native),
    trap: kinds(given.trap, 'trap', EXIT_KINDS, base.trap),
    vtx: kinds(given.vtx, 'vtx', EXIT_KINDS, base.vtx),
    hypercall: kinds(given.hypercall, 'hypercall', CALL_KINDS, base.hypercall),
    vmcall: kinds(given.vmcall, 'vmcall', CALL_KINDS, base.vmcall),
  };
}
