/* What a program without a C library needs of Linux on i386: system calls by interrupt 0x80 (arch/x86/entry). */
#ifndef LINUX_H
#define LINUX_H

#define SYS_EXIT 1
#define SYS_READ 3
#define SYS_WRITE 4
#define SYS_MUNMAP 91
#define SYS_SETITIMER 104
#define SYS_MODIFY_LDT 123
#define SYS_MPROTECT 125
#define SYS_RT_SIGRETURN 173
#define SYS_RT_SIGACTION 174
#define SYS_SIGALTSTACK 186
#define SYS_MMAP2 192

/** A system call with up to six arguments; gives what the kernel gives, errors as negative numbers. */
static inline long system_call(long number, long a, long b, long c, long d, long e, long f)
{
	long result;

	/* EBP is the sixth argument and may be the compiler's frame pointer, so it goes by way of the stack. */
	asm volatile("pushl	%%ebp\n\t"
		     "pushl	%7\n\t"
		     "popl	%%ebp\n\t"
		     "int	$0x80\n\t"
		     "popl	%%ebp"
		     : "=a"(result)
		     : "0"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), "m"(f)
		     : "memory", "cc");
	return result;
}

static inline _Noreturn void system_exit(int status)
{
	for (;;)
		system_call(SYS_EXIT, status, 0, 0, 0, 0, 0);
}

#endif
