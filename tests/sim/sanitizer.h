/* tests/sim/sanitizer.h - which sanitizer this build has, and the few calls that it needs.
 *
 * CUDA threads are fibers, and the sanitizers must be told: AddressSanitizer where the stack of
 * each lies, ThreadSanitizer that each is a thread. */
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

/* The simulator's own files are compiled without ThreadSanitizer, which must not see what they
 * note; there the build defines SIM_TSAN. */
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

/* What precedes a release of p happens before what follows an acquire of p. */
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

/* Enclose a malloc or free that is no write of a simulated thread. */
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
