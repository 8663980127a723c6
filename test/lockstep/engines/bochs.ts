import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBatch } from '../recorder/batch';
import type { LockstepCase } from '../recorder/case';
import { MEMORY_MB } from '../recorder/layout';
import { type Outcome, parseRecords } from '../recorder/record';
import { template } from '../recorder/window';
import { type Engine, runAll, type Stretch } from './engine';

const PROGRAM = 'bochs';
const SECTOR = 512;
const VGA_ROM = '/usr/share/seabios/vgabios-stdvga.bin';
/** A batch that prints nothing for so long hangs. */
const PATIENCE_MS = 4000;
/** What the recorder prints before its records. */
const MARK = 'RECORDS:';

/** Why Bochs cannot be used here, or undefined. */
export function bochsMissing(): string | undefined {
  if (spawnSync(PROGRAM, ['--help']).error) return `${PROGRAM} is not installed`;
  // Bochs insists on a VGA BIOS, though nothing runs it.
  return existsSync(VGA_ROM) ? undefined : `${VGA_ROM} is missing`;
}

/** A file's bytes in whole sectors. */
function sectors(bytes: Uint8Array): Buffer {
  const padded = Buffer.alloc(Math.ceil(bytes.length / SECTOR) * SECTOR);
  padded.set(bytes);
  return padded;
}

/** Bochs: cases come from a disk image, records through the console port. */
export class Bochs implements Engine {
  readonly name = 'bochs';
  private readonly template = template();
  private readonly folder = mkdtempSync(join(tmpdir(), 'ringside-lockstep-'));

  /**
   * @param model one of `bochs --help cpu`
   * @param rom path of the recorder
   */
  constructor(
    private readonly model: string,
    private readonly rom: string,
  ) {}

  run(cases: readonly LockstepCase[], dump: boolean): Promise<Outcome[]> {
    return runAll(cases.length, (first) => this.stretch(cases, first, dump));
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async stretch(cases: readonly LockstepCase[], first: number, dump: boolean): Promise<Stretch> {
    const [world, batch] = encodeBatch(cases, this.template, { first, dump, console: true });
    const programs = sectors(batch.bytes);
    const head = Buffer.alloc(SECTOR);
    head.writeUInt32LE(programs.length / SECTOR);
    const content = Buffer.concat([head, sectors(world.bytes), programs]);
    const geometry = Math.ceil(content.length / (16 * 63 * SECTOR));
    const disk = Buffer.alloc(geometry * 16 * 63 * SECTOR);
    content.copy(disk);
    writeFileSync(join(this.folder, 'disk'), disk);
    writeFileSync(join(this.folder, 'bochsrc'), this.configuration(geometry));
    writeFileSync(join(this.folder, 'commands'), 'c\nq\n');
    let { output, hung } = await this.untilEnd();
    // Its window on the network may be taken by one that has not quite gone.
    for (let tries = 0; tries < 3 && !output.includes(MARK); tries++) ({ output, hung } = await this.untilEnd());
    // The debugger's own words come before and behind the records.
    const start = output.indexOf(MARK) + MARK.length;
    if (start < MARK.length) throw new Error(`${PROGRAM} did not start the recorder; see ${join(this.folder, 'log')}`);
    const bytes = new Uint8Array(output.subarray(start));
    const records = new Map(
      [...parseRecords(bytes, bytes.length, dump)].filter(([index]) => index >= first && index < cases.length),
    );
    const next = first + records.size;
    return { records, broken: next < cases.length ? { index: next, how: hung ? 'hang' : 'shutdown' } : undefined };
  }

  private configuration(cylinders: number): string {
    return [
      `romimage: file=${this.rom}, address=0xffff0000`,
      `vgaromimage: file=${VGA_ROM}`,
      `memory: guest=${MEMORY_MB}, host=${MEMORY_MB}`,
      `cpu: model=${this.model}, count=1, ips=50000000, reset_on_triple_fault=0`,
      'display_library: rfb, options="timeout=0"',
      'plugin_ctrl: speaker=0, extfpuirq=0, gameport=0',
      'port_e9_hack: enabled=1',
      'ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14',
      `ata0-master: type=disk, mode=flat, path=${join(this.folder, 'disk')}, cylinders=${cylinders}, heads=16, spt=63`,
      'boot: disk',
      'clock: sync=none, time0=1',
      `log: ${join(this.folder, 'log')}`,
      'panic: action=fatal',
      'error: action=ignore',
      'info: action=ignore',
      'debug: action=ignore',
      '',
    ].join('\n');
  }

  /** Runs Bochs until it ends by itself or prints nothing any more. */
  private untilEnd(): Promise<{ output: Buffer; hung: boolean }> {
    return new Promise((resolve, reject) => {
      const child = spawn(PROGRAM, ['-q', '-f', join(this.folder, 'bochsrc'), '-rc', join(this.folder, 'commands')], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const parts: Buffer[] = [];
      let hung = false;
      let seen = 0;
      const timer = setInterval(() => {
        if (parts.length === seen) {
          hung = true;
          child.kill('SIGKILL');
        }
        seen = parts.length;
      }, PATIENCE_MS);
      child.stdout.on('data', (part: Buffer) => parts.push(part));
      child.on('error', (error) => {
        clearInterval(timer);
        reject(error);
      });
      child.on('close', () => {
        clearInterval(timer);
        resolve({ output: Buffer.concat(parts), hung });
      });
    });
  }
}
