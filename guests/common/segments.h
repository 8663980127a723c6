/* Selectors of the GDT in boot.S, for C and assembly. */
#ifndef SEGMENTS_H
#define SEGMENTS_H

#define KERNEL_CS 0x08
#define KERNEL_DS 0x10

#endif
