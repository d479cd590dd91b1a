#include "bootnode/offenders.h"

#include <string.h>

#define SITE_BITS 64 /* of IPv6: what one customer has at least */

void offenders_init(struct offenders *offenders) {
    memset(offenders, 0, sizeof *offenders);
    pthread_mutex_init(&offenders->reading, NULL);
}

void offenders_destroy(struct offenders *offenders) {
    pthread_mutex_destroy(&offenders->reading);
}

/* Its own place, or the one of the least number, whose number goes on. */
static void count(struct offender places[static OFFENDERS_PLACES], const struct prefix *source, uint64_t amount) {
    struct offender *chosen = &places[0];
    for (size_t i = 0; i < OFFENDERS_PLACES; i++) {
        if (places[i].count > 0 && prefix_equal(&places[i].source, source)) {
            chosen = &places[i];
            break;
        }
        if (places[i].count < chosen->count) chosen = &places[i];
    }
    chosen->source = *source;
    chosen->count += amount;
}

void offenders_note(struct offenders *offenders, enum counter which, const struct address *source) {
    const struct prefix prefix = prefix_of(source, address_is_ipv4(source) ? PREFIX_BITS_MAX : SITE_BITS);
    if (pthread_mutex_trylock(&offenders->reading) != 0) return;
    count(offenders->places[which], &prefix, 1);
    pthread_mutex_unlock(&offenders->reading);
}

void offenders_take(struct offenders *offenders, enum counter which, struct offender sum[static OFFENDERS_PLACES]) {
    pthread_mutex_lock(&offenders->reading);
    for (size_t i = 0; i < OFFENDERS_PLACES; i++) {
        struct offender *place = &offenders->places[which][i];
        if (place->count > 0) count(sum, &place->source, place->count);
        place->count = 0;
    }
    pthread_mutex_unlock(&offenders->reading);
}

const struct offender *offenders_worst(const struct offender places[static OFFENDERS_PLACES]) {
    const struct offender *worst = &places[0];
    for (size_t i = 1; i < OFFENDERS_PLACES; i++)
        if (places[i].count > worst->count) worst = &places[i];
    return worst->count > 0 ? worst : NULL;
}
