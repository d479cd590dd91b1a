#include "bootnode/cluster/board.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bootnode/cluster/board_process.h"
#include "common/clock.h"
#include "common/log.h"

#define AREA "cluster"
#define PAIR_BYTES                                                                                                     \
    (1 << 20)              /* what waits in it each way, as far as the kernel lets us: a beacon of each of 256 nodes */
#define REFUSED_SECONDS 10 /* between two lines of the log about them */
#define CHANGES_A_SECOND 2 /* lines about NATS that comes, and that goes; it takes the process longer */
#define PACKETS_A_TAKE 64  /* of those that tell nothing */

static bool await(int socket, short events, int wait_ms) {
    struct pollfd wanted = {.fd = socket, .events = events};
    int count;
    do count = poll(&wanted, 1, wait_ms);
    while (count < 0 && errno == EINTR);
    return count > 0;
}

/* --- Its life --- */

/* What comes first. */
static bool await_files(struct board *board, struct why *why) {
    uint8_t data[BOARD_PACKET_MAX];
    struct board_packet packet;
    ssize_t size = await(board->socket, POLLIN, BOARD_START_MS) ? recv(board->socket, data, sizeof data, 0) : -1;
    if (size <= 0 || !board_pair_decode(data, (size_t)size, &packet))
        return why_fail(why, "the process for NATS does not start");
    return packet.type == BOARD_PACKET_READY || why_fail(why, "%s", packet.text);
}

bool board_start(struct board *board, const struct bootnode_config *config, int argc, char **argv, struct why *why) {
    int ends[2];
    *board = (struct board){.socket = -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return why_fail(why, "cannot start the process for NATS: %s", strerror(errno));
    for (size_t i = 0; i < 2; i++) (void)setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &(int){PAIR_BYTES}, sizeof(int));
    pid_t process = fork();
    if (process == 0) board_process_main(ends[1], config, argc, argv);
    close(ends[1]);
    board->socket = ends[0];
    if (process < 0) why_fail(why, "cannot start the process for NATS: %s", strerror(errno));
    board->process = process > 0 ? process : 0;
    if (process > 0 && await_files(board, why)) return true;
    board_stop(board);
    return false;
}

/* A socket that is closed is all that it needs to know; that its own end is closed is all that we need. The kernel
 * forgets it: nobody here takes leave of children (server.c ignores SIGCHLD). */
void board_stop(struct board *board) {
    if (board->process == 0 || board->socket < 0) return;
    uint8_t data[BOARD_PACKET_MAX];
    uint64_t end = clock_monotonic_ms() + BOARD_STOP_MS;
    (void)shutdown(board->socket, SHUT_WR);
    for (uint64_t now = clock_monotonic_ms(); now < end; now = clock_monotonic_ms())
        if (await(board->socket, POLLIN, (int)(end - now)) && recv(board->socket, data, sizeof data, 0) <= 0) break;
    close(board->socket);
    board->socket = -1;
    board->connected = false;
}

int board_descriptor(const struct board *board) {
    return board->socket;
}

bool board_is_connected(const struct board *board) {
    return board->connected;
}

/* --- What it says --- */

static void tell_refused(struct board *board, const struct board_packet *packet) {
    static struct log_limit limit;
    board->refused += packet->count;
    log_seldom(&limit, REFUSED_SECONDS, LOG_LEVEL_WARNING, AREA, "NATS: %s (%llu in all)", packet->text,
               (unsigned long long)board->refused);
}

static enum board_news_kind end(struct board *board) {
    log_error(AREA, "the process for NATS has ended, and so has the one that would start it anew: NATS counts as away "
                    "until the bootnode is started anew, and who lives is found out without it");
    close(board->socket);
    board->socket = -1;
    board->connected = false;
    return BOARD_ENDED;
}

/* NATS comes or goes; its process dies, and is started anew. What makes that so may do it again and again. */
static enum board_news_kind take_change(struct board *board, const struct board_packet *packet,
                                        struct board_news *out) {
    static struct log_limit limits[BOARD_PACKET_TYPES];
    struct log_limit *limit = &limits[packet->type];
    board->connected = packet->type == BOARD_PACKET_THERE;
    board->deaths += packet->type == BOARD_PACKET_DIED;
    memcpy(out->text, packet->text, sizeof out->text);
    if (packet->type == BOARD_PACKET_THERE)
        log_limited(limit, CHANGES_A_SECOND, LOG_LEVEL_INFO, AREA, "NATS is there: %s", packet->text);
    else if (packet->type == BOARD_PACKET_AWAY)
        log_limited(limit, CHANGES_A_SECOND, LOG_LEVEL_WARNING, AREA,
                    "NATS is away: %s; who lives is found out without it", packet->text);
    else
        log_limited(limit, CHANGES_A_SECOND, LOG_LEVEL_ERROR, AREA, "%s; who lives is found out without NATS",
                    packet->text);
    return board->connected ? BOARD_CONNECTED : BOARD_DISCONNECTED;
}

static enum board_news_kind take_packet(struct board *board, const struct board_packet *packet,
                                        struct board_news *out) {
    switch (packet->type) {
    case BOARD_PACKET_THERE:
    case BOARD_PACKET_AWAY:
    case BOARD_PACKET_DIED: return take_change(board, packet, out);
    case BOARD_PACKET_HEARD:
        board->heard++;
        out->message = packet->message;
        return BOARD_HEARD;
    case BOARD_PACKET_REFUSED: tell_refused(board, packet); break;
    case BOARD_PACKET_LOST: board->lost += packet->count; break;
    default: break;
    }
    return BOARD_NOTHING;
}

/* False where there is nothing for now. */
static bool receive(struct board *board, struct board_packet *packet, bool *ended) {
    uint8_t data[BOARD_PACKET_MAX];
    ssize_t size;
    do size = recv(board->socket, data, sizeof data, MSG_DONTWAIT | MSG_TRUNC);
    while (size < 0 && errno == EINTR);
    *ended = size == 0 || (size < 0 && errno != EAGAIN);
    if (size <= 0) return false;
    if ((size_t)size > sizeof data || !board_pair_decode(data, (size_t)size, packet)) packet->type = BOARD_PACKET_READY;
    return true;
}

enum board_news_kind board_take(struct board *board, struct board_news *out) {
    struct board_packet packet;
    bool ended = false;
    out->kind = BOARD_NOTHING;
    if (board->socket < 0) return BOARD_NOTHING;
    for (unsigned i = 0; i < PACKETS_A_TAKE && out->kind == BOARD_NOTHING && receive(board, &packet, &ended); i++)
        out->kind = take_packet(board, &packet, out);
    if (ended) out->kind = end(board);
    return out->kind;
}

bool board_publish(struct board *board, enum board_subject subject, const void *data, size_t size) {
    struct board_packet packet = {.type = BOARD_PACKET_PUBLISH,
                                  .message = {.subject = subject, .at_ms = clock_monotonic_ms(), .size = size}};
    uint8_t bytes[BOARD_PACKET_MAX];
    bool sent = false;
    if (board->connected && size <= BOARD_MESSAGE_MAX) {
        memcpy(packet.message.data, data, size);
        sent = send(board->socket, bytes, board_pair_encode(&packet, bytes), MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
    }
    board->published += sent;
    board->dropped += !sent;
    return sent;
}
