import assert from 'node:assert/strict';
import { buildVmiRom } from '../../../src/hypervisor/abi/vmi/rom';
import { adjustDescriptor, truncatedLimit } from '../../../src/hypervisor/vmi/deprivileging/descriptor-rules';
import { SegmentIndex } from '../../../src/machine/layout';
import { RunEnd } from '../../../src/machine/run';
import {
  CODE,
  DATA,
  DeprivilegedGuest,
  dword,
  GDT_BASE,
  type GuestOptions,
  KERNEL_CODE,
  KERNEL_DATA,
  segment,
  TLS,
  USER,
} from './deprivileged-guest';

const TOP = 0xfc000000;
const RULES = { kernelLevel: 1, virtualTop: TOP };

/** Offset of virtual_top in the header, as Linux reads it. */
const VIRTUAL_TOP = 0x10;

function adjusted([low, high]: readonly [number, number]): [number, number] {
  const entry = adjustDescriptor({ low, high }, RULES);
  return [entry.low, entry.high];
}

/** A guest with the hole, and a thread's data below the base of its segment, as old C libraries have it. */
function threaded(options: GuestOptions = {}): DeprivilegedGuest {
  const guest = new DeprivilegedGuest({ ...options, vmi: { virtualTop: TOP } });
  guest.call('WriteGDTEntry', { EAX: GDT_BASE, EDX: TLS >>> 3, ECX: segment(DATA, 0xfffff, 0xf3)[0] }, [
    segment(DATA, 0xfffff, 0xf3)[1],
  ]);
  guest.write(DATA - 4, 0x11223344);
  guest.write(DATA + 8, 0x55667788);
  guest.enterUser();
  guest.machine.cpu.segmentation.load(SegmentIndex.GS, TLS);
  guest.forget();
  return guest;
}

describe('the hole at virtual_top: descriptors', () => {
  it('end below it', () => {
    for (const [name, before, after] of [
      ['flat data', segment(0, 0xfffff, 0xf3), segment(0, (TOP >>> 12) - 1, 0xf3)],
      ['flat code, raised', segment(0, 0xfffff, 0x9b), segment(0, (TOP >>> 12) - 1, 0xbb)],
      ['what ends before', segment(0, 0xfbfff, 0xf3), segment(0, 0xfbfff, 0xf3)],
      ['one page more', segment(0, 0xfc000, 0xf3), segment(0, 0xfbfff, 0xf3)],
      ['a base', segment(0xb7000000, 0xfffff, 0xf3), segment(0xb7000000, 0x44fff, 0xf3)],
      ['a base within a page', segment(0xb7000123, 0xfffff, 0xf3), segment(0xb7000123, 0x44ffe, 0xf3)],
      ['bytes', segment(TOP - 0x100, 0xfffff, 0xf3, 4), segment(TOP - 0x100, 0xff, 0xf3, 4)],
      ['pages that are too many', segment(TOP - 0x100, 0xfffff, 0xf3), segment(TOP - 0x100, 0xff, 0xf3, 4)],
      ['one that begins in it', segment(TOP, 0xfff, 0xf3), segment(TOP, 0xfff, 0x73)],
      ['one that expands down', segment(0, 0xfff, 0xf7), segment(0, 0xfff, 0xf7)],
      ['a TSS', [0x20000067, 0xfc008900] as const, [0x20000067, 0xfc008900]],
    ] as const) {
      assert.deepEqual(adjusted(before), after, name);
    }
  });

  it('stay as they are without one', () => {
    const [low, high] = segment(0, 0xfffff, 0xf3);
    assert.deepEqual(adjustDescriptor({ low, high }, { kernelLevel: 1, virtualTop: 0 }), { low, high });
  });

  it('know the limit that a segment of 4 GiB keeps', () => {
    assert.equal(truncatedLimit(0, TOP), TOP - 1);
    assert.equal(truncatedLimit(0xb7000123, TOP), 0x44ffefff);
  });
});

describe('the hole at virtual_top: the guest', () => {
  it('reads it in the ROM', () => {
    const rom = buildVmiRom({ stubOf: () => [0xc3], virtualTop: TOP });
    assert.equal(new DataView(rom.buffer).getUint32(VIRTUAL_TOP, true), TOP);
  });

  it('has its segments cut at VMI_Init and by calls, and faults at the hole', () => {
    const guest = new DeprivilegedGuest({ vmi: { virtualTop: TOP } });
    for (const name of ['CS', 'SS', 'DS', 'ES'] as const) {
      assert.equal(guest.state.segmentLimit(SegmentIndex[name]), TOP - 1, name);
    }
    guest.forget();
    guest.stopAtFaults = true;
    guest.run([0xa1, ...dword(TOP - 4)], 1);
    assert.deepEqual(guest.faults, [], 'the last dword below it');
    assert.equal(guest.run([0xa1, ...dword(TOP - 3)], 1), RunEnd.Stop);
    assert.deepEqual(
      guest.faults.map(({ vector, errorCode, eip }) => [vector, errorCode, eip]),
      [[13, 0, CODE]],
    );
  });

  it('has SYSENTER and SYSEXIT load segments that end there', () => {
    const guest = new DeprivilegedGuest({ vmi: { virtualTop: TOP } });
    guest.call('WRMSR', { ECX: 0x174, EAX: KERNEL_CODE, EDX: 0 });
    guest.call('WRMSR', { ECX: 0x176, EAX: CODE, EDX: 0 });
    guest.setRegisters({ EDX: USER, ECX: 0x48000 });
    guest.jumpTo('SYSEXIT', []);
    assert.deepEqual([guest.state.segmentLimit(1), guest.state.segmentLimit(2)], [TOP - 1, TOP - 1]);
    guest.run([0x0f, 0x34], 1, USER);
    assert.deepEqual([guest.state.segmentLimit(1), guest.state.segmentLimit(2)], [TOP - 1, TOP - 1]);
  });

  it('keeps flat segments without it', () => {
    const guest = new DeprivilegedGuest();
    assert.equal(guest.state.segmentLimit(SegmentIndex.DS), 0xffffffff);
    assert.deepEqual(guest.entry(GDT_BASE, KERNEL_DATA >>> 3), segment(0, 0xfffff, 0xb3));
  });
});

for (const [name, tier] of [
  ['interpreter', 'off'],
  ['compiled tier', { threshold: 1 }],
] as const) {
  describe(`offsets that wrap below the hole: ${name}`, () => {
    it('are carried out', () => {
      const guest = threaded({ tier });
      guest.run([0x65, 0xa1, ...dword(-4)], 1, USER); // mov eax, gs:[-4]
      assert.equal(guest.reg('EAX'), 0x11223344);
      guest.setRegisters({ EBX: 0x9abcdef0 });
      guest.run([0x65, 0x89, 0x1d, ...dword(-8)], 1, USER); // mov gs:[-8], ebx
      assert.equal(guest.read(DATA - 8), 0x9abcdef0);
      assert.deepEqual(guest.faults, []);
      assert.deepEqual(
        guest.exits.map(({ reason, channel, cpl }) => [reason, channel, cpl]),
        [
          ['SEGMENT_WRAP', 'trap', 3],
          ['SEGMENT_WRAP', 'trap', 3],
        ],
      );
    });

    it('leave the segment as it was, and other offsets alone', () => {
      const guest = threaded({ tier });
      const before = guest.state.segmentLimit(SegmentIndex.GS);
      guest.run([0x65, 0xa1, ...dword(-4), 0x65, 0xa1, ...dword(8)], 2, USER);
      assert.equal(guest.reg('EAX'), 0x55667788);
      assert.equal(guest.state.segmentLimit(SegmentIndex.GS), before);
      assert.equal(guest.exits.length, 1);
    });

    it('in a loop', () => {
      const guest = threaded({ tier });
      guest.setRegisters({ ECX: 100, EAX: 0 });
      guest.write(DATA - 4, 3);
      // again: add eax, gs:[-4]; dec ecx; jnz again
      guest.run([0x65, 0x03, 0x05, ...dword(-4), 0x49, 0x75, 0xf6], 300, USER);
      assert.equal(guest.reg('EAX'), 300);
      assert.equal(guest.exits.length, 100);
    });

    it('may load the segment register itself', () => {
      const guest = threaded({ tier });
      guest.write(DATA - 4, 0x7b);
      guest.run([0x65, 0x8e, 0x2d, ...dword(-4)], 1, USER); // mov gs, gs:[-4]
      assert.equal(guest.selector('GS'), 0x7b);
      assert.equal(guest.state.segmentLimit(SegmentIndex.GS), TOP - 1);
    });
  });
}

describe('offsets into the hole', () => {
  it('fault, through a base, too', () => {
    for (const offset of [TOP - DATA, TOP - DATA - 3, 2 ** 32 - DATA - 1, 0xffffffff]) {
      const guest = threaded();
      guest.stopAtFaults = true;
      guest.run([0x65, 0xa1, ...dword(offset)], 1, USER);
      assert.deepEqual(
        guest.faults.map(({ vector, errorCode }) => [vector, errorCode]),
        [[13, 0]],
        offset.toString(16),
      );
      assert.equal(guest.state.segmentLimit(SegmentIndex.GS), truncatedLimit(DATA, TOP));
    }
  });

  it('fault where the guest itself has limited the segment', () => {
    const guest = threaded();
    guest.setEntry(GDT_BASE, TLS >>> 3, segment(DATA, 0xff, 0xf3, 4));
    guest.machine.cpu.segmentation.load(SegmentIndex.GS, TLS);
    guest.stopAtFaults = true;
    guest.run([0x65, 0xa1, ...dword(-4)], 1, USER);
    assert.equal(guest.faults[0]?.vector, 13);
  });
});
