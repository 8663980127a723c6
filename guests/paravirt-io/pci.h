/* PCI configuration mechanism 1, bus 0 (PCI Local Bus Specification 3.0, 3.2.2.3.2). */
#ifndef PCI_H
#define PCI_H

#include <stdint.h>

#define PCI_COMMAND 0x04
#define PCI_BAR0 0x10
#define PCI_SUBSYSTEM 0x2e
#define PCI_INTERRUPT_LINE 0x3c

#define PCI_COMMAND_IO 0x1
#define PCI_COMMAND_BUS_MASTER 0x4

/** A function on bus 0: (slot << 3 | function) << 8, as the address register wants it. */
typedef uint32_t pci_function;

#define PCI_NONE 0xffffffffu

/** The first function with these ids, or PCI_NONE. */
pci_function pci_find(uint16_t vendor, uint16_t device);

/** The 32-bit register that holds offset @at. */
uint32_t pci_read(pci_function function, unsigned at);
void pci_write(pci_function function, unsigned at, uint32_t value);

#endif
