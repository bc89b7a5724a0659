/* tests/sim/fiber.h - a stack of one's own and a switch to it, for x86-64 and the sanitizers. */
#ifndef TESTS_SIM_FIBER_H
#define TESTS_SIM_FIBER_H

#include <stddef.h>

/* A fiber does not move between threads of the operating system. */
typedef struct {
    void *at;           /* its stack pointer while it does not run */
    char *stack;        /* lowest byte; below it lies a page that nobody may touch */
    size_t stack_bytes; /* in use, a little different for each fiber */
    void *thread;       /* what ThreadSanitizer knows it by */
    void *fake;         /* AddressSanitizer's fake stack, kept when the fiber begins anew */
} Fiber;

/* Takes the stack of the index-th fiber. Ends the program where there is no memory. */
void fiber_open(Fiber *fiber, unsigned index);

/* Gives back the stack, if it has one, and its logical thread. It must not run. */
void fiber_close(Fiber *fiber);

/* The next switch to it calls entry(), which never returns, on an empty stack. To
 * ThreadSanitizer it is the logical thread `thread`. */
void fiber_restart(Fiber *fiber, void *thread, void (*entry)(void));

/* Makes `fiber` the one that runs now, on the stack the operating system gave. */
void fiber_adopt(Fiber *fiber);

void fiber_switch(Fiber *from, Fiber *to);

/* To be called first of all in entry(). */
void fiber_begun(const Fiber *fiber);

#endif
