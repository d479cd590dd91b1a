/* Beacons whose maker has the cluster's key, and says what is not so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bootnode/cluster/view.h"
#include "bootnode/cluster/view_intake.h"

#define NOW 100000
#define WALL 1795996800000

static struct view view;

static struct address ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
    return (struct address){.ip = {[10] = 0xff, [11] = 0xff, a, b, c, d}, .port = 9595};
}

static void begin_as(uint8_t id, struct address ours) {
    const struct view_own own = {.id = id,
                                 .replicas = 2,
                                 .weight = 100,
                                 .boot = 1000,
                                 .started_ms = WALL - 5000,
                                 .address_count = 1,
                                 .addresses = {ours}};
    view_init(&view, &own, NOW);
}

/* We are node 1 at 8.8.8.1. */
static void begin(struct address ours) {
    begin_as(1, ours);
}

static struct beacon beacon_of(uint8_t id) {
    return (struct beacon){.node = id,
                           .state = BEACON_SERVES,
                           .replicas = 2,
                           .weight = 100,
                           .boot = 2000 + id,
                           .started_ms = WALL - 10000,
                           .counter = 1,
                           .wall_ms = WALL,
                           .address_count = 1,
                           .addresses = {ipv4(8, 8, 8, id)}};
}

static void comes(const struct beacon *beacon, uint64_t now, enum beacon_refusal expected) {
    assert_string_equal(view_refusal_name(view_intake(&view, beacon, now, WALL + now - NOW)),
                        view_refusal_name(expected));
}

static void a_copy_is_refused(void **state) {
    struct beacon beacon = beacon_of(2);
    (void)state;
    begin(ipv4(8, 8, 8, 1));
    beacon.counter = 5;
    comes(&beacon, NOW, BEACON_BELIEVED);
    comes(&beacon, NOW + 1, BEACON_REFUSED_REPLAYED);
    beacon.counter = 4;
    comes(&beacon, NOW + 1, BEACON_REFUSED_REPLAYED);
    comes(&beacon, NOW + 1000000, BEACON_REFUSED_REPLAYED); /* also much later */
    beacon.counter = 6;
    comes(&beacon, NOW + 2, BEACON_BELIEVED);
}

/* It was recorded before the node was started anew. */
static void a_run_that_ended_is_refused(void **state) {
    struct beacon former = beacon_of(2), next = beacon_of(2);
    (void)state;
    begin(ipv4(8, 8, 8, 1));
    former.counter = 99;
    next.boot++;
    next.started_ms += 1000;
    comes(&former, NOW, BEACON_BELIEVED);
    comes(&next, NOW + 1, BEACON_BELIEVED);
    former.counter++;
    comes(&former, NOW + 2, BEACON_REFUSED_OLD_RUN);
    assert_int_equal(view.nodes[2].said.boot, next.boot);
}

static void a_weight_has_bounds(void **state) {
    struct beacon beacon = beacon_of(2);
    (void)state;
    begin(ipv4(8, 8, 8, 1));
    beacon.weight = 0;
    comes(&beacon, NOW, BEACON_REFUSED_WEIGHT);
    beacon.weight = CLUSTER_WEIGHT_MAX + 1;
    comes(&beacon, NOW, BEACON_REFUSED_WEIGHT);
    beacon.weight = UINT16_MAX;
    comes(&beacon, NOW, BEACON_REFUSED_WEIGHT);
    beacon.weight = CLUSTER_WEIGHT_MAX;
    comes(&beacon, NOW, BEACON_BELIEVED);
}

static void where_no_client_gets_is_no_address(void **state) {
    const struct address useless[] = {ipv4(127, 0, 0, 1),
                                      ipv4(10, 0, 0, 1),
                                      ipv4(192, 168, 1, 1),
                                      ipv4(169, 254, 1, 1),
                                      ipv4(0, 0, 0, 0),
                                      ipv4(224, 0, 0, 1),
                                      ipv4(255, 255, 255, 255),
                                      {.ip = {0xfe, 0x80, [15] = 1}, .port = 1},
                                      {.ip = {0xfd, [15] = 1}, .port = 1}};
    struct beacon beacon = beacon_of(2);
    (void)state;
    begin(ipv4(8, 8, 8, 1));
    for (size_t i = 0; i < sizeof useless / sizeof *useless; i++) {
        beacon.addresses[0] = useless[i];
        comes(&beacon, NOW, BEACON_REFUSED_ADDRESS);
    }
    beacon.addresses[0] = ipv4(8, 8, 4, 4);
    beacon.addresses[0].port = 0;
    comes(&beacon, NOW, BEACON_REFUSED_ADDRESS);
}

/* In a laboratory, and nowhere else. */
static void neighbours_are_of_our_kind(void **state) {
    struct beacon beacon = beacon_of(2);
    (void)state;
    begin(ipv4(192, 168, 1, 1));
    beacon.addresses[0] = ipv4(192, 168, 1, 2);
    comes(&beacon, NOW, BEACON_BELIEVED);
    beacon = beacon_of(3), beacon.addresses[0] = ipv4(127, 0, 0, 1);
    comes(&beacon, NOW, BEACON_REFUSED_ADDRESS);
    begin(ipv4(127, 0, 0, 1));
    beacon.addresses[0].port = 9596;
    comes(&beacon, NOW, BEACON_BELIEVED);
}

/* One that claims to be everywhere gets no place that another one has. */
static void the_address_of_another_is_refused(void **state) {
    struct beacon second = beacon_of(2), third = beacon_of(3);
    (void)state;
    begin(ipv4(8, 8, 8, 1));
    comes(&second, NOW, BEACON_BELIEVED);
    third.addresses[0] = ipv4(8, 8, 8, 1);
    comes(&third, NOW, BEACON_REFUSED_ADDRESS_TAKEN); /* ours */
    third.addresses[0] = ipv4(8, 8, 8, 2);
    comes(&third, NOW, BEACON_REFUSED_ADDRESS_TAKEN);
    third.address_count = 2;
    third.addresses[1] = third.addresses[0];
    third.addresses[0] = (struct address){.ip = {0x20, 0x01, 4, [15] = 1}, .port = 1};
    comes(&third, NOW, BEACON_REFUSED_ADDRESS_TAKEN);    /* one of two is */
    comes(&third, NOW + VIEW_ALIVE_MS, BEACON_BELIEVED); /* that one is dead by now */
}

/* --- Who is at an address --- */

static bool is_listed(uint8_t id) {
    for (size_t i = 0; i < view.list_count; i++)
        if (view.list[i].id == id) return true;
    return false;
}

/* So long from `from` on each second: whoever is at the address of node 2 answers, and `also` says beacons, if any. */
static uint64_t pass(uint64_t from, uint64_t ms, struct beacon *also) {
    for (uint64_t now = from; now < from + ms; now += 1000) {
        view_answered(&view, 2, now);
        if (also) also->counter++, also->wall_ms = WALL + now - NOW;
        if (also) comes(also, now, BEACON_BELIEVED);
        (void)view_step(&view, now);
        view.event_count = 0;
        assert_true(view_holds(&view, now));
    }
    return from + ms;
}

/* We serve, and so does node 2. Returns from when on that one is silent on the board. */
static uint64_t serve_beside(struct beacon *second) {
    begin(ipv4(8, 8, 8, 1));
    view_board(&view, true, NOW);
    const uint64_t now = pass(NOW, 10000, second);
    assert_true(is_listed(1) && is_listed(2));
    return now;
}

/* STUN says that somebody is there, not who: node 2 was started anew, as node 3. */
static void an_answer_is_no_name(void **state) {
    struct beacon second = beacon_of(2), third = beacon_of(3);
    (void)state;
    uint64_t now = serve_beside(&second);
    third.addresses[0] = second.addresses[0];
    comes(&third, now - 1, BEACON_REFUSED_ADDRESS_TAKEN);
    now = pass(now, VIEW_ALIVE_MS, NULL);
    assert_true(is_listed(2));
    third.wall_ms = WALL - 2 * VIEW_CLOCK_MS; /* recorded */
    comes(&third, now, BEACON_REFUSED_ADDRESS_TAKEN);
    third.wall_ms = WALL + now - NOW;
    comes(&third, now, BEACON_BELIEVED);
    assert_int_equal(view.changed_ms, now);
    (void)view_step(&view, now);
    assert_true(is_listed(3) && !is_listed(2));
    assert_int_equal(view_place_of(&view, 2, now), VIEW_REPLACED);
    now = pass(now, 60000, &third); /* what answers there is node 3 */
    assert_true(is_listed(3) && !is_listed(2) && !view_is_alive(&view.nodes[2], now));
    (void)pass(now, VIEW_FORGET_MS, &third);
    assert_false(view.nodes[2].known);
}

/* Whoever lies that it is where a silent one is has that place until the other one is heard, and not again. */
static void who_is_back_has_its_place(void **state) {
    struct beacon second = beacon_of(2), third = beacon_of(3);
    (void)state;
    uint64_t now = pass(serve_beside(&second), VIEW_ALIVE_MS, NULL);
    third.addresses[0] = second.addresses[0];
    comes(&third, now, BEACON_BELIEVED);
    comes(&second, now, BEACON_REFUSED_REPLAYED);
    second.counter++;
    comes(&second, now, BEACON_BELIEVED);
    third.counter++;
    comes(&third, now, BEACON_REFUSED_ADDRESS_TAKEN);
    (void)view_step(&view, now);
    assert_true(is_listed(2) && !is_listed(3));
    now = pass(now, 20000, &second);
    comes(&third, now, BEACON_REFUSED_ADDRESS_TAKEN);
    /* A run that we do not know may be anybody's: that one waits until the place is free. */
    now = pass(now, VIEW_ALIVE_MS, NULL);
    comes(&third, now, BEACON_BELIEVED);
    second.boot++;
    second.started_ms++;
    comes(&second, now, BEACON_REFUSED_ADDRESS_TAKEN);
    comes(&second, now + VIEW_ALIVE_MS, BEACON_BELIEVED);
}

/* Who gets to another's address while it is believed elsewhere was not there before. */
static void who_came_later_was_not_there(void **state) {
    struct beacon second = beacon_of(2), third = beacon_of(3);
    (void)state;
    begin(ipv4(8, 8, 8, 1));
    comes(&third, NOW, BEACON_BELIEVED);
    comes(&second, NOW + 1, BEACON_BELIEVED);
    third.counter++;
    third.addresses[0] = second.addresses[0];
    comes(&third, NOW + 2, BEACON_REFUSED_ADDRESS_TAKEN);
    comes(&third, NOW + 1 + VIEW_ALIVE_MS, BEACON_BELIEVED);
    second.counter++;
    comes(&second, NOW + 2 + VIEW_ALIVE_MS, BEACON_BELIEVED);
    third.counter++;
    comes(&third, NOW + 3 + VIEW_ALIVE_MS, BEACON_REFUSED_ADDRESS_TAKEN);
}

/* Else it would go on alone with whoever says that it is where the others were. */
static void whoever_is_cut_off_gives_no_place_away(void **state) {
    struct beacon second = beacon_of(2), third = beacon_of(3);
    (void)state;
    uint64_t now = serve_beside(&second);
    third.addresses[0] = second.addresses[0];
    now += 2 * VIEW_ALIVE_MS;
    view.cut_off = true;
    comes(&third, now, BEACON_REFUSED_ADDRESS_TAKEN);
    view.cut_off = false;
    comes(&third, now, BEACON_BELIEVED);
}

/* Who says beacons lives; who answers may be another one. */
static void who_answers_alone_can_be_forgotten(void **state) {
    struct beacon second = beacon_of(2);
    (void)state;
    uint64_t now = serve_beside(&second);
    assert_false(view_forget(&view, 2, now));
    now = pass(now, VIEW_ALIVE_MS, NULL);
    assert_true(view_forget(&view, 2, now));
    now = pass(now, 10000, NULL);
    assert_false(is_listed(2));
    assert_int_equal(view_place_of(&view, 2, now), VIEW_FORGOTTEN);
    (void)pass(now, 3000, &second);
    assert_true(is_listed(2));
}

static void an_id_is_who_had_it_first(void **state) {
    struct beacon first = beacon_of(2), second = beacon_of(2);
    (void)state;
    begin(ipv4(8, 8, 8, 1));
    second.boot++;
    second.started_ms++;
    second.addresses[0] = ipv4(8, 8, 4, 4);
    comes(&first, NOW, BEACON_BELIEVED);
    comes(&second, NOW + 1, BEACON_REFUSED_ID_TAKEN);
    comes(&second, NOW + 2, BEACON_REFUSED_REPLAYED);
    second.counter++;
    comes(&second, NOW + VIEW_ALIVE_MS, BEACON_BELIEVED); /* the first one is dead */
    first.counter++;
    comes(&first, NOW + VIEW_ALIVE_MS + 1, BEACON_BELIEVED); /* is back, and was first */
    second.counter++;
    comes(&second, NOW + VIEW_ALIVE_MS + 2, BEACON_REFUSED_ID_TAKEN);
}

/* Whoever recorded beacons of a year ago has one that began first. */
static void a_wrong_clock_has_no_id(void **state) {
    struct beacon first = beacon_of(2), old = beacon_of(2);
    (void)state;
    begin(ipv4(8, 8, 8, 1));
    old.boot++;
    old.started_ms = old.wall_ms = 1;
    old.addresses[0] = ipv4(8, 8, 4, 4);
    comes(&first, NOW, BEACON_BELIEVED);
    comes(&old, NOW + 1, BEACON_REFUSED_ID_TAKEN);
    old.node = 1; /* and ours */
    comes(&old, NOW + 2, BEACON_REFUSED_ID_TAKEN);
    view_board(&view, true, NOW);
    (void)!view_step(&view, NOW + 3);
    assert_int_not_equal(view.state, BEACON_OUT);
}

static void our_own_id_is_ours_where_we_are(void **state) {
    struct beacon ours = beacon_of(1);
    (void)state;
    begin(ipv4(8, 8, 8, 1));
    ours.boot = 1000;
    comes(&ours, NOW, BEACON_REFUSED_OWN);
    ours.boot = 1001; /* the run before, or the next one */
    comes(&ours, NOW, BEACON_REFUSED_OWN);
    ours.addresses[0] = ipv4(8, 8, 4, 4); /* began before us */
    comes(&ours, NOW, BEACON_REFUSED_ID_TAKEN);
    (void)!view_step(&view, NOW + 1);
    assert_int_equal(view.state, BEACON_OUT);
    (void)!view_step(&view, NOW + VIEW_ALIVE_MS);
    assert_int_equal(view.state, BEACON_JOINING);
}

static void refusals_have_names(void **state) {
    (void)state;
    for (enum beacon_refusal i = 0; i < BEACON_REFUSALS; i++)
        for (enum beacon_refusal j = 0; j < i; j++) assert_string_not_equal(view_refusal_name(i), view_refusal_name(j));
}

/* Whatever it says: with the time there as far off as numbers go, it is a clock that is wrong. */
static void the_most_absurd_clocks_are_wrong(void **state) {
    static const uint64_t times[] = {0, WALL + (UINT64_C(1) << 63), UINT64_MAX, WALL - (UINT64_C(1) << 40)};
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        begin(ipv4(8, 8, 8, 1));
        struct beacon beacon = beacon_of(5);
        beacon.wall_ms = times[i];
        comes(&beacon, NOW, BEACON_BELIEVED);
        assert_true(llabs(view.nodes[5].clock_ms) > VIEW_CLOCK_MS);
        (void)view_step(&view, NOW);
    }
}

/* --- Recordings of nodes that are no more --- */

#define LONG_AGO 1700000000000

static struct beacon recording_of(uint8_t id, uint64_t boot) {
    struct beacon beacon = beacon_of(id);
    beacon.boot = boot;
    beacon.wall_ms = beacon.started_ms = LONG_AGO + boot;
    return beacon;
}

/* Steps of 100 ms, with a living node 2 where `beside`. */
static uint64_t run_until(uint64_t now, uint64_t end, bool beside) {
    static uint64_t counter;
    for (; now < end; now += 100) {
        struct beacon living = beacon_of(2);
        living.counter = ++counter;
        living.wall_ms = WALL + now - NOW;
        if (beside && (now - NOW) % 1000 == 0) {
            comes(&living, now, BEACON_BELIEVED);
            view_answered(&view, 2, now);
        }
        (void)view_step(&view, now);
        view.event_count = 0;
    }
    return now;
}

static void assert_serves_with(size_t count) {
    assert_int_equal(view.state, BEACON_SERVES);
    assert_int_equal(view.list_count, count);
}

static void recordings_do_not_outvote_the_living(void **state) {
    (void)state;
    begin(ipv4(8, 8, 8, 1));
    view_board(&view, true, NOW);
    uint64_t now = run_until(NOW, NOW + 60000, true);
    assert_serves_with(2);
    /* Two runs of each in turns keep an id heard for as long as somebody likes. */
    for (unsigned turn = 0; turn < 20; turn++) {
        for (uint8_t id = 8; id < 16; id++) {
            const struct beacon recording = recording_of(id, 1 + turn % 2);
            (void)view_intake(&view, &recording, now, WALL + now - NOW);
        }
        now = run_until(now, now + 2500, true);
        assert_serves_with(2);
    }
}

static void a_recording_keeps_no_lone_node_out(void **state) {
    (void)state;
    begin_as(5, ipv4(8, 8, 8, 5));
    view_board(&view, true, NOW);
    uint64_t now = NOW;
    for (unsigned turn = 0; turn < 20; turn++) {
        const struct beacon recording = recording_of(3, 1 + turn % 2);
        (void)view_intake(&view, &recording, now, WALL + now - NOW);
        now = run_until(now, now + 2500, false);
    }
    assert_serves_with(1);
}

/* And does not fill the log. */
static void rivals_in_turns_are_told_of_once(void **state) {
    unsigned told = 0;
    (void)state;
    begin(ipv4(8, 8, 8, 1));
    view_board(&view, true, NOW);
    const uint64_t now = run_until(NOW, NOW + 1000, true);
    for (unsigned turn = 0; turn < 100; turn++) {
        struct beacon recording = recording_of(2, 1 + turn % 2);
        recording.counter = turn + 1;
        recording.addresses[0] = ipv4(9, 9, 9, 9);
        (void)view_intake(&view, &recording, now, WALL + now - NOW);
        (void)view_step(&view, now);
        for (size_t i = 0; i < view.event_count; i++) told += view.events[i].kind == VIEW_RIVAL;
        view.event_count = 0;
    }
    assert_int_equal(told, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_is_refused),
        cmocka_unit_test(a_run_that_ended_is_refused),
        cmocka_unit_test(a_weight_has_bounds),
        cmocka_unit_test(where_no_client_gets_is_no_address),
        cmocka_unit_test(neighbours_are_of_our_kind),
        cmocka_unit_test(the_address_of_another_is_refused),
        cmocka_unit_test(an_answer_is_no_name),
        cmocka_unit_test(who_is_back_has_its_place),
        cmocka_unit_test(who_came_later_was_not_there),
        cmocka_unit_test(whoever_is_cut_off_gives_no_place_away),
        cmocka_unit_test(who_answers_alone_can_be_forgotten),
        cmocka_unit_test(an_id_is_who_had_it_first),
        cmocka_unit_test(a_wrong_clock_has_no_id),
        cmocka_unit_test(our_own_id_is_ours_where_we_are),
        cmocka_unit_test(the_most_absurd_clocks_are_wrong),
        cmocka_unit_test(refusals_have_names),
        cmocka_unit_test(recordings_do_not_outvote_the_living),
        cmocka_unit_test(a_recording_keeps_no_lone_node_out),
        cmocka_unit_test(rivals_in_turns_are_told_of_once),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
