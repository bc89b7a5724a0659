/* host/process/streams.h - the standard streams as a program that writes files needs them. */
#ifndef HOST_PROCESS_STREAMS_H
#define HOST_PROCESS_STREAMS_H

/* Call first. A standard stream that was closed is opened on nothing, so that no file gets its
 * number and what is printed cannot end up in a file of games; printing to it still fails. Writes
 * to a full disk or a closed pipe fail as well, instead of ending the process. */
void streams_open(void);

#endif
