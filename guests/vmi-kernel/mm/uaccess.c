/* Access to user memory. A fault that cannot be mended ends the copy by the exception table. */
#include "mm.h"
#include "traps.h"

static u32 copy(void *to, const void *from, u32 size)
{
	asm volatile("1: rep movsb\n"
		     "2:\n\t"
		     EX_TABLE("1b", "2b")
		     : "+D"(to), "+S"(from), "+c"(size)
		     :
		     : "memory");
	return size;
}

/** access_ok(): the range lies in the user's half. */
static int in_user_half(u32 start, u32 size)
{
	return start < TASK_SIZE && size <= TASK_SIZE - start;
}

u32 copy_from_user(void *to, u32 from, u32 size)
{
	return in_user_half(from, size) ? copy(to, (const void *)from, size) : size;
}

u32 copy_to_user(u32 to, const void *from, u32 size)
{
	return in_user_half(to, size) ? copy((void *)to, from, size) : size;
}

int string_from_user(char *to, u32 from, u32 size)
{
	for (u32 i = 0; i < size; i++) {
		if (copy_from_user(to + i, from + i, 1))
			return 0;
		if (!to[i])
			return 1;
	}
	to[size - 1] = 0;
	return 1;
}
