import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PortAccess } from '../../../src/machine/bus/port-access';
import { Cpu } from '../../../src/machine/cpu/cpu';
import { CpuState } from '../../../src/machine/cpu/state';
import type { CpuModel } from '../../../src/machine/isa/form';
import { FLAG_RF, Register, SegmentIndex } from '../../../src/machine/layout';
import { PhysicalMemory } from '../../../src/machine/memory/physical';
import { RunLoop } from '../../../src/machine/run-loop';
import { VirtualClock } from '../../../src/machine/virtual-clock';
import { GdbClient, GdbError } from './client';

const PROGRAM = 'qemu-system-i386';
const MEMORY_MB = 16;

/** Registers as QEMU's stub orders them (gdb-xml/i386-32bit.xml): general ones, EIP, EFLAGS, CS SS DS ES FS GS. */
const NAMES = [
  'eax',
  'ecx',
  'edx',
  'ebx',
  'esp',
  'ebp',
  'esi',
  'edi',
  'eip',
  'eflags',
  'cs',
  'ss',
  'ds',
  'es',
  'fs',
  'gs',
];
const SEGMENTS = [SegmentIndex.CS, SegmentIndex.SS, SegmentIndex.DS, SegmentIndex.ES, SegmentIndex.FS, SegmentIndex.GS];
const EIP = 8;
const EFLAGS = 9;

/** Where a ROM, stepped on both sides, first makes a difference. */
export interface StepDifference {
  /** Instructions that agreed. */
  readonly steps: number;
  /** CS:EIP before the instruction, and its first bytes. */
  readonly at: string;
  readonly lines: readonly string[];
}

/** Our processor with a ROM, advanced to the same places as QEMU's. */
class Side {
  private readonly memory = new PhysicalMemory(MEMORY_MB << 20);
  private readonly cpu: Cpu;
  private readonly loop: RunLoop;

  constructor(model: CpuModel, rom: Uint8Array) {
    this.memory.mapRom(rom, [0x100000 - rom.length, 2 ** 32 - rom.length]);
    const clock = new VirtualClock(new CpuState(this.memory.memory), 0);
    const bus = {
      access: (access: PortAccess): void => {
        if (access.direction === 'in') access.value = access.width === 4 ? 0xffffffff : (1 << (access.width * 8)) - 1;
      },
    };
    this.cpu = new Cpu({ memory: this.memory, bus, clock, model });
    this.loop = new RunLoop(this.cpu, clock, { pending: false, acknowledge: () => 0, lineOf: () => -1 });
  }

  step(): void {
    this.loop.run(1);
  }

  registers(): number[] {
    const { state } = this.cpu;
    const general = Array.from({ length: 8 }, (_, i) => state.reg(i));
    return [...general, state.eip, state.eflags, ...SEGMENTS.map((segment) => state.selector(segment))];
  }

  setRegister(register: Register, value: number): void {
    this.cpu.state.setReg(register, value);
  }

  place(): string {
    const { state } = this.cpu;
    const linear = (state.segmentBase(SegmentIndex.CS) + state.eip) >>> 0;
    const bytes = Array.from({ length: 8 }, (_, i) => this.memory.read((linear + i) >>> 0, 1) & 0xff);
    const cs = state.selector(SegmentIndex.CS).toString(16);
    return `${cs}:${state.eip.toString(16)} (${Buffer.from(bytes).toString('hex')})`;
  }

  /** Takes over what the other side has where it is undefined by the manual, so that the comparison can go on. */
  setFlags(value: number): void {
    this.cpu.state.eflags = value;
  }
}

/**
 * Steps a ROM in QEMU through its GDB stub and in our processor, and compares all registers after each instruction.
 * @param ignoredFlags EFLAGS bits that may differ; they are taken over from QEMU
 * @returns the first difference, or the number of steps that agreed
 * @throws GdbError if QEMU cannot be started or ends
 */
export async function stepImage(
  path: string,
  model: CpuModel,
  maxSteps: number,
  ignoredFlags: number,
): Promise<StepDifference | number> {
  const folder = mkdtempSync(join(tmpdir(), 'ringside-gdb-'));
  const socket = join(folder, 'stub');
  const child = spawn(
    PROGRAM,
    [
      ...['-S', '-gdb', `unix:${socket},server=on,wait=off`, '-bios', path, '-m', String(MEMORY_MB), '-cpu', model],
      ...['-display', 'none', '-monitor', 'none', '-serial', 'none', '-net', 'none', '-no-reboot'],
    ],
    { stdio: 'ignore' },
  );
  try {
    const client = await connect(socket);
    const side = new Side(model, readFileSync(path));
    // EDX after reset is the stepping, which is each one's own.
    side.setRegister(Register.EDX, (await client.registers())[Register.EDX]);
    const result = await compareSteps(client, side, maxSteps, ignoredFlags | FLAG_RF);
    client.close();
    return result;
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compareSteps(
  client: GdbClient,
  side: Side,
  maxSteps: number,
  ignoredFlags: number,
): Promise<StepDifference | number> {
  for (let steps = 0; steps < maxSteps; steps++) {
    const at = side.place();
    await client.step();
    side.step();
    const theirs = await client.registers();
    const ours = side.registers();
    const lines = NAMES.flatMap((name, i) => {
      const mask = i === EFLAGS ? ~ignoredFlags : ~0;
      const differs = ((ours[i] ^ theirs[i]) & mask) !== 0;
      return differs ? [`${name}: ${ours[i].toString(16)}, QEMU has ${theirs[i].toString(16)}`] : [];
    });
    if (lines.length > 0) return { steps, at, lines };
    if (ours[EFLAGS] !== theirs[EFLAGS]) side.setFlags(theirs[EFLAGS]);
    // HLT, or a jump to itself: nothing more to see.
    if (ours[EIP] === theirs[EIP] && side.place() === at && /\((f4|ebfe)/.test(at)) return steps;
  }
  return maxSteps;
}

/** The stub listens a moment after QEMU has started. */
async function connect(socket: string): Promise<GdbClient> {
  for (let tries = 0; ; tries++) {
    try {
      return await GdbClient.connect(socket);
    } catch (error) {
      if (tries === 100) throw error instanceof GdbError ? error : new GdbError(String(error));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
