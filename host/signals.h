/* host/signals.h - SIGINT and SIGTERM: once, finish what is under way and save; twice, stop now. */
#ifndef HOST_SIGNALS_H
#define HOST_SIGNALS_H

/* Unless quiet the first request is answered with a line on stderr. */
void signals_install(int quiet);

/* How often the run was asked to stop. */
int signals_asked(void);

#endif
