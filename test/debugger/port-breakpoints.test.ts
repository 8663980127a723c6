import assert from 'node:assert/strict';
import type { LaunchConfiguration } from '../../src/debugger/types';
import { asm, program } from './assembly';
import { Harness, ORIGIN } from './session-harness';

const MODES = ['none', 'trap', 'vtx', 'vmi'] as const;
/** How a raw port instruction reaches the bus in each mode. */
const CHANNELS = { none: 'direct', trap: 'trap', vtx: 'vtx', vmi: 'trap' } as const;

function mode(name: (typeof MODES)[number]): Partial<LaunchConfiguration> {
  return { hypervisor: { mode: name, disableIoOps: false, costProfile: 'default', abis: [] } };
}

/** Writes 'A' then 'B' to COM1, reads its line status, writes two bytes at once to the I/O test device. */
const GUEST = program(
  asm.movEsp(0x8000),
  asm.movDx(0x3f8),
  asm.movAl(0x41),
  asm.outDxAl,
  asm.movAl(0x42),
  asm.outDxAl,
  asm.movDx(0x3fd),
  asm.inAlDx,
  asm.movDx(0x1860),
  asm.movEax(0x1234),
  asm.outDxAx,
  asm.end,
);
const [, , , OUT_A, AFTER_A, OUT_B, AFTER_B, IN_LSR, AFTER_IN] = GUEST.starts;

for (const name of MODES) {
  describe(`port breakpoints in mode ${name}`, () => {
    const start = (overrides: Partial<LaunchConfiguration> = {}): Promise<Harness> =>
      Harness.flat(GUEST.code, { ...mode(name), ...overrides });

    it('stop after an OUT, once per access, with the reason in words', async () => {
      const guest = await start();
      guest.specs('out 0x3f8');
      const first = await guest.stop();
      const via = CHANNELS[name] === 'direct' ? '' : `, via ${CHANNELS[name]}`;
      assert.equal(first.text, `OUT 0x3f8 (COM1.THR), 1 byte, value 0x41 'A'${via} at 0x0010000b`);
      assert.equal(first.reason, 'function breakpoint');
      assert.equal(guest.at, AFTER_A);
      assert.equal(guest.serial, 'A');
      await guest.stop();
      assert.equal(guest.at, AFTER_B);
      assert.equal(guest.serial, 'AB');
      assert.equal((await guest.end()).exitCode, 0);
      assert.deepEqual(guest.hits('out 0x3f8'), [2]);
    });

    it('stop before an OUT, then let it happen once', async () => {
      const guest = await start();
      guest.specs('out 0x3f8 before if value == 0x41');
      const stop = await guest.stop();
      assert.match(stop.text, /^before OUT 0x3f8 \(COM1\.THR\), 1 byte, value 0x41 'A'/);
      assert.equal(guest.at, OUT_A);
      assert.equal(guest.serial, '');
      await guest.end();
      assert.equal(guest.serial, 'AB');
      assert.deepEqual(guest.hits('out 0x3f8 before if value == 0x41'), [1]);
    });

    it('stop before and after the same access', async () => {
      const guest = await start();
      guest.specs('out 0x3f8 before', 'out 0x3f8');
      const positions: number[] = [];
      for (let i = 0; i < 4; i++) {
        await guest.stop();
        positions.push(guest.at);
      }
      assert.deepEqual(positions, [OUT_A, AFTER_A, OUT_B, AFTER_B]);
      await guest.end();
      assert.equal(guest.serial, 'AB');
      assert.deepEqual(guest.hits('out 0x3f8 before', 'out 0x3f8'), [2, 2]);
    });

    it('stop after an IN, with its value, or before it', async () => {
      const guest = await start();
      guest.specs('in COM1.LSR');
      const stop = await guest.stop();
      assert.match(stop.text, /^IN 0x3fd \(COM1\.LSR\), 1 byte, value 0x60/);
      assert.equal(guest.at, AFTER_IN);
      assert.equal(guest.number('al'), 0x60);
      await guest.end();

      const earlier = await start();
      earlier.specs('in COM1.LSR before');
      assert.match((await earlier.stop()).text, /^before IN 0x3fd \(COM1\.LSR\), 1 byte(, via|  *at)/);
      assert.equal(earlier.at, IN_LSR);
      await earlier.end();
    });

    it('replace what goes out and what comes in, and go on', async () => {
      const guest = await start();
      guest.specs('out 0x3f8 if value == 0x41 set value + 2', 'in 0x3fd set 0x55', `*${ORIGIN + AFTER_IN}`);
      await guest.stop();
      assert.equal(guest.serial, 'CB');
      assert.equal(guest.number('al'), 0x55);
    });

    it('write a log line and go on', async () => {
      const guest = await start();
      guest.specs('io 0x3f8-0x3ff log "{dir == out ? 1 : 0} {port:x} {value:c} {width}"');
      await guest.end();
      assert.deepEqual(guest.logs, ['1 0x3f8 A 1', '1 0x3f8 B 1', '0 0x3fd ` 1']);
    });

    it('heed width, range, direction, hit counts and channels', async () => {
      const guest = await start();
      const cases: [string, number][] = [
        ['out 0x1860/2', 1],
        ['out 0x1860/1', 0],
        ['out 0x1861', 1],
        ['in 0x1860', 0],
        ['io 0-0xffff', 4],
        ['io 0-0xffff via trap', CHANNELS[name] === 'trap' ? 4 : 0],
        ['io 0-0xffff via vtx', CHANNELS[name] === 'vtx' ? 4 : 0],
        ['io 0-0xffff via hypercall', 0],
        ['out COM1.DLL', 0],
        ['out COM1', 2],
        ['out IOTEST.DATA if value > 0x1233 && width == 2', 1],
      ];
      const texts = cases.map(([text]) => `${text} log ""`);
      guest.specs(...texts);
      await guest.end();
      assert.deepEqual(
        guest.hits(...texts),
        cases.map(([, hits]) => hits),
      );
    });

    it('act on the hits that their rule says', async () => {
      const guest = await start();
      guest.specs(
        'io 0-0xffff hit >=3 log "from {port:x}"',
        'io 0-0xffff hit %2 log "every {port:x}"',
        'io 0-0xffff hit 1 log "first {port:x}"',
      );
      await guest.end();
      assert.deepEqual(guest.logs, ['first 0x3f8', 'every 0x3f8', 'from 0x3fd', 'from 0x1860', 'every 0x1860']);
    });
  });

  describe(`port breakpoints on strings in mode ${name}`, () => {
    const text = 'Hey';
    const { code, starts } = program(
      asm.movEsp(0x8000),
      asm.movDx(0x3f8),
      asm.movEsi(ORIGIN + 0x40),
      asm.movEcx(text.length),
      asm.repOutsb,
      asm.end,
    );
    const image = [...code, ...new Array<number>(0x40 - code.length).fill(0), ...Buffer.from(text)];
    const outs = starts[4];

    it('stop at each element, and the guest loses none', async () => {
      const guest = await Harness.flat(image, mode(name));
      guest.specs('out 0x3f8');
      const seen: [number, number][] = [];
      for (let i = 0; i < text.length; i++) {
        const stop = await guest.stop();
        assert.match(stop.text, new RegExp(`value 0x${text.charCodeAt(i).toString(16)} '${text[i]}'`));
        seen.push([guest.number('ecx'), guest.at]);
      }
      assert.deepEqual(seen, [
        [2, outs],
        [1, outs],
        [0, outs + 2],
      ]);
      await guest.end();
      assert.equal(guest.serial, text);
    });

    it('stop before an element in the middle', async () => {
      const guest = await Harness.flat(image, mode(name));
      guest.specs("out 0x3f8 before if value == 'e'");
      await guest.stop();
      assert.equal(guest.serial, 'H');
      assert.equal(guest.number('ecx'), 2);
      assert.equal(guest.at, outs);
      await guest.end();
      assert.equal(guest.serial, text);
    });

    it('are passed by one instruction step', async () => {
      const guest = await Harness.flat(image, mode(name));
      guest.specs(`*${ORIGIN + outs}`);
      await guest.stop();
      guest.specs();
      await guest.step('in', 'instruction');
      assert.equal(guest.at, outs + 2);
      assert.equal(guest.serial, text);
    });

    it('count one exit for the instruction, however often it stopped', async () => {
      const guest = await Harness.flat(image, mode(name));
      guest.specs('out 0x3f8', 'out 0x3f8 before');
      for (let i = 0; i < 2 * text.length; i++) await guest.stop();
      await guest.end();
      const { samples, elements } = guest.session.inspect.exitCosts({ groupBy: 'port' }).totals;
      assert.deepEqual([samples, elements], name === 'none' ? [0, 0] : [1, text.length]);
    });
  });
}
