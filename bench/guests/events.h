/* What the kernels of events.c and their assembly share: segments, vectors, and where things are mapped. */
#ifndef EVENTS_H
#define EVENTS_H

/* SYSENTER and SYSEXIT want these four in this order. */
#define KERNEL_CODE 0x08
#define KERNEL_DATA 0x10
#define USER_CODE 0x1b
#define USER_DATA 0x23
#define TASK_STATE 0x28
#define CALL_GATE 0x33
#define GDT_ENTRIES 7

#define VECTOR_PAGE_FAULT 14
#define VECTOR_TIMER 0x20
#define VECTOR_SERIAL 0x24
#define VECTOR_TRIP 0x80		/* counts in EAX */
#define VECTOR_LEAVE 0x81		/* back out of run_in_ring3 */

/* Pages that are mapped when they are touched. */
#define LAZY_BASE 0x40000000
#define LAZY_PAGES 64
/* Pages that each address space has of its own. */
#define OWN_BASE 0x40400000
#define OWN_PAGES 16

#define COM1 0x3f8

#endif
