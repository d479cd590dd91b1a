#include "client/room/members.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/holds.h"
#include "common/memory.h"

struct member *members_find(const struct members *members, const uint8_t id[static MEMBER_ID_SIZE]) {
    for (size_t i = 0; i < members->count; i++)
        if (memcmp(members->list[i]->peer->pair.other_id, id, MEMBER_ID_SIZE) == 0) return members->list[i];
    return NULL;
}

/* Who did not introduce itself yet has zeros for a key, which are nobody's. */
struct member *members_by_identity(const struct members *members, const uint8_t identity[static 32]) {
    static const uint8_t nobody[32];
    if (memcmp(identity, nobody, sizeof nobody) == 0) return NULL;
    for (size_t i = 0; i < members->count; i++)
        if (memcmp(members->list[i]->peer->introduction.identity, identity, sizeof nobody) == 0)
            return members->list[i];
    return NULL;
}

/* At most MEMBERS_MAX comparisons of 8 bytes side by side for each set: about the cost of the MAC that follows a match.
 */
struct member *members_by_tag(const struct members *members, const uint8_t tag[static PAIR_TAG_SIZE], size_t *number) {
    uint64_t wanted;
    memcpy(&wanted, tag, sizeof wanted);
    for (*number = 0; *number < KEY_SETS_MAX; ++*number)
        for (size_t i = 0; key_sets_has(members->sets, *number) && i < members->count; i++)
            if (members->tags[*number][i] == wanted) return members->list[i];
    return NULL;
}

static uint64_t tag_of(const struct members *members, const struct peer *peer, size_t number) {
    uint64_t tag;
    uint8_t bytes[PAIR_TAG_SIZE];
    static_assert(sizeof tag == sizeof bytes, "a tag is compared as a word");
    pair_tag_derive(members->sets->list[number].mac_key, peer->pair.other_id, peer->pair.own_id, bytes);
    memcpy(&tag, bytes, sizeof tag);
    return tag;
}

static void note_tags(struct members *members, size_t place) {
    for (size_t i = 0; i < KEY_SETS_MAX; i++)
        if (key_sets_has(members->sets, i)) members->tags[i][place] = tag_of(members, members->list[place]->peer, i);
}

void members_know_set(struct members *members, size_t number) {
    for (size_t i = 0; i < members->count; i++)
        members->tags[number][i] = tag_of(members, members->list[i]->peer, number);
}

/* A bootnode that lists people who are not there must not keep out those whom the others list. */
static bool has_share_left(const struct members *members, uint32_t sessions, size_t bootnode_count) {
    size_t share = MEMBERS_MAX / bootnode_count, brought = 0;
    if (share > MEMBERS_OF_ONE) share = MEMBERS_OF_ONE;
    for (size_t i = 0; i < members->count; i++) brought += peer_only_listed_by(members->list[i]->peer, sessions);
    return brought < share;
}

struct member *members_add(struct members *members, const struct peer_host *host, const struct member_record *record,
                           uint32_t sessions, size_t bootnode_count, uint64_t now) {
    if (members->count == MEMBERS_MAX || !has_share_left(members, sessions, bootnode_count)) return NULL;
    struct member *member = allocate_zeroed(1, sizeof *member);
    member->peer = peer_create(host, record, now);
    member->peer->owner = member;
    member->admitted = true;
    exchange_init(&member->exchange, member, record->id, now);
    member->place = members->count++;
    members->list[member->place] = member;
    note_tags(members, member->place);
    return member;
}

static bool has_tags(const struct members *members, size_t at) {
    for (size_t i = 0; i < KEY_SETS_MAX; i++)
        if (key_sets_has(members->sets, i) && members->tags[i][at] != tag_of(members, members->list[at]->peer, i))
            return false;
    return true;
}

static bool has_place(const struct members *members, size_t at) {
    const struct member *member = members->list[at];
    return member->place == at && member->peer->owner == member && member->exchange.owner == member &&
           has_tags(members, at) && members_find(members, member->peer->pair.other_id) == member;
}

bool members_holds(const struct members *members) {
    if (members->count > MEMBERS_MAX) return false;
    for (size_t i = 0; i < members->count; i++)
        if (!has_place(members, i) || (members->list[i]->finished && !members->any_finished)) return false;
    return true;
}

static void destroy(struct members *members, struct member *member) {
    deadlines_remove(&members->wakes, &member->wake);
    exchange_clear(&member->exchange);
    peer_destroy(member->peer);
    free(member);
}

void members_finish(struct members *members, struct member *member) {
    member->finished = members->any_finished = true;
}

void members_sweep(struct members *members) {
    if (!members->any_finished) return;
    for (size_t i = 0; i < members->count;) {
        if (!members->list[i]->finished) {
            i++;
            continue;
        }
        destroy(members, members->list[i]);
        if (i == --members->count) break;
        members->list[i] = members->list[members->count];
        members->list[i]->place = i;
        for (size_t set = 0; set < KEY_SETS_MAX; set++) members->tags[set][i] = members->tags[set][members->count];
        members->ready[i] = members->ready[members->count];
    }
    members->any_finished = false;
    HOLDS(members_holds(members));
}

void members_clear(struct members *members) {
    for (size_t i = 0; i < members->count; i++) destroy(members, members->list[i]);
    members->count = 0;
    members->any_finished = false;
    deadlines_clear(&members->wakes);
}

size_t members_present(const struct members *members) {
    size_t present = 0;
    for (size_t i = 0; i < members->count; i++)
        present += members->list[i]->admitted && members->list[i]->peer->state == PEER_LIVE;
    return present;
}
