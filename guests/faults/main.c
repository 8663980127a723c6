/*
 * Exceptions, one after the other: each is raised on purpose, and its handler checks the vector, the
 * error code, the address of the instruction and, of a page fault, CR2.
 *
 * With the word "triple" on the command line the guest ends in a triple fault at once.
 */
#include "format.h"
#include "gdt.h"
#include "interrupts.h"
#include "multiboot.h"
#include "paging.h"
#include "segments.h"
#include "serial.h"

/* Error code of #PF (Intel SDM vol. 3, figure 4-12) and of faults that name a selector (figure 6-7). */
#define PF_WRITE 0x2
#define ERROR_IDT 0x2

#define NO_CR2 0

void triple_fault(void);

struct fault {
	const char *what;
	unsigned vector;
	uint32_t error_code;
	/** Expected in CR2, or NO_CR2. */
	uint32_t address;
	void (*trigger)(void);
	/** Expected EIP, and where to go on. */
	const char *at, *resume;
};

#define DECLARE(name)                                                                               \
	void name(void);                                                                            \
	extern const char name##_at[], name##_resume[]

DECLARE(divide_by_zero);
DECLARE(breakpoint);
DECLARE(overflow);
DECLARE(out_of_bounds);
DECLARE(undefined_opcode);
DECLARE(segment_not_present);
DECLARE(stack_not_present);
DECLARE(write_to_code);
DECLARE(beyond_limit);
DECLARE(beyond_gdt);
DECLARE(beyond_idt);
DECLARE(read_absent_page);
DECLARE(write_absent_page);
DECLARE(straddle_pages);

#define TRIGGER(name) name, name##_at, name##_resume

static const struct fault faults[] = {
	{ "divide by zero", 0, 0, NO_CR2, TRIGGER(divide_by_zero) },
	{ "INT3", 3, 0, NO_CR2, TRIGGER(breakpoint) },
	{ "INTO", 4, 0, NO_CR2, TRIGGER(overflow) },
	{ "BOUND", 5, 0, NO_CR2, TRIGGER(out_of_bounds) },
	{ "UD2", 6, 0, NO_CR2, TRIGGER(undefined_opcode) },
	{ "load an absent segment", 11, ABSENT_DS, NO_CR2, TRIGGER(segment_not_present) },
	{ "load an absent stack segment", 12, ABSENT_DS, NO_CR2, TRIGGER(stack_not_present) },
	{ "write to a code segment", 13, 0, NO_CR2, TRIGGER(write_to_code) },
	{ "read beyond a segment's limit", 13, 0, NO_CR2, TRIGGER(beyond_limit) },
	{ "load a selector beyond the GDT", 13, BEYOND_GDT, NO_CR2, TRIGGER(beyond_gdt) },
	{ "INT beyond the IDT", 13, BEYOND_IDT << 3 | ERROR_IDT, NO_CR2, TRIGGER(beyond_idt) },
	{ "read an absent page", 14, 0, ABSENT_PAGE, TRIGGER(read_absent_page) },
	{ "write an absent page", 14, PF_WRITE, ABSENT_PAGE, TRIGGER(write_absent_page) },
	{ "read across into an absent page", 14, 0, ABSENT_PAGE, TRIGGER(straddle_pages) },
};

#define FAULTS (sizeof(faults) / sizeof(faults[0]))

/** What the handler saw of the fault that is being raised. */
static struct {
	const struct fault *expected;
	unsigned count;
	unsigned vector;
	uint32_t error_code, eip, cr2;
} seen;

static void handle_fault(struct interrupt_frame *frame)
{
	if (!seen.expected)
		unexpected_interrupt(frame);
	seen.count++;
	seen.vector = frame->vector;
	seen.error_code = frame->error_code;
	seen.eip = frame->eip;
	asm volatile("mov %%cr2, %0" : "=r"(seen.cr2));
	frame->eip = (uint32_t)seen.expected->resume;
}

static int raise(const struct fault *fault)
{
	seen.expected = fault;
	seen.count = 0;
	fault->trigger();
	seen.expected = 0;

	int ok = seen.count == 1 && seen.vector == fault->vector && seen.error_code == fault->error_code &&
		 seen.eip == (uint32_t)fault->at && (fault->address == NO_CR2 || seen.cr2 == fault->address);

	serial_print("%-4s %-34s error code %04x", exception_name(fault->vector), fault->what, seen.error_code);
	if (fault->address != NO_CR2)
		serial_print(", CR2 %08x", seen.cr2);
	serial_print("  %s\n", ok ? "OK" : "FAILED");
	if (!ok)
		serial_print("     %u times, vector %u at %08x; expected at %08x with error code %04x\n", seen.count,
			     seen.vector, seen.eip, (uint32_t)fault->at, fault->error_code);
	return ok;
}

/** The GDT of boot.S, and two segments to go wrong with. */
static void load_gdt(void)
{
	static uint64_t gdt[] = {
		[KERNEL_CS >> 3] = 0x00cf9a000000ffff,
		[KERNEL_DS >> 3] = 0x00cf92000000ffff,
		[ABSENT_DS >> 3] = 0x00cf12000000ffff,
		[SHORT_DS >> 3] = 0x0040920000000000 | SHORT_LIMIT,
	};
	struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) pointer = { sizeof(gdt) - 1, (uint32_t)gdt };

	asm volatile("lgdt %0" : : "m"(pointer), "m"(gdt));
}

_Noreturn void unexpected_interrupt(const struct interrupt_frame *frame)
{
	serial_print("faults: FAILED: unexpected %s (vector %u), error code %x, at %08x\n",
		     exception_name(frame->vector), frame->vector, frame->error_code, frame->eip);
	debug_exit(0);
	for (;;)
		asm volatile("cli; hlt");
}

void main(uint32_t magic, const struct multiboot_info *info)
{
	static unsigned char present[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
	int ok = 1;

	multiboot_save(magic, info);
	serial_init();
	if (command_line_has("triple")) {
		serial_print("Ringside faults: a triple fault\n");
		triple_fault();
	}

	paging_init();
	paging_map(0, present, PAGE_PRESENT | PAGE_WRITABLE);
	interrupts_init();
	load_gdt();
	for (unsigned vector = 0; vector < EXCEPTIONS; vector++)
		interrupt_set_handler(vector, handle_fault);

	serial_print("Ringside faults: exceptions, one after the other\n");
	for (unsigned i = 0; i < FAULTS; i++)
		ok &= raise(&faults[i]);
	serial_print("faults: %s\n", ok ? "OK" : "FAILED");
	debug_exit(ok);
}
