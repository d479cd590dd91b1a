#include "client/threads/crypto_thread.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/network/candidates.h"
#include "client/threads/network_watch.h"
#include "common/clock.h"

#define OUTGOING_BATCH 64
#define INTERFACES_EVERY_MS 5000
#define NETWORK_QUIET_MS 100
#define SLEEP_MOST_MS 60000
#define EVENTS_MOST 1024   /* of at most 64 KiB, that wait to be shown */
#define TURN_PACKETS 64    /* then events, lines and timers have their turn */
#define UNREAD_MOST_MS 500 /* timers wait so long for what has come and was not looked at: it may be the answer */

static void flush(struct crypto_thread *crypto) {
    if (udp_batch_count(crypto->outgoing)) sockets_send(crypto->sockets, crypto->outgoing_socket, crypto->outgoing);
}

static void on_send(void *context, uint16_t socket, const struct address *to, const uint8_t *data, size_t size) {
    struct crypto_thread *crypto = context;
    struct datagram datagram = {.peer = nat64_outward(&crypto->nat64, to), .data = data, .size = size};
    if (udp_batch_full(crypto->outgoing) || socket != crypto->outgoing_socket) flush(crypto);
    crypto->outgoing_socket = socket;
    (void)udp_batch_add(crypto->outgoing, &datagram); /* one that is too large is lost, as on any way */
}

static size_t on_open_sockets(void *context, size_t count, uint16_t *out) {
    struct crypto_thread *crypto = context;
    return sockets_open(crypto->sockets, count, out);
}

static void on_close_socket(void *context, uint16_t socket) {
    struct crypto_thread *crypto = context;
    if (socket == crypto->outgoing_socket) flush(crypto);
    sockets_close(crypto->sockets, socket);
}

static void on_emit(void *context, struct event *event) {
    struct crypto_thread *crypto = context;
    /* The queue has no limit: on_busy bounds what arrives, credit what is sent. */
    (void)queue_push(crypto->events, &event->node);
}

static bool on_busy(void *context) {
    const struct crypto_thread *crypto = context;
    return queue_count(crypto->events) >= EVENTS_MOST;
}

static uint64_t on_wall_ms(void *context) {
    (void)context;
    return clock_wall_ms();
}

static void on_resolve(void *context, unsigned bootnode) {
    struct crypto_thread *crypto = context;
    resolver_look_up(crypto->resolver, bootnode, crypto->setup->bootnodes[bootnode].name);
}

/* Only what a NAT in between shows to the world can be mapped there: with a bootnode on loopback or in the same network
 * nothing is asked. */
static void on_seen(void *context, const struct address *mapped, const struct address *server) {
    struct crypto_thread *crypto = context;
    if (server && address_is_ipv4(mapped)) nat64_search_seen(&crypto->nat64_search, server);
    if (!crypto->ports || !address_is_ipv4(mapped) || address_classify(mapped) != ADDRESS_PUBLIC) return;
    bool moved = crypto->seen.port && !address_same_ip(&crypto->seen, mapped);
    crypto->seen = *mapped;
    port_mapping_want(crypto->ports, !candidates_have(&crypto->interfaces, mapped));
    if (moved) port_mapping_again(crypto->ports);
}

static void offer_candidates(struct crypto_thread *crypto, uint64_t now) {
    struct candidate_list all = crypto->candidates;
    if (crypto->mapped.port) candidates_add_mapped(&all, &crypto->mapped);
    engine_set_candidates(crypto->engine, &all, now);
}

static void take_port_mapped(struct crypto_thread *crypto, const struct input *input, uint64_t now) {
    crypto->mapped = input->address_count > 0 ? input->addresses[0] : (struct address){0};
    offer_candidates(crypto, now);
}

static void take_packets(struct crypto_thread *crypto, uint64_t now) {
    struct queue_node *node = NULL;
    for (int i = 0; i < TURN_PACKETS && (node = queue_pop(&crypto->filled)); i++) {
        struct received *received = (struct received *)node;
        struct address from = nat64_inward(&crypto->nat64, &received->from);
        engine_receive(crypto->engine, received->socket, &from, received->data, received->size, now);
        receiver_give_back(crypto->receiver, received);
    }
    if (!node)
        crypto->unread_since = 0;
    else if (!crypto->unread_since)
        crypto->unread_since = now;
}

/* A busy process is no silence. */
static bool may_tick(const struct crypto_thread *crypto, uint64_t now) {
    return !crypto->unread_since || now - crypto->unread_since >= UNREAD_MOST_MS;
}

static void take_resolved(struct crypto_thread *crypto, const struct input *input, uint64_t now) {
    if (input->bootnode == RESOLVER_NETWORK)
        nat64_search_named(&crypto->nat64_search, input->addresses, input->address_count, now);
    else
        engine_resolved(crypto->engine, input->bootnode, input->addresses, input->address_count, now);
}

static void take_unresolved(struct crypto_thread *crypto, const struct input *input, uint64_t now) {
    if (input->bootnode == RESOLVER_NETWORK)
        nat64_search_named(&crypto->nat64_search, NULL, 0, now);
    else
        engine_unresolved(crypto->engine, input->bootnode, input->text, now);
}

static void take_join(struct crypto_thread *crypto, const struct input *input, uint64_t now) {
    if (input->by_name)
        engine_join_by_name(crypto->engine, input->room, now);
    else if (input->passphrase)
        engine_join_passphrase(crypto->engine, input->room, input->text, input->size, now);
    else
        engine_join(crypto->engine, input->room, input->text, input->size, now);
}

static void take_enter(struct crypto_thread *crypto, const struct input *input, uint64_t now) {
    const uint8_t *text = (const uint8_t *)input->text;
    const uint8_t *invite = input->size == PRIVATE_ROOT_SIZE + PRIVATE_INVITE_SIZE ? text + PRIVATE_ROOT_SIZE : NULL;
    if (input->size >= PRIVATE_ROOT_SIZE) engine_enter_by(crypto->engine, input->room, text, invite, now);
}

static void take_inputs(struct crypto_thread *crypto, uint64_t now) {
    struct queue_node *node;
    while ((node = queue_pop(&crypto->inputs))) {
        struct input *input = (struct input *)node;
        engine_answer(crypto->engine, *input->ref ? input->ref : NULL);
        switch (input->type) {
        case INPUT_SAY:
            engine_say(crypto->engine, input->room, input->kind, input->peer, input->text, input->size, now);
            break;
        case INPUT_JOIN: take_join(crypto, input, now); break;
        case INPUT_PART: engine_part(crypto->engine, input->room, now); break;
        case INPUT_NICK: engine_nick(crypto->engine, input->text, now); break;
        case INPUT_INFO: engine_info(crypto->engine, input->room, input->peer, now); break;
        case INPUT_MARK: engine_mark(crypto->engine, input->room, input->peer, input->mark, now); break;
        case INPUT_INVITE: engine_invite(crypto->engine, input->room, input->once, input->lasts_ms, now); break;
        case INPUT_FOUND: engine_found(crypto->engine, input->room, input->once, input->lasts_ms, now); break;
        case INPUT_ENTER: take_enter(crypto, input, now); break;
        case INPUT_DECIDE: engine_decide(crypto->engine, input, now); break;
        case INPUT_END: engine_end_of_input(crypto->engine, now); break;
        case INPUT_STOP: engine_stop(crypto->engine, now); break;
        case INPUT_RESOLVED: take_resolved(crypto, input, now); break;
        case INPUT_UNRESOLVED: take_unresolved(crypto, input, now); break;
        case INPUT_PORT_MAPPED: take_port_mapped(crypto, input, now); break;
        }
        engine_answer(crypto->engine, NULL);
        input_destroy(input);
    }
}

/* One change brings several messages: looked at once they have come. */
static void take_network_news(struct crypto_thread *crypto, uint64_t now) {
    bool asked = crypto->network_told || now >= crypto->interfaces_due; /* no call into the kernel for each packet */
    if (crypto->network < 0 || !asked) return;
    crypto->network_told = false;
    struct network_news news = network_watch_read(crypto->network);
    crypto->route_changed |= news.route;
    if (news.nat64) nat64_search_told(&crypto->nat64_search, &news.prefix, news.prefix_s, now);
    if ((news.addresses || news.route) && crypto->interfaces_due > now + NETWORK_QUIET_MS)
        crypto->interfaces_due = now + NETWORK_QUIET_MS;
}

static void look_at_interfaces(struct crypto_thread *crypto, uint64_t now) {
    take_network_news(crypto, now);
    if (now < crypto->interfaces_due) return;
    crypto->interfaces_due = now + INTERFACES_EVERY_MS;
    struct candidate_list candidates;
    struct own_links links;
    interfaces_clear(&crypto->interfaces);
    interfaces_read(&crypto->interfaces);
    candidates_links(&crypto->interfaces, &links);
    engine_set_links(crypto->engine, &links);
    candidates_select(&crypto->interfaces, crypto->setup->bound.port, !address_is_ipv4(&crypto->setup->bound),
                      &candidates);
    bool addresses_changed = !candidates_equal(&candidates, &crypto->candidates);
    crypto->candidates = candidates;
    if (addresses_changed) offer_candidates(crypto, now);
    if (addresses_changed || crypto->route_changed) {
        nat64_search_network(&crypto->nat64_search, network_has_ipv4(), now);
        engine_network_changed(crypto->engine, now);
        if (crypto->ports) port_mapping_again(crypto->ports);
    }
    crypto->route_changed = false;
}

static void look_for_nat64(struct crypto_thread *crypto, uint64_t now) {
    if (nat64_search_tick(&crypto->nat64_search, now)) resolver_look_up(crypto->resolver, RESOLVER_NETWORK, NAT64_NAME);
    struct nat64 found = nat64_search_found(&crypto->nat64_search, now);
    if (nat64_equal(&found, &crypto->nat64)) return;
    crypto->nat64 = found;
    engine_translated(crypto->engine, &found, now);
}

static void sleep_until_due(struct crypto_thread *crypto) {
    uint64_t now = clock_boot_ms(), due = engine_due(crypto->engine, now);
    due = earlier(due, earlier(crypto->interfaces_due, nat64_search_due(&crypto->nat64_search)));
    uint64_t wait = due <= now ? 0 : due - now;
    if (wait > SLEEP_MOST_MS) wait = SLEEP_MOST_MS;
    crypto->expected = now + wait;
    /* Both must be asked: settling is what makes the next push ring. */
    bool packets = !queue_settle(&crypto->filled), inputs = !queue_settle(&crypto->inputs);
    if (packets || inputs) return;
    struct pollfd wanted[] = {{.fd = queue_event(&crypto->filled), .events = POLLIN},
                              {.fd = queue_event(&crypto->inputs), .events = POLLIN},
                              {.fd = crypto->network, .events = POLLIN}};
    if (poll(wanted, sizeof wanted / sizeof *wanted, (int)wait) > 0) crypto->network_told = wanted[2].revents != 0;
}

static void run(void *argument) {
    struct crypto_thread *crypto = argument;
    crypto->expected = clock_boot_ms();
    while (!engine_finished(crypto->engine)) {
        uint64_t now = clock_boot_ms(), gap = clock_pause(crypto->expected, now);
        crypto->expected = now;
        if (gap) engine_resumed(crypto->engine, gap, now);
        if (gap && crypto->ports) port_mapping_again(crypto->ports);
        look_at_interfaces(crypto, now);
        take_packets(crypto, now);
        take_inputs(crypto, now);
        look_for_nat64(crypto, now);
        if (may_tick(crypto, now) && engine_due(crypto->engine, now) <= now) engine_tick(crypto->engine, now);
        flush(crypto);
        if (!engine_finished(crypto->engine)) sleep_until_due(crypto);
    }
}

bool crypto_thread_open(struct crypto_thread *crypto, struct setup *setup, struct helper *helper,
                        struct sockets *sockets, struct receiver *receiver, struct queue *events) {
    memset(crypto, 0, sizeof *crypto);
    crypto->setup = setup;
    crypto->sockets = sockets;
    crypto->receiver = receiver;
    crypto->events = events;
    crypto->inputs.event = crypto->filled.event = -1;
    crypto->network = network_watch_open();
    nat64_search_init(&crypto->nat64_search);
    crypto->outgoing = udp_batch_create(OUTGOING_BATCH);
    bool queues = queue_init(&crypto->inputs, 0) == 0 && queue_init(&crypto->filled, 0) == 0;
    struct engine_io io = {.outside = {.context = crypto,
                                       .send = on_send,
                                       .open_sockets = on_open_sockets,
                                       .close_socket = on_close_socket,
                                       .emit = on_emit,
                                       .busy = on_busy,
                                       .wall_ms = on_wall_ms},
                           .resolve = on_resolve,
                           .seen = on_seen};
    struct engine_options options = {.identity = &setup->identity,
                                     .people = &setup->people,
                                     .known_bootnodes = &setup->known_bootnodes,
                                     .nick = setup->nick,
                                     .directory = setup_directory(setup),
                                     .suite_mask = setup->suite_mask,
                                     .history = setup->config->history && !setup->config->sends,
                                     .relays = setup->config->relay == RELAY_AUTO,
                                     .bootnodes = setup->bootnodes,
                                     .bootnode_count = setup->bootnode_count};
    if (queues) crypto->resolver = resolver_create(&crypto->inputs, helper_resolve, helper);
    if (queues && setup->config->port_mapping == PORT_MAPPING_AUTO)
        crypto->ports = port_mapping_create(helper, &crypto->inputs, setup->bound.port);
    if (crypto->resolver && crypto->outgoing) crypto->engine = engine_create(&options, &io, clock_boot_ms());
    if (crypto->engine) return true;
    fputs("gochat: out of memory or descriptors\n", stderr);
    return false;
}

int crypto_thread_start(struct crypto_thread *crypto) {
    return thread_start(&crypto->thread, "crypto", false, run, crypto);
}

void crypto_thread_join(struct crypto_thread *crypto) {
    thread_join(&crypto->thread);
}

void crypto_thread_close(struct crypto_thread *crypto) {
    struct queue_node *node;
    if (crypto->network >= 0) close(crypto->network);
    interfaces_clear(&crypto->interfaces);
    engine_destroy(crypto->engine);
    resolver_destroy(crypto->resolver);
    port_mapping_destroy(crypto->ports);
    if (crypto->inputs.event >= 0) {
        while ((node = queue_pop(&crypto->inputs))) input_destroy((struct input *)node);
        queue_destroy(&crypto->inputs);
    }
    if (crypto->filled.event >= 0) {
        while ((node = queue_pop(&crypto->filled))) receiver_give_back(crypto->receiver, (struct received *)node);
        queue_destroy(&crypto->filled);
    }
    if (crypto->outgoing) udp_batch_destroy(crypto->outgoing);
}
