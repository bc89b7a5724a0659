/* tests/sim/fiber.h - stacks and switches between them: by assembly on x86-64, by ucontext
 * elsewhere, or with -DBLOB_SIM_UCONTEXT=ON. */
#ifndef TESTS_SIM_FIBER_H
#define TESTS_SIM_FIBER_H

#include <stddef.h>

/* A fiber stays in one thread of the operating system. */
typedef struct {
    void *at;           /* where it goes on, while it does not run */
    char *stack;        /* lowest byte; an inaccessible page lies below it */
    size_t stack_bytes; /* in use; slightly different for each fiber */
    void *thread;       /* ThreadSanitizer's logical thread */
    void *fake;         /* AddressSanitizer's fake stack, which survives a restart */
} Fiber;

/* Allocates the stack of the index-th fiber. Ends the program if there is no memory. */
void fiber_open(Fiber *fiber, unsigned index);

/* Frees its stack, if any, and its logical thread. It must not be running. */
void fiber_close(Fiber *fiber);

/* Makes the next switch to the fiber call entry(), which never returns, on an empty stack. To
 * ThreadSanitizer it then is the logical thread `thread`. */
void fiber_restart(Fiber *fiber, void *thread, void (*entry)(void));

/* Makes `fiber` stand for the running code, on the stack of the operating system's thread. */
void fiber_adopt(Fiber *fiber);

void fiber_switch(Fiber *from, Fiber *to);

/* To be called first thing in entry(). */
void fiber_begun(const Fiber *fiber);

#endif
