/*
 * What back-ends have in common whose port operations are calls with a number. Such a back-end defines
 * three primitives and has the twelve operations made of them:
 *
 *	uint32_t ABI_single(uint32_t call, int port, uint32_t value)
 *	void ABI_outs(uint32_t call, int port, const void *addr, unsigned long count)
 *	void ABI_ins(uint32_t call, int port, void *addr, unsigned long count)
 */
#ifndef PORT_CALLS_H
#define PORT_CALLS_H

#include "io_count.h"
#include "paravirt.h"

#include <stddef.h>
#include <stdint.h>

#define BUILD_PORT_CALLS_OF(abi, ABI, bwl, BWL, type)						    \
	static void abi##_out##bwl(type value, int port)					    \
	{											    \
		abi##_single(ABI##_CALL_OUT##BWL, port, value);					    \
	}											    \
	static type abi##_in##bwl(int port)							    \
	{											    \
		return abi##_single(ABI##_CALL_IN##BWL, port, 0);				    \
	}											    \
	static void abi##_outs##bwl(int port, const void *addr, unsigned long count)		    \
	{											    \
		abi##_outs(ABI##_CALL_OUTS##BWL, port, addr, count);				    \
	}											    \
	static void abi##_ins##bwl(int port, void *addr, unsigned long count)			    \
	{											    \
		abi##_ins(ABI##_CALL_INS##BWL, port, addr, count);				    \
	}

#define TAKE_OVER_OF(abi, bwl)									    \
	do {											    \
		paravirt_ops.out##bwl = abi##_out##bwl;						    \
		paravirt_ops.in##bwl = abi##_in##bwl;						    \
		paravirt_ops.outs##bwl = abi##_outs##bwl;					    \
		paravirt_ops.ins##bwl = abi##_ins##bwl;						    \
	} while (0)

/** The twelve operations, and abi_take_over(), which puts them into paravirt_ops. */
#define BUILD_PORT_CALLS(abi, ABI)								    \
	BUILD_PORT_CALLS_OF(abi, ABI, b, B, unsigned char)					    \
	BUILD_PORT_CALLS_OF(abi, ABI, w, W, unsigned short)					    \
	BUILD_PORT_CALLS_OF(abi, ABI, l, L, unsigned int)					    \
	static void abi##_take_over(void)							    \
	{											    \
		TAKE_OVER_OF(abi, b);								    \
		TAKE_OVER_OF(abi, w);								    \
		TAKE_OVER_OF(abi, l);								    \
		paravirt_ops.hypercalls = (1u << IO_FORMS) - 1;					    \
	}

/**
 * CPUID leaf of a hypervisor's interface, looked for where Linux does (40000000, and every 100 leaves on);
 * 0 if there is none. @signature: up to twelve characters.
 */
uint32_t hypervisor_leaf(const char *signature);

/**
 * Number of the first port I/O call that the hypervisor offers by an ABI, or 0. No hypervisor but Ringside
 * has such calls, so it is not enough to have found the ABI.
 */
uint32_t first_port_call(const char *abi);

/** An io_delay that is none. */
void no_io_delay(void);

#endif
