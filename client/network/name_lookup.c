#include "client/network/name_lookup.h"

#include "common/clock.h"

void name_lookup_settle(struct name_lookup *lookup) {
    *lookup = (struct name_lookup){.due = NEVER};
}

void name_lookup_want(struct name_lookup *lookup, uint64_t at) {
    lookup->due = earlier(lookup->due, at);
}

bool name_lookup_take(struct name_lookup *lookup, uint64_t silent_ms, uint64_t now) {
    if (now < lookup->due) return false;
    lookup->due = now + silent_ms;
    return true;
}

bool name_lookup_tick(struct name_lookup *lookup, enum name_state state, uint64_t now) {
    bool unresolved = state == NAME_UNRESOLVED || lookup->again;
    if (state == NAME_KNOWN && !lookup->again)
        name_lookup_settle(lookup);
    else if (lookup->due == NEVER)
        name_lookup_want(lookup, unresolved ? now : now + NAME_LOOKUP_LOST_MS);
    return name_lookup_take(lookup, unresolved ? NAME_LOOKUP_SILENT_MS : NAME_LOOKUP_LOST_EVERY_MS, now);
}

void name_lookup_refresh(struct name_lookup *lookup, uint64_t now) {
    *lookup = (struct name_lookup){.due = now, .again = true};
}

void name_lookup_failed(struct name_lookup *lookup, uint64_t now) {
    uint64_t pause = NAME_LOOKUP_FIRST_MS;
    for (unsigned i = 0; i < lookup->failures && pause < NAME_LOOKUP_MOST_MS; i++) pause *= 2;
    lookup->failures++;
    lookup->due = now + (pause < NAME_LOOKUP_MOST_MS ? pause : NAME_LOOKUP_MOST_MS);
}
