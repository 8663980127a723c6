/*
 * Kernels of system events: traps, calls between levels, interrupts, page faults and switches of address space. Every one
 * sets up what it needs and leaves the processor in ring 0 without paging.
 */
#include "events.h"
#include "kernels.h"

#define PAGE 4096u
#define PRESENT 1u
#define WRITABLE 2u
#define USER 4u
#define ENTRIES 1024u
/* 4 MiB each, mapped to themselves: all of the guest's memory. */
#define IDENTITY_TABLES 8u

uint32_t run_in_ring3(void (*loop)(void), uint32_t rounds);
uint32_t int_loop(uint32_t rounds);
uint32_t flag_loop(uint32_t rounds);
uint32_t segment_loop(uint32_t rounds);
void switch_to(uint32_t *save, uint32_t esp, uint32_t cr3);
void ring_loop(void), gate_loop(void), sysenter_loop(void), touch_loop(void);
void handle_trip(void), handle_leave(void), handle_gate(void), handle_sysenter(void);
void handle_page_fault(void), handle_serial(void), handle_timer(void);
extern uint8_t inner_stack_top[];
extern volatile uint32_t interrupts;

static uint64_t gdt[GDT_ENTRIES], idt[256];
static uint32_t task_state[26];
static uint32_t directories[2][ENTRIES] __attribute__((aligned(PAGE)));
static uint32_t identity[IDENTITY_TABLES][ENTRIES] __attribute__((aligned(PAGE)));
static uint32_t own_tables[2][ENTRIES] __attribute__((aligned(PAGE)));
static uint32_t own_pages[2][OWN_PAGES][ENTRIES] __attribute__((aligned(PAGE)));
static uint32_t frames[LAZY_PAGES][ENTRIES] __attribute__((aligned(PAGE)));
uint32_t lazy_table[ENTRIES] __attribute__((aligned(PAGE)));
uint32_t lazy_frames[LAZY_PAGES];

static inline void out(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void load_table(const char *which, const void *base, uint16_t limit)
{
	struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) pointer = { limit, (uint32_t)base };

	if (*which == 'g')
		__asm__ volatile("lgdt %0" : : "m"(pointer));
	else
		__asm__ volatile("lidt %0" : : "m"(pointer));
}

/* A gate of the IDT or GDT: 0x8e an interrupt gate, 0xee one that ring 3 may use, 0xec a call gate. */
static uint64_t gate(void (*handler)(void), uint8_t attributes)
{
	uint32_t offset = (uint32_t)handler;
	uint32_t high = (offset & 0xffff0000u) | (uint32_t)attributes << 8;

	return (uint64_t)high << 32 | KERNEL_CODE << 16 | (offset & 0xffff);
}

static void prepare(void)
{
	uint32_t at = (uint32_t)task_state;

	gdt[KERNEL_CODE >> 3] = 0x00cf9b000000ffff;
	gdt[KERNEL_DATA >> 3] = 0x00cf93000000ffff;
	gdt[USER_CODE >> 3] = 0x00cffb000000ffff;
	gdt[USER_DATA >> 3] = 0x00cff3000000ffff;
	gdt[TASK_STATE >> 3] = (uint64_t)((at & 0xff000000u) | 0x8900u | (at >> 16 & 0xff)) << 32 | at << 16 | 103;
	gdt[CALL_GATE >> 3] = gate(handle_gate, 0xec);
	idt[VECTOR_PAGE_FAULT] = gate(handle_page_fault, 0x8e);
	idt[VECTOR_TIMER] = gate(handle_timer, 0x8e);
	idt[VECTOR_SERIAL] = gate(handle_serial, 0x8e);
	idt[VECTOR_TRIP] = gate(handle_trip, 0xee);
	idt[VECTOR_LEAVE] = gate(handle_leave, 0xee);
	task_state[1] = (uint32_t)inner_stack_top;
	task_state[2] = KERNEL_DATA;
	task_state[25] = 104u << 16;
	out(0x21, 0xff);
	out(0xa1, 0xff);
	load_table("gdt", gdt, sizeof(gdt) - 1);
	load_table("idt", idt, sizeof(idt) - 1);
	__asm__ volatile("ltr %w0" : : "r"(TASK_STATE));
}

static void set_paging(uint32_t *directory)
{
	uint32_t cr0;

	if (directory)
		__asm__ volatile("movl %0, %%cr3" : : "r"(directory) : "memory");
	__asm__ volatile("movl %%cr0, %0" : "=r"(cr0));
	cr0 = directory ? cr0 | 0x80000000u : cr0 & ~0x80000000u;
	__asm__ volatile("movl %0, %%cr0; jmp 1f; 1:" : : "r"(cr0) : "memory");
}

/* Two address spaces: memory as it is, the lazy pages, and pages that each has of its own. */
static void prepare_pages(void)
{
	uint32_t i, space;

	for (i = 0; i < IDENTITY_TABLES * ENTRIES; i++)
		identity[0][i] = i * PAGE | USER | WRITABLE | PRESENT;
	for (i = 0; i < LAZY_PAGES; i++) {
		lazy_frames[i] = (uint32_t)frames[i];
		frames[i][0] = i + 1;
	}
	for (space = 0; space < 2; space++) {
		for (i = 0; i < OWN_PAGES; i++) {
			own_tables[space][i] = (uint32_t)own_pages[space][i] | WRITABLE | PRESENT;
			own_pages[space][i][0] = space * 100 + i;
		}
		for (i = 0; i < IDENTITY_TABLES; i++)
			directories[space][i] = (uint32_t)identity[i] | USER | WRITABLE | PRESENT;
		directories[space][LAZY_BASE >> 22] = (uint32_t)lazy_table | USER | WRITABLE | PRESENT;
		directories[space][OWN_BASE >> 22] = (uint32_t)own_tables[space] | WRITABLE | PRESENT;
	}
}

uint32_t run_int_trip(uint32_t rounds)
{
	prepare();
	return int_loop(rounds);
}

uint32_t run_ring_trip(uint32_t rounds)
{
	prepare();
	return run_in_ring3(ring_loop, rounds);
}

uint32_t run_gate_trip(uint32_t rounds)
{
	prepare();
	return run_in_ring3(gate_loop, rounds);
}

static void write_msr(uint32_t number, uint32_t value)
{
	__asm__ volatile("wrmsr" : : "c"(number), "a"(value), "d"(0));
}

uint32_t run_sysenter_trip(uint32_t rounds)
{
	prepare();
	write_msr(0x174, KERNEL_CODE);
	write_msr(0x175, (uint32_t)inner_stack_top);
	write_msr(0x176, (uint32_t)handle_sysenter);
	return run_in_ring3(sysenter_loop, rounds);
}

/* Ring 3 touches pages that are not there. */
uint32_t run_fault_storm(uint32_t rounds)
{
	uint32_t sum;

	prepare();
	prepare_pages();
	set_paging(directories[0]);
	sum = run_in_ring3(touch_loop, rounds);
	set_paging(0);
	return sum;
}

static uint32_t task_esp[2];
static uint32_t task_sums[2];
static uint32_t second_stack[ENTRIES];

/* The work of a task between two switches: every page that is its own. */
static void use_own_pages(uint32_t task)
{
	uint32_t i;

	for (i = 0; i < OWN_PAGES; i++) {
		volatile uint32_t *word = (volatile uint32_t *)(OWN_BASE + i * PAGE);

		*word += i;
		task_sums[task] += *word;
	}
}

static void second_task(void)
{
	for (;;) {
		use_own_pages(1);
		switch_to(&task_esp[1], task_esp[0], (uint32_t)directories[0]);
	}
}

uint32_t run_switch_storm(uint32_t rounds)
{
	uint32_t *top = second_stack + ENTRIES, i;

	prepare();
	prepare_pages();
	*--top = (uint32_t)second_task;
	*--top = 2;
	for (i = 0; i < 4; i++)
		*--top = 0;
	for (i = 0; i < 4; i++)
		*--top = KERNEL_DATA;
	task_esp[1] = (uint32_t)top;
	set_paging(directories[0]);
	while (rounds--) {
		use_own_pages(0);
		switch_to(&task_esp[0], task_esp[1], (uint32_t)directories[1]);
	}
	set_paging(0);
	return task_sums[0] * 31 + task_sums[1];
}

uint32_t run_flag_storm(uint32_t rounds)
{
	prepare();
	return flag_loop(rounds);
}

uint32_t run_segment_storm(uint32_t rounds)
{
	prepare();
	return segment_loop(rounds);
}

/* The first controller alone, at vector 0x20, with one line open. */
static void open_line(uint8_t line)
{
	out(0x20, 0x11);
	out(0x21, VECTOR_TIMER);
	out(0x21, 4);
	out(0x21, 1);
	out(0x21, ~(1 << line));
	interrupts = 0;
}

/* A serial port that is told of its empty transmitter whenever it asks. */
uint32_t run_irq_storm(uint32_t rounds)
{
	uint32_t i;

	prepare();
	open_line(4);
	out(COM1 + 4, 8);
	for (i = 0; i < rounds; i++) {
		out(COM1 + 1, 2);
		__asm__ volatile("sti; nop; cli");
		out(COM1 + 1, 0);
	}
	out(COM1 + 4, 0);
	return interrupts;
}

/* The processor sleeps from tick to tick, 50,000 a second. */
uint32_t run_timer_storm(uint32_t rounds)
{
	prepare();
	open_line(0);
	out(0x43, 0x34);
	out(0x40, 24);
	out(0x40, 0);
	while (interrupts < rounds)
		__asm__ volatile("sti; hlt; cli");
	out(0x43, 0x30);
	return rounds;
}
