/* host/process/signals.h - SIGINT and SIGTERM: once, finish what is under way and save; twice, stop now. */
#ifndef HOST_PROCESS_SIGNALS_H
#define HOST_PROCESS_SIGNALS_H

#include "device/core/status.h"

/* Before any other thread is there: no thread is interrupted; both signals wait for signals_watch.
 */
void signals_block(void);

/* Begins the thread that takes the signals, those that wait included. Unless quiet the first
 * request is answered with a line on stderr. STATUS_MEMORY: no thread is to be had. */
Status signals_watch(int quiet);

/* How often the run was asked to stop. */
int signals_asked(void);

#endif
