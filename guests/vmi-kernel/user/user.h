/*
 * What user programs have. Everything in a file that includes this goes into the user image; a string
 * must be written U("…"), as literals would be the kernel's. Include this last.
 */
#ifndef USER_H
#define USER_H

#include "kernel.h"
#include "segment.h"
#include "syscall.h"
#include "traps.h"

#pragma clang section text = ".user.text" rodata = ".user.rodata" data = ".user.data" bss = ".user.bss"

#define U(text) ({ static const char string_[] = text; string_; })

/* lib.S */
/** A system call by int $0x80. */
int user_syscall(u32 number, u32 a, u32 b, u32 c, u32 d);
/** The same by SYSENTER. */
int user_sysenter(u32 number, u32 a, u32 b, u32 c, u32 d);
/**
 * Runs function(argument) with a handler of faults. @returns 0 if there was none, else 1: user_fault
 * tells.
 */
int user_try(void (*function)(u32), u32 argument);
/** Makes a system call with patterns in all registers. @returns 1 if none has changed but EAX */
int user_registers_kept(u32 number, int by_sysenter);
/** Counts down with patterns in all registers and flags. @returns 1 if none has changed */
int user_spin(u32 count);

extern struct caught user_fault;

int user_check(const char *name, u32 expected, u32 got);
/** function(argument) raises the exception with the error code, at the address (page faults only). */
void user_expect_fault(const char *name, void (*function)(u32), u32 argument, u32 vector, u32 error, u32 address);

#endif
