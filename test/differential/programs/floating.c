/* float, double and long double: what a compiler makes of them on the x87, printed as bits. */
#include "runtime.h"

static void print_double(const char *name, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	print("%s %016llx\n", name, (unsigned long long)bits);
}

static void print_long(const char *name, long double value)
{
	uint8_t bytes[sizeof(value)];
	uint64_t significand;
	uint16_t exponent;

	memcpy(bytes, &value, sizeof(value));
	memcpy(&significand, bytes, sizeof(significand));
	memcpy(&exponent, bytes + 8, sizeof(exponent));
	print("%s %04x:%016llx\n", name, exponent, (unsigned long long)significand);
}

static double square_root(double x)
{
	double result;

	asm("fsqrt" : "=t"(result) : "0"(x));
	return result;
}

/* The outer planets for a while: positions and velocities in astronomical units and days. */
struct body {
	double at[3], velocity[3], mass;
};

#define BODIES 5
#define SOLAR_MASS 39.478417604357434
#define YEAR 365.24

static struct body bodies[BODIES] = {
	{ { 0, 0, 0 }, { 0, 0, 0 }, SOLAR_MASS },
	{ { 4.84, -1.16, -0.10 }, { 0.00166 * YEAR, 0.00770 * YEAR, -0.0000690 * YEAR }, 0.000954 * SOLAR_MASS },
	{ { 8.34, 4.12, -0.40 }, { -0.00277 * YEAR, 0.00499 * YEAR, 0.0000230 * YEAR }, 0.000285 * SOLAR_MASS },
	{ { 12.89, -15.11, -0.22 }, { 0.00296 * YEAR, 0.00238 * YEAR, -0.0000296 * YEAR }, 0.0000436 * SOLAR_MASS },
	{ { 15.38, -25.92, 0.18 }, { 0.00268 * YEAR, 0.00163 * YEAR, -0.0000951 * YEAR }, 0.0000515 * SOLAR_MASS },
};

static double energy(void)
{
	double sum = 0;
	int i, j, k;

	for (i = 0; i < BODIES; i++) {
		for (k = 0; k < 3; k++)
			sum += 0.5 * bodies[i].mass * bodies[i].velocity[k] * bodies[i].velocity[k];
		for (j = i + 1; j < BODIES; j++) {
			double squared = 0;

			for (k = 0; k < 3; k++) {
				double distance = bodies[i].at[k] - bodies[j].at[k];

				squared += distance * distance;
			}
			sum -= bodies[i].mass * bodies[j].mass / square_root(squared);
		}
	}
	return sum;
}

static void advance(double time)
{
	int i, j, k;

	for (i = 0; i < BODIES; i++) {
		for (j = i + 1; j < BODIES; j++) {
			double distance[3], squared = 0, magnitude;

			for (k = 0; k < 3; k++) {
				distance[k] = bodies[i].at[k] - bodies[j].at[k];
				squared += distance[k] * distance[k];
			}
			magnitude = time / (squared * square_root(squared));
			for (k = 0; k < 3; k++) {
				bodies[i].velocity[k] -= distance[k] * bodies[j].mass * magnitude;
				bodies[j].velocity[k] += distance[k] * bodies[i].mass * magnitude;
			}
		}
	}
	for (i = 0; i < BODIES; i++)
		for (k = 0; k < 3; k++)
			bodies[i].at[k] += time * bodies[i].velocity[k];
}

static void n_body(void)
{
	int step;

	print_double("energy", energy());
	for (step = 0; step < 400; step++)
		advance(0.01);
	print_double("energy", energy());
}

/* A line for each row of the Mandelbrot set: how long the points last, summed up. */
static void mandelbrot(void)
{
	int row, column;

	for (row = 0; row < 12; row++) {
		int sum = 0;

		for (column = 0; column < 24; column++) {
			float cx = column / 12.0f - 1.5f, cy = row / 6.0f - 1.0f, x = 0, y = 0;
			int steps = 0;

			while (x * x + y * y < 4 && steps < 60) {
				float next = x * x - y * y + cx;

				y = 2 * x * y + cy;
				x = next;
				steps++;
			}
			sum += steps;
		}
		print("%d ", sum);
	}
	print("\n");
}

static void conversions(void)
{
	static const double samples[] = { 0.0, -0.0, 1.5, -2.5, 3.5, 1e9, -1e9, 2147483646.9, 1e-310, 0.1, 1e300 };
	uint32_t i;

	for (i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		float narrow = (float)(samples[i] < 1e38 ? samples[i] : 1.0);
		double integral = samples[i] < 1e18 ? samples[i] : 7.9;

		print_double("narrow", narrow);
		print("%lld %d %u\n", (long long)integral, (int)(integral / 3), (unsigned)(integral < 0 ? 5 : integral));
		print_long("long", (long double)samples[i] / 3);
	}
	for (i = 0; i < 12; i++) {
		int32_t value = (int32_t)next_random();
		int64_t wide = (int64_t)value * 0x12345679;

		print_double("int", value / 7.0);
		print_long("wide", wide / 7.0L);
	}
}

/* How numbers compare, the unordered among them. */
static void comparisons(void)
{
	static volatile double values[] = { 0.0, -0.0, 1.0, -1.0, 1e308 * 10, -1e308 * 10, 5e-324, 0.0 };
	const uint32_t count = sizeof(values) / sizeof(values[0]);
	uint32_t i, j;

	values[count - 1] = values[4] + values[5];
	for (i = 0; i < count; i++) {
		for (j = 0; j < count; j++) {
			double a = values[i], b = values[j];

			print("%d", (a < b) | (a <= b) << 1 | (a == b) << 2 | (a >= b) << 3);
		}
		print(" ");
	}
	print("\n");
}

/* Sums whose order matters, so that a lost bit shows. */
static void series(void)
{
	long double e = 1, term = 1, sum = 0;
	float coarse = 0;
	int i;

	for (i = 1; i < 30; i++) {
		term /= i;
		e += term;
	}
	for (i = 1; i < 3000; i++) {
		sum += 1.0L / ((long double)i * i);
		coarse += 1.0f / i;
	}
	print_long("e", e);
	print_long("zeta", sum);
	print_double("harmonic", coarse);
}

/* The state that a signal handler or a debugger would look at. */
static void environment(void)
{
	uint16_t control, status;
	uint32_t image[7];
	double x = 1;

	asm volatile("fninit\n\tfnstcw %0" : "=m"(control));
	asm volatile("fldl %2\n\tfdivl %3\n\tfstp %%st(0)\n\tfnstsw %0\n\tfnstenv %1"
		     : "=a"(status), "=m"(image) : "m"(x), "m"((double){ 3 }) : "st", "memory");
	print("%04x %04x %08x %08x %08x\n", control, status, image[0], image[1], image[2]);
	asm volatile("fninit");
}

void floating(void)
{
	n_body();
	mandelbrot();
	conversions();
	comparisons();
	series();
	environment();
}
