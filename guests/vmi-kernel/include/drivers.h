/* Native-style drivers over the port operations. */
#ifndef DRIVERS_H
#define DRIVERS_H

#include "kernel.h"

/* uart.c: COM1 as the console. */
void uart_init(void);
void uart_write(const char *text);
/** From now on the transmitter's interrupt empties a ring; panic and the end of the run poll. */
void uart_use_interrupts(void);
void uart_poll_only(void);
extern u32 uart_interrupts, uart_bytes_by_interrupt;

/* rtc.c */
struct rtc_time {
	u8 second, minute, hour, day, month, year;
};
/** One consistent reading. @returns 0 if the clock does not answer */
int rtc_read(struct rtc_time *time);

/* ide.c: the first disk, by programmed I/O and interrupts. */
#define SECTOR_BYTES 512
int ide_init(void);
int ide_read(u32 sector, void *buffer, u32 count);
int ide_write(u32 sector, const void *buffer, u32 count);
extern u32 ide_interrupts;

#endif
