/* host/options/table_mix.h - which tables are played and how often, as lists such as
 * "4:0.15,5:0.85".
 *
 *   --players 4:1,5:3  --cards 5,7     tables 4x5 1/8, 4x7 1/8, 5x5 3/8, 5x7 3/8
 *
 * A number alone has weight 1. Weights are > 0; a share is a weight over their sum. */
#ifndef HOST_OPTIONS_TABLE_MIX_H
#define HOST_OPTIONS_TABLE_MIX_H

#include "device/play/slot.h"

enum { TABLE_MIX_TEXT = 512, TABLE_MIX_KINDS = 16 };

typedef struct {
    int count;                         /* of tables, 1..PLAY_TABLES_MAX */
    PlayTable tables[PLAY_TABLES_MAX]; /* (count) ascending by players, then cards */
    double weights[PLAY_TABLES_MAX];   /* (count) share of the games; the sum is 1 */
    int most_players, most_cards;      /* of any table */
    /* The lists in canonical form: ascending, with shares that sum to 1. Equal texts mean equal
     * tables. */
    char players[TABLE_MIX_TEXT], cards[TABLE_MIX_TEXT];
} TableMix;

/* The product of the lists --players and --cards; `variant` limits both. STATUS_INPUT: refused in
 * one line that names the option. */
Status table_mix_parse(const char *players, const char *cards, int variant, TableMix *out);

#endif
