/* System calls: number in EAX, arguments in EBX, ECX, EDX and ESI. */
#ifndef SYSCALL_H
#define SYSCALL_H

#define SYS_exit 1
#define SYS_fork 2
#define SYS_wait 3
#define SYS_getpid 4
#define SYS_yield 5
#define SYS_check 6
#define SYS_signal 7
#define SYS_sigreturn 8
#define SYS_kill 9
#define SYS_iopl 10
#define SYS_ioperm 11
#define SYS_vm86 12
#define SYS_set_thread_area 13
#define SYS_modify_ldt 14
#define SYS_sleep 15
#define SYS_switches 16
#define SYS_unmap 17
#define SYS_features 18
#define SYS_identity 19
#define SYS_port_io 20
#define SYS_disk_read 21
#define SYS_disk_write 22
#define SYSCALLS 23

#endif
