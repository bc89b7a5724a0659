/* host/process/signals.h - SIGINT and SIGTERM: the first asks to finish and save, the second stops
 * at once. */
#ifndef HOST_PROCESS_SIGNALS_H
#define HOST_PROCESS_SIGNALS_H

#include "device/core/status.h"

/* Call before any other thread exists. Both signals then interrupt no thread, and wait for
 * signals_watch. */
void signals_block(void);

/* Starts the thread that takes the signals, pending ones included. Unless quiet it answers the
 * first request with a line on stderr. STATUS_THREAD: the thread cannot be started. */
Status signals_watch(int quiet);

/* How often the run was asked to stop. */
int signals_asked(void);

#endif
