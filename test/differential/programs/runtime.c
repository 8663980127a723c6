#include "runtime.h"

static uint32_t state = 1;

void seed_random(uint32_t seed)
{
	state = seed;
}

uint32_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

void *memcpy(void *to, const void *from, size_t bytes)
{
	char *d = to;
	const char *s = from;

	while (bytes--)
		*d++ = *s++;
	return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	char *d = to;
	const char *s = from;

	if (d <= s)
		return memcpy(to, from, bytes);
	while (bytes--)
		d[bytes] = s[bytes];
	return to;
}

void *memset(void *to, int value, size_t bytes)
{
	char *d = to;

	while (bytes--)
		*d++ = value;
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const uint8_t *x = a, *y = b;

	for (; bytes; bytes--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

static void pad(char c, int count)
{
	while (count-- > 0)
		output(&c, 1);
}

static void print_padded(const char *text, int width, int left, char fill)
{
	int missing = width - (int)strlen(text);

	if (!left && fill == '0' && *text == '-') {
		output(text++, 1);
	}
	if (!left)
		pad(fill, missing);
	output(text, strlen(text));
	if (left)
		pad(' ', missing);
}

static char *digits(char *end, uint64_t value, unsigned base)
{
	*--end = 0;
	do {
		*--end = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	return end;
}

void print(const char *format, ...)
{
	va_list arguments;
	char buffer[32];

	va_start(arguments, format);
	for (; *format; format++) {
		int left = 0, width = 0, wide = 0;
		char fill = ' ', *text;
		int64_t value;

		if (*format != '%') {
			output(format, 1);
			continue;
		}
		for (format++; *format == '-' || *format == '0'; format++) {
			if (*format == '-')
				left = 1;
			else
				fill = '0';
		}
		while (*format >= '0' && *format <= '9')
			width = width * 10 + *format++ - '0';
		while (*format == 'l') {
			wide++;
			format++;
		}
		switch (*format) {
		case 'd':
			value = wide == 2 ? va_arg(arguments, int64_t) : va_arg(arguments, int);
			text = digits(buffer + sizeof(buffer), value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
			if (value < 0)
				*--text = '-';
			print_padded(text, width, left, fill);
			break;
		case 'u':
		case 'x':
			value = wide == 2 ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned);
			text = digits(buffer + sizeof(buffer), value, *format == 'x' ? 16 : 10);
			print_padded(text, width, left, fill);
			break;
		case 'c':
			buffer[0] = va_arg(arguments, int);
			output(buffer, 1);
			break;
		case 's':
			print_padded(va_arg(arguments, const char *), width, left, ' ');
			break;
		default:
			output(format, 1);
		}
	}
	va_end(arguments);
}
