import type { Instruction } from './decode';

/** How control leaves a block. Places are bytes from the start of the region's first page. */
export type Flow =
  /** On to the next instruction. */
  | { readonly kind: 'next' }
  /** Jcc, LOOP and JCXZ: to `target`, or on. */
  | { readonly kind: 'branch'; readonly target: number }
  | { readonly kind: 'jump'; readonly target: number }
  /** `target` is undefined where only the guest knows it. */
  | { readonly kind: 'call'; readonly target: number | undefined }
  | { readonly kind: 'return' }
  /** `table` is the linear address of a jump table, if the instruction names one. */
  | { readonly kind: 'indirect'; readonly table: number | undefined };

/** A straight run of instructions with one way in. */
export interface Block {
  readonly start: number;
  readonly instructions: readonly Instruction[];
  readonly flow: Flow;
  /** Place behind the last instruction. */
  readonly end: number;
}

/** What the compiler turns into one function. */
export interface Region {
  readonly entry: number;
  readonly blocks: ReadonlyMap<number, Block>;
  /** For each block that ends in RET or an indirect jump: places within the region that it may go to. */
  readonly targets: ReadonlyMap<number, readonly number[]>;
}

/** Most instructions and blocks of a region. */
const MAX_INSTRUCTIONS = 500;
/** Most places that one RET or indirect jump is compared with. */
const MAX_TARGETS = 16;

/** Instructions that leave for good: they stay with the interpreter and end what is known of the way. */
const ENDS = new Set([
  ...['JMPF', 'CALLF', 'RETF', 'IRET', 'INT', 'INT1', 'INT3', 'HLT', 'UD2'],
  ...['SYSENTER', 'SYSEXIT'],
]);

/** Flow of an instruction, or undefined if it goes on to the next one. */
export function flowOf(instruction: Instruction): Flow | undefined {
  const { form, at, length, rest, operandSize } = instruction;
  const relative = form.operands[0];
  if (relative === 'Jb' || relative === 'Jv') {
    const bytes = relative === 'Jb' ? 1 : operandSize / 8;
    const raw = rest.slice(-bytes).reduce((value, byte, i) => value | (byte << (8 * i)), 0);
    const shift = 32 - bytes * 8;
    const target = at + length + ((raw << shift) >> shift);
    if (form.mnemonic === 'JMP') return { kind: 'jump', target };
    if (form.mnemonic === 'CALL') return { kind: 'call', target };
    return { kind: 'branch', target };
  }
  if (form.mnemonic === 'CALL') return { kind: 'call', target: undefined };
  if (form.mnemonic === 'JMP') return { kind: 'indirect', table: jumpTable(instruction) };
  if (form.mnemonic === 'RET') return { kind: 'return' };
  return undefined;
}

/** The address of the table in `JMP [table + register*4]`. */
function jumpTable({ modRm, addressSize, operandSize, rest }: Instruction): number | undefined {
  if (modRm === undefined || addressSize !== 32 || operandSize !== 32 || (modRm & 0xc7) !== 4) return undefined;
  const [sib, ...displacement] = rest;
  if ((sib & 0xc7) !== 0x85) return undefined;
  return displacement.reduce((value, byte, i) => value + byte * 2 ** (8 * i), 0);
}

/** What discovery asks about the guest's code. */
export interface CodeView {
  /** The instruction at a place, or undefined where the region must end: unreadable, undefined, a breakpoint. */
  instructionAt(place: number): Instruction | undefined;
  /** True if control is known to go to a place, by a jump or a call. */
  isWarm(place: number): boolean;
  /** The entries of a jump table that lead to warm places within reach. A guess: the guest may change the table. */
  jumpTable(linear: number): readonly number[];
}

/** Follows the code from an entry. The entry itself is always a block, if it can be decoded. */
export function discover(entry: number, code: CodeView): Region {
  const decoded = new Map<number, Instruction>();
  const leaders = new Set([entry]);
  const queue = [entry];
  const tables = new Map<number, readonly number[]>();
  const isKnown = (place: number) => leaders.has(place) || code.isWarm(place);
  const follow = (place: number, taken: boolean) => {
    if (leaders.has(place) || (taken && !code.isWarm(place))) return;
    leaders.add(place);
    queue.push(place);
  };
  for (let start = queue.shift(); start !== undefined; start = queue.shift()) {
    for (let at = start; decoded.size < MAX_INSTRUCTIONS && !decoded.has(at); ) {
      const instruction = code.instructionAt(at);
      if (!instruction || ENDS.has(instruction.form.mnemonic)) break;
      decoded.set(at, instruction);
      at += instruction.length;
      const flow = flowOf(instruction);
      if (!flow) continue;
      if (flow.kind === 'branch' || flow.kind === 'jump') follow(flow.target, flow.kind === 'branch');
      if (flow.kind === 'branch') follow(at, false);
      if (flow.kind === 'call' && flow.target !== undefined && isKnown(flow.target)) {
        follow(flow.target, false);
        follow(at, false);
      }
      if (flow.kind === 'indirect' && flow.table !== undefined) {
        const targets = code.jumpTable(flow.table);
        tables.set(instruction.at, targets);
        for (const target of targets) follow(target, false);
      }
      break;
    }
  }
  const blocks = cutBlocks(decoded, leaders);
  const targets = findReturnSites(blocks);
  for (const { start, instructions } of blocks.values()) {
    const table = tables.get(instructions[instructions.length - 1].at);
    if (table) targets.set(start, table.slice(0, MAX_TARGETS));
  }
  return { entry, blocks, targets };
}

/** Cuts decoded code at its leaders. */
function cutBlocks(decoded: ReadonlyMap<number, Instruction>, leaders: ReadonlySet<number>): Map<number, Block> {
  const blocks = new Map<number, Block>();
  for (const start of leaders) {
    const instructions: Instruction[] = [];
    let flow: Flow | undefined;
    let at = start;
    do {
      const instruction = decoded.get(at);
      if (!instruction) break;
      instructions.push(instruction);
      at += instruction.length;
      flow = flowOf(instruction);
    } while (!flow && !leaders.has(at));
    if (instructions.length > 0) blocks.set(start, { start, instructions, flow: flow ?? { kind: 'next' }, end: at });
  }
  return blocks;
}

/** Pairs each RET with the calls whose callee it can end. */
function findReturnSites(blocks: ReadonlyMap<number, Block>): Map<number, number[]> {
  const callers = new Map<number, number[]>();
  for (const { flow, end } of blocks.values()) {
    if (flow.kind !== 'call' || flow.target === undefined || !blocks.has(flow.target) || !blocks.has(end)) continue;
    callers.set(flow.target, [...(callers.get(flow.target) ?? []), end]);
  }
  const sites = new Map<number, number[]>();
  for (const [callee, returns] of callers) {
    for (const block of returnsOf(callee, blocks)) {
      const all = [...new Set([...(sites.get(block) ?? []), ...returns])];
      sites.set(block, all.slice(0, MAX_TARGETS));
    }
  }
  return sites;
}

/** Blocks that end in RET and are reached from a procedure's start without following its calls. */
function returnsOf(callee: number, blocks: ReadonlyMap<number, Block>): number[] {
  const seen = new Set<number>();
  const found: number[] = [];
  const queue = [callee];
  for (let start = queue.pop(); start !== undefined; start = queue.pop()) {
    const block = blocks.get(start);
    if (!block || seen.has(start)) continue;
    seen.add(start);
    const { flow, end } = block;
    if (flow.kind === 'return') found.push(start);
    if (flow.kind === 'branch' || flow.kind === 'jump') queue.push(flow.target);
    if (flow.kind === 'branch' || flow.kind === 'next' || flow.kind === 'call') queue.push(end);
  }
  return found;
}

/** Blocks within the region that control may go to from a block; one for each way, so that some may come twice. */
export function successors(region: Region, block: Block): number[] {
  const { flow, end } = block;
  const all: number[] = [];
  if (flow.kind === 'next' || flow.kind === 'branch') all.push(end);
  if ((flow.kind === 'branch' || flow.kind === 'jump' || flow.kind === 'call') && flow.target !== undefined) {
    all.push(flow.target);
  }
  if (flow.kind === 'return' || flow.kind === 'indirect') all.push(...(region.targets.get(block.start) ?? []));
  return all.filter((place) => region.blocks.has(place));
}

/** Places that the region's code jumps back to, besides its entry. */
export function loopHeaders({ entry, blocks }: Region): number[] {
  const headers = new Set<number>();
  for (const { start, flow } of blocks.values()) {
    if (flow.kind !== 'branch' && flow.kind !== 'jump') continue;
    if (flow.target <= start && flow.target !== entry && blocks.has(flow.target)) headers.add(flow.target);
  }
  return [...headers];
}
