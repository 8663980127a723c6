import { interesting, type Random } from '../../../../differential/support/random';

/** Singles at the edges: zeroes, denormals, the ends of the range, infinities, quiet and signalling NaNs, limits of integers. */
const SINGLES = [
  0, 1, 0x7fffff, 0x800000, 0x800001, 0x3f800000, 0x3f800001, 0x3f7fffff, 0x3f000000, 0x40000000, 0x40490fdb,
  0x7f7fffff, 0x7f800000, 0x7fc00000, 0x7fc12345, 0x7f800001, 0x7fa12345, 0x7fbfffff, 0x4effffff, 0x4f000000,
  0x4f7fffff, 0x5f000000, 0x1f800000, 0x20000000, 0x5f800000, 0x00400000, 0x33800000, 0x3effffff, 0x3fc00000,
  0x40200000, 0x4b7fffff, 0x4b000001,
];

/** The same of doubles: upper and lower dword. */
const DOUBLES = [
  [0, 0],
  [0, 1],
  [0xfffff, 0xffffffff],
  [0x100000, 0],
  [0x100000, 1],
  [0x3ff00000, 0],
  [0x3ff00000, 1],
  [0x3fefffff, 0xffffffff],
  [0x3fe00000, 0],
  [0x40000000, 0],
  [0x7fefffff, 0xffffffff],
  [0x7ff00000, 0],
  [0x7ff80000, 0],
  [0x7ff80123, 0x45678901],
  [0x7ff00000, 1],
  [0x7ff40123, 0x45678901],
  [0x41dfffff, 0xffc00000],
  [0x41dfffff, 0xffdfffff],
  [0x41dfffff, 0xffe00000],
  [0x41e00000, 0],
  [0x41e00000, 0x00100000],
  [0x47efffff, 0xe0000000],
  [0x47efffff, 0xefffffff],
  [0x47efffff, 0xf0000000],
  [0x47f00000, 0],
  [0x38100000, 0],
  [0x380fffff, 0xffffffff],
  [0x36a00000, 0],
  [0x36900000, 0],
  [0x1ff00000, 0],
  [0x5ff00000, 0],
  [0x3ff80000, 0],
  [0x40040000, 0],
];

const sign = (random: Random): number => (random.chance(0.5) ? 0x80000000 : 0);

/** A single of moderate size, so that sums and products of several are of moderate size too. */
const moderateSingle = (random: Random): number =>
  (sign(random) | ((random.between(120, 134) << 23) >>> 0) | (random.u32() >>> random.pick([9, 9, 20]))) >>> 0;

function single(random: Random): number {
  switch (random.below(4)) {
    case 0:
      return random.u32();
    case 1:
      return moderateSingle(random);
    default:
      return (random.pick(SINGLES) | sign(random)) >>> 0;
  }
}

function double(random: Random): readonly number[] {
  switch (random.below(4)) {
    case 0:
      return [random.u32(), random.u32()];
    case 1:
      return [
        sign(random) | (random.between(1016, 1030) << 20) | (random.u32() >>> 12),
        random.chance(0.5) ? random.u32() : 0,
      ];
    default: {
      const [high, low] = random.pick(DOUBLES);
      return [high | sign(random), low];
    }
  }
}

const BYTE_EDGES = [0, 1, 0x7e, 0x7f, 0x80, 0x81, 0xfe, 0xff];
const WORD_EDGES = [
  0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7ffe, 0x7fff, 0x8000, 0x8001, 0xff7f, 0xff80, 0xff00, 0xfffe, 0xffff,
];

/** Fills 8 or 16 bytes with elements of one kind, weighted towards their edges. */
export function fillRegister(random: Random, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const each = (width: number, put: (at: number) => void) => {
    for (let at = 0; at < bytes.length; at += width) put(at);
  };
  const doubles = () =>
    each(8, (at) => {
      const [high, low] = double(random);
      view.setUint32(at + 4, high, true);
      view.setUint32(at, low, true);
    });
  switch (random.below(9)) {
    case 0:
      return each(1, (at) => view.setUint8(at, random.u32()));
    case 1:
      return each(1, (at) => view.setUint8(at, random.pick(BYTE_EDGES)));
    case 2:
      return each(2, (at) => view.setUint16(at, random.pick(WORD_EDGES), true));
    case 3:
      return each(4, (at) => view.setUint32(at, interesting(random), true));
    case 4:
      // A count for shifts.
      return each(8, (at) => {
        view.setUint32(at, random.below(72), true);
        view.setUint32(at + 4, random.chance(0.9) ? 0 : random.u32(), true);
      });
    case 5:
    case 6:
      return each(4, (at) => view.setUint32(at, single(random), true));
    default:
      return doubles();
  }
}
