#include "tests/scenario/support/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/scenario/support/repeatable.h"
#include "tests/scenario/support/trace.h"

#define SPINS_MOST 2000 /* ticks of one engine in one millisecond */
#define PORT 4000
#define IPV4_OVERHEAD 28 /* with UDP */

struct address world_bootnode_at(size_t number) {
    return (struct address){.ip = {[10] = 0xff, 0xff, 203, 0, 113, (uint8_t)(1 + number)}, .port = 9595};
}

struct address world_bootnode(void) {
    return world_bootnode_at(0);
}

struct address world_bootnode_ipv6_at(size_t number) {
    return (struct address){.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = (uint8_t)(1 + number)}, .port = 9595};
}

struct address world_entry(void) {
    return (struct address){.ip = {[10] = 0xff, 0xff, 203, 0, 113, 200}, .port = 9595};
}

/* --- The air: a binary heap --- */

static bool sooner(const struct wire *a, const struct wire *b) {
    return a->arrives != b->arrives ? a->arrives < b->arrives : a->order < b->order;
}

static void air_put(struct world *world, struct wire *wire) {
    if (world->air_count == world->air_capacity) {
        world->air_capacity = world->air_capacity ? 2 * world->air_capacity : 64;
        world->air = realloc(world->air, world->air_capacity * sizeof(struct wire *));
        assert_non_null(world->air);
    }
    size_t at = world->air_count++;
    for (; at > 0 && sooner(wire, world->air[(at - 1) / 2]); at = (at - 1) / 2)
        world->air[at] = world->air[(at - 1) / 2];
    world->air[at] = wire;
}

static struct wire *air_take(struct world *world) {
    struct wire *first = world->air[0], *last = world->air[--world->air_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= world->air_count) break;
        if (child + 1 < world->air_count && sooner(world->air[child + 1], world->air[child])) child++;
        if (!sooner(world->air[child], last)) break;
        world->air[at] = world->air[child];
        at = child;
    }
    world->air[at] = last;
    return first;
}

static struct wire *wire_create(struct world *world, const struct address *from, const struct address *to,
                                const uint8_t *data, size_t size) {
    struct wire *wire = calloc(1, sizeof *wire);
    assert_non_null(wire);
    assert_true(size > 0 && size <= PACKET_MAX);
    wire->from = *from;
    wire->to = *to;
    wire->size = size;
    wire->order = world->sent++;
    memcpy(wire->data, data, size);
    return wire;
}

static bool chance(unsigned percent) {
    return percent > 0 && randombytes_uniform(100) < percent;
}

/* Through which of the person's NATs would a packet to there come in? NULL: it is for somebody else. */
static const struct nat *nat_at(const struct person *person, const struct address *to) {
    if (!person->has_no_ipv4 && address_same_ip(&person->nat.outside, to)) return &person->nat;
    return person->has_ipv6 && address_same_ip(&person->nat6.outside, to) ? &person->nat6 : NULL;
}

/* By the links at both ends. */
static uint64_t delay_of(const struct world *world, const struct wire *wire) {
    uint64_t delay = WORLD_DELAY_MS + (wire->sender ? wire->sender->delay_ms : 0);
    for (size_t i = 0; i < world->people_count; i++)
        if (nat_at(&world->people[i], &wire->to)) delay += world->people[i].delay_ms;
    return delay;
}

/* Through the tamperer and chance into the air, once or twice. */
static void fly(struct world *world, struct wire *wire) {
    trace_packet(world->now, &wire->from, &wire->to, wire->data, wire->size);
    bool passes = !world->tamper || world->tamper(world, wire);
    if (!passes || chance(world->loss_percent)) {
        free(wire);
        return;
    }
    if (chance(world->duplicate_percent)) {
        struct wire *copy = wire_create(world, &wire->from, &wire->to, wire->data, wire->size);
        copy->sender = wire->sender;
        copy->arrives = world->now + delay_of(world, copy) + randombytes_uniform(world->jitter_ms + 1);
        air_put(world, copy);
    }
    wire->arrives =
        world->now + delay_of(world, wire) + (world->jitter_ms ? randombytes_uniform(world->jitter_ms + 1) : 0);
    air_put(world, wire);
}

void world_inject(struct world *world, const struct address *from, const struct address *to, const uint8_t *data,
                  size_t size) {
    struct wire *wire = wire_create(world, from, to, data, size);
    wire->arrives = world->now;
    trace_packet(world->now, from, to, data, size);
    air_put(world, wire);
}

/* --- What engines say --- */

static size_t socket_place(const struct person *person, uint16_t socket) {
    size_t at = 0;
    while (at < person->socket_count && person->sockets[at] != socket) at++;
    return at;
}

static bool socket_is_open(const struct person *person, uint16_t socket) {
    return socket == 0 || socket_place(person, socket) < person->socket_count;
}

static size_t person_opens(void *context, size_t count, uint16_t *out) {
    struct person *person = context;
    size_t opened = 0;
    for (; opened < count && person->socket_count < person->socket_most; opened++) {
        do person->last_socket++;
        while (socket_is_open(person, person->last_socket));
        out[opened] = person->sockets[person->socket_count++] = person->last_socket;
    }
    trace_line(person->world->now, person->name, "opens %zu sockets", opened);
    return opened;
}

static void person_closes(void *context, uint16_t socket) {
    struct person *person = context;
    size_t at = socket_place(person, socket);
    trace_line(person->world->now, person->name, "closes socket %u", socket);
    if (at < person->socket_count) person->sockets[at] = person->sockets[--person->socket_count];
}

static void person_sends(void *context, uint16_t socket, const struct address *to, const uint8_t *data, size_t size) {
    struct person *person = context;
    struct world *world = person->world;
    bool ipv4 = address_is_ipv4(to);
    if (!socket_is_open(person, socket) || (ipv4 ? person->has_no_ipv4 : !person->has_ipv6)) return;
    struct address from = nat_send(ipv4 ? &person->nat : &person->nat6, socket, to, world->now);
    struct wire *wire = wire_create(world, &from, to, data, size);
    wire->sender = person;
    fly(world, wire);
}

static void person_emits(void *context, struct event *event) {
    struct person *person = context;
    struct told *told = calloc(1, sizeof *told);
    assert_non_null(told);
    told->at = person->world->now;
    told->event = event;
    trace_event(told->at, person->name, event);
    *person->told_end = told;
    person->told_end = &told->next;
    if (event->type == EVENT_CREDIT && person->room && strcmp(event->room, person->room) == 0)
        person->credit += event->credit;
    if (event->type == EVENT_FINISHED) person->status = event->status;
}

static bool person_is_busy(void *context) {
    const struct person *person = context;
    return person->busy;
}

static uint64_t wall_ms(void *context) {
    struct person *person = context;
    return NET_WALL_MS + person->world->now + (uint64_t)person->clock_ahead_ms;
}

static void person_looks_up(void *context, unsigned bootnode) {
    struct person *person = context;
    person->lookups[bootnode]++;
    trace_line(person->world->now, person->name, "looks up bootnode %u", bootnode);
}

static void person_is_seen(void *context, const struct address *mapped, const struct address *server) {
    struct person *person = context;
    (void)server;
    char text[ADDRESS_TEXT_SIZE];
    person->seen = *mapped;
    trace_line(person->world->now, person->name, "is seen at %s", address_format(mapped, text));
}

/* --- People --- */

struct person *world_person(struct world *world, const char *name, enum nat_kind nat) {
    assert_true(world->people_count < WORLD_PEOPLE);
    size_t number = world->people_count++;
    struct person *person = &world->people[number];
    struct address outside = {.ip = {[10] = 0xff, 0xff, 198, 51, 100, (uint8_t)(10 + number)}, .port = PORT};
    uint8_t seed[32];
    crypto_generichash(seed, sizeof seed, (const uint8_t *)name, strlen(name), NULL, 0);
    memset(person, 0, sizeof *person);
    person->world = world;
    person->name = name;
    person->suite_mask = suite_mask_available();
    person->status = -1;
    person->socket_most = PERSON_SOCKETS;
    person->told_end = &person->told;
    identity_from_seed(seed, &person->identity);
    nat_init(&person->nat, nat, &outside);
    return person;
}

void person_has_ipv6(struct person *person, enum nat_kind firewall) {
    uint8_t number = (uint8_t)(person - person->world->people);
    struct address outside = {.ip = {0x20, 0x01, 0x0d, 0xb8, 1, [15] = (uint8_t)(10 + number)}, .port = PORT};
    person->has_ipv6 = true;
    nat_init(&person->nat6, firewall, &outside);
}

static size_t node_count(const struct world *world) {
    return world->others ? world->others : world->place_count;
}

/* One name, and a key that all of its nodes have. */
static size_t known_cluster(const struct person *person, struct bootnode *out) {
    const struct world *world = person->world;
    snprintf(out->name, sizeof out->name, "cluster.example:9595");
    if (world->entry != WORLD_ENTRY_NAMES) {
        out->addresses[out->address_count++] = world_entry();
    } else {
        for (size_t i = 0; i < node_count(world) && out->address_count < BOOTNODE_ADDRESSES; i++)
            out->addresses[out->address_count++] = world_bootnode_at(i);
    }
    if (person->unresolved & 1) out->address_count = 0;
    out->pinned = person->pinned_key;
    if (out->pinned) memcpy(out->key, person->pinned_key, sizeof out->key);
    if (!world->two_names && !world->others) return 1;
    snprintf(out[1].name, sizeof out[1].name, "%s.example:9595", world->others ? "other" : "node");
    out[1].addresses[out[1].address_count++] = world_bootnode_at(world->others);
    return 2;
}

/* A key that is pinned is the first one's. */
static size_t known_bootnodes(const struct person *person, struct bootnode out[static BOOTNODES_MAX]) {
    size_t count = 0;
    memset(out, 0, BOOTNODES_MAX * sizeof *out);
    if (person->world->clustered) return known_cluster(person, out);
    for (size_t i = 0; i < person->world->place_count; i++) {
        if (person->knows && !(person->knows >> i & 1)) continue;
        struct bootnode *bootnode = &out[count++];
        snprintf(bootnode->name, sizeof bootnode->name, "bootnode%.0zu.example:9595", i);
        bootnode->addresses[0] = world_bootnode_at(i);
        bootnode->address_count = !(person->unresolved >> i & 1);
        if (person->world->dual && bootnode->address_count) {
            bootnode->addresses[0] = world_bootnode_ipv6_at(i);
            bootnode->addresses[bootnode->address_count++] = world_bootnode_at(i);
        }
        bootnode->pinned = i == 0 && person->pinned_key;
        if (bootnode->pinned) memcpy(bootnode->key, person->pinned_key, sizeof bootnode->key);
    }
    return count;
}

void person_create(struct person *person) {
    struct bootnode bootnodes[BOOTNODES_MAX];
    size_t count = known_bootnodes(person, bootnodes);
    struct engine_io io = {.outside = {.context = person,
                                       .send = person_sends,
                                       .open_sockets = person_opens,
                                       .close_socket = person_closes,
                                       .emit = person_emits,
                                       .busy = person_is_busy,
                                       .wall_ms = wall_ms},
                           .resolve = person_looks_up,
                           .seen = person_is_seen};
    struct engine_options options = {.identity = &person->identity,
                                     .people = &person->people,
                                     .known_bootnodes = &person->known_bootnodes,
                                     .nick = person->name,
                                     .directory = person->directory,
                                     .suite_mask = person->suite_mask,
                                     .history = !person->no_history,
                                     .relays = !person->no_relays,
                                     .bootnodes = bootnodes,
                                     .bootnode_count = count};
    assert_null(person->engine);
    person->status = -1;
    person->socket_count = 0;
    person->engine = engine_create(&options, &io, person->world->now);
}

void person_start_secret(struct person *person, const char *room, const char *secret) {
    struct room_keys keys;
    size_t secret_size = secret ? strlen(secret) : 0;
    person->room = room;
    person->secret = secret;
    person->credit = 0;
    assert_true(room_keys_derive(room, secret, secret_size, &keys));
    member_id_derive(&keys, person->identity.public, person->id);
    person_create(person);
    engine_join(person->engine, room, secret, secret_size, person->world->now);
}

void person_start_keys(struct person *person, const char *room, const struct room_keys *keys) {
    person->room = room;
    person->credit = 0;
    member_id_derive(keys, person->identity.public, person->id);
    person_create(person);
    engine_join_keys(person->engine, room, keys, person->world->now);
}

void person_enter(struct person *person, struct private_room *room) {
    person->room = "tea";
    person->credit = 0;
    assert_string_equal(room->name, person->room);
    member_id_derive(&room->keys, person->identity.public, person->id);
    person_create(person);
    person->world->acting = person;
    engine_enter(person->engine, room, person->world->now);
    person->world->acting = NULL;
}

void person_start(struct person *person, const char *room) {
    person_start_secret(person, room, NULL);
}

void person_kill(struct person *person) {
    engine_destroy(person->engine);
    person->engine = NULL;
}

void person_say(struct person *person, const char *text) {
    assert_true(person->credit > 0);
    person->credit--;
    engine_say(person->engine, person->room, CHAT_TEXT, NULL, text, strlen(text), person->world->now);
}

void person_join(struct person *person, const char *room) {
    engine_join(person->engine, room, NULL, 0, person->world->now);
}

void person_part(struct person *person, const char *room) {
    engine_part(person->engine, room, person->world->now);
}

static void member_id_in(const struct person *person, const char *room, uint8_t out[static MEMBER_ID_SIZE]) {
    struct room_keys keys;
    assert_true(room_keys_derive(room, NULL, 0, &keys));
    member_id_derive(&keys, person->identity.public, out);
}

void person_say_in(struct person *person, const char *room, enum chat_kind kind, const struct person *to,
                   const char *text) {
    uint8_t id[MEMBER_ID_SIZE];
    if (to) member_id_in(to, room, id);
    engine_say(person->engine, room, kind, to ? id : NULL, text, strlen(text), person->world->now);
}

void person_mark(struct person *person, const struct person *about, enum person_mark mark) {
    engine_mark(person->engine, person->room, about->id, mark, person->world->now);
}

void person_nick(struct person *person, const char *nick) {
    engine_nick(person->engine, nick, person->world->now);
}

void person_forget(struct person *person) {
    for (struct told *told = person->told, *next; told; told = next) {
        next = told->next;
        event_destroy(told->event);
        free(told);
    }
    person->told = NULL;
    person->told_end = &person->told;
}

/* --- Time --- */

struct net *world_net(const struct world *world, size_t number) {
    return world->places[number].net;
}

static bool is_down(const struct world *world, size_t number) {
    return world->places[number].down || (number == 0 && world->bootnode_down);
}

static void queue(struct wire **backlog, size_t *count, const struct wire *wire) {
    if (*count == WORLD_BACKLOG) return;
    if (!*backlog) assert_non_null(*backlog = calloc(WORLD_BACKLOG, sizeof *wire));
    (*backlog)[(*count)++] = *wire;
}

/* Which node a flow to the entry has. False: none is up. */
static bool choose_node(const struct world *world, const struct address *from, size_t *number) {
    uint64_t state = world->entry_seed + from->port;
    for (size_t i = 0; i < sizeof from->ip; i++) state = state * 257 + from->ip[i];
    const uint64_t drawn = repeatable_draw(&state);
    size_t up[WORLD_BOOTNODES], count = 0;
    for (size_t i = 0; i < node_count(world); i++)
        if (world->entry == WORLD_ENTRY_BLIND || !is_down(world, i)) up[count++] = i;
    if (count > 0) *number = up[drawn % count];
    return count > 0;
}

/* False: no bootnode is there. */
static bool find_bootnode(const struct world *world, const struct wire *wire, size_t *number) {
    const struct address entry = world_entry();
    if (world->clustered && address_equal(&wire->to, &entry)) return choose_node(world, &wire->from, number);
    for (size_t i = 0; i < world->place_count; i++) {
        struct address at = world_bootnode_at(i), ipv6 = world_bootnode_ipv6_at(i);
        if (!address_equal(&wire->to, &at) && !(world->dual && address_equal(&wire->to, &ipv6))) continue;
        *number = i;
        return true;
    }
    return false;
}

static bool to_bootnode(struct world *world, const struct wire *wire) {
    size_t number;
    if (!find_bootnode(world, wire, &number)) return false;
    struct place *place = &world->places[number];
    if (is_down(world, number)) return true;
    if (place->paused) {
        queue(&place->backlog, &place->backlog_count, wire);
        return true;
    }
    if (world->dual || world->clustered) place->net->local = wire->to;
    net_inject(place->net, &wire->from, wire->data, wire->size);
    return true;
}

static bool is_too_large(const struct person *person, const struct wire *wire) {
    return person->mtu > 0 && wire->size + IPV4_OVERHEAD > person->mtu;
}

static void to_person(struct world *world, struct person *person, const struct wire *wire) {
    if (is_too_large(person, wire)) return;
    if (!person->engine || (person->asleep && !person->stopped) || person->cut) return;
    const struct nat *nat = nat_at(person, &wire->to);
    uint16_t socket;
    if (!nat) return;
    if (!nat_admits(nat, &wire->from, wire->to.port, world->now, &socket) || !socket_is_open(person, socket)) return;
    if (person->stopped) {
        queue(&person->backlog, &person->backlog_count, wire);
        return;
    }
    world->acting = person;
    engine_receive(person->engine, socket, &wire->from, wire->data, wire->size, world->now);
    world->acting = NULL;
}

void person_sleep(struct person *person) {
    person->asleep = true;
    person->asleep_since = person->world->now;
}

void person_stop(struct person *person) {
    person_sleep(person);
    person->stopped = true;
}

void person_wake(struct person *person) {
    uint64_t now = person->world->now;
    if (person->asleep && person->engine) engine_resumed(person->engine, now - person->asleep_since, now);
    person->asleep = person->stopped = false;
    for (size_t i = 0; i < person->backlog_count; i++) to_person(person->world, person, &person->backlog[i]);
    person->backlog_count = 0;
}

static void deliver(struct world *world, const struct wire *wire) {
    if (wire->sender && (wire->sender->cut || is_too_large(wire->sender, wire))) return;
    if (to_bootnode(world, wire)) return;
    for (size_t i = 0; i < world->people_count; i++) to_person(world, &world->people[i], wire);
}

/* What a bootnode sends goes through our air instead of its net's own. */
static bool bootnode_sends(struct net *net, const struct flying *packet) {
    struct world *world = net->watching;
    size_t number = 0;
    while (world_net(world, number) != net) number++;
    struct address from = world->dual || world->clustered ? packet->local : world_bootnode_at(number);
    from.port = world_bootnode_at(number).port;
    if (!packet->to_server && !is_down(world, number))
        fly(world, wire_create(world, &from, &packet->peer, packet->data, packet->size));
    return false;
}

static void join_air(struct world *world, struct net *net) {
    net->watch = bootnode_sends;
    net->watching = world;
    net->of_world = true;
}

void world_add_net(struct world *world, struct net *net) {
    assert_true(world->place_count < WORLD_BOOTNODES);
    assert_non_null(net);
    assert_int_equal(net->monotonic, world->now);
    world->places[world->place_count++].net = net;
    join_air(world, net);
}

struct net *world_add_bootnode(struct world *world) {
    struct net *net = net_open();
    world_add_net(world, net);
    return net;
}

void world_resume(struct world *world, size_t number) {
    struct place *place = &world->places[number];
    net_stand_still(place->net, world->now - place->net->monotonic);
    place->paused = false;
    for (size_t i = 0; i < place->backlog_count; i++) (void)to_bootnode(world, &place->backlog[i]);
    place->backlog_count = 0;
}

static bool is_up(const struct person *person) {
    return person->engine && !person->asleep;
}

static uint64_t next_time(const struct world *world) {
    uint64_t next = world->stepped + NET_STEP_MS;
    if (world->air_count > 0 && world->air[0]->arrives < next) next = world->air[0]->arrives;
    for (size_t i = 0; i < world->people_count; i++) {
        if (!is_up(&world->people[i])) continue;
        uint64_t due = engine_due(world->people[i].engine, world->now);
        if (due < next) next = due;
    }
    return next < world->now ? world->now : next;
}

/* The thread calls again at once while the engine says that something is due; an engine that always does would burn a
 * processor. */
static void tick(struct person *person, uint64_t now) {
    person->world->acting = person;
    for (unsigned spins = 0; is_up(person) && engine_due(person->engine, now) <= now; spins++) {
        if (spins == SPINS_MOST) fail_msg("%s's engine spins", person->name);
        engine_tick(person->engine, now);
    }
    person->world->acting = NULL;
}

void world_step(struct world *world, uint64_t until) {
    uint64_t next = next_time(world);
    world->now = next < until ? next : until;
    if (world->stepped + NET_STEP_MS <= world->now) {
        world->stepped += NET_STEP_MS;
        for (size_t i = 0; i < world->place_count; i++)
            if (!world->places[i].paused) net_run(world_net(world, i), NET_STEP_MS);
    }
    while (world->air_count > 0 && world->air[0]->arrives <= world->now) {
        struct wire *wire = air_take(world);
        deliver(world, wire);
        free(wire);
    }
    for (size_t i = 0; i < world->people_count; i++) tick(&world->people[i], world->now);
}

void world_run(struct world *world, uint64_t ms) {
    uint64_t until = world->now + ms;
    while (world->now < until) world_step(world, until);
}

/* --- Looking --- */

unsigned person_count(const struct person *person, enum event_type type, const struct person *about) {
    unsigned count = 0;
    for (const struct told *told = person->told; told; told = told->next)
        count += told->event->type == type && (!about || memcmp(told->event->peer, about->id, MEMBER_ID_SIZE) == 0);
    return count;
}

const struct event *person_last(const struct person *person, enum event_type type, const struct person *about) {
    const struct event *last = NULL;
    for (const struct told *told = person->told; told; told = told->next)
        if (told->event->type == type && (!about || memcmp(told->event->peer, about->id, MEMBER_ID_SIZE) == 0))
            last = told->event;
    return last;
}

static const struct event *look(const struct person *person, const char *room, enum event_type type,
                                const struct person *about, unsigned *count) {
    const struct event *last = NULL;
    uint8_t id[MEMBER_ID_SIZE];
    if (about) member_id_in(about, room, id);
    *count = 0;
    for (const struct told *told = person->told; told; told = told->next) {
        const struct event *event = told->event;
        if (event->type != type || !event->room || strcmp(event->room, room) != 0) continue;
        if (about && memcmp(event->peer, id, MEMBER_ID_SIZE) != 0) continue;
        last = event;
        ++*count;
    }
    return last;
}

unsigned person_count_in(const struct person *person, const char *room, enum event_type type,
                         const struct person *about) {
    unsigned count;
    look(person, room, type, about, &count);
    return count;
}

const struct event *person_last_in(const struct person *person, const char *room, enum event_type type,
                                   const struct person *about) {
    unsigned ignored;
    return look(person, room, type, about, &ignored);
}

bool person_sees(const struct person *person, const struct person *other) {
    return person_count(person, EVENT_PEER_CONNECTED, other) > person_count(person, EVENT_PEER_LEFT, other);
}

unsigned person_heard(const struct person *person, const struct person *author, const char *text) {
    unsigned count = 0;
    for (const struct told *told = person->told; told; told = told->next)
        count += told->event->type == EVENT_MESSAGE && memcmp(told->event->peer, author->id, MEMBER_ID_SIZE) == 0 &&
                 strcmp(told->event->text, text) == 0;
    return count;
}

bool everyone_connected(const struct world *world) {
    for (size_t i = 0; i < world->people_count; i++)
        for (size_t j = 0; j < world->people_count; j++)
            if (i != j && !person_sees(&world->people[i], &world->people[j])) return false;
    return true;
}

/* --- Setup --- */

int world_setup(void **state) {
    struct world *world = calloc(1, sizeof *world);
    void *net;
    if (!world) return -1;
    printf("# world seed %u\n", net_setup_seeded(&net, 1));
    world->net = net;
    world->now = world->stepped = world->net->monotonic;
    world_add_net(world, world->net);
    *state = world;
    return 0;
}

int world_teardown(void **state) {
    struct world *world = *state;
    void *net = world->net;
    for (size_t i = 1; i < world->place_count; i++) net_close(world_net(world, i));
    for (size_t i = 0; i < world->place_count; i++) free(world->places[i].backlog);
    for (size_t i = 0; i < world->people_count; i++) {
        person_kill(&world->people[i]);
        person_forget(&world->people[i]);
        people_close(&world->people[i].people);
        known_keys_close(&world->people[i].known_bootnodes);
        free(world->people[i].backlog);
    }
    for (size_t i = 0; i < world->air_count; i++) free(world->air[i]);
    free(world->air);
    free(world);
    return net_teardown(&net);
}
