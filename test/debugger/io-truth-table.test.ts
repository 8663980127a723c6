import assert from 'node:assert/strict';
import { IO_CALLS } from '../../src/hypervisor/abi/vmi/io';
import { stubOffset, VMI_INIT_OFFSET, VMI_ROM_ADDRESS } from '../../src/hypervisor/abi/vmi/rom';
import { DEFAULT_COST_PROFILE } from '../../src/hypervisor/cost/profiles';
import type { LaunchConfiguration } from '../../src/debugger/types';
import { asm } from './assembly';
import { Harness, ORIGIN } from './session-harness';

/**
 * Every form of port I/O in every world, and what breakpoints by each way see of it: accesses, values, stops, costs.
 * What has to come out is worked out here from the form alone.
 */
interface Form {
  readonly name: string;
  readonly direction: 'in' | 'out';
  readonly width: 1 | 2 | 4;
  /** Elements; undefined for IN and OUT. */
  readonly count?: number;
  /** By the immediate byte, not DX. */
  readonly immediate?: boolean;
  readonly bytes: readonly number[];
}

/** FIFO of the I/O test device; a port within reach of an immediate byte (POST codes, 1 byte wide). */
const DATA = 0x1860;
const POST = 0x80;
const SOURCE = 0x9000;
const TARGET = 0xa000;
const VALUE = 0x44332211;
const REPEATS = 3;

function* forms(): Generator<Form> {
  const widths = [
    [1, 0, []],
    [2, 1, [0x66]],
    [4, 1, []],
  ] as const;
  for (const [width, bit, prefix] of widths) {
    for (const direction of ['out', 'in'] as const) {
      const letter = 'bwl'[width >> 1];
      const output = direction === 'out' ? 2 : 0;
      const common = { direction, width } as const;
      yield { ...common, name: `${direction} DX ${letter}`, bytes: [...prefix, 0xec | output | bit] };
      if (width === 1) {
        yield { ...common, name: `${direction} imm8 ${letter}`, immediate: true, bytes: [0xe4 | output, POST] };
      }
      const opcode = 0x6c | output | bit;
      for (const [repeat, count] of [
        [[], 1],
        [[0xf3], REPEATS],
        [[0xf2], REPEATS],
      ] as const) {
        for (const address of [[], [0x67]]) {
          for (const segment of [[], [0x2e], [0x65]]) {
            const bytes = [...repeat, ...segment, ...address, ...prefix, opcode];
            const text = bytes.map((byte) => byte.toString(16)).join(' ');
            yield { ...common, count, name: `${direction}s ${letter}: ${text}`, bytes };
          }
        }
      }
    }
  }
}

/** OUT forms first, so that the FIFO has what the IN forms take. */
const FORMS = [...forms()].sort((a, b) => Number(a.direction === 'in') - Number(b.direction === 'in'));

interface World {
  readonly name: string;
  readonly channel: 'direct' | 'trap' | 'vtx' | 'hypercall';
  readonly mode: LaunchConfiguration['hypervisor']['mode'];
  /** VMI_Init is called first, and the kernel goes on at this level. */
  readonly privilege?: 0 | 1;
}

const WORLDS: readonly World[] = [
  { name: 'none', channel: 'direct', mode: 'none' },
  { name: 'trap', channel: 'trap', mode: 'trap' },
  { name: 'vtx', channel: 'vtx', mode: 'vtx' },
  { name: 'vmi, native', channel: 'trap', mode: 'vmi' },
  { name: 'vmi, raw at level 0', channel: 'trap', mode: 'vmi', privilege: 0 },
  { name: 'vmi, raw at level 1', channel: 'trap', mode: 'vmi', privilege: 1 },
  { name: 'vmi, calls at level 0', channel: 'hypercall', mode: 'vmi', privilege: 0 },
  { name: 'vmi, calls at level 1', channel: 'hypercall', mode: 'vmi', privilege: 1 },
];

const portOf = (form: Form): number => (form.immediate ? POST : DATA);

/** Number of the VMI call that stands for a form. */
function callFor({ direction, width, count }: Form): number {
  const call = IO_CALLS.find(
    ({ io }) => io?.direction === direction && io.width === width && io.string === (count !== undefined),
  );
  assert.ok(call);
  return call.number;
}

/** Each form in its turn; what IN reads goes to memory, each form to a place of its own. */
function programFor({ channel, privilege }: World): number[] {
  const code: number[] = [...asm.movEsp(0x8000)];
  const callRom = (offset: number): void => {
    code.push(...asm.call(ORIGIN + code.length, VMI_ROM_ADDRESS + offset));
  };
  if (privilege !== undefined) callRom(VMI_INIT_OFFSET);
  FORMS.forEach((form, i) => {
    const target = TARGET + 16 * i;
    code.push(...asm.movEax(VALUE), ...asm.movDx(portOf(form)), ...asm.movEcx(form.count ?? 0));
    code.push(...asm.movEsi(SOURCE), ...asm.movEdi(target));
    if (channel === 'hypercall') callRom(stubOffset(callFor(form)));
    else code.push(...form.bytes);
    // mov [target], eax
    if (form.direction === 'in' && form.count === undefined) {
      code.push(0xa3, target & 0xff, (target >>> 8) & 0xff, (target >>> 16) & 0xff, target >>> 24);
    }
  });
  return [...code, ...asm.end];
}

interface Access {
  readonly port: number;
  readonly direction: 'in' | 'out';
  readonly width: number;
  readonly value: number;
  /** Elements left, this one included. */
  readonly count: number;
}

const sourceByte = (offset: number): number => 0x80 + offset;
const little = (bytes: readonly number[]): number => bytes.reduce((sum, byte, i) => sum + byte * 2 ** (8 * i), 0);

/** What the devices see, in order, and what the guest has in memory at the end. */
function expectation(change: (value: number, access: Omit<Access, 'value'>) => number = (value) => value): {
  accesses: Access[];
  memory: Map<number, number[]>;
} {
  const fifo: number[] = [];
  let post = 0;
  const accesses: Access[] = [];
  const memory = new Map<number, number[]>();
  FORMS.forEach((form, i) => {
    const { direction, width, count: elements } = form;
    const port = portOf(form);
    const read: number[] = [];
    for (let left = elements ?? 1; left > 0; left--) {
      const access = { port, direction, width, count: left };
      const done = (elements ?? 1) - left;
      const offered =
        elements === undefined
          ? VALUE % 2 ** (8 * width)
          : little(Array.from({ length: width }, (_, j) => sourceByte(done * width + j)));
      const given = port === POST ? post : little(fifo.splice(0, direction === 'in' ? width : 0));
      const value = change(direction === 'out' ? offered : given, access);
      accesses.push({ ...access, value });
      const bytes = Array.from({ length: width }, (_, j) => Math.floor(value / 2 ** (8 * j)) % 256);
      if (direction === 'in') read.push(...bytes);
      else if (port === POST) post = value;
      else fifo.push(...bytes);
    }
    if (direction === 'in') memory.set(TARGET + 16 * i, read);
  });
  return { accesses, memory };
}

async function boot(world: World): Promise<Harness> {
  const guest = await Harness.flat(programFor(world), {
    hypervisor: {
      mode: world.mode,
      disableIoOps: false,
      costProfile: 'default',
      abis: [],
      vmi: { privilege: world.privilege ?? 0, checkPages: 'report' },
    },
  });
  guest.session.writeMemory(
    SOURCE,
    Uint8Array.from({ length: 16 }, (_, i) => sourceByte(i)),
  );
  return guest;
}

function assertMemory(guest: Harness, memory: ReadonlyMap<number, readonly number[]>): void {
  for (const [address, bytes] of memory) {
    const name = FORMS[(address - TARGET) / 16].name;
    assert.deepEqual([...guest.session.readMemory(address, bytes.length)], bytes, name);
  }
}

const LOG = 'log "{port} {dir == out ? 1 : 0} {width} {value} {count}"';
const lineOf = ({ port, direction, width, value, count }: Access): string =>
  [port, direction === 'out' ? 1 : 0, width, value, count].join(' ');
const PORTS = [DATA, POST];

for (const world of WORLDS) {
  describe(`I/O forms and breakpoints: ${world.name}`, () => {
    const { channel } = world;
    const via = channel === 'direct' ? '' : ` via ${channel}`;

    it('every form moves what it should, and is logged access by access with its value', async () => {
      const { accesses, memory } = expectation();
      const guest = await boot(world);
      guest.specs(...PORTS.map((port) => `io ${port}${via} ${LOG}`));
      assert.equal((await guest.end()).exitCode, 0);
      assertMemory(guest, memory);
      assert.deepEqual(guest.logs, accesses.map(lineOf));
    });

    it('is seen by the ways that it takes, before and after, and by no other', async () => {
      const { accesses } = expectation();
      const guest = await boot(world);
      const cases = ['', ' via trap', ' via vtx', ' via hypercall'].flatMap((way) =>
        ['', ' before'].map((moment) => [`io ${DATA}${way}${moment} log ""`, way === '' || way === via] as const),
      );
      const texts = cases.map(([text]) => text);
      guest.specs(...texts);
      await guest.end();
      const all = accesses.filter(({ port }) => port === DATA).length;
      assert.deepEqual(
        guest.hits(...texts),
        cases.map(([, matches]) => (matches ? all : 0)),
      );
    });

    it('is changed by set, access by access', async () => {
      const { memory } = expectation((value, { port, width }) =>
        port === DATA ? (value ^ (width === 1 ? 1 : 0x101)) >>> 0 : value,
      );
      const guest = await boot(world);
      guest.specs(`io ${DATA}${via} set value ^ (width == 1 ? 1 : 0x101)`);
      await guest.end();
      assertMemory(guest, memory);
    });

    it('is changed by set only if it goes by the way that is named', async () => {
      const other = channel === 'vtx' ? 'trap' : 'vtx';
      const { memory } = expectation();
      const guest = await boot(world);
      guest.specs(`io ${DATA} via ${other} set 0`);
      await guest.end();
      assertMemory(guest, memory);
    });

    it('stops before and after each access, and is done once', async () => {
      const { accesses, memory } = expectation();
      const guest = await boot(world);
      guest.specs(`io ${DATA}${via} before if count <= 2`, `io ${DATA}${via} if count <= 2`);
      const expected = accesses.filter(({ port, count }) => port === DATA && count <= 2).length;
      for (let i = 0; i < 2 * expected; i++) {
        const { text } = await guest.stop();
        assert.equal(text.startsWith('before '), i % 2 === 0, text);
      }
      assert.equal((await guest.end()).exitCode, 0);
      assertMemory(guest, memory);
    });

    it('costs what the profile says of its way', async () => {
      const guest = await boot(world);
      await guest.end();
      const rows = guest.session.inspect
        .exitLog({ count: 1000 })
        .entries.filter(({ port }) => port !== undefined && PORTS.includes(port));
      if (channel === 'direct') {
        assert.deepEqual(rows, []);
        return;
      }
      const figures = DEFAULT_COST_PROFILE[channel];
      const wanted = FORMS.map((form) => {
        const elements = form.count ?? 1;
        const { transition, decode, device, return: back } = figures[form.count === undefined ? 'port' : 'string'];
        const cost = {
          transition: transition.cycles,
          decode: decode.cycles,
          device: elements * device.cycles,
          return: back.cycles,
        };
        const { direction, width, name } = form;
        return { name, channel, port: portOf(form), direction, width, repeat: elements, cost };
      });
      assert.deepEqual(
        rows.map((row, i) => ({
          name: FORMS[i]?.name,
          channel: row.channel,
          port: row.port,
          direction: row.direction,
          width: row.width,
          repeat: row.repeat,
          cost: row.cost,
        })),
        wanted,
      );
    });
  });
}
