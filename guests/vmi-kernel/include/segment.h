/* Selectors: those of Linux 2.6.22-2.6.32 on i386 (include/asm-i386/segment.h), for C and assembly. */
#ifndef SEGMENT_H
#define SEGMENT_H

#define GDT_ENTRIES 32
#define GDT_ENTRY_TLS_MIN 6
#define GDT_ENTRY_TLS_ENTRIES 3
#define GDT_ENTRY_TSS 16
#define GDT_ENTRY_LDT 17
#define GDT_ENTRY_PERCPU 27
#define GDT_ENTRY_DOUBLEFAULT_TSS 31

#define BOOT_CS 0x10
#define BOOT_DS 0x18
#define KERNEL_CS 0x60
#define KERNEL_DS 0x68
#define USER_CS 0x73
#define USER_DS 0x7b
#define KERNEL_PERCPU (GDT_ENTRY_PERCPU * 8)

#define IDT_ENTRIES 256
#define SYSCALL_VECTOR 0x80
#define FIRST_IRQ_VECTOR 0x20
/* Where Linux 2.6.22 puts the VMI timer's interrupt of the local APIC (FIRST_DEVICE_VECTOR). */
#define APIC_TIMER_VECTOR 0x31
#define SPURIOUS_VECTOR 0xff

#define EFLAGS_CF 0x00000001
#define EFLAGS_TF 0x00000100
#define EFLAGS_IF 0x00000200
#define EFLAGS_DF 0x00000400
#define EFLAGS_IOPL 0x00003000
#define EFLAGS_NT 0x00004000
#define EFLAGS_VM 0x00020000
#define EFLAGS_ARITHMETIC 0x000008d5

#define CR0_PE 0x00000001
#define CR0_TS 0x00000008
/* What Linux runs with: VMI_Init finds it so. */
#define CR0_KERNEL 0x80050033

#define CR4_PSE 0x010
#define CR4_PAE 0x020
#define CR4_PGE 0x080

#endif
