/*
 * The legacy PCI transport of virtio (Virtio PCI Card Specification 0.9.5): registers in an I/O range,
 * rings in memory. A request costs one port access, its notification; everything else is memory.
 */
#ifndef VIRTIO_H
#define VIRTIO_H

#include "pci.h"
#include "workload.h"

#include <stdint.h>

#define VIRTIO_BLOCK 0x1001		/* PCI device ids */
#define VIRTIO_CONSOLE 0x1003

#define VIRTIO_CONFIG 0x14		/* offset of the registers of the kind of device */

#define VIRTQUEUE_LARGEST 256		/* entries that there is room for */

struct virtio_device {
	/** First port. */
	uint16_t base;
	/** Interrupt line, 0-15. */
	uint8_t line;
};

struct virtqueue {
	const struct virtio_device *device;
	uint16_t index;
	/** Entries; 0: not set up. */
	uint16_t size;
	/** Requests made, and those seen to be done. */
	uint16_t made;
	uint16_t done;
	volatile struct virtq_descriptor *descriptors;
	volatile struct virtq_avail *avail;
	volatile struct virtq_used *used;
};

/** A part of a request. The device writes it if @device_writes, else it reads it. */
struct virtio_buffer {
	void *address;
	uint32_t length;
	int device_writes;
};

/** Room for the rings of one queue of VIRTQUEUE_LARGEST entries. */
struct virtqueue_memory {
	unsigned char bytes[3 * 4096];
} __attribute__((aligned(4096)));

/**
 * Finds a device, resets it and tells it that there is a driver that takes none of its features.
 * Returns 0 if there is none.
 */
int virtio_attach(struct virtio_device *device, uint16_t device_id);

/** Sets up queue @index. Fails if there is no such queue. */
void virtqueue_init(struct virtqueue *queue, const struct virtio_device *device, uint16_t index,
		    struct virtqueue_memory *memory, struct outcome *outcome);

/** All queues are set up: the device may begin. */
void virtio_start(const struct virtio_device *device);

/**
 * Makes a request of @count buffers and waits until it is done. One request is under way at a time.
 * Waiting is done in memory, or, if the command line has `completion=interrupt`, asleep.
 */
void virtio_request(struct virtqueue *queue, const struct virtio_buffer *buffers, unsigned count,
		    struct outcome *outcome);

/** Lets go of the device: it is reset. */
void virtio_detach(const struct virtio_device *device);

#endif
