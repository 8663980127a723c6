#include "cmdline.h"
#include "kernel.h"
#include "string.h"

static char command_line[256];

void cmdline_save(const char *line)
{
	for (u32 i = 0; i < sizeof(command_line) - 1 && line[i]; i++)
		command_line[i] = line[i];
}

/** Word number @index: its start, and its length. NULL behind the last. */
static const char *word_at(unsigned index, unsigned *length)
{
	const char *at = command_line;

	for (;; index--) {
		while (*at == ' ')
			at++;
		if (!*at)
			return NULL;
		for (*length = 0; at[*length] && at[*length] != ' ';)
			(*length)++;
		if (!index)
			return at;
		at += *length;
	}
}

int cmdline_has(const char *word)
{
	const char *at;
	unsigned length;

	for (unsigned i = 0; (at = word_at(i, &length)); i++)
		if (length == strlen(word) && !memcmp(at, word, length))
			return 1;
	return 0;
}

int cmdline_next(const char *prefix, unsigned *from, char *value, unsigned size)
{
	unsigned length, start = strlen(prefix);
	const char *at;

	while ((at = word_at((*from)++, &length))) {
		if (length < start || memcmp(at, prefix, start))
			continue;
		length -= start;
		if (length >= size)
			length = size - 1;
		memcpy(value, at + start, length);
		value[length] = 0;
		return 1;
	}
	return 0;
}
