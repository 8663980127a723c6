/* A virtio console (0.9.5, appendix E). Only its transmit queue is used; nothing is received. */
#include "virtio_console.h"

#include "virtio.h"

#define TRANSMIT_QUEUE 1

static struct virtio_device device;
static struct virtqueue transmit;
static struct virtqueue_memory rings;

int virtio_console_open(struct outcome *outcome)
{
	if (!virtio_attach(&device, VIRTIO_CONSOLE))
		return 0;
	virtqueue_init(&transmit, &device, TRANSMIT_QUEUE, &rings, outcome);
	if (failed(outcome))
		return 0;
	virtio_start(&device);
	return 1;
}

void virtio_console_write(const char *text, unsigned length, struct outcome *outcome)
{
	struct virtio_buffer buffer = { (void *)text, length, 0 };

	virtio_request(&transmit, &buffer, 1, outcome);
}

void virtio_console_close(void)
{
	virtio_detach(&device);
}
