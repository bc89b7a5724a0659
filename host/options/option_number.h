/* host/options/option_number.h - numbers as people write them: 4096, 4_096, 1e3, 0.5. */
#ifndef HOST_OPTIONS_OPTION_NUMBER_H
#define HOST_OPTIONS_OPTION_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal, with '_' between two digits where wanted; nothing before or after, not even '+'. False:
 * it is no such number, or not finite. */
bool option_number_real(const char *text, double *out);

/* The same for a whole number of at most 2^53 either way, as JSON's are: 1e3 and 4096.0 are whole.
 * False: not whole, or beyond. */
bool option_number_whole(const char *text, int64_t *out);

#endif
