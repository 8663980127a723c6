/* COM1 by the plain instructions, for guests that are not about it. */
#ifndef SERIAL_H
#define SERIAL_H

/** 115200 baud, 8 data bits, no parity, FIFO on, no interrupts. */
void serial_init(void);

/** printf (as format() in format.h) to COM1. */
void serial_print(const char *text, ...) __attribute__((format(printf, 1, 2)));

/** Ends the run by the debug-exit port, with success or not. Returns where there is no such port. */
void debug_exit(int ok);

#endif
