/*
 * Native-style drivers in a paravirtualized world: the same drivers run on bare metal, under a
 * hypervisor that traps each port instruction, and under one that offers calls for them, and they
 * neither know nor care. What differs is the time, which the guest measures itself.
 *
 * A number after '~' depends on time; everything else is the same in every run, whatever the back-end.
 */
#include "backend.h"
#include "comparison.h"
#include "cpu.h"
#include "exits.h"
#include "format.h"
#include "interrupts.h"
#include "io.h"
#include "multiboot.h"
#include "paging.h"
#include "pic.h"
#include "uart.h"
#include "workload.h"

#define DEBUG_EXIT 0xf4			/* as QEMU's isa-debug-exit */
#define EXIT_OK 0x10
#define EXIT_FAILED 0x11

static const struct workload *const workloads[] = {
	&uart_workload, &rtc_workload, &pit_workload, &ide_workload, &iotest_workload,
};

#define WORKLOADS (sizeof(workloads) / sizeof(workloads[0]))

static void print_cycles(uint64_t cycles)
{
	if (cpu_has_tsc())
		print("~%-13llu ", cycles);
	else
		print("%-14s ", "-");
}

/** Runs one workload and prints its line. Returns 0 after a failure. */
static int run_workload(const struct workload *workload)
{
	struct outcome outcome = { WORKLOAD_OK, "" };
	struct io_count before = io_count;
	uint64_t start = cpu_cycles();

	workload->run(&outcome);

	uint64_t cycles = cpu_cycles() - start;
	struct io_count after = io_count;
	static const char *const words[] = { "OK", "SKIPPED", "FAILED" };

	print("%-9s %10u %9u  ", workload->name, io_count_operations(&after) - io_count_operations(&before),
	      io_count_elements(&after) - io_count_elements(&before));
	print_cycles(cycles);
	print("%s%s%s\n", words[outcome.verdict], outcome.reason[0] ? ": " : "", outcome.reason);
	return outcome.verdict != WORKLOAD_FAILED;
}

/**
 * All forms since @start was taken, this line's own characters not included. The banner is left out
 * because it names the back-end: what follows it is the same work in every world.
 */
static void print_totals(const struct io_count *start)
{
	struct io_count end = io_count;

	print("total:");
	for (unsigned form = 0; form < IO_FORMS; form++)
		print(" %s %u", io_form_names[form],
		      end.calls[form] - end.waits[form] - (start->calls[form] - start->waits[form]));
	print("; operations %u, elements %u, delays %u, waits ~%u\n",
	      io_count_operations(&end) - io_count_operations(start),
	      io_count_elements(&end) - io_count_elements(start), end.delays - start->delays,
	      io_count_waits(&end) - io_count_waits(start));
}

/**
 * Prints the number of all port accesses ever made, waits and delays included, and leaves the machine.
 * The line fits the UART's FIFO, so the number can include the line itself and the last OUT of all: it
 * is the exact number of exits that a hypervisor has seen.
 */
static void finish(int ok)
{
	char line[UART_FIFO_SIZE + 1];

	uart_drain();
	uint32_t exits = port_accesses() + UART_FIFO_SIZE + 1;
	format_text(line, sizeof(line), "exits ~%07u\r\n", exits);
	uart_write_fifo(line);
	outb(ok ? EXIT_OK : EXIT_FAILED, DEBUG_EXIT);
}

_Noreturn void unexpected_interrupt(const struct interrupt_frame *frame)
{
	print("paravirt-io: FAILED: unexpected %s (vector %u), error code %x, at %08x\n",
	      exception_name(frame->vector), frame->vector, frame->error_code, frame->eip);
	finish(0);
	for (;;)
		asm volatile("cli; hlt");
}

/** The sample's own workloads, one line each. Returns 0 after a failure. */
static int run_workloads(void)
{
	int ok = 1;
	struct io_count start = io_count;

	print("%-9s %10s %9s  %-14s %s\n", "workload", "operations", "elements", "cycles", "result");
	for (unsigned i = 0; i < WORKLOADS; i++)
		ok &= run_workload(workloads[i]);
	print_totals(&start);
	return ok;
}

void main(uint32_t magic, const struct multiboot_info *info)
{
	multiboot_save(magic, info);
	paging_init();
	interrupts_init();
	cpu_init();
	backend_activate();
	uart_init();
	pic_init();

	print("Ringside paravirt-io: native-style drivers over paravirt_ops\n");
	print("cpu: %s, %s\n", cpu_vendor(), cpu_has_tsc() ? "time-stamp counter" : "no time-stamp counter");
	backend_print();
	int ok = comparison_wanted() ? comparison_run() : run_workloads();
	print("paravirt-io: %s\n", ok ? "OK" : "FAILED");
	finish(ok);
}
