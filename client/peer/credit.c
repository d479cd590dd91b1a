#include "client/peer/credit.h"

#include "common/holds.h"

static const struct credit_place *seen(const struct credit *credit, const struct address *address) {
    for (size_t i = 0; i < CREDIT_PLACES; i++)
        if (credit->places[i].used > 0 && address_equal(&credit->places[i].address, address)) return &credit->places[i];
    return NULL;
}

static struct credit_place *find(struct credit *credit, const struct address *address) {
    const struct credit_place *place = seen(credit, address);
    return place ? &credit->places[place - credit->places] : NULL;
}

bool credit_holds(const struct credit *credit) {
    for (size_t i = 0; i < CREDIT_PLACES; i++) {
        const struct credit_place *place = &credit->places[i];
        if (place->used > credit->uses) return false;
        if (place->used > 0 && seen(credit, &place->address) != place) return false;
    }
    return true;
}

/* The one from which nothing came for longest, or that is nobody's. */
static struct credit_place *least_used(struct credit *credit, const struct address *kept) {
    struct credit_place *found = NULL;
    for (size_t i = 0; i < CREDIT_PLACES; i++) {
        struct credit_place *place = &credit->places[i];
        if (kept && place->used > 0 && address_equal(&place->address, kept)) continue;
        if (!found || place->used < found->used) found = place;
    }
    return found;
}

static struct credit_place *place_of(struct credit *credit, const struct address *from, const struct address *kept) {
    struct credit_place *place = find(credit, from);
    if (!place) {
        place = least_used(credit, kept);
        *place = (struct credit_place){.address = *from};
    }
    place->used = ++credit->uses;
    return place;
}

void credit_came(struct credit *credit, const struct address *from, size_t bytes, const struct address *kept) {
    struct credit_place *place = place_of(credit, from, kept);
    place->bytes += CREDIT_FACTOR * bytes;
    place->packets += CREDIT_FACTOR;
    HOLDS(credit_holds(credit));
}

void credit_came_alone(struct credit *credit, const struct address *from, size_t bytes, const struct address *kept) {
    struct credit_place *place = place_of(credit, from, kept);
    place->bytes = CREDIT_FACTOR * bytes;
    place->packets = CREDIT_FACTOR;
    HOLDS(credit_holds(credit));
}

size_t credit_left(const struct credit *credit, const struct address *to) {
    const struct credit_place *place = seen(credit, to);
    return place && place->packets > 0 ? place->bytes : 0;
}

bool credit_take(struct credit *credit, const struct address *to, size_t bytes) {
    if (credit_left(credit, to) < bytes) return false;
    credit_charge(credit, to, bytes);
    return true;
}

void credit_charge(struct credit *credit, const struct address *to, size_t bytes) {
    struct credit_place *place = find(credit, to);
    if (!place) return;
    place->bytes -= bytes < place->bytes ? bytes : place->bytes;
    place->packets -= place->packets > 0;
}
