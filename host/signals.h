/* host/signals.h - SIGINT and SIGTERM: once, finish what is under way and save; twice, stop now. */
#ifndef HOST_SIGNALS_H
#define HOST_SIGNALS_H

void signals_install(void);

/* How often the run was asked to stop. */
int signals_asked(void);

#endif
