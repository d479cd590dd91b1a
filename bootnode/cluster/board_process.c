#include "bootnode/cluster/board_process.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bootnode/cluster/board_files.h"
#include "bootnode/cluster/board_keeper.h"
#include "bootnode/cluster/board_link.h"
#include "common/apart.h"
#include "common/clock.h"
#include "common/dumps.h"
#include "common/sandbox/privileges.h"
#include "common/sandbox/sandbox.h"
#include "common/sanitizers.h"
#include "common/why.h"

#define NAME "gochat-board"
#define WATCH_MS 1000
#define STALE_MS 1000 /* what waited longer to be published is not: nothing comes late by us */

#ifdef GOCHAT_SANITIZED
#define MEMORY_MAX RLIM_INFINITY /* sanitizers take what they like */
#else
#define MEMORY_MAX ((rlim_t)256 << 20) /* ten times what it has */
#endif
#define STACK_SIZE ((size_t)2 << 20) /* of each of libnats's threads, which have what `ulimit -s` says otherwise */

static int pair; /* APART_SOCKET, once it is apart */

static void say(enum board_packet_type type, const char *text) {
    static struct board_packet packet;
    uint8_t data[BOARD_PACKET_MAX];
    packet.type = type;
    snprintf(packet.text, sizeof packet.text, "%s", text);
    (void)send(pair, data, board_pair_encode(&packet, data), MSG_NOSIGNAL);
}

static _Noreturn void give_up(const char *why) {
    say(BOARD_PACKET_FAILED, why);
    _exit(EXIT_FAILURE);
}

static void become_user(const char *named) {
    struct privileges_user user;
    struct why why;
    if (*named == '\0') return;
    if (!privileges_find(named, &user, &why) || !privileges_become(&user, &why)) give_up(why.text);
    dumps_forbid(); /* the kernel forgets it with the user */
}

/* Those of the machine are found by OpenSSL itself; where others are named no more count. */
static void trust(struct places *places, const struct board_files *files) {
    static const char *const of_machine[] = {"/usr/lib/ssl", "/usr/share/ca-certificates",
                                             "/usr/local/share/ca-certificates"};
    if (files->ca) {
        (void)setenv("SSL_CERT_FILE", "/dev/null/none", 1);
        (void)setenv("SSL_CERT_DIR", "/dev/null/none", 1);
        return;
    }
    for (size_t i = 0; i < sizeof of_machine / sizeof *of_machine; i++)
        places_add(places, of_machine[i], strlen(of_machine[i]), LANDLOCK_READS);
}

/* False without memory, or where the kernel has no such thing and the settings want it. */
static bool shut_off(const struct bootnode_config *config, const struct board_files *files) {
    struct places *places = places_create();
    if (!places) return false;
    apart_add_resolver(places);
    trust(places, files);
    if (files->chained) places_add_folder_of(places, files->chained, LANDLOCK_READS);
    const struct sandbox sandbox = {.calls = SYSCALLS_READS | SYSCALLS_SOCKETS | SYSCALLS_STREAMS | SYSCALLS_LIBRARIES,
                                    .places = places->items,
                                    .place_count = places->count,
                                    .choice = (enum sandbox_choice)config->sandbox};
    const bool entered = sandbox_enter(&sandbox);
    places_free(places);
    return entered;
}

/* libnats makes room for whatever size a server says that a message has, up to 2 GiB, and the machine's memory would go
 * to a server that lies. Refused, it closes the connection, and the next server is asked. */
static void bound_memory(void) {
    struct rlimit limit;
    pthread_attr_t threads;
    if (pthread_attr_init(&threads) == 0) {
        (void)pthread_attr_setstacksize(&threads, STACK_SIZE);
        (void)pthread_setattr_default_np(&threads);
        pthread_attr_destroy(&threads);
    }
    if (getrlimit(RLIMIT_DATA, &limit) != 0) return;
    if (limit.rlim_max > MEMORY_MAX) limit.rlim_max = MEMORY_MAX;
    if (limit.rlim_cur > MEMORY_MAX) limit.rlim_cur = MEMORY_MAX;
    (void)setrlimit(RLIMIT_DATA, &limit);
}

/* False at the end of the pair. */
static bool take_packet(struct board_link *link) {
    uint8_t data[BOARD_PACKET_MAX];
    struct board_packet packet;
    ssize_t size = recv(pair, data, sizeof data, MSG_DONTWAIT);
    if (size <= 0) return size < 0 && (errno == EINTR || errno == EAGAIN);
    if (!board_pair_decode(data, (size_t)size, &packet) || packet.type != BOARD_PACKET_PUBLISH) return true;
    if (clock_monotonic_ms() - packet.message.at_ms <= STALE_MS) board_link_publish(link, &packet.message);
    return true;
}

static void serve(struct board_link *link) {
    struct pollfd wanted = {.fd = pair, .events = POLLIN};
    uint64_t watched = 0;
    for (;;) {
        int count = poll(&wanted, 1, WATCH_MS);
        if (count < 0 && errno != EINTR) return;
        if (count > 0 && !take_packet(link)) return;
        uint64_t now = clock_monotonic_ms();
        if (now - watched < WATCH_MS) continue;
        watched = now;
        board_link_watch(link);
    }
}

struct task {
    const struct bootnode_config *config;
    const struct board_files *files;
};

/* Each time in a process of its own. */
static void work(void *context) {
    const struct task *task = context;
    bound_memory();
    if (!shut_off(task->config, task->files)) give_up("the process for NATS cannot enter its sandbox");
    say(BOARD_PACKET_READY, ""); /* before the link says that NATS is away */
    struct board_link *link = board_link_start(pair, task->config, task->files);
    if (!link) give_up(strerror(ENOMEM));
    serve(link);
    _exit(EXIT_SUCCESS);
}

/* Files first, since their paths may be relative, and it moves to the root. */
void board_process_main(int socket, const struct bootnode_config *config, int argc, char **argv) {
    static struct board_files files;
    struct why why;
    pair = socket;
    become_user(config->user);
    if (!board_files_read(config, &files, &why)) give_up(why.text);
    apart_leave(socket, NAME, config->sandbox == SANDBOX_TELLS, argc, argv);
    pair = APART_SOCKET;
    board_keeper_run(pair, work, &(struct task){config, &files});
}
