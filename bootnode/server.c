#include "bootnode/server.h"

#include <errno.h>
#include <limits.h>
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

#include "bootnode/lame_duck.h"
#include "bootnode/liveness.h"
#include "bootnode/node.h"
#include "bootnode/node_key.h"
#include "bootnode/ops/http.h"
#include "bootnode/ops/limit_log.h"
#include "bootnode/ops/operations.h"
#include "bootnode/ops/placement.h"
#include "bootnode/ops/reload.h"
#include "bootnode/ops/service_manager.h"
#include "bootnode/outside.h"
#include "bootnode/reaper.h"
#include "bootnode/socket_groups.h"
#include "bootnode/worker.h"
#include "common/clock.h"
#include "common/dumps.h"
#include "common/home.h"
#include "common/log.h"
#include "common/memo.h"
#include "common/sandbox/places.h"
#include "common/sandbox/privileges.h"
#include "common/sandbox/sandbox.h"
#include "common/why.h"

#define AREA "bootnode"
#define RECLAIMER_NICE 19
#define FILES_PER_WORKER 2 /* epoll, and its bell */
#define FILES_BESIDE 48    /* the log, events, operators' connections, and some to spare */
#define DRAIN_MS 2000      /* how long the sessions' NOTICEs may take at most */
#define TEAR_DOWN_MS 20000 /* and what comes after them */
#define STATUS_EVERY_MS 10000

/* First all is opened that needs the machine (files, ports, rights); then the process shuts itself off from it; then
 * come tables and threads, which are nobody's but the sandbox's: the kernel keeps half of it by thread, and liburcu
 * starts some with the tables.
 *
 * What was made is torn down, in reverse. The main thread is a reader of RCU, as the tables ask for, but offline
 * whenever it may block. */
struct server {
    const struct bootnode_config *config;
    const struct bootnode_settings *source;
    struct node node;
    bool has_node;
    struct worker *workers;
    size_t worker_count;   /* initialised; they want worker_destroy */
    struct handed *handed; /* the caller's */
    struct socket_groups sockets;
    struct public_addresses outside;
    struct node_key key; /* until the node has it */
    struct reaper reaper;
    bool has_reaper;
    struct liveness_watch liveness;
    const char *stuck; /* as liveness_stuck said last */
    struct service_manager manager;
    uint64_t status_ms; /* monotonic, when it was told what people read of us */
    struct page_visits visits;
    struct http http;
    struct operations operations;
    pthread_mutex_t operating; /* held during each of them */
    struct limit_log limit_log;
    struct process_view process;
    int signals; /* signalfd */
    int drained; /* eventfd: workers that told every session */
    int called;  /* eventfd: somebody else than a signal wants something, as the next two say */
    atomic_bool drain_asked;
    _Atomic uint64_t drain_ms; /* for so long, or LAME_DUCK_AUTO */
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
    server->called = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return (server->signals >= 0 && server->drained >= 0 && server->called >= 0) || failed("cannot open events", errno);
}

/* The usual soft limit is there for select(2), which nothing here uses; each worker wants two files and one for every
 * lane of every listen address. */
static size_t raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return SIZE_MAX;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_max == RLIM_INFINITY ? SIZE_MAX : (size_t)limit.rlim_max;
}

/* Better now and by name than later at some socket. */
static bool has_files(const struct bootnode_config *config) {
    size_t workers = bootnode_config_workers(config), most = raise_file_limit();
    size_t listeners = config->listen.count + (config->stun_alternate.count > 0 ? STUN_CORNERS - 1 : 0);
    size_t wanted = workers * (listeners * LANE_COUNT + FILES_PER_WORKER) + FILES_BESIDE;
    if (wanted <= most) return true;
    log_error(
        AREA,
        "%zu workers with %zu addresses need %zu file descriptors, and this process may have %zu: expected a higher "
        "limit (LimitNOFILE= of the service, ulimit -n), or fewer workers",
        workers, listeners, wanted, most);
    return false;
}

static bool refuse(const struct why *why) {
    log_error(AREA, "%s", why->text);
    return false;
}

/* True also where nobody wants metrics. */
static bool open_http(struct server *server) {
    const struct ini_address_list *list = &server->config->metrics;
    struct why why;
    if (list->count == 0) return true;
    process_open(&server->process);
    return http_open(&server->http, &list->items[0], HTTP_PATIENCE_MS, &why) == 0 || refuse(&why);
}

/* From here on the files are that user's. */
static bool become_user(const struct server *server) {
    const char *named = server->config->user;
    struct privileges_user user;
    struct why why;
    if (*named == '\0') return true;
    if (privileges_find(named, &user, &why) && privileges_become(&user, &why)) {
        dumps_forbid(); /* the kernel forgets it with the user */
        return true;
    }
    log_error(AREA, "user = %s: %s", named, why.text);
    return false;
}

/* Clients remember the key and refuse another one, so that a new one is an event. */
static void tell_key(const char *file, const struct node_key *key, const struct node_key_story *story) {
    char public[65], before[65];
    sodium_bin2hex(public, sizeof public, key->public, sizeof key->public);
    sodium_bin2hex(before, sizeof before, story->before, sizeof story->before);
    switch (story->news) {
    case NODE_KEY_KNOWN: break;
    case NODE_KEY_MADE:
        log_warning(AREA, "made a new key, %s, in %s: keep a copy of that file, clients refuse any other key", public,
                    file);
        break;
    case NODE_KEY_LOST:
        log_error(AREA,
                  "key file %s was lost: it had the key %s. Made a new key, %s: clients that know the old one refuse "
                  "this bootnode until a copy of the old file is put back",
                  file, before, public);
        break;
    case NODE_KEY_CHANGED:
        log_warning(AREA,
                    "key file %s has another key, %s, than at the last start, %s: clients that know only that one "
                    "refuse this bootnode",
                    file, public, before);
        break;
    }
}

static bool open_key(struct server *server) {
    char file[INI_TEXT_SIZE];
    struct node_key_story story;
    struct why why;
    snprintf(file, sizeof file, "%s", server->config->key_file);
    if (*file == '\0' && !node_key_default_file(file, sizeof file, &why)) return refuse(&why);
    if (!node_key_open(file, &server->key, &story, &why)) return refuse(&why);
    tell_key(file, &server->key, &story);
    return true;
}

static void learn_outside(struct server *server) {
    if (public_address_parse(server->config->public_address, &server->outside) && server->outside.count == 0)
        outside_learn(&server->outside);
}

/* What a reload reads. Without a file there is none. */
static void add_places(const struct server *server, struct places *places) {
    char file[PATH_MAX];
    if (server->source->file && home_expand(server->source->file, file, sizeof file))
        places_add_folder_of(places, file, LANDLOCK_READS);
}

/* No file is opened any more but the settings, and no socket made. */
static bool enter_sandbox(const struct server *server) {
    struct places *places = places_create();
    if (!places) return failed("cannot enter the sandbox", ENOMEM);
    add_places(server, places);
    if (geteuid() == 0) log_warning(AREA, "runs as root, without root's capabilities; expected user = NAME");
    unsigned accepts = server->http.daemon ? SYSCALLS_ACCEPTS : 0, reads = places->count > 0 ? SYSCALLS_READS : 0;
    const struct sandbox sandbox = {.calls = accepts | reads,
                                    .places = places->items,
                                    .place_count = places->count,
                                    .choice = (enum sandbox_choice)server->config->sandbox};
    memo_seal();
    bool entered = sandbox_enter(&sandbox);
    places_free(places);
    return entered;
}

static bool make_node(struct server *server) {
    server->has_node =
        node_init(&server->node, server->config, &server->key, server->sockets.worker_count, clock_monotonic_ms());
    rcu_reader_offline();
    node_key_wipe(&server->key);
    if (!server->has_node) return failed("cannot make the tables", ENOMEM);
    server->node.outside = server->outside;
    server->node.stun = server->sockets.stun;
    memcpy(server->node.bound, server->sockets.bound, sizeof server->node.bound);
    server->node.steered = server->sockets.steered;
    socket_groups_warn_of_alternate(&server->sockets, &server->outside);
    return true;
}

static bool give_sockets(struct server *server, size_t index) {
    int error = 0, lanes[LANE_COUNT];
    for (size_t i = 0; i < server->sockets.bound_count && error == 0; i++) {
        socket_groups_take(&server->sockets, i, index, lanes);
        error = worker_listen(&server->workers[index], lanes);
    }
    return error == 0 || failed("cannot watch a socket", -error);
}

static bool make_workers(struct server *server) {
    size_t count = server->node.shard_count;
    server->workers = aligned_alloc(_Alignof(struct worker), count * sizeof *server->workers);
    if (!server->workers) return failed("cannot make the workers", ENOMEM);
    for (size_t i = 0; i < count; i++) {
        int error = worker_init(&server->workers[server->worker_count++], &server->node, i, server->drained);
        if (error != 0) return failed("cannot make a worker", -error);
        if (!give_sockets(server, i)) return false;
    }
    return true;
}

/* It inherits this thread's priority, and no worker's single processor. The lowest there is: on a processor that all
 * share it must not run in the place of the reaper, for whose mutex a worker may be waiting. */
static void start_reclaimer(void *nothing) {
    (void)nothing;
    thread_give_way(RECLAIMER_NICE);
    rcu_start_reclaimer();
}

static void watch_threads(struct server *server) {
    char name[LIVENESS_NAME_SIZE];
    liveness_watch_init(&server->liveness, clock_monotonic_ms());
    liveness_watch_add(&server->liveness, "reaper", &server->reaper.turned, -1);
    for (size_t i = 0; i < server->worker_count; i++) {
        const struct worker *worker = &server->workers[i];
        snprintf(name, sizeof name, "worker %zu", i);
        liveness_watch_add(&server->liveness, name, &worker->turned, worker->bell);
        snprintf(name, sizeof name, "announcer %zu", i);
        liveness_watch_add(&server->liveness, name, &worker->announced, -1);
    }
}

static bool start_threads(struct server *server) {
    struct thread starter;
    if (thread_start(&starter, "starter", false, start_reclaimer, NULL) == 0) thread_join(&starter);
    reaper_init(&server->reaper, server->node.shards, server->node.shard_count, server->node.steered,
                &server->node.pauses, clock_monotonic_ms());
    int error = reaper_start(&server->reaper);
    server->has_reaper = error == 0;
    for (size_t i = 0; i < server->worker_count && error == 0; i++) error = worker_start(&server->workers[i]);
    watch_threads(server);
    if (error == 0 && server->config->pin_workers) placement_pin_workers(server->workers, server->worker_count);
    return error == 0 || failed("cannot start a thread", -error);
}

static struct watched watched_of(struct server *server) {
    return (struct watched){&server->node,    server->workers,   server->worker_count,
                            &server->process, &server->liveness, &server->visits};
}

/* True also where nobody wants metrics. */
static bool start_http(struct server *server) {
    const struct watched watched = watched_of(server);
    char text[ADDRESS_TEXT_SIZE];
    if (!server->http.daemon) return true;
    int error = http_start(&server->http, &watched);
    if (error != 0) return failed("cannot start a thread", -error);
    address_format(&server->http.bound, text);
    log_info(AREA, "metrics on http://%s/metrics", text);
    if (address_classify(&server->http.bound) != ADDRESS_LOOPBACK)
        log_warning(AREA, "whoever reaches %s can read the metrics, expected a loopback address or a firewall", text);
    return true;
}

static void say_listening(const struct server *server) {
    char list[INI_ADDRESS_LIST_MAX * (ADDRESS_TEXT_SIZE + 2)], key[65];
    socket_groups_name(&server->sockets, list, sizeof list);
    sodium_bin2hex(key, sizeof key, server->node.key.public, sizeof server->node.key.public);
    log_info(AREA, "listening on %s, %zu workers, key %s", list, server->worker_count, key);
}

/* What there is comes first. */
static void say_counters(struct server *server) {
    const struct watched watched = watched_of(server);
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (!snapshot) return;
    snapshot_take(&watched, clock_monotonic_ms(), snapshot);
    log_info(AREA, "sessions %llu, rooms %llu, provisional sessions %llu",
             (unsigned long long)snapshot->shards.sessions, (unsigned long long)snapshot->shards.rooms,
             (unsigned long long)snapshot->shards.provisional);
    for (enum counter which = 0; which < COUNTER_COUNT; which++)
        log_info(AREA, "%s%s %llu", counter_name(which), counter_labels(which),
                 (unsigned long long)snapshot->counters[which]);
    free(snapshot);
}

static void write_status(const struct server *server, char out[static SERVICE_MANAGER_STATUS_SIZE]) {
    char list[INI_ADDRESS_LIST_MAX * (ADDRESS_TEXT_SIZE + 2)];
    socket_groups_name(&server->sockets, list, sizeof list);
    snprintf(out, SERVICE_MANAGER_STATUS_SIZE, "%llu sessions, on %.200s",
             (unsigned long long)atomic_load_explicit(&server->node.live_sessions, memory_order_relaxed), list);
}

/* --- What operators ask for --- */

static bool on_reload(void *context, char **report) {
    struct server *server = context;
    const struct reload reload = {.node = &server->node, .source = server->source};
    pthread_mutex_lock(&server->operating);
    bool applied = reload_run(&reload, report);
    pthread_mutex_unlock(&server->operating);
    return applied;
}

/* The main thread does it. */
static void on_drain(void *context, uint64_t ms) {
    struct server *server = context;
    atomic_store(&server->drain_ms, ms);
    atomic_store(&server->drain_asked, true);
    (void)eventfd_write(server->called, 1);
}

static void fill_operations(struct server *server) {
    pthread_mutex_init(&server->operating, NULL);
    server->operations = (struct operations){.context = server, .reload = on_reload, .drain = on_drain};
}

/* What becomes of it stands in the log. The service manager counts it as done, whatever that is. */
static void reload(struct server *server) {
    char *report, text[SERVICE_MANAGER_STATUS_SIZE];
    service_manager_reloading(&server->manager, clock_monotonic_ms());
    rcu_reader_online();
    (void)server->operations.reload(server->operations.context, &report);
    rcu_reader_offline();
    free(report);
    write_status(server, text);
    service_manager_ready(&server->manager, text);
}

/* What a signal wants of us. Who ends a bootnode by hand (SIGINT) means it; a service manager
 * says the same when it stops a program and when it restarts it. */
static enum node_fate take_signal(struct server *server) {
    struct signalfd_siginfo info;
    if (read(server->signals, &info, sizeof info) != sizeof info) return NODE_SERVES;
    if (info.ssi_signo == SIGHUP) reload(server);
    if (info.ssi_signo == SIGUSR2) say_counters(server);
    if (info.ssi_signo == SIGINT) return NODE_ENDS;
    return info.ssi_signo == SIGTERM ? NODE_RESTARTS : NODE_SERVES;
}

/* --- Life: what goes on in the main thread until the end --- */

/* Once when it begins, and once when it is over. */
static void say_stuck(struct server *server, const char *stuck) {
    if (stuck && !server->stuck)
        log_error(AREA, "%s has had no turn for %u s: it is stuck, or has no processor", stuck,
                  (unsigned)(LIVENESS_STUCK_MS / 1000));
    if (!stuck && server->stuck) log_warning(AREA, "all have their turns again");
    server->stuck = stuck;
}

static void tell_status(struct server *server, uint64_t now) {
    char text[SERVICE_MANAGER_STATUS_SIZE];
    if (now - server->status_ms < STATUS_EVERY_MS) return;
    server->status_ms = now;
    write_status(server, text);
    service_manager_status(&server->manager, text);
}

/* A sign of life is given only while all who serve have their turns. */
static void keep_alive(struct server *server) {
    const uint64_t now = clock_monotonic_ms();
    liveness_watch_step(&server->liveness, now);
    say_stuck(server, liveness_stuck(&server->liveness, now));
    if (!server->stuck) service_manager_alive(&server->manager, now);
}

/* Until one of them has something to say, or `ms` went by; in between, what is due is done. */
static void look(struct server *server, struct pollfd *wanted, nfds_t count, uint64_t ms) {
    uint64_t rest = earlier(LIVENESS_STEP_MS, service_manager_rest_ms(&server->manager));
    (void)poll(wanted, count, (int)earlier(ms, rest));
    keep_alive(server);
    limit_log_step(&server->limit_log, &server->node, server->workers, server->worker_count, clock_monotonic_ms());
}

/* Returns how long it shall be a lame duck, with the fate. */
static uint64_t serve(struct server *server, enum node_fate *fate) {
    struct pollfd wanted[] = {{.fd = server->signals, .events = POLLIN}, {.fd = server->called, .events = POLLIN}};
    eventfd_t ignored;
    for (;;) {
        look(server, wanted, 2, NEVER);
        tell_status(server, clock_monotonic_ms());
        *fate = take_signal(server);
        if (*fate != NODE_SERVES) break;
        (void)eventfd_read(server->called, &ignored);
        if (!atomic_load(&server->drain_asked)) continue;
        *fate = NODE_RESTARTS;
        return atomic_load(&server->drain_ms);
    }
    struct bootnode_config config;
    node_config_copy(&server->node, &config);
    return bootnode_config_drain_ms(&config);
}

static void tell_stopping(struct server *server, const struct lame_duck *duck) {
    uint64_t most = duck->chosen_ms == LAME_DUCK_AUTO ? LAME_DUCK_MOST_MS : duck->chosen_ms;
    char text[SERVICE_MANAGER_STATUS_SIZE];
    snprintf(text, sizeof text, "leaves: newcomers are sent away, who is here is served for %llu s more at most",
             (unsigned long long)(most + 999) / 1000);
    service_manager_stopping(&server->manager, most + DRAIN_MS + TEAR_DOWN_MS, text);
}

/* Until its time is over, or a second signal came, which may mean another fate; that is returned. */
static enum node_fate be_lame_duck(struct server *server, enum node_fate fate, uint64_t chosen_ms) {
    const struct lame_duck duck = {clock_monotonic_ms(), chosen_ms, server->http.daemon != NULL};
    struct pollfd wanted = {.fd = server->signals, .events = POLLIN};
    tell_stopping(server, &duck);
    for (;;) {
        const uint64_t now = clock_monotonic_ms(), end = lame_duck_end(&duck, &server->visits);
        node_leave(&server->node, fate, node_time(&server->node, end));
        if (now >= end) return fate;
        look(server, &wanted, 1, end - now);
        const enum node_fate again = take_signal(server);
        if (again != NODE_SERVES) return again;
    }
}

/* Until all workers told their sessions, DRAIN_MS went by, or another signal came. */
static void tell_sessions(struct server *server, enum node_fate fate) {
    struct pollfd wanted[] = {{.fd = server->drained, .events = POLLIN}, {.fd = server->signals, .events = POLLIN}};
    uint64_t deadline = clock_monotonic_ms() + DRAIN_MS, told = 0;
    node_leave(&server->node, fate, 0);
    for (size_t i = 0; i < server->worker_count; i++) worker_wake(&server->workers[i]);
    while (told < server->worker_count) {
        uint64_t now = clock_monotonic_ms();
        eventfd_t more = 0;
        if (now >= deadline) break;
        look(server, wanted, 2, deadline - now);
        if (eventfd_read(server->drained, &more) == 0) told += more;
        if (take_signal(server) != NODE_SERVES) break;
    }
}

static void drain(struct server *server, enum node_fate fate, uint64_t chosen_ms) {
    log_info(AREA, fate == NODE_ENDS ? "draining, for good" : "draining, clients expect us back");
    tell_sessions(server, be_lame_duck(server, fate, chosen_ms));
}

static void keep_socket(struct server *server, const struct handed_place *place, int descriptor) {
    char name[HANDED_NAME_SIZE];
    handed_name(place, name);
    (void)service_manager_keep(&server->manager, name, descriptor);
}

/* So that the next process serves what comes until then, also where this one does not end by itself. */
static void keep_sockets(struct server *server) {
    size_t count = server->worker_count * server->sockets.bound_count * LANE_COUNT;
    if (!service_manager_may_keep(&server->manager, count)) return;
    for (size_t worker = 0; worker < server->worker_count; worker++) {
        for (size_t i = 0; i < server->sockets.bound_count; i++) {
            const int *sockets = server->workers[worker].listeners[i].sockets;
            for (enum lane lane = 0; lane < LANE_COUNT && !server->sockets.foreign[i]; lane++)
                if (sockets[lane] >= 0)
                    keep_socket(server, &(struct handed_place){lane, worker, server->worker_count}, sockets[lane]);
        }
    }
}

static void live(struct server *server) {
    enum node_fate fate;
    keep_sockets(server);
    char text[SERVICE_MANAGER_STATUS_SIZE];
    limit_log_init(&server->limit_log, clock_monotonic_ms());
    write_status(server, text);
    service_manager_ready(&server->manager, text);
    const uint64_t chosen_ms = serve(server, &fate);
    drain(server, fate, chosen_ms);
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
    node_key_wipe(&server->key);
    socket_groups_close(&server->sockets);
    process_close(&server->process);
    if (server->drained >= 0) close(server->drained);
    if (server->called >= 0) close(server->called);
    service_manager_close(&server->manager);
    if (server->signals >= 0) close(server->signals);
}

static void let_go(struct server *server, const struct handed_socket *socket) {
    char name[HANDED_NAME_SIZE];
    handed_name(&socket->place, name);
    service_manager_forget(&server->manager, name);
}

/* Groups that do not suit us: as long as the manager has their sockets, too, no new one can take their places. */
static void let_go_of_unsuited(struct server *server, size_t workers) {
    bool any = false;
    for (size_t i = 0; i < server->handed->count; i++) {
        const struct handed_socket *socket = &server->handed->items[i];
        if (!socket->kept || handed_is_whole(server->handed, &socket->bound, workers)) continue;
        let_go(server, socket);
        any = true;
    }
    if (any && !service_manager_wait(&server->manager))
        log_warning(AREA, "the service manager does not let go of sockets that it kept: packets may come astray");
}

/* What is left has an address that is not listened on any more: it shall be free. */
static void let_go_of_unused(struct server *server) {
    for (size_t i = 0; i < server->handed->count; i++)
        if (server->handed->items[i].descriptor >= 0) let_go(server, &server->handed->items[i]);
    handed_close(server->handed);
}

static bool open_sockets(struct server *server) {
    size_t workers = bootnode_config_workers(server->config);
    let_go_of_unsuited(server, workers);
    bool opened = socket_groups_open(&server->sockets, server->config, workers, server->handed);
    let_go_of_unused(server);
    return opened;
}

static bool open_all(struct server *server) {
    return has_files(server->config) && open_events(server) && open_sockets(server) && open_http(server) &&
           become_user(server) && open_key(server);
}

/* It is a thread, so it comes after the sandbox; until then lines are kept. */
static bool start_log(void) {
    int error = log_start();
    return error == 0 || failed("cannot start the log", -error);
}

static bool start_all(struct server *server) {
    return start_log() && make_node(server) && make_workers(server) && start_threads(server) && start_http(server);
}

int server_run(const struct bootnode_config *config, const struct bootnode_settings *source, struct handed *handed) {
    struct server *server = calloc(1, sizeof *server);
    bool started = false;
    if (!server) return failed("cannot start", ENOMEM) ? EXIT_SUCCESS : EXIT_FAILURE;
    server->config = config;
    server->source = source;
    fill_operations(server);
    server->process.statm = server->signals = server->drained = server->called = -1;
    service_manager_open(&server->manager);
    server->handed = handed;
    bool opened = open_all(server);
    if (opened) learn_outside(server);
    opened = opened && enter_sandbox(server);
    rcu_reader_register();
    rcu_reader_offline();
    if (opened && start_all(server)) {
        started = true;
        say_listening(server);
        live(server);
    }
    tear_down(server);
    rcu_reader_online();
    rcu_reader_unregister();
    free(server);
    if (started) log_info(AREA, "stopped");
    return started ? EXIT_SUCCESS : EXIT_FAILURE;
}
