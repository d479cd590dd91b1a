/* The model of the path, against paths of known bandwidth, delay and loss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/peer/congestion.h"

#define PACKETS 4096
#define SIZE CONGESTION_PACKET

struct packet {
    uint64_t arrives; /* of its acknowledgement; 0: it is lost, and known to be so at `lost` */
    uint64_t lost;
    bool done;
    struct congestion_mark mark;
};

/* A link with a queue, or (`queue` 0) a policer that drops what is too much. */
struct path {
    uint64_t rate;           /* bytes a second */
    uint64_t delay;          /* ms, there and back */
    size_t queue;            /* bytes */
    unsigned loss;           /* percent */
    uint64_t busy;           /* us: the link is free again */
    uint64_t tokens, filled; /* the policer's; thousandths */
    uint32_t random;
    struct packet packets[PACKETS];
    size_t first, last; /* under way: [first, last) modulo PACKETS */
    size_t in_flight;
    uint64_t arrived, sent, slowest;
    struct congestion congestion;
};

static unsigned dice(struct path *path) {
    path->random = path->random * 1664525 + 1013904223;
    return (path->random >> 16) % 100;
}

/* When a packet that leaves at `now` ms has crossed the bottleneck, in us; 0: dropped there. */
static uint64_t cross(struct path *path, uint64_t now) {
    if (path->queue == 0) {
        path->tokens += path->rate * (now - path->filled);
        path->filled = now;
        if (path->tokens > 4u * SIZE * 1000) path->tokens = 4u * SIZE * 1000;
        if (path->tokens < SIZE * 1000) return 0;
        path->tokens -= SIZE * 1000;
        return now * 1000 + 1;
    }
    uint64_t start = path->busy > now * 1000 ? path->busy : now * 1000;
    if ((start - now * 1000) * path->rate / 1000000 > path->queue) return 0;
    path->busy = start + SIZE * UINT64_C(1000000) / path->rate;
    return path->busy;
}

static void send(struct path *path, uint64_t now) {
    struct packet *packet = &path->packets[path->last++ % PACKETS];
    uint64_t crossed = cross(path, now);
    bool lost = crossed == 0 || dice(path) < path->loss;
    congestion_sent(&path->congestion, SIZE, path->in_flight, now, &packet->mark);
    packet->arrives = lost ? 0 : (crossed + 999) / 1000 + path->delay;
    packet->lost = now + 2 * path->delay + 20;
    packet->done = false;
    path->in_flight += SIZE;
    path->sent++;
}

/* An acknowledgement names what has arrived, also behind what was lost; that is found out later. */
static void receive(struct path *path, uint64_t now) {
    for (size_t i = path->first; i != path->last; i++) {
        struct packet *packet = &path->packets[i % PACKETS];
        if (packet->done || (packet->arrives ? packet->arrives : packet->lost) > now) continue;
        packet->done = true;
        path->in_flight -= SIZE;
        if (!packet->arrives) continue;
        path->arrived += SIZE;
        if (now - packet->mark.sent_at > path->slowest) path->slowest = now - packet->mark.sent_at;
        congestion_acknowledged(&path->congestion, SIZE, &packet->mark, true, path->in_flight, now);
        assert_true(congestion_holds(&path->congestion));
    }
    while (path->first != path->last && path->packets[path->first % PACKETS].done) path->first++;
}

/* A sender with always more to say; returns the share of the link that arrived in the time after `warm` ms. */
static double flood(struct path *path, uint64_t warm, uint64_t until) {
    uint64_t arrived = 0;
    congestion_init(&path->congestion);
    for (uint64_t now = 1000; now < 1000 + until; now++) {
        if (now == 1000 + warm) arrived = path->arrived, path->slowest = 0;
        receive(path, now);
        while (congestion_allows(&path->congestion, SIZE, path->in_flight, now)) send(path, now);
    }
    double share = (double)(path->arrived - arrived) * 1000 / (double)((until - warm) * path->rate);
    print_message("# %llu B/s, %llu ms, queue %zu, loss %u %%: %.2f of the link, slowest %llu ms, sent %.2f of it\n",
                  (unsigned long long)path->rate, (unsigned long long)path->delay, path->queue, path->loss, share,
                  (unsigned long long)path->slowest, (double)path->sent * SIZE * 1000 / (double)(until * path->rate));
    return share;
}

static void a_link_is_filled(void **state) {
    static const uint64_t rates[] = {8000, 32000, 125000, 1000000}, delays[] = {5, 40, 200};
    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 3; j++) {
            struct path path = {.rate = rates[i], .delay = delays[j], .queue = 64000};
            assert_true(flood(&path, 10000, 60000) > 0.85);
        }
}

/* Who queues keeps others waiting: eight packets, or twice what the path holds, is enough. */
static void a_queue_stays_short(void **state) {
    (void)state;
    struct path thin = {.rate = 32000, .delay = 40, .queue = 200000};
    assert_true(flood(&thin, 10000, 60000) > 0.9);
    assert_true(thin.slowest <= 40 + 8 * 1000 * SIZE / 32000);
    struct path wide = {.rate = 1000000, .delay = 40, .queue = 2000000};
    assert_true(flood(&wide, 10000, 60000) > 0.9);
    assert_true(wide.slowest <= 3 * 40);
}

static void random_loss_is_no_congestion(void **state) {
    static const unsigned losses[] = {1, 5, 20};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct path path = {.rate = 125000, .delay = 100, .queue = 64000, .loss = losses[i]};
        assert_true(flood(&path, 10000, 60000) > 0.8 * (100 - losses[i]) / 100);
    }
}

static void a_thin_queue_with_loss_is_filled(void **state) {
    static const uint64_t delays[] = {2, 40, 150};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct path path = {.rate = 32000, .delay = delays[i], .queue = 200000, .loss = 5};
        assert_true(flood(&path, 10000, 60000) > 0.85);
    }
}

/* What was repeated for nothing is answered by the first copy, sooner than any path can. */
static void an_answer_to_an_earlier_copy_is_no_rate(void **state) {
    struct path path = {.rate = 32000, .delay = 40, .queue = 8000};
    struct congestion_mark mark;
    (void)state;
    flood(&path, 1000, 20000);
    uint64_t before = congestion_bandwidth(&path.congestion);
    for (uint64_t now = 21000; now < 21100; now++) {
        congestion_sent(&path.congestion, SIZE, path.in_flight, now, &mark);
        congestion_acknowledged(&path.congestion, SIZE, &mark, false, path.in_flight, now + 1);
    }
    assert_true(congestion_bandwidth(&path.congestion) <= before);
}

static void a_policer_is_kept_to(void **state) {
    (void)state;
    struct path path = {.rate = 32000, .delay = 40, .loss = 5};
    assert_true(flood(&path, 10000, 60000) > 0.8);
    assert_true(path.sent * SIZE < 1.5 * 60 * 32000);
}

/* The first ten packets, and a line now and then, go at once. */
static void a_chat_is_never_slowed(void **state) {
    struct path path = {.rate = 32000, .delay = 50, .queue = 64000};
    (void)state;
    congestion_init(&path.congestion);
    for (uint64_t now = 1000; now < 600000; now++) {
        receive(&path, now);
        if (now % 300 != 0) continue;
        assert_true(congestion_allows(&path.congestion, SIZE, path.in_flight, now));
        send(&path, now);
        congestion_idle(&path.congestion, path.in_flight);
    }
    assert_true(congestion_window(&path.congestion) >= CONGESTION_WINDOW_MIN);
    for (unsigned i = 0; i < 4; i++) {
        assert_true(congestion_allows(&path.congestion, SIZE, path.in_flight, 600000));
        send(&path, 600000);
    }
}

/* However slow and far the path is: what is due later becomes due. */
static void pacing_ends(void **state) {
    struct congestion congestion;
    struct congestion_mark mark;
    (void)state;
    congestion_init(&congestion);
    congestion_sent(&congestion, 10 * SIZE, 0, 1000, &mark);
    congestion_acknowledged(&congestion, 10 * SIZE, &mark, true, 0, 21000);
    congestion.phase = CONGESTION_DRAIN;
    congestion_sent(&congestion, 5 * SIZE, 0, 21000, &mark);
    uint64_t due = congestion_due(&congestion, SIZE, 5 * SIZE, 21000);
    assert_in_range(due, 21001, 31000);
    assert_true(congestion_allows(&congestion, SIZE, 5 * SIZE, due));
}

/* A path that became ten times as fast is used after a while, and one that became slow soon. */
static void a_change_is_noticed(void **state) {
    struct path path = {.rate = 32000, .delay = 40, .queue = 64000};
    (void)state;
    flood(&path, 1000, 20000);
    struct congestion known = path.congestion;
    path.rate = 320000;
    for (uint64_t now = 21000; now < 51000; now++) {
        receive(&path, now);
        while (congestion_allows(&path.congestion, SIZE, path.in_flight, now)) send(&path, now);
    }
    assert_true(congestion_bandwidth(&path.congestion) > 5 * congestion_bandwidth(&known));
    path.rate = 32000;
    for (uint64_t now = 51000; now < 81000; now++) {
        receive(&path, now);
        while (congestion_allows(&path.congestion, SIZE, path.in_flight, now)) send(&path, now);
    }
    assert_in_range(congestion_bandwidth(&path.congestion), 24000, 64000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_is_filled),
        cmocka_unit_test(a_queue_stays_short),
        cmocka_unit_test(random_loss_is_no_congestion),
        cmocka_unit_test(a_thin_queue_with_loss_is_filled),
        cmocka_unit_test(an_answer_to_an_earlier_copy_is_no_rate),
        cmocka_unit_test(a_policer_is_kept_to),
        cmocka_unit_test(a_chat_is_never_slowed),
        cmocka_unit_test(pacing_ends),
        cmocka_unit_test(a_change_is_noticed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("congestion", tests, NULL, NULL);
}
