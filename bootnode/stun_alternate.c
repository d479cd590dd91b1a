#include "bootnode/stun_alternate.h"

static bool fits(const struct address *here, const struct address *other) {
    static const struct address everywhere;
    bool family = address_same_ip(here, &everywhere) || address_is_ipv4(here) == address_is_ipv4(other);
    return family && here->port != other->port && !address_same_ip(here, other);
}

bool stun_alternate_choose(const struct address *listening, size_t count, const struct address *other,
                           struct stun_alternate *out) {
    for (size_t i = 0; i < count; i++) {
        if (!fits(&listening[i], other)) continue;
        *out = (struct stun_alternate){.on = true, .here = listening[i], .other = *other, .listeners = {(uint8_t)i}};
        return true;
    }
    return false;
}

static struct address corner_address(const struct stun_alternate *alternate, const struct address *here,
                                     unsigned corner) {
    struct address address = corner & STUN_CORNER_OTHER_ADDRESS ? alternate->other : *here;
    address.port = corner & STUN_CORNER_OTHER_PORT ? alternate->other.port : alternate->here.port;
    return address;
}

struct address stun_alternate_bound(const struct stun_alternate *alternate, unsigned corner) {
    if (address_is_unspecified(&alternate->here)) corner &= STUN_CORNER_OTHER_PORT;
    return corner_address(alternate, &alternate->here, corner);
}

/* The corner that was asked, or STUN_CORNERS. */
static unsigned corner_of(const struct stun_alternate *alternate, uint8_t listener, const struct address *local) {
    bool other = address_same_ip(local, &alternate->other);
    unsigned corner = other ? STUN_CORNER_OTHER_ADDRESS : 0;
    bool family = address_is_ipv4(local) == address_is_ipv4(&alternate->other);
    if (address_is_unspecified(local) || !family) return STUN_CORNERS;
    if (!other && !address_is_unspecified(&alternate->here) && !address_same_ip(local, &alternate->here))
        return STUN_CORNERS;
    if (alternate->listeners[corner] == listener) return corner;
    corner |= STUN_CORNER_OTHER_PORT;
    return alternate->listeners[corner] == listener ? corner : STUN_CORNERS;
}

bool stun_alternate_route(const struct stun_alternate *alternate, uint8_t listener, const struct address *local,
                          enum stun_change change, struct stun_route *out) {
    unsigned corner = alternate->on ? corner_of(alternate, listener, local) : STUN_CORNERS;
    if (corner == STUN_CORNERS) return false;
    /* Where every address is listened on, whoever is asked at the other one does not know which one is the first. */
    bool at_first = !(corner & STUN_CORNER_OTHER_ADDRESS);
    struct address first = at_first ? *local : alternate->here;
    unsigned from = corner;
    if (change & STUN_CHANGE_PORT) from ^= STUN_CORNER_OTHER_PORT;
    if (change & STUN_CHANGE_IP) from ^= STUN_CORNER_OTHER_ADDRESS;
    *out = (struct stun_route){.listener = alternate->listeners[from],
                               .origin = corner_address(alternate, &first, from),
                               .other = corner_address(alternate, &first, ~corner & (STUN_CORNERS - 1))};
    if (address_is_unspecified(&out->other)) out->other.port = 0;
    return !address_is_unspecified(&out->origin);
}
