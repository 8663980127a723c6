import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { outputPath, buildGuests, readBuilt, run, type ProcessResult } from './support';

/** What QEMU exits with after the guest wrote 0x10 or 0x11 to isa-debug-exit: (value << 1) | 1. */
const EXIT_OK = 33;
const EXIT_FAILED = 35;

const QEMU = 'qemu-system-i386';
const installed = spawnSync(QEMU, ['--version']).status === 0;

/**
 * QEMU is a second opinion on the guests: another machine, written by others. Time is counted in instructions, so that
 * a busy host does not change it.
 */
function boot(name: string, options: readonly string[] = []): Promise<ProcessResult> {
  const built = readBuilt(name);
  const drive = (file: string): string[] => ['-drive', `file=${outputPath(file)},format=raw,if=ide`];
  const program = built.kind === 'multiboot' ? ['-kernel', outputPath(built.program)] : drive(built.program);
  const machine = ['-display', 'none', '-serial', 'stdio', '-snapshot', '-no-reboot', '-icount', 'shift=3,sleep=off'];
  const exit = ['-device', 'isa-debug-exit,iobase=0xf4,iosize=1'];
  return run(QEMU, [...program, ...machine, ...exit, ...options], 60_000);
}

function disk(): string[] {
  const [drive] = readBuilt('paravirt-io').drives;
  assert.ok(drive);
  return ['-drive', `file=${outputPath(drive.file)},format=raw,if=ide`];
}

function lines(result: ProcessResult): string[] {
  return result.output.replaceAll('\r', '').trimEnd().split('\n');
}

/** Columns of a workload's line: operations, elements, cycles, and the result with its reason. */
function workload(
  result: ProcessResult,
  name: string,
): { operations: number; elements: number; cycles: string; result: string } {
  const line = lines(result).find((candidate) => candidate.startsWith(`${name} `)) ?? '';
  const match = /^\S+ +(\d+) +(\d+) +(~\d+|-) +(.*)$/.exec(line);
  assert.ok(match, `no line of ${name} in:\n${result.output}${result.messages}`);
  const [, operations = '', elements = '', cycles = '', outcome = ''] = match;
  return { operations: Number(operations), elements: Number(elements), cycles, result: outcome };
}

describe(`the guests under QEMU${installed ? '' : ` (skipped: ${QEMU} is not on PATH)`}`, function () {
  this.timeout(300_000);

  before(async function () {
    if (!installed) this.skip();
    const { status, messages } = await buildGuests();
    assert.equal(status, 0, messages);
  });

  it('paravirt-io checks its drivers natively', async () => {
    const result = await boot('paravirt-io', disk());
    assert.equal(result.status, EXIT_OK, result.output + result.messages);
    assert.ok(lines(result).includes('paravirt backend: native'));
    for (const name of ['uart', 'rtc', 'pit', 'ide']) {
      const { operations, cycles, result: outcome } = workload(result, name);
      assert.equal(outcome, 'OK');
      assert.ok(operations > 1000, `${name}: ${operations} operations`);
      assert.match(cycles, /^~\d+$/);
    }
    assert.equal(workload(result, 'iotest').result, 'SKIPPED: no I/O test device');
    // 1 + 1 + 8 * (48 + 32) sectors read and 8 * 32 written, with 256 words each, and the drive's identity.
    assert.equal(workload(result, 'ide').elements, 256 * (1 + 8 + 8 * (48 + 32) + 8 * 32));
    assert.match(lines(result).at(-1) ?? '', /^exits ~\d{7}$/);
  });

  it('paravirt-io does the same operations in every run', async () => {
    const timeless = (result: ProcessResult): string => result.output.replaceAll(/~\d+ */g, '~ ');
    const first = await boot('paravirt-io', disk());
    const second = await boot('paravirt-io', disk());
    assert.equal(timeless(first), timeless(second));
  });

  it('paravirt-io skips the disk without one, and RDTSC on a processor that lacks it', async () => {
    const result = await boot('paravirt-io', ['-cpu', '486']);
    assert.equal(result.status, EXIT_OK, result.output + result.messages);
    assert.equal(workload(result, 'ide').result, 'SKIPPED: no disk');
    assert.equal(workload(result, 'uart').cycles, '-');
  });

  it('paravirt-io leaves a disk that is not its own alone', async () => {
    const foreign = ['-drive', `file=${outputPath('paravirt-io.elf')},format=raw,if=ide`];
    const small = await boot('paravirt-io', foreign);
    assert.equal(workload(small, 'ide').result, 'SKIPPED: the disk is too small: left alone');
  });

  it('hello-bootsector asks the BIOS and reads itself back', async () => {
    const result = await boot('hello-bootsector');
    assert.equal(result.status, EXIT_OK, result.output + result.messages);
    assert.deepEqual(lines(result), [
      'Hello from a boot sector',
      '639 KiB of conventional memory',
      '64512 KiB above 1 MiB',
      'disk: read back, the same',
      'tick',
      'hello-bootsector: OK',
    ]);
  });

  it('faults raises what it should (QEMU checks neither limits nor types of segments)', async () => {
    const result = await boot('faults');
    const unchecked = ['write to a code segment', "read beyond a segment's limit"];
    assert.equal(result.status, EXIT_FAILED);
    const verdicts = lines(result).filter((line) => line.startsWith('#'));
    assert.equal(verdicts.length, 14);
    for (const line of verdicts) {
      const expected = unchecked.some((what) => line.includes(what)) ? /FAILED$/ : /OK$/;
      assert.match(line, expected);
    }
  });

  it('faults ends in a triple fault when told to', async () => {
    const result = await boot('faults', ['-append', 'triple']);
    assert.equal(result.status, 0, 'QEMU ends at the reset, not by the exit device');
    assert.deepEqual(lines(result), ['Ringside faults: a triple fault']);
  });

  it('ports says that it needs the I/O test device', async () => {
    const result = await boot('ports');
    assert.equal(result.status, EXIT_OK);
    assert.equal(lines(result).at(-1), 'ports: SKIPPED: no I/O test device');
  });
});
