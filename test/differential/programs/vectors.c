/* Loops that compilers turn into vector instructions, and vector instructions by hand, as far as the processor has them. */
#include "runtime.h"

#define COUNT 67

static uint32_t mixed(const void *data, size_t bytes)
{
	const uint8_t *at = data;
	uint32_t sum = 0x811c9dc5;

	while (bytes--)
		sum = (sum ^ *at++) * 0x01000193;
	return sum;
}

static void fill(void *data, size_t bytes)
{
	uint8_t *at = data;

	while (bytes--)
		*at++ = next_random() >> 11;
}

static void integers(void)
{
	static uint8_t a[COUNT], b[COUNT], c[COUNT];
	static int16_t p[COUNT], q[COUNT], r[COUNT];
	static int32_t x[COUNT], y[COUNT];
	uint32_t difference = 0;
	int32_t dot = 0, least = 0, most = 0;
	int64_t wide = 0;
	size_t i;

	fill(a, sizeof(a));
	fill(b, sizeof(b));
	fill(p, sizeof(p));
	fill(q, sizeof(q));
	fill(x, sizeof(x));
	for (i = 0; i < COUNT; i++)
		c[i] = a[i] + b[i] > 255 ? 255 : a[i] + b[i];
	print("%08x", mixed(c, sizeof(c)));
	for (i = 0; i < COUNT; i++)
		c[i] = (a[i] * 77 + b[i] * 179 + 128) >> 8;
	print(" %08x", mixed(c, sizeof(c)));
	for (i = 0; i < COUNT; i++)
		c[i] = (a[i] + b[i] + 1) >> 1;
	print(" %08x", mixed(c, sizeof(c)));
	for (i = 0; i < COUNT; i++)
		difference += a[i] > b[i] ? a[i] - b[i] : b[i] - a[i];
	for (i = 0; i < COUNT; i++)
		dot += p[i] * q[i];
	for (i = 0; i < COUNT; i++)
		r[i] = p[i] > q[i] ? p[i] : (q[i] >> 3) ^ 0x55;
	print(" %u %d %08x\n", difference, dot, mixed(r, sizeof(r)));
	for (i = 0; i < COUNT; i++) {
		y[i] = x[i] << 5 ^ (uint32_t)x[i] >> 7;
		least = y[i] < least ? y[i] : least;
		most = y[i] > most ? y[i] : most;
		wide += (int64_t)x[i] * y[i];
	}
	print("%08x %d %d %08x\n", mixed(y, sizeof(y)), least, most, (unsigned)(wide >> 13));
}

#ifdef __MMX__
/* Two steps of a blend of eight pixels, and what MMX does to the x87: EMMS makes it usable again. */
static void mmx(void)
{
	static uint64_t a[4], b[4], c[4];
	uint32_t mask;
	size_t i;

	fill(a, sizeof(a));
	fill(b, sizeof(b));
	for (i = 0; i < 4; i++)
		asm volatile("movq	%1, %%mm0\n\t"
			     "movq	%2, %%mm1\n\t"
			     "pxor	%%mm7, %%mm7\n\t"
			     "movq	%%mm0, %%mm2\n\t"
			     "movq	%%mm1, %%mm3\n\t"
			     "punpcklbw	%%mm7, %%mm0\n\t"
			     "punpckhbw	%%mm7, %%mm2\n\t"
			     "punpcklbw	%%mm7, %%mm1\n\t"
			     "punpckhbw	%%mm7, %%mm3\n\t"
			     "pmullw	%%mm1, %%mm0\n\t"
			     "pmullw	%%mm3, %%mm2\n\t"
			     "psrlw	$8, %%mm0\n\t"
			     "psrlw	$8, %%mm2\n\t"
			     "packuswb	%%mm2, %%mm0\n\t"
			     "paddusb	%1, %%mm0\n\t"
			     "movq	%%mm0, %0\n\t"
			     "emms"
			     : "=m"(c[i]) : "m"(a[i]), "m"(b[i]));
	asm volatile("movq %1, %%mm0\n\tpcmpgtb %2, %%mm0\n\tmovd %%mm0, %0\n\temms" : "=r"(mask) : "m"(a[0]), "m"(b[0]));
	print("%08x %08x\n", mixed(c, sizeof(c)), mask);
}
#endif

#ifdef __SSE__
static float sines[COUNT], weights[COUNT], outcome[COUNT];

static __attribute__((noinline)) void scale_and_add(float factor)
{
	size_t i;

	for (i = 0; i < COUNT; i++)
		outcome[i] += factor * sines[i];
}

static __attribute__((noinline)) float length_of(const float *v, size_t count)
{
	float sum = 0, root;
	size_t i;

	for (i = 0; i < count; i++)
		sum += v[i] * v[i];
	asm("sqrtss %1, %0" : "=x"(root) : "x"(sum));
	return root;
}

static uint32_t bits_of(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static void singles(void)
{
	volatile float half = 0.5f, eight = 8;
	float matrix[4][4], other[4][4], product[4][4], s = 0, c = 1, step = 0.09375f;
	uint32_t status, less = 0;
	size_t i, j, k;

	/* Points on a circle, by small rotations. */
	for (i = 0; i < COUNT; i++) {
		sines[i] = s;
		weights[i] = c / (1 + i);
		outcome[i] = (int)i - 30;
		s += step * c;
		c -= step * s;
	}
	print("%08x %08x", mixed(sines, sizeof(sines)), mixed(weights, sizeof(weights)));
	for (i = 1; i < 5; i++)
		scale_and_add(1.0f / i);
	print(" %08x %08x", mixed(outcome, sizeof(outcome)), bits_of(length_of(outcome, COUNT)));
	for (i = 0; i < 16; i++) {
		matrix[i / 4][i % 4] = sines[i] * 3;
		other[i % 4][i / 4] = weights[i] - 0.5f;
	}
	for (i = 0; i < 4; i++)
		for (j = 0; j < 4; j++) {
			product[i][j] = 0;
			for (k = 0; k < 4; k++)
				product[i][j] += matrix[i][k] * other[k][j];
		}
	for (i = 0; i < COUNT; i++)
		less += sines[i] < weights[i];
	print(" %08x %u\n", mixed(product, sizeof(product)), less);
	for (i = 0; i < COUNT; i++) {
		int32_t whole = (int32_t)(outcome[i] * 1000.0f);

		weights[i] = whole > 0 ? outcome[i] / whole : (float)whole;
	}
	asm volatile("stmxcsr %0" : "=m"(status));
	print("%08x %04x", mixed(weights, sizeof(weights)), status);
	/* Denormals, infinities and NaNs on purpose. */
	s = 1e-38f;
	for (i = 0; i < 8; i++)
		s *= half;
	print(" %08x", bits_of(s));
	s = 1e38f;
	for (i = 0; i < 4; i++)
		s *= eight;
	print(" %08x %08x", bits_of(s), bits_of(s - s));
	asm volatile("stmxcsr %0" : "=m"(status));
	print(" %04x\n", status);
}

/* Shuffles, comparisons and masks that compilers seldom choose. */
static void by_hand(void)
{
	static const float a[4] __attribute__((aligned(16))) = { 1.5f, -2.25f, 3e9f, 0.1f };
	static const float b[4] __attribute__((aligned(16))) = { 1.5f, 4.0f, -7.5f, 1e-3f };
	static float c[8] __attribute__((aligned(16)));
	uint32_t signs, lower, truncated;
	uint8_t below;

	asm volatile("movaps	%3, %%xmm0\n\t"
		     "movaps	%4, %%xmm1\n\t"
		     "movaps	%%xmm0, %%xmm2\n\t"
		     "shufps	$0x1b, %%xmm1, %%xmm2\n\t"
		     "movaps	%%xmm2, %0\n\t"
		     "movaps	%%xmm0, %%xmm3\n\t"
		     "cmpltps	%%xmm1, %%xmm3\n\t"
		     "movmskps	%%xmm3, %1\n\t"
		     "andps	%%xmm0, %%xmm3\n\t"
		     "unpckhps	%%xmm1, %%xmm0\n\t"
		     "maxps	%%xmm3, %%xmm0\n\t"
		     "movups	%%xmm0, 16+%0\n\t"
		     "cvttss2si	%%xmm1, %2"
		     : "=m"(c), "=r"(signs), "=r"(truncated) : "m"(a), "m"(b) : "xmm0", "xmm1", "xmm2", "xmm3", "memory");
	asm volatile("movss %2, %%xmm0\n\tcomiss %3, %%xmm0\n\tsetb %0\n\tcvtss2si %4, %1"
		     : "=q"(below), "=r"(lower) : "m"(a[1]), "m"(b[1]), "m"(a[2]) : "xmm0", "cc");
	print("%08x %x %d %u %08x\n", mixed(c, sizeof(c)), signs, (int)truncated, below, lower);
	asm volatile("movq %1, %%mm0\n\tpavgb %2, %%mm0\n\tpmovmskb %%mm0, %0\n\tpshufw $0x4e, %%mm0, %%mm1\n\t"
		     "psadbw %2, %%mm1\n\tpmaxsw %%mm1, %%mm0\n\tcvtpi2ps %%mm0, %%xmm0\n\tmovups %%xmm0, %3\n\temms"
		     : "=r"(signs) : "m"(a[2]), "m"(b[0]), "m"(c) : "xmm0", "memory");
	print("%x %08x\n", signs, bits_of(c[0]));
}
#endif

#ifdef __SSE2__
static double series[COUNT];

static void doubles(void)
{
	double re, im, sum = 0, product = 1;
	uint32_t status, escaped = 0, i, x, y;
	uint64_t bits[2];

	for (i = 0; i < COUNT; i++)
		series[i] = 1.0 / (i + 1) - (int)(i % 5) * 0.125;
	for (i = 0; i < COUNT; i++) {
		sum += series[i] * series[COUNT - 1 - i];
		product *= 1 + series[i] / 3;
	}
	memcpy(&bits[0], &sum, 8);
	memcpy(&bits[1], &product, 8);
	print("%08x%08x %08x%08x", (uint32_t)(bits[0] >> 32), (uint32_t)bits[0], (uint32_t)(bits[1] >> 32), (uint32_t)bits[1]);
	for (y = 0; y < 24; y++)
		for (x = 0; x < 32; x++) {
			double cr = x / 12.0 - 2, ci = y / 12.0 - 1;

			for (re = im = 0, i = 0; i < 60 && re * re + im * im < 4; i++) {
				double t = re * re - im * im + cr;

				im = 2 * re * im + ci;
				re = t;
			}
			escaped = escaped * 31 + i;
		}
	print(" %08x", escaped);
	for (i = 0; i < COUNT; i++)
		series[i] = (float)(series[i] * 1e10) + (int32_t)(series[i] * 1e6);
	asm volatile("stmxcsr %0" : "=m"(status));
	print(" %08x %04x\n", mixed(series, sizeof(series)), status);
}
#endif

void vectors(void)
{
	integers();
#ifdef __MMX__
	mmx();
#endif
#ifdef __SSE__
	singles();
	by_hand();
#endif
#ifdef __SSE2__
	doubles();
#endif
}
