#include "client/threads/resolver.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/events.h"
#include "client/keys/bootnodes.h"
#include "common/why.h"

/* Shared by the owner and every look-up; freed by the last one. */
struct resolver {
    pthread_mutex_t mutex;
    resolver_function *look_up;
    void *context;
    unsigned users;
    unsigned under_way[BOOTNODES_MAX + 1]; /* look-ups of each bootnode, and of RESOLVER_NETWORK */
    struct queue *answers;                 /* NULL: the owner is gone */
};

/* One name: asked for by three threads, under the resolver's mutex. */
struct lookup {
    struct resolver *resolver;
    unsigned bootnode;
    char name[INI_TEXT_SIZE];
    unsigned threads;
    bool settled; /* the question for both families is answered: what the others bring is too late */
    pthread_cond_t news;
    struct address hedged[BOOTNODE_ADDRESSES]; /* what the others brought before */
    size_t hedged_count;
};

struct question {
    struct lookup *lookup;
    int family; /* AF_UNSPEC: both */
};

static const int families[] = {AF_UNSPEC, AF_INET6, AF_INET};

#define FAMILIES (sizeof families / sizeof *families)

/* Unlocks. */
static void let_go(struct resolver *resolver) {
    bool last = --resolver->users == 0;
    pthread_mutex_unlock(&resolver->mutex);
    if (!last) return;
    pthread_mutex_destroy(&resolver->mutex);
    free(resolver);
}

struct resolver *resolver_create(struct queue *answers, resolver_function *look_up, void *context) {
    struct resolver *resolver = calloc(1, sizeof *resolver);
    if (!resolver) return NULL;
    pthread_mutex_init(&resolver->mutex, NULL);
    resolver->users = 1;
    resolver->answers = answers;
    resolver->look_up = look_up;
    resolver->context = context;
    return resolver;
}

void resolver_destroy(struct resolver *resolver) {
    if (!resolver) return;
    pthread_mutex_lock(&resolver->mutex);
    resolver->answers = NULL;
    let_go(resolver);
}

/* Takes the input. */
static void tell(const struct lookup *lookup, struct input *answer) {
    const struct resolver *resolver = lookup->resolver;
    answer->bootnode = lookup->bootnode;
    if (!resolver->answers || !queue_push(resolver->answers, &answer->node)) input_destroy(answer);
}

static void tell_addresses(const struct lookup *lookup, const struct address *addresses, size_t count) {
    tell(lookup, input_of_addresses(INPUT_RESOLVED, addresses, count));
}

static void settle(struct lookup *lookup, const struct address *addresses, size_t count, const struct why *why) {
    lookup->settled = true;
    pthread_cond_broadcast(&lookup->news);
    if (count > 0)
        tell_addresses(lookup, addresses, count);
    else if (lookup->hedged_count == 0)
        tell(lookup, input_create(INPUT_UNRESOLVED, NULL, why->text, strlen(why->text)));
}

static void hedge(struct lookup *lookup, const struct address *addresses, size_t count) {
    for (size_t i = 0; i < count && lookup->hedged_count < BOOTNODE_ADDRESSES; i++)
        lookup->hedged[lookup->hedged_count++] = addresses[i];
    if (count > 0) tell_addresses(lookup, lookup->hedged, lookup->hedged_count);
}

static void look_up(struct lookup *lookup, int family) {
    struct resolver *resolver = lookup->resolver;
    struct address addresses[BOOTNODE_ADDRESSES];
    struct why why = {0};
    size_t count = resolver->look_up(resolver->context, lookup->name, 0, family, addresses, BOOTNODE_ADDRESSES, &why);
    pthread_mutex_lock(&resolver->mutex);
    if (family == AF_UNSPEC)
        settle(lookup, addresses, count, &why);
    else if (!lookup->settled)
        hedge(lookup, addresses, count);
    pthread_mutex_unlock(&resolver->mutex);
}

/* Is one family alone to be asked for, because the answer for both is late? */
static bool is_late(struct lookup *lookup) {
    struct timespec until;
    int error = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += RESOLVER_HEDGE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&lookup->resolver->mutex);
    while (!lookup->settled && error == 0)
        error = pthread_cond_timedwait(&lookup->news, &lookup->resolver->mutex, &until);
    bool late = !lookup->settled;
    pthread_mutex_unlock(&lookup->resolver->mutex);
    return late;
}

/* So many threads less; the last one clears up. */
static void leave(struct lookup *lookup, unsigned threads) {
    struct resolver *resolver = lookup->resolver;
    pthread_mutex_lock(&resolver->mutex);
    lookup->threads -= threads;
    if (lookup->threads > 0) {
        pthread_mutex_unlock(&resolver->mutex);
        return;
    }
    resolver->under_way[lookup->bootnode]--;
    pthread_cond_destroy(&lookup->news);
    free(lookup);
    let_go(resolver);
}

static void *run(void *argument) {
    struct question question = *(struct question *)argument;
    free(argument);
    if (question.family == AF_UNSPEC || is_late(question.lookup)) look_up(question.lookup, question.family);
    leave(question.lookup, 1);
    return NULL;
}

static bool ask(struct lookup *lookup, int family) {
    pthread_t thread;
    struct question *question = malloc(sizeof *question);
    if (!question) return false;
    *question = (struct question){.lookup = lookup, .family = family};
    if (pthread_create(&thread, NULL, run, question) == 0) {
        pthread_detach(thread);
        return true;
    }
    free(question);
    return false;
}

static bool begin(struct resolver *resolver, unsigned bootnode) {
    pthread_mutex_lock(&resolver->mutex);
    bool may = resolver->under_way[bootnode] < RESOLVER_AT_ONCE;
    if (may) {
        resolver->under_way[bootnode]++;
        resolver->users++;
    }
    pthread_mutex_unlock(&resolver->mutex);
    return may;
}

static struct lookup *lookup_create(struct resolver *resolver, unsigned bootnode, const char *name) {
    pthread_condattr_t attributes;
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (!lookup) return NULL;
    *lookup = (struct lookup){.resolver = resolver, .bootnode = bootnode, .threads = FAMILIES};
    snprintf(lookup->name, sizeof lookup->name, "%s", name);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&lookup->news, &attributes);
    pthread_condattr_destroy(&attributes);
    return lookup;
}

void resolver_look_up(struct resolver *resolver, unsigned bootnode, const char *name) {
    if (!begin(resolver, bootnode)) return;
    struct lookup *lookup = lookup_create(resolver, bootnode, name);
    if (lookup) {
        unsigned missing = 0; /* the next look-up may find room for all */
        for (size_t i = 0; i < FAMILIES; i++) missing += !ask(lookup, families[i]);
        if (missing > 0) leave(lookup, missing);
        return;
    }
    pthread_mutex_lock(&resolver->mutex);
    resolver->under_way[bootnode]--;
    let_go(resolver);
}
