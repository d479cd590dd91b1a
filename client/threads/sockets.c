#include "client/threads/sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "client/peer/path.h"
#include "common/log.h"
#include "common/why.h"

#define DESCRIPTORS_FOR_OTHERS 64  /* files, pipes, what libraries open for a moment */
#define RECEIVE_BUFFER (64 * 1024) /* a window of packets; of 512 sockets 32 MiB, should nobody read */
#define EVENTS_MOST 64

static rlim_t raise_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    rlim_t wanted = limit.rlim_max < FD_SETSIZE ? limit.rlim_max : FD_SETSIZE;
    if (limit.rlim_cur < wanted) {
        struct rlimit raised = {.rlim_cur = wanted, .rlim_max = limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    rlim_t most = limit.rlim_cur < FD_SETSIZE ? limit.rlim_cur : FD_SETSIZE;
    return most > DESCRIPTORS_FOR_OTHERS ? most - DESCRIPTORS_FOR_OTHERS : 0;
}

static bool watch(struct sockets *sockets, int descriptor, void *what) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};
    return epoll_ctl(sockets->epoll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

int sockets_init(struct sockets *sockets, int main, const struct address *bound) {
    memset(sockets, 0, sizeof *sockets);
    sockets->main = (struct udp_socket){.descriptor = main, .number = PATH_SOCKET_MAIN};
    sockets->items[PATH_SOCKET_MAIN] = &sockets->main;
    sockets->any = (struct address){.port = 0};
    if (address_is_ipv4(bound)) memcpy(sockets->any.ip, (const uint8_t[12]){[10] = 0xff, [11] = 0xff}, 12);
    sockets->most_descriptors = raise_descriptors();
    int error = queue_init(&sockets->closing, 0);
    if (error) return error;
    sockets->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (sockets->epoll >= 0 && watch(sockets, main, &sockets->main) &&
        watch(sockets, queue_event(&sockets->closing), &sockets->closing))
        return 0;
    error = -errno;
    if (sockets->epoll >= 0) close(sockets->epoll);
    queue_destroy(&sockets->closing);
    return error;
}

static void close_closing(struct sockets *sockets) {
    struct queue_node *node;
    while ((node = queue_pop(&sockets->closing))) {
        struct udp_socket *socket = (struct udp_socket *)node;
        close(socket->descriptor);
        free(socket);
    }
}

void sockets_clear(struct sockets *sockets) {
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        if (sockets->items[i]) sockets_close(sockets, sockets->items[i]->number);
    close_closing(sockets);
    queue_destroy(&sockets->closing);
    close(sockets->epoll);
}

/* --- The crypto thread --- */

static struct udp_socket *find(const struct sockets *sockets, uint16_t number) {
    struct udp_socket *socket = sockets->items[number % SOCKETS_MAX];
    return socket && socket->number == number ? socket : NULL;
}

/* The next number whose place is free; false when none is. */
static bool take_number(struct sockets *sockets, uint16_t *out) {
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        uint16_t number = ++sockets->last;
        if (sockets->items[number % SOCKETS_MAX]) continue;
        *out = number;
        return true;
    }
    return false;
}

static int open_one(struct sockets *sockets, uint16_t *number) {
    static const struct udp_options options = {.whole = true, .receive_buffer = RECEIVE_BUFFER};
    struct why why;
    if (!take_number(sockets, number)) return -EMFILE;
    int descriptor = udp_open(&sockets->any, &options, &why);
    if (descriptor < 0) return descriptor;
    struct udp_socket *socket = calloc(1, sizeof *socket);
    bool scarce = (rlim_t)descriptor >= sockets->most_descriptors;
    if (socket) *socket = (struct udp_socket){.descriptor = descriptor, .number = *number};
    if (socket && !scarce && watch(sockets, descriptor, socket)) {
        sockets->items[*number % SOCKETS_MAX] = socket;
        return 0;
    }
    int error = scarce ? -EMFILE : -errno;
    free(socket);
    close(descriptor);
    return error;
}

size_t sockets_open(struct sockets *sockets, size_t count, uint16_t *out) {
    size_t opened = 0;
    int error = 0;
    while (opened < count && (error = open_one(sockets, &out[opened])) == 0) opened++;
    if (error) log_info("sockets", "%zu instead of %zu for probing: %s", opened, count, strerror(-error));
    return opened;
}

void sockets_close(struct sockets *sockets, uint16_t number) {
    struct udp_socket *socket = find(sockets, number);
    if (!socket || socket == &sockets->main) return;
    sockets->items[number % SOCKETS_MAX] = NULL;
    (void)epoll_ctl(sockets->epoll, EPOLL_CTL_DEL, socket->descriptor, NULL);
    (void)queue_push(&sockets->closing, &socket->node); /* without a limit: it takes all */
}

void sockets_send(struct sockets *sockets, uint16_t number, struct udp_batch *batch) {
    const struct udp_socket *socket = find(sockets, number);
    /* What the kernel refuses is lost like any datagram; whoever needs it repeats it. */
    if (socket) (void)udp_send(socket->descriptor, batch);
    udp_batch_clear(batch);
}

/* --- The receiver --- */

bool sockets_watch(struct sockets *sockets, int stop) {
    return watch(sockets, stop, sockets);
}

/* What is closed after epoll_wait told of it is still readable here: it is closed at the next call. */
size_t sockets_wait(struct sockets *sockets, const struct udp_socket *out[], size_t capacity) {
    struct epoll_event events[EVENTS_MOST];
    if (capacity > EVENTS_MOST) capacity = EVENTS_MOST;
    for (;;) {
        do close_closing(sockets);
        while (!queue_settle(&sockets->closing));
        int ready = epoll_wait(sockets->epoll, events, (int)capacity, -1);
        if (ready < 0 && errno != EINTR) return 0;
        size_t count = 0;
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr == sockets) return 0;
            if (events[i].data.ptr != &sockets->closing) out[count++] = events[i].data.ptr;
        }
        if (count > 0) return count;
    }
}

void sockets_ignore(struct sockets *sockets, const struct udp_socket *socket) {
    (void)epoll_ctl(sockets->epoll, EPOLL_CTL_DEL, socket->descriptor, NULL);
}
