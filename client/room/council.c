#include "client/room/council.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "client/charter/admission.h"
#include "client/charter/charter_messages.h"
#include "client/room/telling.h"
#include "common/clock.h"
#include "common/memory.h"

#define KEEPERS 2

void council_init(struct council *council, const struct council_host *host, const struct identity *identity,
                  const uint8_t own_id[static MEMBER_ID_SIZE], struct private_room *room) {
    memset(council, 0, sizeof *council);
    council->host = *host;
    council->identity = identity;
    council->room = room;
    council->save_at = council->stale_at = council->digest_at = NEVER;
    memcpy(council->own_id, own_id, sizeof council->own_id);
}

/* --- Small things --- */

uint64_t council_wall(const struct council *council, uint64_t now) {
    return council->host.wall_ms(council->host.context, now);
}

static struct belonging *member_at(const struct council *council, size_t number) {
    return council->host.member(council->host.context, number);
}

static bool is_in(const struct belonging *who) {
    return who->shown && who->connected && who->kind == ADMISSION_LET_IN;
}

static enum standing standing_of(const struct council *council, const uint8_t *key) {
    return charter_standing(&council->room->charter, key);
}

static bool decides(const struct council *council, const uint8_t *key) {
    enum standing standing = standing_of(council, key);
    return standing == STANDING_OWNER || standing == STANDING_OP;
}

static void save_soon(struct council *council, uint64_t now) {
    council->save_at = earlier(council->save_at, now + COUNCIL_SAVE_MS);
}

static void save_now(struct council *council, uint64_t now) {
    council->save_at = NEVER;
    council->host.save(council->host.context, now);
}

/* --- Telling --- */

static void tell_statements(const struct council *council, struct belonging *to, const struct statement *const *list,
                            size_t count, uint64_t now) {
    telling_news(&council->host, &council->room->charter, to, list, count, now);
}

static bool lacks_something(const struct council *council, const struct belonging *who) {
    uint8_t digest[CHARTER_DIGEST_SIZE];
    charter_digest(&council->room->charter, digest);
    return who->heard && memcmp(digest, who->digest, sizeof digest) != 0;
}

/* Not at once, since others tell it, too. */
static void plan_telling(const struct council *council, struct belonging *who, uint64_t now) {
    uint64_t wait = COUNCIL_TELL_LEAST_MS + randombytes_uniform(COUNCIL_TELL_SPREAD_MS);
    if (!is_in(who) || !private_room_is_known(council->room) || !lacks_something(council, who)) return;
    if (who->tell_at == NEVER) who->tell_at = later(now + wait, who->full_after);
}

static void tell_others(const struct council *council, const struct statement *const *list, size_t count,
                        uint64_t now) {
    struct belonging *member;
    for (size_t i = 0; (member = member_at(council, i)); i++)
        if (is_in(member)) tell_statements(council, member, list, count, now);
}

/* --- Letting in --- */

static struct private_door *door_of(const struct council *council, const struct belonging *who) {
    for (size_t i = 0; who->role == KEY_SET_DOOR && i < council->room->door_count; i++)
        if (memcmp(council->room->doors[i].token, who->door_token, sizeof who->door_token) == 0)
            return &council->room->doors[i];
    return NULL;
}

static struct admission judge(const struct council *council, const struct belonging *who, uint64_t now) {
    return admission_of(council->room, council->identity->public, who->role, door_of(council, who), who->key,
                        council_wall(council, now));
}

/* On the disk first: an invite for one is not to be used again after a crash. */
static void use_door(struct council *council, const struct belonging *who, uint64_t now) {
    struct private_door *door = door_of(council, who);
    if (door->used) return;
    door->used = true;
    memcpy(door->by, who->key, sizeof door->by);
    save_now(council, now);
}

/* Where the token of a door is: the keeper of several looks which one's set this is. */
static void remember_door(const struct council *council, struct belonging *who, const uint8_t *tag) {
    struct key_set of_door;
    memset(who->door_token, 0, sizeof who->door_token);
    for (size_t i = 0; i < council->room->door_count; i++) {
        const struct private_door *door = &council->room->doors[i];
        key_set_derive(council->room->charter.root, door->token, &of_door);
        if (memcmp(of_door.tag, tag, sizeof of_door.tag) == 0) memcpy(who->door_token, door->token, sizeof door->token);
    }
    sodium_memzero(&of_door, sizeof of_door);
}

static bool was_a_secret_of_ours(const struct council *council, const uint8_t *tag) {
    struct key_set set;
    bool was = false;
    for (size_t i = 0; i < council->room->former_count; i++) {
        key_set_derive(council->room->charter.root, council->room->former[i].secret, &set);
        was |= memcmp(set.tag, tag, sizeof set.tag) == 0;
    }
    sodium_memzero(&set, sizeof set);
    return was;
}

enum admission_kind council_showed(struct council *council, struct belonging *who, const uint8_t key[static 32],
                                   enum key_set_role role, const uint8_t tag[static ROOM_TAG_SIZE], uint64_t now) {
    /* A renewal may come under a set that is a former one by now: who was let in under a better one stays. */
    if (who->shown && who->kind == ADMISSION_LET_IN && memcmp(who->key, key, sizeof who->key) == 0 &&
        role != KEY_SET_CURRENT && who->role == KEY_SET_CURRENT)
        role = KEY_SET_CURRENT;
    if (role == KEY_SET_FORMER && !was_a_secret_of_ours(council, tag)) role = KEY_SET_UNUSED;
    who->shown = true;
    who->role = role;
    memcpy(who->key, key, sizeof who->key);
    member_id_derive(&council->room->keys, key, who->id);
    if (role == KEY_SET_DOOR) remember_door(council, who, tag);
    struct admission admission = judge(council, who, now);
    if (admission.use_door) use_door(council, who, now);
    who->kind = admission.kind;
    who->note = admission.note;
    return who->kind;
}

/* Who was removed hears by whom, and can see that it is so. */
static void tell_why(const struct council *council, struct belonging *who, enum verdict verdict, uint64_t now) {
    const struct statement *removal = charter_winner(&council->room->charter, STATEMENT_PERSON, who->key);
    if (verdict == VERDICT_REMOVED && removal) tell_statements(council, who, &removal, 1, now);
    telling_verdict(&council->host, who, verdict, now);
}

static void shut_out(struct council *council, struct belonging *who, enum verdict verdict, uint64_t now) {
    who->kind = ADMISSION_REFUSE;
    if (!who->connected) return;
    council->host.shut_out(council->host.context, who, now);
    tell_why(council, who, verdict, now);
}

void council_connected(struct council *council, struct belonging *who, uint64_t now) {
    uint8_t digest[CHARTER_DIGEST_SIZE];
    who->connected = true;
    who->heard = false;
    if (who->kind == ADMISSION_REFUSE) {
        shut_out(council, who, judge(council, who, now).verdict, now);
        return;
    }
    charter_digest(&council->room->charter, digest);
    telling_digest(&council->host, digest, who, now);
}

/* Its last digest tells whether it lacks something; where none came, ours makes it answer. */
void council_dropped(const struct council *council, struct belonging *who, uint64_t now) {
    uint8_t digest[CHARTER_DIGEST_SIZE];
    if (!is_in(who)) return;
    who->told = false;
    charter_digest(&council->room->charter, digest);
    telling_digest(&council->host, digest, who, now);
    plan_telling(council, who, now);
}

void council_gone(struct belonging *who) {
    const struct belonging before = *who;
    *who =
        (struct belonging){.checked = before.checked, .forged = before.forged, .tell_at = NEVER, .dismiss_at = NEVER};
    memcpy(who->id, before.id, sizeof who->id);
}

/* After any change of the charter each is looked at anew. Who came under a set that is a former one by now came by what
 * was the present one: that is not held against it, for it was let in. */
static void judge_again(struct council *council, uint64_t now) {
    struct belonging *member;
    for (size_t i = 0; (member = member_at(council, i)); i++) {
        if (!member->shown) continue;
        struct admission admission = judge(council, member, now);
        member->note = admission.note;
        if (admission.kind == ADMISSION_REFUSE && member->kind != ADMISSION_REFUSE) {
            shut_out(council, member, admission.verdict, now);
        } else if (admission.kind != ADMISSION_REFUSE && member->kind != admission.kind) {
            member->kind = admission.kind;
            council->refused &= member->kind != ADMISSION_LET_IN;
            council->host.review(council->host.context, member, now);
            plan_telling(council, member, now);
        }
    }
}

/* --- What follows from a statement --- */

/* `former`: members met under the one before; what an invite brought us by is its keeper's to answer for. */
static void take_secret(struct council *council, const uint8_t before[static PRIVATE_SECRET_SIZE], bool former,
                        uint64_t now) {
    uint8_t after[PRIVATE_SECRET_SIZE];
    struct key_set set;
    private_room_secret(council->room, after);
    if (memcmp(before, after, sizeof after) != 0) {
        if (former) private_room_outdate(council->room, before, council_wall(council, now));
        key_set_derive(council->room->charter.root, after, &set);
        council->host.rekey(council->host.context, &set, now);
        sodium_memzero(&set, sizeof set);
    }
    sodium_memzero(after, sizeof after);
}

/* The one with the lowest id of those here who may decide goes first. */
static bool is_first_to_decide(const struct council *council) {
    const struct belonging *member;
    for (size_t i = 0; (member = member_at(council, i)); i++)
        if (is_in(member) && decides(council, member->key) &&
            memcmp(member->id, council->own_id, sizeof member->id) < 0)
            return false;
    return true;
}

static void plan_epoch(struct council *council, uint64_t now) {
    bool wanted = charter_is_stale(&council->room->charter) && decides(council, council->identity->public);
    uint64_t at = now + (is_first_to_decide(council) ? 0 : COUNCIL_STALE_MS);
    council->stale_at = wanted ? earlier(council->stale_at, at) : NEVER;
}

/* Once: several may say it. */
static void tell_refused(struct council *council, enum verdict verdict, const uint8_t *by, uint64_t now) {
    if (!council->refused) council->host.refused(council->host.context, verdict, by, now);
    council->refused = true;
}

static bool is_of_ourselves(const struct council *council, const struct statement *statement) {
    return statement->kind == STATEMENT_PERSON &&
           memcmp(statement->subject, council->identity->public, sizeof statement->subject) == 0;
}

/* `before`: how whom it is about stood until then. Who comes hears the whole list: that is no news of people. */
static void announce(struct council *council, const struct statement *statement, enum charter_telling telling,
                     enum standing before, uint64_t now) {
    bool is_news = statement->kind != STATEMENT_PERSON || telling == TELLING_NEWS || now >= council->quiet_until;
    if (is_of_ourselves(council, statement) && standing_is_removed(standing_of(council, statement->subject)))
        tell_refused(council, VERDICT_REMOVED, statement->author, now);
    else if (is_news)
        council->host.said(council->host.context, statement, before, now);
}

static enum standing standing_before(const struct council *council, enum statement_kind kind, const uint8_t *subject) {
    return kind == STATEMENT_PERSON ? standing_of(council, subject) : STANDING_UNKNOWN;
}

enum charter_taking council_state(struct council *council, enum statement_kind kind, const uint8_t *subject,
                                  const void *body, size_t body_size, uint64_t now, struct statement *out) {
    enum standing before = standing_before(council, kind, subject);
    enum charter_taking taking = charter_state(&council->room->charter, council->identity, kind, subject, body,
                                               body_size, council_wall(council, now), out);
    if (taking == CHARTER_TAKEN) announce(council, out, TELLING_NEWS, before, now);
    return taking;
}

/* Who said it tells all, so they need not hear it from each other, too. */
static bool came_from_authors(const struct belonging *from, const struct statement *list, size_t count) {
    for (size_t i = 0; from && i < count; i++)
        if (memcmp(list[i].author, from->key, sizeof from->key) != 0) return false;
    return !from || count > 0;
}

static void forget_what_was_told(const struct council *council) {
    struct belonging *member;
    for (size_t i = 0; (member = member_at(council, i)); i++) member->told = false;
}

/* Whoever we hear of as removed was removed since we made our invites, whatever the clock of who said it. */
static void outdate_invites(struct private_room *room, const struct statement *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (list[i].kind != STATEMENT_PERSON || !standing_is_removed((enum standing)list[i].body[0])) continue;
        for (size_t n = 0; n < room->door_count; n++)
            room->doors[n].made_ms = earlier(room->doors[n].made_ms, list[i].stamp);
    }
}

/* Statements that were just taken: members hear them, and what they change is changed. `from`: who told us. */
static void follow(struct council *council, const struct belonging *from, struct statement *list, size_t count,
                   uint64_t now) {
    const struct statement *told[CHARTER_STATEMENTS_MAX];
    for (size_t i = 0; i < count; i++) told[i] = &list[i];
    forget_what_was_told(council);
    outdate_invites(council->room, list, count);
    judge_again(council, now);
    council->host.changed(council->host.context, now);
    if (!from) tell_others(council, told, count, now);
    council->digest_at = earlier(council->digest_at, now + COUNCIL_DIGEST_MS);
    council->digest_to_all |= !came_from_authors(from, list, count);
    plan_epoch(council, now);
    save_soon(council, now);
}

void council_follow(struct council *council, const uint8_t before[static PRIVATE_SECRET_SIZE], struct statement *list,
                    size_t count, uint64_t now) {
    take_secret(council, before, true, now);
    follow(council, NULL, list, count, now);
}

/* --- Receiving --- */

static void take_digest(struct council *council, struct belonging *from, const uint8_t *message, size_t size,
                        uint64_t now) {
    if (!charter_digest_decode(message, size, from->digest)) return;
    from->heard = true;
    if (is_in(from) && !lacks_something(council, from)) {
        from->role = KEY_SET_CURRENT; /* it has the present secret, whatever it came by */
        council->host.agrees(council->host.context, from);
    }
    plan_telling(council, from, now);
}

static bool take_founding(struct council *council, const struct founding *founding) {
    struct charter *charter = &council->room->charter;
    return charter->founded ? memcmp(&charter->founding, founding, sizeof *founding) == 0
                            : charter_found(charter, founding);
}

/* The last of the checks, as much of it as a member may cost. */
static enum charter_taking take_statement(struct council *council, struct belonging *from,
                                          const struct statement *statement, enum charter_telling telling,
                                          uint64_t now) {
    struct charter *charter = &council->room->charter;
    enum charter_taking taking = charter_weigh(charter, statement, council_wall(council, now));
    if (taking != CHARTER_TAKEN) return taking;
    if (from->checked > now + (COUNCIL_CHECKS - 1) * COUNCIL_CHECK_MS ||
        from->forged > now + (COUNCIL_FORGERIES - 1) * COUNCIL_FORGERY_MS)
        return CHARTER_FORGED;
    enum standing before = standing_before(council, statement->kind, statement->subject);
    from->checked = later(from->checked, now) + COUNCIL_CHECK_MS;
    taking = charter_take(charter, statement, council_wall(council, now));
    if (taking == CHARTER_TAKEN) announce(council, statement, telling, before, now);
    if (taking == CHARTER_FORGED) from->forged = later(from->forged, now) + COUNCIL_FORGERY_MS;
    return taking;
}

/* Those of the message that are new; returns how many. */
static size_t take_new(struct council *council, struct belonging *from, struct charter_statements *message,
                       struct statement taken[static CHARTER_STATEMENTS_MAX], uint64_t now) {
    size_t news = 0;
    for (size_t i = 0; i < message->count && statement_read(&message->reader, &taken[news]); i++)
        news += take_statement(council, from, &taken[news], message->telling, now) == CHARTER_TAKEN;
    return news;
}

static void take_statements(struct council *council, struct belonging *from, const uint8_t *message, size_t size,
                            uint64_t now) {
    uint8_t before[PRIVATE_SECRET_SIZE];
    struct charter_statements told;
    bool known = private_room_is_known(council->room), founded = council->room->charter.founded;
    if (!charter_statements_decode(message, size, &told)) return;
    private_room_secret(council->room, before);
    if (!take_founding(council, &told.founding)) return;
    if (!known) council->quiet_until = now + COUNCIL_QUIET_MS;
    struct statement *taken = allocate(CHARTER_STATEMENTS_MAX * sizeof *taken);
    size_t news = take_new(council, from, &told, taken, now);
    if (news > 0 || !founded) {
        take_secret(council, before, known, now);
        follow(council, from, taken, news, now);
    }
    sodium_memzero(taken, CHARTER_STATEMENTS_MAX * sizeof *taken);
    free(taken);
    sodium_memzero(before, sizeof before);
}

/* Whose digest came lets us in. */
static bool another_lets_us_in(const struct council *council, const struct belonging *but) {
    const struct belonging *member;
    for (size_t i = 0; (member = member_at(council, i)); i++)
        if (member != but && is_in(member) && member->heard) return true;
    return false;
}

/* One member's word: not believed while another one, who heard the same, lets us in. */
static void take_verdict(struct council *council, const struct belonging *from, const uint8_t *message, size_t size,
                         uint64_t now) {
    enum verdict verdict;
    if (charter_verdict_decode(message, size, &verdict) && from->kind != ADMISSION_REFUSE &&
        !another_lets_us_in(council, from))
        tell_refused(council, verdict, NULL, now);
}

bool council_received(struct council *council, struct belonging *from, const uint8_t *message, size_t size,
                      uint64_t now) {
    if (size == 0 || message[0] < CHARTER_DIGEST || message[0] > CHARTER_VERDICT) return false;
    switch (message[0]) {
    case CHARTER_DIGEST: take_digest(council, from, message, size, now); break;
    case CHARTER_STATEMENTS: take_statements(council, from, message, size, now); break;
    default: take_verdict(council, from, message, size, now);
    }
    return true;
}

/* --- Time --- */

/* A random secret, which shuts out whoever is removed. */
bool council_state_epoch(struct council *council, uint64_t now, struct statement *out) {
    uint8_t body[STATEMENT_EPOCH_BODY];
    randombytes_buf(body, PRIVATE_SECRET_SIZE);
    charter_removed(&council->room->charter, body + PRIVATE_SECRET_SIZE);
    enum charter_taking taking = charter_state(&council->room->charter, council->identity, STATEMENT_EPOCH, NULL, body,
                                               sizeof body, council_wall(council, now), out);
    sodium_memzero(body, sizeof body);
    return taking == CHARTER_TAKEN;
}

bool council_is_keeper(const struct council *council) {
    const struct belonging *member;
    size_t lower = 0;
    if (!council->room->charter.founded) return false;
    if (standing_is_removed(standing_of(council, council->identity->public))) return false;
    if (decides(council, council->identity->public)) return true;
    for (size_t i = 0; (member = member_at(council, i)); i++)
        lower += is_in(member) && memcmp(member->id, council->own_id, sizeof member->id) < 0;
    return lower < KEEPERS;
}

static void renew_epoch(struct council *council, uint64_t now) {
    uint8_t before[PRIVATE_SECRET_SIZE];
    struct statement epoch;
    council->stale_at = NEVER;
    if (!charter_is_stale(&council->room->charter)) return;
    private_room_secret(council->room, before);
    if (council_state_epoch(council, now, &epoch)) {
        take_secret(council, before, true, now);
        follow(council, NULL, &epoch, 1, now);
    }
    sodium_memzero(&epoch, sizeof epoch);
    sodium_memzero(before, sizeof before);
}

/* In the order of ids, which ends where it begins, it is one of the next after us. */
static bool is_near(const struct council *council, const struct belonging *who) {
    const struct belonging *member;
    bool wraps = memcmp(who->id, council->own_id, sizeof who->id) < 0;
    size_t before = 0;
    for (size_t i = 0; (member = member_at(council, i)); i++) {
        if (!is_in(member) || member == who) continue;
        bool member_wraps = memcmp(member->id, council->own_id, sizeof member->id) < 0;
        before += member_wraps != wraps ? wraps : memcmp(member->id, who->id, sizeof who->id) < 0;
    }
    return before < COUNCIL_NEAR;
}

/* A change may be all that others lacked: who hears the same digest as its own tells us nothing. */
static void tell_digests(struct council *council, uint64_t now) {
    uint8_t digest[CHARTER_DIGEST_SIZE];
    struct belonging *member;
    charter_digest(&council->room->charter, digest);
    council->digest_at = NEVER;
    for (size_t i = 0; (member = member_at(council, i)); i++)
        if (is_in(member) && (council->digest_to_all || is_near(council, member)))
            telling_digest(&council->host, digest, member, now);
    council->digest_to_all = false;
}

/* And our digest: where its charter changed and ours did not, we lack something of it, and only that tells it so. Once,
 * as two may never come to one charter. */
static void tell_who_lacks(const struct council *council, struct belonging *member, uint64_t now) {
    uint8_t digest[CHARTER_DIGEST_SIZE];
    member->tell_at = NEVER;
    if (!is_in(member) || !lacks_something(council, member)) return;
    /* Who acknowledges nothing may say ever other digests: what it was told must not pile up. */
    if (member->full_after > 0 && !council->host.keeps_up(council->host.context, member)) {
        member->tell_at = now + COUNCIL_FULL_MS;
        return;
    }
    telling_all(&council->host, &council->room->charter, member, now);
    charter_digest(&council->room->charter, digest);
    if (!member->told) telling_digest(&council->host, digest, member, now);
    member->told = true;
    member->full_after = now + COUNCIL_FULL_MS;
}

/* Whoever has the secret may come under many keys: what is left of the list is for decisions. */
static bool is_noted(const struct council *council) {
    const struct charter *charter = &council->room->charter;
    return charter_rule(charter) == RULE_LISTED || charter->count < COUNCIL_NOTED;
}

/* Rule 11, and a door's word: of as many as one message has, the others in the next turn. */
static void note_members(struct council *council, uint64_t now) {
    static const uint8_t body = STANDING_MEMBER;
    struct statement list[CHARTER_STATEMENTS_MAX];
    struct belonging *member;
    size_t count = 0;
    for (size_t i = 0; count < CHARTER_STATEMENTS_MAX && (member = member_at(council, i)); i++) {
        if (!is_in(member) || !member->note) continue;
        member->note = false;
        if (!is_noted(council)) continue;
        count += council_state(council, STATEMENT_PERSON, member->key, &body, 1, now, &list[count]) == CHARTER_TAKEN;
    }
    if (count > 0) follow(council, NULL, list, count, now);
}

void council_tick(struct council *council, uint64_t now) {
    struct belonging *member;
    note_members(council, now);
    if (now >= council->stale_at) renew_epoch(council, now);
    if (now >= council->digest_at) tell_digests(council, now);
    for (size_t i = 0; (member = member_at(council, i)); i++)
        if (member->shown && now >= member->tell_at) tell_who_lacks(council, member, now);
    if (now >= council->save_at) save_now(council, now);
}

uint64_t council_due(const struct council *council) {
    const struct belonging *member;
    uint64_t due = earlier(earlier(council->save_at, council->stale_at), council->digest_at);
    for (size_t i = 0; (member = member_at(council, i)); i++) {
        if (member->shown) due = earlier(due, member->tell_at);
        if (is_in(member) && member->note) due = 0;
    }
    return due;
}
