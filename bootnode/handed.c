#include "bootnode/handed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/udp.h"

#define AREA "bootnode"
#define FIRST_DESCRIPTOR 3 /* SD_LISTEN_FDS_START */
#define COUNT_MAX 65536

/* --- Names --- */

void handed_name(const struct handed_place *place, char out[static HANDED_NAME_SIZE]) {
    snprintf(out, HANDED_NAME_SIZE, "lane.%s.%zu.%zu", lane_name(place->lane), place->worker, place->workers);
}

static bool read_number(const char **text, char end, size_t *out) {
    char *after;
    if (**text < '0' || **text > '9' || strlen(*text) > 16) return false;
    *out = strtoull(*text, &after, 10);
    if (*after != end) return false;
    *text = after + (end != '\0');
    return true;
}

static bool read_lane(const char **text, enum lane *out) {
    for (*out = 0; *out < LANE_COUNT; (*out)++) {
        const char *name = lane_name(*out);
        if (strncmp(*text, name, strlen(name)) != 0 || (*text)[strlen(name)] != '.') continue;
        *text += strlen(name) + 1;
        return true;
    }
    return false;
}

bool handed_name_parse(const char *name, struct handed_place *out) {
    static const char start[] = "lane.";
    const char *at = name + sizeof start - 1;
    return strncmp(name, start, sizeof start - 1) == 0 && read_lane(&at, &out->lane) &&
           read_number(&at, '.', &out->worker) && read_number(&at, '\0', &out->workers) && out->worker < out->workers;
}

/* --- Taking over --- */

/* The next of "a:b:c", "" where there is none; `*names` moves behind it. */
static void next_name(const char **names, char out[static HANDED_NAME_SIZE]) {
    size_t length = *names ? strcspn(*names, ":") : 0;
    *out = '\0';
    if (!*names) return;
    if (length < HANDED_NAME_SIZE) snprintf(out, HANDED_NAME_SIZE, "%.*s", (int)length, *names);
    *names += length + ((*names)[length] == ':');
}

static void add(struct handed *handed, int descriptor, const char *name) {
    struct handed_socket socket = {.descriptor = descriptor};
    if (fcntl(descriptor, F_GETFD) < 0) {
        log_warning(AREA, "LISTEN_FDS: descriptor %d (%s) is not open", descriptor, name);
    } else if (!udp_is_listening(descriptor) || !udp_bound(descriptor, &socket.bound)) {
        log_warning(AREA, "LISTEN_FDS: descriptor %d (%s): expected a bound UDP socket, as by ListenDatagram=; closed",
                    descriptor, name);
        close(descriptor);
    } else {
        (void)fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        socket.kept = handed_name_parse(name, &socket.place);
        handed->items[handed->count++] = socket;
    }
}

void handed_open_from(struct handed *handed, int first, size_t count, const char *names) {
    char name[HANDED_NAME_SIZE];
    *handed = (struct handed){.items = calloc(count > 0 ? count : 1, sizeof *handed->items)};
    if (!handed->items) return;
    for (size_t i = 0; i < count; i++) {
        next_name(&names, name);
        add(handed, first + (int)i, name);
    }
}

/* 0 also where they are for another process. */
static size_t count_in_environment(void) {
    const char *text = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
    size_t count = 0, process = 0;
    if (!text) return 0;
    if (pid && (!read_number(&pid, '\0', &process) || process != (size_t)getpid())) return 0;
    if (pid && read_number(&text, '\0', &count) && count <= COUNT_MAX) return count;
    log_warning(AREA, "LISTEN_FDS and LISTEN_PID: expected a number of sockets and ours: no socket is taken over");
    return 0;
}

void handed_open(struct handed *handed) {
    handed_open_from(handed, FIRST_DESCRIPTOR, count_in_environment(), getenv("LISTEN_FDNAMES"));
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDNAMES");
}

/* --- Taking --- */

static bool is_there(const struct handed_socket *socket, const struct address *bound, bool kept) {
    return socket->descriptor >= 0 && socket->kept == kept && address_equal(&socket->bound, bound);
}

static int take(struct handed_socket *socket) {
    int descriptor = socket->descriptor;
    socket->descriptor = -1;
    return descriptor;
}

size_t handed_count(const struct handed *handed, const struct address *bound, bool kept) {
    size_t count = 0;
    for (size_t i = 0; i < handed->count; i++) count += is_there(&handed->items[i], bound, kept);
    return count;
}

int handed_take(struct handed *handed, const struct address *bound, bool kept) {
    for (size_t i = 0; i < handed->count; i++)
        if (is_there(&handed->items[i], bound, kept)) return take(&handed->items[i]);
    return -1;
}

static struct handed_socket *find_place(const struct handed *handed, const struct address *bound,
                                        const struct handed_place *place) {
    for (size_t i = 0; i < handed->count; i++) {
        struct handed_socket *socket = &handed->items[i];
        if (is_there(socket, bound, true) && socket->place.lane == place->lane &&
            socket->place.worker == place->worker && socket->place.workers == place->workers)
            return socket;
    }
    return NULL;
}

int handed_take_place(struct handed *handed, const struct address *bound, const struct handed_place *place) {
    struct handed_socket *socket = find_place(handed, bound, place);
    return socket ? take(socket) : -1;
}

bool handed_is_whole(const struct handed *handed, const struct address *bound, size_t workers) {
    if (handed_count(handed, bound, true) != workers * LANE_COUNT) return false;
    for (size_t worker = 0; worker < workers; worker++)
        for (enum lane lane = 0; lane < LANE_COUNT; lane++)
            if (!find_place(handed, bound, &(struct handed_place){lane, worker, workers})) return false;
    return true;
}

void handed_close(struct handed *handed) {
    for (size_t i = 0; i < handed->count; i++)
        if (handed->items[i].descriptor >= 0) close(take(&handed->items[i]));
    free(handed->items);
    *handed = (struct handed){.items = NULL};
}
