/* tests/sim/sanitizer.h - which sanitizer this build has, and the few calls owed to it.
 *
 * A CUDA thread is a fiber, of which the sanitizers must hear: where its stack lies (Address-), and
 * that it is a thread of its own (ThreadSanitizer). */
#ifndef TESTS_SIM_SANITIZER_H
#define TESTS_SIM_SANITIZER_H

#include <stddef.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SIM_ASAN 1
#else
#define SIM_ASAN 0
#endif

/* The simulator's own files are compiled without ThreadSanitizer, which must not see its books:
 * there the build says SIM_TSAN. */
#ifndef SIM_TSAN
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define SIM_TSAN 1
#else
#define SIM_TSAN 0
#endif
#endif

#if __has_feature(memory_sanitizer)
#define SIM_MSAN 1
#else
#define SIM_MSAN 0
#endif

#ifdef __cplusplus
extern "C" {
#endif
#if SIM_ASAN
void __asan_poison_memory_region(void const volatile *p, size_t bytes);
void __asan_unpoison_memory_region(void const volatile *p, size_t bytes);
void *__asan_region_is_poisoned(void *p, size_t bytes);
void __sanitizer_start_switch_fiber(void **save, const void *bottom, size_t bytes);
void __sanitizer_finish_switch_fiber(void *saved, const void **bottom, size_t *bytes);
#endif
#if SIM_MSAN
void __msan_poison(const volatile void *p, size_t bytes);
void __msan_unpoison(const volatile void *p, size_t bytes);
#endif
#if SIM_TSAN
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void *__tsan_get_current_fiber(void);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
void __tsan_acquire(void *p);
void __tsan_release(void *p);
void AnnotateBenignRaceSized(const char *file, int line, void *p, long bytes, const char *why);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
#endif
#ifdef __cplusplus
}
#endif

/* What was done before release(p) comes before what follows acquire(p). */
static inline void sanitizer_release(void *p) {
    (void)p;
#if SIM_TSAN
    __tsan_release(p);
#endif
}

static inline void sanitizer_acquire(void *p) {
    (void)p;
#if SIM_TSAN
    __tsan_acquire(p);
#endif
}

/* Around a malloc or free that stands for no thread's write. */
static inline void sanitizer_quiet_begin(void) {
#if SIM_TSAN
    AnnotateIgnoreWritesBegin("", 0);
#endif
}

static inline void sanitizer_quiet_end(void) {
#if SIM_TSAN
    AnnotateIgnoreWritesEnd("", 0);
#endif
}

#endif
