/* tests/sim/fiber.cpp - stacks, switches between them, and what the sanitizers must be told. */
#include "fiber.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "sanitizer.h"

/* fiber_save_and_load() leaves in *save where this code goes on, and goes on where `load` was
 * saved. fiber_prepare() returns a `load` that calls entry() on the stack that ends at `top`. */
#if SIM_UCONTEXT
#include <ucontext.h>

/* The context lies on the stack that it saves. It keeps the mask of signals too, by a system call:
 * on x86-64 test_sim_play takes 5 times as long as with the assembly. */
static void fiber_save_and_load(void **save, void *load) {
    ucontext_t here;
    here.uc_stack = {}; /* AddressSanitizer forgets what it knows of the stack named here */
    *save = &here;
    (void)swapcontext(&here, (ucontext_t *)load);
}

static void *fiber_prepare(char *stack, char *top, void (*entry)(void)) {
    ucontext_t *begin = (ucontext_t *)(top - (sizeof *begin + 15) / 16 * 16);
    (void)getcontext(begin);
    begin->uc_stack = {};
    begin->uc_stack.ss_sp = stack;
    begin->uc_stack.ss_size = (size_t)((char *)begin - stack);
    begin->uc_link = NULL;
    makecontext(begin, entry, 0);
    return begin;
}
#else
/* Saves the callee-saved registers and then the stack pointer to *save, and continues where `load`
 * was saved: by a jump, since the processor would mispredict a return. */
extern "C" void fiber_save_and_load(void **save, void *load);
asm(".text\n"
    ".type fiber_save_and_load,@function\n"
    "fiber_save_and_load:\n"
    "pushq %rbp\npushq %rbx\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n"
    "movq %rsp,(%rdi)\nmovq %rsi,%rsp\n"
    "popq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbx\npopq %rbp\n"
    "popq %rcx\njmpq *%rcx\n");

static void *fiber_prepare(char *stack, char *top, void (*entry)(void)) {
    void **at = (void **)top;
    (void)stack;
    *--at = NULL;
    *--at = (void *)entry;
    for (int i = 0; i < 6; i++) *--at = NULL;
    return at;
}
#endif

/* Under AddressSanitizer frames are several times as large. */
enum { STACK_BYTES = SIM_ASAN ? 256 * 1024 : 64 * 1024, PAGE_BYTES = 4096 };

void fiber_open(Fiber *fiber, unsigned index) {
    void *block = mmap(NULL, STACK_BYTES + PAGE_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (block == MAP_FAILED || mprotect(block, PAGE_BYTES, PROT_NONE) != 0) {
        perror("simulator: no stack for a CUDA thread");
        _Exit(96);
    }
    *fiber = Fiber{};
    fiber->stack = (char *)block + PAGE_BYTES;
    /* otherwise all tops of stacks would map to the same sets of the cache */
    fiber->stack_bytes = STACK_BYTES - index % 16 * 320 - 64;
#if SIM_TSAN
    /* one stack serves many logical threads in turn, and each begins by writing to it */
    AnnotateBenignRaceSized("", 0, fiber->stack, STACK_BYTES, "a stack used again");
#endif
}

void fiber_close(Fiber *fiber) {
    if (fiber->stack) (void)munmap(fiber->stack - PAGE_BYTES, STACK_BYTES + PAGE_BYTES);
#if SIM_TSAN
    if (fiber->thread) __tsan_destroy_fiber(fiber->thread);
#endif
    *fiber = Fiber{};
}

void fiber_restart(Fiber *fiber, void *thread, void (*entry)(void)) {
    char *end = fiber->stack + fiber->stack_bytes;
    fiber->at = fiber_prepare(fiber->stack, end - (uintptr_t)end % 16, entry);
    fiber->thread = thread;
#if SIM_ASAN
    __asan_unpoison_memory_region(fiber->stack, fiber->stack_bytes);
#endif
}

void fiber_adopt(Fiber *fiber) {
#if SIM_ASAN
    static pthread_t owner;
    if (!fiber->stack || !pthread_equal(owner, pthread_self())) {
        pthread_attr_t attributes;
        void *stack = NULL;
        owner = pthread_self();
        pthread_getattr_np(owner, &attributes);
        pthread_attr_getstack(&attributes, &stack, &fiber->stack_bytes);
        pthread_attr_destroy(&attributes);
        fiber->stack = (char *)stack;
    }
#endif
#if SIM_TSAN
    fiber->thread = __tsan_get_current_fiber();
#endif
    (void)fiber;
}

void fiber_switch(Fiber *from, Fiber *to) {
#if SIM_TSAN
    __tsan_switch_to_fiber(to->thread, 1 /* the switch itself orders nothing */);
#endif
#if SIM_ASAN
    __sanitizer_start_switch_fiber(&from->fake, to->stack, to->stack_bytes);
#endif
    fiber_save_and_load(&from->at, to->at);
#if SIM_ASAN
    __sanitizer_finish_switch_fiber(from->fake, NULL, NULL);
#endif
}

void fiber_begun(const Fiber *fiber) {
    (void)fiber;
#if SIM_ASAN
    __sanitizer_finish_switch_fiber(fiber->fake, NULL, NULL);
#endif
}
