/* device/search/search_cpu.c - loop launchers, twin of search_cuda.cu. */
#include "descend.h"
#include "root.h"
#include "search.h"

enum {
    CHUNK = 16, /* trees a thread takes at once: their work differs */
    FEW = 128   /* so many or fewer are one thread's: waking others costs more */
};

static Status begin_cpu(const Search *search, const RoundState *states, Stream stream) {
    (void)stream;
    TRY(search_check(search));
#pragma omp parallel for if (search->B > FEW)
    for (int b = 0; b < search->B; b++) root_begin(search, b, &states[b]);
    return STATUS_OK;
}

static Status descend_cpu(const Search *search, Stream stream) {
    (void)stream;
    TRY(search_check(search));
    const Search s = *search;
#pragma omp parallel for schedule(dynamic, CHUNK) if (s.B > FEW)
    for (int b = 0; b < s.B; b++) descend_one(&s, b, TEAM_OF_ONE);
    return STATUS_OK;
}

static Status backup_cpu(const Search *search, Stream stream) {
    (void)stream;
    TRY(search_check(search));
    const Search s = *search;
#pragma omp parallel for schedule(dynamic, CHUNK) if (s.B > FEW)
    for (int b = 0; b < s.B; b++) backup_one(&s, b, TEAM_OF_ONE);
    return STATUS_OK;
}

const SearchOps search_cpu = {
    .begin = begin_cpu,
    .descend = descend_cpu,
    .backup = backup_cpu,
};
