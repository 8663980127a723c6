/* COM1, a 16550, polled: the console. */
#ifndef UART_H
#define UART_H

/** 115200 baud, 8 data bits, no parity, FIFO on, no interrupts. */
void uart_init(void);

/** Waits until the transmitter takes a character, and gives it. A newline goes out as CR LF. */
void uart_putc(char c);

/** printf to the console. */
void print(const char *text, ...) __attribute__((format(printf, 1, 2)));

/** Waits until everything written has left the UART. */
void uart_drain(void);

/**
 * Writes up to UART_FIFO_SIZE characters to the drained UART, without asking it anything: the number of
 * operations is known beforehand, one for each.
 */
void uart_write_fifo(const char *text);

#define UART_FIFO_SIZE 16

#endif
