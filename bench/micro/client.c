/* A client among a hundred: what the engine costs while all of them join and meet, and then while they chat. The
 * clients are real engines in one thread, around a bootnode without threads, on a time of their own; each packet is a
 * turn of its own, as in the client's crypto thread: it is taken, what is due is done, and it is asked what is due
 * next. Figures are of one client, processor time inside of its engine.
 *
 *     bench/client [--against PROGRAM]   PROGRAM: this one of another build; runs take turns, a ratio is one round's
 *     bench/client --once                nanoseconds while joining and while chatting, and nothing else */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "bench/support/crowd.h"
#include "bench/support/measure.h"
#include "client/engine.h"
#include "common/clock.h"
#include "tests/scenario/support/rendezvous_net.h"

#define CLIENTS 100u
#define DELAY_MS 20
#define JOIN_EVERY_MS 200
#define SETTLE_MS 10000
#define SAY_EVERY_MS 100
#define CHAT_MS 30000
#define ROUNDS 5u
#define WALL_MS UINT64_C(1700000000000)

struct client {
    struct town *town;
    struct identity identity;
    struct people people;
    struct known_keys known_bootnodes;
    char nick[TEXT_NICK_MAX + 1];
    struct address address;
    struct engine *engine;
    uint64_t due, heard;
};

/* All take as long, so the first one sent is the first to arrive. */
struct parcel {
    struct parcel *next;
    uint64_t arrives;
    struct address from, to;
    size_t size;
    uint8_t data[PACKET_MAX];
};

struct town {
    struct net *net;
    uint64_t now;
    struct client clients[CLIENTS];
    struct parcel *first, **end;
    uint64_t spent; /* ns inside of engines */
};

struct figures {
    double joining, chatting;
};

static struct address bootnode_address(void) {
    return (struct address){.ip = {[10] = 0xff, 0xff, 203, 0, 113, 1}, .port = 9595};
}

static void post(struct town *town, const struct address *from, const struct address *to, const uint8_t *data,
                 size_t size) {
    struct parcel *parcel = malloc(sizeof *parcel);
    if (!parcel || size > sizeof parcel->data) measure_die("a packet");
    parcel->next = NULL;
    parcel->arrives = town->now + DELAY_MS;
    parcel->from = *from;
    parcel->to = *to;
    parcel->size = size;
    memcpy(parcel->data, data, size);
    *town->end = parcel;
    town->end = &parcel->next;
}

static bool on_bootnode_sends(struct net *net, const struct flying *packet) {
    struct town *town = net->watching;
    const struct address from = bootnode_address();
    if (!packet->to_server) post(town, &from, &packet->peer, packet->data, packet->size);
    return false;
}

/* --- What engines ask of their surroundings --- */

static void on_send(void *context, uint16_t socket, const struct address *to, const uint8_t *data, size_t size) {
    struct client *client = context;
    (void)socket;
    post(client->town, &client->address, to, data, size);
}

static size_t on_open_sockets(void *context, size_t count, uint16_t *out) {
    (void)context;
    if (count > 0) *out = 0;
    return 0;
}

static void on_close_socket(void *context, uint16_t socket) {
    (void)context, (void)socket;
}

static void on_emit(void *context, struct event *event) {
    struct client *client = context;
    client->heard += event->type == EVENT_MESSAGE;
    event_destroy(event);
}

static bool on_busy(void *context) {
    (void)context;
    return false;
}

static uint64_t on_wall_ms(void *context) {
    const struct client *client = context;
    return WALL_MS + client->town->now;
}

static void on_resolve(void *context, unsigned bootnode) {
    (void)context, (void)bootnode;
}

static void on_seen(void *context, const struct address *mapped, const struct address *server) {
    (void)context, (void)mapped, (void)server;
}

static void client_open(struct town *town, size_t number) {
    struct client *client = &town->clients[number];
    uint8_t seed[32] = {(uint8_t)number, 1};
    struct bootnode bootnode = {.name = "bootnode.example:9595", .addresses = {bootnode_address()}, .address_count = 1};
    client->town = town;
    client->address = (struct address){.ip = {[10] = 0xff, 0xff, 198, 51, 100, (uint8_t)(1 + number)}, .port = 4000};
    client->due = NEVER;
    snprintf(client->nick, sizeof client->nick, "client%zu", number);
    identity_from_seed(seed, &client->identity);
    struct engine_io io = {.outside = {.context = client,
                                       .send = on_send,
                                       .open_sockets = on_open_sockets,
                                       .close_socket = on_close_socket,
                                       .emit = on_emit,
                                       .busy = on_busy,
                                       .wall_ms = on_wall_ms},
                           .resolve = on_resolve,
                           .seen = on_seen};
    struct engine_options options = {.identity = &client->identity,
                                     .people = &client->people,
                                     .known_bootnodes = &client->known_bootnodes,
                                     .nick = client->nick,
                                     .suite_mask = suite_mask_available(),
                                     .history = true,
                                     .relays = true,
                                     .bootnodes = &bootnode,
                                     .bootnode_count = 1};
    client->engine = engine_create(&options, &io, town->now);
    engine_join(client->engine, "tea", NULL, 0, town->now);
    client->due = engine_due(client->engine, town->now);
}

/* --- Time --- */

static void turn(struct client *client, const struct parcel *parcel) {
    uint64_t now = client->town->now, began = crowd_cpu_ns();
    if (parcel) engine_receive(client->engine, 0, &parcel->from, parcel->data, parcel->size, now);
    if (engine_due(client->engine, now) <= now) engine_tick(client->engine, now);
    client->due = engine_due(client->engine, now);
    client->town->spent += crowd_cpu_ns() - began;
}

static void deliver(struct town *town, const struct parcel *parcel) {
    const struct address bootnode = bootnode_address();
    if (address_equal(&parcel->to, &bootnode)) {
        net_inject(town->net, &parcel->from, parcel->data, parcel->size);
        return;
    }
    size_t number = parcel->to.ip[15] - 1u;
    if (number < CLIENTS && town->clients[number].engine && address_equal(&town->clients[number].address, &parcel->to))
        turn(&town->clients[number], parcel);
}

static uint64_t next_time(const struct town *town) {
    uint64_t next = town->net->monotonic + NET_STEP_MS;
    if (town->first) next = earlier(next, town->first->arrives);
    for (size_t i = 0; i < CLIENTS; i++) next = earlier(next, town->clients[i].due);
    return next < town->now ? town->now : next;
}

static void run_until(struct town *town, uint64_t end) {
    for (uint64_t next; (next = next_time(town)) <= end;) {
        town->now = next;
        if (town->net->monotonic + NET_STEP_MS <= next) net_run(town->net, NET_STEP_MS);
        while (town->first && town->first->arrives <= next) {
            struct parcel *parcel = town->first;
            town->first = parcel->next;
            if (!town->first) town->end = &town->first;
            deliver(town, parcel);
            free(parcel);
        }
        for (size_t i = 0; i < CLIENTS; i++)
            if (town->clients[i].engine && town->clients[i].due <= next) turn(&town->clients[i], NULL);
    }
    town->now = end;
}

/* --- The day --- */

static double per_client(struct town *town) {
    uint64_t spent = town->spent;
    town->spent = 0;
    return (double)spent / CLIENTS;
}

static void say(struct town *town, unsigned number) {
    static const char text[] = "Is the tea ready, or shall I put the kettle on once more for all of you?";
    struct client *client = &town->clients[number % CLIENTS];
    uint64_t began = crowd_cpu_ns();
    engine_say(client->engine, "tea", CHAT_TEXT, NULL, text, sizeof text - 1, town->now);
    town->spent += crowd_cpu_ns() - began;
    turn(client, NULL);
}

static struct figures live(void) {
    struct figures figures;
    void *net;
    struct town *town = calloc(1, sizeof *town);
    if (!town || net_setup(&net) != 0) measure_die("the bootnode");
    town->net = net;
    town->net->watch = on_bootnode_sends;
    town->net->watching = town;
    town->now = town->net->monotonic;
    town->end = &town->first;
    for (size_t i = 0; i < CLIENTS; i++) town->clients[i].due = NEVER;
    for (size_t i = 0; i < CLIENTS; i++) {
        client_open(town, i);
        run_until(town, town->now + JOIN_EVERY_MS);
    }
    run_until(town, town->now + SETTLE_MS);
    figures.joining = per_client(town);
    for (unsigned i = 0; i < CHAT_MS / SAY_EVERY_MS; i++) {
        say(town, i);
        run_until(town, town->now + SAY_EVERY_MS);
    }
    run_until(town, town->now + SAY_EVERY_MS);
    figures.chatting = per_client(town);
    uint64_t heard = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        heard += town->clients[i].heard;
        engine_destroy(town->clients[i].engine);
    }
    if (heard != (uint64_t)(CLIENTS - 1) * (CHAT_MS / SAY_EVERY_MS)) measure_die("not everybody heard everything");
    while (town->first) {
        struct parcel *parcel = town->first;
        town->first = parcel->next;
        free(parcel);
    }
    free(town);
    net_teardown(&net);
    return figures;
}

/* Each in a process of its own, so that no run finds what another one left behind. */
static struct figures run(const char *program) {
    char command[4096];
    struct figures figures;
    snprintf(command, sizeof command, "'%s' --once", program);
    FILE *pipe = popen(command, "r"); /* NOLINT(cert-env33-c): the caller's own words */
    bool read = pipe && fscanf(pipe, "%lf %lf", &figures.joining, &figures.chatting) == 2; /* NOLINT(cert-err34-c) */
    if (!pipe || pclose(pipe) != 0 || !read) measure_die(program);
    return figures;
}

static void print(const char *name, double ours[static ROUNDS], double ratios[static ROUNDS], bool against) {
    printf("  %-10s %8.1f ms", name, measure_median(ours, ROUNDS) / 1e6);
    if (against) {
        double median = measure_median(ratios, ROUNDS);
        printf("   %.3f of the other (%.3f to %.3f)", median, ratios[0], ratios[ROUNDS - 1]);
    }
    putchar('\n');
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--once") == 0) {
        struct figures figures = live();
        printf("%.0f %.0f\n", figures.joining, figures.chatting);
        return 0;
    }
    const char *other = argc == 3 && strcmp(argv[1], "--against") == 0 ? argv[2] : NULL;
    if (argc > 1 && !other) measure_die("expected --once or --against PROGRAM");
    double joining[ROUNDS], chatting[ROUNDS], joining_ratios[ROUNDS] = {0}, chatting_ratios[ROUNDS] = {0};
    for (size_t i = 0; i < ROUNDS; i++) {
        struct figures theirs = other ? run(other) : (struct figures){1, 1}, ours = run(argv[0]);
        joining[i] = ours.joining;
        chatting[i] = ours.chatting;
        joining_ratios[i] = ours.joining / theirs.joining;
        chatting_ratios[i] = ours.chatting / theirs.chatting;
    }
    printf("processor time of one client among %u, median of %u\n", CLIENTS, ROUNDS);
    print("joining", joining, joining_ratios, other);
    print("chatting", chatting, chatting_ratios, other);
    return 0;
}
