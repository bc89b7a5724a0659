/* host/options/table_mix.h - which tables are played, and how often: seats "4:0.15,5:0.85", cards alike.
 *
 *   --players 4:1,5:3  --cards 5,7     tables 4x5 1/8, 4x7 1/8, 5x5 3/8, 5x7 3/8
 *
 * A number alone has weight 1; weights are > 0 and count by their sum. */
#ifndef HOST_OPTIONS_TABLE_MIX_H
#define HOST_OPTIONS_TABLE_MIX_H

#include "device/play/slot.h"

enum { TABLE_MIX_TEXT = 512, TABLE_MIX_KINDS = 16 };

typedef struct {
    int count;                         /* of tables, 1..PLAY_TABLES_MAX */
    PlayTable tables[PLAY_TABLES_MAX]; /* (count) ascending by players, then cards */
    double weights[PLAY_TABLES_MAX];   /* (count) share of the games; their sum is 1 */
    int most_players, most_cards;      /* the greatest of any table */
    /* What was asked, in one way of writing it: ascending, with shares that sum to 1. Equal texts
     * are equal tables. */
    char players[TABLE_MIX_TEXT], cards[TABLE_MIX_TEXT];
} TableMix;

/* The product of two lists, --players and --cards; `variant` says how many seats and cards there
 * can be. STATUS_INPUT: refused, in one line that names the option. */
Status table_mix_parse(const char *players, const char *cards, int variant, TableMix *out);

#endif
