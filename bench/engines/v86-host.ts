/** Runs a kernel on v86, prints the guest's debug console and then, on a line of their own, the samples. */
import { readFileSync, writeSync } from 'node:fs';
import { commandLine, type Job, MEMORY_MB } from './engine';
import { MarkReader } from './mark-reader';
import { ownUsage } from './process-time';
import { createV86, image, onConsole } from './v86-guest';

/** Written to as a file: the stream would refuse what its reader is too slow for. */
const STDOUT = 1;

const job = JSON.parse(process.argv[2]) as Job;
const marks = new MarkReader(ownUsage);
const emulator = await createV86({
  memory_size: MEMORY_MB << 20,
  multiboot: image(readFileSync(job.guest)),
  cmdline: commandLine(job),
});
onConsole(emulator, (byte) => {
  writeSync(STDOUT, Uint8Array.of(byte));
  if (!marks.push(byte) || marks.runs.length < job.rounds.length) return;
  const samples = marks.runs.map(({ start, end, checksum }, index) => ({
    rounds: job.rounds[index],
    seconds: end.seconds - start.seconds,
    peakBytes: end.peakBytes,
    checksum,
  }));
  console.log(`\n${JSON.stringify(samples)}`);
  process.exit(0);
});
await emulator.run();
