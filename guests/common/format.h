/* A small printf core: no buffer, no floating point, one character at a time to whoever wants it. */
#ifndef FORMAT_H
#define FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/** Takes one character of the output; @context is the caller's. */
typedef void format_sink(void *context, char c);

/**
 * Formats as printf does. Known: %c %s %d %u %x %llu %%, a width, and the flags '-' (left) and '0'.
 * An unknown conversion is written as it stands.
 */
void format(format_sink *sink, void *context, const char *text, va_list arguments);

/** As snprintf: cut to fit @size, always terminated. */
void format_to(char *buffer, size_t size, const char *text, va_list arguments);
void format_text(char *buffer, size_t size, const char *text, ...) __attribute__((format(printf, 3, 4)));

#endif
