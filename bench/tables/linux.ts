import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Context, Part } from '../context';
import { CLI } from '../engines/command-line-guest';
import { type GuestProcess, kill } from '../engines/guest-process';
import { hostProgram } from '../engines/node-process';
import { usageOf } from '../engines/process-time';
import { QEMU, qemu } from '../engines/qemu';
import { v86 } from '../engines/v86';
import type { V86LinuxRequest } from '../engines/v86-linux-host';
import type { Cell, Table } from '../report/table';
import { median } from '../statistics';

const APPEND = 'console=ttyS0 nokaslr';
const MEMORY_MB = 128;
const PATIENCE_MS = 240_000;
/** A BIOS for v86, which starts Linux through one; the package has none, Debian's package seabios does. */
const BIOS = '/usr/share/seabios/bios.bin';
const VGA_BIOS = '/usr/share/seabios/vgabios-stdvga.bin';

interface Images {
  readonly kernel: string;
  readonly initrd: string;
  /** What /init prints before the shell. */
  readonly marker: string;
}

/** What one boot took until the shell. */
interface Boot {
  /** Seconds of the clock. */
  readonly wall: number;
  /** Processor seconds. */
  readonly seconds: number;
  readonly peakBytes?: number;
}

function findImages(): Images | string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import=tsx', 'bench/linux-images.ts'], {
    encoding: 'utf8',
  });
  if (status === 0) return JSON.parse(stdout) as Images;
  return /Unavailable: (.*)|Error: (.*)/.exec(stderr)?.slice(1).find(Boolean) ?? 'the images could not be fetched';
}

function ringsideBoot({ kernel, initrd }: Images): GuestProcess {
  const machine = ['--initrd', initrd, '--memory', String(MEMORY_MB), '--append', APPEND, '--hypervisor', 'none'];
  return { program: process.execPath, args: [CLI, 'run', kernel, ...machine] };
}

function qemuBoot({ kernel, initrd }: Images): GuestProcess {
  const machine = ['-accel', 'tcg', '-nographic', '-no-reboot', '-cpu', 'pentium3', '-m', String(MEMORY_MB)];
  return { program: QEMU, args: [...machine, '-kernel', kernel, '-initrd', initrd, '-append', APPEND] };
}

function v86Boot({ kernel, initrd }: Images): GuestProcess {
  const files = { kernel, initrd, bios: BIOS, vgaBios: VGA_BIOS };
  const request: V86LinuxRequest = { ...files, append: APPEND, memoryMB: MEMORY_MB };
  return { program: process.execPath, args: [hostProgram('v86-linux-host'), JSON.stringify(request)] };
}

/** Starts an engine and waits for the marker on the serial console. @throws Error if it ends or hangs before */
async function boot({ program, args }: GuestProcess, marker: string): Promise<Boot> {
  const start = performance.now();
  // Standard input stays open: the console of the guest.
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  let text = '';
  try {
    return await new Promise((resolve, reject) => {
      const fail = (what: string): void =>
        reject(new Error(`${program} ${what} before the shell: ${text.slice(-300)}`));
      const timer = setTimeout(() => fail('hangs'), PATIENCE_MS);
      child.on('error', reject);
      child.on('close', () => {
        clearTimeout(timer);
        fail('has ended');
      });
      child.stdout.on('data', (data: Buffer) => {
        text += data.toString('latin1');
        if (!text.includes(marker)) return;
        clearTimeout(timer);
        resolve({ wall: (performance.now() - start) / 1000, ...usageOf(child.pid ?? 0) });
      });
    });
  } finally {
    await kill(child);
  }
}

function tableOf(names: readonly string[], samples: readonly (readonly Boot[])[], notes: readonly string[]): Table {
  const middle = (boots: readonly Boot[], of: (boot: Boot) => number | undefined): number | undefined => {
    const values = boots.map(of).filter((value) => value !== undefined);
    return values.length > 0 ? median(values) : undefined;
  };
  const ours = middle(samples[0], (boot) => boot.wall);
  return {
    title: 'Debian Linux 6.1 (686) to a shell on the serial console',
    columns: [
      { title: 'engine' },
      { title: 'seconds', digits: 2 },
      { title: 'processor seconds', digits: 2 },
      { title: 'Ringside needs x', digits: 2 },
      { title: 'memory beyond RAM, MiB' },
    ],
    rows: names.map((name, index): Cell[] => {
      const wall = middle(samples[index], (boot) => boot.wall);
      const peak = middle(samples[index], (boot) => boot.peakBytes);
      return [
        name,
        wall,
        middle(samples[index], (boot) => boot.seconds),
        wall === undefined || ours === undefined ? undefined : ours / wall,
        peak === undefined ? undefined : peak / 2 ** 20 - MEMORY_MB,
      ];
    }),
    notes: [
      `From the start of the process until /init has mounted its file systems, ${MEMORY_MB} MiB of RAM, ` +
        `\`${APPEND}\`. Medians. The images are those of \`npm run linux\`.`,
      ...notes,
    ],
  };
}

async function run({ peers, runs, progress }: Context): Promise<Table[]> {
  progress('Linux images');
  const images = findImages();
  if (typeof images === 'string') return [tableOf([], [[]], [`Skipped: ${images}.`])];
  const bios = [BIOS, VGA_BIOS].every((file) => existsSync(file));
  const engines = [
    { name: 'Ringside', process: ringsideBoot(images) },
    ...(peers.includes(qemu) ? [{ name: qemu.name, process: qemuBoot(images) }] : []),
    ...(peers.includes(v86) && bios ? [{ name: v86.name, process: v86Boot(images) }] : []),
  ];
  const samples: Boot[][] = engines.map(() => []);
  const failures: (string | undefined)[] = [];
  for (let round = 0; round < runs; round++) {
    for (const [index, { name, process }] of engines.entries()) {
      if (failures[index] !== undefined) continue;
      progress(`Linux on ${name}`);
      try {
        samples[index].push(await boot(process, images.marker));
      } catch (error) {
        failures[index] = `${name}: ${(error as Error).message}`;
      }
    }
  }
  const notes = failures.filter((failure) => failure !== undefined);
  if (peers.includes(v86) && !bios) notes.push(`v86 is left out: it needs a BIOS (${BIOS}).`);
  return [
    tableOf(
      engines.map(({ name }) => name),
      samples,
      notes,
    ),
  ];
}

export const linux: Part = { name: 'linux', about: 'Linux 6.1 to a shell', long: true, run };
