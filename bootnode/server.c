#include "bootnode/server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <sodium.h>

#include "bootnode/listening.h"
#include "bootnode/node.h"
#include "bootnode/node_key.h"
#include "bootnode/ops/http.h"
#include "bootnode/ops/placement.h"
#include "bootnode/outside.h"
#include "bootnode/reaper.h"
#include "bootnode/steering.h"
#include "bootnode/worker.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/why.h"

#define AREA "bootnode"
#define RECLAIMER_NICE 19
#define DRAIN_MS 2000 /* how long the sessions' NOTICEs may take at most */

/* What was made is torn down, in reverse. The main thread is a reader of RCU, as the tables ask for, but offline
 * whenever it may block. */
struct server {
    const struct bootnode_config *config;
    struct node node;
    bool has_node;
    struct worker *workers;
    size_t worker_count; /* initialised; they want worker_destroy */
    struct address bound[BOOTNODE_LISTENERS_MAX];
    size_t bound_count, listening_count; /* the first are those of `listen` */
    struct reaper reaper;
    bool has_reaper;
    struct http http;
    int signals; /* signalfd */
    int drained; /* eventfd: workers that told every session */
};

static bool failed(const char *what, int error) {
    log_error(AREA, "%s: %s", what, strerror(error));
    return false;
}

/* Blocked before any thread starts, so that all of them inherit it. SIGUSR1 is no use: liburcu's hash tables run a
 * thread that unblocks it, because another flavour of RCU uses it. Ignored, it does at least no harm. Nor does a reader
 * of our log who went away. */
static bool open_events(struct server *server) {
    static const int taken[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR2};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) sigaddset(&set, taken[i]);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGUSR1, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    server->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    server->drained = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return (server->signals >= 0 && server->drained >= 0) || failed("cannot open events", errno);
}

/* The usual soft limit is there for select(2), which nothing here uses; each worker wants three files and one for every
 * listen address. */
static void raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static bool make_node(struct server *server) {
    char file[INI_TEXT_SIZE];
    struct node_key key;
    struct why why;
    snprintf(file, sizeof file, "%s", server->config->key_file);
    if ((*file == '\0' && !node_key_default_file(file, sizeof file, &why)) || !node_key_open(file, &key, &why)) {
        log_error(AREA, "%s", why.text);
        return false;
    }
    server->has_node =
        node_init(&server->node, server->config, &key, bootnode_config_workers(server->config), clock_monotonic_ms());
    rcu_reader_offline();
    node_key_wipe(&key);
    if (server->has_node && server->node.outside.count == 0) outside_learn(&server->node.outside);
    return server->has_node || failed("cannot make the tables", ENOMEM);
}

static bool make_workers(struct server *server) {
    size_t count = server->node.shard_count;
    server->workers = aligned_alloc(_Alignof(struct worker), count * sizeof *server->workers);
    if (!server->workers) return failed("cannot make the workers", ENOMEM);
    for (size_t i = 0; i < count; i++) {
        int error = worker_init(&server->workers[server->worker_count++], &server->node, i, server->drained);
        if (error != 0) return failed("cannot make a worker", -error);
    }
    return true;
}

/* Sockets of one user share a port without complaint once they ask to: so somebody who does not ask tries first. An
 * address that this machine does not have yet can be listened on all the same; it may be a typing mistake as well. */
static int try_to_listen(struct listening *item, struct why *why) {
    const struct udp_options options = {.ipv6_alone = item->ipv6_alone};
    char text[ADDRESS_TEXT_SIZE];
    int socket = udp_open(&item->address, &options, why);
    if (socket >= 0) close(socket);
    item->missing = socket == -EADDRNOTAVAIL && !address_is_unspecified(&item->address);
    if (!item->missing) return socket < 0 ? socket : 0;
    log_warning(AREA, "this machine has no address %s now, expected one of its own; it works as soon as it comes",
                address_format(&item->address, text));
    return 0;
}

/* The group's sockets in the order of the workers, which steering relies on. Where `listen` leaves the port to the
 * kernel, the first socket's port is everybody's; `bound` is what came of it. */
static int open_group(struct server *server, const struct listening *item, struct address *bound, struct why *why) {
    const struct udp_options options = {.reuse_port = true,
                                        .packet_info = true,
                                        .ipv6_alone = item->ipv6_alone,
                                        .not_here_yet = item->missing,
                                        .receive_buffer = (int)server->config->receive_buffer};
    int error = 0;
    *bound = item->address;
    for (size_t i = 0; i < server->worker_count && error == 0; i++) {
        int socket = udp_open(bound, &options, why);
        if (socket < 0) return socket;
        (void)udp_bound(socket, bound);
        error = worker_listen(&server->workers[i], socket);
        if (error != 0) why_fail(why, "cannot watch a socket: %s", strerror(-error));
        if (error == 0 && i + 1 == server->worker_count) {
            int steered = steering_attach(socket, server->worker_count);
            if (steered != 0) log_warning(AREA, "packets are not steered to their workers: %s", strerror(-steered));
        }
    }
    return error;
}

/* The listener of what is bound already, or a new one. */
static int open_corner(struct server *server, unsigned corner, struct why *why) {
    struct stun_alternate *stun = &server->node.stun;
    struct listening wanted = {.address = stun_alternate_bound(stun, corner)};
    size_t found = 0;
    while (found < server->bound_count && !address_equal(&server->bound[found], &wanted.address)) found++;
    stun->listeners[corner] = (uint8_t)found;
    if (found < server->bound_count) return 0;
    int error = try_to_listen(&wanted, why);
    return error != 0 ? error : open_group(server, &wanted, &server->bound[server->bound_count++], why);
}

/* Clients are told of this address; one that they cannot reach tells them less. */
static void warn_of_private_alternate(const struct server *server, const struct address *other, const char *text) {
    const struct address outer = public_address_of_local(&server->node.outside, other);
    if (address_classify(&outer) != ADDRESS_PRIVATE) return;
    log_warning(AREA, "stun_alternate %s is private, expected its public one in public_address if clients are outside",
                text);
}

/* True also where nobody wants one. */
static bool open_stun_alternate(struct server *server) {
    const struct ini_address_list *list = &server->config->stun_alternate;
    char text[ADDRESS_TEXT_SIZE];
    struct why why;
    if (list->count == 0) return true;
    const struct address *other = &list->items[0];
    address_format(other, text);
    if (!stun_alternate_choose(server->bound, server->bound_count, other, &server->node.stun)) {
        log_error(AREA, "stun_alternate %s: expected another address and another port than those listened on", text);
        return false;
    }
    if (address_is_unspecified(&server->node.stun.here) && !listening_is_here(other))
        log_warning(AREA, "stun_alternate %s: this machine has no such address now", text);
    int error = 0;
    for (unsigned corner = 1; corner < STUN_CORNERS && error == 0; corner++) error = open_corner(server, corner, &why);
    if (error != 0) log_error(AREA, "stun_alternate %s: %s", text, why.text);
    if (error == 0) log_info(AREA, "STUN tells how NATs behave, with %s", text);
    if (error == 0) warn_of_private_alternate(server, other, text);
    return error == 0;
}

/* Before anything is listened on, lest an address of ours takes the port of [::] or 0.0.0.0 away. False with the reason
 * in the log; what serves nothing is left out. */
static bool try_all(const struct ini_address_list *list, struct listening *items, size_t *count) {
    size_t kept = 0;
    struct why why;
    for (size_t i = 0; i < *count; i++) {
        struct listening item = items[i];
        int error = try_to_listen(&item, &why);
        bool no_ipv6 = address_is_unspecified(&item.address) && (error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL);
        if (no_ipv6 && !listening_without_ipv6(list, &item)) continue;
        if (no_ipv6) error = try_to_listen(&item, &why);
        if (error != 0) {
            log_error(AREA, "%s", why.text);
            return false;
        }
        items[kept++] = item;
    }
    *count = kept;
    return true;
}

static bool open_sockets(struct server *server) {
    const struct ini_address_list *list = &server->config->listen;
    struct listening items[INI_ADDRESS_LIST_MAX];
    struct why why;
    size_t count = listening_plan(list, items);
    if (!try_all(list, items, &count)) return false;
    for (size_t i = 0; i < count; i++) {
        if (open_group(server, &items[i], &server->bound[i], &why) != 0) {
            log_error(AREA, "%s", why.text);
            return false;
        }
        server->bound_count++;
    }
    server->listening_count = count;
    return open_stun_alternate(server);
}

/* It inherits this thread's priority, and no worker's single processor. The lowest there is: on a processor that all
 * share it must not run in the place of the reaper, for whose mutex a worker may be waiting. */
static void start_reclaimer(void *nothing) {
    (void)nothing;
    thread_give_way(RECLAIMER_NICE);
    rcu_start_reclaimer();
}

static bool start_threads(struct server *server) {
    struct thread starter;
    if (thread_start(&starter, "starter", false, start_reclaimer, NULL) == 0) thread_join(&starter);
    reaper_init(&server->reaper, server->node.shards, server->node.shard_count, &server->node.paused_ms,
                clock_monotonic_ms());
    int error = reaper_start(&server->reaper);
    server->has_reaper = error == 0;
    for (size_t i = 0; i < server->worker_count && error == 0; i++) error = worker_start(&server->workers[i]);
    if (error == 0 && server->config->pin_workers) placement_pin_workers(server->workers, server->worker_count);
    return error == 0 || failed("cannot start a thread", -error);
}

/* True also where nobody wants metrics. */
static bool start_http(struct server *server) {
    const struct ini_address_list *list = &server->config->metrics;
    const struct watched watched = {&server->node, server->workers, server->worker_count};
    char text[ADDRESS_TEXT_SIZE];
    struct why why;
    if (list->count == 0) return true;
    if (http_start(&server->http, &list->items[0], &watched, HTTP_PATIENCE_MS, &why) != 0) {
        log_error(AREA, "%s", why.text);
        return false;
    }
    address_format(&server->http.bound, text);
    log_info(AREA, "metrics on http://%s/metrics", text);
    if (address_classify(&server->http.bound) != ADDRESS_LOOPBACK)
        log_warning(AREA, "whoever reaches %s can read the metrics, expected a loopback address or a firewall", text);
    return true;
}

static void say_listening(const struct server *server) {
    char list[INI_ADDRESS_LIST_MAX * (ADDRESS_TEXT_SIZE + 2)] = "", text[ADDRESS_TEXT_SIZE], key[65];
    size_t size = 0;
    for (size_t i = 0; i < server->listening_count; i++)
        size += (size_t)snprintf(list + size, sizeof list - size, "%s%s", i > 0 ? ", " : "",
                                 address_format(&server->bound[i], text));
    sodium_bin2hex(key, sizeof key, server->node.key.public, sizeof server->node.key.public);
    log_info(AREA, "listening on %s, %zu workers, key %s", list, server->worker_count, key);
}

static void say_counters(const struct server *server) {
    for (enum counter which = 0; which < COUNTER_COUNT; which++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < server->worker_count; i++) sum += counters_read(&server->workers[i].counters, which);
        log_info(AREA, "%s %llu", counter_name(which), (unsigned long long)sum);
    }
}

/* What a signal wants of us. SIGHUP wants nothing. Who ends a bootnode by hand (SIGINT) means it; a service manager
 * says the same when it stops a program and when it restarts it. */
static enum node_fate take_signal(const struct server *server) {
    struct signalfd_siginfo info;
    if (read(server->signals, &info, sizeof info) != sizeof info) return NODE_SERVES;
    if (info.ssi_signo == SIGUSR2) say_counters(server);
    if (info.ssi_signo == SIGINT) return NODE_ENDS;
    return info.ssi_signo == SIGTERM ? NODE_RESTARTS : NODE_SERVES;
}

static enum node_fate serve(const struct server *server) {
    struct pollfd wanted = {.fd = server->signals, .events = POLLIN};
    enum node_fate fate;
    do (void)poll(&wanted, 1, -1);
    while ((fate = take_signal(server)) == NODE_SERVES);
    return fate;
}

/* Until all workers told their sessions, DRAIN_MS went by, or a second signal came. */
static void drain(struct server *server, enum node_fate fate) {
    struct pollfd wanted[] = {{.fd = server->drained, .events = POLLIN}, {.fd = server->signals, .events = POLLIN}};
    uint64_t deadline = clock_monotonic_ms() + DRAIN_MS, told = 0;
    log_info(AREA, fate == NODE_ENDS ? "draining, for good" : "draining, clients expect us back");
    atomic_store_explicit(&server->node.fate, fate, memory_order_relaxed);
    for (size_t i = 0; i < server->worker_count; i++) worker_wake(&server->workers[i]);
    while (told < server->worker_count) {
        uint64_t now = clock_monotonic_ms();
        eventfd_t more = 0;
        if (now >= deadline || poll(wanted, 2, (int)(deadline - now)) < 0) break;
        if (eventfd_read(server->drained, &more) == 0) told += more;
        if (take_signal(server) != NODE_SERVES) break;
    }
}

static void tear_down(struct server *server) {
    http_stop(&server->http);
    for (size_t i = server->worker_count; i-- > 0;) worker_stop(&server->workers[i]);
    if (server->has_reaper) reaper_stop(&server->reaper);
    while (server->worker_count > 0) worker_destroy(&server->workers[--server->worker_count]);
    free(server->workers);
    rcu_reader_online();
    if (server->has_node) node_destroy(&server->node);
    rcu_reader_offline();
    if (server->drained >= 0) close(server->drained);
    if (server->signals >= 0) close(server->signals);
}

int server_run(const struct bootnode_config *config) {
    struct server *server = calloc(1, sizeof *server);
    bool started = false;
    if (!server) return failed("cannot start", ENOMEM) ? EXIT_SUCCESS : EXIT_FAILURE;
    server->config = config;
    server->signals = server->drained = -1;
    rcu_reader_register();
    rcu_reader_offline();
    raise_file_limit();
    if (open_events(server) && make_node(server) && make_workers(server) && open_sockets(server) &&
        start_threads(server) && start_http(server)) {
        started = true;
        say_listening(server);
        drain(server, serve(server));
    }
    tear_down(server);
    rcu_reader_online();
    rcu_reader_unregister();
    free(server);
    if (started) log_info(AREA, "stopped");
    return started ? EXIT_SUCCESS : EXIT_FAILURE;
}
