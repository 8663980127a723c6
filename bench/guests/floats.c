/* Loops of the x87: operands in memory of both widths, and values that stay in registers. */
#include "kernels.h"

#define SIDE 48

static float left_single[SIDE][SIDE], right_single[SIDE][SIDE], product_single[SIDE][SIDE];
static double left[SIDE][SIDE], right[SIDE][SIDE], product[SIDE][SIDE];

/* Matrices of single precision. */
uint32_t run_matrix_single(uint32_t rounds)
{
	float total = 0;
	uint32_t i, j, k;

	for (i = 0; i < SIDE; i++)
		for (j = 0; j < SIDE; j++) {
			left_single[i][j] = (float)(i * 3 + j) / 7;
			right_single[i][j] = (float)((int32_t)i - (int32_t)j) / 11;
		}
	while (rounds--) {
		for (i = 0; i < SIDE; i++)
			for (j = 0; j < SIDE; j++) {
				float sum = 0;

				for (k = 0; k < SIDE; k++)
					sum += left_single[i][k] * right_single[k][j];
				product_single[i][j] = sum;
			}
		left_single[rounds % SIDE][3] += product_single[rounds % SIDE][rounds % 7] / 1024;
	}
	for (i = 0; i < SIDE; i++)
		total += product_single[i][i];
	return (uint32_t)(int32_t)total;
}

/* Matrices of double precision. */
uint32_t run_matrix_double(uint32_t rounds)
{
	double total = 0;
	uint32_t i, j, k;

	for (i = 0; i < SIDE; i++)
		for (j = 0; j < SIDE; j++) {
			left[i][j] = (double)(i * 3 + j) / 7;
			right[i][j] = (double)((int32_t)i - (int32_t)j) / 11;
		}
	while (rounds--) {
		for (i = 0; i < SIDE; i++)
			for (j = 0; j < SIDE; j++) {
				double sum = 0;

				for (k = 0; k < SIDE; k++)
					sum += left[i][k] * right[k][j];
				product[i][j] = sum;
			}
		left[rounds % SIDE][3] += product[rounds % SIDE][rounds % 7] / 1024;
	}
	for (i = 0; i < SIDE; i++)
		total += product[i][i];
	return (uint32_t)(int32_t)total;
}

/* The Mandelbrot set: comparisons, and values that stay in registers. */
uint32_t run_mandelbrot(uint32_t rounds)
{
	uint32_t total = 0;

	while (rounds--) {
		int32_t x, y;

		for (y = -16; y < 16; y++)
			for (x = -24; x < 8; x++) {
				double re = x / 16.0, im = y / 16.0 + rounds * 1e-6, a = 0, b = 0;
				uint32_t steps = 0;

				while (steps < 50 && a * a + b * b < 4) {
					double next = a * a - b * b + re;

					b = 2 * a * b + im;
					a = next;
					steps++;
				}
				total += steps;
			}
	}
	return total;
}
