import assert from 'node:assert/strict';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import { SEGMENT_BASES, type TestGuest } from '../support';
import {
  BUFFER,
  changes,
  CONVENTIONS,
  type Convention,
  faultOf,
  initialiseLguest,
  make,
  offered,
  PORT,
} from './support';

const FORMS = ['INB', 'INW', 'INL', 'OUTB', 'OUTW', 'OUTL', 'INSB', 'INSW', 'INSL', 'OUTSB', 'OUTSW', 'OUTSL'];
const WIDTH = { B: 1, W: 2, L: 4 } as const;

function ready(convention: Convention, mode: Convention['modes'][number]): TestGuest {
  const guest = offered(convention, { mode });
  if (convention.abi === 'lguest') initialiseLguest(guest);
  guest.forget();
  if (convention.abi === 'lguest') initialiseLguest(guest);
  return guest;
}

for (const convention of Object.values(CONVENTIONS)) {
  for (const mode of convention.modes) {
    describe(`port I/O calls of ${convention.abi} in mode ${mode}`, () => {
      for (const [index, name] of FORMS.entries()) {
        const number = convention.firstPortCall + index;
        const width = WIDTH[name.slice(-1) as keyof typeof WIDTH];
        const mask = 2 ** (8 * width) - 1;
        const direction = name.startsWith('IN') ? 'in' : 'out';
        const isString = name.length === 5 || name.startsWith('INS');

        if (!isString) {
          it(`${name}: moves ${width} bytes and changes EAX only`, () => {
            const guest = ready(convention, mode);
            const changed = changes(guest, convention, convention.port(number, 0x87654321));
            const [access, ...others] = guest.recorder.accesses;
            assert.deepEqual(others, []);
            assert.deepEqual([access.port, access.direction, access.width], [PORT, direction, width]);
            if (direction === 'out') assert.equal(access.value, (0x87654321 & mask) >>> 0);
            assert.deepEqual(changed, { EAX: direction === 'in' ? access.value : 0 });
            const record = guest.hypervisor.log.records(guest.hypervisor.log.nextSequence - 1, 1)[0];
            assert.deepEqual(
              [record.reason, record.channel, record.abi, record.hypercall, record.port, record.value],
              [convention.reason, 'hypercall', convention.abi, name, PORT, access.value],
            );
            assert.equal(record.values[0], PORT, 'the record has the argument');
          });
        } else {
          for (const count of [0, 1, 5]) {
            it(`${name}: moves ${count} elements, counts down and moves the index on`, () => {
              const guest = ready(convention, mode);
              const input = direction === 'in';
              const source = SEGMENT_BASES[input ? SegmentIndex.ES : SegmentIndex.DS] + BUFFER;
              guest.memory.poke(
                source,
                Uint8Array.from({ length: 32 }, (_, i) => i + 1),
              );
              const changed = changes(guest, convention, convention.string(number, count), Math.max(1, count));
              assert.equal(guest.recorder.accesses.length, count);
              for (const [i, access] of guest.recorder.accesses.entries()) {
                assert.deepEqual([access.port, access.direction, access.width], [PORT, direction, width]);
                const bytes = guest.memory.peek(source + i * width, width);
                assert.equal(
                  access.value,
                  bytes.reduce((sum, byte, at) => sum + byte * 2 ** (8 * at), 0),
                );
              }
              const index = input ? 'EDI' : 'ESI';
              const expected: Record<string, number> = { EAX: 0 };
              if (count > 0)
                Object.assign(expected, { [Register[convention.counter]]: 0, [index]: BUFFER + count * width });
              assert.deepEqual(changed, expected);
              const records = guest.hypervisor.log.records(0, 100).filter(({ hypercall }) => hypercall === name);
              assert.deepEqual(
                records.map(({ repeat }) => repeat),
                [count],
                'one exit, however often the slice ended',
              );
            });
          }

          it(`${name}: goes on where a slice has ended, with the number still in its register`, () => {
            const guest = ready(convention, mode);
            make(guest, convention, { ESI: BUFFER, EDI: BUFFER, ...convention.string(number, 3) }, 2);
            assert.equal(guest.recorder.accesses.length, 2);
            assert.equal(guest.state.reg(convention.counter), 1);
            assert.notEqual(guest.state.reg(Register.EAX), 0);
            guest.run(1);
            assert.equal(guest.recorder.accesses.length, 3);
            assert.equal(guest.state.reg(Register.EAX), 0);
            const statistics = guest.hypervisor
              .hypercallStatistics()
              ?.find(({ call }) => call.name === name && call.number === number);
            assert.equal(statistics?.count, 1);
          });
        }
      }

      it('a fault inside a string leaves what is done done, and can be gone on from', () => {
        const guest = ready(convention, mode);
        const insw = convention.firstPortCall + FORMS.indexOf('INSW');
        guest.cpu.segmentation.setHidden(SegmentIndex.ES, 0x10, SEGMENT_BASES[SegmentIndex.ES], BUFFER + 3, 0x4093);
        const fault = faultOf(guest, convention, { EDI: BUFFER, ...convention.string(insw, 4) });
        assert.equal(fault, undefined, 'the first element passes');
        let vector: number | undefined;
        guest.cpu.hooks.exception = (raised) => {
          vector = raised;
          return true;
        };
        guest.run(5);
        assert.equal(vector, 13);
        assert.equal(guest.recorder.accesses.length, 2);
        assert.deepEqual([guest.state.reg(convention.counter), guest.state.reg(Register.EDI)], [2, BUFFER + 4]);
      });
    });
  }
}
