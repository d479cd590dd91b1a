#include "bootnode/server.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <sodium.h>

#include "bootnode/access_settings.h"
#include "bootnode/clock_watch.h"
#include "bootnode/clustering.h"
#include "bootnode/keeping.h"
#include "bootnode/keyring.h"
#include "bootnode/life.h"
#include "bootnode/node.h"
#include "bootnode/ops/control.h"
#include "bootnode/ops/http.h"
#include "bootnode/ops/limit_log.h"
#include "bootnode/ops/operations.h"
#include "bootnode/ops/placement.h"
#include "bootnode/ops/reload.h"
#include "bootnode/ops/reloader.h"
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
#include "common/version.h"
#include "common/why.h"

#define AREA "bootnode"
#define RECLAIMER_NICE 19
#define FILES_PER_WORKER 2 /* epoll, and its bell */
#define FILES_BESIDE 48    /* the log, events, operators' connections, and some to spare */

/* First all is opened that needs the machine (files, ports, rights); then the process shuts itself off from it; then
 * come tables and threads, which are nobody's but the sandbox's: the kernel keeps half of it by thread, and liburcu
 * starts some with the tables.
 *
 * What was made is torn down, in reverse. The main thread is a reader of RCU, as the tables ask for, but offline
 * whenever it may block.
 *
 * Once all runs it reads no file and waits for nobody: it is the one that says that we live (life.h). */
struct server {
    const struct bootnode_config *config;
    const struct bootnode_settings *source;
    struct node node;
    bool has_node;
    struct worker *workers;
    size_t worker_count;   /* initialised; they want worker_destroy */
    struct handed *handed; /* the caller's */
    struct board *board;   /* likewise; NULL: no cluster */
    struct clustering clustering;
    struct socket_groups sockets;
    struct public_addresses outside;
    struct keyring keys;        /* until the node has them, */
    struct access *access;      /* and it, */
    struct access_lists *lists; /* which they become part of */
    struct reaper reaper;
    bool has_reaper;
    struct service_manager manager;
    struct life life;
    struct http http;
    struct operations operations;
    pthread_mutex_t operating; /* held during each of them */
    struct reloader reloader;  /* does one of them when a signal asks for it */
    struct limit_log limit_log;
    struct clock_watch clocks;
    struct process_view process;
    struct control control;
    int signals; /* signalfd */
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
    /* It has no children of its own. As the first process of a container it is given orphans, and the kernel then
     * forgets them as they end. */
    (void)signal(SIGCHLD, SIG_IGN);
    server->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (server->signals < 0) return failed("cannot open events", errno);
    int error = life_open(&server->life);
    return error == 0 || failed("cannot open events", -error);
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

static bool open_keys(struct server *server) {
    struct why why;
    return keyring_open(server->config, &server->keys, &why) || refuse(&why);
}

/* The cluster's keys are those of the node, and are theirs to wipe. */
static bool open_cluster(struct server *server) {
    struct why why;
    return clustering_open(&server->clustering, server->config, &server->keys, server->board, &why) || refuse(&why);
}

static void learn_outside(struct server *server) {
    if (public_address_parse(server->config->public_address, &server->outside) && server->outside.count == 0)
        outside_learn(&server->outside);
}

/* Who is kept out: read as who will read it again. */
static bool open_access(struct server *server) {
    server->access = access_settings_create(server->sockets.bound, server->sockets.bound_count, &server->outside);
    if (!server->access) return failed("cannot keep anybody out", ENOMEM);
    server->lists = access_settings_read(server->config, server->access);
    return server->lists != NULL;
}

/* What a reload reads: the settings, and the folders of what they include. Without a file there is none. */
static void add_places(const struct server *server, struct places *places) {
    struct ini_origins origins;
    ini_origins_make(&origins, bootnode_config_table.count);
    bootnode_settings_places(server->source, &origins);
    for (size_t i = 0; i < origins.folder_count; i++)
        places_add(places, origins.folders[i], strlen(origins.folders[i]), LANDLOCK_READS);
    for (size_t i = 0; i < origins.file_count; i++) places_add_folder_of(places, origins.files[i], LANDLOCK_READS);
    ini_origins_free(&origins);
    access_settings_places(server->config, places);
}

/* No file is opened any more but the settings, and no socket made. */
static bool enter_sandbox(const struct server *server) {
    struct places *places = places_create();
    if (!places) return failed("cannot enter the sandbox", ENOMEM);
    add_places(server, places);
    if (geteuid() == 0) log_warning(AREA, "runs as root, without root's capabilities; expected user = NAME");
    const bool controlled = server->control.socket.descriptor >= 0;
    unsigned calls = (server->http.daemon || controlled ? SYSCALLS_ACCEPTS : 0) |
                     (places->count > 0 ? SYSCALLS_READS : 0) | (controlled ? SYSCALLS_REMOVES : 0);
    if (controlled) places_add_folder_of(places, server->control.socket.path, LANDLOCK_REMOVES);
    const struct sandbox sandbox = {.calls = calls,
                                    .places = places->items,
                                    .place_count = places->count,
                                    .choice = (enum sandbox_choice)server->config->sandbox};
    memo_seal();
    bool entered = sandbox_enter(&sandbox);
    places_free(places);
    return entered;
}

static bool make_node(struct server *server) {
    server->has_node = node_init(&server->node, server->config, &server->keys.present, server->sockets.worker_count,
                                 clock_monotonic_ms());
    const bool entered = server->has_node && clustering_enter(&server->clustering, &server->node);
    rcu_reader_offline();
    if (server->has_node) node_set_previous_keys(&server->node, server->keys.previous, server->keys.previous_count);
    keyring_wipe(&server->keys);
    if (!entered) return failed("cannot make the tables", ENOMEM);
    server->node.access = server->access;
    server->access = NULL;
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
        int error = worker_init(&server->workers[server->worker_count++], &server->node, i, server->life.drained);
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

static void adopt_lists(struct server *server) {
    rcu_reader_online();
    access_adopt(server->node.access, server->lists);
    rcu_reader_offline();
    server->lists = NULL;
}

static bool start_threads(struct server *server) {
    struct thread starter;
    if (thread_start(&starter, "starter", false, start_reclaimer, NULL) == 0) thread_join(&starter);
    reaper_init(&server->reaper, server->node.shards, server->node.shard_count, server->node.steered,
                &server->node.pauses, clock_monotonic_ms());
    adopt_lists(server);
    reaper_keep_out(&server->reaper, server->node.access);
    int error = reaper_start(&server->reaper);
    server->has_reaper = error == 0;
    for (size_t i = 0; i < server->worker_count && error == 0; i++) error = worker_start(&server->workers[i]);
    if (error == 0) error = clustering_start(&server->clustering);
    if (error == 0 && server->config->pin_workers) placement_pin_workers(server->workers, server->worker_count);
    return error == 0 || failed("cannot start a thread", -error);
}

static struct watched watched_of(struct server *server) {
    return (struct watched){.node = &server->node,
                            .workers = server->workers,
                            .worker_count = server->worker_count,
                            .process = &server->process,
                            .liveness = &server->life.liveness,
                            .clustering = server->clustering.cluster ? &server->clustering : NULL,
                            .visits = &server->life.visits};
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

/* True also where there is no socket. */
static bool start_control(struct server *server) {
    const struct control_host host = {
        .watched = watched_of(server), .operations = &server->operations, .config_file = server->source->file};
    int error = control_start(&server->control, &host, CONTROL_PATIENCE_MS);
    return error == 0 || failed("cannot start a thread", -error);
}

static void say_listening(const struct server *server) {
    char list[INI_ADDRESS_LIST_MAX * (ADDRESS_TEXT_SIZE + 2)], key[65];
    socket_groups_name(&server->sockets, list, sizeof list);
    sodium_bin2hex(key, sizeof key, server->node.key.public, sizeof server->node.key.public);
    log_info(AREA, "listening on %s, %zu workers, key %s, version " GOCHAT_VERSION, list, server->worker_count, key);
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

static void write_status(void *context, char out[static SERVICE_MANAGER_STATUS_SIZE]) {
    const struct server *server = context;
    char list[INI_ADDRESS_LIST_MAX * (ADDRESS_TEXT_SIZE + 2)];
    socket_groups_name(&server->sockets, list, sizeof list);
    snprintf(out, SERVICE_MANAGER_STATUS_SIZE, "%llu sessions, on %.200s",
             (unsigned long long)atomic_load_explicit(&server->node.live_sessions, memory_order_relaxed), list);
}

/* --- What operators ask for --- */

/* One after the other, lest what was read first holds last. Whoever waits is offline. */
static bool run_reload(struct server *server, bool (*run)(const struct reload *, char **), char **report) {
    const struct reload reload = {.node = &server->node, .source = server->source};
    rcu_reader_offline();
    pthread_mutex_lock(&server->operating);
    rcu_reader_online();
    bool applied = run(&reload, report);
    pthread_mutex_unlock(&server->operating);
    return applied;
}

static bool on_reload(void *context, char **report) {
    return run_reload(context, reload_run, report);
}

static bool on_reload_lists(void *context, char **report) {
    return run_reload(context, reload_run_lists, report);
}

/* The main thread does it. */
static void on_drain(void *context, uint64_t ms) {
    struct server *server = context;
    life_drain(&server->life, ms);
}

static void fill_operations(struct server *server) {
    pthread_mutex_init(&server->operating, NULL);
    server->operations =
        (struct operations){.context = server, .reload = on_reload, .reload_lists = on_reload_lists, .drain = on_drain};
}

/* The service manager counts it as done, whatever came of it. */
static void step_reload(struct server *server) {
    char text[SERVICE_MANAGER_STATUS_SIZE];
    if (reloader_ends(&server->reloader)) {
        write_status(server, text);
        service_manager_ready(&server->manager, text);
    }
    if (reloader_begins(&server->reloader)) service_manager_reloading(&server->manager, clock_monotonic_ms());
}

/* Now, lest it wait for the next step. */
static void reload(struct server *server) {
    reloader_ask(&server->reloader);
    step_reload(server);
}

/* What a signal wants of us. Who ends a bootnode by hand (SIGINT) means it; a service manager
 * says the same when it stops a program and when it restarts it. */
static enum node_fate take_signal(void *context) {
    struct server *server = context;
    struct signalfd_siginfo info;
    if (read(server->signals, &info, sizeof info) != sizeof info) return NODE_SERVES;
    if (info.ssi_signo == SIGHUP) reload(server);
    if (info.ssi_signo == SIGUSR2) say_counters(server);
    if (info.ssi_signo == SIGINT) return NODE_ENDS;
    return info.ssi_signo == SIGTERM ? NODE_RESTARTS : NODE_SERVES;
}

static void tear_down(struct server *server) {
    reloader_stop(&server->reloader);
    control_stop(&server->control);
    http_stop(&server->http);
    clustering_close(&server->clustering);
    for (size_t i = server->worker_count; i-- > 0;) worker_stop(&server->workers[i]);
    if (server->has_reaper) reaper_stop(&server->reaper);
    while (server->worker_count > 0) worker_destroy(&server->workers[--server->worker_count]);
    free(server->workers);
    rcu_reader_online();
    if (server->has_node) node_destroy(&server->node);
    rcu_reader_offline();
    access_discard(server->lists);
    access_destroy(server->access);
    keyring_wipe(&server->keys);
    socket_groups_close(&server->sockets);
    process_close(&server->process);
    life_close(&server->life);
    service_manager_close(&server->manager);
    if (server->signals >= 0) close(server->signals);
}

static bool open_sockets(struct server *server) {
    size_t workers = bootnode_config_workers(server->config);
    keeping_let_go_of_unsuited(&server->manager, server->handed, workers);
    bool opened = socket_groups_open(&server->sockets, server->config, workers, server->handed);
    keeping_let_go_of_unused(&server->manager, server->handed);
    return opened;
}

static bool open_all(struct server *server) {
    return has_files(server->config) && open_events(server) && open_sockets(server) && open_http(server) &&
           control_open(&server->control, server->config) && become_user(server) && open_keys(server) &&
           open_cluster(server);
}

/* It is a thread, so it comes after the sandbox; until then lines are kept. */
static bool start_log(void) {
    int error = log_start();
    return error == 0 || failed("cannot start the log", -error);
}

static void look_at_clocks(struct server *server) {
    const struct clock_steps steps =
        clock_watch_look(&server->clocks, clock_monotonic_ms(), clock_boot_ms(), clock_wall_ms());
    if (steps.slept != 0) log_warning(AREA, "the machine slept for %.1f s", (double)steps.slept / 1e3);
    if (steps.stepped != 0)
        log_warning(AREA, "the clock was set %s by %.1f s: times in this log jump, and clients are told the new time",
                    steps.stepped > 0 ? "forward" : "back", fabs((double)steps.stepped) / 1e3);
}

static void step(void *context, uint64_t monotonic_ms) {
    struct server *server = context;
    look_at_clocks(server);
    step_reload(server);
    limit_log_step(&server->limit_log, &server->node, server->workers, server->worker_count, monotonic_ms);
}

/* Before anybody can ask whether all have their turns. */
static void begin_life(struct server *server) {
    struct life *life = &server->life;
    life->host =
        (struct life_host){.context = server, .take_signal = take_signal, .step = step, .write_status = write_status};
    limit_log_init(&server->limit_log, clock_monotonic_ms());
    server->reloader = (struct reloader){.operations = &server->operations, .bell = life->called};
    look_at_clocks(server);
    life->node = &server->node;
    life->workers = server->workers;
    life->manager = &server->manager;
    life->signals = server->signals;
    life->has_page = server->http.daemon != NULL;
    life_watch(life, &server->reaper);
    clustering_watch(&server->clustering, &life->liveness);
}

static bool start_all(struct server *server) {
    if (!start_log() || !make_node(server) || !make_workers(server) || !start_threads(server)) return false;
    begin_life(server);
    return start_http(server) && start_control(server);
}

int server_run(const struct bootnode_config *config, const struct bootnode_settings *source, struct handed *handed,
               struct board *board) {
    struct server *server = calloc(1, sizeof *server);
    bool started = false;
    if (!server) return failed("cannot start", ENOMEM) ? EXIT_SUCCESS : EXIT_FAILURE;
    server->config = config;
    server->source = source;
    fill_operations(server);
    control_init(&server->control);
    server->process.statm = server->signals = server->life.drained = server->life.called = -1;
    service_manager_open(&server->manager);
    server->handed = handed;
    server->board = board;
    bool opened = open_all(server);
    if (opened) learn_outside(server);
    opened = opened && open_access(server) && enter_sandbox(server);
    rcu_reader_register();
    rcu_reader_offline();
    if (opened && start_all(server)) {
        started = true;
        say_listening(server);
        keeping_begin(&server->manager, &server->sockets, server->workers);
        life_run(&server->life);
    }
    tear_down(server);
    rcu_reader_online();
    rcu_reader_unregister();
    free(server);
    if (started) log_info(AREA, "stopped");
    return started ? EXIT_SUCCESS : EXIT_FAILURE;
}
