#include "client/doctor/servers.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "client/events.h"
#include "client/network/name_lookup.h"
#include "client/threads/resolver.h"
#include "common/clock.h"
#include "common/why.h"

struct search {
    struct bootnode bootnodes[BOOTNODES_MAX];
    struct name_lookup lookups[BOOTNODES_MAX];
    struct why whys[BOOTNODES_MAX]; /* why it was not found last; empty: nobody has answered yet */
    size_t count, known;
    struct resolver *resolver;
    struct queue answers;
    uint64_t began, deadline;
};

static void take_resolved(struct search *search, const struct input *input) {
    struct bootnode *bootnode = &search->bootnodes[input->bootnode];
    if (bootnode->address_count > 0) return;
    bootnode->address_count = input->address_count;
    memcpy(bootnode->addresses, input->addresses, input->address_count * sizeof *input->addresses);
    name_lookup_settle(&search->lookups[input->bootnode]);
    search->known++;
}

static void take_unresolved(struct search *search, const struct input *input, uint64_t now) {
    const struct bootnode *bootnode = &search->bootnodes[input->bootnode];
    struct why *why = &search->whys[input->bootnode];
    if (bootnode->address_count > 0) return;
    name_lookup_failed(&search->lookups[input->bootnode], now);
    if (!why->text[0] && search->known == 0)
        fprintf(stderr, "gochat: --bootnode %s: %s; trying again\n", bootnode->name, input->text);
    why_fail(why, "%s", input->text);
}

static void take_answers(struct search *search, uint64_t now) {
    struct queue_node *node;
    while ((node = queue_pop(&search->answers))) {
        struct input *input = (struct input *)node;
        if (input->type == INPUT_RESOLVED)
            take_resolved(search, input);
        else
            take_unresolved(search, input, now);
        input_destroy(input);
    }
}

static void look_up(struct search *search, uint64_t now) {
    for (unsigned i = 0; i < search->count; i++)
        if (name_lookup_take(&search->lookups[i], NAME_LOOKUP_SILENT_MS, now))
            resolver_look_up(search->resolver, i, search->bootnodes[i].name);
}

static bool each_answered(const struct search *search) {
    for (size_t i = 0; i < search->count; i++)
        if (search->bootnodes[i].address_count == 0 && !search->whys[i].text[0]) return false;
    return true;
}

/* When to go on with what there is. */
static uint64_t patience(struct search *search) {
    uint64_t others = search->began + SERVERS_OTHERS_MS;
    if (search->known == 0 || others > search->deadline) return search->deadline;
    return each_answered(search) ? 0 : others;
}

static void wait_for_answers(struct search *search, uint64_t until, uint64_t now) {
    for (size_t i = 0; i < search->count; i++) until = earlier(until, search->lookups[i].due);
    struct pollfd wanted = {.fd = queue_event(&search->answers), .events = POLLIN};
    if (until > now && queue_settle(&search->answers)) poll(&wanted, 1, (int)(until - now));
}

static void search_names(struct search *search) {
    uint64_t now, until;
    while ((now = clock_boot_ms()) < (until = patience(search))) {
        look_up(search, now);
        wait_for_answers(search, until, now);
        take_answers(search, clock_boot_ms());
    }
}

static const char *why_missing(const struct search *search, size_t bootnode) {
    return search->whys[bootnode].text[0] ? search->whys[bootnode].text : "no name server answers";
}

static void tell_left_out(const struct search *search) {
    for (size_t i = 0; i < search->count; i++)
        if (search->bootnodes[i].address_count == 0)
            fprintf(stderr, "gochat: --bootnode %s: %s; left out\n", search->bootnodes[i].name, why_missing(search, i));
}

static void search_begin(struct search *search, const char *list, uint64_t timeout_ms) {
    memset(search, 0, sizeof *search);
    search->began = clock_boot_ms();
    search->deadline = search->began + timeout_ms;
    search->count = bootnodes_name(list, search->bootnodes);
    for (size_t i = 0; i < search->count; i++) {
        bool known = search->bootnodes[i].address_count > 0;
        name_lookup_settle(&search->lookups[i]);
        if (!known) name_lookup_want(&search->lookups[i], search->began);
        search->known += known;
    }
}

static void search_end(struct search *search) {
    struct queue_node *node;
    resolver_destroy(search->resolver);
    while ((node = queue_pop(&search->answers))) input_destroy((struct input *)node);
    queue_destroy(&search->answers);
}

size_t servers_find(const char *list, uint64_t timeout_ms, struct helper *helper,
                    struct bootnode out[static BOOTNODES_MAX], struct why *why) {
    struct search search;
    search_begin(&search, list, timeout_ms);
    if (queue_init(&search.answers, 0) != 0 ||
        !(search.resolver = resolver_create(&search.answers, helper_resolve, helper))) {
        why_fail(why, "out of memory or descriptors");
        return 0;
    }
    search_names(&search);
    memcpy(out, search.bootnodes, sizeof search.bootnodes);
    if (search.known > 0)
        tell_left_out(&search);
    else
        why_fail(why, "--bootnode %s: not found within %llu s: %s", search.bootnodes[0].name,
                 (unsigned long long)timeout_ms / 1000, why_missing(&search, 0));
    search_end(&search);
    return search.known > 0 ? search.count : 0;
}
