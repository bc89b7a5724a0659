/* host/process/streams.h - standard streams that are safe for a program that writes files. */
#ifndef HOST_PROCESS_STREAMS_H
#define HOST_PROCESS_STREAMS_H

/* Call first. A closed standard stream is opened on /dev/null, so that no file gets its number and
 * receives what is printed; printing to it still fails. Writing to a full disk or a closed pipe
 * fails too, instead of ending the process. */
void streams_open(void);

#endif
