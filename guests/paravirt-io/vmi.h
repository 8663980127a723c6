/* The VMI back-end: port operations by hypercall, where the hypervisor offers its ROM. */
#ifndef PARAVIRT_VMI_H
#define PARAVIRT_VMI_H

/** What became of the ROM. */
struct vmi_status {
	/** A ROM was found and initialized. */
	int active;
	/** The command line says vmi=disable_io_ops: the port operations stay native. */
	int io_ops_disabled;
	/** Names from the ROM's PnP header, and the API version. */
	const char *manufacturer;
	const char *product;
	unsigned api_major, api_minor;
	/** Port operations that the ROM took over, bit n for enum io_form n, and whether it wants no io_delay. */
	unsigned io_forms;
	int no_io_delay;
	/** Why a ROM that was found is not in use, or NULL. */
	const char *problem;
};

extern struct vmi_status vmi;

/** Looks for the ROM, initializes it and fills paravirt_ops. Interrupts must be off. */
void vmi_activate(void);

#endif
