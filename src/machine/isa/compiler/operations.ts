import type { Operations } from '../../cpu/operations';
import * as layout from '../../layout';
import { OPERATION_SIGNATURES } from '../interpreter/module';
import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import type { ModuleBuilder } from '../wasm/module';
import type { Instruction } from './decode';
import { type CodePage, emitValues } from './helpers';
import type { TierMode } from './mode';
import type { Region } from './region';

/**
 * Operations that compiled code calls itself, by mnemonic. Around the call the CPU state is what it is around it in the
 * interpreter, so that devices, hypervisor and debugger see no difference. Of all others the interpreter does the whole
 * instruction.
 */
const OPERATION_OF: ReadonlyMap<string, keyof Operations> = new Map<string, keyof Operations>([
  ['IN', 'portIn'],
  ['OUT', 'portOut'],
  ['INS', 'portInString'],
  ['OUTS', 'portOutString'],
  ['VMCALL', 'monitorCall'],
  ['VMMCALL', 'monitorCall'],
  ['CPUID', 'cpuid'],
  ['RDMSR', 'readMsr'],
  ['WRMSR', 'writeMsr'],
  ['CLTS', 'clearTaskSwitched'],
]);

/** What of the CPU's registers an operation may change: a region needs to read no more than that again. */
type Changes =
  /** EAX; where there is more, the operation drops the code page. */
  'accumulator' | 'everything';

const CHANGES: Readonly<Partial<Record<keyof Operations, Changes>>> = { portIn: 'accumulator', portOut: 'accumulator' };

export function changesOf(name: keyof Operations): Changes {
  return CHANGES[name] ?? 'everything';
}

/** Imports the operations that a region calls. @returns their numbers */
export function importOperations(m: ModuleBuilder, region: Region): ReadonlyMap<keyof Operations, number> {
  const all = [...region.blocks.values()].flatMap(({ instructions }) => instructions);
  const names = new Set(all.flatMap(({ form }) => OPERATION_OF.get(form.mnemonic) ?? []));
  const imported = new Map<keyof Operations, number>();
  for (const name of names) {
    const [args, results] = OPERATION_SIGNATURES[name];
    imported.set(name, m.import(name, Array(args).fill('i32'), Array(results).fill('i32')).index);
  }
  return imported;
}

/** PREFIXES as the interpreter's prefix handlers leave it for an instruction. */
function prefixesOf({ segment, repeat, lock, operandSize, addressSize }: Instruction, mode: TierMode): number {
  const standard = mode.code32 ? 32 : 16;
  return (
    (segment === undefined ? 0 : segment + 1) |
    (operandSize === standard ? 0 : layout.PREFIX_OPERAND_SIZE) |
    (addressSize === standard ? 0 : layout.PREFIX_ADDRESS_SIZE) |
    (lock ? layout.PREFIX_LOCK : 0) |
    (repeat === 'F2' ? layout.PREFIX_REPNE : repeat === 'F3' ? layout.PREFIX_REP : 0)
  );
}

/** Host pointer of a place, whatever page it is really in: with the entry's IP_DELTA it stands for the right EIP. */
const pointerTo = (place: number, page: CodePage): number => (page.host + place) | 0;

/**
 * Makes the CPU state what an operation finds when the interpreter calls it: EIP is past the instruction, REMAINING
 * still counts it.
 * @param values see `emitValues`
 * @param base EIP of place 0
 */
export function emitBeforeOperation(
  f: FunctionBuilder,
  values: readonly Expr[],
  instruction: Instruction,
  base: Expr,
  page: CodePage,
  mode: TierMode,
): void {
  const set = (offset: number, value: Expr | number) => f.emit(w.store32(offset, value));
  emitValues(f, values);
  set(layout.IP, pointerTo(instruction.at + instruction.length, page));
  set(layout.IP_START, pointerTo(instruction.at, page));
  set(layout.IP_DELTA, w.sub(page.host, base));
  set(layout.CODE_START, page.host);
  set(layout.CODE_END, page.host + page.window);
  set(layout.PREFIXES, prefixesOf(instruction, mode));
}

/**
 * True if a region must be left after an operation: EXIT, control elsewhere, something changed that the region takes for
 * granted, or a budget that is too small.
 * @param needed instructions that must still be possible before the budget is looked at again, this one included
 */
export function isLeftAfterOperation(
  { at, length }: Instruction,
  page: CodePage,
  mode: TierMode,
  needed: number,
): Expr {
  const elsewhere = w.xor(w.load32(layout.IP), pointerTo(at + length, page));
  const dropped = w.xor(w.load32(layout.CODE_END), page.host + page.window);
  const privilege = w.xor(w.load32(layout.TLB_READ_MASK), mode.readMask);
  const changed = w.or(w.or(w.load32(layout.EXIT), elsewhere), w.or(dropped, privilege));
  return w.or(changed, w.ltU(w.load32(layout.REMAINING), needed));
}

/** Counts an instruction unless it faulted or was given up. */
export function emitCount(f: FunctionBuilder): void {
  const undone = w.and(w.load32(layout.EXIT), layout.EXIT_FAULT | layout.EXIT_ABORT);
  f.emit(w.store32(layout.REMAINING, w.sub(w.load32(layout.REMAINING), w.eqz(undone))));
}
