#include "client/resolver.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/bootnode.h"
#include "client/events.h"

/* Shared by the owner and every look-up; freed by the last one. */
struct resolver {
    pthread_mutex_t mutex;
    unsigned users;
    unsigned busy;         /* set of bootnodes */
    struct queue *answers; /* NULL: the owner is gone */
};

struct lookup {
    struct resolver *resolver;
    unsigned bootnode;
    char name[INI_TEXT_SIZE];
};

/* Unlocks. */
static void let_go(struct resolver *resolver) {
    bool last = --resolver->users == 0;
    pthread_mutex_unlock(&resolver->mutex);
    if (!last) return;
    pthread_mutex_destroy(&resolver->mutex);
    free(resolver);
}

struct resolver *resolver_create(struct queue *answers) {
    struct resolver *resolver = calloc(1, sizeof *resolver);
    if (!resolver) return NULL;
    pthread_mutex_init(&resolver->mutex, NULL);
    resolver->users = 1;
    resolver->answers = answers;
    return resolver;
}

void resolver_destroy(struct resolver *resolver) {
    if (!resolver) return;
    pthread_mutex_lock(&resolver->mutex);
    resolver->answers = NULL;
    let_go(resolver);
}

static void *run(void *argument) {
    struct lookup *lookup = argument;
    struct resolver *resolver = lookup->resolver;
    struct address addresses[RENDEZVOUS_ADDRESSES];
    char ignored[256];
    size_t count = address_resolve(lookup->name, 0, addresses, RENDEZVOUS_ADDRESSES, ignored, sizeof ignored);
    struct input *answer = input_create(INPUT_RESOLVED, NULL, (const char *)addresses, count * sizeof *addresses);
    answer->bootnode = lookup->bootnode;
    pthread_mutex_lock(&resolver->mutex);
    resolver->busy &= ~(1u << lookup->bootnode);
    if (count > 0 && resolver->answers && queue_push(resolver->answers, &answer->node)) answer = NULL;
    let_go(resolver);
    input_destroy(answer);
    free(lookup);
    return NULL;
}

static bool start(struct lookup *lookup) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, lookup) != 0) return false;
    pthread_detach(thread);
    return true;
}

void resolver_look_up(struct resolver *resolver, unsigned bootnode, const char *name) {
    pthread_mutex_lock(&resolver->mutex);
    bool busy = resolver->busy >> bootnode & 1;
    if (!busy) {
        resolver->busy |= 1u << bootnode;
        resolver->users++;
    }
    pthread_mutex_unlock(&resolver->mutex);
    if (busy) return;
    struct lookup *lookup = malloc(sizeof *lookup);
    if (lookup) {
        lookup->resolver = resolver;
        lookup->bootnode = bootnode;
        snprintf(lookup->name, sizeof lookup->name, "%s", name);
        if (start(lookup)) return;
    }
    free(lookup); /* the next one may find room */
    pthread_mutex_lock(&resolver->mutex);
    resolver->busy &= ~(1u << bootnode);
    let_go(resolver);
}
