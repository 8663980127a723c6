import { FLAG_CF, FLAG_OF, FLAG_ZF } from '../../layout';
import type { Emitter } from '../emitter';
import { type Form, form, type FormOptions, type MemoryAccess, type OperandAccess } from '../form';
import type { Size } from '../size';
import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';

/** New value of the word that holds the bit, or undefined for BT. */
type Change = ((value: Expr, mask: Expr) => Expr) | undefined;

const CHANGES: readonly [string, Change][] = [
  ['BT', undefined],
  ['BTS', w.or],
  ['BTR', (value, mask) => w.and(value, w.not(mask))],
  ['BTC', w.xor],
];

/** Sets flags by the value that holds the bit, whose number is within it. */
type Flags = (e: Emitter, size: Size, value: Expr, bit: Expr) => void;

/** The other flags are undefined, and stay. */
const carryOnly: Flags = (e, _, value, bit) => e.setFlags(FLAG_CF, e.let(w.and(w.shrU(value, bit), 1)));

/**
 * On the 386 OF too changes: it compares the two top bits of the value rotated right by the bit's number (recorded on
 * a 386EX: SingleStepTests/80386, issue 4).
 */
const carryAndOverflow: Flags = (e, size, value, bit) => {
  const carry = e.let(w.and(w.shrU(value, bit), 1));
  const top = w.shrU(value, w.and(w.sub(bit, 1), size - 1));
  const below = w.shrU(value, w.and(w.sub(bit, 2), size - 1));
  const overflow = w.and(w.xor(top, below), 1);
  e.setFlags(FLAG_CF | FLAG_OF, e.let(w.or(carry, w.shl(overflow, 11))));
};

/** The bit number taken modulo the operand size. */
const withinOperand = (change: Change, flags: Flags) => (e: Emitter, dst: OperandAccess, number: OperandAccess) => {
  const bit = e.let(w.and(number.read(), dst.size - 1));
  const value = change ? dst.readForUpdate() : dst.read();
  flags(e, dst.size, value, bit);
  if (change) dst.write(change(value, w.shl(1, bit)));
};

/** A bit string in memory: the (signed) bit number may reach words before and after the operand. */
const inBitString = (change: Change, flags: Flags) => (e: Emitter, dst: MemoryAccess, number: OperandAccess) => {
  const size = e.operandSize;
  const raw = number.read();
  const signed = size === 16 ? w.extend16(raw) : raw;
  const words = w.shrS(signed, size === 16 ? 4 : 5);
  const wide = e.let(w.add(dst.offset, w.mul(words, size / 8)));
  const offset = e.let(w.select(e.address32(), wide, w.and(wide, 0xffff)));
  const bit = e.let(w.and(raw, size - 1));
  const value = change ? e.loadForUpdate(size, dst.segment, offset) : e.load(size, dst.segment, offset);
  flags(e, size, value, bit);
  if (change) e.store(size, dst.segment, offset, change(value, w.shl(1, bit)));
};

/** BSF and BSR leave the destination alone and set ZF when the source is zero. */
const scan = (position: (value: Expr) => Expr) => (e: Emitter, dst: OperandAccess, src: OperandAccess) => {
  const value = src.read();
  e.setFlags(FLAG_ZF, w.mul(w.eqz(value), FLAG_ZF));
  e.if(value, () => dst.write(position(value)));
};

const hex = (value: number) => value.toString(16);

/** The bit-test family. The 386 takes LOCK with BT too (386 DX Programmer's Reference Manual, LOCK), the 486 does not. */
const bitTests = (flags: Flags, lockTest: boolean, options: FormOptions): Form[] =>
  CHANGES.flatMap(([mnemonic, change], i) => {
    const lock = { ...options, lockable: lockTest || change !== undefined };
    return [
      ...form(mnemonic, `0F ${hex(0xa3 + i * 8)} reg`, 'Ev Gv', withinOperand(change, flags), options),
      ...form(mnemonic, `0F ${hex(0xa3 + i * 8)} mem`, 'M Gv', inBitString(change, flags), lock),
      ...form(mnemonic, `0F BA /${i + 4}`, 'Ev Ib', withinOperand(change, flags), lock),
    ];
  });

export const bitForms = (): readonly Form[] => [
  ...bitTests(carryAndOverflow, true, { until: '386' }),
  ...bitTests(carryOnly, false, { since: '486' }),
  ...form('BSF', '0F BC', 'Gv Ev', scan(w.ctz)),
  ...form(
    'BSR',
    '0F BD',
    'Gv Ev',
    scan((value) => w.sub(31, w.clz(value))),
  ),
];
