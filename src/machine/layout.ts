/**
 * Where everything lives in the one `WebAssembly.Memory`: CPU state, TLB, guest RAM.
 *
 * Every tier (interpreter, compiled code), the hypervisor and the debugger see the same bytes,
 * so a snapshot of the CPU is a copy of `[CPU_BASE, CPU_END)`. All offsets are bytes from the start
 * of the memory; unless said otherwise a field is a little-endian u32.
 */

/** Start of the CPU state. Offset 0 is kept free so that a null host pointer is never valid. */
export const CPU_BASE = 0x1000;

let cursor = CPU_BASE;
function field(bytes = 4, align = 4): number {
  cursor = (cursor + align - 1) & ~(align - 1);
  const at = cursor;
  cursor += bytes;
  return at;
}

/** EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI in encoding order, 4 bytes each. */
export const REGS = field(32);

/**
 * Instruction pointer as a *host pointer*: an offset into this memory of the next instruction byte.
 * `EIP = IP - IP_DELTA` (modulo 2^32). Code that leaves the current code page must be re-resolved.
 */
export const IP = field();
/** Host pointer of the first byte (prefixes included) of the instruction being executed. */
export const IP_START = field();
/** Host pointer minus EIP for the code page in use. */
export const IP_DELTA = field();
/** Host pointers between which an instruction may start without a new translation. Empty when CODE_START > CODE_END. */
export const CODE_START = field();
export const CODE_END = field();
/** 16 bytes into which an instruction that straddles two pages is gathered before it is decoded. */
export const FETCH_BUFFER = field(32, 16);

/** EFLAGS image. Bits named in LAZY_MASK are stale here and derived from the LAZY fields. */
export const EFLAGS = field();
/** Which of CF, PF, AF, ZF, SF, OF must be derived from the last arithmetic result. */
export const LAZY_MASK = field();
/** Result and operands of that arithmetic, shifted left so that their sign bit is bit 31. */
export const LAZY_RESULT = field();
export const LAZY_OP1 = field();
/** Second operand; complemented when LAZY_SUB is set, so that a - b is seen as a + ~b + 1. */
export const LAZY_OP2 = field();
/** How far the three values above were shifted left: 24, 16 or 0. */
export const LAZY_SHIFT = field();
/** 1 after a subtraction (CF and AF are inverted carries), else 0. */
export const LAZY_SUB = field();

/** Segment registers, in encoding order ES CS SS DS FS GS, then LDTR and TR: see `SegmentIndex`. */
export const SEGMENT_COUNT = 8;
/** u32 per segment register: selector (0-0xFFFF). Index 6 is LDTR, 7 is TR. */
export const SEG_SELECTOR = field(4 * SEGMENT_COUNT);
/** u32 per segment register: hidden base. */
export const SEG_BASE = field(4 * SEGMENT_COUNT);
/** u32 per segment register: hidden limit in bytes (granularity applied). */
export const SEG_LIMIT = field(4 * SEGMENT_COUNT);
/** u32 per segment register: descriptor bits 8-23 of the high dword, i.e. type, S, DPL, P in 0-7 and AVL, L, D/B, G in 12-15. */
export const SEG_ATTRIBUTES = field(4 * SEGMENT_COUNT);
/** u32 per segment register: access rights worked out once at load, `SEG_READ_FLAT` and so on. */
export const SEG_RIGHTS = field(4 * SEGMENT_COUNT);

export const GDTR_BASE = field();
export const GDTR_LIMIT = field();
export const IDTR_BASE = field();
export const IDTR_LIMIT = field();

/** CR0 to CR4, 4 bytes each. CR1 is unused. */
export const CR = field(4 * 5);
/** DR0 to DR7, 4 bytes each. DR4 and DR5 are unused. */
export const DR = field(4 * 8);

/** Current privilege level, 0-3. Always 3 in V86 mode and 0 in real mode. */
export const CPL = field();
/** 1 if code at CS defaults to 32-bit operands and addresses (CS.D). */
export const CODE_32 = field();
/** 1 if pushes use ESP rather than SP (SS.B). */
export const STACK_32 = field();
/** TLB entry bits that allow a read and a write at the present privilege: see `TLB_*`. */
export const TLB_READ_MASK = field();
export const TLB_WRITE_MASK = field();
/** Mask applied to every physical address: 0xFFFFFFFF, or 0xFFEFFFFF while A20 is held low. */
export const A20_MASK = field();

/** Prefixes of the instruction being decoded: see `PREFIX_*`. Zero between instructions. */
export const PREFIXES = field();
/** Segment register index that the effective address just computed refers to. */
export const EA_SEGMENT = field();

/** Why the run loop must return after this instruction: an OR of `EXIT_*`. Zero while it may go on. */
export const EXIT = field();
/** Pending fault: vector + 1, or 0. Its error code (or -1 for none) and, for #PF, CR2 is already set. */
export const FAULT = field();
export const FAULT_ERROR = field();

/** Instructions that may still be retired in this run. Counts down; the loop ends at 0. */
export const REMAINING = field();
/** f64: the cycle clock plus REMAINING, while instructions are executed: what is left of it is the present moment. */
export const CLOCK_BASE = field(8, 8);
/** 1 while a debugger wants to be asked before operations: then no instruction that is one may be done without it. */
export const OPERATIONS_WATCHED = field();
/** 1 while the CPU sleeps in HLT. */
export const HALTED = field();
/** 1 while the run loop must consult `BREAKPOINT_FILTER` before each instruction. */
export const BREAKPOINTS_ON = field();

/** Which of ES, CS, SS, DS (bits 0-3) span 4 GiB from linear address 0 with all rights that their kind can have. */
export const SEG_FLAT = field();

/** Model-specific registers kept by the CPU: SYSENTER_CS, SYSENTER_ESP, SYSENTER_EIP. */
export const MSR_SYSENTER = field(12);
/** f64: added to the cycle clock to give the guest's TSC (WRMSR 0x10 changes it). */
export const TSC_OFFSET = field(8, 8);
/** f64: no external interrupt may be taken while fewer instructions than this are retired (STI, MOV SS). */
export const INTERRUPT_SHADOW = field(8, 8);
/** f64: the same for NMIs and debug exceptions (MOV SS). */
export const DEBUG_SHADOW = field(8, 8);
/** DR6 bits of a debug trap that is due at this instruction boundary, e.g. BT after a task switch; or 0. */
export const PENDING_DEBUG = field();

/** Bytes from one x87 or SSE register to the next. */
export const VECTOR_STRIDE = 16;
/**
 * The eight x87 registers by physical number, `VECTOR_STRIDE` apart: u64 significand (with its integer bit), then u16
 * sign and exponent. MMX register i is the significand of physical register i.
 */
export const FPU_REGS = field(8 * VECTOR_STRIDE, 16);
/** Control word, 16 bits. */
export const FPU_CONTROL = field();
/** Status word without TOP: bits 11-13 are zero here. */
export const FPU_STATUS = field();
/** Physical number, 0-7, of ST(0). */
export const FPU_TOP = field();
/** Bit i is set while physical register i is empty. The two-bit tags of the images are worked out when stored. */
export const FPU_EMPTY = field();
/** Last non-control instruction: its offset and selector, its opcode (11 bits), and its memory operand's offset and selector. */
export const FPU_IP = field();
export const FPU_CS = field();
export const FPU_OPCODE = field();
export const FPU_DP = field();
export const FPU_DS = field();
/** 16-byte places for operands and results of the floating-point routines; no meaning between instructions. */
export const FPU_SCRATCH = field(4 * VECTOR_STRIDE, 16);
/** XMM0-XMM7. */
export const XMM_REGS = field(8 * VECTOR_STRIDE, 16);
export const MXCSR = field();

/** PAE: the four page-directory-pointer entries as the last load of CR3 found them, 8 bytes each. */
export const PDPTE = field(4 * 8, 8);
/** 1 after a burst that ended between the elements of a repeated string instruction. */
export const STRING_PENDING = field();
/** 1 while an NMI waits to be taken. */
export const NMI_PENDING = field();
/** 1 from the delivery of an NMI to the next IRET: further ones wait. */
export const NMI_BLOCKED = field();
/** Test registers TR3 to TR7 of 386 and 486. */
export const TEST_REGISTERS = field(5 * 4);
/** Model-specific registers that keep what is written, 8 bytes each: see `cpu/model-registers.ts`. */
export const MSR_SLOTS = 80;
export const MSR_FILE = field(8 * MSR_SLOTS, 8);
/** Flags that SSE arithmetic has raised, ORed together, in the places of MXCSR; no meaning between instructions. */
export const FLOAT_FLAGS = field();

/** End of the CPU state. */
export const CPU_END = (cursor + 0xfff) & ~0xfff;

/**
 * Bitmap over the low 16 bits of linear instruction addresses: a set bit means that a code breakpoint
 * may be there and the debugger must be asked.
 */
export const BREAKPOINT_FILTER = 0x10000;
export const BREAKPOINT_FILTER_BYTES = 0x2000;

/** Control transfers to an address before it is compiled; 0 while there is no compiled tier. */
export const TIER_THRESHOLD = 0x12000;
/** Where a value is put that compiled code could not access in place: 8 bytes, no meaning between instructions. */
export const TIER_SCRATCH = 0x12010;
/**
 * What of the system's events may be done in WebAssembly, an OR of `STAGED_*`; written at the start of each burst. Neither
 * may while a debugger or hypervisor has to be asked.
 */
export const EVENTS_STAGED = 0x12100;
/** Exceptions delivered by WebAssembly in this burst, whose cycles the clock does not know of yet. */
export const EXCEPTIONS_TAKEN = 0x12104;
/** 1 while the interrupt controller asserts INTR. */
export const INTERRUPT_PENDING = 0x12108;
/** f64: retired instructions plus REMAINING, while instructions are executed. */
export const INSTRUCTION_BASE = 0x12110;
/** u16 per hash of a host instruction pointer: how often control was transferred there. */
export const HEAT_TABLE = 0x20000;
export const HEAT_COUNTERS = 0x10000;
/** Where compiled code is found: 16 bytes per hash of a host instruction pointer, see `ENTRY_*`. */
export const ENTRY_TABLE = 0x40000;
export const ENTRY_SLOTS = 0x4000;
export const ENTRY_BYTES = 16;
/**
 * Fields of an entry: host instruction pointer (0 is none), the mode that it was compiled for, number in the function table,
 * instructions lost by accesses that the TLB did not allow.
 */
export const ENTRY_IP = 0;
export const ENTRY_MODE = 4;
export const ENTRY_FUNCTION = 8;
export const ENTRY_MISSES = 12;

/** What a compiled function returns: the interpreter must do the next instruction; it must because the TLB does not allow an access; control has gone where compiled code may be. */
export const REGION_INTERPRET = 0;
export const REGION_TRANSFER = 1;
export const REGION_MISS = 2;

/**
 * The TLB: one u32 per linear page, 2^20 of them. Bits 12-31 are `hostPage - linearPage` (so that
 * `(entry & ~0xFFF) + linear` is the host pointer), bits 0-3 the accesses that may take the fast path.
 * Zero means: not cached, take the slow path.
 */
export const TLB = 0x400000;
export const TLB_BYTES = 0x400000;
export const TLB_SUPERVISOR_READ = 1;
export const TLB_SUPERVISOR_WRITE = 2;
export const TLB_USER_READ = 4;
export const TLB_USER_WRITE = 8;
/** The same rights to write, held back because compiled code was made from the page. */
export const TLB_HELD_SUPERVISOR_WRITE = 0x80;
export const TLB_HELD_USER_WRITE = 0x100;

/** Guest-physical address 0 is at this offset; ROM images follow RAM. */
export const RAM_BASE = 0x800000;

/** Encoding order of segment registers, then the two system segments. */
export enum SegmentIndex {
  ES = 0,
  CS = 1,
  SS = 2,
  DS = 3,
  FS = 4,
  GS = 5,
  LDTR = 6,
  TR = 7,
}

/** Encoding order of general registers. */
export enum Register {
  EAX = 0,
  ECX = 1,
  EDX = 2,
  EBX = 3,
  ESP = 4,
  EBP = 5,
  ESI = 6,
  EDI = 7,
}

/** SEG_RIGHTS: reads (writes) need no check at all, the segment spans 4 GiB and its type allows them. */
export const SEG_READ_FLAT = 1;
export const SEG_WRITE_FLAT = 2;
/** SEG_RIGHTS: the type allows reads (writes), the limit must still be checked. */
export const SEG_READABLE = 4;
export const SEG_WRITABLE = 8;
/** SEG_RIGHTS: offsets above the limit are the valid ones; SEG_BIG decides whether they end at 0xFFFF or 0xFFFFFFFF. */
export const SEG_EXPAND_DOWN = 16;
export const SEG_BIG = 32;

/** PREFIXES: segment override, index + 1 in bits 0-2 (0 is none). */
export const PREFIX_SEGMENT_MASK = 7;
export const PREFIX_OPERAND_SIZE = 0x08;
export const PREFIX_ADDRESS_SIZE = 0x10;
export const PREFIX_REP = 0x20;
export const PREFIX_REPNE = 0x40;
export const PREFIX_LOCK = 0x80;

/** EXIT: a fault is pending in FAULT. */
export const EXIT_FAULT = 1;
/** EXIT: HLT was executed. */
export const EXIT_HALT = 2;
/** EXIT: interrupts may have become deliverable, or TF was set. */
export const EXIT_RECHECK = 4;
/** EXIT: the debugger or the host wants the machine to stop after this instruction. */
export const EXIT_STOP = 8;
/** EXIT: the instruction was given up before it had any effect, because the debugger stops *before* an access. */
export const EXIT_ABORT = 16;
/** EXIT: a code breakpoint is at the next instruction, which has not been executed. */
export const EXIT_BREAKPOINT = 32;
/** EXIT: the machine was switched off or reset. */
export const EXIT_SHUTDOWN = 64;
/** EXIT, inside the interpreter only: control was transferred to where compiled code may be or should come. */
export const EXIT_ENTER = 128;

/** EXIT, inside the interpreter only: the next instruction goes past the guest's code breakpoints, because RF was set. */
export const EXIT_RESUME = 256;

/** EVENTS_STAGED: INT n, SYSENTER. */
export const STAGED_GATES = 1;
/** EVENTS_STAGED: exceptions. */
export const STAGED_EXCEPTIONS = 2;

/** EFLAGS bits. */
export const FLAG_CF = 0x1;
export const FLAG_PF = 0x4;
export const FLAG_AF = 0x10;
export const FLAG_ZF = 0x40;
export const FLAG_SF = 0x80;
export const FLAG_TF = 0x100;
export const FLAG_IF = 0x200;
export const FLAG_DF = 0x400;
export const FLAG_OF = 0x800;
export const FLAG_IOPL = 0x3000;
export const FLAG_NT = 0x4000;
export const FLAG_RF = 0x10000;
export const FLAG_VM = 0x20000;
export const FLAG_AC = 0x40000;
export const FLAG_VIF = 0x80000;
export const FLAG_VIP = 0x100000;
export const FLAG_ID = 0x200000;
/** The six arithmetic flags. */
export const FLAGS_ARITHMETIC = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF;
