/* A flood of long messages through thin links: delivery with its congestion control, sender and receiver, in a time of
 * their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/peer/delivery_receiver.h"

#define PACKETS 65536
#define OVERHEAD 76u /* UDP, IPv4, header, tag, frame */
#define MESSAGE_BYTES 10000
#define MESSAGES 100

struct packet {
    uint64_t arrives;
    bool is_acknowledgement;
    struct frame_segment segment;
    struct frame_acknowledgement acknowledgement;
};

/* One way of a link: `rate` bytes a second behind a queue, or (`queue` 0) a policer with a burst of four packets. */
struct way {
    uint64_t rate, queue, delay; /* bytes a second, bytes, ms */
    unsigned loss;               /* percent */
    uint64_t busy_us, tokens, filled;
    uint64_t passed, dropped, lost;
};

struct link {
    struct way there, back;
    uint32_t random;
    struct packet *packets;
    size_t first, last;
    struct delivery_sender sender;
    struct delivery_receiver receiver;
    unsigned taken;
    bool was_fast;
    uint64_t now;
};

static unsigned dice(struct link *link) {
    link->random = link->random * 1664525 + 1013904223;
    return (link->random >> 16) % 100;
}

/* When it has crossed, in ms; 0: it does not. */
static uint64_t cross(struct link *link, struct way *way, size_t bytes) {
    uint64_t now_us = link->now * 1000;
    if (way->queue == 0) {
        way->tokens += way->rate * (link->now - way->filled);
        way->filled = link->now;
        if (way->tokens > 4400 * 1000) way->tokens = 4400 * 1000;
        if (way->tokens < bytes * 1000) return way->dropped++, 0;
        way->tokens -= bytes * 1000;
        way->busy_us = now_us;
    } else {
        uint64_t start = way->busy_us > now_us ? way->busy_us : now_us;
        if ((start - now_us) * way->rate / 1000000 + bytes > way->queue) return way->dropped++, 0;
        way->busy_us = start + bytes * 1000000 / way->rate;
    }
    if (dice(link) < way->loss) return way->lost++, 0;
    way->passed++;
    return (way->busy_us + 999) / 1000 + way->delay;
}

static void put(struct link *link, struct way *way, struct packet packet, size_t bytes) {
    packet.arrives = cross(link, way, bytes);
    if (!packet.arrives) return;
    assert_true(link->last - link->first < PACKETS);
    link->packets[link->last++ % PACKETS] = packet;
}

static void send_due(struct link *link) {
    struct packet packet = {.is_acknowledgement = false};
    while (delivery_next(&link->sender, link->now, &packet.segment))
        put(link, &link->there, packet, packet.segment.size + OVERHEAD);
}

static void take(void *context, const uint8_t *message, size_t size, uint64_t age) {
    (void)age;
    struct link *link = context;
    assert_int_equal(size, MESSAGE_BYTES);
    assert_int_equal(message[0], link->taken % 256);
    link->taken++;
}

static void arrive(struct link *link, const struct packet *packet) {
    struct packet answer = {.is_acknowledgement = true};
    uint64_t tag;
    if (packet->is_acknowledgement) {
        delivery_acknowledged(&link->sender, &packet->acknowledgement, link->now);
        while (delivery_completed(&link->sender, &tag)) {
        }
    } else if (delivery_receiver_take(&link->receiver, &packet->segment, 0, take, link) &&
               delivery_receiver_acknowledgement(&link->receiver, &answer.acknowledgement)) {
        put(link, &link->back, answer, 19 + OVERHEAD);
    }
}

/* Two ways, so not in order: all of them are looked at. */
static void receive_due(struct link *link) {
    for (size_t i = link->first; i != link->last; i++) {
        struct packet *packet = &link->packets[i % PACKETS];
        if (packet->arrives == 0 || packet->arrives > link->now) continue;
        struct packet arrived = *packet;
        packet->arrives = 0;
        arrive(link, &arrived);
    }
    while (link->first != link->last && link->packets[link->first % PACKETS].arrives == 0) link->first++;
}

/* The share of the link that the text took. */
static double flood(struct link *link, uint32_t seed) {
    static uint8_t text[MESSAGE_BYTES];
    link->random = seed;
    link->now = 1000;
    link->packets = calloc(PACKETS, sizeof *link->packets);
    assert_non_null(link->packets);
    delivery_sender_init(&link->sender, 1);
    delivery_receiver_init(&link->receiver);
    if (link->was_fast) { /* until now: of the path's round trip that is what is known */
        delivery_sample(&link->sender, 500);
        link->sender.congestion.round_trip = 1;
        link->sender.congestion.round_trip_at = link->now;
    }
    for (unsigned i = 0; i < MESSAGES; i++) {
        text[0] = (uint8_t)i;
        struct blob *blob = blob_create(text, sizeof text);
        assert_true(delivery_queue(&link->sender, blob, i, 0));
        blob_drop(blob);
    }
    for (; link->taken < MESSAGES && link->now < 600000; link->now++) {
        receive_due(link);
        send_due(link);
    }
    double share = (double)MESSAGES * MESSAGE_BYTES * 1000 / (double)(link->now - 1000) / (double)link->there.rate;
    print_message(
        "# %llu B/s, %llu ms, queue %llu, loss %u %%: %.2f of the link; %llu passed, %llu lost, %llu dropped\n",
        (unsigned long long)link->there.rate, (unsigned long long)link->there.delay,
        (unsigned long long)link->there.queue, link->there.loss, share, (unsigned long long)link->there.passed,
        (unsigned long long)link->there.lost, (unsigned long long)link->there.dropped);
    delivery_sender_clear(&link->sender);
    delivery_receiver_clear(&link->receiver);
    free(link->packets);
    return share;
}

static void a_flood_takes_its_share(void **state) {
    static const uint64_t queues[] = {0, 8000, 16384, 200000}, delays[] = {2, 20, 100};
    (void)state;
    for (size_t i = 0; i < sizeof queues / sizeof *queues; i++)
        for (size_t j = 0; j < sizeof delays / sizeof *delays; j++)
            for (uint32_t seed = 1; seed <= 6; seed++) {
                struct way way = {.rate = 32000, .queue = queues[i], .delay = delays[j], .loss = 5};
                struct link link = {.there = way, .back = way, .was_fast = seed > 3};
                /* A path that became slow is known to be so after ten seconds: congestion.h. */
                assert_true(flood(&link, seed) >= (link.was_fast ? 0.6 : 0.7));
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_takes_its_share),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("delivery_links", tests, NULL, NULL);
}
