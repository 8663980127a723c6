import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A boot sector that prints a letter on COM1 and ends the run: `mov al,'A'; mov dx,3f8h; out dx,al; mov al,10h; out 0f4h,al`. */
function writeBootSector(path) {
  const sector = Buffer.alloc(512);
  sector.set([0xb0, 0x41, 0xba, 0xf8, 0x03, 0xee, 0xb0, 0x10, 0xe6, 0xf4]);
  sector.set([0x55, 0xaa], 510);
  writeFileSync(path, sector);
}

/** What an editor sends in a short session, framed. */
function sessionOf(program) {
  const requests = [
    ['initialize', { adapterID: 'ringside', linesStartAt1: true, columnsStartAt1: true, pathFormat: 'path' }],
    ['launch', { program, stopOnEntry: true }],
    ['setFunctionBreakpoints', { breakpoints: [{ name: 'out 0x3f8' }] }],
    ['setExceptionBreakpoints', { filters: [] }],
    ['configurationDone', {}],
    ['threads', {}],
    ['stackTrace', { threadId: 1 }],
    ['scopes', { frameId: 1 }],
    ['disassemble', { memoryReference: '0x7c00', instructionCount: 16 }],
    ['next', { threadId: 1, granularity: 'instruction' }],
    ['disconnect', { terminateDebuggee: true }],
  ];
  return requests
    .map(([command, args], i) => JSON.stringify({ seq: i + 1, type: 'request', command, arguments: args }))
    .map((text) => `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
    .join('');
}

/**
 * Fills dist/code-cache: runs the commands that are started often, once, so that they leave the code that V8 made for them.
 * See src/cli/start.ts.
 */
export function buildCodeCaches(root) {
  const folder = join(root, 'dist', 'code-cache');
  const guest = join(root, 'out', 'boot-sector.bin');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(root, 'out'), { recursive: true });
  writeBootSector(guest);
  const env = { ...process.env, RINGSIDE_CODE_CACHE: folder, NODE_OPTIONS: '' };
  for (const [args, input] of [
    [['run', guest], ''],
    [['dap'], sessionOf(guest)],
  ]) {
    const cli = join(root, 'dist', 'cli.js');
    const { status, stderr } = spawnSync(process.execPath, [cli, ...args], { env, input, encoding: 'utf8' });
    if (status !== 0) throw new Error(`ringside ${args.join(' ')} ended with ${status}: ${stderr}`);
  }
  for (const name of readdirSync(folder)) {
    const kilobytes = statSync(join(folder, name)).size / 1024;
    console.log(`${`dist/code-cache/${name.split('-')[0]}-…`.padEnd(32)} ${kilobytes.toFixed(1).padStart(8)} KB`);
  }
}
