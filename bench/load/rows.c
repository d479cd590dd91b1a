#include "bench/load/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/why.h"

bool rows_open(struct rows *rows, const char *path, struct why *why) {
    *rows = (struct rows){.descriptor = STDIN_FILENO};
    if (strcmp(path, "-") == 0) return true;
    rows->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (rows->descriptor < 0) why_fail(why, "--rows '%s': %s", path, strerror(errno));
    return rows->descriptor >= 0;
}

void rows_close(struct rows *rows) {
    if (rows->descriptor > STDIN_FILENO) close(rows->descriptor);
}

/* The next whole line of the buffer, or its rest once the input has ended. */
static char *take_line(struct rows *rows) {
    memmove(rows->buffer, rows->buffer + rows->given, rows->used - rows->given);
    rows->used -= rows->given;
    rows->given = 0;
    char *end = memchr(rows->buffer, '\n', rows->used);
    if (!end && !(rows->ended && rows->used > 0)) return NULL;
    if (!end) end = rows->buffer + rows->used++;
    *end = '\0';
    rows->given = (size_t)(end - rows->buffer) + 1;
    rows->number++;
    return rows->buffer;
}

static bool says_something(const char *line) {
    size_t blank = strspn(line, " \t\r");
    return line[blank] != '\0' && line[blank] != '#';
}

static enum rows_status read_more(struct rows *rows, int timeout_ms, struct why *why) {
    struct pollfd wanted = {.fd = rows->descriptor, .events = POLLIN};
    size_t room = sizeof rows->buffer - 1 - rows->used;
    why_fail(why, "line %u: expected at most %zu bytes", rows->number + 1, sizeof rows->buffer - 2);
    if (room == 0) return ROWS_FAILED;
    if (poll(&wanted, 1, timeout_ms) <= 0) return ROWS_WAIT;
    ssize_t got = read(rows->descriptor, rows->buffer + rows->used, room);
    why_fail(why, "line %u: %s", rows->number + 1, strerror(errno));
    if (got < 0) return errno == EINTR ? ROWS_WAIT : ROWS_FAILED;
    rows->ended = got == 0;
    rows->used += (size_t)got;
    return ROWS_LINE;
}

enum rows_status rows_next(struct rows *rows, int timeout_ms, const char **line, struct why *why) {
    for (;;) {
        char *next = take_line(rows);
        *line = next;
        if (next && says_something(next)) return ROWS_LINE;
        if (next) continue;
        if (rows->ended) return ROWS_END;
        enum rows_status status = read_more(rows, timeout_ms, why);
        if (status != ROWS_LINE) return status;
    }
}
