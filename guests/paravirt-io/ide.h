/* The first disk of the first IDE channel, by programmed I/O. */
#ifndef IDE_H
#define IDE_H

#include "disk.h"

extern const struct disk ide_disk;

#endif
