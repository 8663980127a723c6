/* What the guest knows of its own exits. */
#ifndef EXITS_H
#define EXITS_H

#include <stdint.h>

/**
 * How many port accesses have reached the world outside the guest: all calls, and those of native delays,
 * but not the native strings of no element.
 */
uint32_t port_accesses(void);

#endif
