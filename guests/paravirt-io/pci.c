#include "pci.h"

#include "io.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define ENABLE 0x80000000u

#define SLOTS 32
#define FUNCTIONS 8
#define HEADER_TYPE 0x0c		/* the register; the byte is the third */
#define MULTIFUNCTION 0x00800000u

uint32_t pci_read(pci_function function, unsigned at)
{
	outl(ENABLE | function | (at & 0xfc), CONFIG_ADDRESS);
	return inl(CONFIG_DATA);
}

void pci_write(pci_function function, unsigned at, uint32_t value)
{
	outl(ENABLE | function | (at & 0xfc), CONFIG_ADDRESS);
	outl(value, CONFIG_DATA);
}

pci_function pci_find(uint16_t vendor, uint16_t device)
{
	uint32_t wanted = vendor | (uint32_t)device << 16;

	for (unsigned slot = 0; slot < SLOTS; slot++) {
		unsigned functions = 1;

		for (unsigned index = 0; index < functions; index++) {
			pci_function function = (slot << 3 | index) << 8;
			uint32_t ids = pci_read(function, 0);

			if (ids == wanted)
				return function;
			if (index == 0 && ids != 0xffffffff && pci_read(function, HEADER_TYPE) & MULTIFUNCTION)
				functions = FUNCTIONS;
		}
	}
	return PCI_NONE;
}
