import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootDisk, buildBootSector } from '../build.mjs';
import { commandLine, type Engine, type Job, MEMORY_MB, type Sample } from './engine';
import { EndedTooSoon, runMarked } from './guest-process';

/** Bochs's program. */
export const BOCHS = 'bochs';
/** Debian's Bochs brings neither; they come with the package seabios. */
const BIOS = '/usr/share/seabios/bios.bin';
const VGA_BIOS = '/usr/share/seabios/vgabios-stdvga.bin';

const CYLINDER = 16 * 63 * 512;
/** Another one may still have the port of its screen. */
const ATTEMPTS = 3;

/** True if Bochs and a BIOS for it are installed. */
export function hasBochs(): boolean {
  return !spawnSync(BOCHS, ['--help'], { stdio: 'ignore' }).error && existsSync(BIOS) && existsSync(VGA_BIOS);
}

function configuration(folder: string, cylinders: number): string {
  return [
    `romimage: file=${BIOS}`,
    `vgaromimage: file=${VGA_BIOS}`,
    `memory: guest=${MEMORY_MB}, host=${MEMORY_MB}`,
    'cpu: model=p3_katmai, count=1, ips=50000000, reset_on_triple_fault=0',
    'display_library: rfb, options="timeout=0"',
    'plugin_ctrl: speaker=0, extfpuirq=0, gameport=0',
    'port_e9_hack: enabled=1',
    'ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14',
    `ata0-master: type=disk, mode=flat, path=${join(folder, 'disk')}, cylinders=${cylinders}, heads=16, spt=63`,
    'boot: disk',
    'clock: sync=none, time0=1',
    `log: ${join(folder, 'log')}`,
    'panic: action=fatal',
    'error: action=ignore',
    'info: action=ignore',
    'debug: action=ignore',
    '',
  ].join('\n');
}

/** Writes the files that Bochs needs for a job into a folder. */
async function prepare(folder: string, job: Job): Promise<void> {
  const sector = readFileSync(await buildBootSector(process.cwd()));
  const content = bootDisk(sector, readFileSync(job.guest), commandLine(job));
  const cylinders = Math.ceil(content.length / CYLINDER);
  const disk = Buffer.alloc(cylinders * CYLINDER);
  content.copy(disk);
  writeFileSync(join(folder, 'disk'), disk);
  writeFileSync(join(folder, 'bochsrc'), configuration(folder, cylinders));
  // Bochs with its debugger, as Debian has it, waits for commands.
  writeFileSync(join(folder, 'commands'), 'c\n');
}

/** Bochs boots a disk that is made for the job: it cannot load a kernel by itself. */
export const bochs: Engine = {
  name: 'Bochs',
  kind: 'interpreter',
  async run(job: Job): Promise<Sample[]> {
    const folder = mkdtempSync(join(tmpdir(), 'ringside-bench-'));
    const args = ['-q', '-f', join(folder, 'bochsrc'), '-rc', join(folder, 'commands')];
    try {
      await prepare(folder, job);
      for (let attempt = 1; ; attempt++) {
        try {
          return await runMarked({ program: BOCHS, args }, job.rounds);
        } catch (error) {
          if (!(error instanceof EndedTooSoon) || attempt === ATTEMPTS) throw error;
        }
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
