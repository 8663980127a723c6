import assert from 'node:assert/strict';
import { LaunchError, type LaunchConfiguration } from '../../src/debugger/types';
import { RunEnd } from '../../src/machine/run';
import { asm, program } from './assembly';
import { configuration, Harness, ORIGIN, TestHost } from './session-harness';

/** Prints "Hi", then waits for a byte from COM1 and prints it. */
const ECHO = program(
  asm.movEsp(0x8000),
  asm.movDx(0x3f8),
  asm.movAl(0x48),
  asm.outDxAl,
  asm.movAl(0x69),
  asm.outDxAl,
  // wait: mov dx, 0x3fd; in al, dx; test al, 1; jz wait
  [...asm.movDx(0x3fd), ...asm.inAlDx, 0xa8, 1, 0x74, 0xf7],
  asm.movDx(0x3f8),
  asm.inAlDx,
  asm.outDxAl,
  asm.end,
).code;

function debugExit(value: number): number[] {
  return [...asm.movAl(value), ...asm.outImm(0xf4), ...asm.end];
}

describe('a session', () => {
  it('stops on entry if asked to, before the first instruction', async () => {
    const guest = await Harness.flat(ECHO, { stopOnEntry: true });
    assert.equal(guest.session.running, false);
    const stop = await guest.stop();
    assert.equal(stop.reason, 'entry');
    assert.equal(guest.at, 0);
    assert.equal(guest.session.inspect.exitCosts({ groupBy: 'reason' }).totals.instructions, 0);
  });

  it('takes typed bytes and prints what the guest sends', async () => {
    const guest = await Harness.flat(ECHO);
    guest.session.serialInput('com1', Uint8Array.of(0x21));
    assert.equal((await guest.end()).how, RunEnd.Dead);
    assert.equal(guest.serial, 'Hi!');
    assert.throws(() => guest.session.serialInput('com9', Uint8Array.of(1)), /no serial port "com9"/);
  });

  it('rests while the guest sleeps with its timer ticking, and goes on at full speed when it works', async () => {
    // PIT counter 0 at its slowest; interrupts masked at the controller, so that HLT wakes for nobody.
    const timer = [...asm.movAl(0x34), ...asm.outImm(0x43), ...asm.movAl(0), ...asm.outImm(0x40), ...asm.outImm(0x40)];
    const masked = [...asm.movAl(0xff), ...asm.outImm(0x21)];
    const guest = await Harness.flat([...timer, ...masked, ...asm.sti, ...asm.hlt, ...asm.end]);
    guest.session.run();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(guest.host.rests > 0, 'an idle guest rests');
    guest.session.pause();
    assert.equal((await guest.next()).stop?.reason, 'pause');

    const worker = await Harness.flat([...asm.movEcx(20_000_000), 0xe2, 0xfe, ...asm.end]);
    await worker.end();
    assert.equal(worker.host.rests, 0);
  });

  it('gives the exit status of the debug-exit port', async () => {
    for (const [value, status] of [
      [0x10, 0],
      [0, 1],
      [1, 3],
      [0x7f, 0xff],
    ]) {
      const end = await (await Harness.flat(debugExit(value))).end();
      assert.deepEqual([end.how, end.exitCode], [RunEnd.Shutdown, status]);
    }
  });

  it('ends with status 0 where the guest resets the machine or halts for good', async () => {
    const reset = await (await Harness.flat([...asm.movAl(0xfe), ...asm.outImm(0x64), ...asm.end])).end();
    assert.deepEqual([reset.how, reset.exitCode], [RunEnd.Shutdown, 0]);
    assert.match(reset.text, /reset the machine through keyboard controller/);
    const halted = await (await Harness.flat(asm.end)).end();
    assert.deepEqual([halted.how, halted.exitCode], [RunEnd.Dead, 0]);
  });

  it('names the last POST code of a test ROM at the end', async () => {
    // mov dx, 0x190; mov al, 0xff; out dx, al
    const { text } = await (
      await Harness.flat([...asm.movDx(0x190), ...asm.movAl(0xff), ...asm.outDxAl, ...asm.end])
    ).end();
    assert.match(text, /will never go on\. Its last POST code at port 0x190 was 0xff\.$/);
  });

  it('ends with status 1 at the limit of instructions, exactly', async () => {
    const guest = await Harness.flat([0xeb, 0xfe], { maxInstructions: 12345 });
    const end = await guest.end();
    assert.deepEqual([end.how, end.exitCode], ['limit', 1]);
    assert.equal(guest.session.inspect.exitCosts({ groupBy: 'reason' }).totals.instructions, 12345);
    guest.session.run();
    assert.equal(guest.session.running, false);
  });

  it('starts afresh: memory, devices, counts; breakpoints stay', async () => {
    const guest = await Harness.flat(
      program(asm.movEsp(0x8000), asm.store(0x9000, 7), asm.movDx(0x3f8), asm.movAl(0x41), asm.outDxAl, asm.end).code,
    );
    guest.specs('out 0x3f8');
    await guest.stop();
    assert.equal(guest.number('u32(0x9000)'), 7);
    await guest.end();
    await guest.session.restart();
    const { stop } = await guest.next();
    assert.match(stop?.text ?? '', /^OUT 0x3f8/);
    assert.equal(guest.serial, 'AA');
    assert.deepEqual(guest.hits('out 0x3f8'), [1]);
    assert.equal(guest.session.ended, undefined);
    const row = guest.session.inspect.ports().ports.find(({ port }) => port === 0x3f8);
    assert.equal(row?.outs, 1);
    await guest.session.restart();
    await guest.next();
    assert.equal(guest.number('eip') - ORIGIN, 22);
  });

  it('restarts to the entry with nothing left behind', async () => {
    const guest = await Harness.flat(program(asm.store(0x9000, 7), asm.end).code, { stopOnEntry: true });
    await guest.stop();
    await guest.end();
    assert.equal(guest.number('u32(0x9000)'), 7);
    await guest.session.restart();
    assert.equal((await guest.next()).stop?.reason, 'entry');
    assert.equal(guest.number('u32(0x9000)'), 0);
    assert.equal(guest.at, 0);
    assert.equal((await guest.end()).how, RunEnd.Dead);
  });

  it('evaluates, assigns and completes while stopped', async () => {
    const guest = await Harness.flat(ECHO, { stopOnEntry: true });
    await guest.stop();
    guest.session.assign('eax', '0x1234 + 1', 0);
    assert.equal(guest.session.evaluate('ax', 0).text.split(' ')[0], '0x1235');
    assert.throws(() => guest.session.evaluate('nonsense', 0), /no register, variable or symbol "nonsense"/);
    assert.throws(() => guest.session.evaluate('u8(0xf0000000 +)', 0), /expected a value/);
    assert.equal(guest.session.writeMemory(0x9000, Uint8Array.of(1, 2, 3)), 3);
    assert.deepEqual([...guest.session.readMemory(0x9000, 4)], [1, 2, 3, 0]);
    const labels = guest.session.completions('1 + $ea', 7, 0).map(({ label, start, length }) => [label, start, length]);
    assert.deepEqual(labels, [['$eax', 4, 3]]);
    assert.ok(guest.session.completions('COM1.', 5, 0).some(({ label }) => label === 'COM1.THR'));
    const [row] = guest.session.disassemble(ORIGIN, 0, 1);
    assert.equal(row.text, 'mov esp, 0x8000');
  });

  it('writes a drive back to its file unless it is a snapshot', async () => {
    // Writes one sector by PIO: LBA 0, count 1, command 0x30, then 256 words of EAX.
    const write = [
      [0x1f6, 0xe0],
      [0x1f2, 1],
      [0x1f3, 0],
      [0x1f4, 0],
      [0x1f5, 0],
      [0x1f7, 0x30],
    ].flatMap(([port, value]) => [...asm.movDx(port), ...asm.movAl(value), ...asm.outDxAl]);
    const { code } = program(
      asm.movEsp(0x8000),
      write,
      asm.movDx(0x1f0),
      asm.movEcx(256),
      asm.movEax(0x5aa5),
      [0x66, 0xef, 0xe2, 0xfc],
      asm.end,
    );
    for (const snapshot of [true, false]) {
      const host = new TestHost();
      host.files.set('code.bin', Uint8Array.from(code));
      host.files.set('disk.img', new Uint8Array(1024));
      const drives: LaunchConfiguration['drives'] = [{ file: 'disk.img', kind: 'disk', interface: 'ide', snapshot }];
      const guest = await Harness.create(configuration({ program: 'code.bin', format: 'flat', drives }), host);
      await guest.end();
      await new Promise((resolve) => setImmediate(resolve));
      const written = host.written.get('disk.img');
      if (snapshot) assert.equal(written, undefined);
      else assert.deepEqual([...(written ?? []).slice(510, 514)], [0xa5, 0x5a, 0, 0]);
    }
  });

  it('uses the names of a port map', async () => {
    const host = new TestHost();
    host.files.set('code.bin', Uint8Array.from([...asm.movDx(0x5658), ...asm.outDxAl, ...asm.end]));
    const map = { version: 1, devices: [{ name: 'VMW', registers: [{ port: '0x5658', name: 'MAGIC' }] }] };
    host.files.set('map.json', new TextEncoder().encode(JSON.stringify(map)));
    const guest = await Harness.create(
      configuration({ program: 'code.bin', format: 'flat', portMaps: ['map.json'], breakpoints: ['out VMW.MAGIC'] }),
      host,
    );
    assert.match((await guest.stop()).text, /^OUT 0x5658 \(VMW\.MAGIC\)/);
  });
});

describe('launching', () => {
  async function refusal(
    overrides: Partial<LaunchConfiguration>,
    files: Record<string, Uint8Array> = {},
  ): Promise<string> {
    const host = new TestHost();
    for (const [name, bytes] of Object.entries(files)) host.files.set(name, bytes);
    try {
      (await Harness.create(configuration(overrides), host)).session.dispose();
    } catch (error) {
      assert.ok(error instanceof LaunchError, String(error));
      return error.message;
    }
    throw new assert.AssertionError({ message: 'it was launched' });
  }

  const code = { 'code.bin': Uint8Array.from(asm.end) };
  const flat = { program: 'code.bin', format: 'flat' } as const;
  const hypervisor = configuration().hypervisor;

  const cases: [string, Partial<LaunchConfiguration>, Record<string, Uint8Array>, RegExp][] = [
    ['a missing program', { program: 'missing.elf' }, {}, /^program: missing\.elf: cannot be read: no such file/],
    ['no program at all', {}, {}, /^program: nothing to run/],
    ['an empty program', { program: 'empty' }, { empty: new Uint8Array() }, /^program: empty: the file is empty/],
    [
      'a truncated ELF file',
      { program: 'cut.elf' },
      { 'cut.elf': Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1, 1) },
      /^program: cut\.elf/,
    ],
    ['a missing initrd', { ...flat, initrd: 'no.cpio' }, code, /^initrd: no\.cpio/],
    ['an initrd that goes nowhere', { ...flat, initrd: 'code.bin' }, code, /"initrd" means nothing to .*flat/],
    ['a missing symbol file', { ...flat, symbols: ['no.map'] }, code, /^symbols: no\.map/],
    ['a symbol file without symbols', { ...flat, symbols: ['code.bin'] }, code, /^symbols: code\.bin/],
    ['a bad port map', { ...flat, portMaps: ['code.bin'] }, code, /^portMaps: code\.bin/],
    [
      'an unknown cost profile',
      { ...flat, hypervisor: { ...hypervisor, costProfile: 'merrom' } },
      code,
      /^hypervisor\.costProfile: .*Did you mean "merom"/,
    ],
    [
      'a cost profile with a member that there is not',
      { ...flat, hypervisor: { ...hypervisor, costProfile: { trap: { port: { decod: 1 } } } } },
      code,
      /^hypervisor\.costProfile\.trap\.port\.decod: there is no such member; .*decode, device, return\.$/,
    ],
    [
      'a missing cost profile',
      { ...flat, hypervisor: { ...hypervisor, costProfile: './mine' } },
      code,
      /^hypervisor\.costProfile: \.\/mine/,
    ],
    [
      'a cost profile that is not JSON',
      { ...flat, hypervisor: { ...hypervisor, costProfile: 'mine.json' } },
      { ...code, 'mine.json': new TextEncoder().encode('{') },
      /^hypervisor\.costProfile: mine\.json is not JSON: /,
    ],
    [
      'a cost profile with a wrong figure',
      { ...flat, hypervisor: { ...hypervisor, costProfile: 'mine.json' } },
      { ...code, 'mine.json': new TextEncoder().encode('{"native":"x"}') },
      /^hypervisor\.costProfile: mine\.json: native: expected cycles, .* got "x"\.$/,
    ],
    [
      'an unknown ABI',
      { ...flat, hypervisor: { ...hypervisor, abis: ['vmj'] } },
      code,
      /^hypervisor\.abis: .*Did you mean "vmi"/,
    ],
    [
      'an ABI that the mode cannot offer',
      { ...flat, hypervisor: { ...hypervisor, mode: 'vtx', abis: ['kvm', 'lguest'] } },
      code,
      /^hypervisor\.abis: mode vtx cannot offer "lguest"; it can offer kvm, vmware\.$/,
    ],
    [
      'an ABI where there is no hypervisor',
      { ...flat, hypervisor: { ...hypervisor, mode: 'none', abis: ['kvm'] } },
      code,
      /^hypervisor\.abis: mode none cannot offer "kvm"; it has no hypercalls\.$/,
    ],
    [
      'an ABI twice',
      { ...flat, hypervisor: { ...hypervisor, mode: 'vtx', abis: ['kvm', 'kvm'] } },
      code,
      /^hypervisor\.abis: "kvm" is named twice/,
    ],
    ['too little memory', { ...flat, memoryMB: 0 }, code, /^memoryMB: expected a whole number from 1/],
    [
      'a floppy drive',
      { ...flat, drives: [{ file: 'code.bin', kind: 'floppy', interface: 'ide', snapshot: true }] },
      code,
      /^drives\[0\]\.kind/,
    ],
    [
      'an empty drive',
      { ...flat, drives: [{ file: 'e', kind: 'disk', interface: 'ide', snapshot: true }] },
      { ...code, e: new Uint8Array() },
      /^drives\[0\]\.file: e is empty/,
    ],
    [
      'a bad breakpoint',
      { ...flat, breakpoints: ['out 0x3f8', 'out 0x3f8 iff'] },
      code,
      /^breakpoints\[1\]: .*Did you mean "if"/s,
    ],
    ['an entry outside', { ...flat, entry: 5 }, code, /^program: code\.bin: "entry" 0x5 is outside/],
    [
      'a bzImage that is none',
      { ...flat, format: 'bzimage' },
      code,
      /^program: code\.bin: it is no Linux kernel image/,
    ],
  ];
  for (const [what, overrides, files, message] of cases) {
    it(`refuses ${what}`, async () => assert.match(await refusal(overrides, files), message));
  }

  it('boots a drive that has a boot sector', async () => {
    const host = new TestHost();
    const sector = new Uint8Array(512);
    // mov ax, 0x0e41; int 0x10; cli; hlt
    sector.set([0xb8, 0x41, 0x0e, 0xcd, 0x10, 0xfa, 0xf4]);
    sector.set([0x55, 0xaa], 510);
    host.files.set('disk.img', sector);
    const drives: LaunchConfiguration['drives'] = [
      { file: 'disk.img', kind: 'disk', interface: 'ide', snapshot: true },
    ];
    const guest = await Harness.create(configuration({ drives, stopOnEntry: true }), host);
    await guest.stop();
    assert.equal(guest.number('eip'), 0x7c00);
    assert.equal(guest.session.disassemble(0x7c00, 0, 1)[0].text, 'mov ax, 0xe41');
    await guest.step('over', 'instruction');
    await guest.step('over', 'instruction');
    assert.equal(guest.number('eip'), 0x7c05);
    assert.equal((await guest.end()).how, RunEnd.Dead);
  });

  it('adds the boot option that leaves the I/O calls alone', async () => {
    const { commandLine } = await import('../../src/debugger/launch/hypervisor-options');
    const line = (text: string, mode: 'vmi' | 'trap', disableIoOps: boolean): string =>
      commandLine(configuration({ commandLine: text, hypervisor: { ...hypervisor, mode, disableIoOps } }));
    assert.equal(line('', 'vmi', true), 'vmi=disable_io_ops');
    assert.equal(line('quiet', 'vmi', true), 'quiet vmi=disable_io_ops');
    assert.equal(line('vmi=disable_io_ops quiet', 'vmi', true), 'vmi=disable_io_ops quiet');
    assert.equal(line('quiet', 'trap', true), 'quiet');
    assert.equal(line('quiet', 'vmi', false), 'quiet');
  });
});
