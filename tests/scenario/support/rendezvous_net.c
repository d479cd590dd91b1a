#include "tests/scenario/support/rendezvous_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/log.h"
#include "tests/scenario/support/repeatable.h"
#include "tests/scenario/support/trace.h"

#define SHARDS NET_SHARDS
#define START_MS 1000000

struct address net_address(uint32_t number) {
    return (struct address){.ip = {[10] = 0xff, 0xff, 192, 0, 2, (uint8_t)number}, .port = 4000};
}

/* The bootnode's address is nobody's here. */
static void note_packet(const struct net *net, const struct address *from, const struct address *to,
                        const uint8_t *data, size_t size) {
    static const struct address bootnode;
    if (!net->of_world) trace_packet(net->monotonic, from ? from : &bootnode, to ? to : &bootnode, data, size);
}

static void fly(struct net *net, bool to_server, const struct address *peer, const struct address *local,
                const uint8_t *data, size_t size) {
    struct flying *packet = calloc(1, sizeof *packet);
    assert_non_null(packet);
    assert_true(size <= PACKET_MAX);
    *packet = (struct flying){
        .arrives = net->monotonic + NET_DELAY_MS, .to_server = to_server, .peer = *peer, .local = *local, .size = size};
    memcpy(packet->data, data, size);
    note_packet(net, to_server ? peer : NULL, to_server ? NULL : peer, data, size);
    bool lost = repeatable_draw(&net->random) % 100 < net->loss;
    if ((net->watch && !net->watch(net, packet)) || lost) {
        free(packet);
        return;
    }
    *net->end = packet;
    net->end = &packet->next;
}

static void client_sends(void *context, const struct address *from, const uint8_t *packet, size_t size) {
    const struct net *net = context;
    fly(context, true, from, &net->local, packet, size);
}

static void server_sends(void *context, uint8_t listener, const struct datagram *datagram) {
    struct net *net = context;
    assert_int_equal(listener, 0);
    net->bytes_out += datagram->size;
    fly(net, false, &datagram->peer, &datagram->local, datagram->data, datagram->size);
}

static void read_clock(struct net *net) {
    net->context.now = node_time(&net->node, net->monotonic);
    net->context.second = node_second(&net->node, net->monotonic);
}

/* The slots of sessions that ended come back on another thread, and the next ones that begin are in them: it is waited
 * for before anything happens, or which slot that is would be a matter of chance. */
static void await_freed(struct net *net) {
    uint64_t freed = 0;
    for (size_t i = 0; i < SHARDS; i++)
        freed += net->node.shards[i]->counters.registered - net->node.shards[i]->slabs.live;
    if (freed == net->freed) return;
    net->freed = freed;
    rcu_drain();
}

static uint64_t wall_ms(void *context) {
    const struct net *net = context;
    return NET_WALL_MS + net->monotonic + (uint64_t)net->clock_ahead_ms;
}

static void start_bootnode(struct net *net, const struct node_key *key) {
    assert_true(node_init(&net->node, &net->config, key, SHARDS, net->monotonic));
    if (net->clustered) node_enter_cluster(&net->node);
    net->node.access = access_create(NULL, 0);
    assert_non_null(net->node.access);
    net->node.wall_ms = wall_ms;
    net->node.wall_context = net;
    memset(&net->counters, 0, sizeof net->counters);
    net->context = (struct context){
        .node = &net->node,
        .outbox = {.endpoints = &net->node.endpoints, .put = server_sends, .context = net},
        .counters = &net->counters,
    };
    net->announcer = announcer_create();
    assert_non_null(net->announcer);
    for (size_t i = 0; i < SHARDS; i++) moving_init(&net->moving[i]);
    reaper_init(&net->reaper, net->node.shards, SHARDS, true, &net->node.pauses, net->monotonic);
    reaper_keep_out(&net->reaper, net->node.access);
    net->reaped = net->monotonic;
    net->freed = 0;
    read_clock(net);
}

static void stop_bootnode(struct net *net) {
    announcer_destroy(net->announcer);
    for (size_t i = 0; i < SHARDS; i++) moving_destroy(&net->moving[i]);
    node_destroy(&net->node);
}

static void make_key(struct node_key *key) {
    uint8_t seed[32];
    randombytes_buf(seed, sizeof seed);
    node_key_derive(seed, key);
}

static struct net *make_net(void) {
    struct net *net = aligned_alloc(64, (sizeof *net + 63) / 64 * 64);
    if (!net) return NULL;
    memset(net, 0, sizeof *net);
    ini_table_defaults(&bootnode_config_table, &net->config);
    net->config.rate_hello = net->config.rate_register = net->config.rate_stun = net->config.rate_reset = 0;
    net->config.rate_update = net->config.rate_move = 0;
    net->config.relay_rate = net->config.relay_source_rate = net->config.relay_total_rate = 0;
    net->monotonic = START_MS;
    net->end = &net->first;
    return net;
}

struct net *net_open(void) {
    struct net *net = make_net();
    struct node_key key;
    if (!net) return NULL;
    make_key(&key);
    start_bootnode(net, &key);
    return net;
}

static void join_cluster(struct net *net, uint8_t id, uint8_t replicas) {
    net->config.node_id = id;
    net->clustered = true;
    net->identity =
        (struct cluster_identity){.placement_key = {'t', 'e', 's', 't'}, .replicas = replicas, .own_id = id};
}

struct net *net_open_node(const struct node_key *key, uint8_t id, uint8_t replicas) {
    struct net *net = make_net();
    if (!net) return NULL;
    join_cluster(net, id, replicas);
    start_bootnode(net, key);
    return net;
}

void net_set_view(struct net *net, const struct cluster_node *nodes, size_t count) {
    struct homes *homes = homes_make(&net->identity, nodes, count, ++net->views);
    assert_non_null(homes);
    assert_true(homes_holds(homes));
    homes->aside = net->aside;
    node_set_homes(&net->node, homes);
    rcu_reader_quiescent();
}

unsigned net_setup_seeded(void **state, unsigned seed) {
    assert_true(repeatable_begin());
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    trace_test();
    *state = net_open();
    assert_non_null(*state);
    return repeatable_seed(seed);
}

int net_setup(void **state) {
    (void)net_setup_seeded(state, 0);
    return 0;
}

void net_forget_clients(struct net *net) {
    for (struct flying *packet = net->first, *next; packet; packet = next) {
        next = packet->next;
        free(packet);
    }
    net->first = NULL;
    net->end = &net->first;
    net->client_count = 0;
}

void net_close(struct net *net) {
    net_forget_clients(net);
    stop_bootnode(net);
    free(net);
}

int net_teardown(void **state) {
    net_close(*state);
    rcu_reader_unregister();
    return 0;
}

void net_restart(struct net *net, bool same_key) {
    struct node_key key = net->node.key;
    if (!same_key) make_key(&key);
    stop_bootnode(net);
    start_bootnode(net, &key);
}

void net_enter_cluster(struct net *net, uint8_t id, uint8_t replicas) {
    join_cluster(net, id, replicas);
    net_restart(net, true);
}

void net_restart_with(struct net *net, const struct node_key *key, const struct node_key *previous, size_t count) {
    stop_bootnode(net);
    start_bootnode(net, key);
    node_set_previous_keys(&net->node, previous, count);
    if (net->clustered) node_enter_cluster(&net->node);
}

void net_rotate_key(struct net *net) {
    struct node_key new, previous[NODE_PREVIOUS_KEYS_MAX] = {net->node.key};
    size_t count =
        net->node.previous_count < NODE_PREVIOUS_KEYS_MAX ? net->node.previous_count + 1 : NODE_PREVIOUS_KEYS_MAX;
    memcpy(previous + 1, net->node.previous, (count - 1) * sizeof *previous);
    make_key(&new);
    net_restart_with(net, &new, previous, count);
}

struct rendezvous_client *net_join(struct net *net, const char *room, uint32_t number) {
    struct address address = net_address(number);
    return net_join_at(net, room, number, &address);
}

struct rendezvous_client *net_join_at(struct net *net, const char *room, uint32_t number,
                                      const struct address *address) {
    assert_true(net->client_count < NET_CLIENTS);
    struct rendezvous_client *client = &net->clients[net->client_count++];
    client_init(client, room, number, address);
    client->send = client_sends;
    client->context = net;
    client_start(client, net->monotonic);
    return client;
}

static struct address local_of(const void *local, size_t index) {
    (void)index;
    return *(const struct address *)local;
}

static void take(struct net *net, const struct address *from, const struct address *local, const uint8_t *packet,
                 size_t size) {
    const struct packet received = {.data = packet, .size = size, .from = *from, .local = local_of, .batch = local};
    read_clock(net);
    net->bytes_in += size;
    await_freed(net);
    dispatch(&net->context, &received);
    rcu_reader_quiescent();
}

void net_inject(struct net *net, const struct address *from, const uint8_t *packet, size_t size) {
    note_packet(net, from, NULL, packet, size);
    take(net, from, &net->local, packet, size);
}

static void deliver(struct net *net, const struct flying *packet) {
    if (packet->to_server) {
        take(net, &packet->peer, &packet->local, packet->data, packet->size);
        return;
    }
    for (size_t i = 0; i < net->client_count; i++) {
        struct rendezvous_client *client = &net->clients[i];
        if (address_equal(&client->address, &packet->peer) && client->state != CLIENT_LEFT)
            client_receive(client, packet->data, packet->size, net->monotonic);
    }
}

static void deliver_due(struct net *net) {
    while (net->first && net->first->arrives <= net->monotonic) {
        struct flying *packet = net->first;
        net->first = packet->next;
        if (!net->first) net->end = &net->first;
        deliver(net, packet);
        free(packet);
    }
}

static void announce(struct net *net) {
    for (size_t i = 0; i < SHARDS; i++)
        while (announce_run(net->announcer, net->node.shards[i], &net->context.outbox, net->context.now) <=
               net->context.now)
            rcu_reader_quiescent();
    rcu_reader_quiescent();
}

static void move(struct net *net) {
    const struct homes *homes = node_homes(&net->node);
    for (size_t i = 0; homes && i < SHARDS; i++) {
        while (moving_is_due(&net->moving[i], &net->context, net->node.shards[i])) {
            moving_step(&net->moving[i], &net->context, net->node.shards[i]);
            rcu_reader_quiescent();
        }
        assert_true(moving_holds(&net->moving[i], net->node.shards[i], homes));
    }
    rcu_reader_quiescent();
}

/* As a worker does whose sockets are empty: what comes is handled at once. */
static void listen_to_all(struct net *net) {
    for (size_t i = 0; i < SHARDS; i++) {
        struct hearing *hearing = &net->node.shards[i]->hearing;
        if (hearing_begin(hearing, &net->node.pauses, net->monotonic))
            (void)hearing_mark(hearing, &net->node.pauses, net->monotonic, NULL, 0);
        hearing_end(hearing);
    }
}

static void step(struct net *net) {
    net->monotonic += NET_STEP_MS;
    if (net->monotonic - net->reaped >= REAPER_STEP_MS) {
        net->reaped = net->monotonic;
        listen_to_all(net);
        do await_freed(net);
        while (reaper_step(&net->reaper, net->monotonic));
    }
    read_clock(net);
    deliver_due(net);
    for (size_t i = 0; i < net->client_count; i++) client_step(&net->clients[i], net->monotonic);
    announce(net);
    move(net);
}

void net_run(struct net *net, uint64_t ms) {
    for (uint64_t end = net->monotonic + ms; net->monotonic < end;) step(net);
}

void net_stand_still(struct net *net, uint64_t ms) {
    net->monotonic += ms;
}

bool net_run_until(struct net *net, bool (*so)(struct net *net), uint64_t ms) {
    for (uint64_t end = net->monotonic + ms; net->monotonic < end && !so(net);) step(net);
    return so(net);
}

const struct room *net_room_of(const struct net *net, const uint8_t tag[static ROOM_TAG_SIZE]) {
    return shard_room(net->node.shards[shard_of_room(net->node.shard_hash_key, tag, SHARDS)], tag);
}

const struct room *net_room(const struct net *net, const struct rendezvous_client *client) {
    return net_room_of(net, client->identity.room_tag);
}

bool net_agrees(const struct net *net, const struct rendezvous_client *client) {
    const struct room *room = net_room(net, client);
    const struct session *session = room ? room_find(room, client->identity.member_id) : NULL;
    if (client->state != CLIENT_REGISTERED || !session) return false;
    const struct viewer viewer = viewer_of(session, &net->node.outside);
    return room_view_is(&client->view, room, &viewer);
}

bool net_agreed(struct net *net) {
    for (size_t i = 0; i < net->client_count; i++) {
        const struct rendezvous_client *client = &net->clients[i];
        if (client->state != CLIENT_LEFT && client->state != CLIENT_IDLE && !net_agrees(net, client)) return false;
    }
    return true;
}

struct shard_counters net_totals(const struct net *net) {
    struct shard_counters sum = {0};
    for (size_t i = 0; i < SHARDS; i++) {
        const struct shard_counters *counters = &net->node.shards[i]->counters;
        sum.registered += counters->registered;
        sum.confirmed += counters->confirmed;
        sum.replaced += counters->replaced;
        sum.expired += counters->expired;
        sum.left += counters->left;
        sum.moved += counters->moved;
        sum.provisional_dropped += counters->provisional_dropped;
        sum.evicted += counters->evicted;
        sum.sessions += counters->sessions;
        sum.provisional += counters->provisional;
        sum.rooms += counters->rooms;
    }
    return sum;
}
