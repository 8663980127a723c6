/* The first virtio disk. */
#ifndef VIRTIO_BLK_H
#define VIRTIO_BLK_H

#include "disk.h"

extern const struct disk virtio_disk;

/** Resets the disk when it is no longer wanted. */
void virtio_disk_close(void);

#endif
