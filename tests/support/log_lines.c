#include "tests/support/log_lines.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"

#define PIPE_SIZE (1 << 20)

static int ends[2];
static char rest[PIPE_SIZE];
static size_t rest_size, taken;

void log_lines_begin(void) {
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) abort();
    (void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE);
    rest_size = taken = 0;
    log_set_descriptor(ends[1]);
}

const char *log_lines_next(void) {
    memmove(rest, rest + taken, rest_size - taken);
    rest_size -= taken;
    taken = 0;
    ssize_t more = read(ends[0], rest + rest_size, sizeof rest - rest_size);
    if (more > 0) rest_size += (size_t)more;
    char *end = memchr(rest, '\n', rest_size);
    if (!end) return NULL;
    *end = '\0';
    taken = (size_t)(end - rest) + 1;
    return rest;
}

void log_lines_end(void) {
    log_set_descriptor(-1);
    close(ends[0]);
    close(ends[1]);
}
