/* host/analyze/answer.h - one line of JSON for each line of JSON: the protocol of blob-analyze.
 *
 *   line ─► json_line_parse ─► query_read ─► analyzer_answer ─► line */
#ifndef HOST_ANALYZE_ANSWER_H
#define HOST_ANALYZE_ANSWER_H

#include <stdio.h>

#include "device/play/analyze.h"

enum { ANSWER_LINE_BYTES = 1 << 20 }; /* the longest line; a query has about 2,000 */

typedef struct {
    Analyzer analyzer;
    Weights weights;       /* owned; empty until a query asks for net */
    uint64_t weights_seed; /* of the random network, if no weights were given */
} Answerer;

/* weights: for the evaluator net; moved into *a. NULL: the first query that asks for net gets a
 * random network, which is reported on stderr. The caller calls answer_close in any case. */
Status answer_open(Answerer *a, const Device *device, Weights *weights, uint64_t weights_seed,
                   Precision precision, Network network);
void answer_close(Answerer *a);

/* Answers the query in the `bytes` of `line` by a line to `out`; line[bytes] is '\0'. Writes
 * nothing for a line of white space. STATUS_OK whatever is wrong with the query; otherwise the
 * device failed, and nothing was written. */
Status answer_line(Answerer *a, const char *line, size_t bytes, FILE *out);

/* Answers a line that is not a JSON object: id and field are null. */
void answer_write_refusal(FILE *out, const char *why);

#endif
