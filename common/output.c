#include "common/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static atomic_bool told;

/* open(2) takes the lowest number that is free. */
void output_open(void) {
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0) (void)open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY);
}

static bool wait_writable(int descriptor) {
    struct pollfd wanted = {.fd = descriptor, .events = POLLOUT};
    return poll(&wanted, 1, -1) > 0 || errno == EINTR;
}

bool output_write(int descriptor, const char *text, size_t size) {
    while (size > 0) {
        ssize_t written = write(descriptor, text, size);

        if (written >= 0) {
            text += written;
            size -= (size_t)written;
        } else if (errno == EAGAIN ? !wait_writable(descriptor) : errno != EINTR) {
            return false;
        }
    }
    return true;
}

void output_failed(const char *program, int error) {
    if (atomic_exchange(&told, true)) return;
    fprintf(stderr, "%s: standard output: %s\n", program, error ? strerror(error) : "it could not be written");
}

/* Why an earlier write failed, stdio has forgotten; most often the last one fails likewise. */
int output_close(const char *program, int status) {
    bool failed = ferror(stdout) != 0;
    errno = 0;
    if (fclose(stdout) != 0 || failed) output_failed(program, errno);
    return atomic_load(&told) ? OUTPUT_STATUS : status;
}
