#include "backend.h"

#include "format.h"
#include "io_count.h"
#include "multiboot.h"
#include "paravirt.h"
#include "string.h"
#include "uart.h"

#include <stddef.h>

static const struct backend *const backends[] = { &vmi_backend, &kvm_backend, &lguest_backend, &vmware_backend };

#define BACKENDS (sizeof(backends) / sizeof(backends[0]))

static const struct backend *active;
static const char *missing;

static int is_wanted(const char *name)
{
	char word[32];

	format_text(word, sizeof(word), "backend=%s", name);
	return command_line_has(word);
}

void backend_activate(void)
{
	const struct backend *wanted = NULL;

	for (unsigned i = 0; i < BACKENDS; i++)
		if (is_wanted(backends[i]->name))
			wanted = backends[i];
	if (is_wanted("native"))
		return;
	for (unsigned i = 0; i < BACKENDS && !active; i++)
		if ((!wanted || wanted == backends[i]) && backends[i]->activate(wanted != NULL))
			active = backends[i];
	if (wanted && !active)
		missing = wanted->name;
	if (active)
		paravirt_ops.name = active->name;
}

static unsigned count_bits(unsigned bits)
{
	unsigned count = 0;

	for (; bits; bits &= bits - 1)
		count++;
	return count;
}

void backend_print(void)
{
	for (unsigned i = 0; i < BACKENDS; i++)
		if (backends[i]->problem && backends[i]->problem())
			print("%s: found but not used: %s\n", backends[i]->name, backends[i]->problem());
	if (missing)
		print("%s: not found, although the command line asks for it\n", missing);
	print("paravirt backend: %s", paravirt_ops.name);
	if (active)
		active->describe();
	print("\n");
	if (active)
		print("hypercalls: %u of 12 port operations, io_delay %s\n", count_bits(paravirt_ops.hypercalls),
		      paravirt_ops.io_delay == native_io_delay ? "kept" : "empty");
}
