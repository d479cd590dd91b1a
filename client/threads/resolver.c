#include "client/threads/resolver.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/events.h"
#include "client/keys/bootnodes.h"
#include "common/why.h"

/* Shared by the owner and every look-up; freed by the last one. */
struct resolver {
    pthread_mutex_t mutex;
    resolver_function *look_up;
    unsigned users;
    unsigned under_way[BOOTNODES_MAX + 1]; /* look-ups of each bootnode, and of RESOLVER_NETWORK */
    struct queue *answers;                 /* NULL: the owner is gone */
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

struct resolver *resolver_create(struct queue *answers, resolver_function *look_up) {
    struct resolver *resolver = calloc(1, sizeof *resolver);
    if (!resolver) return NULL;
    pthread_mutex_init(&resolver->mutex, NULL);
    resolver->users = 1;
    resolver->answers = answers;
    resolver->look_up = look_up;
    return resolver;
}

void resolver_destroy(struct resolver *resolver) {
    if (!resolver) return;
    pthread_mutex_lock(&resolver->mutex);
    resolver->answers = NULL;
    let_go(resolver);
}

static struct input *look_up(const struct lookup *lookup) {
    struct address addresses[BOOTNODE_ADDRESSES];
    struct why why = {0};
    size_t count = lookup->resolver->look_up(lookup->name, 0, addresses, BOOTNODE_ADDRESSES, &why);
    struct input *answer = count > 0 ? input_of_addresses(INPUT_RESOLVED, addresses, count)
                                     : input_create(INPUT_UNRESOLVED, NULL, why.text, strlen(why.text));
    answer->bootnode = lookup->bootnode;
    return answer;
}

static void *run(void *argument) {
    struct lookup *lookup = argument;
    struct resolver *resolver = lookup->resolver;
    struct input *answer = look_up(lookup);
    pthread_mutex_lock(&resolver->mutex);
    resolver->under_way[lookup->bootnode]--;
    if (resolver->answers && queue_push(resolver->answers, &answer->node)) answer = NULL;
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

void resolver_look_up(struct resolver *resolver, unsigned bootnode, const char *name) {
    if (!begin(resolver, bootnode)) return;
    struct lookup *lookup = malloc(sizeof *lookup);
    if (lookup) {
        lookup->resolver = resolver;
        lookup->bootnode = bootnode;
        snprintf(lookup->name, sizeof lookup->name, "%s", name);
        if (start(lookup)) return;
    }
    free(lookup); /* the next one may find room */
    pthread_mutex_lock(&resolver->mutex);
    resolver->under_way[bootnode]--;
    let_go(resolver);
}
