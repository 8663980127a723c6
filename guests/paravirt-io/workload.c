#include "workload.h"

#include "format.h"

static void set(struct outcome *outcome, enum verdict verdict, const char *text, va_list arguments)
{
	if (outcome->verdict != WORKLOAD_OK)
		return;
	outcome->verdict = verdict;
	format_to(outcome->reason, sizeof(outcome->reason), text, arguments);
}

void fail(struct outcome *outcome, const char *text, ...)
{
	va_list arguments;

	va_start(arguments, text);
	set(outcome, WORKLOAD_FAILED, text, arguments);
	va_end(arguments);
}

void skip(struct outcome *outcome, const char *text, ...)
{
	va_list arguments;

	va_start(arguments, text);
	set(outcome, WORKLOAD_SKIPPED, text, arguments);
	va_end(arguments);
}
