/* Choosing and running tests, and the report. */
#include "cmdline.h"
#include "sched.h"
#include "string.h"
#include "test.h"

static const struct test_group groups[] = {
	{ "probe", test_probe },
	{ "relocations", test_relocations },
	{ "patch", test_patch },
	{ "clobbers", test_clobbers },
	{ "cpu", test_cpu },
	{ "tables", test_tables },
	{ "interrupts", test_interrupts },
	{ "raw", test_raw },
	{ "mmu", test_mmu },
	{ "fixup", test_fixup },
	{ "timer", test_timer },
	{ "io", test_io },
	{ "user", test_user },
	{ "processes", test_processes },
	{ "idle", test_idle },
	{ "apic", test_apic },
};

static u32 failures, checks;
static const char *group_name;

int check(const char *name, int ok)
{
	checks++;
	failures += !ok;
	printk("%s %s.%s\n", ok ? "ok" : "FAILED", group_name, name);
	return ok;
}

int check_equal(const char *name, u32 expected, u32 got)
{
	checks++;
	if (expected == got) {
		printk("ok %s.%s\n", group_name, name);
		return 1;
	}
	failures++;
	printk("FAILED %s.%s: expected %x, got %x\n", group_name, name, expected, got);
	return 0;
}

void skip(const char *name, const char *why)
{
	printk("skipped %s.%s: %s\n", group_name, name, why);
}

int machine_is_lenient(void)
{
	return cmdline_has("lenient");
}

int run_program(void (*program)(u32), u32 argument)
{
	int code = -1;
	struct task *task = user_task((u32)program, argument);

	wait_task(task->pid, &code);
	return code;
}

static void run_group(const struct test_group *group)
{
	group_name = group->name;
	group->run();
}

int run_tests(void)
{
	/* They run only when named. */
	static const struct test_group others[] = {
		{ "hostile", test_hostile },
		{ "doublefault", test_doublefault },
		{ "reboot", test_reboot },
		{ "shutdown", test_shutdown },
	};
	char wanted[32];
	unsigned at = 0;
	int chosen = 0;

	while (cmdline_next("test=", &at, wanted, sizeof(wanted))) {
		chosen = 1;
		u32 before = checks;
		for (u32 i = 0; i < ARRAY_SIZE(groups); i++)
			if (!strcmp(groups[i].name, wanted))
				run_group(&groups[i]);
		for (u32 i = 0; i < ARRAY_SIZE(others); i++)
			if (!strcmp(others[i].name, wanted))
				run_group(&others[i]);
		if (checks == before) {
			failures++;
			printk("FAILED: no checks in test=%s\n", wanted);
		}
	}
	if (!chosen)
		for (u32 i = 0; i < ARRAY_SIZE(groups); i++)
			run_group(&groups[i]);
	printk("%u checks, %u failed\n", checks, failures);
	printk("vmi-kernel: %s\n", failures ? "FAILED" : "OK");
	return failures == 0;
}
