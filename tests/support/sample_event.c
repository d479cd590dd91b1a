#include "tests/support/sample_event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct event *sample_event(enum event_type type, const char *text) {
    struct event *event = event_create(type, text, text ? strlen(text) : 0);
    event->room = "lobby";
    for (uint8_t i = 0; i < MEMBER_ID_SIZE; i++) event->peer[i] = i;
    strcpy(event->nick, "alice");
    assert_true(address_parse("192.0.2.1:9595", 0, &event->bootnode));
    event->bootnode_name = "b.example:9595";
    assert_true(address_parse("[2001:db8::1]:7", 0, &event->mapped));
    assert_true(address_parse("198.51.100.9:7", 0, &event->mapped_other));
    assert_true(address_parse("198.51.100.2:3000", 0, &event->address));
    event->rtt_ms = 12.5;
    event->cipher = "AES-256-GCM";
    strcpy(event->fingerprint, "ffff");
    strcpy(event->id, "00000000000000ab-1");
    event->sent_ms = 1700000000123;
    event->said_ms = event->shown_ms = 1700000000456;
    return event;
}

struct event *sample_event_of_kind(enum event_type type, enum chat_kind kind, const char *text) {
    struct event *event = sample_event(type, text);
    event->kind = kind;
    return event;
}
