/* When a bootnode's name is looked up: again and again until it is found, because a name that is not known now may be
 * later (a laptop wakes up, a network asks for a login first), at growing intervals. Pure; times are in ms. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define NAME_LOOKUP_FIRST_MS 1000   /* between a failure and the next look-up; doubles with each */
#define NAME_LOOKUP_MOST_MS 30000   /* at the most */
#define NAME_LOOKUP_SILENT_MS 10000 /* resolv.conf(5): two attempts of 5 s; after that another one begins beside it */
#define NAME_LOOKUP_LOST_MS 2000    /* after it was lost: a name server may be the next thing to fail */
#define NAME_LOOKUP_LOST_EVERY_MS 30000

struct name_lookup {
    uint64_t due;      /* NEVER: nothing is to be looked up */
    unsigned failures; /* in a row */
    bool again;        /* it is known, but may stand for other addresses now */
};

/* Nothing is to be looked up, or no longer. */
void name_lookup_settle(struct name_lookup *lookup);
/* To be looked up at that time, or earlier if it was to be already. */
void name_lookup_want(struct name_lookup *lookup, uint64_t at);
/* Is it due? Then the caller looks it up, and it is due again `silent_ms` later if nothing was heard. */
bool name_lookup_take(struct name_lookup *lookup, uint64_t silent_ms, uint64_t now);
/* What is known of the name. */
enum name_state {
    NAME_KNOWN, /* its address answers: nothing is to be looked up, but after name_lookup_refresh */
    NAME_LOST,  /* its address does not answer: the name may stand for another one now */
    NAME_UNRESOLVED,
};
/* The same for a name in this state, which is looked up for as long as it is not known. */
bool name_lookup_tick(struct name_lookup *lookup, enum name_state state, uint64_t now);
/* The network is another one: what failed may succeed now, and what is known may stand for other addresses, as inside
 * and outside of an office. To be looked up at once, and until it is found. */
void name_lookup_refresh(struct name_lookup *lookup, uint64_t now);
/* It was not found. */
void name_lookup_failed(struct name_lookup *lookup, uint64_t now);
