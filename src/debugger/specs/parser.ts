import { TextError } from '../text/text-error';
import { didYouMean } from '../text/suggest';
import type { BreakpointSpec, FaultSpec, HypercallSpec, PortReference, PortSpec, SerialSpec, ViaChannel } from './ast';
import { SPEC_KINDS } from './ast';
import { FAULT_VECTORS } from './fault-names';
import { readHitRule } from './hit-rule';
import { SpecScanner } from './scanner';

type SpecBody<T = BreakpointSpec> = T extends BreakpointSpec
  ? Omit<T, 'condition' | 'hit' | 'log' | 'set' | 'via' | 'when'>
  : never;

const CHANNELS: readonly ViaChannel[] = ['trap', 'vtx', 'hypercall'];
const SERIAL_PORTS: readonly SerialSpec['port'][] = ['com1', 'com2', 'com3', 'com4', 'virtio0'];
const PORT_NAME = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$/;
const SYMBOL_NAME = /^[A-Za-z_.$?@~][A-Za-z0-9_.$?@~:]*$/;

function port(scanner: SpecScanner): PortReference {
  const number = scanner.number('a port', 0xffff);
  if (number !== undefined) return { number };
  const { word, start } = scanner.word('a port: a number such as 0x3f8, or a name such as COM1.THR');
  const name = word.split('-')[0];
  if (!PORT_NAME.test(name)) {
    throw new TextError(
      'expected a port: a number such as 0x3f8, or a name such as COM1.THR',
      scanner.text,
      start,
      word.length,
    );
  }
  scanner.at = start;
  scanner.skip(name.length);
  return { name, start };
}

function portSpec(direction: PortSpec['direction']): (scanner: SpecScanner) => SpecBody<PortSpec> {
  return (scanner) => {
    const start = scanner.at;
    const first = port(scanner);
    const spec: SpecBody<PortSpec> = { kind: 'port', direction, first };
    if (scanner.accept('-')) spec.last = port(scanner);
    if (spec.last?.number !== undefined && first.number !== undefined && spec.last.number < first.number) {
      throw new TextError('the range of ports ends before it begins', scanner.text, start, scanner.at - start);
    }
    if (scanner.accept('/')) {
      const at = scanner.at;
      const width = scanner.number('a width in bytes', 0xffff);
      if (width !== 1 && width !== 2 && width !== 4) {
        throw new TextError(
          'the width of an access is 1, 2 or 4 bytes',
          scanner.text,
          at,
          Math.max(1, scanner.at - at),
        );
      }
      spec.width = width;
    }
    return spec;
  };
}

function hypercallSpec(scanner: SpecScanner): SpecBody<HypercallSpec> {
  const number = scanner.number('a hypercall', 0xffffffff);
  if (number !== undefined) return { kind: 'hypercall', target: { number } };
  const expected = 'a hypercall: a name such as OUTB, a number, ABI:NAME, ABI:NUMBER, ABI:* or *';
  const { word, start } = scanner.word(expected);
  if (word === '*') return { kind: 'hypercall', target: '*' };
  const [, abi, name] =
    /^(?:([A-Za-z]\w*):)?([A-Za-z_]\w*)$/.exec(word) ?? /^([A-Za-z]\w*):(\*|\d+|0x[0-9a-f]+)$/i.exec(word) ?? [];
  if (!name) throw new TextError(`expected ${expected}`, scanner.text, start, word.length);
  return { kind: 'hypercall', target: { name, abi, start } };
}

function faultSpec(scanner: SpecScanner): SpecBody<FaultSpec> {
  const expected = 'an exception such as #GP or #PF, a vector, *, or triple';
  const vector = scanner.number('an exception vector', 31);
  if (vector !== undefined) return { kind: 'fault', vector };
  const { word, start } = scanner.word(expected);
  if (word === '*') return { kind: 'fault', vector: '*' };
  if (word.toLowerCase() === 'triple') return { kind: 'fault', vector: 'triple' };
  const upper = word.toUpperCase();
  const known = FAULT_VECTORS.get(upper) ?? FAULT_VECTORS.get(`#${upper}`);
  if (known !== undefined) return { kind: 'fault', vector: known };
  const hint = didYouMean(word, [...FAULT_VECTORS.keys(), 'triple']);
  throw new TextError(`expected ${expected}, found "${word}".${hint}`, scanner.text, start, word.length);
}

/** The part of each kind between its word and the options. */
const BODIES: Readonly<Record<(typeof SPEC_KINDS)[number], (scanner: SpecScanner) => SpecBody>> = {
  in: portSpec('in'),
  out: portSpec('out'),
  io: portSpec('io'),
  hypercall: hypercallSpec,
  fault: faultSpec,
  irq: (scanner) => {
    if (scanner.accept('*')) return { kind: 'irq', line: '*' };
    const line = scanner.number('an interrupt line', 15);
    if (line === undefined) throw scanner.expected('an interrupt line from 0 to 15, or *');
    return { kind: 'irq', line };
  },
  insn: (scanner) => {
    const { word, start } = scanner.word('an instruction such as hlt, cpuid or mov-cr3');
    return { kind: 'insn', name: word.toLowerCase(), start };
  },
  serial: (scanner) => {
    const name = SERIAL_PORTS.find((candidate) => candidate === scanner.peekWord().toLowerCase());
    if (!name) throw scanner.expected('com1, com2, com3, com4 or virtio0', SERIAL_PORTS);
    scanner.skip(name.length);
    const { text, start } = scanner.quoted('the text to wait for, in double quotes');
    if (text === '') throw new TextError('the text to wait for is empty', scanner.text, start, 2);
    return { kind: 'serial', port: name, text };
  },
};

function location(scanner: SpecScanner): SpecBody {
  if (scanner.accept('*')) return { kind: 'address', address: scanner.expression() };
  const { word, start } = scanner.word('a breakpoint');
  if (!SYMBOL_NAME.test(word)) {
    const kinds = SPEC_KINDS.join(', ');
    throw new TextError(
      `expected ${kinds}, a function, or *ADDRESS, found "${word}"`,
      scanner.text,
      start,
      word.length,
    );
  }
  return { kind: 'function', name: word, start };
}

type Option = (scanner: SpecScanner, spec: BreakpointSpec) => void;

const COMMON_OPTIONS: Readonly<Record<string, Option>> = {
  if: (scanner, spec) => {
    spec.condition = scanner.expression();
  },
  hit: (scanner, spec) => {
    const { rule, end } = readHitRule(scanner.text, scanner.at);
    scanner.skip(end - scanner.at);
    spec.hit = rule;
  },
  log: (scanner, spec) => {
    spec.log = scanner.quoted('the text to write, in double quotes');
  },
};

function onPorts(apply: (scanner: SpecScanner, spec: PortSpec) => void): Option {
  return (scanner, spec) => {
    if (spec.kind === 'port') apply(scanner, spec);
  };
}

const PORT_OPTIONS: Readonly<Record<string, Option>> = {
  via: onPorts((scanner, spec) => {
    const channel = CHANNELS.find((candidate) => candidate === scanner.peekWord().toLowerCase());
    if (!channel) throw scanner.expected('trap, vtx or hypercall', CHANNELS);
    scanner.skip(channel.length);
    spec.via = channel;
  }),
  before: onPorts((_scanner, spec) => {
    spec.when = 'before';
  }),
  after: onPorts((_scanner, spec) => {
    spec.when = 'after';
  }),
  ...COMMON_OPTIONS,
  set: onPorts((scanner, spec) => {
    spec.set = scanner.expression();
  }),
};

/** `before` and `after` exclude each other: they are one option. */
function optionKey(word: string): string {
  return word === 'after' ? 'before' : word;
}

function options(scanner: SpecScanner, spec: BreakpointSpec): void {
  const allowed = spec.kind === 'port' ? PORT_OPTIONS : COMMON_OPTIONS;
  const seen = new Set<string>();
  while (!scanner.done) {
    const word = scanner.peekWord();
    const name = word.toLowerCase();
    if (!Object.hasOwn(allowed, name)) {
      if (Object.hasOwn(PORT_OPTIONS, name)) {
        throw new TextError(`"${name}" is for breakpoints on ports only`, scanner.text, scanner.at, word.length);
      }
      const names = Object.keys(allowed);
      throw scanner.expected(`${names.slice(0, -1).join(', ')} or ${names[names.length - 1]}`, names);
    }
    if (seen.has(optionKey(name))) {
      throw new TextError(`"${name}" is given twice`, scanner.text, scanner.at, word.length);
    }
    seen.add(optionKey(name));
    scanner.skip(word.length);
    allowed[name](scanner, spec);
  }
}

/**
 * Parses a breakpoint spec (DESIGN section 6, docs/breakpoints.md). Names of ports, hypercalls, instructions and
 * functions are not looked up here.
 * @throws TextError that points at the place and says what was expected
 */
export function parseSpec(text: string): BreakpointSpec {
  const scanner = new SpecScanner(text);
  if (scanner.done) throw scanner.expected(`a breakpoint: ${SPEC_KINDS.join(', ')}, a function, or *ADDRESS`);
  const word = scanner.peekWord();
  const kind = SPEC_KINDS.find((candidate) => candidate === word.toLowerCase());
  let spec: BreakpointSpec;
  if (kind) {
    scanner.skip(word.length);
    spec = BODIES[kind](scanner);
  } else {
    spec = location(scanner);
    if (spec.kind === 'function') checkForMistypedKind(scanner, spec.name, spec.start);
  }
  options(scanner, spec);
  return spec;
}

/** `outt 0x3f8` is a mistyped kind rather than a function followed by something strange. */
function checkForMistypedKind(scanner: SpecScanner, word: string, start: number): void {
  const next = scanner.peekWord();
  if (!/^[\w#]/.test(next) || Object.hasOwn(PORT_OPTIONS, next.toLowerCase())) return;
  const hint = didYouMean(word, SPEC_KINDS);
  if (hint !== '') throw new TextError(`"${word}" is no kind of breakpoint.${hint}`, scanner.text, start, word.length);
}
