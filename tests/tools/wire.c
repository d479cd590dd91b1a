/* wire [OPTION…] DEVICE DEVICE: a wire between two network devices that no bridge has. Each Ethernet frame that comes
 * in at one goes out at the other, in a weather that is the same both ways:
 *
 *     --delay MS            every frame takes that long
 *     --jitter MS           and up to that much longer, by chance; the order stays
 *     --loss PERCENT        is lost, of those with IP in them: how the laboratory finds its own hosts is no part of it
 *     --duplicate PERCENT   goes twice
 *     --reorder PERCENT     is held back and overtaken, by up to half the delay (5 ms at least)
 *     --rate BYTES          a second go over the wire, one after the other (0: as fast as they come)
 *     --queue BYTES         may wait for their turn; more are lost
 *     --seed N              for the same chances again
 *     --owner PID           the wire ends with that process
 *     --report FILE         gets a line of statistics at the end
 *
 * It says "ready" when it passes frames, and ends on SIGTERM. Percentages and times may have a fraction. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/clock.h"

#define NS_PER_MS 1e6
#define NS_PER_SECOND 1e9
#define FRAME_MAX (65536 + sizeof(struct virtio_net_hdr)) /* what segmentation offload may hand over */
#define FRAMES_MAX 16384                                  /* under way in one direction */
#define HELD_BACK_MIN_MS 5
#define RECEIVE_BUFFER (8 << 20)
#define PRIORITY (-15)
#define DEFAULT_QUEUE 16384

struct weather {
    double delay_ms, jitter_ms, loss, duplicate, reorder; /* the last three as shares of 1 */
    double rate, queue;                                   /* bytes a second; bytes */
};

struct frame {
    TAILQ_ENTRY(frame) link;
    uint64_t due_ns;
    size_t size;
    uint8_t bytes[];
};
TAILQ_HEAD(frames, frame);

struct direction {
    int from, to; /* packet sockets */
    struct frames under_way;
    size_t count;
    uint64_t last_due_ns; /* of those in order */
    uint64_t free_at_ns;  /* when the last one has gone over the wire, with a rate */
    uint64_t passed, lost, overflowed, duplicated, reordered;
};

enum source { FROM_FIRST, FROM_SECOND, TIMER, SIGNAL, OWNER };

struct wire {
    struct weather weather;
    struct direction directions[2];
    int epoll, timer;
    const char *report;
};

static void fail(const char *what) {
    fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static bool chance(double share) {
    return share > 0 && drand48() < share;
}

/* --- Frames under way --------------------------------------------------------------------------------------------- */

/* Sorted by time: all but those held back go to the end. */
static void insert(struct direction *direction, struct frame *frame) {
    struct frame *before = TAILQ_LAST(&direction->under_way, frames);
    while (before && before->due_ns > frame->due_ns) before = TAILQ_PREV(before, frames, link);
    if (before)
        TAILQ_INSERT_AFTER(&direction->under_way, before, frame, link);
    else
        TAILQ_INSERT_HEAD(&direction->under_way, frame, link);
    direction->count++;
}

/* When a frame of this size has gone over the wire, or 0 if it finds the queue full. */
static uint64_t over_the_wire_at(const struct weather *weather, struct direction *direction, size_t size,
                                 uint64_t now) {
    if (weather->rate <= 0) return now;
    if (direction->free_at_ns < now) direction->free_at_ns = now;
    double waiting = (double)(direction->free_at_ns - now) * weather->rate / NS_PER_SECOND;
    if (waiting + (double)size > weather->queue) return 0;
    direction->free_at_ns += (uint64_t)((double)size * NS_PER_SECOND / weather->rate);
    return direction->free_at_ns;
}

static uint64_t arrives_at(const struct weather *weather, struct direction *direction, uint64_t sent_at) {
    uint64_t due = sent_at + (uint64_t)((weather->delay_ms + drand48() * weather->jitter_ms) * NS_PER_MS);
    if (chance(weather->reorder)) {
        double most_ms = weather->delay_ms / 2 > HELD_BACK_MIN_MS ? weather->delay_ms / 2 : HELD_BACK_MIN_MS;
        direction->reordered++;
        return due + (uint64_t)(drand48() * most_ms * NS_PER_MS);
    }
    if (due < direction->last_due_ns) due = direction->last_due_ns;
    return direction->last_due_ns = due;
}

static void put(const struct weather *weather, struct direction *direction, const uint8_t *bytes, size_t size) {
    uint64_t sent_at = over_the_wire_at(weather, direction, size - sizeof(struct virtio_net_hdr), clock_monotonic_ns());
    struct frame *frame = sent_at && direction->count < FRAMES_MAX ? malloc(sizeof *frame + size) : NULL;
    if (!frame) {
        direction->overflowed++;
        return;
    }
    *frame = (struct frame){.due_ns = arrives_at(weather, direction, sent_at), .size = size};
    memcpy(frame->bytes, bytes, size);
    insert(direction, frame);
}

static bool carries_ip(const uint8_t *bytes, size_t size) {
    struct ether_header header;
    if (size < sizeof(struct virtio_net_hdr) + sizeof header) return false;
    memcpy(&header, bytes + sizeof(struct virtio_net_hdr), sizeof header);
    return header.ether_type == htons(ETHERTYPE_IP) || header.ether_type == htons(ETHERTYPE_IPV6);
}

static void take_in(const struct weather *weather, struct direction *direction) {
    uint8_t bytes[FRAME_MAX];
    ssize_t size;
    while ((size = recv(direction->from, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
        if (carries_ip(bytes, (size_t)size) && chance(weather->loss)) {
            direction->lost++;
            continue;
        }
        put(weather, direction, bytes, (size_t)size);
        if (!chance(weather->duplicate)) continue;
        direction->duplicated++;
        put(weather, direction, bytes, (size_t)size);
    }
}

static void give_out(struct direction *direction, uint64_t now) {
    struct frame *frame;
    while ((frame = TAILQ_FIRST(&direction->under_way)) && frame->due_ns <= now) {
        if (send(direction->to, frame->bytes, frame->size, MSG_DONTWAIT) < 0)
            direction->overflowed++;
        else
            direction->passed++;
        TAILQ_REMOVE(&direction->under_way, frame, link);
        direction->count--;
        free(frame);
    }
}

static void set_timer(const struct wire *wire) {
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < 2; i++) {
        const struct frame *first = TAILQ_FIRST(&wire->directions[i].under_way);
        if (first && first->due_ns < next) next = first->due_ns;
    }
    struct itimerspec at = {0};
    if (next != UINT64_MAX) {
        at.it_value.tv_sec = (time_t)(next / (uint64_t)NS_PER_SECOND);
        at.it_value.tv_nsec = (long)(next % (uint64_t)NS_PER_SECOND);
    }
    if (timerfd_settime(wire->timer, TFD_TIMER_ABSTIME, &at, NULL) < 0) fail("timer");
}

/* --- Setting up --------------------------------------------------------------------------------------------------- */

/* With the header of virtio in front, checksums and segmentation that the sender left to its device are left to the
 * next one. */
static int open_device(const char *name) {
    int socket_ = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (socket_ < 0) fail("a packet socket");
    const int one = 1, size = RECEIVE_BUFFER;
    if (setsockopt(socket_, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one) < 0 ||
        setsockopt(socket_, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) < 0)
        fail("options of a packet socket");
    if (setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
        (void)setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    at.sll_ifindex = (int)if_nametoindex(name);
    if (at.sll_ifindex == 0 || bind(socket_, (const struct sockaddr *)&at, sizeof at) < 0) fail(name);
    return socket_;
}

static void watch(const struct wire *wire, int handle, enum source source) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = source};
    if (handle < 0 || epoll_ctl(wire->epoll, EPOLL_CTL_ADD, handle, &event) < 0) fail("what to watch");
}

static int open_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static void open_wire(struct wire *wire, char **devices, pid_t owner) {
    const int sockets[2] = {open_device(devices[0]), open_device(devices[1])};
    wire->epoll = epoll_create1(EPOLL_CLOEXEC);
    wire->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    for (size_t i = 0; i < 2; i++) {
        wire->directions[i] = (struct direction){.from = sockets[i], .to = sockets[1 - i]};
        TAILQ_INIT(&wire->directions[i].under_way);
        watch(wire, sockets[i], i == 0 ? FROM_FIRST : FROM_SECOND);
    }
    watch(wire, wire->timer, TIMER);
    watch(wire, open_signals(), SIGNAL);
    if (owner > 0) watch(wire, (int)syscall(SYS_pidfd_open, owner, 0), OWNER);
}

/* --- Running ------------------------------------------------------------------------------------------------------ */

static void run(struct wire *wire) {
    while (true) {
        struct epoll_event events[OWNER + 1];
        int count = epoll_wait(wire->epoll, events, OWNER + 1, -1);
        for (int i = 0; i < count; i++) {
            enum source source = events[i].data.u32;
            if (source == SIGNAL || source == OWNER) return;
            if (source != TIMER) take_in(&wire->weather, &wire->directions[source]);
        }
        uint64_t now = clock_monotonic_ns();
        for (size_t i = 0; i < 2; i++) give_out(&wire->directions[i], now);
        set_timer(wire);
    }
}

static void close_wire(struct wire *wire) {
    for (size_t i = 0; i < 2; i++) {
        struct direction *direction = &wire->directions[i];
        for (struct frame *frame; (frame = TAILQ_FIRST(&direction->under_way));) {
            TAILQ_REMOVE(&direction->under_way, frame, link);
            free(frame);
        }
    }
}

static void report(const struct wire *wire, const char *file) {
    FILE *out = fopen(file, "w");
    if (!out) fail(file);
    for (size_t i = 0; i < 2; i++) {
        const struct direction *way = &wire->directions[i];
        fprintf(out, "%s passed %" PRIu64 " lost %" PRIu64 " overflowed %" PRIu64, i ? " back:" : "there:", way->passed,
                way->lost, way->overflowed);
        fprintf(out, " duplicated %" PRIu64 " reordered %" PRIu64, way->duplicated, way->reordered);
    }
    fputc('\n', out);
    fclose(out);
}

/* --- Options ------------------------------------------------------------------------------------------------------ */

__attribute__((noreturn)) static void usage(void) {
    fputs("usage: wire [--delay MS] [--jitter MS] [--loss PERCENT] [--duplicate PERCENT] [--reorder PERCENT]\n"
          "            [--rate BYTES] [--queue BYTES] [--seed N] [--owner PID] [--report FILE] DEVICE DEVICE\n",
          stderr);
    exit(2);
}

static double number(const char *text, double most) {
    char *end;
    double value = strtod(text, &end);
    if (end != text && !*end && value >= 0 && value <= most) return value;
    fprintf(stderr, "wire: a number from 0 to %g was expected, not \"%s\"\n", most, text);
    exit(2);
}

int main(int argc, char **argv) {
    enum { DELAY, JITTER, LOSS, DUPLICATE, REORDER, RATE, QUEUE, SEED, OWNER_PID, NUMBERS, REPORT = NUMBERS };
    static const double most[NUMBERS] = {60000, 60000, 100, 100, 100, 1e10, 1e9, 2147483647, 2147483647};
    static const struct option options[] = {
        {"delay", 1, NULL, DELAY},
        {"jitter", 1, NULL, JITTER},
        {"loss", 1, NULL, LOSS},
        {"reorder", 1, NULL, REORDER},
        {"rate", 1, NULL, RATE},
        {"queue", 1, NULL, QUEUE},
        {"seed", 1, NULL, SEED},
        {"owner", 1, NULL, OWNER_PID},
        {"duplicate", 1, NULL, DUPLICATE},
        {"report", 1, NULL, REPORT},
        {NULL, 0, NULL, 0},
    };
    double values[NUMBERS] = {[QUEUE] = DEFAULT_QUEUE, [SEED] = 1};
    struct wire wire = {.report = NULL};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) >= 0;) {
        if (option > REPORT) usage();
        if (option == REPORT)
            wire.report = optarg;
        else
            values[option] = number(optarg, most[option]);
    }
    if (argc - optind != 2) usage();
    wire.weather = (struct weather){.delay_ms = values[DELAY],
                                    .jitter_ms = values[JITTER],
                                    .loss = values[LOSS] / 100,
                                    .duplicate = values[DUPLICATE] / 100,
                                    .reorder = values[REORDER] / 100,
                                    .rate = values[RATE],
                                    .queue = values[QUEUE]};
    srand48((long)values[SEED]);
    open_wire(&wire, argv + optind, (pid_t)values[OWNER_PID]);
    /* No processor that is busy makes a wire slower. Where that is not allowed, it is as good as it can be. */
    (void)setpriority(PRIO_PROCESS, 0, PRIORITY);
    puts("ready");
    fflush(stdout);
    run(&wire);
    if (wire.report) report(&wire, wire.report);
    close_wire(&wire);
    return EXIT_SUCCESS;
}
