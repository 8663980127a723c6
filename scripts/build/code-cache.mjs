import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A boot sector that prints a letter on COM1, goes round a loop often enough for it to be compiled, and ends the run.
 * Real mode, at 7C00h.
 */
const BOOT_SECTOR = [
  [0xb8, 0x41, 0x02], // mov ax,0241h
  [0xba, 0xf8, 0x03, 0xee], // mov dx,3f8h; out dx,al
  [0x31, 0xc0, 0x8e, 0xd8], // xor ax,ax; mov ds,ax
  [0xb9, 0x30, 0x75], // mov cx,30000
  [0x89, 0xcb, 0x81, 0xe3, 0xff, 0x00], // again: mov bx,cx; and bx,0ffh
  [0x8b, 0x87, 0x00, 0x06, 0x01, 0xc8], // mov ax,[bx+600h]; add ax,cx
  [0x89, 0x87, 0x00, 0x06, 0xc1, 0xe8, 0x03], // mov [bx+600h],ax; shr ax,3
  [0xe8, 0x07, 0x00, 0x49, 0x75, 0xe7], // call part; dec cx; jnz again
  [0xb0, 0x10, 0xe6, 0xf4], // mov al,10h; out 0f4h,al
  [0x83, 0xf8, 0x64, 0x72, 0x05], // part: cmp ax,100; jb done
  [0x0f, 0xaf, 0xc3, 0x50, 0x5b, 0xc3], // imul ax,bx; push ax; pop bx; done: ret
];

function writeBootSector(path) {
  const sector = Buffer.alloc(512);
  sector.set(BOOT_SECTOR.flat());
  sector.set([0x55, 0xaa], 510);
  writeFileSync(path, sector);
}

/** What an editor asks in a short session, and the end of what it waits for before the next request. */
const session = (program) => [
  ['initialize', { adapterID: 'ringside' }, '"command":"initialize"'],
  ['launch', { program, stopOnEntry: true }, '"event":"initialized"'],
  ['setFunctionBreakpoints', { breakpoints: [{ name: 'out 0x3f8' }] }, '"command":"setFunctionBreakpoints"'],
  ['configurationDone', {}, '"event":"stopped"'],
  ['threads', {}, '"command":"threads"'],
  ['stackTrace', { threadId: 1 }, '"command":"stackTrace"'],
  ['disassemble', { memoryReference: '0x7c00', instructionCount: 16 }, '"command":"disassemble"'],
  ['next', { threadId: 1, granularity: 'instruction' }, '"reason":"step"'],
  ['continue', { threadId: 1 }, '"reason":"function breakpoint"'],
  ['disconnect', { terminateDebuggee: true }, '"command":"disconnect"'],
];

/** Goes through a session with a debug adapter on the other end of the streams. */
async function converse({ stdin, stdout }, requests) {
  let [heard, seq] = ['', 0];
  const answers = stdout.setEncoding('utf8')[Symbol.asyncIterator]();
  for (const [command, args, until] of requests) {
    const text = JSON.stringify({ seq: ++seq, type: 'request', command, arguments: args });
    stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    while (!heard.includes(until)) {
      const { value, done } = await answers.next();
      if (done) throw new Error(`the debug adapter ended at "${command}"`);
      heard += value;
    }
    heard = '';
  }
}

/**
 * Fills dist/code-cache: runs the commands that are started often, once, so that they leave the code that V8 made for them.
 * See src/cli/start.ts.
 */
export async function buildCodeCaches(root) {
  const folder = join(root, 'dist', 'code-cache');
  const guest = join(root, 'out', 'boot-sector.bin');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(root, 'out'), { recursive: true });
  writeBootSector(guest);
  const env = { ...process.env, RINGSIDE_CODE_CACHE: folder, NODE_OPTIONS: '' };
  const start = (...args) => spawn(process.execPath, [join(root, 'dist', 'cli.js'), ...args], { env, timeout: 60_000 });
  const adapter = start('dap');
  const run = start('run', guest);
  run.stdin.end();
  const ends = [adapter, run].map((child) => once(child, 'exit'));
  await converse(adapter, session(guest));
  adapter.stdin.end();
  const statuses = (await Promise.all(ends)).map(([status]) => status);
  if (statuses.some((status) => status !== 0)) throw new Error(`the new program ended with ${statuses.join(' and ')}`);
  for (const name of readdirSync(folder)) {
    const kilobytes = statSync(join(folder, name)).size / 1024;
    console.log(`${`dist/code-cache/${name.split('-')[0]}-…`.padEnd(32)} ${kilobytes.toFixed(1).padStart(8)} KB`);
  }
}
