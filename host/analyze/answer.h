/* host/analyze/answer.h - one line of JSON for each line of JSON: the protocol of blob-analyze.
 *
 *   line ─► json_line_parse ─► query_read ─► analyzer_answer ─► line */
#ifndef HOST_ANALYZE_ANSWER_H
#define HOST_ANALYZE_ANSWER_H

#include <stdio.h>

#include "device/play/analyze.h"

enum { ANSWER_LINE_BYTES = 1 << 20 }; /* the longest line that is read; a query has some 2,000 */

typedef struct {
    Analyzer analyzer;
    Weights weights;       /* owned; empty until the first query that asks for net */
    uint64_t weights_seed; /* of the random network, where none was given */
} Answerer;

/* weights: NULL, or those for the evaluator net, which are taken over; without, the first query
 * that asks for it makes a random network and says so on stderr. In every case the caller calls
 * answer_close. */
Status answer_open(Answerer *a, const Device *device, Weights *weights, uint64_t weights_seed,
                   Precision precision, Network network);
void answer_close(Answerer *a);

/* Answers the query that the `bytes` of `line` hold with one line to `out`; line[bytes] is '\0'.
 * Nothing is written for a line of white space. STATUS_OK whatever is wrong with the query; else
 * the device failed, and nothing was written. */
Status answer_line(Answerer *a, const char *line, size_t bytes, FILE *out);

/* The answer to a line that is no query: id and field are null. */
void answer_write_refusal(FILE *out, const char *why);

#endif
