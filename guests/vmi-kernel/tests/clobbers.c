/*
 * Every call with patterns in all registers: it may change what the ABI allows, and must leave the rest
 * alone; its outputs must be right (VMI-ABI, sections 5 to 7). The rows are in clobber_rows.c.
 */
#include "clobbers.h"
#include "paravirt.h"
#include "test.h"
#include "vmi.h"

static void fill_patterns(struct call_registers *r)
{
	*r = (struct call_registers){
		.eax = 0xa1a2a3a4, .ebx = 0xb1b2b3b4, .ecx = 0xc1c2c3c4, .edx = 0xd1d2d3d4, .esi = 0x51525354,
		.edi = 0x71727374, .ebp = 0xe1e2e3e4, .eflags = EFLAGS_ARITHMETIC, .stack0 = 0x5a5a5a5a,
		.stack1 = 0x6b6b6b6b,
	};
}

/** The first register that has changed and must not; NULL if there is none. */
static const char *changed(const struct clobber_row *row, const struct call_registers *before,
			   const struct call_registers *after)
{
	const u32 standard = row->clobbers == CLOBBERS_STANDARD ? R_EAX | R_ECX | R_EDX : 0;
	const u32 may = standard | row->outputs;

	if (!(may & R_EAX) && before->eax != after->eax) return "EAX";
	if (!(may & R_EBX) && before->ebx != after->ebx) return "EBX";
	if (!(may & R_ECX) && before->ecx != after->ecx) return "ECX";
	if (!(may & R_EDX) && before->edx != after->edx) return "EDX";
	if (!(may & R_ESI) && before->esi != after->esi) return "ESI";
	if (!(may & R_EDI) && before->edi != after->edi) return "EDI";
	if (before->ebp != after->ebp) return "EBP";
	if (after->esp_moved) return "ESP";
	if (after->eflags & EFLAGS_DF) return "DF";
	if (row->clobbers == CLOBBERS_NONE && (before->eflags ^ after->eflags) & EFLAGS_ARITHMETIC) return "flags";
	return NULL;
}

static void report(const struct clobber_row *row, const char *what, const char *why)
{
	check(row->name, 0);
	printk("  %s: %s\n", what, why);
}

static void try_row(const struct clobber_row *row)
{
	struct call_registers before, after;
	struct vmi_relocation_info relocation = vmi_get_relocation(row->call);

	if (relocation.type != VMI_RELOCATION_CALL_REL)
		return;
	fill_patterns(&before);
	if (row->setup && !row->setup(&before))
		return;
	before.target = relocation.eip;
	/* All flags set, then none. */
	for (u32 pass = 0; pass < 2; pass++) {
		u32 flags = row->interrupts_off ? local_irq_save() : 0;
		before.eflags = pass ? 0 : EFLAGS_ARITHMETIC;
		if (row->each)
			row->each(&before);
		after = before;
		vmi_calls[row->call]++;
		call_with_registers(&after);
		if (row->interrupts_off)
			local_irq_restore(flags);
		const char *lost = changed(row, &before, &after);
		if (lost) {
			report(row, "clobbered", lost);
			return;
		}
		const char *wrong = row->verify ? row->verify(&before, &after) : NULL;
		if (wrong) {
			report(row, "result", wrong);
			return;
		}
	}
	check(row->name, 1);
}

void test_clobbers(void)
{
	if (!vmi.active) {
		skip("all", "no VMI");
		return;
	}
	for (u32 i = 0; i < clobber_row_count; i++)
		try_row(&clobber_rows[i]);
}
