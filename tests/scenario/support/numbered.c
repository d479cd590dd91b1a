#include "tests/scenario/support/numbered.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void say_numbered(struct person *person, unsigned from, unsigned to) {
    char text[32];
    for (unsigned i = from; i <= to; i++) {
        snprintf(text, sizeof text, "%s %u", person->name, i);
        person_say(person, text);
    }
}

bool heard_all(const struct person *person, const struct person *author, unsigned most) {
    unsigned next = 1;
    char text[32];
    for (const struct told *told = person->told; told; told = told->next) {
        if (told->event->type != EVENT_MESSAGE || memcmp(told->event->peer, author->id, MEMBER_ID_SIZE) != 0) continue;
        snprintf(text, sizeof text, "%s %u", author->name, next);
        assert_string_equal(told->event->text, text);
        next++;
    }
    return next == most + 1;
}

bool is_relayed(const struct person *person, const struct person *other) {
    const struct event *path = person_last(person, EVENT_PEER_PATH, other);
    if (!path) path = person_last(person, EVENT_PEER_CONNECTED, other);
    return path && path->relayed;
}
