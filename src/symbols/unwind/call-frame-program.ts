import { ByteReader } from '../byte-reader';
import { SymbolError } from '../errors';
import type { CfaRule, RegisterRule } from './rules';

/** Common information entry: what many functions share (DWARF 5, section 6.4.1). */
export interface CommonEntry {
  codeAlignment: number;
  dataAlignment: number;
  returnColumn: number;
  signalFrame: boolean;
  /** Encoding of pointers, `DW_EH_PE_` (LSB Core, section 10.5.1); 0 is a plain address. */
  pointerEncoding: number;
  /** Entries of `z` augmentations have their own augmentation data. */
  augmented: boolean;
  instructions: Uint8Array;
}

/** One row of the table that a call frame program describes. */
interface Row {
  cfa: CfaRule | undefined;
  registers: Map<number, RegisterRule>;
}

/** States that a program may remember; more are a sign of damage. */
const MAX_REMEMBERED = 1000;

/** Runs call frame instructions (DWARF 5, section 6.4.2) up to the row that holds an address. */
class Interpreter {
  location: number;
  row: Row = { cfa: undefined, registers: new Map() };
  initial: ReadonlyMap<number, RegisterRule> = new Map();
  readonly remembered: Row[] = [];

  constructor(
    readonly common: CommonEntry,
    start: number,
    readonly target: number,
    readonly section: string,
  ) {
    this.location = start;
  }

  run(instructions: Uint8Array): void {
    const reader = new ByteReader(instructions, this.section);
    while (!reader.atEnd && this.location <= this.target) {
      const byte = reader.u8();
      const low = byte & 0x3f;
      switch (byte >> 6) {
        case 1:
          this.advance(low);
          break;
        case 2:
          this.row.registers.set(low, this.savedAt(reader.uleb()));
          break;
        case 3:
          this.restore(low);
          break;
        default: {
          const instruction = INSTRUCTIONS[byte];
          if (!instruction) {
            throw new SymbolError(`${this.section}: unknown call frame instruction 0x${byte.toString(16)}`);
          }
          instruction(this, reader);
        }
      }
    }
  }

  /** Rows are for addresses from their location on, so nothing after the target's row counts. */
  advance(delta: number): void {
    this.location += delta * this.common.codeAlignment;
  }

  savedAt(factored: number): RegisterRule {
    return { kind: 'offset', offset: factored * this.common.dataAlignment };
  }

  restore(register: number): void {
    const rule = this.initial.get(register);
    if (rule) this.row.registers.set(register, rule);
    else this.row.registers.delete(register);
  }

  cfaRegister(): Extract<CfaRule, { kind: 'register' }> {
    if (this.row.cfa?.kind !== 'register') {
      throw new SymbolError(`${this.section}: an instruction changes a CFA that is no register and offset`);
    }
    return this.row.cfa;
  }

  remember(): void {
    if (this.remembered.length === MAX_REMEMBERED) throw new SymbolError(`${this.section}: too many remembered states`);
    this.remembered.push({ cfa: this.row.cfa, registers: new Map(this.row.registers) });
  }

  recall(): void {
    const row = this.remembered.pop();
    if (!row) throw new SymbolError(`${this.section}: a state is restored that was not remembered`);
    this.row = row;
  }
}

type Instruction = (state: Interpreter, reader: ByteReader) => void;

const setRegister =
  (rule: (state: Interpreter, reader: ByteReader) => RegisterRule): Instruction =>
  (state, reader) => {
    const register = reader.uleb();
    state.row.registers.set(register, rule(state, reader));
  };

const setCfa =
  (rule: (state: Interpreter, reader: ByteReader) => CfaRule): Instruction =>
  (state, reader) => {
    state.row.cfa = rule(state, reader);
  };

/** DWARF 5, table 7.29, and the GNU additions. */
const INSTRUCTIONS: Readonly<Record<number, Instruction>> = {
  // nop
  0x00: () => undefined,
  // set_loc
  0x01: (state, reader) => {
    state.location = reader.u32();
  },
  // advance_loc1, 2, 4
  0x02: (state, reader) => state.advance(reader.u8()),
  0x03: (state, reader) => state.advance(reader.u16()),
  0x04: (state, reader) => state.advance(reader.u32()),
  // offset_extended
  0x05: setRegister((state, reader) => state.savedAt(reader.uleb())),
  // restore_extended
  0x06: (state, reader) => state.restore(reader.uleb()),
  // undefined, same_value, register
  0x07: setRegister(() => ({ kind: 'undefined' })),
  0x08: setRegister(() => ({ kind: 'same' })),
  0x09: setRegister((_state, reader) => ({ kind: 'register', register: reader.uleb() })),
  // remember_state, restore_state
  0x0a: (state) => state.remember(),
  0x0b: (state) => state.recall(),
  // def_cfa, def_cfa_register, def_cfa_offset, def_cfa_expression
  0x0c: setCfa((_state, reader) => ({ kind: 'register', register: reader.uleb(), offset: reader.uleb() })),
  0x0d: setCfa((state, reader) => ({ ...state.cfaRegister(), register: reader.uleb() })),
  0x0e: setCfa((state, reader) => ({ ...state.cfaRegister(), offset: reader.uleb() })),
  0x0f: setCfa((_state, reader) => ({ kind: 'expression', expression: reader.block(reader.uleb()) })),
  // expression
  0x10: setRegister((_state, reader) => ({ kind: 'expression', expression: reader.block(reader.uleb()) })),
  // offset_extended_sf
  0x11: setRegister((state, reader) => state.savedAt(reader.sleb())),
  // def_cfa_sf, def_cfa_offset_sf
  0x12: setCfa((state, reader) => ({
    kind: 'register',
    register: reader.uleb(),
    offset: reader.sleb() * state.common.dataAlignment,
  })),
  0x13: setCfa((state, reader) => ({
    ...state.cfaRegister(),
    offset: reader.sleb() * state.common.dataAlignment,
  })),
  // val_offset, val_offset_sf, val_expression
  0x14: setRegister((state, reader) => ({
    kind: 'value-offset',
    offset: reader.uleb() * state.common.dataAlignment,
  })),
  0x15: setRegister((state, reader) => ({
    kind: 'value-offset',
    offset: reader.sleb() * state.common.dataAlignment,
  })),
  0x16: setRegister((_state, reader) => ({ kind: 'value-expression', expression: reader.block(reader.uleb()) })),
  // GNU_args_size: bytes of arguments that the function has pushed; the CFA does not depend on it
  0x2e: (_state, reader) => reader.skipLeb(),
  // GNU_negative_offset_extended
  0x2f: setRegister((state, reader) => state.savedAt(-reader.uleb())),
};

/**
 * The rules for an address of a function.
 * @returns undefined if the program defines no CFA there
 * @throws SymbolError for a damaged program
 */
export function runCallFrameProgram(
  common: CommonEntry,
  instructions: Uint8Array,
  start: number,
  address: number,
  section: string,
): { cfa: CfaRule; registers: ReadonlyMap<number, RegisterRule>; returnAddress: RegisterRule } | undefined {
  const state = new Interpreter(common, start, address, section);
  state.run(common.instructions);
  state.initial = new Map(state.row.registers);
  state.location = start;
  state.run(instructions);
  const { cfa, registers } = state.row;
  if (!cfa) return undefined;
  const returnAddress = registers.get(common.returnColumn) ?? { kind: 'same' };
  return { cfa, registers, returnAddress };
}
