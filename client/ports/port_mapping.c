#include "client/ports/port_mapping.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "client/events.h"
#include "client/ports/port_keeper.h"
#include "common/clock.h"
#include "common/log.h"

/* Shared by the owner and the thread; freed by the last one. */
struct port_mapping {
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* anything below */
    unsigned users;
    struct queue *answers; /* NULL: the owner is gone */
    bool running, wanted, again;
    bool mapped; /* there is something to give back */
    /* The thread's own: */
    struct port_protocol protocols[HELPER_PROTOCOLS];
    struct port_keeper keeper;
};

/* Unlocks. */
static void let_go(struct port_mapping *mapping) {
    bool last = --mapping->users == 0;
    pthread_mutex_unlock(&mapping->mutex);
    if (!last) return;
    pthread_cond_destroy(&mapping->changed);
    pthread_mutex_destroy(&mapping->mutex);
    free(mapping);
}

static struct port_mapping *create(struct queue *answers) {
    struct port_mapping *mapping = calloc(1, sizeof *mapping);
    pthread_condattr_t attributes;
    if (!mapping) return NULL;
    pthread_mutex_init(&mapping->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&mapping->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    mapping->users = 1;
    mapping->answers = answers;
    return mapping;
}

struct port_mapping *port_mapping_create(struct helper *helper, struct queue *answers, uint16_t port) {
    struct port_mapping *mapping = create(answers);
    if (!mapping) return NULL;
    for (unsigned i = 0; i < HELPER_PROTOCOLS; i++)
        mapping->protocols[i] = helper_protocol(helper, (enum helper_protocol)i);
    port_keeper_init(&mapping->keeper, mapping->protocols, HELPER_PROTOCOLS, port);
    return mapping;
}

struct port_mapping *port_mapping_create_with(const struct port_protocol *protocol, struct queue *answers,
                                              uint16_t port) {
    struct port_mapping *mapping = create(answers);
    if (!mapping) return NULL;
    mapping->protocols[0] = *protocol;
    port_keeper_init(&mapping->keeper, mapping->protocols, 1, port);
    return mapping;
}

/* With the mutex: until something changes, at most so long. */
static void wait_ms(struct port_mapping *mapping, uint64_t ms) {
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += (time_t)(ms / 1000);
    end.tv_nsec += (long)(ms % 1000) * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    (void)pthread_cond_timedwait(&mapping->changed, &mapping->mutex, &end);
}

static void tell(struct port_mapping *mapping) {
    const struct port_keeper *keeper = &mapping->keeper;
    char text[ADDRESS_TEXT_SIZE];
    if (keeper->external.port)
        log_info("ports", "%s: others reach us at %s", mapping->protocols[keeper->used].name,
                 address_format(&keeper->external, text));
    else
        log_info("ports", "the gateway maps no port of ours any more");
    if (!mapping->answers) return;
    struct input *input = input_of_addresses(INPUT_PORT_MAPPED, &keeper->external, keeper->external.port != 0);
    if (!queue_push(mapping->answers, &input->node)) input_destroy(input);
}

/* With the mutex, which it gives up while the gateway is asked. */
static void turn(struct port_mapping *mapping, uint64_t now) {
    struct address before = mapping->keeper.external;
    bool wanted = mapping->wanted;
    if (mapping->again) port_keeper_again(&mapping->keeper, now);
    mapping->again = false;
    pthread_mutex_unlock(&mapping->mutex);
    if (wanted)
        (void)port_keeper_tick(&mapping->keeper, now);
    else
        port_keeper_end(&mapping->keeper);
    pthread_mutex_lock(&mapping->mutex);
    mapping->mapped = mapping->keeper.external.port != 0;
    if (!address_equal(&before, &mapping->keeper.external)) tell(mapping);
}

static bool is_due(const struct port_mapping *mapping, uint64_t now) {
    if (!mapping->wanted) return mapping->mapped;
    return mapping->again || mapping->keeper.due <= now;
}

static void keep(struct port_mapping *mapping) {
    while (mapping->answers) {
        uint64_t now = clock_boot_ms();
        if (is_due(mapping, now))
            turn(mapping, now);
        else if (mapping->wanted)
            wait_ms(mapping, mapping->keeper.due - now);
        else
            pthread_cond_wait(&mapping->changed, &mapping->mutex);
    }
}

static void *run(void *argument) {
    struct port_mapping *mapping = argument;
    (void)pthread_setname_np(pthread_self(), "ports");
    pthread_mutex_lock(&mapping->mutex);
    keep(mapping);
    pthread_mutex_unlock(&mapping->mutex);
    port_keeper_end(&mapping->keeper);
    pthread_mutex_lock(&mapping->mutex);
    mapping->mapped = false;
    pthread_cond_broadcast(&mapping->changed);
    let_go(mapping);
    return NULL;
}

/* With the mutex. Without a thread we do without a mapping; the next wish may find room. */
static void start(struct port_mapping *mapping) {
    pthread_t thread;
    if (mapping->running || pthread_create(&thread, NULL, run, mapping) != 0) return;
    pthread_detach(thread);
    mapping->running = true;
    mapping->users++;
}

void port_mapping_want(struct port_mapping *mapping, bool wanted) {
    pthread_mutex_lock(&mapping->mutex);
    mapping->again |= wanted && !mapping->wanted;
    mapping->wanted = wanted;
    if (wanted) start(mapping);
    pthread_cond_broadcast(&mapping->changed);
    pthread_mutex_unlock(&mapping->mutex);
}

void port_mapping_again(struct port_mapping *mapping) {
    pthread_mutex_lock(&mapping->mutex);
    mapping->again = true;
    pthread_cond_broadcast(&mapping->changed);
    pthread_mutex_unlock(&mapping->mutex);
}

void port_mapping_destroy(struct port_mapping *mapping) {
    if (!mapping) return;
    uint64_t now = clock_monotonic_ms(), end = now + PORT_GIVE_BACK_MS;
    pthread_mutex_lock(&mapping->mutex);
    mapping->answers = NULL;
    pthread_cond_broadcast(&mapping->changed);
    for (; mapping->mapped && now < end; now = clock_monotonic_ms()) wait_ms(mapping, end - now);
    let_go(mapping);
}
