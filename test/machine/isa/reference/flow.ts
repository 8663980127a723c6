import { Vector } from '../../../../src/machine/cpu/fault';
import { FLAG_DF, FLAG_ZF, FLAGS_ARITHMETIC } from '../../../../src/machine/layout';
import { type Bits, subtract } from './arithmetic';
import { CONDITIONS, conditionHolds } from './integer';
import type { Reference, Subject, World } from './world';

/** Stack, branches and single elements of string instructions (Intel SDM vol. 2), on flat 32-bit segments. */

const [ECX, ESP, EBP, ESI, EDI] = [1, 4, 5, 6, 7];
const bytesOf = ({ operandSize }: Subject) => (operandSize / 8) as 2 | 4;

/** EIP takes on 16 bits only where operands have 16. */
function jump({ world, operandSize }: Subject, target: number): void {
  world.eip = operandSize === 16 ? target & 0xffff : target >>> 0;
}

const relative = (s: Subject) => jump(s, s.world.eip + (s.places[0] as { value: number }).value);

const push: Reference = (s) => void s.world.push(bytesOf(s), s.world.get(s.places[0]));

const pop: Reference = (s) => {
  const value = s.world.pop(bytesOf(s));
  s.world.set(s.places[0], value);
  return undefined;
};

const pushAll: Reference = (s) => {
  const before = [...s.world.registers];
  for (const index of [0, 1, 2, 3, 4, 5, 6, 7]) s.world.push(bytesOf(s), before[index]);
  return undefined;
};

const popAll: Reference = (s) => {
  for (const index of [7, 6, 5, 4, 3, 2, 1, 0]) {
    const value = s.world.pop(bytesOf(s));
    if (index !== ESP) s.world.setRegister(s.operandSize, index, value);
  }
  return undefined;
};

const enter: Reference = (s) => {
  const { world, places } = s;
  const bytes = bytesOf(s);
  const [allocation, nesting] = [world.get(places[0]), world.get(places[1]) & 31];
  world.push(bytes, world.registers[EBP]);
  const frame = world.registers[ESP];
  if (nesting > 0) {
    for (let i = 1; i < nesting; i++) world.push(bytes, world.read(world.registers[EBP] - i * bytes, bytes));
    world.push(bytes, frame);
  }
  world.setRegister(s.operandSize, EBP, frame);
  world.registers[ESP] = (world.registers[ESP] - allocation) >>> 0;
  return undefined;
};

const leave: Reference = (s) => {
  s.world.registers[ESP] = s.world.registers[EBP];
  s.world.setRegister(s.operandSize, EBP, s.world.pop(bytesOf(s)));
  return undefined;
};

const call: Reference = (s) => {
  const back = s.world.eip;
  const [target] = s.places;
  const to = target.kind === 'constant' ? back + target.value : s.world.get(target);
  s.world.push(bytesOf(s), back);
  jump(s, to);
  return undefined;
};

const returnNear: Reference = (s) => {
  jump(s, s.world.pop(bytesOf(s)));
  const release = s.places.length > 0 ? s.world.get(s.places[0]) : 0;
  s.world.registers[ESP] = (s.world.registers[ESP] + release) >>> 0;
  return undefined;
};

const loop =
  (goesOn: (world: World) => boolean): Reference =>
  (s) => {
    const { world, addressSize } = s;
    world.setRegister(addressSize, ECX, world.register(addressSize, ECX) - 1);
    if (world.register(addressSize, ECX) !== 0 && goesOn(world)) relative(s);
    return undefined;
  };

const bound: Reference = ({ world, places, address, operandSize }) => {
  const value = (raw: number) => (operandSize === 16 ? (raw << 16) >> 16 : raw | 0);
  const [lower, upper] = [0, 1].map((i) => value(world.read(address + (i * operandSize) / 8, operandSize / 8)));
  const index = value(world.get(places[0]));
  return index < lower || index > upper ? { fault: Vector.BR } : undefined;
};

/** Offset in an index register by address size. */
const offset = ({ world, addressSize }: Subject, register: number) => world.register(addressSize, register);

function advance(s: Subject, register: number, bytes: number): void {
  const step = s.world.flag(FLAG_DF) ? -bytes : bytes;
  s.world.setRegister(s.addressSize, register, offset(s, register) + step);
}

const element =
  (work: (s: Subject, bytes: 1 | 2 | 4) => void, wide: boolean): Reference =>
  (s) =>
    void work(s, wide ? bytesOf(s) : 1);

function compare(world: World, a: number, b: number, bytes: number): void {
  world.setFlags(subtract(BigInt(a), BigInt(b), 0n, (bytes * 8) as Bits).flags, FLAGS_ARITHMETIC);
}

const STRINGS: Readonly<Record<string, (s: Subject, bytes: 1 | 2 | 4) => void>> = {
  MOVS: (s, bytes) => {
    s.world.write(offset(s, EDI), bytes, s.world.read(offset(s, ESI), bytes));
    advance(s, ESI, bytes);
    advance(s, EDI, bytes);
  },
  CMPS: (s, bytes) => {
    compare(s.world, s.world.read(offset(s, ESI), bytes), s.world.read(offset(s, EDI), bytes), bytes);
    advance(s, ESI, bytes);
    advance(s, EDI, bytes);
  },
  STOS: (s, bytes) => {
    s.world.write(offset(s, EDI), bytes, s.world.registers[0]);
    advance(s, EDI, bytes);
  },
  LODS: (s, bytes) => {
    s.world.setRegister((bytes * 8) as Bits, 0, s.world.read(offset(s, ESI), bytes));
    advance(s, ESI, bytes);
  },
  SCAS: (s, bytes) => {
    compare(s.world, s.world.register((bytes * 8) as Bits, 0), s.world.read(offset(s, EDI), bytes), bytes);
    advance(s, EDI, bytes);
  },
};

/** One element of a string instruction; `wide` is the low bit of the opcode. */
export function stringReference(mnemonic: string, wide: boolean): Reference | undefined {
  const work = STRINGS[mnemonic];
  return work && element(work, wide);
}

export const FLOW: Readonly<Record<string, Reference>> = {
  PUSH: push,
  POP: pop,
  PUSHA: pushAll,
  POPA: popAll,
  ENTER: enter,
  LEAVE: leave,
  CALL: call,
  RET: returnNear,
  JMP: (s) => void (s.places[0].kind === 'constant' ? relative(s) : jump(s, s.world.get(s.places[0]))),
  LOOP: loop(() => true),
  LOOPE: loop((world) => world.flag(FLAG_ZF)),
  LOOPNE: loop((world) => !world.flag(FLAG_ZF)),
  JCXZ: (s) => {
    if (s.world.register(s.addressSize, ECX) === 0) relative(s);
    return undefined;
  },
  BOUND: bound,
  ...Object.fromEntries(
    CONDITIONS.map((name): [string, Reference] => [
      `J${name}`,
      (s) => {
        if (conditionHolds(name, s.world.flags)) relative(s);
        return undefined;
      },
    ]),
  ),
};
