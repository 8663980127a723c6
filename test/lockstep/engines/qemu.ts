import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBatch } from '../recorder/batch';
import type { LockstepCase } from '../recorder/case';
import { BATCH, BATCH_NEXT, BATCH_OUTPUT, MEMORY_MB, RECORDS } from '../recorder/layout';
import { type Outcome, parseRecords } from '../recorder/record';
import { template } from '../recorder/window';
import { type Engine, runAll, type Stretch } from './engine';

const PROGRAM = 'qemu-system-i386';
/** A batch that makes no progress for so long hangs. */
const PATIENCE_MS = 4000;

/** Why QEMU cannot be used here, or undefined. */
export function qemuMissing(): string | undefined {
  const { error } = spawnSync(PROGRAM, ['--version']);
  return error ? `${PROGRAM} is not installed` : undefined;
}

/** QEMU without acceleration by the host's processor. Its RAM is a file, which is how cases come in and records out. */
export class Qemu implements Engine {
  readonly name = 'qemu';
  private readonly template = template();
  private readonly folder = mkdtempSync(join(tmpdir(), 'ringside-lockstep-'));

  /**
   * @param model a name that QEMU's `-cpu` takes
   * @param rom path of the recorder
   */
  constructor(
    private readonly model: string,
    private readonly rom: string,
  ) {}

  run(cases: readonly LockstepCase[], dump: boolean): Promise<Outcome[]> {
    return runAll(cases.length, (first) => this.stretch(cases, first, dump));
  }

  /** Removes what lies on the disk. */
  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async stretch(cases: readonly LockstepCase[], first: number, dump: boolean): Promise<Stretch> {
    const path = join(this.folder, 'ram');
    const file = openSync(path, 'w+');
    try {
      ftruncateSync(file, MEMORY_MB << 20);
      for (const { address, bytes } of encodeBatch(cases, this.template, { first, dump, console: false })) {
        writeSync(file, bytes, 0, bytes.length, address);
      }
      const word = (field: number): number => {
        const buffer = Buffer.alloc(4);
        readSync(file, buffer, 0, 4, BATCH + field);
        return buffer.readUInt32LE();
      };
      const how = await this.untilEnd(path, () => word(BATCH_NEXT));
      const next = word(BATCH_NEXT);
      const end = word(BATCH_OUTPUT) - RECORDS;
      const records = Buffer.alloc(end);
      readSync(file, records, 0, end, RECORDS);
      const broken = next < cases.length ? { index: next, how } : undefined;
      return { records: parseRecords(new Uint8Array(records), end, dump), broken };
    } finally {
      closeSync(file);
      rmSync(path);
    }
  }

  /** Runs QEMU until it ends or makes no progress, and tells how the last case ended if it did not do so well. */
  private async untilEnd(path: string, progress: () => number): Promise<Extract<Outcome, string>> {
    const child = spawn(
      PROGRAM,
      [
        ...['-machine', 'pc,accel=tcg,memory-backend=ram', '-m', String(MEMORY_MB), '-cpu', this.model],
        ...['-object', `memory-backend-file,id=ram,size=${MEMORY_MB}M,mem-path=${path},share=on`],
        ...['-bios', this.rom, '-display', 'none', '-serial', 'none', '-monitor', 'none', '-parallel', 'none'],
        ...['-net', 'none', '-vga', 'none', '-no-reboot', '-device', 'isa-debug-exit,iobase=0xf4,iosize=4'],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let messages = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (messages += text));
    const { hung, status } = await watch(child, progress);
    if (hung) return 'hang';
    // isa-debug-exit ends with an odd status; 0 is a shutdown after a triple fault; a fatal error of TCG aborts.
    if (status === 0 || status === 1) return 'shutdown';
    if (messages.includes('tcg')) return 'crash';
    throw new Error(`${PROGRAM} failed: ${messages.trim()}`);
  }
}

function watch(child: ChildProcess, progress: () => number): Promise<{ hung: boolean; status: number | null }> {
  return new Promise((resolve, reject) => {
    let hung = false;
    let seen = progress();
    const timer = setInterval(() => {
      const now = progress();
      if (now === seen) {
        hung = true;
        child.kill('SIGKILL');
      }
      seen = now;
    }, PATIENCE_MS);
    child.on('error', (error) => {
      clearInterval(timer);
      reject(error);
    });
    child.on('close', (status) => {
      clearInterval(timer);
      resolve({ hung, status });
    });
  });
}
