#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/message/message.h"
#include "client/ui/json.h"
#include "client/ui/plain.h"
#include "tests/support/sample_event.h"

#define OUR_KEY "0123456789abcdef0123456789abcdef"

static void expect_line(struct event *event, char *(*line_of)(const struct event *event), const char *expected) {
    char *line = line_of(event);
    if (expected) {
        assert_non_null(line);
        assert_string_equal(line, expected);
    } else {
        assert_null(line);
    }
    free(line);
    event_destroy(event);
}

#define PEER_HEX "000102030405060708090a0b0c0d0e0f"

static void json_is_the_designs(void **state) {
    struct event *event;
    (void)state;
    expect_line(sample_event(EVENT_REGISTERED, NULL), ui_json_line,
                "{\"event\":\"registered\",\"room\":\"lobby\",\"bootnode\":\"192.0.2.1:9595\",\"mapped\":\"[2001:db8::"
                "1]:7\",\"mapped_other\":\"198.51.100.9:7\",\"name\":\"b.example:9595\"}\n");
    expect_line(sample_event(EVENT_PEER_JOINED, NULL), ui_json_line,
                "{\"event\":\"peer-joined\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX "\"}\n");
    expect_line(
        sample_event(EVENT_PEER_CONNECTED, NULL), ui_json_line,
        "{\"event\":\"peer-connected\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX
        "\",\"nick\":\"alice\",\"path\":\"direct\",\"address\":\"198.51.100.2:3000\",\"rtt_ms\":12.5,\"cipher\":"
        "\"AES-256-GCM\",\"fingerprint\":\"ffff\",\"verified\":false}\n");
    expect_line(sample_event(EVENT_MESSAGE, "hi"), ui_json_line,
                "{\"event\":\"message\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX
                "\",\"nick\":\"alice\",\"id\":\"00000000000000ab-1\",\"text\":\"hi\",\"sent_ms\":1700000000123,"
                "\"fingerprint\":\"ffff\",\"said_ms\":1700000000456}\n");
    expect_line(sample_event(EVENT_DELIVERED, NULL), ui_json_line,
                "{\"event\":\"delivered\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX
                "\",\"id\":\"00000000000000ab-1\"}\n");
    expect_line(sample_event(EVENT_SENT, "hi"), ui_json_line,
                "{\"event\":\"sent\",\"room\":\"lobby\",\"id\":\"00000000000000ab-1\",\"text\":\"hi\"}\n");
    event = sample_event(EVENT_PEER_PATH, NULL);
    event->relayed = true;
    expect_line(event, ui_json_line,
                "{\"event\":\"peer-path\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX
                "\",\"path\":\"relay\",\"via\":\"bootnode\",\"address\":\"198.51.100.2:3000\"}\n");
    expect_line(sample_event(EVENT_PEER_LEFT, NULL), ui_json_line,
                "{\"event\":\"peer-left\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX
                "\",\"nick\":\"alice\",\"reason\":\"timeout\",\"fingerprint\":\"ffff\"}\n");
    event = sample_event(EVENT_PEER_LEFT, NULL);
    event->said_bye = true;
    expect_line(event, ui_json_line,
                "{\"event\":\"peer-left\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX
                "\",\"nick\":\"alice\",\"reason\":\"bye\",\"fingerprint\":\"ffff\"}\n");
    expect_line(sample_event(EVENT_BOOTNODE_LOST, "silent"), ui_json_line,
                "{\"event\":\"bootnode-lost\",\"room\":\"lobby\",\"bootnode\":\"192.0.2.1:9595\",\"text\":\"silent\","
                "\"name\":\"b.example:9595\"}\n");
    expect_line(sample_event(EVENT_BOOTNODE_BACK, NULL), ui_json_line,
                "{\"event\":\"bootnode-back\",\"room\":\"lobby\",\"bootnode\":\"192.0.2.1:9595\","
                "\"name\":\"b.example:9595\"}\n");
    event = sample_event(EVENT_REGISTERED, NULL);
    event->has_node = true;
    event->node_id = 7;
    expect_line(
        event, ui_json_line,
        "{\"event\":\"registered\",\"room\":\"lobby\",\"bootnode\":\"192.0.2.1:9595\",\"mapped\":\"[2001:db8::1]:7\","
        "\"mapped_other\":\"198.51.100.9:7\",\"name\":\"b.example:9595\",\"node\":7,\"rtt_ms\":12.5}\n");
    event = sample_event(EVENT_HOME_LEFT, NULL);
    event->has_node = true;
    event->node_id = 7;
    expect_line(event, ui_json_line,
                "{\"event\":\"home-left\",\"room\":\"lobby\",\"bootnode\":\"192.0.2.1:9595\","
                "\"name\":\"b.example:9595\",\"node\":7}\n");
    event = sample_event(EVENT_BOOTNODE_LOST, "unknown");
    event->bootnode = (struct address){0};
    expect_line(event, ui_json_line,
                "{\"event\":\"bootnode-lost\",\"room\":\"lobby\",\"bootnode\":\"\",\"text\":\"unknown\","
                "\"name\":\"b.example:9595\"}\n");
    event = sample_event(EVENT_ERROR, "no");
    event->room = NULL;
    expect_line(event, ui_json_line, "{\"event\":\"error\",\"text\":\"no\"}\n");
    expect_line(sample_event(EVENT_CREDIT, NULL), ui_json_line, NULL);
    expect_line(sample_event(EVENT_FINISHED, NULL), ui_json_line, NULL);
    expect_line(sample_event(EVENT_PEER_STATUS, NULL), ui_json_line, NULL);
}

static struct event *decided(const char *decision, const char *text) {
    struct event *event = sample_event(EVENT_DECIDED, text);
    event->reason = decision;
    snprintf(event->was, sizeof event->was, "0123456789abcdef0123456789abcdef");
    if (text) *event->fingerprint = '\0';
    return event;
}

static void what_a_room_decides_is_told(void **state) {
    struct event *event = sample_event(EVENT_REFUSED, NULL);
    (void)state;
    expect_line(decided("removed", NULL), ui_json_line,
                "{\"event\":\"decided\",\"room\":\"lobby\",\"decision\":\"removed\",\"peer\":\"" PEER_HEX
                "\",\"nick\":\"alice\",\"fingerprint\":\"ffff\",\"by\":\"0123456789abcdef0123456789abcdef\"}\n");
    expect_line(decided("topic", "tea"), ui_json_line,
                "{\"event\":\"decided\",\"room\":\"lobby\",\"decision\":\"topic\",\"text\":\"tea\",\"by\":"
                "\"0123456789abcdef0123456789abcdef\"}\n");
    event->reason = "used";
    expect_line(event, ui_json_line, "{\"event\":\"refused\",\"room\":\"lobby\",\"reason\":\"used\"}\n");
    expect_line(decided("banned", NULL), ui_plain_line, "* alice#ffff was banned from the room (by 01234567)\n");
    expect_line(decided("topic", "t\x1b"
                                 "ea"),
                ui_plain_line,
                "* topic: t\xef\xbf\xbd"
                "ea (by 01234567)\n");
    expect_line(decided("topic", ""), ui_plain_line, "* there is no topic any more (by 01234567)\n");
    expect_line(decided("rule", "listed"), ui_plain_line,
                "* only who is on the room's list is let in now (by 01234567)\n");
    event = sample_event(EVENT_REFUSED, NULL);
    event->reason = "removed";
    expect_line(event, ui_plain_line, "! we were removed from this room\n");
}

static void json_has_rooms_and_nicks(void **state) {
    struct event *event;
    (void)state;
    expect_line(sample_event(EVENT_JOINED, NULL), ui_json_line, "{\"event\":\"joined\",\"room\":\"lobby\"}\n");
    event = sample_event(EVENT_JOINED, NULL);
    event->secret = true;
    expect_line(event, ui_json_line, "{\"event\":\"joined\",\"room\":\"lobby\",\"secret\":true}\n");
    expect_line(sample_event(EVENT_PARTED, NULL), ui_json_line, "{\"event\":\"parted\",\"room\":\"lobby\"}\n");
    expect_line(sample_event(EVENT_PEER_NICK, "alicia"), ui_json_line,
                "{\"event\":\"peer-nick\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX
                "\",\"nick\":\"alice\",\"was\":\"alicia\",\"fingerprint\":\"ffff\"}\n");
    expect_line(sample_event(EVENT_NICK, NULL), ui_json_line, "{\"event\":\"nick\",\"nick\":\"alice\"}\n");
    expect_line(sample_event(EVENT_UNDELIVERED, NULL), ui_json_line,
                "{\"event\":\"undelivered\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX
                "\",\"id\":\"00000000000000ab-1\"}\n");
    expect_line(sample_event(EVENT_NOTICE, "hm"), ui_json_line,
                "{\"event\":\"notice\",\"room\":\"lobby\",\"text\":\"hm\"}\n");
    event = sample_event(EVENT_NOTICE, "hm");
    event->room = NULL;
    expect_line(event, ui_json_line, "{\"event\":\"notice\",\"text\":\"hm\"}\n");
    expect_line(sample_event(EVENT_ERROR, "no"), ui_json_line,
                "{\"event\":\"error\",\"text\":\"no\",\"room\":\"lobby\"}\n");
    event = sample_event(EVENT_ERROR, "no");
    event->reason = EVENT_KEY_CHANGED;
    strcpy(event->was, "eeee");
    expect_line(
        event, ui_json_line,
        "{\"event\":\"error\",\"text\":\"no\",\"room\":\"lobby\",\"reason\":\"key-changed\",\"peer\":\"" PEER_HEX
        "\",\"nick\":\"alice\",\"fingerprint\":\"ffff\",\"was\":\"eeee\"}\n");
    event = sample_event(EVENT_PEER_CONNECTED, NULL);
    event->verified = true;
    event->standing = STANDING_BLOCKED;
    expect_line(
        event, ui_json_line,
        "{\"event\":\"peer-connected\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX
        "\",\"nick\":\"alice\",\"path\":\"direct\",\"address\":\"198.51.100.2:3000\",\"rtt_ms\":12.5,\"cipher\":"
        "\"AES-256-GCM\",\"fingerprint\":\"ffff\",\"verified\":true,\"blocked\":true}\n");
    event = sample_event(EVENT_MESSAGE, "hi");
    event->verified = true;
    expect_line(event, ui_json_line,
                "{\"event\":\"message\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX
                "\",\"nick\":\"alice\",\"id\":\"00000000000000ab-1\",\"text\":\"hi\",\"sent_ms\":1700000000123,"
                "\"fingerprint\":\"ffff\",\"said_ms\":1700000000456,\"verified\":true}\n");
}

/* A QR code is for who sees a terminal: what it says stands in the event before. */
static void an_invite_is_a_command_to_send_along(void **state) {
    (void)state;
    expect_line(sample_event(EVENT_INVITE, "gochat://h/lobby#AA"), ui_json_line,
                "{\"event\":\"invite\",\"room\":\"lobby\",\"invite\":\"gochat://h/lobby#AA\"}\n");
    expect_line(sample_event(EVENT_INVITE, "gochat://h/lobby#AA"), ui_plain_line,
                "* who has this line can join lobby; send it where nobody else reads it:\n"
                "* gochat 'gochat://h/lobby#AA'\n");
    expect_line(sample_event(EVENT_CODE, "gochat://h/lobby#AA"), ui_json_line, NULL);
    expect_line(sample_event(EVENT_CODE, "gochat://h/lobby#AA"), ui_plain_line, NULL);
}

static void json_names_the_kind_where_it_is_not_text(void **state) {
    (void)state;
    expect_line(sample_event_of_kind(EVENT_MESSAGE, CHAT_ACTION, "waves"), ui_json_line,
                "{\"event\":\"message\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX
                "\",\"nick\":\"alice\",\"id\":\"00000000000000ab-1\",\"text\":\"waves\",\"sent_ms\":1700000000123,"
                "\"kind\":\"action\",\"fingerprint\":\"ffff\",\"said_ms\":1700000000456}\n");
    expect_line(sample_event_of_kind(EVENT_MESSAGE, CHAT_PRIVATE, "psst"), ui_json_line,
                "{\"event\":\"message\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX
                "\",\"nick\":\"alice\",\"id\":\"00000000000000ab-1\",\"text\":\"psst\",\"sent_ms\":1700000000123,"
                "\"kind\":\"private\",\"fingerprint\":\"ffff\",\"said_ms\":1700000000456}\n");
    expect_line(sample_event_of_kind(EVENT_SENT, CHAT_ACTION, "waves"), ui_json_line,
                "{\"event\":\"sent\",\"room\":\"lobby\",\"id\":\"00000000000000ab-1\",\"text\":\"waves\","
                "\"kind\":\"action\"}\n");
    expect_line(sample_event_of_kind(EVENT_SENT, CHAT_PRIVATE, "psst"), ui_json_line,
                "{\"event\":\"sent\",\"room\":\"lobby\",\"id\":\"00000000000000ab-1\",\"text\":\"psst\","
                "\"peer\":\"" PEER_HEX "\",\"kind\":\"private\"}\n");
}

static void json_tells_all_about_a_member(void **state) {
    struct event *event = sample_event(EVENT_MEMBER, NULL);
    (void)state;
    event->standing = STANDING_CONNECTED;
    event->relayed = true;
    event->waiting = 2;
    event->ignored = event->verified = true;
    strcpy(event->safety, "12345 67890");
    expect_line(event, ui_json_line,
                "{\"event\":\"member\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX
                "\",\"nick\":\"alice\",\"state\":\"connected\",\"path\":\"relay\",\"via\":\"bootnode\",\"address\":"
                "\"198.51.100.2:3000\","
                "\"rtt_ms\":12.5,\"cipher\":\"AES-256-GCM\",\"fingerprint\":\"ffff\",\"safety_number\":\"12345 67890\","
                "\"waiting\":2,\"ignored\":true,\"verified\":true}\n");
    event = event_create(EVENT_MEMBER, NULL, 0);
    event->room = "lobby";
    expect_line(event, ui_json_line,
                "{\"event\":\"member\",\"room\":\"lobby\",\"peer\":\"00000000000000000000000000000000\",\"nick\":\"\","
                "\"state\":\"connecting\",\"path\":\"\",\"address\":\"\",\"rtt_ms\":0.0,\"cipher\":\"\","
                "\"fingerprint\":\"\",\"safety_number\":\"\",\"waiting\":0,\"ignored\":false,\"verified\":false}\n");
}

/* Nothing that a terminal would obey or that ends a line gets out, and nothing is lost for a parser. */
static void json_is_one_line_of_visible_ascii(void **state) {
    struct event *event = sample_event(EVENT_ERROR, "a\nb\x1b[\x7f\xc2\x9b\xe2\x80\xae\xc3\xa9\"\\");
    (void)state;
    expect_line(
        event, ui_json_line,
        "{\"event\":\"error\",\"text\":\"a\\nb\\u001B[\\u007f\\u009B\\u202E\\u00E9\\\"\\\\\",\"room\":\"lobby\"}\n");
    event = sample_event(EVENT_BOOTNODE_BACK, NULL);
    event->room = "lob\xff";
    expect_line(event, ui_json_line,
                "{\"event\":\"bootnode-back\",\"room\":\"lob\\uFFFD\",\"bootnode\":\"192.0.2.1:9595\","
                "\"name\":\"b.example:9595\"}\n");
    event = sample_event(EVENT_MESSAGE, "x");
    event->sent_ms = event->said_ms = UINT64_MAX;
    expect_line(event, ui_json_line,
                "{\"event\":\"message\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX
                "\",\"nick\":\"alice\",\"id\":\"00000000000000ab-1\",\"text\":\"x\",\"sent_ms\":9223372036854775807,"
                "\"fingerprint\":\"ffff\",\"said_ms\":9223372036854775807}\n");
}

static void plain_shows_who_and_what(void **state) {
    struct event *event;
    (void)state;
    expect_line(sample_event(EVENT_MESSAGE, "hi"), ui_plain_line, "alice: hi\n");
    expect_line(sample_event(EVENT_MESSAGE, "one\n\nbob: two\n\n"), ui_plain_line,
                "alice: one\nalice: \nalice: bob: two\n");
    expect_line(sample_event(EVENT_MESSAGE, "a\x1b[31mb\rc\xe2\x80\xa8"), ui_plain_line,
                "alice: a\xef\xbf\xbd[31mb\xef\xbf\xbd"
                "c\xef\xbf\xbd\n");
    expect_line(sample_event(EVENT_PEER_CONNECTED, NULL), ui_plain_line, "* alice#ffff is here (direct, 12 ms)\n");
    event = sample_event(EVENT_PEER_JOINED, NULL);
    *event->nick = '\0';
    expect_line(event, ui_plain_line, "* 00010203 is arriving\n");
    event = sample_event(EVENT_PEER_LEFT, NULL);
    strcpy(event->nick, "a\nb");
    expect_line(event, ui_plain_line,
                "* a\xef\xbf\xbd"
                "b is gone\n");
    event = sample_event(EVENT_PEER_LEFT, NULL);
    event->said_bye = true;
    expect_line(event, ui_plain_line, "* alice left\n");
    event = sample_event(EVENT_REGISTERED, NULL);
    event->has_node = true;
    event->node_id = 7;
    expect_line(event, ui_plain_line,
                "* registered at 192.0.2.1:9595 (node 7 of b.example:9595), which sees us as [2001:db8::1]:7\n");
    expect_line(sample_event(EVENT_REGISTERED, NULL), ui_plain_line,
                "* registered at 192.0.2.1:9595, which sees us as [2001:db8::1]:7\n");
    expect_line(sample_event(EVENT_PEER_PATH, NULL), ui_plain_line,
                "* alice is reached at 198.51.100.2:3000 now (direct)\n");
    expect_line(sample_event(EVENT_BOOTNODE_LOST, "silent\n"), ui_plain_line,
                "* bootnode 192.0.2.1:9595 lost: silent\xef\xbf\xbd\n");
    expect_line(sample_event(EVENT_BOOTNODE_BACK, NULL), ui_plain_line, "* bootnode 192.0.2.1:9595 is back\n");
    event = sample_event(EVENT_BOOTNODE_LOST, "unknown");
    event->bootnode = (struct address){0};
    expect_line(event, ui_plain_line, "* bootnode b.example:9595 lost: unknown\n");
    expect_line(sample_event(EVENT_ERROR, "no"), ui_plain_line, "! no\n");
    expect_line(sample_event(EVENT_SENT, "hi"), ui_plain_line, NULL);
    expect_line(sample_event(EVENT_DELIVERED, NULL), ui_plain_line, NULL);
    expect_line(sample_event(EVENT_UNDELIVERED, NULL), ui_plain_line, NULL);
    expect_line(sample_event(EVENT_PEER_STATUS, NULL), ui_plain_line, NULL);
    expect_line(sample_event(EVENT_CREDIT, NULL), ui_plain_line, NULL);
}

static struct event *passed_on(enum chat_kind kind, const char *text) {
    struct event *event = sample_event(EVENT_MESSAGE, text);
    setenv("TZ", "UTC", 1);
    tzset();
    event->kind = kind;
    event->history = true;
    strcpy(event->fingerprint, OUR_KEY);
    return event;
}

/* 1700000000 is 22:13:20. */
static void what_was_passed_on_has_a_time_and_digits(void **state) {
    (void)state;
    expect_line(passed_on(CHAT_TEXT, "one\ntwo"), ui_plain_line, "[22:13] alice#0123: one\n[22:13] alice#0123: two\n");
    expect_line(passed_on(CHAT_ACTION, "waves"), ui_plain_line, "[22:13] ** alice#0123 waves\n");
    struct event *event = passed_on(CHAT_TEXT, "hi");
    *event->nick = '\0'; /* another's */
    expect_line(event, ui_plain_line, "[22:13] ?00010203: hi\n");
    expect_line(passed_on(CHAT_TEXT, "hi"), ui_json_line,
                "{\"event\":\"message\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX
                "\",\"nick\":\"alice\",\"id\":\"00000000000000ab-1\",\"text\":\"hi\",\"sent_ms\":1700000000123,"
                "\"history\":true,\"fingerprint\":\"" OUR_KEY "\",\"said_ms\":1700000000456}\n");
}

/* Said at one time and shown at another, each in s since 1970, in a zone. */
static struct event *dated(const char *zone, uint64_t said, uint64_t shown, bool late) {
    struct event *event = passed_on(CHAT_TEXT, "hi");
    setenv("TZ", zone, 1);
    tzset();
    event->sent_ms = 1; /* the author's clock is of no meaning */
    event->said_ms = 1000 * said;
    event->shown_ms = 1000 * shown;
    event->history = !late;
    event->late = late;
    return event;
}

#define NIGHT 1795823999u /* 2026-11-27 23:59:59 UTC */
#define AUTUMN                                                                                                         \
    1792891800u /* 2026-10-25 01:30:00 UTC: in Berlin the clocks went from 3:00 back to 2:00 at 01:00 UTC              \
                 */

static void another_day_has_its_date(void **state) {
    static const struct {
        const char *zone;
        uint64_t said, shown;
        bool late;
        const char *clock;
    } cases[] = {
        {"UTC0", NIGHT, NIGHT, false, "[23:59] alice#0123"},
        {"UTC0", NIGHT, NIGHT + 1, false, "[2026-11-27 23:59] alice#0123"},
        {"UTC0", NIGHT + 1, NIGHT, false, "[2026-11-28 00:00] alice#0123"}, /* our clock was set back */
        {"<+09>-9", NIGHT, NIGHT + 1, false, "[08:59] alice#0123"},
        {"<-1130>11:30", NIGHT, NIGHT + 1, false, "[12:29] alice#0123"},
        {"UTC0", NIGHT - 86400, NIGHT, false, "[2026-11-26 23:59] alice#0123"},
        {"UTC0", NIGHT - 365 * 86400, NIGHT, false, "[2025-11-27 23:59] alice#0123"},
        {"UTC0", NIGHT, NIGHT, true, "[23:59 late] alice"},
        {"UTC0", NIGHT, NIGHT + 60, true, "[2026-11-27 23:59 late] alice"},
        {"CET-1CEST,M3.5.0,M10.5.0/3", AUTUMN - 3600, AUTUMN, false, "[02:30] alice#0123"},
        {"CET-1CEST,M3.5.0,M10.5.0/3", AUTUMN, AUTUMN + 60, false, "[02:30] alice#0123"},
        {"CET-1CEST,M3.5.0,M10.5.0/3", AUTUMN - 4 * 3600, AUTUMN, false, "[2026-10-24 23:30] alice#0123"},
    };
    char expected[128];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(expected, sizeof expected, "%s: hi\n", cases[i].clock);
        expect_line(dated(cases[i].zone, cases[i].said, cases[i].shown, cases[i].late), ui_plain_line, expected);
    }
    expect_line(dated("UTC0", NIGHT, NIGHT, true), ui_json_line,
                "{\"event\":\"message\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX
                "\",\"nick\":\"alice\",\"id\":\"00000000000000ab-1\",\"text\":\"hi\",\"sent_ms\":1,"
                "\"fingerprint\":\"" OUR_KEY "\",\"said_ms\":1795823999000,\"late\":true}\n");
}

static void what_is_lost_is_told(void **state) {
    (void)state;
    struct event *event = sample_event(EVENT_LOST, NULL);
    event->lost = 3;
    expect_line(event, ui_plain_line, "* 3 messages of alice#ffff were lost\n");
    event = sample_event(EVENT_LOST, NULL);
    event->lost = 1;
    expect_line(event, ui_plain_line, "* 1 message of alice#ffff was lost\n");
    event = sample_event(EVENT_LOST, NULL);
    event->lost = UINT64_MAX;
    expect_line(event, ui_json_line,
                "{\"event\":\"lost\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX
                "\",\"nick\":\"alice\",\"fingerprint\":\"ffff\",\"count\":9223372036854775807,"
                "\"reason\":\"gap\"}\n");
    event = sample_event(EVENT_LOST, NULL);
    event->lost = 2;
    event->misdated = true;
    expect_line(event, ui_plain_line,
                "* 2 messages of alice#ffff were left out: the time they bear is wrong, or long ago\n");
    event = sample_event(EVENT_LOST, NULL);
    event->lost = 2;
    event->misdated = true;
    expect_line(event, ui_json_line,
                "{\"event\":\"lost\",\"room\":\"lobby\",\"peer\":\"" PEER_HEX
                "\",\"nick\":\"alice\",\"fingerprint\":\"ffff\",\"count\":2,\"reason\":\"clock\"}\n");
}

static void plain_tells_kinds_apart(void **state) {
    (void)state;
    expect_line(sample_event_of_kind(EVENT_MESSAGE, CHAT_ACTION, "waves\nand goes"), ui_plain_line,
                "** alice waves\n** alice and goes\n");
    expect_line(sample_event_of_kind(EVENT_MESSAGE, CHAT_PRIVATE, "psst\nbob: hi"), ui_plain_line,
                "*private* alice: psst\n*private* alice: bob: hi\n");
    expect_line(sample_event(EVENT_NOTICE, "so\nit is"), ui_plain_line, "* so\xef\xbf\xbdit is\n");
}

static char *among(const struct event *event) {
    struct roster roster = {.members = NULL};
    struct event *other = sample_event(EVENT_PEER_CONNECTED, NULL);
    strcpy(other->fingerprint, OUR_KEY);
    memset(other->peer, 7, sizeof other->peer);
    roster_apply(&roster, other);
    event_destroy(other);
    char *line = ui_plain_line_among(event, &roster);
    roster_clear(&roster);
    return line;
}

/* Where two are called alike each line says which. */
static void plain_tells_bearers_of_a_nick_apart(void **state) {
    (void)state;
    struct event *event = sample_event(EVENT_MESSAGE, "hi");
    strcpy(event->fingerprint, "fedcba9876543210fedcba9876543210");
    expect_line(event, among, "alice#fedcba98: hi\n");
    event = sample_event(EVENT_MESSAGE, "hi");
    strcpy(event->nick, "bob");
    expect_line(event, among, "bob: hi\n");
    event = sample_event(EVENT_PEER_LEFT, NULL);
    strcpy(event->fingerprint, "fedcba9876543210fedcba9876543210");
    expect_line(event, among, "* alice#fedcba98 is gone\n");
    event = sample_event(EVENT_PEER_CONNECTED, NULL);
    strcpy(event->fingerprint, "fedcba9876543210fedcba9876543210");
    event->verified = true;
    expect_line(event, among, "* alice#fedcba98 is here (direct, 12 ms, verified)\n");
    event = sample_event(EVENT_MESSAGE, "hi");
    strcpy(event->nick, "mallory"); /* looks like alice to some */
    strcpy(event->fingerprint, "0123ffffffffffffffffffffffffffff");
    expect_line(event, among, "mallory#0123ffff: hi\n");
}

static void plain_breaks_no_group_of_a_number(void **state) {
    (void)state;
    struct event *event = sample_event(EVENT_MEMBER, NULL);
    strcpy(event->safety, "00000 11111 22222 33333 44444 55555 66666 77777 88888 99999 00000 11111");
    event->verified = true;
    expect_line(event, ui_plain_line,
                "* alice#ffff: connecting, verified\n* alice#ffff: cipher AES-256-GCM\n* alice#ffff: fingerprint ffff\n"
                "* alice#ffff: safety number 00000 11111 22222 33333\n"
                "* alice#ffff:               44444 55555 66666 77777\n"
                "* alice#ffff:               88888 99999 00000 11111\n");
}

static void plain_has_rooms_and_nicks(void **state) {
    struct event *event = sample_event(EVENT_JOINED, NULL);
    (void)state;
    event->room = "lob\nby";
    expect_line(event, ui_plain_line,
                "* joined lob\xef\xbf\xbd"
                "by\n");
    expect_line(sample_event(EVENT_PARTED, NULL), ui_plain_line, "* left lobby\n");
    expect_line(sample_event(EVENT_PEER_NICK, "al\x1b"), ui_plain_line, "* al\xef\xbf\xbd is now called alice\n");
    expect_line(sample_event(EVENT_NICK, NULL), ui_plain_line, "* you are now called alice\n");
}

static void plain_tells_all_about_a_member(void **state) {
    struct event *event = sample_event(EVENT_MEMBER, NULL);
    (void)state;
    event->standing = STANDING_CONNECTED;
    event->relayed = true;
    expect_line(event, ui_plain_line, "* alice#ffff: through the bootnode, 12 ms, 198.51.100.2:3000\n");
    event = sample_event(EVENT_MEMBER, NULL);
    event->standing = STANDING_BLOCKED;
    event->waiting = 2;
    event->ignored = true;
    expect_line(event, ui_plain_line,
                "* alice#ffff: blocked: the nick is that of somebody verified, who has another key, has 2 of our "
                "messages still "
                "to get, ignored\n");
    event = sample_event(EVENT_MEMBER, NULL);
    strcpy(event->safety, "12345 67890");
    expect_line(event, ui_plain_line,
                "* alice#ffff: connecting\n* alice#ffff: cipher AES-256-GCM\n* alice#ffff: fingerprint ffff\n* "
                "alice#ffff: safety number 12345 67890\n");
    event = sample_event(EVENT_MEMBER, NULL);
    *event->nick = *event->fingerprint = '\0';
    expect_line(event, ui_plain_line, "* ?00010203: connecting\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_the_designs),
        cmocka_unit_test(what_a_room_decides_is_told),
        cmocka_unit_test(an_invite_is_a_command_to_send_along),
        cmocka_unit_test(json_has_rooms_and_nicks),
        cmocka_unit_test(json_names_the_kind_where_it_is_not_text),
        cmocka_unit_test(json_tells_all_about_a_member),
        cmocka_unit_test(json_is_one_line_of_visible_ascii),
        cmocka_unit_test(plain_shows_who_and_what),
        cmocka_unit_test(plain_tells_kinds_apart),
        cmocka_unit_test(what_was_passed_on_has_a_time_and_digits),
        cmocka_unit_test(another_day_has_its_date),
        cmocka_unit_test(what_is_lost_is_told),
        cmocka_unit_test(plain_has_rooms_and_nicks),
        cmocka_unit_test(plain_tells_all_about_a_member),
        cmocka_unit_test(plain_tells_bearers_of_a_nick_apart),
        cmocka_unit_test(plain_breaks_no_group_of_a_number),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("event_lines", tests, NULL, NULL);
}
