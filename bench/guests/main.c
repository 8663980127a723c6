/*
 * The benchmark's guest: `NAME [ROUNDS]...` on the command line chooses a kernel, to be run once for each number. It
 * writes S to the debug console (port 0xe9) when the work begins, E and the checksum when it is done, and ends by the
 * debug-exit port. `list` writes the names of all kernels.
 */
#include "kernels.h"
#include "multiboot.h"

const struct kernel kernels[] = {
	{ "alu", run_alu, 20000000 },		{ "crc", run_crc, 400 },
	{ "sieve", run_sieve, 10 },		{ "copy", run_copy, 1500 },
	{ "rep_movsd", run_rep_movsd, 3000 },	{ "chase", run_chase, 5000000 },
	{ "lz", run_lz, 60 },			{ "mixed", run_mixed, 60 },
	{ "calls", run_calls, 200 },		{ "empty", run_empty, 100000000 },
	{ "nbody", run_nbody, 20000 },		{ "port", run_port, 1000000 },
	{ "rewrite", run_rewrite, 300000 },
	{ "int_trip", run_int_trip, 1000000 },	{ "ring_trip", run_ring_trip, 1000000 },
	{ "gate_trip", run_gate_trip, 1000000 },	{ "sysenter_trip", run_sysenter_trip, 1000000 },
	{ "fault_storm", run_fault_storm, 300000 },	{ "switch_storm", run_switch_storm, 100000 },
	{ "flag_storm", run_flag_storm, 1000000 },	{ "segment_storm", run_segment_storm, 1000000 },
	{ "irq_storm", run_irq_storm, 300000 },	{ "timer_storm", run_timer_storm, 20000 },
	{ "port_out", run_port_out, 1000000 },
	{ "port_device", run_port_device, 1000000 },
	{ "port_in", run_port_in, 1000000 },
	{ "port_outs", run_port_outs, 300 },
	{ "port_ins", run_port_ins, 300 },
	{ "port_call", run_port_call, 1000000 },
	{ "port_call_in", run_port_call_in, 1000000 },
	{ "port_call_outs", run_port_call_outs, 300 },
	{ "irq_flags", run_irq_flags, 1000000 },
	{ "matrix_single", run_matrix_single, 100 },
	{ "matrix_double", run_matrix_double, 100 },
	{ "mandelbrot", run_mandelbrot, 100 },
};
const uint32_t kernel_count = sizeof(kernels) / sizeof(kernels[0]);

static void put(uint8_t byte)
{
	__asm__ volatile("outb %0, $0xe9" : : "a"(byte));
}

static void finish(uint8_t status)
{
	__asm__ volatile("outb %0, %1" : : "a"(status), "Nd"((uint16_t)0xf4));
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* The rest of the text after a word, or a null pointer if it begins with another. */
static const char *after(const char *text, const char *word)
{
	while (*word)
		if (*text++ != *word++)
			return 0;
	return *text == 0 || *text == ' ' ? text : 0;
}

/* The number at *TEXT, which is moved behind it; 0 if there is none. */
static uint32_t number(const char **text)
{
	uint32_t value = 0;

	while (**text == ' ')
		(*text)++;
	while (**text >= '0' && **text <= '9')
		value = value * 10 + (*(*text)++ - '0');
	return value;
}

static void list(void)
{
	uint32_t i;

	for (i = 0; i < kernel_count; i++) {
		const char *name;

		for (name = kernels[i].name; *name; name++)
			put(*name);
		put('\n');
	}
}

static void run(const struct kernel *kernel, uint32_t rounds)
{
	uint32_t sum, shift;

	put('S');
	sum = kernel->run(rounds ? rounds : kernel->rounds);
	put('E');
	for (shift = 32; shift > 0; shift -= 4)
		put("0123456789abcdef"[sum >> (shift - 4) & 15]);
	put('\n');
}

void main(uint32_t magic, const struct multiboot_info *info)
{
	const char *line = (const char *)info->cmdline;
	uint32_t i;

	(void)magic;
	/* Some loaders put the name of the image first. */
	for (; *line; line++) {
		if (after(line, "list")) {
			list();
			finish(0x10);
		}
		for (i = 0; i < kernel_count; i++) {
			const char *rest = after(line, kernels[i].name);

			if (rest) {
				do
					run(&kernels[i], number(&rest));
				while (*rest >= ' ' && *rest <= '9');
				finish(0x10);
			}
		}
	}
	finish(1);
}
