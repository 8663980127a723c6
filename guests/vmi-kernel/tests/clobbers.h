/* Rows of the test of clobbers. */
#ifndef CLOBBERS_H
#define CLOBBERS_H

#include "call_registers.h"

#define R_EAX 1u
#define R_EBX 2u
#define R_ECX 4u
#define R_EDX 8u
#define R_ESI 16u
#define R_EDI 32u

enum clobbers { CLOBBERS_STANDARD, CLOBBERS_FLAGS, CLOBBERS_NONE };

struct clobber_row {
	const char *name;
	int call;
	enum clobbers clobbers;
	/** Registers with results, which may change beyond the clobbers. */
	u32 outputs;
	/** The call is made with interrupts off. */
	int interrupts_off;
	/** Arguments, once. @returns 0 if the call cannot be made here */
	int (*setup)(struct call_registers *registers);
	/** Before each of two passes. */
	void (*each)(struct call_registers *registers);
	/** @returns what is wrong, or NULL */
	const char *(*verify)(const struct call_registers *before, const struct call_registers *after);
};

extern const struct clobber_row clobber_rows[];
extern const u32 clobber_row_count;

#endif
