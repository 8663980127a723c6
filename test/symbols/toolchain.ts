import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
const CACHE = join(ROOT, '.cache/symbol-fixtures');
const ZIG = join(ROOT, 'node_modules/.bin/zig');

/** A program that was built for a test. */
export interface Fixture {
  bytes: Uint8Array;
  /** Absolute path of its source. */
  path: string;
  /** Number of the line with the comment `@NAME`, from 1. */
  line(name: string): number;
}

/**
 * Compiles and links one source file for a bare i386. The result is kept by content, so that only the first run takes
 * the time of the compiler.
 */
export function build(file: string, source: string, flags: readonly string[]): Fixture {
  const key = createHash('sha256')
    .update(JSON.stringify([file, source, flags]))
    .digest('hex')
    .slice(0, 16);
  const directory = join(CACHE, key);
  const path = join(directory, file);
  const output = join(directory, 'program.elf');
  if (!existsSync(output)) {
    mkdirSync(directory, { recursive: true });
    writeFileSync(path, source);
    const target = ['cc', '-target', 'x86-freestanding-none', '-mcpu=i386', '-fno-sanitize=all', '-ffreestanding'];
    const link = ['-nostdlib', '-Wl,-e,_start', '-o', `${output}.new`, path];
    execFileSync(ZIG, [...target, ...flags, ...link], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...process.env,
        ZIG_GLOBAL_CACHE_DIR: join(ROOT, '.cache/zig'),
        ZIG_LOCAL_CACHE_DIR: join(ROOT, '.cache/zig'),
      },
    });
    renameSync(`${output}.new`, output);
  }
  const lines = source.split('\n');
  return {
    // A copy: slices of a Buffer would share its memory.
    bytes: new Uint8Array(readFileSync(output)),
    path,
    line(name) {
      const index = lines.findIndex((text) => new RegExp(`@${name}\\b`).test(text));
      if (index < 0) throw new Error(`no line is marked @${name}`);
      return index + 1;
    },
  };
}

/** The C program that most tests look at. Lines that they name are marked. */
export const PROGRAM = `struct node {
  int value;
  struct node *next;
  unsigned low : 3;
  unsigned high : 7;
  union { char c; short s; };
};
typedef unsigned int u32;
enum mode { OFF, ON = 5, MINUS = -2 };
struct opaque;
typedef int (*handler)(struct node *, const char *, ...);

static u32 counter;
int table[4][2];
volatile enum mode mode = ON;
struct opaque *hidden;
handler callback;
const char text[] = "abc";
unsigned char bytes[3];
long long wide = -2;

static inline __attribute__((always_inline)) int square(int x) {
  int y = x * x; /* @square */
  counter += y;
  return y;
}

__attribute__((noinline)) int add(int a, int b) { /* @add */
  int c = a + b; /* @add-body */
  {
    int d = c * 2; /* @block */
    c += d;
  }

  /* @gap: no code here */

  return c; /* @return */
}

__attribute__((noinline)) int walk(struct node *n) {
  int sum = 0;
  for (; n; n = n->next) sum += square(n->value); /* @loop */
  return sum;
}

void _start(void) {
  struct node node = {1, 0, 2, 3, {4}};
  int product = square(3); /* @second-inline */
  table[1][0] = walk(&node) + add(1, 2) + product; /* @call */
  for (;;) mode = OFF;
}
`;

/** The same at another optimization level or with another DWARF version. */
export function buildProgram(flags: readonly string[]): Fixture {
  return build('program.c', PROGRAM, flags);
}

/** An assembly program with labels, a macro, and a function without any call frame information. */
const ASSEMBLY = `
    .text
    .globl _start
_start:
    movl $stack, %esp /* @first */
    call helper /* @call */
again: /* @label */
    hlt /* @hlt */
    jmp again

    .macro twice
    inc %eax
    inc %eax
    .endm

    .globl helper
    .type helper, @function
helper:
    push %ebp /* @push */
    mov %esp, %ebp /* @mov */
    push %ebx
    sub $8, %esp
    twice /* @macro */
    add $8, %esp
    pop %ebx
    pop %ebp
    ret /* @ret */
    .size helper, . - helper

    .bss
    .space 64
stack:
`;

export function buildAssembly(): Fixture {
  return build('boot.S', ASSEMBLY, ['-g', '-gdwarf-5']);
}
