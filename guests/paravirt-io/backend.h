/* The back-ends: who may take the port operations over, and which one did. */
#ifndef BACKEND_H
#define BACKEND_H

struct backend {
	const char *name;
	/**
	 * Looks for the hypervisor and fills paravirt_ops. Returns 0 and changes nothing where it is not.
	 * @wanted: the command line names this back-end, so that it may try without being sure.
	 */
	int (*activate)(int wanted);
	/** Says on the console what was found, for people. */
	void (*describe)(void);
	/** Why what was found is not in use, or NULL; may be left out. */
	const char *(*problem)(void);
};

extern const struct backend vmi_backend, kvm_backend, lguest_backend, vmware_backend;

/**
 * Chooses the back-end: the one that the command line names (backend=vmi, kvm, lguest, vmware, native), or
 * the first one that finds its hypervisor. Interrupts must be off.
 */
void backend_activate(void);

/** Prints which back-end is in use. */
void backend_print(void);

#endif
