#include "multiboot.h"
#include "string.h"

static char command_line[256];

void multiboot_save(uint32_t magic, const struct multiboot_info *info)
{
	if (magic != MULTIBOOT_LOADER_MAGIC || !(info->flags & MULTIBOOT_INFO_CMDLINE))
		return;
	const char *from = (const char *)info->cmdline;
	for (unsigned i = 0; i < sizeof(command_line) - 1 && from[i]; i++)
		command_line[i] = from[i];
}

int command_line_has(const char *word)
{
	unsigned length = strlen(word);
	const char *at = command_line;

	while (*at) {
		const char *end = at;
		while (*end && *end != ' ')
			end++;
		if ((unsigned)(end - at) == length && !memcmp(at, word, length))
			return 1;
		at = *end ? end + 1 : end;
	}
	return 0;
}
