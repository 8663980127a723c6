/* Page tables in the kernel's half. What processes do with theirs is in processes.c. */
#include "fixmap.h"
#include "mm.h"
#include "paravirt.h"
#include "pgtable.h"
#include "sched.h"
#include "string.h"
#include "test.h"
#include "vmi.h"

#define TEST_ADDRESS (VMALLOC_END - 16 * PAGE_SIZE)

static volatile u32 *word_at(u32 address)
{
	return (volatile u32 *)address;
}

static void map(u32 address, void *page, u32 flags)
{
	pv_mmu_ops.set_pte_at(&init_mm, address, kernel_pte(address), __pa(page) | flags);
	flush_tlb_page(address);
}

static void remap(void)
{
	u32 *first = alloc_page(), *second = alloc_page();

	first[0] = 111;
	second[0] = 222;
	map(TEST_ADDRESS, first, _KERNPG);
	check_equal("mapped", 111, *word_at(TEST_ADDRESS));
	map(TEST_ADDRESS, second, _KERNPG);
	check_equal("mapped to another page", 222, *word_at(TEST_ADDRESS));
	*word_at(TEST_ADDRESS) = 333;
	check_equal("written through", 333, second[0]);
	pxe_t entry = ptep_clear_flush(&init_mm, TEST_ADDRESS, kernel_pte(TEST_ADDRESS));
	check_equal("cleared entry names the page", __pa(second), pxe_frame(entry));
	check_equal("cleared entry is empty", 0, (u32)read_pxe(kernel_pte(TEST_ADDRESS)));
	free_page(first);
	free_page(second);
}

/** Accessed and dirty bits must show in the guest's own entries. */
static void accessed_and_dirty(void)
{
	void *page = alloc_page(), *pte = kernel_pte(TEST_ADDRESS);

	map(TEST_ADDRESS, page, _PAGE_PRESENT | _PAGE_RW);
	check_equal("new entry: neither A nor D", 0, (u32)read_pxe(pte) & (_PAGE_ACCESSED | _PAGE_DIRTY));
	(void)*word_at(TEST_ADDRESS);
	check_equal("read sets A", _PAGE_ACCESSED, (u32)read_pxe(pte) & (_PAGE_ACCESSED | _PAGE_DIRTY));
	*word_at(TEST_ADDRESS) = 1;
	check_equal("write sets D", _PAGE_ACCESSED | _PAGE_DIRTY, (u32)read_pxe(pte) & (_PAGE_ACCESSED | _PAGE_DIRTY));
	check("test and clear A: was set", ptep_test_and_clear(&init_mm, TEST_ADDRESS, pte, _PAGE_ACCESSED));
	check_equal("A is clear", 0, (u32)read_pxe(pte) & _PAGE_ACCESSED);
	(void)*word_at(TEST_ADDRESS);
	check_equal("A comes again", _PAGE_ACCESSED, (u32)read_pxe(pte) & _PAGE_ACCESSED);
	ptep_clear_flush(&init_mm, TEST_ADDRESS, pte);
	free_page(page);
}

static void write_word(void *address)
{
	*(volatile u32 *)address = 5;
}

/** CR0.WP: the kernel too faults on a page that is read-only. */
static void write_protection(void)
{
	void *page = alloc_page(), *pte = kernel_pte(TEST_ADDRESS);
	struct caught caught = { .vector = -1u };

	map(TEST_ADDRESS, page, _KERNPG);
	ptep_set_wrprotect(&init_mm, TEST_ADDRESS, pte);
	flush_tlb_page(TEST_ADDRESS);
	check_equal("read-only: write faults", 1, catch_exception(write_word, (void *)TEST_ADDRESS, &caught));
	check_equal("read-only: #PF", TRAP_PF, caught.vector);
	check_equal("read-only: error code", 3, caught.error_code);
	check_equal("read-only: address", TEST_ADDRESS, caught.cr2);
	ptep_clear_flush(&init_mm, TEST_ADDRESS, pte);
	free_page(page);
}

/** A batch in lazy mode: all of it holds once the mode is left. */
static void lazy_batch(void)
{
	u8 *pages[8];
	u32 sum = 0;

	for (u32 i = 0; i < ARRAY_SIZE(pages); i++) {
		pages[i] = alloc_page();
		*(u32 *)pages[i] = i + 1;
	}
	set_lazy_mode(LAZY_MMU);
	for (u32 i = 0; i < ARRAY_SIZE(pages); i++) {
		u32 address = TEST_ADDRESS + i * PAGE_SIZE;
		pv_mmu_ops.set_pte_at(&init_mm, address, kernel_pte(address), __pa(pages[i]) | _KERNPG);
	}
	set_lazy_mode(LAZY_NONE);
	for (u32 i = 0; i < ARRAY_SIZE(pages); i++)
		sum += *word_at(TEST_ADDRESS + i * PAGE_SIZE);
	check_equal("lazy batch: in force", 36, sum);
	set_lazy_mode(LAZY_MMU);
	for (u32 i = 0; i < ARRAY_SIZE(pages); i++) {
		u32 address = TEST_ADDRESS + i * PAGE_SIZE;
		ptep_get_and_clear(&init_mm, address, kernel_pte(address));
	}
	set_lazy_mode(LAZY_NONE);
	pv_mmu_ops.flush_tlb_kernel();
	struct caught caught = { .vector = -1u };
	catch_exception(write_word, (void *)TEST_ADDRESS, &caught);
	check_equal("lazy batch: gone", TRAP_PF, caught.vector);
	for (u32 i = 0; i < ARRAY_SIZE(pages); i++)
		free_page(pages[i]);
}

static void vmalloc_area(void)
{
	u32 *area = vmalloc(3), sum = 0;

	for (u32 i = 0; i < 3 * 1024; i++)
		area[i] = i;
	for (u32 i = 0; i < 3 * 1024; i++)
		sum += area[i] == i;
	check_equal("vmalloc", 3 * 1024, sum);
	vfree(area, 3);
}

static void fixed_map(void)
{
	u32 *page = alloc_page();

	page[1] = 77;
	set_fixmap(FIX_TEST, __pa(page), _KERNPG);
	check_equal("fixmap", 77, *word_at(fix_to_virt(FIX_TEST) + 4));
	set_fixmap(FIX_TEST, 0, 0);
	struct caught caught = { .vector = -1u };
	catch_exception(write_word, (void *)fix_to_virt(FIX_TEST), &caught);
	check_equal("fixmap taken away", TRAP_PF, caught.vector);
	free_page(page);
}

/** A page of low memory, below a large page if there are any. */
static void page_attributes(void)
{
	u32 *page = alloc_page();
	struct caught caught = { .vector = -1u };

	change_page_attr(page, 0);
	catch_exception(write_word, page, &caught);
	check_equal("page attribute: read-only", TRAP_PF, caught.vector);
	check_equal("page attribute: error code", 3, caught.error_code);
	change_page_attr(page, 1);
	page[0] = 99;
	check_equal("page attribute: writable", 99, page[0]);
	free_page(page);
}

void test_mmu(void)
{
	u32 before;

	kernel_pte(TEST_ADDRESS);
	kernel_pte(fix_to_virt(FIX_TEST));
	before = free_frames();
	remap();
	accessed_and_dirty();
	write_protection();
	lazy_batch();
	fixed_map();
	check_equal("no frame lost", before, free_frames());
	vmalloc_area();
	page_attributes();
	check("fixmap before paging_init", early_fixmap_works);
}
