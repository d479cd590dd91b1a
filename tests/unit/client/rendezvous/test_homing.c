/* Which nodes a room is registered with: by rule, and under chance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/rendezvous/homing.h"
#include "common/clock.h"

#define NOW UINT64_C(1000000)

static struct home home_of(uint8_t node) {
    return (struct home){
        .node = node, .address_count = 1, .addresses = {{.ip = {[10] = 0xff, 0xff, 203, 0, 113, node}, .port = 9595}}};
}

/* `list`: node ids, best first, up to 0. */
static struct named_homes named_by(uint8_t from, uint8_t replicas, const uint8_t *list) {
    struct named_homes named = {.replicas = replicas, .node = from};
    for (; list[named.count]; named.count++) named.list[named.count] = home_of(list[named.count]);
    return named;
}
#define NAMED(from, replicas, ...) named_by(from, replicas, (const uint8_t[]){__VA_ARGS__, 0})

/* What the sessions are, and what was done with them. */
struct stage {
    struct homing homing;
    uint64_t now;
    bool runs[256], listed[256];
    unsigned begun[256], left, dropped, checked, asked;
};

static struct homing_node *node_of(struct stage *stage, uint8_t id) {
    size_t at = homing_find(&stage->homing, id);
    return at < stage->homing.count ? &stage->homing.list[at] : NULL;
}

static void do_step(struct stage *stage, enum homing_step step, size_t index) {
    uint8_t id = step == HOMING_ASK ? 0 : stage->homing.list[index].home.node;
    switch (step) {
    case HOMING_BEGIN:
        assert_false(stage->runs[id]);
        stage->runs[id] = true;
        stage->begun[id]++;
        stage->homing.list[index].number = id;
        break;
    case HOMING_LEAVE:
    case HOMING_DROP:
        stage->left += step == HOMING_LEAVE;
        stage->dropped += step == HOMING_DROP;
        stage->runs[id] = stage->listed[id] = false;
        homing_forget(&stage->homing, index);
        break;
    case HOMING_CHECK: stage->checked++; break;
    case HOMING_ASK: stage->asked++; break;
    case HOMING_REST: break;
    }
}

/* Everything that is due by then is done, and then nothing is due at once any more. */
static void settle(struct stage *stage) {
    enum homing_step step;
    size_t index;
    unsigned steps = 0;
    while ((step = homing_next(&stage->homing, 0, stage->now, &index)) != HOMING_REST) {
        do_step(stage, step, index);
        assert_true(++steps < 100 && homing_holds(&stage->homing));
    }
    assert_true(homing_due(&stage->homing, 0, stage->now) > stage->now);
}

static void pass(struct stage *stage, uint64_t ms) {
    for (uint64_t until = stage->now + ms; stage->now < until;) {
        stage->now = earlier(until, homing_due(&stage->homing, 0, stage->now));
        settle(stage);
    }
}

static struct stage stage_new(void) {
    struct stage stage = {.now = NOW};
    homing_init(&stage.homing);
    return stage;
}

static bool tell(struct stage *stage, int from, struct named_homes named) {
    bool takes = homing_told(&stage->homing, from, &named, from != HOMING_ENTRY, stage->now);
    settle(stage);
    return takes;
}

/* As COOKIE has it, whoever sent that. */
static bool say(struct stage *stage, int from, struct named_homes named) {
    bool takes = homing_told(&stage->homing, from, &named, false, stage->now);
    settle(stage);
    return takes;
}

static void observe(struct stage *stage, uint8_t id, bool listed, uint64_t silent) {
    size_t at = homing_find(&stage->homing, id);
    assert_true(at < stage->homing.count);
    stage->listed[id] = listed;
    homing_observe(&stage->homing, at, listed, silent);
    settle(stage);
}

/* It said that it is a home, and lists us. */
static void list(struct stage *stage, uint8_t id, struct named_homes named) {
    named.node = id;
    assert_true(tell(stage, id, named));
    observe(stage, id, true, NEVER);
}

static struct stage stage_at_home(void) {
    struct stage stage = stage_new();
    struct named_homes named = NAMED(9, 2, 1, 2, 3, 4);
    assert_false(tell(&stage, HOMING_ENTRY, named));
    list(&stage, 1, named);
    list(&stage, 2, named);
    return stage;
}

static void homes_are_begun_at_once(void **state) {
    struct stage stage = stage_at_home();
    (void)state;
    assert_true(stage.runs[1] && stage.runs[2] && !stage.runs[3]);
    pass(&stage, 3600000);
    assert_int_equal(stage.asked + stage.left + stage.dropped, 0);
}

static void the_next_is_asked_while_homes_are_silent(void **state) {
    struct stage stage = stage_new();
    struct named_homes named = NAMED(9, 2, 1, 2, 3, 4);
    (void)state;
    assert_false(tell(&stage, HOMING_ENTRY, named));
    pass(&stage, HOMING_FALLBACK_MS - 1);
    assert_false(stage.runs[3]);
    pass(&stage, 1);
    assert_true(stage.runs[3] && !stage.runs[4]);
    assert_int_equal(node_of(&stage, 3)->standing, HOMING_LENT);
    named.node = 3;
    assert_true(tell(&stage, 3, named)); /* it is none, and takes us */
    observe(&stage, 3, true, NEVER);
    pass(&stage, 60000);
    assert_false(stage.runs[4]);
    assert_in_range(stage.asked, 60000 / HOMING_ASK_MS, 60000 / HOMING_ASK_MS + 2);
    list(&stage, 1, named); /* a home is back */
    assert_true(stage.runs[3]);
    pass(&stage, HOMING_MOVE_MS);
    assert_false(stage.runs[3]);
    assert_int_equal(stage.left, 1);
}

static void a_move_leaves_last(void **state) {
    struct stage stage = stage_at_home();
    struct named_homes after = NAMED(2, 2, 1, 4, 2);
    (void)state;
    assert_false(tell(&stage, 2, after));
    assert_true(stage.runs[2] && stage.runs[4]);
    pass(&stage, 500);
    assert_true(stage.runs[2]);
    list(&stage, 4, after);
    assert_false(stage.runs[2]);
    assert_int_equal(stage.left, 1);
    assert_true(stage.runs[1] && stage.runs[4]);
}

/* The new home does not answer: after 10 s of the other one the old one is left; without another one, never. */
static void a_move_to_a_silent_home_waits(void **state) {
    struct stage stage = stage_at_home();
    (void)state;
    assert_false(tell(&stage, 2, NAMED(2, 2, 1, 4, 2)));
    pass(&stage, HOMING_MOVE_MS - 1);
    assert_true(stage.runs[2]);
    pass(&stage, 1);
    assert_false(stage.runs[2]); /* 1 has listed us for long */
    stage = stage_at_home();
    assert_false(tell(&stage, 2, NAMED(2, 2, 5, 4, 2)));
    assert_false(tell(&stage, 1, NAMED(1, 2, 5, 4, 2)));
    pass(&stage, 120000);
    assert_true(stage.runs[1] && stage.runs[2]);
}

static void others_take_away_nobody_that_answers(void **state) {
    struct stage stage = stage_at_home();
    (void)state;
    assert_false(tell(&stage, HOMING_ENTRY, NAMED(9, 2, 5, 6)));
    struct named_homes of_5 = NAMED(5, 2, 5, 6);
    list(&stage, 5, of_5);
    pass(&stage, 3600000);
    assert_true(stage.runs[1] && stage.runs[2]);
    assert_in_range(stage.checked, 2 * 50, 2 * 70); /* each is asked, a minute apart in the end */
    /* One that is dead goes once another word leaves it out. */
    observe(&stage, 1, true, stage.now);
    pass(&stage, HOMING_SILENT_MS);
    assert_false(stage.runs[1]);
    assert_true(stage.runs[2]);
}

static void redirects_are_counted(void **state) {
    struct stage stage = stage_new();
    (void)state;
    assert_false(tell(&stage, HOMING_ENTRY, NAMED(9, 1, 1)));
    assert_false(tell(&stage, 1, NAMED(1, 1, 2)));
    assert_true(stage.runs[2]);
    assert_false(tell(&stage, 2, NAMED(2, 1, 3)));
    assert_false(stage.runs[3]);
    assert_null(node_of(&stage, 3));
    pass(&stage, 60000);
    assert_in_range(stage.asked, 30, 60);
}

static void a_node_that_moved_house_is_found(void **state) {
    struct stage stage = stage_at_home();
    struct named_homes named = NAMED(2, 2, 1, 2);
    (void)state;
    named.list[0].addresses[0].port = 9596;
    assert_true(tell(&stage, 2, named));
    assert_int_equal(stage.begun[1], 1);
    observe(&stage, 1, true, stage.now);
    pass(&stage, HOMING_SILENT_MS);
    assert_true(tell(&stage, 2, named));
    assert_int_equal(stage.begun[1], 2);
    assert_int_equal(node_of(&stage, 1)->home.addresses[0].port, 9596);
}

/* Somebody forges whole lists, as fast as they count: what others say has a place, at the latest when what was forged
 * has been silent for a moment. */
static void who_forges_holds_no_place(void **state) {
    struct stage stage = stage_new();
    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        uint8_t id = (uint8_t)(10 + 4 * i);
        assert_false(
            tell(&stage, HOMING_ENTRY, NAMED(9, 4, id, (uint8_t)(id + 1), (uint8_t)(id + 2), (uint8_t)(id + 3))));
        pass(&stage, 500);
    }
    pass(&stage, HOMING_FALLBACK_MS);
    struct named_homes named = NAMED(9, 2, 1, 2);
    assert_false(tell(&stage, HOMING_ENTRY, named));
    assert_true(stage.runs[1] && stage.runs[2]);
    list(&stage, 1, named);
    list(&stage, 2, named);
    pass(&stage, HOMING_FALLBACK_MS);
    assert_int_equal(stage.homing.count, 2);
}

/* A home was said to be where it is not: it is tried where others say, as soon as the first place was silent. */
static void a_forged_address_holds_no_home(void **state) {
    struct stage stage = stage_new();
    struct named_homes named = NAMED(9, 2, 1, 2), forged = named;
    (void)state;
    forged.list[0].addresses[0].port = forged.list[1].addresses[0].port = 9596;
    for (unsigned i = 0; i < 10; i++) assert_false(tell(&stage, HOMING_ENTRY, forged));
    pass(&stage, 500);
    assert_false(tell(&stage, HOMING_ENTRY, named));
    pass(&stage, HOMING_FALLBACK_MS - 500);
    assert_int_equal(stage.begun[1], 2);
    assert_int_equal(node_of(&stage, 1)->home.addresses[0].port, 9595);
    list(&stage, 1, named);
    for (unsigned i = 0; i < 10; i++) assert_false(tell(&stage, HOMING_ENTRY, forged));
    pass(&stage, 60000);
    assert_true(stage.runs[1]);
    assert_int_equal(stage.begun[1], 2);
}

/* Whoever reads along on the way to a home says in its name that it is none: it lists us, and stays. */
static void a_cookie_ends_no_session(void **state) {
    struct stage stage = stage_at_home();
    struct named_homes after = NAMED(1, 2, 5, 2);
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        assert_true(say(&stage, 1, after));
        pass(&stage, 1000);
    }
    assert_true(stage.runs[1] && stage.runs[2]);
    assert_int_equal(node_of(&stage, 1)->standing, HOMING_WANTED);
    stage = stage_at_home();
    assert_false(tell(&stage, 1, after)); /* in the session */
    pass(&stage, HOMING_MOVE_MS);
    assert_false(stage.runs[1]);
    stage = stage_at_home();
    assert_true(say(&stage, 1, after));
    assert_true(say(&stage, 2, NAMED(2, 2, 2, 5))); /* another one says so, too */
    assert_false(say(&stage, 1, after));
    pass(&stage, HOMING_MOVE_MS);
    assert_false(stage.runs[1]);
}

/* Two nodes change places: each is tried where it is now, once it is silent where it was. */
static void two_nodes_change_places(void **state) {
    struct stage stage = stage_at_home();
    struct named_homes named = NAMED(9, 2, 1, 2);
    const struct address first = named.list[0].addresses[0];
    (void)state;
    named.list[0].addresses[0] = named.list[1].addresses[0];
    named.list[1].addresses[0] = first;
    assert_false(tell(&stage, HOMING_ENTRY, named));
    assert_int_equal(stage.begun[1] + stage.begun[2], 2);
    observe(&stage, 1, true, stage.now);
    observe(&stage, 2, true, stage.now);
    pass(&stage, HOMING_SILENT_MS);
    assert_int_equal(stage.begun[1], 2);
    assert_int_equal(stage.begun[2], 2);
    assert_true(address_equal(&node_of(&stage, 2)->home.addresses[0], &first));
    list(&stage, 1, named);
    list(&stage, 2, named);
    pass(&stage, 60000);
    assert_int_equal(stage.begun[1] + stage.begun[2], 4);
}

/* Each says that itself is a home and the other is none: both stay, and are asked ever more seldom. */
static void rivals_are_asked_seldom(void **state) {
    struct stage stage = stage_new();
    (void)state;
    assert_false(tell(&stage, HOMING_ENTRY, NAMED(9, 2, 1, 2)));
    list(&stage, 1, NAMED(1, 1, 1));
    list(&stage, 2, NAMED(2, 1, 2));
    for (unsigned i = 0; i < 360000; i++) {
        unsigned before = stage.checked;
        pass(&stage, 10);
        if (stage.checked > before)
            assert_true(tell(&stage, 1 + (int)(i % 2), NAMED((uint8_t)(1 + i % 2), 1, (uint8_t)(1 + i % 2))));
    }
    assert_true(stage.runs[1] && stage.runs[2]);
    assert_in_range(stage.checked, 2, 2 * 70);
}

/* --- Addresses --- */

static struct address parsed(const char *text) {
    struct address out;
    assert_true(address_parse(text, 0, &out));
    return out;
}

static bool admits(const char *entry, const char *address) {
    struct doors doors;
    struct address at = parsed(entry), asked = parsed(address);
    doors_init(&doors);
    (void)doors_set(&doors, &at, 1, false, NOW);
    return homing_admits(&doors, &asked);
}

static void addresses_are_of_the_kind_of_the_entry(void **state) {
    (void)state;
    assert_true(admits("203.0.113.1:9595", "203.0.113.2:9595"));
    assert_true(admits("203.0.113.1:9595", "[2001:db8::1]:9595"));
    assert_true(admits("203.0.113.1:443", "203.0.113.2:443"));
    static const char *const refused[] = {"203.0.113.2:53",   "127.0.0.1:9595", "10.0.0.1:9595",
                                          "192.168.1.1:9595", "224.0.0.1:9595", "169.254.1.1:9595",
                                          "[fe80::1]:9595",   "[::1]:9595",     "255.255.255.255:9595",
                                          "0.0.0.0:9595",     "[ff02::1]:9595"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) assert_false(admits("203.0.113.1:9595", refused[i]));
    assert_true(admits("127.0.0.1:9595", "127.0.0.1:9596"));
    assert_true(admits("127.0.0.1:9595", "10.0.0.1:9596"));
    assert_true(admits("10.0.0.1:9595", "192.168.0.2:9595"));
    assert_false(admits("10.0.0.1:9595", "127.0.0.1:9595"));
}

/* --- Chance --- */

#define NODES 12
#define ROUNDS 20000

static struct named_homes any_names(uint8_t from) {
    struct named_homes named = {.replicas = (uint8_t)(1 + randombytes_uniform(3)), .node = from};
    named.count = (uint8_t)(1 + randombytes_uniform(HOMES_MAX));
    for (unsigned i = 0; i < named.count; i++) {
        uint8_t id;
        bool twice;
        do {
            id = (uint8_t)(1 + randombytes_uniform(NODES));
            twice = false;
            for (unsigned j = 0; j < i; j++) twice |= named.list[j].node == id;
        } while (twice);
        named.list[i] = home_of(id);
        if (randombytes_uniform(8) == 0) named.list[i].address_count = 0;
    }
    return named;
}

static unsigned count_listed(const struct stage *stage) {
    unsigned count = 0;
    for (unsigned i = 0; i < 256; i++) count += stage->listed[i];
    return count;
}

/* Whatever is said, by whomever: nobody who lists us is left unless another one does (invariant 2), the entry is not
 * asked too often (5), and what is due is done. */
static void nothing_said_takes_us_out(void **state) {
    struct stage stage = stage_new();
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint8_t id = (uint8_t)(1 + randombytes_uniform(NODES));
        unsigned before = stage.left, listed = count_listed(&stage), asked = stage.asked;
        bool runs = stage.runs[id];
        switch (randombytes_uniform(4)) {
        case 0: (void)tell(&stage, HOMING_ENTRY, any_names((uint8_t)(1 + randombytes_uniform(NODES)))); break;
        case 1:
            if (runs) (void)tell(&stage, id, any_names(randombytes_uniform(4) ? id : 99));
            break;
        case 2:
            if (runs) observe(&stage, id, true, NEVER);
            break;
        default: pass(&stage, randombytes_uniform(4000)); break;
        }
        if (stage.left > before) assert_true(listed == 0 || count_listed(&stage) > 0);
        assert_true(stage.asked - asked <= 5);
    }
    assert_true(stage.left > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(homes_are_begun_at_once),
        cmocka_unit_test(the_next_is_asked_while_homes_are_silent),
        cmocka_unit_test(a_move_leaves_last),
        cmocka_unit_test(a_move_to_a_silent_home_waits),
        cmocka_unit_test(others_take_away_nobody_that_answers),
        cmocka_unit_test(redirects_are_counted),
        cmocka_unit_test(rivals_are_asked_seldom),
        cmocka_unit_test(a_cookie_ends_no_session),
        cmocka_unit_test(two_nodes_change_places),
        cmocka_unit_test(who_forges_holds_no_place),
        cmocka_unit_test(a_forged_address_holds_no_home),
        cmocka_unit_test(a_node_that_moved_house_is_found),
        cmocka_unit_test(addresses_are_of_the_kind_of_the_entry),
        cmocka_unit_test(nothing_said_takes_us_out),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("homing", tests, NULL, NULL);
}
