/* A virtio disk (0.9.5, appendix D): one queue; a request is a header, the data, and a status byte. */
#include "virtio_blk.h"

#include "io.h"
#include "virtio.h"

#define TYPE_IN 0
#define TYPE_OUT 1
#define STATUS_OK 0
#define STATUS_UNTOUCHED 0xff

struct header {
	uint32_t type;
	uint32_t priority;
	uint64_t sector;
};

static struct virtio_device device;
static struct virtqueue requests;
static struct virtqueue_memory rings;
static int attached;

static uint32_t open(struct outcome *outcome)
{
	if (!virtio_attach(&device, VIRTIO_BLOCK))
		return 0;
	attached = 1;
	virtqueue_init(&requests, &device, 0, &rings, outcome);
	if (failed(outcome))
		return 0;
	virtio_start(&device);
	/* The high half of the capacity follows; nobody gives this guest a disk of 2 TiB. */
	return inl(device.base + VIRTIO_CONFIG);
}

static void transfer(uint32_t type, uint32_t lba, uint16_t sectors[][SECTOR_WORDS], struct outcome *outcome)
{
	static struct header header;
	static volatile uint8_t status;
	struct virtio_buffer buffers[] = {
		{ &header, sizeof(header), 0 },
		{ sectors, DISK_TRANSFER * SECTOR_WORDS * sizeof(uint16_t), type == TYPE_IN },
		{ (void *)&status, 1, 1 },
	};

	header.type = type;
	header.priority = 0;
	header.sector = lba;
	status = STATUS_UNTOUCHED;
	virtio_request(&requests, buffers, sizeof(buffers) / sizeof(buffers[0]), outcome);
	if (!failed(outcome) && status != STATUS_OK)
		fail(outcome, "virtio disk: status %u for sector %u", status, lba);
}

static void read_sectors(uint32_t lba, uint16_t sectors[][SECTOR_WORDS], struct outcome *outcome)
{
	transfer(TYPE_IN, lba, sectors, outcome);
}

static void write_sectors(uint32_t lba, uint16_t sectors[][SECTOR_WORDS], struct outcome *outcome)
{
	transfer(TYPE_OUT, lba, sectors, outcome);
}

const struct disk virtio_disk = { open, read_sectors, write_sectors };

void virtio_disk_close(void)
{
	if (attached)
		virtio_detach(&device);
	attached = 0;
}
