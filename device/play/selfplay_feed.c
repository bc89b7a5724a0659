/* device/play/selfplay_feed.c - epochs short enough that the host hears of the games in time. */
#include "device/core/timeline.h"
#include "selfplay.h"

/* Shorter ones would cost nothing on a CPU either; longer ones, and a bar stutters. */
static const double EPOCH_SECONDS = 0.25;

/* At most twice those of the epoch before, as the first wave evaluates no more than the roots. */
static int next_waves(const Selfplay *sp) {
    const SelfplayPace *pace = &sp->pace;
    int most = sp->config.waves, before = pace->waves[(sp->epochs + 1) % 2];
    if (!sp->config.paced) return most;
    if (sp->epochs > 0 && selfplay_has_graph(sp)) return most;
    if (pace->wave_seconds == 0) return 1;
    double waves = EPOCH_SECONDS / pace->wave_seconds;
    if (waves > 2 * before) waves = 2 * before;
    return waves > most ? most : waves < 1 ? 1 : (int)waves;
}

Status selfplay_feed(Selfplay *sp) {
    SelfplayPace *pace = &sp->pace;
    int most = sp->device->backend->async ? 2 : 1;
    while (sp->epochs - pace->read < most) {
        int i = (int)(sp->epochs % 2);
        pace->waves[i] = next_waves(sp);
        pace->enqueued[i] = timeline_clock();
        TRY(selfplay_enqueue_waves(sp, pace->waves[i]));
    }
    return STATUS_OK;
}

Status selfplay_read(Selfplay *sp, const PlayCounters **counters, const uint16_t **out) {
    SelfplayPace *pace = &sp->pace;
    int i = (int)(pace->read % 2);
    TRY(selfplay_wait(sp, pace->read, counters, out));
    double now = timeline_clock();
    double begun = pace->enqueued[i] > pace->last ? pace->enqueued[i] : pace->last;
    pace->wave_seconds = (now - begun) / pace->waves[i];
    pace->last = now;
    pace->read++;
    return STATUS_OK;
}
