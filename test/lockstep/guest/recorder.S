/*
 * The recorder: a ROM that runs generated cases at full speed and writes down the processor's state after every
 * instruction. A case is a task of its own, stepped by TF. #DB, #UD and #DF lead through task gates to tasks of the
 * recorder, so that nothing of the recorder is seen by the case: the processor itself saves the case's registers in
 * its TSS. All other vectors belong to the case.
 */
#include "layout.h"

	.text
rom_start:
	.code32

/* Entered from the reset code with flat segments, interrupts off. */
	.globl	start
start:
	movb	$0xff, %al		/* no interrupt of the PC's timer may come in between */
	outb	%al, $0x21
	outb	%al, $0xa1
	movl	$STACKS + STACK_BYTES, %esp
	cmpl	$0, BATCH_COUNT
	jne	1f
	call	read_disk
1:	call	build_tasks
	call	build_page_tables
	movl	$PAGE_DIRECTORY, %eax
	movl	%eax, %cr3

	/* The window of the first case brings the GDT that LTR needs. */
	call	load_window
	lgdt	gdt_pointer
	lidt	idt_pointer
	ljmp	$KERNEL_CODE, $1f
1:	movl	$KERNEL_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%eax, %ss
	xorl	%eax, %eax
	lldt	%ax
	movl	$TSS_STEP, %eax
	ltr	%ax
	cmpl	$0, BATCH_CONSOLE
	je	1f
	movl	$DEBUG_CONSOLE, %edx
	movl	$records_text, %esi
	movl	$8, %ecx
	rep outsb
1:	movl	$TASKS, %ebp
	pushl	$step_next
	jmp	start_case

/* The tasks. EBP: own TSS. Each returns to the case by IRET and goes on behind it when it is entered again. */
step_task:
	movl	$1, %ebx
	movl	$TASKS, %ebp
	call	record
step_next:
	iret
	jmp	step_task

invalid_task:
	movl	$6, %ebx
	movl	$TASKS + TASK_BYTES, %ebp
	call	record
	iret
	jmp	invalid_task

double_task:
	popl	%eax			/* the error code */
	movl	$8, %ebx
	movl	$TASKS + 2 * TASK_BYTES, %ebp
	call	record
	iret
	jmp	double_task

/*
 * Writes one event and decides how it goes on: back to the case, or to the next case.
 * EBX: vector, EBP: own TSS, whose link names the case's TSS.
 */
record:
	cld
	movl	output, %edi
	movl	%ebx, %eax
	stosl
	movl	%cr0, %eax
	stosl
	movl	%cr2, %eax
	stosl
	movl	%dr6, %eax
	stosl
	xorl	%eax, %eax
	movl	%eax, %dr6
	movzwl	(%ebp), %eax
	stosl

	/* ESI: base of the TSS; ECX: 2 if it is a 286 one */
	movl	%eax, %edx
	movl	GDT + 2(%edx), %esi
	andl	$0xffffff, %esi
	movb	GDT + 7(%edx), %al
	shll	$24, %eax
	orl	%eax, %esi
	testb	$8, GDT + 5(%edx)
	jz	2f

	movl	previous, %eax
	andl	$0xfff, %eax
	movzbl	HINTS(%eax), %eax
	call	flags_mask
	notl	%eax
	andl	%eax, 0x24(%esi)
	movl	0x20(%esi), %edx
	pushl	%esi
	movl	$26, %ecx
	rep movsl
	popl	%esi
	movl	%edi, output
	incl	events
	cmpb	$8, %bl
	je	end_case
	cmpb	$6, %bl
	jne	1f
	movl	%edx, %eax
	andl	$0xfff, %eax
	testb	$HINT_PAD, HINTS(%eax)
	jz	end_case
	addl	$2, %edx
	movl	%edx, 0x20(%esi)
	orl	$0x100, 0x24(%esi)
1:	movl	%edx, previous
	jmp	4f

2:	movl	previous, %eax
	andl	$0xfff, %eax
	movzbl	HINTS(%eax), %eax
	call	flags_mask
	notl	%eax
	andw	%ax, 0x10(%esi)
	movzwl	0x0e(%esi), %edx
	pushl	%esi
	movl	$11, %ecx
	rep movsl
	xorl	%eax, %eax
	movl	$15, %ecx
	rep stosl
	popl	%esi
	movl	%edi, output
	incl	events
	cmpb	$8, %bl
	je	end_case
	cmpb	$6, %bl
	jne	3f
	movl	%edx, %eax
	andl	$0xfff, %eax
	testb	$HINT_PAD, HINTS(%eax)
	jz	end_case
	addl	$2, %edx
	movw	%dx, 0x0e(%esi)
	orw	$0x100, 0x10(%esi)
3:	movl	%edx, previous

4:	movl	events, %eax
	cmpl	limit, %eax
	jae	end_case
	ret

/* EAX: a hint; out: the EFLAGS bits that it names. */
flags_mask:
	movl	%eax, %edx
	andl	$0xd5, %eax
	testb	$HINT_OF, %dl
	jz	1f
	orl	$0x800, %eax
1:	ret

/* Closes the record of the case (the return address of `record` stays on the stack for `start_case`). */
end_case:
	movl	record_start, %edx
	movl	events, %eax
	movl	%eax, 4(%edx)
	movl	output, %edi
	movl	$regions, %esi
5:	movl	(%esi), %eax
	testl	%eax, %eax
	jz	6f
	call	checksum
	movl	%edx, (%edi)
	addl	$4, %edi
	addl	$8, %esi
	jmp	5b
6:	cmpl	$0, BATCH_DUMP
	je	7f
	movl	$WINDOW, %esi
	movl	$WINDOW_BYTES / 4, %ecx
	rep movsl
7:	movl	%edi, BATCH_OUTPUT
	cmpl	$0, BATCH_CONSOLE
	je	8f
	movl	%edi, %ecx
	movl	record_start, %esi
	subl	%esi, %ecx
	movl	$DEBUG_CONSOLE, %edx
	rep outsb
8:	incl	BATCH_NEXT
	call	load_window

/* Starts the case whose window is in place; [ESP] is the address of the caller's IRET. */
start_case:
	str	%ax
	movzwl	%ax, %eax
	orb	$2, GDT + 5(%eax)
	orb	$2, GDT + TSS_CASE + 5
	movw	$TSS_CASE, (%ebp)
	movl	BATCH_OUTPUT, %edi
	movl	%edi, record_start
	movl	BATCH_NEXT, %eax
	movl	%eax, (%edi)
	movl	$0, 4(%edi)
	addl	$8, %edi
	movl	%edi, output
	movl	BATCH_TABLE(,%eax,4), %esi
	movl	CASE_EVENTS(%esi), %eax
	movl	%eax, limit
	xorl	%eax, %eax
	movl	%eax, events
	movl	%eax, %cr2
	movl	%eax, %dr7
	movl	%eax, %dr6
	movl	%eax, %dr0
	movl	%eax, %dr1
	movl	%eax, %dr2
	movl	%eax, %dr3
	movl	WINDOW + 0x520, %eax
	movl	%eax, previous
	movl	$PAGE_DIRECTORY, %eax
	movl	%eax, %cr3
	testl	$CASE_HAS_CR4, CASE_FLAGS(%esi)
	jz	1f
	movl	CASE_CR4(%esi), %eax
	.byte	0x0f, 0x22, 0xe0	/* mov %eax, %cr4 */
1:	movl	CASE_CR0(%esi), %eax
	movl	%eax, %cr0
	jmp	2f
2:	pushl	$0x4002			/* NT: the caller's IRET is a return to the case's task */
	popfl
	ret

/* Copies the template into the window and applies the patches of case BATCH_NEXT; ends the run behind the last. */
load_window:
	cld
	movl	BATCH_NEXT, %eax
	cmpl	BATCH_COUNT, %eax
	jae	finish
	movl	$TEMPLATE, %esi
	movl	$WINDOW, %edi
	movl	$WINDOW_BYTES / 4, %ecx
	rep movsl
	/* What a case before has written around it must not be seen by this one. */
	xorl	%edi, %edi
	movl	$0x10000 / 4, %ecx
	pushl	%eax
	xorl	%eax, %eax
	rep stosl
	popl	%eax
	movl	BATCH_TABLE(,%eax,4), %esi
	addl	$CASE_PATCHES, %esi
1:	lodsl
	leal	WINDOW(%eax), %edi
	lodsl
	movl	%eax, %ecx
	jecxz	2f
	rep movsl
	jmp	1b
2:	ret

/* EAX: address, 4(ESI): count of u32; out: EDX, a sum that depends on every bit and its place. */
checksum:
	pushl	%esi
	movl	4(%esi), %ecx
	movl	%eax, %esi
	xorl	%edx, %edx
1:	lodsl
	addl	%eax, %edx
	roll	$5, %edx
	xorl	%eax, %edx
	loop	1b
	popl	%esi
	ret

finish:
	movb	$0, %al
	outb	%al, $DEBUG_EXIT
	movl	$shutdown_text, %esi	/* Bochs has its own port for that */
	movl	$8, %ecx
	movl	$0x8900, %edx
	rep outsb
	cli
	hlt

/* Where the host cannot write memory, template and batch come from the first disk; sector 0 says how long the batch is. */
read_disk:
	xorl	%eax, %eax
	movl	$1, %ecx
	movl	$BATCH, %edi
	call	read_sectors
	movl	BATCH, %ebx
	movl	$1, %eax
	movl	$WINDOW_BYTES / 512, %ecx
	movl	$TEMPLATE, %edi
	call	read_sectors
	movl	%ebx, %ecx
	movl	$BATCH, %edi

/* EAX: first sector, ECX: how many, EDI: destination; out: EAX behind the last. PIO, one command per sector. */
read_sectors:
	pushl	%ecx
	pushl	%eax
	movl	%eax, %ecx
	movl	$0x1f6, %edx
	movb	$0xe0, %al		/* LBA, first drive; 28 bits of which 24 are used */
	outb	%al, %dx
	movl	$0x1f2, %edx
	movb	$1, %al
	outb	%al, %dx
1:	incl	%edx			/* ports 1f3 to 1f5: the sector's number */
	movb	%cl, %al
	outb	%al, %dx
	shrl	$8, %ecx
	cmpb	$0xf5, %dl
	jne	1b
	movl	$0x1f7, %edx
	movb	$0x20, %al		/* READ SECTORS */
	outb	%al, %dx
2:	inb	%dx, %al
	andb	$0x88, %al		/* BSY, DRQ */
	cmpb	$8, %al
	jne	2b
	movl	$0x1f0, %edx
	movl	$256, %ecx
	rep insw
	popl	%eax
	popl	%ecx
	incl	%eax
	loop	read_sectors
	ret

build_tasks:
	movl	$task_entries, %esi
	movl	$TASKS, %edi
	movl	$STACKS + STACK_BYTES, %edx
1:	lodsl
	testl	%eax, %eax
	jz	2f
	pushl	%edi
	pushl	%eax
	xorl	%eax, %eax
	movl	$TASK_BYTES / 4, %ecx
	rep stosl
	popl	%eax
	popl	%edi
	movl	$PAGE_DIRECTORY, 0x1c(%edi)
	movl	%eax, 0x20(%edi)
	movl	$2, 0x24(%edi)
	movl	%edx, 0x38(%edi)
	movl	$KERNEL_DATA, 0x48(%edi)
	movl	$KERNEL_CODE, 0x4c(%edi)
	movl	$KERNEL_DATA, 0x50(%edi)
	movl	$KERNEL_DATA, 0x54(%edi)
	movl	$KERNEL_DATA, 0x58(%edi)
	movl	$KERNEL_DATA, 0x5c(%edi)
	addl	$TASK_BYTES, %edi
	addl	$STACK_BYTES, %edx
	jmp	1b
2:	ret

/* Linear is physical for all that the recorder uses. */
build_page_tables:
	movl	$PAGE_DIRECTORY, %edi
	movl	$PAGE_TABLES + 7, %eax
	movl	$PAGE_TABLE_COUNT, %ecx
1:	stosl
	addl	$0x1000, %eax
	loop	1b
	xorl	%eax, %eax
	movl	$1024 - PAGE_TABLE_COUNT, %ecx
	rep stosl
	movl	$PAGE_TABLES, %edi
	movl	$7, %eax
	movl	$PAGE_TABLE_COUNT * 1024, %ecx
2:	stosl
	addl	$0x1000, %eax
	loop	2b
	ret

	.align	4
task_entries:
	.long	step_task, invalid_task, double_task, 0
/* Regions whose contents belong to the outcome: tables and TSSs, page directory and table entries, code, stacks, data. */
regions:
	.long	WINDOW, 0x200
	.long	WINDOW + 0x1000, 8
	.long	WINDOW + 0x2000 + 0x80, 0x10
	.long	WINDOW + 0x4000, 0x400
	.long	WINDOW + 0x5000, 0x400
	.long	WINDOW + 0x6000, 0x400
	.long	WINDOW + 0x7000, 0x400
	.long	0
gdt_pointer:
	.word	GDT_LIMIT
	.long	GDT
	.align	4
idt_pointer:
	.word	IDT_LIMIT
	.long	IDT
records_text:
	.ascii	"RECORDS:"
shutdown_text:
	.ascii	"Shutdown"

/* Real mode: to 32 bits at once. */
	.code16
	.set	enter_offset, enter - rom_start
	.globl	enter
enter:
	cli
	cld
	lgdtl	%cs:boot_gdt_pointer - rom_start
	movl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$8, $enter32
	.code32
enter32:
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	jmp	start
	.align	8
boot_gdt:
	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
boot_gdt_pointer:
	.word	23
	.long	boot_gdt

	.section .vector, "ax"
	.code16
	ljmp	$0xf000, $enter_offset
	.fill	11, 1, 0

	.bss
	.balign	4
output:		.long	0		/* where the next event goes */
record_start:	.long	0
events:		.long	0
limit:		.long	0
previous:	.long	0		/* offset of the instruction that runs next */
