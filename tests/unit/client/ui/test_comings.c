#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/ui/comings.h"

#define NOW 1000000
#define MINUTE 60000

struct stage {
    struct comings comings;
    int joins;
    size_t members;
    uint64_t now;
};

static int set_up(void **state) {
    struct stage *stage = calloc(1, sizeof *stage);
    if (!stage) return -1;
    *stage = (struct stage){.joins = JOINS_AUTO, .members = 2, .now = NOW};
    *state = stage;
    return 0;
}

static int tear_down(void **state) {
    free(*state);
    return 0;
}

/* Somebody's key and id are the number. */
static struct member person(int number, const char *nick) {
    struct member member = {.known = true};
    memset(member.id, number, sizeof member.id);
    snprintf(member.nick, sizeof member.nick, "%s", nick);
    snprintf(member.fingerprint, sizeof member.fingerprint, "%04x112233445566778899aabbccddee", (unsigned)number);
    roster_label(member.nick, member.fingerprint, member.id, member.label);
    return member;
}

static enum comings_told happens(struct stage *stage, enum event_type type, const struct member *member) {
    struct event *event = event_create(type, NULL, 0);
    memcpy(event->peer, member->id, sizeof event->peer);
    event->said_bye = true;
    const struct coming coming = {event, member, stage->members, stage->joins};
    enum comings_told told = comings_take(&stage->comings, &coming, stage->now);
    event_destroy(event);
    return told;
}

static void expect_text(const struct stage *stage, const char *wanted) {
    char *text = comings_text(&stage->comings);
    assert_string_equal(text, wanted);
    free(text);
}

static void several_in_a_row_are_one_line(void **state) {
    struct stage *stage = *state;
    struct member anna = person(0xa, "anna"), bert = person(0xb, "bert"), carl = person(0xc, "carl"),
                  dora = person(0xd, "dora");
    anna.found = bert.found = true;
    assert_int_equal(happens(stage, EVENT_PEER_JOINED, &anna), COMINGS_HIDDEN);
    assert_int_equal(happens(stage, EVENT_PEER_CONNECTED, &anna), COMINGS_ALONE);
    expect_text(stage, "anna#000a is here");
    assert_int_equal(happens(stage, EVENT_PEER_CONNECTED, &bert), COMINGS_FOLDED);
    assert_int_equal(happens(stage, EVENT_PEER_CONNECTED, &carl), COMINGS_FOLDED);
    assert_int_equal(happens(stage, EVENT_PEER_CONNECTED, &dora), COMINGS_FOLDED);
    assert_int_equal(happens(stage, EVENT_PEER_LEFT, &anna), COMINGS_FOLDED);
    expect_text(stage, "anna#000a is here, bert#000b is here; → carl#000c and dora#000d came; ← anna#000a left");
    happens(stage, EVENT_PEER_LEFT, &dora);
    happens(stage, EVENT_PEER_CONNECTED, &dora);
    happens(stage, EVENT_PEER_LEFT, &dora);
    expect_text(stage,
                "anna#000a is here, bert#000b is here; → carl#000c and dora#000d came; ← anna#000a and dora#000d left");
    comings_end(&stage->comings);
    assert_int_equal(happens(stage, EVENT_PEER_CONNECTED, &dora), COMINGS_ALONE);
    expect_text(stage, "→ dora#000d came");
}

static void a_line_does_not_grow_for_ever(void **state) {
    struct stage *stage = *state;
    struct member carl = person(0xc, "carl"), dora = person(0xd, "dora");
    happens(stage, EVENT_PEER_CONNECTED, &carl);
    stage->now += COMINGS_RUN_MS + 1;
    assert_int_equal(happens(stage, EVENT_PEER_CONNECTED, &dora), COMINGS_ALONE);
    expect_text(stage, "→ dora#000d came");
}

static void a_large_room_names_who_spoke_lately(void **state) {
    struct stage *stage = *state;
    struct member anna = person(0xa, "anna"), bert = person(0xb, "bert"), carl = person(0xc, "carl");
    stage->members = COMINGS_SMALL + 1;
    assert_int_equal(happens(stage, EVENT_MESSAGE, &anna), COMINGS_OTHER);
    stage->now += COMINGS_LATELY_MS;
    assert_int_equal(happens(stage, EVENT_PEER_LEFT, &bert), COMINGS_FOLDED); /* alone, but not named */
    expect_text(stage, "← 1 member left");
    happens(stage, EVENT_PEER_LEFT, &carl);
    expect_text(stage, "← 2 members left");
    happens(stage, EVENT_PEER_LEFT, &anna);
    expect_text(stage, "← anna#000a and 2 others left");
    comings_end(&stage->comings);
    stage->now++;
    happens(stage, EVENT_PEER_LEFT, &anna);
    expect_text(stage, "← 1 member left");
}

static void names_have_a_bound(void **state) {
    struct stage *stage = *state;
    for (int i = 0; i < COMINGS_NAMES + 2; i++) {
        struct member member = person(i, "x");
        happens(stage, EVENT_PEER_CONNECTED, &member);
    }
    expect_text(stage, "→ x#0000, x#0001, x#0002, x#0003, x#0004, x#0005, x#0006, x#0007 and 2 others came");
    for (int i = 0; i < 3 * COMINGS_IDS; i++) {
        struct member member = person(i, "x");
        happens(stage, EVENT_PEER_CONNECTED, &member);
    }
    assert_true(stage->comings.parts[COMINGS_CAME].count >= 3 * COMINGS_IDS);
    assert_int_equal(stage->comings.lately_count, COMINGS_IDS);
}

static void visits_make_no_line(void **state) {
    struct stage *stage = *state;
    struct member sender = person(0x1a2b, "root-send-1a2b"), false_one = person(0x1a2c, "root-send-1a2b"),
                  bot = person(0xb, "bot");
    assert_int_equal(happens(stage, EVENT_PEER_CONNECTED, &sender), COMINGS_HIDDEN);
    happens(stage, EVENT_MESSAGE, &sender);
    assert_int_equal(happens(stage, EVENT_PEER_LEFT, &sender), COMINGS_HIDDEN);
    assert_int_equal(happens(stage, EVENT_PEER_CONNECTED, &false_one), COMINGS_ALONE);
    assert_int_equal(happens(stage, EVENT_PEER_CONNECTED, &bot), COMINGS_FOLDED);
    happens(stage, EVENT_MESSAGE, &bot);
    stage->now += COMINGS_VISIT_MS;
    assert_int_equal(happens(stage, EVENT_PEER_LEFT, &bot), COMINGS_HIDDEN);
    happens(stage, EVENT_PEER_CONNECTED, &bot);
    happens(stage, EVENT_MESSAGE, &bot);
    stage->now += COMINGS_VISIT_MS + 1;
    assert_int_equal(happens(stage, EVENT_PEER_LEFT, &bot), COMINGS_FOLDED); /* it stayed */
    happens(stage, EVENT_PEER_CONNECTED, &bot);
    assert_int_equal(happens(stage, EVENT_PEER_LEFT, &bot), COMINGS_FOLDED); /* it said nothing */
}

static void the_setting_decides(void **state) {
    struct stage *stage = *state;
    struct member anna = person(0xa, "anna"), unknown = person(0xb, "");
    stage->joins = JOINS_ON;
    assert_int_equal(happens(stage, EVENT_PEER_JOINED, &anna), COMINGS_OTHER);
    assert_int_equal(happens(stage, EVENT_PEER_CONNECTED, &anna), COMINGS_OTHER);
    assert_int_equal(happens(stage, EVENT_PEER_LEFT, &anna), COMINGS_OTHER);
    stage->joins = JOINS_OFF;
    assert_int_equal(happens(stage, EVENT_PEER_CONNECTED, &anna), COMINGS_HIDDEN);
    assert_int_equal(happens(stage, EVENT_PEER_LEFT, &anna), COMINGS_HIDDEN);
    assert_int_equal(happens(stage, EVENT_PEER_NICK, &anna), COMINGS_OTHER);
    stage->joins = JOINS_AUTO;
    unknown.known = false; /* never got through */
    assert_int_equal(happens(stage, EVENT_PEER_LEFT, &unknown), COMINGS_HIDDEN);
}

int main(void) {
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        test(several_in_a_row_are_one_line),
        test(a_line_does_not_grow_for_ever),
        test(a_large_room_names_who_spoke_lately),
        test(names_have_a_bound),
        test(visits_make_no_line),
        test(the_setting_decides),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("comings", tests, NULL, NULL);
}
