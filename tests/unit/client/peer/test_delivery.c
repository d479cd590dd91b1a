#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/peer/delivery_receiver.h"

#define NEVER UINT64_MAX
#define FLIGHT_MAX 4096

/* A path with its own clock and dice: packets are lost, doubled and overtake each other. */
struct packet {
    uint64_t arrives;
    bool is_ack;
    struct frame_segment segment;
    struct frame_acknowledgement ack;
    uint8_t data[DELIVERY_SEGMENT_DATA];
};

struct world {
    uint64_t now, seed;
    unsigned loss_percent, double_percent, delay_min, delay_spread;
    struct packet *packets;
    size_t count;
    struct delivery_sender sender;
    struct delivery_receiver receiver;
    uint64_t queued, delivered, completed; /* messages */
    uint64_t segments;                     /* sent */
};

static uint32_t random_below(uint64_t *seed, uint32_t limit) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % limit;
}

static bool chance(struct world *world, unsigned percent) {
    return random_below(&world->seed, 100) < percent;
}

static void world_init(struct world *world, uint64_t seed, unsigned loss_percent) {
    memset(world, 0, sizeof *world);
    world->seed = seed;
    world->loss_percent = loss_percent;
    world->double_percent = 5;
    world->delay_min = 10;
    world->delay_spread = 30;
    world->packets = malloc(FLIGHT_MAX * sizeof *world->packets);
    assert_non_null(world->packets);
    delivery_sender_init(&world->sender, 1);
    delivery_receiver_init(&world->receiver);
}

static void world_clear(struct world *world) {
    delivery_sender_clear(&world->sender);
    delivery_receiver_clear(&world->receiver);
    free(world->packets);
}

/* Sizes from one byte to 64 KiB, most of them small; contents follow from the number. */
static size_t size_of(uint64_t number) {
    uint64_t seed = number * 7919 + 1;
    return random_below(&seed, 16) == 0 ? 1 + random_below(&seed, 65536) : 1 + random_below(&seed, 2000);
}

static void fill(uint64_t number, uint8_t *data, size_t size) {
    for (size_t i = 0; i < size; i++) data[i] = (uint8_t)(number * 31 + i * 7 + (i >> 8));
}

static void queue_message(struct world *world) {
    static uint8_t data[65536];
    size_t size = size_of(world->queued);
    struct blob *blob;
    fill(world->queued, data, size);
    blob = blob_create(data, size);
    assert_non_null(blob);
    assert_true(delivery_queue(&world->sender, blob, world->queued++, world->now));
    blob_drop(blob);
}

static void take_expected(void *context, const uint8_t *message, size_t size, uint64_t age) {
    (void)age;
    static uint8_t expected[65536];
    struct world *world = context;

    assert_int_equal(size, size_of(world->delivered));
    fill(world->delivered++, expected, size);
    assert_memory_equal(message, expected, size);
}

static void put_on_wire(struct world *world, const struct packet *packet) {
    struct packet *at;
    if (chance(world, world->loss_percent)) return;
    assert_true(world->count < FLIGHT_MAX);
    at = &world->packets[world->count++];
    *at = *packet;
    at->arrives = world->now + world->delay_min + random_below(&world->seed, world->delay_spread + 1);
    if (chance(world, world->double_percent)) put_on_wire(world, packet);
}

static void send_segments(struct world *world) {
    struct packet packet = {.is_ack = false};
    while (delivery_next(&world->sender, world->now, &packet.segment)) {
        memcpy(packet.data, packet.segment.data, packet.segment.size);
        put_on_wire(world, &packet);
        world->segments++;
    }
}

static void arrive(struct world *world, struct packet *packet) {
    uint64_t tag;
    if (packet->is_ack) {
        delivery_acknowledged(&world->sender, &packet->ack, world->now);
        for (; delivery_completed(&world->sender, &tag); world->completed++) assert_int_equal(tag, world->completed);
        return;
    }
    packet->segment.data = packet->data;
    if (!delivery_receiver_take(&world->receiver, &packet->segment, world->now, take_expected, world)) return;
    packet->is_ack = true;
    assert_true(delivery_receiver_acknowledgement(&world->receiver, &packet->ack));
    put_on_wire(world, packet);
}

static size_t earliest(const struct world *world) {
    size_t found = 0;
    for (size_t i = 1; i < world->count; i++)
        if (world->packets[i].arrives < world->packets[found].arrives) found = i;
    return found;
}

/* Everything up to and at the next moment when something happens. False when nothing ever will. */
static bool step(struct world *world) {
    uint64_t due, arrives = NEVER;
    size_t at = 0;
    send_segments(world);
    due = delivery_due(&world->sender, world->now);
    assert_true(due > world->now);
    if (world->count > 0) {
        at = earliest(world);
        arrives = world->packets[at].arrives;
    }
    if (due == NEVER && arrives == NEVER) return false;
    world->now = due < arrives ? due : arrives;
    if (arrives <= due) {
        struct packet packet = world->packets[at];

        world->packets[at] = world->packets[--world->count];
        arrive(world, &packet);
    }
    assert_true(delivery_holds(&world->sender) && delivery_receiver_holds(&world->receiver));
    return true;
}

static void run_dry(struct world *world) {
    while (step(world)) {
    }
    assert_int_equal(world->delivered, world->queued);
    assert_int_equal(world->completed, world->queued);
    assert_int_equal(world->sender.messages, 0);
}

static void everything_arrives_in_order_and_once(void **state) {
    static const unsigned losses[] = {0, 20, 35, 50};
    (void)state;
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        struct world world;

        world_init(&world, 42 + i, losses[i]);
        for (int message = 0; message < 1500; message++) {
            queue_message(&world);
            while (world.sender.messages > 20) assert_true(step(&world));
        }
        run_dry(&world);
        world_clear(&world);
    }
}

static void segments_are_not_sent_twice_for_nothing(void **state) {
    struct world world;
    (void)state;
    world_init(&world, 7, 0);
    world.double_percent = 0;
    world.delay_spread = 0;
    for (int i = 0; i < 500; i++) queue_message(&world);
    run_dry(&world);
    assert_int_equal(world.segments, world.sender.next_sequence);
    world_clear(&world);
}

static void sequence_numbers_wrap(void **state) {
    struct world world;
    (void)state;
    world_init(&world, 5, 30);
    world.sender.next_sequence = world.sender.cumulative = UINT32_MAX - 200;
    world.receiver.stream = 1;
    world.receiver.next = UINT32_MAX - 200;
    for (int i = 0; i < 300; i++) queue_message(&world);
    run_dry(&world);
    assert_true(world.sender.next_sequence < 100000);
    world_clear(&world);
}

/* The receiver starts anew: messages that it had not acknowledged come whole, on the new stream. */
static void a_restart_repeats_whole_messages(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct world world;

        world_init(&world, seed, 30);
        for (int i = 0; i < 60; i++) queue_message(&world);
        for (uint64_t i = 0; i < 20 * seed; i++) step(&world);
        world.count = 0; /* the old session's packets mean nothing to the new one */
        delivery_receiver_clear(&world.receiver);
        delivery_restart(&world.sender, 2);
        world.delivered = world.completed;
        run_dry(&world);
        world_clear(&world);
    }
}

static void a_restart_keeps_what_is_complete_but_not_collected(void **state) {
    struct delivery_sender sender;
    struct blob *blob = blob_create((const uint8_t *)"x", 1);
    struct frame_segment segment;
    uint64_t tag;
    (void)state;
    delivery_sender_init(&sender, 1);
    for (uint64_t i = 10; i < 12; i++) assert_true(delivery_queue(&sender, blob, i, 0));
    while (delivery_next(&sender, 0, &segment)) {
    }
    delivery_acknowledged(&sender, &(struct frame_acknowledgement){.stream = 1, .cumulative = 1}, 5);
    delivery_restart(&sender, 2);
    assert_true(delivery_queue(&sender, blob, 12, 0));
    assert_true(delivery_completed(&sender, &tag));
    assert_int_equal(tag, 10);
    assert_false(delivery_completed(&sender, &tag));
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(delivery_next(&sender, 6, &segment));
        assert_int_equal(segment.stream, 2);
        assert_int_equal(segment.sequence, i);
        assert_true(segment.first && segment.last);
    }
    assert_false(delivery_next(&sender, 6, &segment));
    delivery_sender_clear(&sender);
    assert_int_equal(blob->references, 1);
    blob_drop(blob);
}

/* One sender with `segments` full segments queued in one message. */
static void start_sender(struct delivery_sender *sender, size_t segments) {
    static const uint8_t zeros[DELIVERY_MESSAGE_MAX];
    struct blob *blob;
    delivery_sender_init(sender, 1);
    for (; segments > 0; segments -= segments < 60 ? segments : 60) {
        blob = blob_create(zeros, (segments < 60 ? segments : 60) * DELIVERY_SEGMENT_DATA);
        assert_true(delivery_queue(sender, blob, 0, 0));
        blob_drop(blob);
    }
}

static unsigned send_all(struct delivery_sender *sender, uint64_t now) {
    struct frame_segment segment;
    unsigned count = 0;
    while (delivery_next(sender, now, &segment)) count++;
    return count;
}

static void acknowledge(struct delivery_sender *sender, uint32_t cumulative, uint64_t bitmap, uint64_t now) {
    delivery_acknowledged(
        sender, &(struct frame_acknowledgement){.stream = 1, .cumulative = cumulative, .bitmap = bitmap}, now);
    assert_true(delivery_holds(sender));
}

/* As much is in flight as the path's model wants (congestion.h), but never more than an acknowledgement can name. */
static void the_window_bounds_what_is_in_flight(void **state) {
    struct delivery_sender sender;
    uint32_t most = 0, sent[50];
    (void)state;
    start_sender(&sender, 2000);
    assert_int_equal(delivery_due(&sender, 3), 3);
    assert_int_equal(send_all(&sender, 3), 10);
    for (uint64_t now = 4; now < 3000 && sender.cumulative < 1900; now++) {
        sent[now % 50] = sender.next_sequence;
        if (now >= 54) acknowledge(&sender, sent[(now + 1) % 50], 0, now);
        send_all(&sender, now);
        uint32_t in_flight = sender.next_sequence - sender.cumulative;
        assert_true(in_flight <= DELIVERY_WINDOW);
        if (in_flight > most) most = in_flight;
    }
    assert_int_equal(most, DELIVERY_WINDOW);
    delivery_sender_clear(&sender);
}

/* One line has measured a path of some hundred bytes a second, since there was no more to say. */
static void a_line_on_a_far_path_slows_none_after_it(void **state) {
    static const uint8_t text[900];
    struct blob *line = blob_create(text, 40), *paste = blob_create(text, sizeof text);
    struct delivery_sender sender;
    uint64_t now = 10;
    (void)state;
    delivery_sender_init(&sender, 1);
    for (uint32_t lines = 1; lines < 20; lines++, now += 3000) {
        assert_true(delivery_queue(&sender, line, 0, 0));
        assert_int_equal(delivery_due(&sender, now), now);
        assert_int_equal(send_all(&sender, now), 1);
        acknowledge(&sender, lines, 0, now + 600);
        if (lines % 5 != 1) continue;
        assert_true(delivery_queue(&sender, paste, 0, 0));
        assert_int_equal(delivery_due(&sender, now + 610), now + 610);
        assert_int_equal(send_all(&sender, now + 610), 1);
        acknowledge(&sender, ++lines, 0, now + 1210);
    }
    blob_drop(line);
    blob_drop(paste);
    delivery_sender_clear(&sender);
}

static void the_timer_is_the_round_trips(void **state) {
    struct delivery_sender sender;
    (void)state;
    start_sender(&sender, 1);
    send_all(&sender, 0);
    assert_int_equal(delivery_due(&sender, 0), ROUND_TRIP_FIRST_MS);
    delivery_sample(&sender, 100000);
    assert_int_equal(delivery_due(&sender, 0), 301);
    for (int i = 0; i < 100; i++) delivery_sample(&sender, 1000);
    assert_int_equal(delivery_due(&sender, 0), 20);
    delivery_sender_clear(&sender);
}

static void expiries_double_up_to_two_seconds(void **state) {
    static const uint64_t waits[] = {300, 600, 1200, 2000, 2000, 2000};
    struct delivery_sender sender;
    uint64_t now = 0;
    (void)state;
    start_sender(&sender, 1);
    delivery_sample(&sender, 99900);
    send_all(&sender, now);
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        assert_int_equal(delivery_due(&sender, now), now + waits[i]);
        assert_int_equal(send_all(&sender, now + waits[i] - 1), 0);
        now += waits[i];
        assert_int_equal(send_all(&sender, now), 1);
    }
    for (int i = 0; i < 1000; i++) send_all(&sender, now += 2000);
    assert_int_equal(delivery_due(&sender, now), now + 2000);
    acknowledge(&sender, 1, 0, now);
    assert_int_equal(sender.backoff, 0);
    assert_true(delivery_due(&sender, now) == NEVER);
    delivery_sender_clear(&sender);
}

/* So far away that an answer takes longer than the limit. */
static void expiries_of_a_long_round_trip_double_once(void **state) {
    static const uint64_t waits[] = {12001, 24002, 24002};
    struct delivery_sender sender;
    uint64_t now = 0;
    (void)state;
    start_sender(&sender, 1);
    delivery_sample(&sender, 4000000);
    send_all(&sender, now);
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        assert_int_equal(delivery_due(&sender, now), now + waits[i]);
        now += waits[i];
        assert_int_equal(send_all(&sender, now), 1);
    }
    delivery_sender_clear(&sender);
}

/* One expiry sends the oldest again; its acknowledgement shows that the path lives, and the rest follow. */
static void a_lost_flight_is_one_expiry(void **state) {
    struct delivery_sender sender;
    struct frame_segment segment;
    (void)state;
    start_sender(&sender, 10);
    delivery_sample(&sender, 99900);
    assert_int_equal(send_all(&sender, 0), 10);
    assert_int_equal(send_all(&sender, 300), 1);
    assert_int_equal(sender.backoff, 1);
    acknowledge(&sender, 1, 0, 400);
    uint32_t sent = 0;
    for (uint64_t now = 400; now < 1000; now++)
        while (delivery_next(&sender, now, &segment)) sent |= UINT32_C(1) << segment.sequence;
    assert_int_equal(sent, 0x3fe); /* 1 to 9 */
    delivery_sender_clear(&sender);
}

static void what_was_resent_gives_no_sample(void **state) {
    struct delivery_sender sender;
    (void)state;
    start_sender(&sender, 2);
    assert_int_equal(send_all(&sender, 0), 2);
    assert_int_equal(send_all(&sender, 1000), 1);
    acknowledge(&sender, 1, 0, 1001);
    assert_false(sender.round_trip.measured);
    acknowledge(&sender, 2, 0, 1050);
    assert_true(sender.round_trip.measured);
    assert_int_equal(sender.round_trip.smoothed_us, 1050000);
    delivery_sender_clear(&sender);
}

/* What left before something that has arrived is late by a round trip and a quarter: then it is lost. */
static void what_was_overtaken_is_sent_again(void **state) {
    struct delivery_sender sender;
    struct frame_segment segment;
    (void)state;
    start_sender(&sender, 8);
    delivery_sample(&sender, 40000);
    assert_int_equal(send_all(&sender, 0), 8);
    acknowledge(&sender, 2, 0x1, 40); /* all but number 2, up to 3 */
    assert_int_equal(send_all(&sender, 40), 0);
    assert_int_equal(delivery_due(&sender, 40), 50);
    assert_int_equal(send_all(&sender, 49), 0);
    assert_true(delivery_next(&sender, 50, &segment));
    assert_int_equal(segment.sequence, 2);
    assert_int_equal(sender.backoff, 0);
    /* The rest of the old flight left before it was resent, and so says nothing about the new copy. */
    acknowledge(&sender, 2, 0x1f, 54);
    assert_int_equal(send_all(&sender, 54), 0);
    assert_true(delivery_due(&sender, 54) > 54);
    delivery_sender_clear(&sender);
}

static void reordering_is_no_loss(void **state) {
    struct delivery_sender sender;
    (void)state;
    start_sender(&sender, 8);
    delivery_sample(&sender, 40000);
    assert_int_equal(send_all(&sender, 0), 8);
    acknowledge(&sender, 0, 0x7f, 41); /* all but the first, */
    assert_int_equal(send_all(&sender, 48), 0);
    acknowledge(&sender, 8, 0, 49); /* which comes 8 ms later */
    assert_int_equal(send_all(&sender, 60), 0);
    assert_true(delivery_due(&sender, 60) == NEVER);
    delivery_sender_clear(&sender);
}

static void another_path_gets_what_was_in_flight(void **state) {
    struct delivery_sender sender;
    (void)state;
    start_sender(&sender, 5);
    delivery_sample(&sender, 40000);
    assert_int_equal(send_all(&sender, 0), 5);
    acknowledge(&sender, 1, 0x2, 40); /* the first and the fourth */
    for (uint64_t now = 1000; sender.backoff < 3; now = delivery_due(&sender, now)) send_all(&sender, now);
    delivery_path_changed(&sender);
    assert_int_equal(delivery_due(&sender, 20000), 20000);
    assert_int_equal(send_all(&sender, 20000), 3);
    assert_int_equal(sender.backoff, 0);
    delivery_sender_clear(&sender);
}

static void hostile_acknowledgements_are_ignored(void **state) {
    struct delivery_sender sender;
    uint64_t tag;
    (void)state;
    start_sender(&sender, 10);
    acknowledge(&sender, 1, 0, 1); /* before anything was sent */
    acknowledge(&sender, 0, UINT64_MAX, 1);
    assert_int_equal(send_all(&sender, 2), 10);
    acknowledge(&sender, 11, 0, 3);
    acknowledge(&sender, UINT32_MAX, 0, 3);
    acknowledge(&sender, 1u << 31, UINT64_MAX, 3);
    acknowledge(&sender, 9, ~UINT64_C(0), 3); /* the bits lie beyond what was sent */
    assert_int_equal(sender.cumulative, 9);
    delivery_acknowledged(&sender, &(struct frame_acknowledgement){.stream = 2, .cumulative = 10}, 4);
    assert_int_equal(sender.cumulative, 9);
    assert_false(delivery_completed(&sender, &tag));
    acknowledge(&sender, 10, 0, 5);
    assert_true(delivery_completed(&sender, &tag));
    acknowledge(&sender, 10, UINT64_MAX, 5);
    assert_int_equal(sender.cumulative, 10);
    delivery_sender_clear(&sender);
}

static void a_late_acknowledgement_still_helps(void **state) {
    struct delivery_sender sender;
    (void)state;
    start_sender(&sender, 10);
    send_all(&sender, 0);
    acknowledge(&sender, 3, 0, 10);
    acknowledge(&sender, 1, 0x4, 11); /* overtaken: says that 4 has arrived */
    assert_int_equal(sender.cumulative, 3);
    assert_true(sender.flight[4].acknowledged);
    delivery_sender_clear(&sender);
}

static void too_large_is_refused(void **state) {
    static const uint8_t zeros[DELIVERY_MESSAGE_MAX + 1];
    struct delivery_sender sender;
    struct blob *large = blob_create(zeros, sizeof zeros), *fits = blob_create(zeros, sizeof zeros - 1);
    (void)state;
    delivery_sender_init(&sender, 1);
    assert_false(delivery_queue(&sender, large, 0, 0));
    assert_int_equal(large->references, 1);
    assert_true(delivery_queue(&sender, fits, 0, 0));
    delivery_sender_clear(&sender);
    blob_drop(large);
    blob_drop(fits);
}

struct taken {
    size_t count, size;
};

static void take_any(void *context, const uint8_t *message, size_t size, uint64_t age) {
    (void)age;
    struct taken *taken = context;

    (void)message;
    taken->count++;
    taken->size = size;
}

static bool give(struct delivery_receiver *receiver, uint32_t stream, uint32_t sequence, const char *flags,
                 struct taken *taken) {
    static const uint8_t zeros[DELIVERY_SEGMENT_DATA];
    struct frame_segment segment = {.stream = stream,
                                    .sequence = sequence,
                                    .first = strchr(flags, 'F') != NULL,
                                    .last = strchr(flags, 'L') != NULL,
                                    .data = zeros,
                                    .size = sizeof zeros};
    bool ours = delivery_receiver_take(receiver, &segment, 0, take_any, taken);
    assert_true(delivery_receiver_holds(receiver));
    return ours;
}

static void streams_only_go_up(void **state) {
    struct delivery_receiver receiver;
    struct frame_acknowledgement ack;
    struct taken taken = {0};
    (void)state;
    delivery_receiver_init(&receiver);
    assert_false(delivery_receiver_acknowledgement(&receiver, &ack));
    assert_false(give(&receiver, 0, 0, "FL", &taken));
    assert_true(give(&receiver, 5, 0, "FL", &taken));
    assert_true(give(&receiver, 5, 2, "FL", &taken));
    assert_false(give(&receiver, 4, 1, "FL", &taken));
    assert_false(give(&receiver, 6, 64, "FL", &taken));
    assert_true(delivery_receiver_acknowledgement(&receiver, &ack));
    assert_int_equal(ack.stream, 5);
    assert_int_equal(ack.cumulative, 1);
    assert_true(ack.bitmap == 1);
    assert_true(give(&receiver, 6, 1, "FL", &taken));
    assert_true(delivery_receiver_acknowledgement(&receiver, &ack));
    assert_int_equal(ack.stream, 6);
    assert_int_equal(ack.cumulative, 0);
    assert_true(ack.bitmap == 1);
    assert_int_equal(taken.count, 1);
    delivery_receiver_clear(&receiver);
}

static void duplicates_are_acknowledged_and_the_window_is_kept(void **state) {
    struct delivery_receiver receiver;
    struct taken taken = {0};
    (void)state;
    delivery_receiver_init(&receiver);
    assert_true(give(&receiver, 1, 0, "FL", &taken));
    assert_true(give(&receiver, 1, 0, "FL", &taken));
    assert_int_equal(taken.count, 1);
    assert_true(give(&receiver, 1, 64, "FL", &taken));
    assert_true(give(&receiver, 1, 64, "FL", &taken));
    assert_false(give(&receiver, 1, 65, "FL", &taken));
    assert_int_equal(taken.count, 1);
    delivery_receiver_clear(&receiver);
}

/* Whoever takes a message may acknowledge at once: what was just taken out must not count for the segment that will
 * have its place. */
static void take_and_acknowledge(void *context, const uint8_t *message, size_t size, uint64_t age) {
    (void)age;
    struct frame_acknowledgement ack;

    (void)message;
    (void)size;
    assert_true(delivery_receiver_acknowledgement(context, &ack));
    assert_true(ack.bitmap == 0 || ack.cumulative == 1);
}

static void an_acknowledgement_while_taking_claims_nothing(void **state) {
    struct delivery_receiver receiver;
    struct frame_segment segment = {
        .stream = 1, .sequence = 1, .first = true, .last = true, .data = (const uint8_t *)"a", .size = 1};
    (void)state;
    delivery_receiver_init(&receiver);
    assert_true(delivery_receiver_take(&receiver, &segment, 0, take_and_acknowledge, &receiver));
    segment.sequence = 0;
    assert_true(delivery_receiver_take(&receiver, &segment, 0, take_and_acknowledge, &receiver));
    assert_int_equal(receiver.next, 2);
    delivery_receiver_clear(&receiver);
}

static void an_oversized_segment_is_malformed(void **state) {
    static const uint8_t data[DELIVERY_SEGMENT_DATA + 1];
    struct delivery_receiver receiver;
    struct frame_segment segment = {.stream = 1, .first = true, .last = true, .data = data, .size = sizeof data};
    struct taken taken = {0};
    (void)state;
    delivery_receiver_init(&receiver);
    assert_false(delivery_receiver_take(&receiver, &segment, 0, take_any, &taken));
    segment.size = 0;
    assert_true(delivery_receiver_take(&receiver, &segment, 0, take_any, &taken));
    assert_int_equal(taken.count, 1);
    assert_int_equal(taken.size, 0);
    delivery_receiver_clear(&receiver);
}

/* A message without end holds one buffer, is dropped where it becomes too long, and the next one is whole again. */
static void an_endless_message_is_dropped(void **state) {
    struct delivery_receiver receiver;
    struct taken taken = {0};
    uint32_t sequence = 0;
    (void)state;
    delivery_receiver_init(&receiver);
    assert_true(give(&receiver, 1, sequence++, "F", &taken));
    for (int i = 0; i < 1000; i++) assert_true(give(&receiver, 1, sequence++, "", &taken));
    assert_null(receiver.message);
    assert_true(give(&receiver, 1, sequence++, "L", &taken));
    assert_int_equal(taken.count, 0);
    assert_true(give(&receiver, 1, sequence++, "F", &taken));
    assert_true(give(&receiver, 1, sequence++, "L", &taken));
    assert_int_equal(taken.count, 1);
    assert_int_equal(taken.size, 2 * DELIVERY_SEGMENT_DATA);
    delivery_receiver_clear(&receiver);
}

static void parts_without_a_beginning_are_skipped(void **state) {
    struct delivery_receiver receiver;
    struct taken taken = {0};
    (void)state;
    delivery_receiver_init(&receiver);
    assert_true(give(&receiver, 1, 0, "", &taken));
    assert_true(give(&receiver, 1, 1, "L", &taken));
    assert_int_equal(taken.count, 0);
    assert_true(give(&receiver, 1, 2, "F", &taken));
    assert_true(give(&receiver, 1, 3, "F", &taken)); /* without the end of the one before */
    assert_true(give(&receiver, 1, 4, "L", &taken));
    assert_int_equal(taken.count, 1);
    assert_int_equal(taken.size, 2 * DELIVERY_SEGMENT_DATA);
    delivery_receiver_clear(&receiver);
}

/* --- Pieces --- */

struct heard {
    unsigned count;
    size_t size;
    uint8_t bytes[3 * DELIVERY_SEGMENT_DATA];
};

static void take_bytes(void *context, const uint8_t *message, size_t size, uint64_t age) {
    (void)age;
    struct heard *heard = context;
    assert_true(size <= sizeof heard->bytes);
    memcpy(heard->bytes, message, size);
    heard->size = size;
    heard->count++;
}

static void fill_text(uint8_t *text, size_t size) {
    for (size_t i = 0; i < size; i++) text[i] = (uint8_t)(i * 7 + i / 256);
}

/* A piece of the first and only segment, `sequence`, of a message. */
static bool give_piece(struct delivery_receiver *receiver, uint32_t sequence, const uint8_t *text, size_t offset,
                       size_t size, size_t total, struct heard *heard) {
    struct frame_piece piece = {.offset = (uint16_t)offset, .total = (uint16_t)total};
    piece.segment = (struct frame_segment){
        .stream = 1, .sequence = sequence, .first = true, .last = true, .data = text + offset, .size = size};
    bool whole = delivery_receiver_take_piece(receiver, &piece, 0, take_bytes, heard);
    assert_true(delivery_receiver_holds(receiver));
    return whole;
}

/* In any order, twice and over each other; only the last one is acknowledged, and what waited behind it comes with it.
 */
static void pieces_make_a_segment(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 15, 16, 17, 448, 1000, 1008, 1009, 1023, DELIVERY_SEGMENT_DATA};
    uint8_t text[DELIVERY_SEGMENT_DATA];
    fill_text(text, sizeof text);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t step = 16; step <= 432; step += 16) {
            struct delivery_receiver receiver;
            struct frame_acknowledgement ack;
            struct heard heard = {0};
            size_t total = sizes[i], last = (total - 1) / step * step;
            delivery_receiver_init(&receiver);
            assert_true(give_piece(&receiver, 1, text, 0, total, total, &heard)); /* one alone, and ahead */
            for (size_t at = last; at > 0; at -= step)                            /* the latest first */
                for (int twice = 0; twice < 2; twice++) {
                    size_t size = at == last ? total - at : step;
                    assert_false(give_piece(&receiver, 0, text, at, size, total, &heard));
                    size_t before = at - 16; /* and another cut */
                    if (before > 0) assert_false(give_piece(&receiver, 0, text, before, 16, total, &heard));
                }
            assert_true(delivery_receiver_acknowledgement(&receiver, &ack));
            assert_true(ack.cumulative == 0 && ack.bitmap == 1 && heard.count == 0);
            assert_true(give_piece(&receiver, 0, text, 0, last ? step : total, total, &heard));
            assert_true(heard.count == 2 && heard.size == total && memcmp(heard.bytes, text, total) == 0);
            assert_true(delivery_receiver_acknowledgement(&receiver, &ack));
            assert_true(ack.cumulative == 2 && ack.bitmap == 0);
            assert_true(give_piece(&receiver, 0, text, 0, last ? step : total, total, &heard)); /* late: acknowledged */
            assert_int_equal(heard.count, 2);
            delivery_receiver_clear(&receiver);
        }
}

/* Pieces wait within the window, in the place of their segment, for no more than that has; what contradicts the first
 * of them is nothing, and the segment itself ends it. */
static void pieces_that_lie_are_nothing(void **state) {
    (void)state;
    uint8_t text[DELIVERY_SEGMENT_DATA + 16];
    struct delivery_receiver receiver;
    struct frame_acknowledgement ack;
    struct heard heard = {0};
    struct taken taken = {0};
    fill_text(text, sizeof text);
    delivery_receiver_init(&receiver);
    assert_false(give_piece(&receiver, 0, text, 0, 16, DELIVERY_SEGMENT_DATA + 1, &heard)); /* of no segment there is */
    assert_false(give_piece(&receiver, DELIVERY_WINDOW, text, 0, 16, 32, &heard));          /* too far ahead */
    assert_int_equal(receiver.stream, 0);
    for (uint32_t i = 0; i < DELIVERY_WINDOW; i++)
        assert_false(give_piece(&receiver, i, text, 1008, 16, DELIVERY_SEGMENT_DATA, &heard));
    assert_true(delivery_receiver_acknowledgement(&receiver, &ack));
    assert_true(ack.cumulative == 0 && ack.bitmap == 0);
    assert_false(give_piece(&receiver, 0, text, 0, 1008, 1008, &heard)); /* another total */
    struct frame_piece piece = {.total = DELIVERY_SEGMENT_DATA};
    piece.segment = (struct frame_segment){.stream = 1, .last = true, .data = text, .size = 1008}; /* other flags */
    assert_false(delivery_receiver_take_piece(&receiver, &piece, 0, take_bytes, &heard));
    piece.segment.first = true;
    piece.segment.last = false;
    assert_false(delivery_receiver_take_piece(&receiver, &piece, 0, take_bytes, &heard));
    assert_int_equal(heard.count, 0);
    assert_true(give(&receiver, 1, 2, "F", &taken)); /* ahead, whole: in the place of its piece */
    assert_true(give(&receiver, 1, 0, "FL", &taken));
    assert_int_equal(taken.count, 1);
    assert_true(give_piece(&receiver, 1, text, 0, 1008, DELIVERY_SEGMENT_DATA, &heard));
    assert_true(heard.count == 1 && heard.size == DELIVERY_SEGMENT_DATA);
    assert_int_equal(receiver.next, 3);
    /* A new stream begins with a piece, too, and forgets those of the old one. */
    piece.segment.stream = 2;
    piece.segment.last = true;
    assert_false(delivery_receiver_take_piece(&receiver, &piece, 0, take_bytes, &heard));
    assert_true(receiver.stream == 2 && receiver.next == 0);
    assert_false(give_piece(&receiver, 1, text, 0, 16, 32, &heard)); /* of the old one */
    delivery_receiver_clear(&receiver);
}

/* --- How large packets may be --- */

/* What was given out, by sequence: bytes of frames that a packet of the copy may have. */
static unsigned send_noting(struct delivery_sender *sender, size_t room[static DELIVERY_WINDOW], uint64_t now) {
    struct frame_segment segment;
    unsigned count = 0;
    memset(room, 0, DELIVERY_WINDOW * sizeof *room);
    for (; delivery_next(sender, now, &segment); count++)
        room[segment.sequence % DELIVERY_WINDOW] = delivery_room(sender, segment.sequence);
    return count;
}

/* Nothing large comes through any more: the timer sends the oldest again so that every path takes it, and a timer later
 * large packets are doubted. */
static void what_is_too_large_is_doubted(void **state) {
    (void)state;
    struct delivery_sender sender;
    size_t room[DELIVERY_WINDOW];
    start_sender(&sender, 10);
    delivery_sample(&sender, 50000);
    assert_int_equal(send_noting(&sender, room, 1000), 10);
    for (size_t i = 0; i < 10; i++) assert_int_equal(room[i], PEER_FRAMES_OWN_MAX);
    uint64_t timer = delivery_due(&sender, 1000);
    assert_int_equal(send_noting(&sender, room, timer), 1);
    assert_int_equal(room[0], DELIVERY_ROOM_LEAST);
    assert_false(delivery_doubts_room(&sender, timer));
    acknowledge(&sender, 1, 0, timer + 50);
    uint64_t later = timer;
    while (!delivery_doubts_room(&sender, later)) {
        later = delivery_due(&sender, later);
        assert_true(later < 3000);
        (void)send_noting(&sender, room, later);
    }
    assert_in_range(later - timer, 1000, 1400);
    delivery_room_fell(&sender, DELIVERY_ROOM_LEAST, later + 1);
    assert_true(delivery_holds(&sender));
    assert_false(delivery_doubts_room(&sender, later + 1001));
    assert_int_equal(delivery_due(&sender, later + 1), later + 1);
    assert_int_equal(send_noting(&sender, room, later + 1), 9); /* all that is missing, at once */
    for (size_t i = 1; i < 10; i++) assert_int_equal(room[i], DELIVERY_ROOM_LEAST);
    delivery_sender_clear(&sender);
}

/* Most of them lost, but never all for longer than the timer: that is a limit of the rate. */
static void losses_are_no_reason_for_doubt(void **state) {
    (void)state;
    struct delivery_sender sender;
    size_t room[DELIVERY_WINDOW];
    start_sender(&sender, 300);
    delivery_sample(&sender, 50000);
    uint32_t got = 0;
    uint64_t now = 1000;
    for (unsigned i = 0; i < 200 && sender.cumulative < 300; i++) {
        (void)send_noting(&sender, room, now);
        assert_false(delivery_doubts_room(&sender, now));
        now += 50;
        /* Of each flight the first and one in eight. */
        uint64_t bitmap = UINT64_C(0x0101010101010101) << i % 8;
        acknowledge(&sender, ++got < sender.next_sequence ? got : sender.next_sequence, bitmap, now);
    }
    delivery_sender_clear(&sender);
}

/* Small ones may be lost as many times as they like. */
static void small_ones_say_nothing_of_large_ones(void **state) {
    (void)state;
    static const uint8_t line[300];
    struct delivery_sender sender;
    size_t room[DELIVERY_WINDOW];
    delivery_sender_init(&sender, 1);
    delivery_sample(&sender, 50000);
    for (uint64_t i = 0; i < 8; i++) {
        struct blob *blob = blob_create(line, sizeof line);
        assert_true(delivery_queue(&sender, blob, i, 1000));
        blob_drop(blob);
    }
    for (uint64_t now = 1000; now < 20000; now = delivery_due(&sender, now)) {
        assert_true(send_noting(&sender, room, now) > 0);
        assert_false(delivery_doubts_room(&sender, now));
    }
    delivery_sender_clear(&sender);
}

/* --- How long it waited --- */

struct ages {
    size_t count;
    uint64_t last;
};

static void take_age(void *context, const uint8_t *message, size_t size, uint64_t age) {
    struct ages *ages = context;
    (void)message, (void)size;
    ages->count++;
    ages->last = age;
}

/* What waited for somebody who could not be reached says for how long, in each copy anew; what goes out at once says
 * nothing. */
static void what_waited_says_for_how_long(void **state) {
    (void)state;
    static const uint8_t bytes[3 * DELIVERY_SEGMENT_DATA];
    struct delivery_sender sender;
    struct delivery_receiver receiver;
    struct frame_segment segments[4], again;
    struct ages ages = {0};
    struct blob *line = blob_create(bytes, 10), *paste = blob_create(bytes, sizeof bytes);
    delivery_sender_init(&sender, 1);
    delivery_receiver_init(&receiver);
    assert_true(delivery_queue(&sender, line, 1, 100));
    assert_false(delivery_is_aged(&sender, 100 + DELIVERY_AGED_MS - 1));
    assert_true(delivery_is_aged(&sender, 100 + DELIVERY_AGED_MS));
    assert_true(delivery_queue(&sender, paste, 2, 6000));
    for (size_t i = 0; i < 4; i++) assert_true(delivery_next(&sender, 6500, &segments[i]));
    assert_int_equal(segments[0].age, 6400);
    for (size_t i = 1; i < 4; i++) assert_int_equal(segments[i].age, 0); /* half a second is none */
    assert_true(delivery_next(&sender, 66500, &again));                  /* lost */
    assert_int_equal(again.age, 66400);
    /* Ahead of what was lost, it waits at the receiver. */
    segments[1].age = 500;
    for (size_t i = 1; i < 4; i++)
        assert_true(delivery_receiver_take(&receiver, &segments[i], 7000 + i, take_age, &ages));
    assert_int_equal(ages.count, 0);
    assert_true(delivery_receiver_take(&receiver, &again, 67000, take_age, &ages));
    assert_int_equal(ages.count, 2);
    assert_int_equal(ages.last, 67000 - (7001 - 500)); /* the paste's */
    delivery_restart(&sender, 2);
    assert_true(delivery_next(&sender, 100 + UINT64_C(5000000000), &again));
    assert_int_equal(again.age, UINT32_MAX);
    ages.count = 0;
    assert_true(delivery_receiver_take(&receiver, &again, 5, take_age, &ages)); /* a clock that has just begun */
    assert_int_equal(ages.last, UINT32_MAX);
    delivery_sender_clear(&sender);
    delivery_receiver_clear(&receiver);
    blob_drop(line);
    blob_drop(paste);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_arrives_in_order_and_once),
        cmocka_unit_test(segments_are_not_sent_twice_for_nothing),
        cmocka_unit_test(sequence_numbers_wrap),
        cmocka_unit_test(a_restart_repeats_whole_messages),
        cmocka_unit_test(what_is_too_large_is_doubted),
        cmocka_unit_test(losses_are_no_reason_for_doubt),
        cmocka_unit_test(small_ones_say_nothing_of_large_ones),
        cmocka_unit_test(pieces_make_a_segment),
        cmocka_unit_test(pieces_that_lie_are_nothing),
        cmocka_unit_test(a_restart_keeps_what_is_complete_but_not_collected),
        cmocka_unit_test(the_window_bounds_what_is_in_flight),
        cmocka_unit_test(a_line_on_a_far_path_slows_none_after_it),
        cmocka_unit_test(the_timer_is_the_round_trips),
        cmocka_unit_test(expiries_double_up_to_two_seconds),
        cmocka_unit_test(expiries_of_a_long_round_trip_double_once),
        cmocka_unit_test(a_lost_flight_is_one_expiry),
        cmocka_unit_test(what_was_resent_gives_no_sample),
        cmocka_unit_test(what_was_overtaken_is_sent_again),
        cmocka_unit_test(reordering_is_no_loss),
        cmocka_unit_test(another_path_gets_what_was_in_flight),
        cmocka_unit_test(hostile_acknowledgements_are_ignored),
        cmocka_unit_test(a_late_acknowledgement_still_helps),
        cmocka_unit_test(too_large_is_refused),
        cmocka_unit_test(streams_only_go_up),
        cmocka_unit_test(duplicates_are_acknowledged_and_the_window_is_kept),
        cmocka_unit_test(an_acknowledgement_while_taking_claims_nothing),
        cmocka_unit_test(an_oversized_segment_is_malformed),
        cmocka_unit_test(an_endless_message_is_dropped),
        cmocka_unit_test(parts_without_a_beginning_are_skipped),
        cmocka_unit_test(what_waited_says_for_how_long),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
