#include "bootnode/cluster/cluster.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "bootnode/cluster/cluster_log.h"
#include "bootnode/cluster/view_heard.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/rcu.h"

#define AREA "cluster"
#define BATCH 32
#define MESSAGES_A_TURN 2000 /* of the board; the rest comes in the next */
#define DATAGRAMS_A_TURN 512
#define FILE_FAILED_EVERY_S 600

/* --- Opening and closing --- */

static void fill_view(struct cluster *cluster, const struct cluster_options *options) {
    struct view_own own = {.id = options->id,
                           .replicas = options->replicas,
                           .weight = 1,
                           .started_ms = clock_wall_ms(),
                           .address_count = options->address_count};
    memcpy(own.addresses, options->addresses, sizeof own.addresses);
    while (own.boot == 0) randombytes_buf(&own.boot, sizeof own.boot);
    view_init(&cluster->view, &own, clock_monotonic_ms());
}

static bool open_file(struct cluster *cluster, const char *path, struct why *why) {
    if (!path) return true;
    if (!view_file_open(&cluster->file, path, why)) return false;
    if (view_file_read(&cluster->file, cluster->name, &cluster->record))
        view_resume(&cluster->view, &cluster->record, clock_monotonic_ms(), clock_wall_ms());
    else if (!view_file_is_empty(&cluster->file))
        log_warning(AREA, "state_file %s: no view of the cluster %s is in it; what is there is written over", path,
                    cluster->name);
    return true;
}

/* A machine may lack either family. */
static bool open_sockets(struct cluster *cluster, struct why *why) {
    const struct address any[] = {{.ip = {[10] = 0xff, [11] = 0xff}}, {.port = 0}};
    const struct udp_options options = {.ipv6_alone = true};
    for (size_t i = 0; i < 2; i++) {
        const int opened = udp_open(&any[i], &options, why);
        cluster->sockets[i] = opened >= 0 ? opened : -1;
    }
    cluster->received = udp_batch_create(BATCH);
    cluster->sent = udp_batch_create(BATCH);
    cluster->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!cluster->received || !cluster->sent || cluster->bell < 0)
        return why_fail(why, "cluster: %s", strerror(ENOMEM));
    return cluster->sockets[0] >= 0 || cluster->sockets[1] >= 0;
}

bool cluster_open(struct cluster *cluster, const struct cluster_options *options, struct why *why) {
    snprintf(cluster->name, sizeof cluster->name, "%s", options->name);
    cluster->identity = (struct cluster_identity){.replicas = options->replicas, .own_id = options->id};
    memcpy(cluster->identity.placement_key, options->placement_key, sizeof options->placement_key);
    cluster->keys = options->keys;
    memcpy(cluster->probe_key, options->probe_key, sizeof cluster->probe_key);
    cluster->board = options->board;
    cluster->file.descriptor = cluster->bell = cluster->sockets[0] = cluster->sockets[1] = -1;
    cluster->is_open = true;
    pthread_mutex_init(&cluster->lock, NULL);
    fill_view(cluster, options);
    return open_file(cluster, options->state_file, why) && open_sockets(cluster, why);
}

void cluster_close(struct cluster *cluster) {
    if (!cluster->is_open) return;
    atomic_store(&cluster->stops, true);
    if (cluster->bell >= 0) (void)eventfd_write(cluster->bell, 1);
    thread_join(&cluster->thread);
    for (size_t i = 0; i < 2; i++)
        if (cluster->sockets[i] >= 0) close(cluster->sockets[i]);
    if (cluster->bell >= 0) close(cluster->bell);
    udp_batch_destroy(cluster->received);
    udp_batch_destroy(cluster->sent);
    view_file_close(&cluster->file);
    seal_keys_wipe(&cluster->keys);
    sodium_memzero(cluster->probe_key, sizeof cluster->probe_key);
    pthread_mutex_destroy(&cluster->lock);
    cluster->is_open = false;
}

/* --- The board --- */

static enum beacon_refusal judge(struct cluster *cluster, const struct board_message *message, struct beacon *beacon) {
    switch (beacon_decode(message->data, message->size, &cluster->keys, beacon)) {
    case BEACON_MALFORMED: return BEACON_REFUSED_MALFORMED;
    case BEACON_FORGED: return BEACON_REFUSED_FORGED;
    case BEACON_TAKEN: break;
    }
    if (message->id != beacon->node) return BEACON_REFUSED_SUBJECT;
    return view_intake(&cluster->view, beacon, earlier(message->at_ms, clock_monotonic_ms()), clock_wall_ms());
}

static void take_beacon(struct cluster *cluster, const struct board_message *message) {
    struct beacon beacon = {.node = 0};
    const enum beacon_refusal refusal = judge(cluster, message, &beacon);
    if (refusal == BEACON_BELIEVED) cluster->told.beacons_taken++;
    if (refusal == BEACON_BELIEVED || refusal == BEACON_REFUSED_OWN) return;
    cluster->told.refused[refusal]++;
    cluster_log_refused(message->id, beacon.boot != 0 ? &beacon : NULL, refusal);
}

static void take_message(struct cluster *cluster, const struct board_message *message) {
    if (message->subject == BOARD_BEACON) take_beacon(cluster, message);
    if (message->subject == BOARD_ORDERS && message->id != cluster->view.own.id && cluster->host.take_order)
        cluster->host.take_order(cluster->host.context, message->id, message->data, message->size);
}

static void take_board_state(struct cluster *cluster, bool there, const char *text, uint64_t now) {
    struct cluster_status *told = &cluster->told;
    snprintf(told->board_why, sizeof told->board_why, "%s", there ? "" : text);
    snprintf(told->board_server, sizeof told->board_server, "%s", there ? text : "");
    if (there) cluster->beacon_ms = now;
    view_board(&cluster->view, there, now);
}

static void take_from_board(struct cluster *cluster, uint64_t now) {
    struct board_news news;
    for (size_t i = 0; i < MESSAGES_A_TURN && board_take(cluster->board, &news) != BOARD_NOTHING; i++) {
        switch (news.kind) {
        case BOARD_NOTHING: break;
        case BOARD_CONNECTED: take_board_state(cluster, true, news.text, now); break;
        case BOARD_DISCONNECTED: take_board_state(cluster, false, news.text, now); break;
        case BOARD_ENDED: take_board_state(cluster, false, "its process has ended", now); break;
        case BOARD_HEARD: take_message(cluster, &news.message); break;
        }
    }
}

static void fill_beacon(struct cluster *cluster, struct beacon *out) {
    const struct view *view = &cluster->view;
    const struct cluster_figures *figures = &cluster->figures;
    *out = (struct beacon){.node = view->own.id,
                           .state = view->state,
                           .replicas = view->own.replicas,
                           .weight = view->own.weight,
                           .boot = view->own.boot,
                           .started_ms = view->own.started_ms,
                           .counter = ++cluster->counter,
                           .wall_ms = clock_wall_ms(),
                           .sessions = figures->sessions,
                           .rooms = figures->rooms,
                           .moving = figures->moving,
                           .registrations = figures->registrations,
                           .view = cluster->fingerprint,
                           .address_count = view->own.address_count};
    memcpy(out->addresses, view->own.addresses, sizeof out->addresses);
}

static void say_beacon(struct cluster *cluster, uint64_t now) {
    struct beacon beacon;
    uint8_t bytes[BEACON_SIZE_MAX];
    if (now < cluster->beacon_ms) return;
    cluster->beacon_ms =
        now < cluster->beacon_ms + CLUSTER_BEACON_MS ? cluster->beacon_ms + CLUSTER_BEACON_MS : now + CLUSTER_BEACON_MS;
    if (!cluster->view.board) return;
    fill_beacon(cluster, &beacon);
    const size_t size = beacon_encode(&beacon, &cluster->keys, bytes, sizeof bytes);
    if (board_publish(cluster->board, BOARD_BEACON, bytes, size))
        cluster->told.beacons_sent++;
    else
        cluster->told.beacons_lost++;
}

/* --- STUN --- */

static void take_answers(struct cluster *cluster, int socket, uint64_t now) {
    uint8_t id;
    for (size_t seen = 0; socket >= 0 && seen < DATAGRAMS_A_TURN;) {
        const int count = udp_receive(socket, cluster->received);
        if (count <= 0) return;
        seen += (size_t)count;
        for (size_t i = 0; i < (size_t)count; i++) {
            const struct datagram answer = udp_batch_get(cluster->received, i);
            if (!probe_take(&cluster->probe, &cluster->view, &answer.peer, answer.data, answer.size, now, &id))
                continue;
            view_answered(&cluster->view, id, now);
            cluster->told.probes_answered++;
        }
    }
}

static void send_probe(struct cluster *cluster, const struct probe_packet *packet) {
    const int socket = cluster->sockets[address_is_ipv4(&packet->to) ? 0 : 1];
    const struct datagram datagram = {.peer = packet->to, .data = packet->data, .size = packet->size};
    if (socket < 0 || !udp_batch_add(cluster->sent, &datagram)) return;
    (void)udp_send_at_once(socket, cluster->sent);
    cluster->told.probes_sent++;
}

static void ask(struct cluster *cluster, uint64_t now) {
    const uint64_t wall = clock_wall_ms();
    struct probe_packet packets[HOME_ADDRESSES_MAX];
    uint8_t random[PROBE_MARK_SIZE * HOME_ADDRESSES_MAX];
    for (unsigned id = 0; id < CLUSTER_NODES_MAX; id++) {
        if (!probe_is_due(&cluster->probe, &cluster->view, (uint8_t)id, now)) continue;
        randombytes_buf(random, sizeof random);
        for (size_t i = 0; i < HOME_ADDRESSES_MAX; i++)
            probe_mark_make(cluster->probe_key, (uint8_t)id, wall, random + PROBE_MARK_SIZE * i);
        const size_t count = probe_ask(&cluster->probe, &cluster->view, (uint8_t)id, now, random, packets);
        for (size_t i = 0; i < count; i++) send_probe(cluster, &packets[i]);
    }
}

/* --- A turn --- */

/* Without the mutex. A disk that hangs delays this thread alone: no memory waits for it, either. */
static void keep(struct cluster *cluster) {
    static struct log_limit limit;
    /* A view without anybody is no use to the next run. */
    if (cluster->file.descriptor < 0 || cluster->record.count == 0) return;
    rcu_reader_offline();
    const int error = view_file_write(&cluster->file, cluster->name, &cluster->record) ? 0 : errno;
    rcu_reader_online();
    if (error != 0)
        log_seldom(&limit, FILE_FAILED_EVERY_S, LOG_LEVEL_WARNING, AREA, "the view cannot be kept for the next run: %s",
                   strerror(error));
}

static void look_at_ourselves(struct cluster *cluster) {
    cluster->host.look(cluster->host.context, &cluster->figures);
    cluster->view.own.weight = cluster->figures.weight;
    cluster->view.own.draining = cluster->figures.draining;
}

/* Returns the homes that are to be published; NULL: nothing changed. */
static struct homes *see_who_lives(struct cluster *cluster, uint64_t now) {
    const enum beacon_state state = cluster->view.state;
    bool changed = view_step(&cluster->view, now);
    const struct cluster_set aside = view_aside(&cluster->view, now);
    cluster_log_events(&cluster->view);
    if (cluster->view.state != state) cluster->beacon_ms = now;
    changed |= memcmp(&aside, &cluster->aside, sizeof aside) != 0;
    if (!changed && cluster->version > 0) return NULL;
    struct homes *homes =
        homes_make(&cluster->identity, cluster->view.list, cluster->view.list_count, cluster->version + 1);
    if (!homes) return NULL;
    homes->aside = cluster->aside = aside;
    cluster->version++;
    cluster->version_ms = now;
    cluster->fingerprint = view_fingerprint(cluster->view.list, cluster->view.list_count);
    return homes;
}

static void notice_pause(struct cluster *cluster, uint64_t now) {
    const uint64_t gap = now - cluster->turned_ms;
    if (gap > CLUSTER_PAUSE_MS) view_paused(&cluster->view, gap - CLUSTER_TURN_MS);
    cluster->turned_ms = now;
}

static uint64_t company_of(const struct cluster *cluster) {
    uint64_t company = cluster->view.board ? cluster->view.board_ms : 0;
    for (unsigned id = 0; id < CLUSTER_NODES_MAX; id++)
        if (cluster->view.nodes[id].has_said) company ^= cluster->view.nodes[id].said.boot;
    return company;
}

static void take_turn(struct cluster *cluster) {
    const uint64_t now = clock_monotonic_ms();
    struct homes *homes;
    pthread_mutex_lock(&cluster->lock);
    notice_pause(cluster, now);
    take_from_board(cluster, now);
    for (size_t i = 0; i < 2; i++) take_answers(cluster, cluster->sockets[i], now);
    look_at_ourselves(cluster);
    homes = see_who_lives(cluster, now);
    ask(cluster, now);
    const bool keeps = now >= cluster->beacon_ms || homes;
    say_beacon(cluster, now);
    if (keeps) view_keep(&cluster->view, clock_wall_ms(), &cluster->record);
    const uint64_t company = company_of(cluster);
    pthread_mutex_unlock(&cluster->lock);
    if (homes) cluster->host.publish(cluster->host.context, homes);
    if (cluster->host.turn) cluster->host.turn(cluster->host.context, company);
    if (keeps) keep(cluster);
}

/* Three times as long as its turn took: whoever floods the board, or the sockets of STUN, which anybody can, has a
 * quarter of a processor at most, and what comes too fast is lost. */
static void pause_after(uint64_t took_ns) {
    const uint64_t ns = earlier(3 * took_ns, CLUSTER_TURN_MS * UINT64_C(1000000));
    const struct timespec time = {.tv_nsec = (long)ns};
    (void)nanosleep(&time, NULL);
}

static void rest(struct cluster *cluster, uint64_t took_ns) {
    struct pollfd wanted[] = {{.fd = cluster->bell, .events = POLLIN},
                              {.fd = board_descriptor(cluster->board), .events = POLLIN},
                              {.fd = cluster->sockets[0], .events = POLLIN},
                              {.fd = cluster->sockets[1], .events = POLLIN}};
    eventfd_t ignored;
    rcu_reader_offline();
    pause_after(took_ns);
    (void)poll(wanted, sizeof wanted / sizeof *wanted, CLUSTER_TURN_MS);
    rcu_reader_online();
    (void)eventfd_read(cluster->bell, &ignored);
}

static void run(void *argument) {
    struct cluster *cluster = argument;
    cluster->turned_ms = cluster->beacon_ms = clock_monotonic_ms();
    while (!atomic_load(&cluster->stops)) {
        const uint64_t began = clock_monotonic_ns();
        take_turn(cluster);
        rest(cluster, clock_monotonic_ns() - began);
    }
}

int cluster_start(struct cluster *cluster, const struct cluster_host *host) {
    cluster->host = *host;
    return thread_start(&cluster->thread, "cluster", true, run, cluster);
}

/* --- For others --- */

void cluster_wake(struct cluster *cluster) {
    pthread_mutex_lock(&cluster->lock);
    cluster->beacon_ms = clock_monotonic_ms();
    pthread_mutex_unlock(&cluster->lock);
    (void)eventfd_write(cluster->bell, 1);
}

bool cluster_order(struct cluster *cluster, const uint8_t *data, size_t size) {
    pthread_mutex_lock(&cluster->lock);
    const bool sent = cluster->view.board && board_publish(cluster->board, BOARD_ORDERS, data, size);
    pthread_mutex_unlock(&cluster->lock);
    return sent;
}

bool cluster_forget(struct cluster *cluster, uint8_t id, struct why *why) {
    const uint64_t now = clock_monotonic_ms();
    pthread_mutex_lock(&cluster->lock);
    const struct view_node *node = &cluster->view.nodes[id];
    const bool alive = view_heard_itself(node, now) || id == cluster->view.own.id;
    const bool forgotten = view_forget(&cluster->view, id, now);
    pthread_mutex_unlock(&cluster->lock);
    (void)eventfd_write(cluster->bell, 1);
    if (forgotten) return true;
    return why_fail(
        why, alive ? "node %u lives, expected one that is silent on NATS" : "there is no node %u in the view", id);
}

static uint64_t age(uint64_t at, uint64_t now) {
    return at == 0 ? NEVER : now - at;
}

static void look_at_node(const struct cluster *cluster, uint8_t id, uint64_t now, struct cluster_status_node *out) {
    const struct view_node *node = &cluster->view.nodes[id];
    const struct beacon *said = &node->said;
    const bool self = id == cluster->view.own.id;
    *out = (struct cluster_status_node){
        .id = id,
        .self = self,
        .place = view_place_of(&cluster->view, id, now),
        .state = self ? cluster->view.state : said->state,
        .by_beacon = self || view_heard_by_beacon(node, now),
        .by_stun = self || view_heard_by_stun(node, now),
        .beacon_age_ms = self ? 0 : age(node->beacon_ms, now),
        .answer_age_ms = self ? 0 : age(node->answer_ms, now),
        .clock_ms = node->clock_ms,
        .up_ms = said->wall_ms > said->started_ms ? said->wall_ms - said->started_ms : 0,
        .weight = said->weight,
        .replicas = said->replicas,
        .sessions = said->sessions,
        .rooms = said->rooms,
        .moving = said->moving,
        .registrations = said->registrations,
        .agrees = self || said->view == cluster->fingerprint,
        .address_count = said->address_count,
    };
    memcpy(out->addresses, said->addresses, sizeof out->addresses);
    if (!self) return;
    out->sessions = cluster->figures.sessions;
    out->rooms = cluster->figures.rooms;
    out->moving = cluster->figures.moving;
    out->registrations = cluster->figures.registrations;
    out->up_ms = clock_wall_ms() - cluster->view.own.started_ms;
}

void cluster_look(struct cluster *cluster, struct cluster_status *out) {
    const struct view *view = &cluster->view;
    pthread_mutex_lock(&cluster->lock);
    const uint64_t now = clock_monotonic_ms();
    *out = cluster->told;
    snprintf(out->name, sizeof out->name, "%s", cluster->name);
    out->own_id = view->own.id;
    out->replicas = view->own.replicas;
    out->weight = view->own.weight;
    out->state = view->state;
    out->wait = view->wait;
    out->board = view->board;
    out->board_ms = now - view->board_ms;
    out->board_deaths = cluster->board ? cluster->board->deaths : 0;
    out->cut_off = view->cut_off;
    out->cut_off_ms = view->cut_off ? now - view->cut_off_ms : 0;
    out->version = cluster->version;
    out->changed_ms = now - cluster->version_ms;
    out->members = view->list_count;
    out->count = out->living = 0;
    for (unsigned id = 0; id < CLUSTER_NODES_MAX; id++) {
        if (view->nodes[id].known) look_at_node(cluster, (uint8_t)id, now, &out->nodes[out->count++]);
        out->living += view->nodes[id].member && (id == view->own.id || view_heard_lives(&view->nodes[id], now));
    }
    pthread_mutex_unlock(&cluster->lock);
}
