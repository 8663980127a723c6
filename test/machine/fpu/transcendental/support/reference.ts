/**
 * Transcendental functions to any precision, slow and simple, by other ways than those of the machine: halved arguments and
 * doubling instead of tables, binary digits by squaring instead of series. A number is an integer in units of 2^-places.
 */

/** The pi by which the x87 reduces angles has 66 bits (Intel SDM vol. 1, section 8.3.8). */
const PI_OF_X87 = { units: 0xc90fdaa22168c234n * 4n + 3n, places: 64 };

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** The nearest integer to a quotient with a positive divisor. */
function divideToNearest(a: bigint, b: bigint): bigint {
  const doubled = 2n * a + b;
  const quotient = doubled / (2n * b);
  return doubled < 0n && quotient * 2n * b !== doubled ? quotient - 1n : quotient;
}

/** The integer part of a square root: Newton's method from above. */
function squareRoot(square: bigint): bigint {
  let root = 1n << BigInt(square.toString(16).length * 2 + 1);
  for (;;) {
    const next = (root + square / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** arctan(1/n) by its Taylor series. */
function arctangentOfReciprocal(n: bigint, places: number): bigint {
  let sum = 0n;
  let power = (1n << BigInt(places)) / n;
  for (let k = 1n; power !== 0n; k += 2n) {
    sum += k % 4n === 1n ? power / k : -(power / k);
    power /= n * n;
  }
  return sum;
}

const remembered = new Map<string, bigint>();
function remember(key: string, compute: () => bigint): bigint {
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const value = compute();
  remembered.set(key, value);
  return value;
}

/** Machin's formula. */
export function pi(places: number): bigint {
  const more = places + 32;
  return remember(
    `pi ${places}`,
    () => (16n * arctangentOfReciprocal(5n, more) - 4n * arctangentOfReciprocal(239n, more)) >> 32n,
  );
}

/** ln(2) = sum of 1 / (k 2^k). */
export function ln2(places: number): bigint {
  const more = places + 32;
  return remember(`ln2 ${places}`, () => {
    let sum = 0n;
    for (let k = 1n, power = 1n << BigInt(more - 1); power !== 0n; k++, power >>= 1n) sum += power / k;
    return sum >> 32n;
  });
}

/** e^x - 1 for |x| < 1: the Taylor series of a part of x, then (1 + y)^2 - 1 = y (2 + y). */
function exponentialLess1(x: bigint, places: number): bigint {
  const halvings = 8;
  const more = BigInt(places + 2 * halvings + 16);
  const part = (x << (more - BigInt(places))) >> BigInt(halvings);
  let sum = 0n;
  let term = part;
  for (let k = 2n; term !== 0n && term !== -1n; k++) {
    sum += term;
    term = ((term * part) >> more) / k;
  }
  for (let i = 0; i < halvings; i++) sum = (sum * ((2n << more) + sum)) >> more;
  return sum >> (more - BigInt(places));
}

/** 2^x - 1 for |x| <= 1. */
export function powerOfTwoLess1(x: bigint, places: number): bigint {
  return exponentialLess1((x * ln2(places)) >> BigInt(places), places);
}

/** log2 of a positive number: its binary digits, one for each squaring. */
export function binaryLogarithm(x: bigint, places: number, digits: number): bigint {
  // Every squaring doubles the error.
  const width = 2 * digits + 32;
  let characteristic = -places;
  for (let rest = x; rest > 1n; rest >>= 1n) characteristic++;
  const shift = width - (characteristic + places);
  let mantissa = shift >= 0 ? x << BigInt(shift) : x >> BigInt(-shift);
  let result = BigInt(characteristic);
  for (let i = 0; i < digits; i++) {
    mantissa = (mantissa * mantissa) >> BigInt(width);
    const digit = mantissa >> BigInt(width + 1);
    result = 2n * result + digit;
    mantissa >>= digit;
  }
  return result;
}

/** log2(1 + x) for |x| < 1/2 by the Taylor series: for small x. */
export function binaryLogarithmOf1Plus(x: bigint, places: number): bigint {
  let sum = 0n;
  let power = x;
  for (let k = 1n; power !== 0n && power !== -1n; k++) {
    sum += k % 2n === 1n ? power / k : -(power / k);
    power = (power * x) >> BigInt(places);
  }
  return (sum << BigInt(places)) / ln2(places);
}

/** Sine and 1 - cosine of an angle below 1, by Taylor series of a part of it and doubling. */
function circle(x: bigint, places: number): { sine: bigint; versine: bigint } {
  const halvings = 6;
  const more = BigInt(places + 4 * halvings + 16);
  const part = (x << (more - BigInt(places))) >> BigInt(halvings);
  let sine = 0n;
  let versine = 0n;
  let term = part;
  for (let k = 2n; absolute(term) > 1n; k += 2n) {
    sine += term;
    term = -((term * part) >> more) / k;
    versine -= term;
    term = ((term * part) >> more) / (k + 1n);
  }
  for (let i = 0; i < halvings; i++) {
    // sin 2a = 2 sin a (1 - versin a), versin 2a = 2 sin^2 a
    const half = sine;
    sine = (2n * half * ((1n << more) - versine)) >> more;
    versine = (2n * half * half) >> more;
  }
  const down = more - BigInt(places);
  return { sine: sine >> down, versine: versine >> down };
}

/** Sine and cosine as the x87 means them: of the rest of an angle after whole turns by its 66-bit pi. */
export function sineAndCosine(x: bigint, places: number): { sine: bigint; cosine: bigint } {
  const one = 1n << BigInt(places);
  const rightAngle = PI_OF_X87.units << BigInt(places - PI_OF_X87.places - 1);
  const turns = divideToNearest(x, rightAngle);
  const { sine, versine } = circle(x - turns * rightAngle, places);
  const cosine = one - versine;
  const quadrants = [
    { sine, cosine },
    { sine: cosine, cosine: -sine },
    { sine: -sine, cosine: -cosine },
    { sine: -cosine, cosine: sine },
  ];
  return quadrants[Number(((turns % 4n) + 4n) % 4n)];
}

/** arctan(x) for 0 <= x <= 1, by halving: tan(a/2) = tan a / (1 + sqrt(1 + tan^2 a)). */
function arctangent(x: bigint, places: number): bigint {
  // A small one converges as it is.
  const halvings = x >> BigInt(places - 16) === 0n ? 0 : 6;
  const more = BigInt(places + halvings + 16);
  const one = 1n << more;
  let part = x << (more - BigInt(places));
  for (let i = 0; i < halvings; i++) part = (part << more) / (one + squareRoot((one << more) + part * part));
  let sum = 0n;
  let power = part;
  for (let k = 1n; power !== 0n; k += 2n) {
    sum += k % 4n === 1n ? power / k : -(power / k);
    power = (((power * part) >> more) * part) >> more;
  }
  return (sum << BigInt(halvings)) >> (more - BigInt(places));
}

/** The angle of the point with the given coordinates, both not zero, in the upper half plane. */
export function angle(y: bigint, x: bigint, places: number): bigint {
  const width = absolute(x);
  const acute =
    y <= width
      ? arctangent((y << BigInt(places)) / width, places)
      : pi(places) / 2n - arctangent((width << BigInt(places)) / y, places);
  return x > 0n ? acute : pi(places) - acute;
}
