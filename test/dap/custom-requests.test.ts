import assert from 'node:assert/strict';
import type { ExitCostsArguments, GroupBy } from '../../debugAdapter/protocol';
import { customRequests } from '../../debugAdapter/requests/custom';
import type { Client } from './support/client';
import { builtGuest, realClient } from './support/real-guest';

const GROUPINGS: GroupBy[] = ['reason', 'port', 'hypercall', 'line', 'function', 'channel'];

/** Runs the paravirtualized sample to its end. */
async function finishedGuest(hypervisor: object): Promise<Client> {
  const client = realClient();
  await client.start({
    program: builtGuest('paravirt-io.elf'),
    drives: [{ file: builtGuest('paravirt-io.img') }],
    memoryMB: 16,
    hypervisor,
  });
  await client.event('terminated');
  return client;
}

/** The exits that the guest itself has counted: its last line. */
function guestCount(client: Client): number {
  const count = /exits ~0*(\d+)/.exec(client.output('stdout'));
  assert.ok(count, 'the guest has printed no count');
  return Number(count[1]);
}

async function costs(
  client: Client,
  groupBy: GroupBy,
  since?: number,
): ReturnType<typeof client.body<'ringside/exitCosts'>> {
  const args: ExitCostsArguments = { groupBy, ...(since === undefined ? {} : { since }) };
  return client.body('ringside/exitCosts', args);
}

describe('custom requests', function () {
  this.timeout(60000);

  for (const hypervisor of [{ mode: 'trap' }, { mode: 'vtx' }, { mode: 'vmi' }, { mode: 'vmi', disableIoOps: true }]) {
    it(`ringside/exitCosts adds up to what the guest counted, under ${JSON.stringify(hypervisor)}`, async () => {
      const client = await finishedGuest(hypervisor);
      const byReason = await costs(client, 'reason');
      // The guest counts port operations: calls that set VMI up and privileged instructions that trap are no such thing,
      // and under VT-x a string is an exit for each of its pages.
      const { operations, samples } = byReason.totals;
      assert.ok(operations);
      assert.equal(operations.singles + operations.strings, guestCount(client));
      if (hypervisor.mode === 'trap') assert.equal(samples, guestCount(client));
      else assert.ok(samples > guestCount(client));
      for (const groupBy of GROUPINGS) {
        const { rows, totals } = await costs(client, groupBy);
        const sum = (figure: (row: (typeof rows)[number]) => number): number =>
          rows.reduce((result, row) => result + figure(row), 0);
        if (groupBy === 'hypercall') continue;
        assert.equal(
          sum(({ samples }) => samples),
          totals.samples,
          groupBy,
        );
        assert.equal(
          sum(({ totalCycles }) => totalCycles),
          totals.totalCycles,
          groupBy,
        );
        assert.ok(Math.abs(sum(({ samplesPct }) => samplesPct) - 100) < 1e-6, groupBy);
        for (const { parts, totalCycles } of rows) {
          assert.equal(parts.transition + parts.decode + parts.device + parts.return, totalCycles);
        }
      }
      client.adapter.dispose();
    });
  }

  describe('on a guest that stands still', () => {
    let client: Client;

    beforeEach(async () => {
      client = realClient();
      await client.body('initialize', { adapterID: 'ringside' });
      await client.body('launch', {
        program: builtGuest('paravirt-io.elf'),
        memoryMB: 8,
        serial: { com1: 'terminal' },
      });
      await client.body('setFunctionBreakpoints', {
        breakpoints: [{ name: 'out COM1.THR hit 6' }, { name: 'hypercall OUTB if 0' }],
      });
      await client.body('configurationDone');
      await client.event('stopped');
    });

    afterEach(() => client.adapter.dispose());

    it('knows every custom request of the protocol', () => {
      assert.deepEqual(Object.keys(customRequests).sort(), [
        'ringside/descriptorTables',
        'ringside/devices',
        'ringside/exitCosts',
        'ringside/exitLog',
        'ringside/exitTimeline',
        'ringside/hypercalls',
        'ringside/pageWalk',
        'ringside/ports',
        'ringside/serialInput',
      ]);
    });

    it('ringside/ports: counts, the last value and who watches', async () => {
      const { breakpoints } = await client.body('setFunctionBreakpoints', { breakpoints: [{ name: 'out COM1.THR' }] });
      const { ports } = await client.body('ringside/ports');
      const transmit = ports.find(({ port }) => port === 0x3f8);
      assert.equal(transmit?.name, 'COM1.THR');
      assert.equal(transmit?.lastOut?.value, 'i'.charCodeAt(0));
      assert.deepEqual(transmit?.breakpoints, [breakpoints[0].id]);
      assert.match(transmit?.lastSite?.path ?? '', /uart\.c$/);
    });

    it('ringside/hypercalls: the twelve calls of the patch among them, counted', async () => {
      const { available, calls } = await client.body('ringside/hypercalls');
      assert.equal(available, true);
      const out = calls.find(({ name }) => name === 'OUTB');
      const { rows } = await costs(client, 'hypercall');
      assert.equal(out?.count, rows.find(({ key }) => key.includes('OUTB'))?.samples);
      assert.match(out?.last ?? '', /port=0x3f8/);
      assert.equal(calls.filter(({ name }) => /^(IN|OUT)S?[BWL]$/.test(name)).length, 12);
    });

    it('ringside/exitLog: from a number on, filtered', async () => {
      const all = await client.body('ringside/exitLog', { count: 10000 });
      assert.deepEqual([all.first, all.next], [0, all.entries.length]);
      const part = await client.body('ringside/exitLog', { start: 5, count: 3 });
      assert.deepEqual(
        part.entries.map(({ sequence }) => sequence),
        [5, 6, 7],
      );
      const { entries } = await client.body('ringside/exitLog', { count: 10000, filter: { port: 0x3f8 } });
      assert.ok(entries.length > 0 && entries.every(({ port }) => port === 0x3f8));
      assert.equal(entries.length, all.entries.filter(({ port }) => port === 0x3f8).length);
    });

    it('ringside/exitTimeline: all exit cycles, by channel', async () => {
      const { spanCycles, channels } = await client.body('ringside/exitTimeline');
      const { rows, totals } = await costs(client, 'channel');
      assert.ok(spanCycles * channels[0].cycles.length <= 2 * totals.guestCycles);
      for (const { channel, cycles } of channels) {
        const row = rows.find(({ key }) => key === channel);
        assert.equal(
          cycles.reduce((all, span) => all + span, 0),
          row?.totalCycles,
        );
      }
      assert.equal(channels.length, rows.length);
    });

    it('ringside/devices: registers and state', async () => {
      const { devices } = await client.body('ringside/devices');
      const uart = devices.find(({ name }) => name === 'COM1');
      assert.ok(uart?.registers.some(({ name, port }) => name.endsWith('THR') && port === 0x3f8));
      assert.notEqual(uart?.state, undefined);
    });

    it('ringside/descriptorTables: the GDT and the IDT that the guest has loaded', async () => {
      const { gdt, idt } = await client.body('ringside/descriptorTables');
      const { result } = await client.body('evaluate', { expression: 'cs' });
      const selector = Number.parseInt(/0x([0-9a-f]+)/.exec(result)?.[1] ?? '', 16);
      const code = gdt.find(({ index }) => index === selector >> 3);
      assert.match(code?.text ?? '', /code/i);
      assert.equal(code?.present, true);
      assert.ok(idt.some(({ index, present }) => index === 14 && present));
    });

    it('ringside/pageWalk: by address and by expression', async () => {
      const byNumber = await client.body('ringside/pageWalk', { address: 0x100000 });
      assert.match(byNumber.physical ?? '', /^0x0*100000$/);
      const byName = await client.body('ringside/pageWalk', { address: 'uart_putc' });
      assert.equal(byName.linear, byName.physical);
      assert.match(await client.refusal('ringside/pageWalk', { address: '1 +' }), /expected a value/);
    });

    it('ringside/serialInput and the terminal events', async () => {
      const text = client
        .events('ringside/serialOutput')
        .map(({ body }) => Buffer.from(body.data, 'base64').toString())
        .join('');
      assert.equal(text, 'Ringsi');
      await client.body('ringside/serialInput', { port: 'com1', data: Buffer.from('x').toString('base64') });
      const { ports } = await client.body('ringside/ports');
      assert.ok(ports.length > 0);
    });

    it('ringside/exitsChanged: at a stop, with the numbers of the answer', async () => {
      const body = client.events('ringside/exitsChanged').at(-1)?.body;
      const { totals } = await costs(client, 'reason');
      assert.deepEqual(body, { samples: totals.samples, nextSequence: totals.nextSequence });
    });
  });
});
