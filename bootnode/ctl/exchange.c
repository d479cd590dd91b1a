#include "bootnode/ctl/exchange.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bootnode/ops/control_socket.h"

#define FIRST_SIZE 65536
#define ANSWER_MAX (64 << 20) /* no bootnode says as much */

static bool send_all(int descriptor, const char *text, size_t size, struct why *why) {
    for (size_t sent = 0; sent < size;) {
        ssize_t count = send(descriptor, text + sent, size - sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return why_fail(why, "cannot ask the bootnode: %s", strerror(errno));
        sent += (size_t)count;
    }
    return true;
}

/* The bytes that came; 0 with `why`. */
static size_t receive_some(int descriptor, char *out, size_t size, int patience_ms, struct why *why) {
    struct pollfd wanted = {.fd = descriptor, .events = POLLIN};
    int ready;
    while ((ready = poll(&wanted, 1, patience_ms)) < 0 && errno == EINTR) continue;
    ssize_t count = ready > 0 ? recv(descriptor, out, size, 0) : -1;
    if (count > 0) return (size_t)count;
    if (ready == 0)
        why_fail(why, "the bootnode does not answer");
    else
        why_fail(why, "the bootnode gave no answer%s%s", count < 0 ? ": " : "", count < 0 ? strerror(errno) : "");
    return 0;
}

/* Grows as the line does. */
static char *receive_line(int descriptor, int patience_ms, struct why *why) {
    size_t capacity = FIRST_SIZE, filled = 0;
    char *line = malloc(capacity);
    while (line) {
        size_t count = receive_some(descriptor, line + filled, capacity - filled, patience_ms, why);
        char *newline = count > 0 ? memchr(line + filled, '\n', count) : NULL;
        if (newline) *newline = '\0';
        if (newline) return line;
        filled += count;
        if (count == 0 || filled >= ANSWER_MAX) break;
        if (filled < capacity) continue;
        char *grown = realloc(line, capacity *= 2);
        if (!grown) why_fail(why, "out of memory");
        if (!grown) break;
        line = grown;
    }
    if (!line) why_fail(why, "out of memory");
    if (filled >= ANSWER_MAX) why_fail(why, "the answer is too long");
    free(line);
    return NULL;
}

char *exchange_line(const char *path, const char *line, int patience_ms, struct why *why) {
    int descriptor = control_socket_connect(path, why);
    if (descriptor < 0) return NULL;
    bool sent = send_all(descriptor, line, strlen(line), why) && send_all(descriptor, "\n", 1, why);
    char *answer = sent ? receive_line(descriptor, patience_ms, why) : NULL;
    close(descriptor);
    return answer;
}
