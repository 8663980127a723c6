#include "virtio.h"

#include "interrupts.h"
#include "io.h"
#include "multiboot.h"
#include "pic.h"
#include "string.h"

/* Offsets of the registers. */
#define GUEST_FEATURES 0x04
#define QUEUE_PFN 0x08
#define QUEUE_SIZE 0x0c
#define QUEUE_SELECT 0x0e
#define QUEUE_NOTIFY 0x10
#define DEVICE_STATUS 0x12
#define ISR_STATUS 0x13

#define STATUS_ACKNOWLEDGE 1
#define STATUS_DRIVER 2
#define STATUS_DRIVER_OK 4

#define DESCRIPTOR_NEXT 1
#define DESCRIPTOR_WRITE 2
#define AVAIL_NO_INTERRUPT 1

#define VENDOR 0x1af4
#define PAGE 4096u
#define SPINS 50000000			/* seconds on any processor */

struct virtq_descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags;
	uint16_t next;
};

struct virtq_avail {
	uint16_t flags;
	uint16_t index;
	uint16_t ring[];
};

struct virtq_used_element {
	uint32_t head;
	uint32_t length;
};

struct virtq_used {
	uint16_t flags;
	uint16_t index;
	struct virtq_used_element ring[];
};

/** The compiler must not move accesses to the rings across this; the processor keeps the order of stores. */
static inline void barrier(void)
{
	asm volatile("" : : : "memory");
}

/** The device whose interrupt is handled: there is one at a time. */
static const struct virtio_device *interrupting;
static volatile int interrupted;

static void interrupt(struct interrupt_frame *frame)
{
	(void)frame;
	if (inb(interrupting->base + ISR_STATUS))
		interrupted = 1;
	pic_end_of_interrupt(interrupting->line);
}

static int by_interrupt(void)
{
	return command_line_has("completion=interrupt");
}

int virtio_attach(struct virtio_device *device, uint16_t device_id)
{
	pci_function function = pci_find(VENDOR, device_id);

	if (function == PCI_NONE)
		return 0;
	uint32_t command = pci_read(function, PCI_COMMAND) & 0xffff;
	pci_write(function, PCI_COMMAND, command | PCI_COMMAND_IO | PCI_COMMAND_BUS_MASTER);
	device->base = pci_read(function, PCI_BAR0) & 0xfffc;
	device->line = pci_read(function, PCI_INTERRUPT_LINE) & 0xf;

	outb(0, device->base + DEVICE_STATUS);
	outb(STATUS_ACKNOWLEDGE, device->base + DEVICE_STATUS);
	outb(STATUS_ACKNOWLEDGE | STATUS_DRIVER, device->base + DEVICE_STATUS);
	outl(0, device->base + GUEST_FEATURES);
	return 1;
}

void virtqueue_init(struct virtqueue *queue, const struct virtio_device *device, uint16_t index,
		    struct virtqueue_memory *memory, struct outcome *outcome)
{
	outw(index, device->base + QUEUE_SELECT);

	unsigned size = inw(device->base + QUEUE_SIZE);
	if (size == 0 || size > VIRTQUEUE_LARGEST) {
		fail(outcome, "virtio queue %u has %u entries", index, size);
		return;
	}
	memset(memory, 0, sizeof(*memory));
	unsigned rings = size * sizeof(struct virtq_descriptor) + 6 + 2 * size;
	queue->device = device;
	queue->index = index;
	queue->size = size;
	queue->made = queue->done = 0;
	queue->descriptors = (void *)memory->bytes;
	queue->avail = (void *)(memory->bytes + size * sizeof(struct virtq_descriptor));
	queue->used = (void *)(memory->bytes + ((rings + PAGE - 1) & ~(PAGE - 1)));
	if (!by_interrupt())
		queue->avail->flags = AVAIL_NO_INTERRUPT;
	outl((uint32_t)memory->bytes / PAGE, device->base + QUEUE_PFN);
}

void virtio_start(const struct virtio_device *device)
{
	if (by_interrupt()) {
		interrupting = device;
		interrupt_set_handler(IRQ_VECTOR + device->line, interrupt);
		pic_unmask(device->line);
	}
	outb(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_DRIVER_OK, device->base + DEVICE_STATUS);
}

/** Watches the used ring. Returns 0 if the device does not answer. */
static int spin(const struct virtqueue *queue)
{
	for (unsigned spins = 0; spins < SPINS; spins++)
		if (queue->used->index != queue->done)
			return 1;
	return 0;
}

/** Sleeps until the device has interrupted. */
static void sleep(void)
{
	for (;;) {
		interrupts_disable();
		if (interrupted)
			break;
		asm volatile("sti; hlt" : : : "memory");	/* STI takes effect after HLT: nothing is missed in between */
	}
}

void virtio_request(struct virtqueue *queue, const struct virtio_buffer *buffers, unsigned count,
		    struct outcome *outcome)
{
	const struct virtio_device *device = queue->device;

	for (unsigned i = 0; i < count; i++) {
		int last = i == count - 1;

		queue->descriptors[i].address = (uint32_t)buffers[i].address;
		queue->descriptors[i].length = buffers[i].length;
		queue->descriptors[i].flags = (buffers[i].device_writes ? DESCRIPTOR_WRITE : 0) |
					      (last ? 0 : DESCRIPTOR_NEXT);
		queue->descriptors[i].next = last ? 0 : i + 1;
	}
	queue->avail->ring[queue->made % queue->size] = 0;
	barrier();
	queue->avail->index = ++queue->made;
	interrupted = 0;
	barrier();
	outw(queue->index, device->base + QUEUE_NOTIFY);

	if (by_interrupt())
		sleep();
	else if (!spin(queue))
		fail(outcome, "virtio queue %u: no answer, status %02x", queue->index,
		     inb(device->base + DEVICE_STATUS));
	queue->done = queue->used->index;
}

void virtio_detach(const struct virtio_device *device)
{
	if (by_interrupt()) {
		pic_mask(device->line);
		interrupt_set_handler(IRQ_VECTOR + device->line, 0);
	}
	outb(0, device->base + DEVICE_STATUS);
}
