/* What every file of the kernel uses. */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/** Start of the kernel's half of every address space, where low memory is mapped linearly. */
#define PAGE_OFFSET 0xc0000000u
#define PAGE_SHIFT 12
#define PAGE_SIZE 4096u
#define PAGE_MASK (~(PAGE_SIZE - 1))

#define __pa(address) ((u32)(address) - PAGE_OFFSET)
#define __va(physical) ((void *)((u32)(physical) + PAGE_OFFSET))
#define pfn_of(address) (__pa(address) >> PAGE_SHIFT)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define page_aligned __attribute__((aligned(4096)))
#define printf_like(text, first) __attribute__((format(printf, text, first)))

/** printf to the console. */
void printk(const char *text, ...) printf_like(1, 2);

/** Prints and ends the run as failed. */
_Noreturn void panic(const char *text, ...) printf_like(1, 2);

/** Ends the run by the debug-exit port; halts for good where there is none. */
_Noreturn void power_off(int ok);

#define BUG_ON(condition)									    \
	do {											    \
		if (condition)									    \
			panic("BUG: " #condition " (%s:%d)", __FILE__, __LINE__);		    \
	} while (0)

#endif
