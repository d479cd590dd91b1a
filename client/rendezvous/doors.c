#include "client/rendezvous/doors.h"

#include <sodium.h>
#include <string.h>

#include "common/clock.h"
#include "common/holds.h"

#define NONCE_BITS UINT64_C(0xffff) /* which door, and which of its HELLOs */

bool doors_holds(const struct doors *doors) {
    if (doors->count > DOORS_MAX || (doors->count > 0 && doors->at >= doors->count)) return false;
    if (doors->nonce & NONCE_BITS) return false;
    for (size_t i = 0; i < doors->count; i++)
        for (size_t j = 0; j < i; j++)
            if (address_equal(&doors->list[i].address, &doors->list[j].address) ||
                doors->list[i].number == doors->list[j].number)
                return false;
    return true;
}

void doors_init(struct doors *doors) {
    *doors = (struct doors){.keep_due = NEVER};
}

const struct address *doors_address(const struct doors *doors, size_t index) {
    return &doors->list[index].address;
}

bool doors_find(const struct doors *doors, const struct address *address, size_t *index) {
    for (*index = 0; *index < doors->count; ++*index)
        if (address_equal(address, &doors->list[*index].address)) return true;
    return false;
}

static bool same_family(const struct door *a, const struct door *b) {
    return address_is_ipv4(&a->address) == address_is_ipv4(&b->address);
}

/* --- Which there are --- */

static bool is_taken(const struct doors *doors, uint8_t number) {
    for (size_t i = 0; i < doors->count; i++)
        if (doors->list[i].number == number) return true;
    return false;
}

static uint8_t free_number(struct doors *doors, const struct doors *before) {
    do doors->next_number++;
    while (is_taken(doors, doors->next_number) || is_taken(before, doors->next_number));
    return doors->next_number;
}

static void add(struct doors *doors, const struct doors *before, const struct address *address, uint64_t now) {
    size_t index;
    if (doors->count == DOORS_MAX || doors_find(doors, address, &index)) return;
    struct door door = {.address = *address, .due = now};
    if (doors_find(before, address, &index))
        door = before->list[index];
    else
        door.number = free_number(doors, before);
    doors->list[doors->count++] = door;
}

/* The next one of the wanted family that is not taken yet, or else of the other one. */
static size_t next_of(const struct address *addresses, size_t count, const bool *taken, bool ipv4) {
    size_t other = count;
    for (size_t i = 0; i < count; i++) {
        if (taken[i]) continue;
        if (address_is_ipv4(&addresses[i]) == ipv4) return i;
        if (other == count) other = i;
    }
    return other;
}

bool doors_set(struct doors *doors, const struct address *addresses, size_t count, bool keep, uint64_t now) {
    const struct doors before = *doors;
    bool taken[BOOTNODE_ADDRESSES] = {false}, ipv4 = count > 0 && address_is_ipv4(&addresses[0]);
    doors->count = 0;
    for (size_t i = 0; i < count; i++, ipv4 = !ipv4) {
        size_t next = next_of(addresses, count, taken, ipv4);
        taken[next] = true;
        add(doors, &before, &addresses[next], now);
    }
    doors->at = 0;
    if (before.count > 0) {
        if (keep) add(doors, &before, &before.list[before.at].address, now);
        size_t at;
        if (doors_find(doors, &before.list[before.at].address, &at)) doors->at = at;
    }
    HOLDS(doors_holds(doors));
    return doors->next_number != before.next_number;
}

/* --- Whom to greet --- */

void doors_seek(struct doors *doors, uint64_t nonce, size_t first, uint64_t now) {
    bool other = false;
    uint64_t due = now;
    doors->seeking = true;
    doors->first_answer = 0;
    doors->nonce = nonce & ~NONCE_BITS;
    doors->keep_due = NEVER;
    for (size_t i = 0; i < doors->count; i++) {
        struct door *door = &doors->list[(first + i) % doors->count];
        bool first_of_other = !other && !same_family(door, &doors->list[first]);
        other |= first_of_other;
        if (i > 0 && !first_of_other) due += DOORS_STAGGER_MS;
        door->tries = 0;
        door->answered = 0;
        door->refused = false;
        door->due = i == 0 || first_of_other ? now : due;
    }
}

static bool has_other_family(const struct doors *doors) {
    for (size_t i = 0; i < doors->count; i++)
        if (!same_family(&doors->list[i], &doors->list[doors->at])) return true;
    return false;
}

void doors_hurry(struct doors *doors, uint64_t now) {
    for (size_t i = 0; doors->seeking && i < doors->count; i++)
        if (!doors->list[i].answered) doors->list[i].due = earlier(doors->list[i].due, now);
    doors->keep_tries = 0;
    if (!doors->seeking && has_other_family(doors)) doors->keep_due = now;
}

void doors_use(struct doors *doors, size_t index, uint64_t now) {
    bool other_proven = false;
    doors->at = index;
    doors->seeking = false;
    doors->keep_tries = 0;
    for (size_t i = 0; i < doors->count; i++)
        other_proven |= doors->list[i].answered && now - doors->list[i].answered < DOORS_KEEP_MS &&
                        !same_family(&doors->list[i], &doors->list[index]);
    doors->keep_due = now + (other_proven ? DOORS_KEEP_MS : DOORS_RETRY_FIRST_MS);
    if (!has_other_family(doors)) doors->keep_due = NEVER;
    HOLDS(doors_holds(doors));
}

/* 0: none went there. */
static uint64_t last_hello(const struct door *door) {
    return door->sent[(uint8_t)(door->hellos - 1) % DOOR_HELLOS];
}

/* Of the other family the one that answered last; while it is silent, each in turn: not by how many went there, since
 * one that was good for a day had thousands. */
static struct door *other_family(struct doors *doors) {
    struct door *best = NULL;
    bool silent = doors->keep_tries >= DOORS_KEEP_HURRY;
    for (size_t i = 0; i < doors->count; i++) {
        struct door *door = &doors->list[i];
        if (same_family(door, &doors->list[doors->at])) continue;
        bool equal = silent || (best && door->answered == best->answered);
        if (!best || (equal ? last_hello(door) < last_hello(best) : door->answered > best->answered)) best = door;
    }
    return best;
}

/* Each stretched by up to a quarter, so that clients that lost a bootnode together do not come back together. */
static uint64_t retry_delay(unsigned tries) {
    uint64_t delay = DOORS_RETRY_FIRST_MS;
    while (tries-- > 1 && delay < DOORS_RETRY_MOST_MS) delay *= 2;
    return delay + randombytes_uniform((uint32_t)delay / 4 + 1);
}

static uint8_t bit_of(uint8_t hello) {
    return (uint8_t)(1u << hello % DOOR_HELLOS);
}

static void note_hello(struct doors *doors, struct door *door, uint64_t now, struct address *to, uint64_t *nonce) {
    *to = door->address;
    *nonce = doors->nonce | (uint64_t)door->number << 8 | door->hellos;
    door->sent[door->hellos % DOOR_HELLOS] = now;
    door->open |= bit_of(door->hellos++);
    door->tries++;
    door->refused = false;
}

static bool greet_sought(struct doors *doors, uint64_t now, struct address *to, uint64_t *nonce) {
    for (size_t i = 0; i < doors->count; i++) {
        struct door *door = &doors->list[i];
        if (door->answered || now < door->due) continue;
        note_hello(doors, door, now, to, nonce);
        door->due = now + retry_delay(door->tries);
        return true;
    }
    return false;
}

static bool greet_other(struct doors *doors, uint64_t now, struct address *to, uint64_t *nonce) {
    if (now < doors->keep_due) return false;
    struct door *door = other_family(doors);
    doors->keep_due = NEVER;
    if (!door) return false;
    note_hello(doors, door, now, to, nonce);
    doors->keep_due = now + (++doors->keep_tries <= DOORS_KEEP_HURRY ? retry_delay(doors->keep_tries) : DOORS_KEEP_MS);
    return true;
}

bool doors_greet(struct doors *doors, uint64_t now, struct address *to, uint64_t *nonce) {
    return doors->seeking ? greet_sought(doors, now, to, nonce) : greet_other(doors, now, to, nonce);
}

uint64_t doors_due(const struct doors *doors) {
    if (!doors->seeking) return doors->keep_due;
    uint64_t due = NEVER;
    for (size_t i = 0; i < doors->count; i++)
        if (!doors->list[i].answered) due = earlier(due, doors->list[i].due);
    return due;
}

/* --- Who answers --- */

static bool finds(const struct doors *doors, const struct address *from, uint64_t nonce, size_t *index,
                  uint8_t *hello) {
    if (!doors_find(doors, from, index)) return false;
    const struct door *door = &doors->list[*index];
    *hello = (uint8_t)nonce;
    uint8_t back = (uint8_t)(door->hellos - 1 - *hello);
    return (nonce & ~NONCE_BITS) == doors->nonce && (uint8_t)(nonce >> 8) == door->number && back < DOOR_HELLOS &&
           back < door->tries && door->open & bit_of(*hello);
}

bool doors_refused(struct doors *doors, const struct address *from, uint64_t until, uint64_t now) {
    size_t index;
    struct door *next = NULL;
    bool others = false;
    if (!doors_find(doors, from, &index)) return false;
    doors->list[index].refused = true;
    doors->list[index].due = until;
    for (size_t i = 0; i < doors->count; i++) {
        struct door *door = &doors->list[i];
        others |= !door->refused;
        if (door->tries == 0 && (!next || door->due < next->due)) next = door;
    }
    if (next) next->due = earlier(next->due, now);
    return others;
}

bool doors_expects(const struct doors *doors, const struct address *from, uint64_t nonce) {
    size_t index;
    uint8_t hello;
    return finds(doors, from, nonce, &index, &hello);
}

void doors_answered(struct doors *doors, const struct address *from, const struct cookie_message *message,
                    uint64_t now) {
    size_t index;
    uint8_t hello;
    if (!finds(doors, from, message->nonce, &index, &hello)) return;
    struct door *door = &doors->list[index];
    round_trip_sample(&doors->trip, (now - door->sent[hello % DOOR_HELLOS]) * 1000);
    door->open &= (uint8_t)~bit_of(hello);
    door->answered = now;
    door->cookie = message->cookie;
    door->seen = message->seen;
    door->spread_ms = message->spread_ms;
    if (!doors->first_answer) doors->first_answer = now;
    if (doors->seeking || same_family(door, &doors->list[doors->at])) return;
    doors->keep_tries = 0;
    doors->keep_due = now + DOORS_KEEP_MS;
}

uint64_t doors_settled_at(const struct doors *doors) {
    bool all = doors->list[0].answered;
    for (size_t i = 1; i < doors->count; i++) {
        if (same_family(&doors->list[i], &doors->list[0])) continue;
        all &= doors->list[i].answered != 0;
        break;
    }
    return all ? doors->first_answer : doors->first_answer + DOORS_GRACE_MS;
}

bool doors_choose(const struct doors *doors, size_t *index) {
    for (*index = 0; *index < doors->count; ++*index)
        if (doors->list[*index].answered) return true;
    return false;
}

size_t doors_next_answered(const struct doors *doors, size_t index) {
    for (size_t i = 1; i < doors->count; i++) {
        size_t next = (index + i) % doors->count;
        if (doors->list[next].answered) return next;
    }
    return index;
}

bool doors_proof(const struct doors *doors, uint64_t now, struct address_proof *out) {
    const struct door *best = NULL;
    if (doors->count == 0) return false;
    for (size_t i = 0; i < doors->count; i++) {
        const struct door *door = &doors->list[i];
        if (same_family(door, &doors->list[doors->at]) || !door->answered) continue;
        if (!best || door->answered > best->answered) best = door;
    }
    if (!best || now - best->answered > DOORS_PROOF_MOST_MS) return false;
    *out = (struct address_proof){.address = best->seen, .cookie = best->cookie};
    return true;
}

void doors_rest(struct doors *doors) {
    doors->keep_due = NEVER;
}

uint64_t doors_timeout_ms(const struct doors *doors, uint64_t least) {
    return later(round_trip_timeout_ms(&doors->trip), least);
}
