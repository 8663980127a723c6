import assert from 'node:assert/strict';
import type { ModeName } from '../../src/hypervisor/modes/mode';
import { Register, SegmentIndex } from '../../src/machine/layout';
import { type CodeKind, SEGMENT_BASES, TestGuest } from './support';

interface Form {
  name: string;
  bytes: number[];
  kind: CodeKind;
  string: boolean;
  input: boolean;
  /** Elements that it moves. */
  elements: number;
  width: 1 | 2 | 4;
}

const SEGMENT_PREFIX: readonly [string, number[]][] = [
  ['', []],
  ['es:', [0x26]],
  ['cs:', [0x2e]],
  ['ss:', [0x36]],
  ['fs:', [0x64]],
  ['gs:', [0x65]],
];
const COUNT = 3;
const INDEX = 0x200;
const DX_PORT = 0x44;
const IMMEDIATE_PORT = 0x48;

/** Every I/O form in every kind of code. */
function* allForms(): Generator<Form> {
  for (const kind of ['flat32', 'flat16', 'real', 'v86'] as const)
    for (const operandPrefix of [[], [0x66]])
      for (const opcode of [0xe4, 0xe5, 0xe6, 0xe7, 0xec, 0xed, 0xee, 0xef, 0x6c, 0x6d, 0x6e, 0x6f]) {
        const big = (kind === 'flat32') !== operandPrefix.length > 0;
        const width = opcode & 1 ? (big ? 4 : 2) : 1;
        const string = opcode < 0x70;
        const input = (opcode & 2) === 0;
        const tail = (opcode & 0xfc) === 0xe4 ? [IMMEDIATE_PORT] : [];
        const common = { kind, string, input, width } as const;
        if (!string) {
          const bytes = [...operandPrefix, opcode, ...tail];
          yield { ...common, name: nameOf(kind, bytes), bytes, elements: 1 };
          continue;
        }
        for (const [, segmentPrefix] of SEGMENT_PREFIX)
          for (const addressPrefix of [[], [0x67]])
            for (const repeatPrefix of [[], [0xf3], [0xf2]]) {
              const bytes = [...repeatPrefix, ...segmentPrefix, ...addressPrefix, ...operandPrefix, opcode];
              yield { ...common, name: nameOf(kind, bytes), bytes, elements: repeatPrefix.length > 0 ? COUNT : 1 };
            }
      }
}

function nameOf(kind: CodeKind, bytes: number[]): string {
  return `${kind} ${bytes.map((byte) => byte.toString(16)).join(' ')}`;
}

const GUESTS = {
  none: new TestGuest({ mode: 'none', logCapacity: 16 }),
  trap: new TestGuest({ mode: 'trap', logCapacity: 16 }),
  vtx: new TestGuest({ mode: 'vtx', logCapacity: 16 }),
  vmi: new TestGuest({ mode: 'vmi', logCapacity: 16 }),
};

function execute(form: Form, mode: ModeName): { guest: TestGuest; outcome: unknown } {
  const guest = GUESTS[mode];
  const codeBase = 0x10000;
  guest.forget();
  guest.enter(form.kind, codeBase);
  for (const base of [...Object.values(SEGMENT_BASES), codeBase]) {
    const pattern = Uint8Array.from({ length: 0x20 }, (_, i) => (base >>> 12) + i);
    guest.memory.poke(base + INDEX, pattern);
  }
  guest.load(form.bytes, 0x1000);
  // High halves that a 16-bit address size must neither use nor change; harmless with a 32-bit one only if zero.
  guest.setRegisters({ EAX: 0x11223344, ECX: COUNT, EDX: 0x77770000 | DX_PORT, EBX: 0x55555555 });
  guest.setRegisters({ EBP: 0x66666666, ESI: INDEX, EDI: INDEX });
  guest.state.eflags |= 0x8d5;
  const end = guest.run(form.elements);
  const written = Object.values(SEGMENT_BASES).map((base) => [...guest.memory.peek(base + INDEX, 0x20)]);
  const outcome = {
    end,
    registers: guest.registers(),
    eip: guest.state.eip,
    eflags: guest.state.eflags,
    written,
    accesses: [...guest.recorder.accesses],
  };
  return { guest, outcome };
}

describe('port I/O under every mode', () => {
  const channels = { none: '', trap: 'trap', vtx: 'vtx', vmi: 'trap' } as const;

  it('does the same to the guest and its devices in every form', () => {
    let forms = 0;
    for (const form of allForms()) {
      const bare = execute(form, 'none');
      assert.equal(bare.guest.recorder.accesses.length, form.elements, form.name);
      assert.equal(bare.guest.hypervisor.log.nextSequence, 0, form.name);
      for (const mode of ['trap', 'vtx', 'vmi'] as const) {
        const { guest, outcome } = execute(form, mode);
        assert.deepEqual(outcome, bare.outcome, `${form.name} under ${mode}`);
        const records = guest.hypervisor.log.records(0, 10);
        assert.equal(records.length, 1, `${form.name} under ${mode}`);
        const [record] = records;
        const decoded = mode !== 'vtx' || form.string;
        assert.deepEqual(
          {
            reason: record.reason,
            channel: record.channel,
            hypercall: record.hypercall,
            port: record.port,
            direction: record.direction,
            width: record.width,
            repeat: record.repeat,
            eip: record.eip,
            linear: record.linear,
            cpl: record.cpl,
            bytes: [...record.bytes],
          },
          {
            reason: 'IO',
            channel: channels[mode],
            hypercall: '',
            port: (form.bytes.at(-2) ?? 0) >= 0xe4 && form.bytes.at(-1) === IMMEDIATE_PORT ? IMMEDIATE_PORT : DX_PORT,
            direction: form.input ? 'in' : 'out',
            width: form.width,
            repeat: form.elements,
            eip: 0x1000,
            linear: 0x11000,
            cpl: form.kind === 'v86' ? 3 : 0,
            bytes: decoded ? form.bytes : [],
          },
          `${form.name} under ${mode}`,
        );
        assert.equal(record.value, guest.recorder.accesses.at(-1)?.value, form.name);
      }
      forms++;
    }
    assert.equal(forms, 4 * 2 * (8 + 4 * 6 * 2 * 3));
  });

  it('takes OUTS from the overriding segment and never INS', () => {
    const { guest } = execute(
      { name: '', bytes: [0x64, 0x6e], kind: 'flat32', string: true, input: false, elements: 1, width: 1 },
      'trap',
    );
    assert.equal(guest.recorder.accesses[0].value, SEGMENT_BASES[SegmentIndex.FS] >>> 12);
    const ins = execute(
      { name: '', bytes: [0x64, 0x6c], kind: 'flat32', string: true, input: true, elements: 1, width: 1 },
      'trap',
    );
    assert.equal(ins.guest.memory.peek(SEGMENT_BASES[SegmentIndex.ES] + INDEX, 1)[0], 0x84);
    assert.equal(ins.guest.memory.peek(SEGMENT_BASES[SegmentIndex.FS] + INDEX, 1)[0], 0x50);
  });

  it('counts only CX, SI and DI with a 16-bit address size', () => {
    for (const mode of ['none', 'trap', 'vtx', 'vmi'] as const) {
      const guest = new TestGuest({ mode });
      guest.enter('flat32');
      guest.load([0xf3, 0x67, 0x6e]);
      guest.setRegisters({ ECX: 0xabcd0002, ESI: 0xabcdffff, EDX: DX_PORT });
      guest.run(2);
      assert.equal(guest.state.reg(Register.ECX), 0xabcd0000, mode);
      assert.equal(guest.state.reg(Register.ESI), 0xabcd0001, mode);
    }
  });

  it('runs strings downwards when DF is set', () => {
    for (const mode of ['none', 'trap', 'vtx', 'vmi'] as const) {
      const guest = new TestGuest({ mode });
      guest.enter('flat32');
      guest.load([0xf3, 0x6f]);
      guest.setRegisters({ ECX: 2, ESI: 0x104, EDX: DX_PORT });
      guest.state.eflags |= 0x400;
      guest.run(2);
      assert.equal(guest.state.reg(Register.ESI), 0xfc, mode);
    }
  });
});
