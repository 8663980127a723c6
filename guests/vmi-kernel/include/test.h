/* Tests: groups by name, and a line for each check. */
#ifndef TEST_H
#define TEST_H

#include "kernel.h"

struct test_group {
	const char *name;
	void (*run)(void);
};

/** `ok NAME`, or `FAILED NAME: expected …, got …`. @returns 1 if it was well */
int check_equal(const char *name, u32 expected, u32 got);
int check(const char *name, int ok);
/** `skipped NAME: why`: neither well nor bad. */
void skip(const char *name, const char *why);

/**
 * The word `lenient` stands on the command line: the machine, as QEMU, checks neither limits of segments
 * nor reserved bits, and has all MSRs.
 */
int machine_is_lenient(void);

/** Runs what `test=` asks for; all that come back whole without it. @returns 1 if all was well */
int run_tests(void);

/** Runs a user program to its end. @returns its exit code */
int run_program(void (*program)(u32), u32 argument);

/** With `test=hostile`: calls the ROM before VMI_Init. What became of it stays in hostile_early_vector. */
void hostile_before_init(void);
extern u32 hostile_early_vector;
/** Where a user program finds the ROM, if a test puts it there. */
#define USER_ROM 0x70000000u

/** The fixmap could be used before the kernel's directory was announced. */
extern int early_fixmap_works;

void test_probe(void), test_relocations(void), test_patch(void), test_clobbers(void), test_cpu(void);
void test_tables(void), test_interrupts(void), test_raw(void), test_mmu(void), test_fixup(void), test_timer(void);
void test_io(void), test_user(void), test_processes(void), test_idle(void), test_apic(void);
/* These run only when named. */
void test_hostile(void), test_doublefault(void), test_reboot(void), test_shutdown(void);

#endif
