import { FLAG_BITS, findRegister, REGISTERS, type RegisterContext, type RegisterDefinition } from '../registers/table';
import type { FormatOptions, Value } from '../types';
import { SEGMENT_LABELS, segmentParts } from './descriptor-text';
import { CONTROL_BITS, controlText } from './control-bits';

/** Evaluates what a user types as the new value of a register. */
export type NumberOf = (text: string) => number;

function hex(value: number, size: number): string {
  return `0x${(value >>> 0).toString(16).padStart(size * 2, '0')}`;
}

/** The registers of a frame as values to show and set. */
export class RegisterValues {
  /** @param symbolAt name of the code or data at a linear address, for registers that hold one */
  constructor(
    private readonly context: RegisterContext,
    private readonly numberOf: NumberOf,
    private readonly symbolAt: (address: number) => string | undefined,
  ) {}

  /** EAX to EDI with their halves, EIP, EFLAGS with its bits. */
  general(): Value[] {
    const names = ['eax', 'ebx', 'ecx', 'edx', 'esi', 'edi', 'ebp', 'esp', 'eip', 'eflags'];
    return names.map((name) => this.generalRegister(name));
  }

  /** Selectors, each with its hidden parts. */
  segments(): Value[] {
    return SEGMENT_LABELS.slice(0, 6).map((name, index) => this.segment(name, index));
  }

  /** Control registers by bits, table registers, LDTR and TR, debug registers, CPL. */
  system(): Value[] {
    const { state } = this.context;
    const control = [0, 2, 3, 4].map((index) => this.control(index));
    const tables = ['gdtr', 'idtr'].map((name): Value => {
      const base = findRegister(`${name}_base`)!.read(this.context);
      const limit = findRegister(`${name}_limit`)!.read(this.context);
      return {
        name: name.toUpperCase(),
        text: `base ${hex(base, 4)}, limit ${hex(limit, 2)}`,
        kind: 'register',
        address: base,
      };
    });
    const segments = SEGMENT_LABELS.slice(6).map((name, index) => this.segment(name, 6 + index));
    const debug = [0, 1, 2, 3, 6, 7].map((index) => this.plain(findRegister(`dr${index}`)!));
    const cpl: Value = { name: 'CPL', text: String(state.cpl), kind: 'register', expression: 'cpl' };
    return [...control, ...tables, ...segments, cpl, ...debug];
  }

  private plain(register: RegisterDefinition, format: FormatOptions = { hex: true }): Value {
    const { name, size, write } = register;
    const show = (): string => this.text(register, format);
    const value: Value = {
      name: name.toUpperCase(),
      text: this.attempt(show),
      type: register.doc,
      expression: `$${name}`,
      kind: register.group === 'flag' ? 'flag' : 'register',
    };
    if (write) {
      value.assign = (text) => {
        const number = this.numberOf(text);
        write(this.context, size === 4 ? number >>> 0 : number);
        return show();
      };
    }
    return value;
  }

  /** A register of a calling frame may be lost: then its place says so. */
  private attempt(show: () => string): string {
    try {
      return show();
    } catch (error) {
      return `<${error instanceof Error ? error.message : String(error)}>`;
    }
  }

  private text(register: RegisterDefinition, format: FormatOptions): string {
    const value = register.read(this.context);
    if (register.group === 'flag') return String(value);
    return format.hex === false ? String(value) : hex(value, register.size);
  }

  private generalRegister(name: string): Value {
    const register = findRegister(name)!;
    const value = this.plain(register);
    if (name === 'eflags') {
      const set = FLAG_BITS.filter(({ mask }) => (this.context.state.eflags & mask) !== 0 && mask !== 0x3000);
      value.text += ` [${set.map((flag) => flag.name.toUpperCase()).join(' ')}]`;
      value.children = () => FLAG_BITS.map((flag) => this.plain(findRegister(flag.name)!));
      return value;
    }
    const number = Number.parseInt(value.text, 16);
    const symbol = Number.isNaN(number) ? undefined : this.symbolAt(number);
    if (symbol !== undefined) value.text += ` <${symbol}>`;
    if (!Number.isNaN(number)) value.address = number;
    const halves = halvesOf(name);
    if (halves.length > 0)
      value.children = (format) => halves.map((half) => this.plain(half, { hex: true, ...format }));
    return value;
  }

  private segment(name: string, index: number): Value {
    const register = findRegister(name.toLowerCase())!;
    const value = this.plain(register);
    const parts = segmentParts(this.context.state, index);
    value.text = `${value.text} ${parts.summary}`;
    value.children = () => parts.fields.map(({ name: part, text }) => ({ name: part, text, kind: 'register' }));
    return value;
  }

  private control(index: number): Value {
    const register = findRegister(`cr${index}`)!;
    const value = this.plain(register);
    const bits = CONTROL_BITS[index];
    if (!bits) return value;
    const content = register.read(this.context);
    value.text += controlText(content, bits);
    value.children = () =>
      bits.map(({ name, bit, doc }) => ({
        name,
        text: String((content >>> bit) & 1),
        type: doc,
        kind: 'flag',
        assign: (text) => {
          const on = this.numberOf(text) & 1;
          const present = register.read(this.context);
          register.write?.(this.context, ((present & ~(1 << bit)) | (on << bit)) >>> 0);
          return String((register.read(this.context) >>> bit) & 1);
        },
      }));
    return value;
  }
}

/** Registers that are parts of a 32-bit one: `ax`, `al`, `ah` of `eax`. */
function halvesOf(name: string): RegisterDefinition[] {
  const word = name.slice(1);
  const names = [word, word.replace('x', 'l'), word.replace('x', 'h')];
  return REGISTERS.filter((register) => register.group === 'half' && names.includes(register.name));
}
