/* The virtio console: text goes out a buffer at a time. */
#ifndef VIRTIO_CONSOLE_H
#define VIRTIO_CONSOLE_H

#include "workload.h"

/** Finds the console and starts it. Returns 0 if there is none, or it has failed. */
int virtio_console_open(struct outcome *outcome);

/** Sends @length characters and waits until they are out. */
void virtio_console_write(const char *text, unsigned length, struct outcome *outcome);

void virtio_console_close(void);

#endif
