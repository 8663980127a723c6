import { Vector } from '../../cpu/fault';
import * as layout from '../../layout';
import { Register, SegmentIndex } from '../../layout';
import type { CpuModel } from '../form';
import type { Size } from '../size';
import { ADDRESS_16 } from '../addressing';
import { scalesLoneBase } from '../table';
import * as w from '../wasm/expression';
import type { Expr, Operand } from '../wasm/expression';
import { FunctionBuilder } from '../wasm/function';
import { high32, i64, join64 } from '../wasm/i64';
import type { ModuleBuilder } from '../wasm/module';
import { LAZY_FLAGS } from './lazy-flags';

/**
 * The small functions that instruction handlers call: memory through the TLB, stack pushes, lazy flags,
 * near jumps and effective addresses. Each is declared and defined here by name.
 */

const SIZES: readonly Size[] = [8, 16, 32];
const LOAD = { 8: w.load8, 16: w.load16, 32: w.load32 } as const;
const STORE = { 8: w.store8, 16: w.store16, 32: w.store32 } as const;

/** Imports from TypeScript that the runtime needs: slow paths. */
export function declareImports(m: ModuleBuilder): void {
  m.import('slowRead', ['i32', 'i32'], ['i32']);
  m.import('slowWrite', ['i32', 'i32', 'i32']);
  m.import('probeWrite', ['i32', 'i32']);
  m.import('checkAlignment', ['i32', 'i32']);
  m.import('checkSegment', ['i32', 'i32', 'i32', 'i32']);
  m.import('resolveCode', []);
  m.import('checkPrefixes', []);
  m.import('codeBreakpoint', [], ['i32']);
  m.import('compileHere', [], ['i32']);
  m.import('missedOften', ['i32']);
}

export function declareRuntime(m: ModuleBuilder): void {
  for (const size of SIZES) {
    m.declare(`read${size}`, ['i32', 'i32'], ['i32']);
    m.declare(`update${size}`, ['i32', 'i32'], ['i32']);
    m.declare(`write${size}`, ['i32', 'i32', 'i32']);
  }
  m.declare('read64', ['i32', 'i32'], ['i64']);
  m.declare('write64', ['i32', 'i32', 'i64']);
  m.declare('probeStore', ['i32', 'i32', 'i32']);
  for (const size of [16, 32]) m.declare(`push${size}`, ['i32']);
  for (const name of [...Object.keys(LAZY_FLAGS), 'arithmeticFlags']) {
    m.declare(name, [], ['i32']);
  }
  m.declare('jump', ['i32']);
  m.declare('checkLimit', ['i32', 'i32', 'i32', 'i32']);
  m.declare('effectiveAddress', ['i32'], ['i32']);
}

function define(
  m: ModuleBuilder,
  name: string,
  params: number,
  results: 0 | 1,
  body: (f: FunctionBuilder) => void,
): void {
  const types = Array.from({ length: params }, () => 'i32' as const);
  const result = results === 1 ? (['i32'] as const) : [];
  const f = new FunctionBuilder(types, result);
  body(f);
  m.define({ index: m.indexOf(name), params: types, results: result }, f);
}

/** A u32 field of the CPU state. */
export const state = (offset: number): Expr => w.load32(offset);
const setState = (f: FunctionBuilder, offset: number, value: Operand): void => f.emit(w.store32(offset, value));

/** A u32 of a per-segment array. */
const segmentField = (array: number, segment: Expr): Expr => w.load32(w.shl(segment, 2), array);

/** TLB entry of a linear address. */
export const tlbEntry = (linear: Expr): Expr => w.load32(w.shl(w.shrU(linear, 12), 2), layout.TLB);

export const hostPointer = (entry: Expr, linear: Expr): Expr => w.add(w.and(entry, ~0xfff), linear);

/** True if an access of that size stays within its page and the TLB allows it. */
export function fastPath(entry: Expr, mask: number, linear: Expr, bytes: number): Expr {
  const allowed = w.and(entry, state(mask));
  if (bytes === 1) return allowed;
  return w.and(w.ne(allowed, 0), w.leU(w.and(linear, 0xfff), 0x1000 - bytes));
}

/** Leaves a fault pending; -1 stands for no error code. */
export function raise(f: FunctionBuilder, vector: Vector, errorCode = -1): void {
  setState(f, layout.FAULT, vector + 1);
  setState(f, layout.FAULT_ERROR, errorCode);
  setState(f, layout.EXIT, w.or(state(layout.EXIT), layout.EXIT_FAULT));
}

/** Linear address of segment:offset after the segment's checks; returns `onFault` from the function if they fail. */
export function linearAddress(
  f: FunctionBuilder,
  m: ModuleBuilder,
  bytes: Operand,
  write: boolean,
  onFault: () => void,
): Expr {
  const segment = f.param(0);
  const offset = f.param(1);
  const flat = write ? layout.SEG_WRITE_FLAT : layout.SEG_READ_FLAT;
  f.if(w.eqz(w.and(segmentField(layout.SEG_RIGHTS, segment), flat)), () => {
    f.call(m.indexOf('checkLimit'), [segment, offset, bytes, write ? 1 : 0]);
    f.if(state(layout.FAULT), onFault);
  });
  return f.let(w.add(segmentField(layout.SEG_BASE, segment), offset));
}

function defineMemory(m: ModuleBuilder, size: Size): void {
  const bytes = size / 8;
  define(m, `read${size}`, 2, 1, (f) => {
    const linear = linearAddress(f, m, bytes, false, () => f.return(0));
    const entry = f.let(tlbEntry(linear));
    f.if(fastPath(entry, layout.TLB_READ_MASK, linear, bytes), () => f.return(LOAD[size](hostPointer(entry, linear))));
    f.return(f.callValue(m.indexOf('slowRead'), [linear, bytes]));
  });
  define(m, `update${size}`, 2, 1, (f) => {
    const linear = linearAddress(f, m, bytes, true, () => f.return(0));
    const entry = f.let(tlbEntry(linear));
    f.if(fastPath(entry, layout.TLB_WRITE_MASK, linear, bytes), () => f.return(LOAD[size](hostPointer(entry, linear))));
    f.call(m.indexOf('probeWrite'), [linear, bytes]);
    f.if(state(layout.FAULT), () => f.return(0));
    // Through the checks of a read: the type of an execute-or-write-only segment does not matter here.
    f.return(f.callValue(m.indexOf('slowRead'), [linear, bytes]));
  });
  define(m, `write${size}`, 3, 0, (f) => {
    const linear = linearAddress(f, m, bytes, true, () => f.return());
    const entry = f.let(tlbEntry(linear));
    f.if(
      fastPath(entry, layout.TLB_WRITE_MASK, linear, bytes),
      () => f.emit(STORE[size](hostPointer(entry, linear), f.param(2))),
      () => f.call(m.indexOf('slowWrite'), [linear, bytes, f.param(2)]),
    );
  });
}

/** 8-byte accesses, and the check before a store that is made in parts. */
function defineWideMemory(m: ModuleBuilder): void {
  const zero = i64.const(0n);
  const defineTyped = (
    name: string,
    params: ('i32' | 'i64')[],
    results: 'i64'[],
    body: (f: FunctionBuilder) => void,
  ) => {
    const f = new FunctionBuilder(params, results);
    body(f);
    m.define({ index: m.indexOf(name), params, results }, f);
  };
  defineTyped('read64', ['i32', 'i32'], ['i64'], (f) => {
    const linear = linearAddress(f, m, 8, false, () => f.return(zero));
    const entry = f.let(tlbEntry(linear));
    f.if(fastPath(entry, layout.TLB_READ_MASK, linear, 8), () => f.return(i64.load(hostPointer(entry, linear))));
    const low = f.let(f.callValue(m.indexOf('slowRead'), [linear, 4]));
    f.if(state(layout.FAULT), () => f.return(zero));
    const high = f.let(f.callValue(m.indexOf('slowRead'), [w.add(linear, 4), 4]));
    f.if(state(layout.FAULT), () => f.return(zero));
    f.call(m.indexOf('checkAlignment'), [linear, 8]);
    f.return(join64(high, low));
  });
  defineTyped('write64', ['i32', 'i32', 'i64'], [], (f) => {
    const linear = linearAddress(f, m, 8, true, () => f.return());
    const entry = f.let(tlbEntry(linear));
    const value = f.getAs('i64', 2);
    f.if(
      fastPath(entry, layout.TLB_WRITE_MASK, linear, 8),
      () => f.emit(i64.store(hostPointer(entry, linear), value)),
      () => {
        f.call(m.indexOf('probeWrite'), [linear, 8]);
        f.if(state(layout.FAULT), () => f.return());
        f.call(m.indexOf('slowWrite'), [linear, 4, i64.wrap(value)]);
        f.call(m.indexOf('slowWrite'), [w.add(linear, 4), 4, high32(value)]);
      },
    );
  });
  define(m, 'probeStore', 3, 0, (f) => {
    const linear = linearAddress(f, m, f.param(2), true, () => f.return());
    f.call(m.indexOf('probeWrite'), [linear, f.param(2)]);
  });
}

/**
 * Segment check without a fault in the common case: an expand-up segment whose type allows the access and an
 * offset within the limit. All else is left to TypeScript, which raises the right fault or none.
 */
function defineCheckLimit(m: ModuleBuilder): void {
  define(m, 'checkLimit', 4, 0, (f) => {
    const [segment, offset, bytes, write] = [0, 1, 2, 3].map((i) => f.param(i));
    const rights = f.let(segmentField(layout.SEG_RIGHTS, segment));
    const needed = w.select(write, layout.SEG_WRITABLE, layout.SEG_READABLE);
    const plain = w.eq(w.and(rights, w.or(needed, layout.SEG_EXPAND_DOWN)), needed);
    const limit = f.let(segmentField(layout.SEG_LIMIT, segment));
    const last = f.let(w.add(offset, w.sub(bytes, 1)));
    const within = w.and(w.leU(last, limit), w.geU(last, offset));
    f.if(w.eqz(w.and(plain, within)), () => f.call(m.indexOf('checkSegment'), [segment, offset, bytes, write]));
  });
}

function definePush(m: ModuleBuilder, size: 16 | 32): void {
  define(m, `push${size}`, 1, 0, (f) => {
    const esp = layout.REGS + Register.ESP * 4;
    const wide = f.let(state(layout.STACK_32));
    const moved = f.let(w.sub(state(esp), size / 8));
    const offset = f.let(w.select(wide, moved, w.and(moved, 0xffff)));
    f.call(m.indexOf(`write${size}`), [SegmentIndex.SS, offset, f.param(0)]);
    f.if(state(layout.FAULT), () => f.return());
    f.if(
      wide,
      () => setState(f, esp, moved),
      () => f.emit(w.store16(esp, moved)),
    );
  });
}

function defineFlags(m: ModuleBuilder): void {
  const flags = Object.entries(LAZY_FLAGS);
  for (const [name, { mask, bit, derive }] of flags) {
    define(m, name, 0, 1, (f) => {
      f.if(w.and(state(layout.LAZY_MASK), mask), () => f.return(derive()));
      f.return(w.and(w.shrU(state(layout.EFLAGS), bit), 1));
    });
  }
  define(m, 'arithmeticFlags', 0, 1, (f) => {
    const values = flags.map(([name, { bit }]) => w.shl(f.callValue(m.indexOf(name)), bit));
    f.return(values.reduce((all, value) => w.or(all, value)));
  });
}

/** Near jump to an offset in CS: #GP(0) beyond the limit, else the host pointer moves. */
function defineJump(m: ModuleBuilder): void {
  define(m, 'jump', 1, 0, (f) => {
    const target = f.param(0);
    f.if(w.gtU(target, w.load32(layout.SEG_LIMIT + SegmentIndex.CS * 4)), () => {
      raise(f, Vector.GP, 0);
      f.return();
    });
    const ip = f.let(w.add(target, state(layout.IP_DELTA)));
    setState(f, layout.IP, ip);
    f.if(state(layout.TIER_THRESHOLD), () => noteTransfer(f, ip));
  });
}

/** True if an instruction may start at a host pointer without a new translation. */
export function insideWindow(ip: Expr): Expr {
  return w.and(w.geU(ip, state(layout.CODE_START)), w.leU(ip, state(layout.CODE_END)));
}

/** Offset in ENTRY_TABLE of the slot for a host instruction pointer. */
export function entrySlot(ip: Expr): Expr {
  return w.shl(w.and(w.xor(ip, w.shrU(ip, 14)), layout.ENTRY_SLOTS - 1), 4);
}

/** Counts a control transfer to a host pointer; true once there were as many as make it hot. */
export function countTransfer(f: FunctionBuilder, ip: Expr): Expr {
  const counter = f.let(w.shl(w.and(w.xor(ip, w.shrU(ip, 16)), layout.HEAT_COUNTERS - 1), 1));
  const heat = f.let(w.add(w.load16(counter, layout.HEAT_TABLE), 1));
  f.emit(w.store16(counter, heat, layout.HEAT_TABLE));
  return w.geU(heat, state(layout.TIER_THRESHOLD));
}

/** After a taken branch: leaves the interpreter's loop where compiled code is found or due. */
export function noteTransfer(f: FunctionBuilder, ip: Expr): void {
  const enter = () => setState(f, layout.EXIT, w.or(state(layout.EXIT), layout.EXIT_ENTER));
  f.if(
    insideWindow(ip),
    () => {
      const known = w.eq(w.load32(entrySlot(ip), layout.ENTRY_TABLE + layout.ENTRY_IP), ip);
      f.if(known, enter, () => f.if(countTransfer(f, ip), enter));
    },
    enter,
  );
}

const registerAt = (index: Operand): Expr => w.load32(w.shl(index, 2), layout.REGS);

/** Fetches instruction bytes as a value and moves on. */
export function fetch(f: FunctionBuilder, size: Size, signed = false): Expr {
  const raw = LOAD[size](state(layout.IP));
  const value = f.let(!signed || size === 32 ? raw : size === 8 ? w.extend8(raw) : w.extend16(raw));
  setState(f, layout.IP, w.add(state(layout.IP), size / 8));
  return value;
}

/** 1 if this instruction's addresses are 32 bits wide. */
export function address32(): Expr {
  const flipped = w.and(w.shrU(state(layout.PREFIXES), 4), layout.PREFIX_ADDRESS_SIZE >> 4);
  return w.xor(state(layout.CODE_32), flipped);
}

/** The override prefix's segment register, else `standard`. */
export function overridden(f: FunctionBuilder, standard: Operand): Expr {
  const override = f.let(w.and(state(layout.PREFIXES), layout.PREFIX_SEGMENT_MASK));
  return f.let(w.select(override, w.sub(override, 1), standard));
}

/**
 * Offset that a ModR/M byte (already fetched) with its SIB and displacement names; the segment goes to
 * EA_SEGMENT. Intel SDM vol. 2A, tables 2-1 to 2-3.
 */
function defineEffectiveAddress(m: ModuleBuilder, model: CpuModel): void {
  define(m, 'effectiveAddress', 1, 1, (f) => {
    const mod = f.let(w.shrU(f.param(0), 6));
    const rm = f.let(w.and(f.param(0), 7));
    const offset = f.local();
    const segment = f.local();
    f.set(segment, SegmentIndex.DS);
    const wide = f.let(address32());
    const displacement = (size: 16 | 32) => {
      f.if(w.eq(mod, 1), () => f.set(offset, w.add(f.get(offset), fetch(f, 8, true))));
      f.if(w.eq(mod, 2), () => f.set(offset, w.add(f.get(offset), fetch(f, size))));
    };
    const base32 = (base: Expr) => {
      f.if(
        w.and(w.eq(base, 5), w.eqz(mod)),
        () => f.set(offset, fetch(f, 32)),
        () => {
          f.set(offset, registerAt(base));
          f.if(w.eq(w.and(base, 6), 4), () => f.set(segment, SegmentIndex.SS));
        },
      );
    };
    f.if(
      wide,
      () => {
        f.if(
          w.eq(rm, 4),
          () => {
            const sib = fetch(f, 8);
            base32(f.let(w.and(sib, 7)));
            const index = f.let(w.and(w.shrU(sib, 3), 7));
            f.if(
              w.ne(index, 4),
              () => f.set(offset, w.add(f.get(offset), w.shl(registerAt(index), w.shrU(sib, 6)))),
              scalesLoneBase(model)
                ? () => {
                    const isRegister = w.or(w.ne(w.and(sib, 7), 5), mod);
                    f.if(isRegister, () => f.set(offset, w.shl(f.get(offset), w.shrU(sib, 6))));
                  }
                : undefined,
            );
          },
          () => base32(rm),
        );
        displacement(32);
      },
      () => {
        f.switch(
          rm,
          ADDRESS_16.map(([base, index, standard], number) => () => {
            const sum = index === undefined ? registerAt(base) : w.add(registerAt(base), registerAt(index));
            const general = () => {
              f.set(offset, sum);
              f.set(segment, standard);
            };
            if (number === 6) f.if(mod, general, () => f.set(offset, fetch(f, 16)));
            else general();
          }),
        );
        displacement(16);
        f.set(offset, w.and(f.get(offset), 0xffff));
      },
    );
    setState(f, layout.EA_SEGMENT, overridden(f, f.get(segment)));
    f.return(f.get(offset));
  });
}

export function defineRuntime(m: ModuleBuilder, model: CpuModel): void {
  for (const size of SIZES) defineMemory(m, size);
  defineWideMemory(m);
  definePush(m, 16);
  definePush(m, 32);
  defineCheckLimit(m);
  defineFlags(m);
  defineJump(m);
  defineEffectiveAddress(m, model);
}
