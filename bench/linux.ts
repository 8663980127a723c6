/**
 * Time from the start of the process to Debian's shell on the serial console, Ringside and QEMU (TCG) in turn, by the
 * wall clock and by processor time. The images are those of `npm run linux`.
 *
 *     npm run bench:linux -- [ROUNDS] [686|686-pae]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cachedImages, FLAVOURS, fetchImages, type LinuxImages } from '../test/guests/linux/images';
import { INIT_MARKER } from '../test/guests/linux/initramfs';

const QEMU = 'qemu-system-i386';
const CLI = join(__dirname, '..', 'dist', 'cli.js');
const APPEND = 'console=ttyS0 nokaslr';
const MEMORY = '128';
/** Clock ticks of a second in /proc/PID/stat. */
const TICKS = 100;

interface Engine {
  readonly name: string;
  start(images: Required<LinuxImages>): ChildProcess;
}

interface Sample {
  readonly wall: number;
  readonly cpu: number;
}

const ENGINES: readonly Engine[] = [
  {
    name: 'ringside',
    start: ({ kernel, initrd }) =>
      spawn(process.execPath, [
        CLI,
        'run',
        kernel,
        '--initrd',
        initrd,
        '--memory',
        MEMORY,
        '--append',
        APPEND,
        '--hypervisor',
        'none',
      ]),
  },
  {
    name: 'qemu',
    start: ({ kernel, initrd }) =>
      spawn(QEMU, [
        ...['-accel', 'tcg', '-nographic', '-no-reboot', '-cpu', 'pentium3', '-m', MEMORY],
        ...['-kernel', kernel, '-initrd', initrd, '-append', APPEND],
      ]),
  },
];

/** Processor seconds of a process and its threads so far (proc(5): fields 14 and 15). */
function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Starts an engine and waits for the marker that /init prints. @throws Error if it ends before */
function boot(engine: Engine, images: Required<LinuxImages>): Promise<Sample> {
  const start = performance.now();
  const child = engine.start(images);
  let text = '';
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`${engine.name} ended before the shell: ${text.slice(-300)}`)));
    child.stdout?.on('data', (data: Buffer) => {
      text += data.toString('latin1');
      if (!text.includes(INIT_MARKER)) return;
      const sample = { wall: (performance.now() - start) / 1000, cpu: processorTime(child.pid as number) };
      child.removeAllListeners('exit');
      child.on('exit', () => resolve(sample));
      child.kill('SIGKILL');
      text = '';
    });
  });
}

function report(samples: ReadonlyMap<string, readonly Sample[]>): void {
  const best = (name: string, of: keyof Sample): number => Math.min(...(samples.get(name) ?? []).map((s) => s[of]));
  for (const of of ['wall', 'cpu'] as const) {
    const [ours, qemu] = ENGINES.map(({ name }) => best(name, of));
    const ratio = (ours / qemu).toFixed(2);
    console.log(`best ${of}: ringside ${ours.toFixed(1)} s, qemu ${qemu.toFixed(1)} s, ratio ${ratio}`);
  }
}

async function main([rounds = '3', flavour = '686']: readonly string[]): Promise<void> {
  const known = FLAVOURS.find((name) => name === flavour);
  if (!known) throw new Error(`there is no kernel "${flavour}"; there are ${FLAVOURS.join(' and ')}`);
  fetchImages();
  const images = cachedImages(known);
  if (!images) throw new Error('the images were fetched and are not there');
  const samples = new Map<string, Sample[]>(ENGINES.map(({ name }) => [name, []]));
  for (let round = 1; round <= Number(rounds); round++) {
    for (const engine of ENGINES) {
      const sample = await boot(engine, images);
      samples.get(engine.name)?.push(sample);
      console.log(`${engine.name.padEnd(9)} ${sample.wall.toFixed(1)} s, ${sample.cpu.toFixed(1)} s of processor time`);
    }
  }
  report(samples);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
