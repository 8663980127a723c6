/*
 * The operations that a hypervisor may take over: the part of Linux's struct paravirt_ops that the
 * patch "Add I/O hypercalls for i386 paravirt" (Zachary Amsden, 2007-08-22) adds, in its order.
 * Drivers do not call them; they use the accessors of io.h.
 */
#ifndef PARAVIRT_H
#define PARAVIRT_H

struct paravirt_ops {
	/** Which back-end filled the table, for people. */
	const char *name;

	/** Operations that are calls of the hypervisor rather than instructions: bit n for enum io_form n. */
	unsigned hypercalls;

	/** A short wait between two operations, for old and slow devices. */
	void (*io_delay)(void);

	void (*outb)(unsigned char value, int port);
	void (*outw)(unsigned short value, int port);
	void (*outl)(unsigned int value, int port);

	unsigned char (*inb)(int port);
	unsigned short (*inw)(int port);
	unsigned int (*inl)(int port);

	void (*outsb)(int port, const void *addr, unsigned long count);
	void (*outsw)(int port, const void *addr, unsigned long count);
	void (*outsl)(int port, const void *addr, unsigned long count);

	void (*insb)(int port, void *addr, unsigned long count);
	void (*insw)(int port, void *addr, unsigned long count);
	void (*insl)(int port, void *addr, unsigned long count);
};

/** Native until a back-end replaces members. */
extern struct paravirt_ops paravirt_ops;

/** The native delay: a write to port 0x80, which nobody minds and the ISA bus answers slowly. */
void native_io_delay(void);

#endif
