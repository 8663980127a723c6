import assert from 'node:assert/strict';
import type { LaunchConfiguration } from '../../src/debugger/types';
import { asm, program } from './assembly';
import { Harness, ORIGIN } from './session-harness';

const MAGIC = 0x564d5868;
const KVM_OUTB = 0x52530003;
const COM1 = 0x3f8;

const movEbx = (value: number): number[] => [
  0xbb,
  value & 0xff,
  (value >>> 8) & 0xff,
  (value >>> 16) & 0xff,
  value >>> 24,
];
const movEdx = (value: number): number[] => [
  0xba,
  value & 0xff,
  (value >>> 8) & 0xff,
  (value >>> 16) & 0xff,
  value >>> 24,
];
const vmcall = [0x0f, 0x01, 0xc1];

/** Calls of KVM, one that there is not among them, and of VMware, in one guest. */
const GUEST = program(
  asm.movEax(5),
  asm.movEcx(3),
  vmcall, // 2: KICK_CPU
  asm.movEax(77),
  movEbx(0x1234),
  vmcall, // 5: unknown
  asm.movEax(KVM_OUTB),
  movEbx(COM1),
  asm.movEcx(0x41),
  vmcall, // 9: OUTB
  asm.movEax(MAGIC),
  asm.movEcx(10),
  movEdx(0x5658),
  asm.inEaxDx, // 13: GETVERSION
  asm.end,
);
const [KICK, UNKNOWN, OUTB, VERSION] = [2, 5, 9, 13].map((piece) => GUEST.starts[piece]);

function offering(
  mode: LaunchConfiguration['hypervisor']['mode'],
  abis: string[],
  extra: Partial<LaunchConfiguration['hypervisor']> = {},
): Partial<LaunchConfiguration> {
  return { hypervisor: { mode, disableIoOps: false, costProfile: 'default', abis, ...extra } };
}

function guest(abis = ['kvm', 'vmware']): Promise<Harness> {
  return Harness.flat(GUEST.code, offering('vtx', abis));
}

describe('hypercalls of two ABIs in one session', () => {
  it('stop at breakpoints by ABI and name, with the call in words', async () => {
    const harness = await guest();
    harness.specs('hypercall kvm:KICK_CPU', 'hypercall vmware:GETVERSION');
    const kick = await harness.stop();
    assert.equal(harness.at, KICK, 'before anything has happened');
    assert.match(kick.text, /^hypercall KVM 5 KICK_CPU\(flags=0x0, apicId=3\) at 0x0010000a/);
    const version = await harness.stop();
    assert.equal(harness.at, VERSION);
    assert.match(version.text, /^hypercall VMWARE 10 GETVERSION\(\)/);
    await harness.end();
    assert.equal(harness.number('ebx'), MAGIC);
    assert.deepEqual(harness.hits('hypercall kvm:KICK_CPU', 'hypercall vmware:GETVERSION'), [1, 1]);
  });

  it('stop at a number that the ABI does not have, with conditions on it', async () => {
    const harness = await guest();
    harness.specs('hypercall kvm:unknown if number == 77 && a0 == 0x1234', 'hypercall kvm:unknown if number == 78');
    const stop = await harness.stop();
    assert.equal(harness.at, UNKNOWN);
    assert.match(stop.text, /^hypercall KVM 77 unknown\(number=77, a0=0x1234, a1=0x3, /);
    await harness.end();
    assert.match(harness.messages.join('\n'), /KVM call 77 \(unknown\): -1000/);
  });

  it('stop at all calls, of one ABI or of all', async () => {
    for (const [spec, places] of [
      ['hypercall *', [KICK, UNKNOWN, OUTB, VERSION]],
      ['hypercall kvm:*', [KICK, UNKNOWN, OUTB]],
      ['hypercall vmware:*', [VERSION]],
      ['hypercall OUTB', [OUTB]],
    ] as const) {
      const harness = await guest();
      harness.specs(spec);
      for (const place of places) {
        await harness.stop();
        assert.equal(harness.at, place, spec);
      }
      await harness.end();
    }
  });

  it('count as port I/O', async () => {
    const harness = await guest();
    harness.specs('out COM1.THR via hypercall log "{value:c} by {via}"', 'out COM1.THR via vtx');
    await harness.end();
    assert.equal(harness.serial, 'A');
    assert.equal(harness.logs.length, 1);
    assert.match(harness.logs[0], /^A by /);
  });

  it('are in the table of calls, with what they were asked and answered', async () => {
    const harness = await guest();
    await harness.end();
    const { available, calls } = harness.session.inspect.hypercalls();
    assert.ok(available);
    const made = calls
      .filter(({ count }) => count > 0)
      .map(({ abi, number, name, count, last }) => [abi, number, name, count, last]);
    assert.deepEqual(made, [
      ['kvm', 5, 'KICK_CPU', 1, 'flags=0x0 apicId=3 → result=0'],
      ['kvm', KVM_OUTB, 'OUTB', 1, "port=0x3f8 value=0x41 'A' → status=0"],
      ['kvm', 77, 'unknown', 1, 'number=77 a0=0x1234 a1=0x3 a2=0x0 a3=0x0 → result=-1000'],
      ['vmware', 10, 'GETVERSION', 1, '→ version=6 magic=0x564d5868 product=4'],
    ]);
    assert.equal(new Set(calls.map(({ abi }) => abi)).size, 2);
  });

  it('are in the exit log, call by call, and can be filtered', async () => {
    const harness = await guest();
    await harness.end();
    const log = (filter?: object): (string | undefined)[] =>
      harness.session.inspect.exitLog({ ...(filter && { filter }) }).entries.map(({ hypercall }) => hypercall);
    const all = ['KICK_CPU', 'unknown', 'OUTB', 'GETVERSION'];
    assert.deepEqual(log(), all);
    const [kick, unknown, outb] = harness.session.inspect.exitLog({}).entries;
    assert.deepEqual(
      [kick.abi, kick.number, kick.arguments, kick.results, kick.reason, kick.port],
      ['kvm', 5, 'flags=0x0 apicId=3', 'result=0', 'VMCALL', undefined],
    );
    assert.deepEqual([unknown.number, unknown.results], [77, 'result=-1000']);
    assert.deepEqual([outb.port, outb.portName, outb.direction, outb.value], [COM1, 'COM1.THR', 'out', 0x41]);
    assert.deepEqual(
      [outb.site, outb.symbol],
      [`0x00${(ORIGIN + OUTB).toString(16)}`, `0x00${(ORIGIN + OUTB).toString(16)}`],
    );
    assert.deepEqual(log({ abi: 'kvm' }), ['KICK_CPU', 'unknown', 'OUTB']);
    assert.deepEqual(log({ abi: 'VMware' }), ['GETVERSION']);
    assert.deepEqual(log({ reason: 'io' }), ['GETVERSION']);
    assert.deepEqual(log({ reason: 'VMCALL', port: COM1 }), ['OUTB']);
    assert.deepEqual(log({ hypercall: 'vmware:OUTB' }), [], 'the other ABI has a call of that name, too');
    assert.deepEqual(log({ hypercall: 'kvm:unknown' }), ['unknown']);
    assert.deepEqual(log({ text: '-1000' }), ['unknown']);
    assert.deepEqual(log({ text: 'com1.thr' }), ['OUTB']);
    assert.deepEqual(log({ text: 'apicid=3' }), ['KICK_CPU']);
    assert.deepEqual(log({ text: 'no such thing' }), []);
    assert.deepEqual(log({ channel: 'hypercall' }), all);
    assert.deepEqual(log({ channel: 'vtx' }), []);
  });

  it('are told apart where costs are summed by call', async () => {
    const keys = async (abis: string[]): Promise<string[]> => {
      const harness = await guest(abis);
      await harness.end();
      return harness.session.inspect
        .exitCosts({ groupBy: 'hypercall' })
        .rows.map(({ key }) => key)
        .sort();
    };
    assert.deepEqual(await keys(['kvm', 'vmware']), ['kvm:KICK_CPU', 'kvm:OUTB', 'kvm:unknown', 'vmware:GETVERSION']);
    assert.deepEqual(await keys(['kvm']), ['(vtx IO)', 'KICK_CPU', 'OUTB', 'unknown']);
  });

  it('go into one row once a guest has tried too many numbers', async () => {
    // MOV ECX, 100; MOV EAX, ECX; ADD EAX, 1000; VMCALL; LOOP
    const storm = program(asm.movEcx(100), [0x89, 0xc8, 0x05, 0xe8, 0x03, 0, 0], vmcall, [0xe2, 0xf4], asm.end);
    const harness = await Harness.flat(storm.code, offering('vtx', ['kvm']));
    await harness.end();
    const unknown = harness.session.inspect.hypercalls().calls.filter(({ name }) => name === 'unknown');
    assert.equal(unknown.length, 33);
    assert.deepEqual(
      unknown.map(({ count }) => count),
      [...new Array<number>(32).fill(1), 68],
    );
    assert.ok(harness.messages.length <= 33, 'the user is not drowned');
  });
});

describe('a guest that gives up by hypercall', () => {
  it('ends the run with its message and a status of failure', async () => {
    const text = [...'out of luck\0'].map((character) => character.charCodeAt(0));
    const data = 0x200000;
    const { code } = program(
      // The ring of struct lguest_data is empty: 64 times FF at offset 20.
      asm.movEdi(data + 20),
      asm.movEcx(64),
      [0xb0, 0xff],
      asm.repStosb,
      asm.movEax(1),
      movEdx(data),
      asm.int(0x1f),
      asm.movEax(2),
      movEdx(ORIGIN + 0x100),
      asm.int(0x1f),
      asm.end,
    );
    const image = [...code, ...new Array<number>(0x100 - code.length).fill(0x90), ...text];
    const harness = await Harness.flat(image, offering('trap', ['lguest']));
    const end = await harness.end();
    assert.equal(end.exitCode, 1);
    assert.match(end.text, /^lguest: CRASH: out of luck at 0x001000/);
  });
});

describe("VMware's guest information", () => {
  it('comes from the launch configuration', async () => {
    // Opens a channel of RPCI: the status comes back in the upper half of ECX.
    const { code } = program(
      asm.movEax(MAGIC),
      asm.movEcx(30),
      movEdx(0x5658),
      movEbx(0x49435052),
      asm.inEaxDx,
      asm.end,
    );
    const harness = await Harness.flat(code, offering('trap', ['vmware'], { guestInfo: { colour: 'mauve' } }));
    await harness.end();
    assert.equal(harness.number('ecx'), 0x1001e);
  });
});
