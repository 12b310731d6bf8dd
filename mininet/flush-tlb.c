/*
 * Preloaded into the QEMU of lab guests under software emulation (TCG): lets no write of a guest be lost in a
 * migration.
 *
 * At the start of each pass over memory QEMU collects the pages that are dirty, clears their bits, and marks them
 * in the TLB of each virtual CPU, so that the next write to one sets its bit again. A virtual CPU that at that
 * moment enters such a page into its TLB, or has just set its bit (tlb_set_page_full and notdirty_write of
 * accel/tcg/cputlb.c look at the bit before they take the lock), is left with an entry that says dirty while the
 * bit says clean, and its later writes are never copied. QEMU 7.2 also forgets the TLB altogether when the size of
 * a memory block is a multiple of 256 KiB (cpu_physical_memory_sync_dirty_bitmap; mended in QEMU 9.0).
 *
 * When the bits are collected, and before a page is copied, QEMU has each virtual CPU end its block of
 * instructions and do a piece of work that is empty (tcg_log_global_after_sync, do_nothing; softmmu/physmem.c).
 * process_queued_cpu_work tells that such work is done by pthread_cond_broadcast, in the thread of the virtual CPU
 * and under the global lock. There the whole TLB is dropped here, and the entries that replace it see the bits as
 * they are.
 *
 * A QEMU that does not export these two names is refused by the dynamic linker, which names what is missing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>

struct CPUState;

/* include/hw/core/cpu.h: of a virtual CPU's thread; null in all others. */
extern __thread struct CPUState *current_cpu;

/* include/exec/exec-all.h: to be called by the thread of that virtual CPU. */
extern void tlb_flush(struct CPUState *cpu);

static int (*broadcast)(pthread_cond_t *);

__attribute__((constructor)) static void find_broadcast(void) {
  /* The version that x86-64 has had since: an older one under the same name takes another condition. */
  broadcast = (int (*)(pthread_cond_t *))dlvsym(RTLD_NEXT, "pthread_cond_broadcast", "GLIBC_2.3.2");
}

int pthread_cond_broadcast(pthread_cond_t *condition) {
  if (current_cpu != NULL) tlb_flush(current_cpu);
  return broadcast(condition);
}
