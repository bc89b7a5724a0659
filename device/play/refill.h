/* device/play/refill.h - finished records leave, idle slots get new games, the wave is counted.
 *
 *   emit (after a scan of out_count)  ─►  refill (after a scan of idle)  ─►  tally
 *
 * Offsets come from scans in slot order, never from an atomic. A record that does not fit in this
 * epoch's buffer waits in its slot, which changes no game. */
#ifndef DEVICE_PLAY_REFILL_H
#define DEVICE_PLAY_REFILL_H

#include "move.h"

/* Slot g's finished record, if it fits; sets idle[g]. */
HD void emit_one(const Play *p, int g, Team team) {
    Slot *slot = p->slots + g;
    if (fault_stops(p->search.fault, team)) return;
    int64_t count = p->out_count[g], offset = (int64_t)p->counters->out_used + p->out_offset[g];
    bool to_replay = p->replay.words != NULL,
         fits = count > 0 && (to_replay || offset + count <= p->out_words);
    const uint16_t *from = p->records + (int64_t)g * p->record_words;
    if (fits && to_replay) replay_add(&p->replay, from, team);
    if (fits && !to_replay) TEAM_FOR(i, (int)count, team) p->out[offset + i] = from[i];
    if (team.lane == 0) {
        if (fits)
            slot->stage = SLOT_IDLE;
        else if (count > 0 && offset <= p->out_words)
            p->counters->out_next = (int32_t)offset;
        p->idle[g] = slot->stage == SLOT_IDLE;
    }
    team_sync(team);
}

/* The id of the run's ordinal-th game. */
HD uint64_t refill_game_id(const Play *p, int64_t ordinal) {
    int low = 0, high = p->range_count - 1; /* the last range that begins at or before it */
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (p->ranges[middle].ordinal <= ordinal)
            low = middle;
        else
            high = middle - 1;
    }
    return (uint64_t)(p->ranges[low].first + (ordinal - p->ranges[low].ordinal));
}

/* Slot g, if idle, begins the next game that nobody plays; none past the last. */
HD void refill_one(const Play *p, int g, WorldScratch *scratch) {
    if (!p->idle[g] || fault_stops(p->search.fault, TEAM_OF_ONE)) return;
    int64_t ordinal = p->counters->started + p->idle_offset[g];
    if (ordinal >= p->counters->games) return;
    deal_game(p, g, refill_game_id(p, ordinal));
    move_play_on(p, g, scratch);
}

/* After refill: what the wave adds to the counters. One item. A wave that met a fault adds nothing:
 * the records that left before it are whole. */
HD void tally_one(const Play *p) {
    PlayCounters *c = p->counters;
    c->fault = *p->search.fault;
    if (c->fault.code != FAULT_NONE) return;
    if (!p->replay.words) {
        int64_t out = (int64_t)c->out_used + p->out_offset[p->G];
        c->out_used = out <= p->out_words ? (int32_t)out : c->out_next;
    }
    int64_t busy = p->G - p->idle_offset[p->G];
    c->busy_slot_waves += busy;
    c->finished = c->started - busy; /* those that were begun just now are not counted yet */
    c->started += p->idle_offset[p->G];
    if (c->started > c->games) c->started = c->games;
    c->rows += p->search.row_offset[p->search.B];
    c->row_slots += search_max_rows(&p->search);
    c->waves++;
}

#endif
