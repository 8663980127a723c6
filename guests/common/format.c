#include "format.h"
#include "string.h"

#include <stdint.h>

struct conversion {
	int left;
	char fill;
	int width;
};

/** Divides *value by @divisor and returns the remainder. A 386 divides 64 by 32 bits; no library call is needed. */
static uint32_t divide(uint64_t *value, uint32_t divisor)
{
	uint32_t high = *value >> 32, low = *value, remainder = 0;

	asm("divl %2" : "+a"(high), "+d"(remainder) : "rm"(divisor));
	asm("divl %2" : "+a"(low), "+d"(remainder) : "rm"(divisor));
	*value = (uint64_t)high << 32 | low;
	return remainder;
}

static void put_padded(format_sink *sink, void *context, const char *text, const struct conversion *how)
{
	int padding = how->width - (int)strlen(text);

	if (!how->left)
		for (; padding > 0; padding--)
			sink(context, how->fill);
	while (*text)
		sink(context, *text++);
	for (; padding > 0; padding--)
		sink(context, ' ');
}

static void put_number(format_sink *sink, void *context, uint64_t value, uint32_t base, int negative,
		       const struct conversion *how)
{
	char digits[24];
	char *at = digits + sizeof(digits) - 1;

	*at = 0;
	do {
		*--at = "0123456789abcdef"[divide(&value, base)];
	} while (value);
	if (negative)
		*--at = '-';
	put_padded(sink, context, at, how);
}

void format(format_sink *sink, void *context, const char *text, va_list arguments)
{
	for (; *text; text++) {
		if (*text != '%') {
			sink(context, *text);
			continue;
		}
		struct conversion how = { 0, ' ', 0 };
		const char *start = text++;
		for (; *text == '-' || *text == '0'; text++) {
			if (*text == '-')
				how.left = 1;
			else
				how.fill = '0';
		}
		for (; *text >= '0' && *text <= '9'; text++)
			how.width = how.width * 10 + *text - '0';

		int wide = 0;
		for (; *text == 'l'; text++)
			wide++;

		switch (*text) {
		case 'c': {
			char one[2] = { (char)va_arg(arguments, int), 0 };
			put_padded(sink, context, one, &how);
			break;
		}
		case 's':
			put_padded(sink, context, va_arg(arguments, const char *), &how);
			break;
		case 'd': {
			int value = va_arg(arguments, int);
			put_number(sink, context, value < 0 ? -(int64_t)value : value, 10, value < 0, &how);
			break;
		}
		case 'u':
		case 'x': {
			uint64_t value = wide > 1 ? va_arg(arguments, uint64_t) : va_arg(arguments, uint32_t);
			put_number(sink, context, value, *text == 'x' ? 16 : 10, 0, &how);
			break;
		}
		case '%':
			sink(context, '%');
			break;
		default:
			while (start < text)
				sink(context, *start++);
			if (!*text)
				return;
			sink(context, *text);
		}
	}
}

struct string_sink {
	char *at;
	char *last;
};

static void put_in_string(void *context, char c)
{
	struct string_sink *string = context;

	if (string->at < string->last)
		*string->at++ = c;
}

void format_to(char *buffer, size_t size, const char *text, va_list arguments)
{
	struct string_sink string = { buffer, buffer + size - 1 };

	format(put_in_string, &string, text, arguments);
	*string.at = 0;
}

void format_text(char *buffer, size_t size, const char *text, ...)
{
	va_list arguments;

	va_start(arguments, text);
	format_to(buffer, size, text, arguments);
	va_end(arguments);
}
