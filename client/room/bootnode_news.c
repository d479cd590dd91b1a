#include "client/room/bootnode_news.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct rendezvous *session_of(const struct bootnode_news *news, size_t number) {
    return &news->sessions->list[number];
}

static struct event *make(const struct bootnode_news *news, size_t number, enum event_type type, const char *text) {
    struct event *event = room_events_make_text(news->events, type, NULL, text, text ? strlen(text) : 0);
    event->bootnode = session_of(news, number)->bootnode;
    event->bootnode_name = news->host->bootnodes[news->sessions->bootnode[number]].name;
    return event;
}

static bool is_there_too(const struct bootnode_news *news, size_t number) {
    const struct sessions *sessions = news->sessions;
    for (size_t i = 0; i < sessions->end; i++)
        if (sessions->set[i] != sessions->set[number] && sessions->list[i].state == RENDEZVOUS_ACTIVE &&
            address_equal(&sessions->list[i].bootnode, &sessions->list[number].bootnode))
            return true;
    return false;
}

void bootnode_news_registered(const struct bootnode_news *news, size_t number) {
    const struct rendezvous *rendezvous = session_of(news, number);
    const struct address *other = rendezvous_mapped_other(rendezvous);
    if (!sessions_is_current(news->sessions, number) || is_there_too(news, number)) return;
    struct event *event = make(news, number, EVENT_REGISTERED, NULL);
    event->mapped = rendezvous->mapped;
    if (signpost_is_home(news->signposts, number)) signpost_describe(news->signposts, number, event);
    if (other) event->mapped_other = *other;
    room_events_emit(news->events, event);
}

/* By all of its entries that we had a session with, and by the present set's. */
static bool is_lost(const struct bootnode_news *news, unsigned bootnode) {
    const struct sessions *sessions = news->sessions;
    const size_t current = sessions_entry(sessions, bootnode, key_sets_current(sessions->sets));
    for (size_t i = 0; i < sessions->end; i++)
        if (sessions_is_entry(sessions, i) && sessions->bootnode[i] == bootnode && !sessions->list[i].lost &&
            (i == current || sessions->list[i].state == RENDEZVOUS_ACTIVE))
            return false;
    return true;
}

void bootnode_news_lost(struct bootnode_news *news, size_t number, const char *why) {
    const unsigned bootnode = news->sessions->bootnode[number];
    if (signpost_is_home(news->signposts, number) || !is_lost(news, bootnode)) return;
    if (news->lost >> bootnode & 1) return;
    news->lost |= UINT32_C(1) << bootnode;
    room_events_emit(news->events, make(news, number, EVENT_BOOTNODE_LOST, why));
}

void bootnode_news_back(struct bootnode_news *news, size_t number) {
    const unsigned bootnode = news->sessions->bootnode[number];
    if (signpost_is_home(news->signposts, number) || !(news->lost >> bootnode & 1)) return;
    news->lost &= ~(UINT32_C(1) << bootnode);
    room_events_emit(news->events, make(news, number, EVENT_BOOTNODE_BACK, NULL));
}

static bool is_served(const struct bootnode_news *news, size_t number) {
    return !sessions_is_current(news->sessions, number) || signpost_is_served(news->signposts, number);
}

void bootnode_news_refused(const struct bootnode_news *news, size_t number, const char *why) {
    char text[1280], address[ADDRESS_TEXT_SIZE];
    if (is_served(news, number)) return;
    snprintf(text, sizeof text, "bootnode %s: %s; trying again",
             address_format(&session_of(news, number)->bootnode, address), why);
    room_events_error(news->events, text);
}

void bootnode_news_busy(const struct bootnode_news *news, size_t number, uint64_t wait_ms) {
    char text[ADDRESS_TEXT_SIZE + 64], address[ADDRESS_TEXT_SIZE];
    if (is_served(news, number)) return;
    snprintf(text, sizeof text, "bootnode %s is busy; trying again in %" PRIu64 " s",
             address_format(&session_of(news, number)->bootnode, address), (wait_ms + 999) / 1000);
    room_events_notice(news->events, text);
}
