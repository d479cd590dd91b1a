/* The floor: the least that any UDP server does, and so the yardstick of the others. It receives datagrams in batches
 * and, with --echo, sends each back to where it came from: no look at the bytes, no control messages, no time.
 *
 * Kept tight, so that nobody is flattered by it. Names and vectors are made ready once: the kernel writes back the
 * length that the name has anyway. It waits in a blocking recvmmsg, which ends with what is there (MSG_WAITFORONE):
 * waiting in epoll took 0 to 15 % more processor time per datagram, and never less. Batches of 32, 64 and 128 cost the
 * same within the noise. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/udp.h"
#include "common/why.h"

#define BATCH_MAX 1024
#define RECEIVE_BUFFER 4194304 /* as the bootnode's receive_buffer */
#define USAGE "usage: floor [--echo] --listen ADDR:PORT [--batch 1-1024] [--size BYTES]"

struct options {
    struct address listen;
    bool echo;
    unsigned batch;
    size_t size; /* of the largest datagram */
};

struct floor {
    int socket;
    unsigned batch;
    size_t size;
    struct mmsghdr messages[BATCH_MAX];
    struct iovec vectors[BATCH_MAX];
    struct sockaddr_in6 names[BATCH_MAX];
    uint8_t *buffers;
    unsigned long long received, sent;
};

static volatile sig_atomic_t stopping;

static void stop(int number) {
    (void)number;
    stopping = 1;
}

static bool parse_number(const char *text, unsigned long max, unsigned long *out) {
    char *end;
    *out = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && *out >= 1 && *out <= max;
}

static bool parse_options(int argc, char **argv, struct options *out) {
    static const struct option names[] = {{"echo", no_argument, NULL, 'e'},
                                          {"listen", required_argument, NULL, 'l'},
                                          {"batch", required_argument, NULL, 'b'},
                                          {"size", required_argument, NULL, 's'},
                                          {NULL, 0, NULL, 0}};
    unsigned long batch = 64, size = UDP_DATAGRAM_MAX;
    bool listens = false, valid = true;
    *out = (struct options){.echo = false};
    for (int name; valid && (name = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        if (name == 'e') out->echo = true;
        if (name == 'l') listens = valid = address_parse(optarg, 0, &out->listen);
        if (name == 'b') valid = parse_number(optarg, BATCH_MAX, &batch);
        if (name == 's') valid = parse_number(optarg, 65535, &size);
        if (name == '?') valid = false;
    }
    out->batch = (unsigned)batch;
    out->size = size;
    return valid && listens && optind == argc;
}

/* With a time-out, so that a signal just before the call is noticed. */
static int open_socket(const struct address *listen) {
    const struct udp_options options = {.receive_buffer = RECEIVE_BUFFER};
    const struct timeval patience = {.tv_sec = 1};
    struct why why;
    int descriptor = udp_open(listen, &options, &why);
    if (descriptor < 0) {
        fprintf(stderr, "floor: %s\n", why.text);
        return -1;
    }
    (void)fcntl(descriptor, F_SETFL, 0);
    (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return descriptor;
}

static bool make_ready(struct floor *floor, const struct options *options) {
    bool ipv4 = address_is_ipv4(&options->listen);
    floor->batch = options->batch;
    floor->size = options->size;
    floor->buffers = malloc(options->batch * options->size);
    if (!floor->buffers) return false;
    for (unsigned i = 0; i < options->batch; i++) {
        floor->vectors[i] = (struct iovec){.iov_base = floor->buffers + i * options->size, .iov_len = options->size};
        floor->messages[i].msg_hdr =
            (struct msghdr){.msg_name = &floor->names[i],
                            .msg_namelen = ipv4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6),
                            .msg_iov = &floor->vectors[i],
                            .msg_iovlen = 1};
    }
    return true;
}

/* Returns how many came; 0 when none did. */
static unsigned receive(struct floor *floor) {
    int count = recvmmsg(floor->socket, floor->messages, floor->batch, MSG_WAITFORONE, NULL);
    if (count < 0) return 0;
    floor->received += (unsigned)count;
    return (unsigned)count;
}

static void send_back(struct floor *floor, unsigned count) {
    for (unsigned i = 0; i < count; i++) floor->vectors[i].iov_len = floor->messages[i].msg_len;
    for (unsigned at = 0; at < count;) {
        int sent = sendmmsg(floor->socket, floor->messages + at, count - at, 0);
        if (sent > 0) floor->sent += (unsigned)sent;
        at += sent > 0 ? (unsigned)sent : 1; /* what cannot be sent is dropped */
    }
    for (unsigned i = 0; i < count; i++) floor->vectors[i].iov_len = floor->size;
}

static void run(struct floor *floor, bool echo) {
    while (!stopping) {
        unsigned count = receive(floor);
        if (echo) send_back(floor, count);
    }
}

/* No SA_RESTART: the signal ends the waiting. */
static void catch_signals(void) {
    const struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

static void announce(int socket) {
    struct address bound;
    char text[ADDRESS_TEXT_SIZE];
    if (!udp_bound(socket, &bound)) return;
    printf("floor: listening on %s\n", address_format(&bound, text));
    fflush(stdout);
}

int main(int argc, char **argv) {
    static struct floor floor;
    struct options options;
    if (!parse_options(argc, argv, &options)) {
        fputs(USAGE "\n", stderr);
        return 2;
    }
    floor.socket = open_socket(&options.listen);
    if (floor.socket < 0) return 1;
    if (!make_ready(&floor, &options)) {
        fputs("floor: out of memory\n", stderr);
        return 1;
    }
    catch_signals();
    announce(floor.socket);
    run(&floor, options.echo);
    printf("floor: received %llu sent %llu\n", floor.received, floor.sent);
    free(floor.buffers);
    close(floor.socket);
    return 0;
}
