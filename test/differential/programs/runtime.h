/* What the programs have of a C library. They print; what they have printed is compared. */
#ifndef RUNTIME_H
#define RUNTIME_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/** Writes bytes; system.h says where to. */
void output(const char *bytes, size_t count);

/** Known: %d %u %x %c %s %%, with `ll`, widths, and the flags '-' and '0'. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** A generator of numbers that is the same everywhere. */
uint32_t next_random(void);
void seed_random(uint32_t seed);

void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);

/* The programs, one per file. */
void sorting(void);
void big_numbers(void);
void checksums(void);
void strings(void);
void wide_arithmetic(void);
void narrow_arithmetic(void);
void control_flow(void);
void tables(void);
void compression(void);
void machine(void);
void floating(void);
void vectors(void);
void structures(void);
void bit_fields(void);
void unions(void);
void unaligned(void);
void variadic(void);
void variable_frames(void);
void jumps_out(void);
void recursion(void);
void function_pointers(void);
void switches(void);
void computed_goto(void);
void narrowing(void);
void overflows(void);
void bit_counts(void);
void trees(void);
void hash_table(void);
void allocator(void);
void priority_queue(void);
void parsing(void);
void message_digest(void);
void stream_cipher(void);
void number_transform(void);
void matrices(void);

#endif
