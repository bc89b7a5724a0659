/* host/process/streams.c - occupies descriptors 0 to 2 where they are free, and ignores two
 * signals. */
#include "streams.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

void streams_open(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", O_RDONLY); /* gets the lowest free number: fd */
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
}
