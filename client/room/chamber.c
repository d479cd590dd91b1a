#include "client/room/chamber.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/charter/room_file.h"
#include "client/room/decisions.h"
#include "common/clock.h"
#include "common/memory.h"

struct chamber {
    const struct chatroom_host *host;
    const char *name, *directory;
    struct private_room room;
    struct council council;
    struct chatroom *chatroom;
    struct belonging **people;
    size_t count;
    uint64_t now;    /* of the last call that told it */
    bool review;     /* somebody is let in, or is not any more */
    bool recall;     /* or may be, who was dismissed */
    bool keeps;      /* we are registered under former sets */
    bool unwritable; /* that was told */
    bool locked;     /* its file */
    bool touched;    /* something is different since `due` was reckoned */
    uint64_t due, expire_at;
};

/* --- Members --- */

static struct belonging *find(const struct chamber *chamber, const uint8_t *id) {
    for (size_t i = 0; i < chamber->count; i++)
        if (memcmp(chamber->people[i]->id, id, MEMBER_ID_SIZE) == 0) return chamber->people[i];
    return NULL;
}

/* It may have the token of an invite. */
static void destroy(struct belonging *who) {
    sodium_memzero(who, sizeof *who);
    free(who);
}

/* Somebody who is not here makes place. */
static void forget_one(struct chamber *chamber) {
    size_t absent = 0, last = 0;
    for (size_t i = 0; i < chamber->count; i++)
        if (!chamber->people[i]->connected) {
            absent++;
            last = i;
        }
    if (absent <= CHAMBER_ABSENT_MAX) return;
    destroy(chamber->people[last]);
    chamber->people[last] = chamber->people[--chamber->count];
}

static struct belonging *find_or_add(struct chamber *chamber, const uint8_t *id) {
    struct belonging *there = find(chamber, id);
    if (there) return there;
    forget_one(chamber);
    chamber->people = grow(chamber->people, chamber->count + 1, sizeof(struct belonging *));
    struct belonging *added = chamber->people[chamber->count++] = allocate_zeroed(1, sizeof *added);
    council_gone(added);
    memcpy(added->id, id, MEMBER_ID_SIZE);
    return added;
}

/* --- What follows for the chatroom --- */

static void settle(struct chamber *chamber, uint64_t now) {
    if (chamber->review) chatroom_review(chamber->chatroom, now);
    if (chamber->recall) chatroom_call_back(chamber->chatroom, now);
    chamber->review = chamber->recall = false;
}

static void keep_former(struct chamber *chamber, uint64_t now) {
    struct key_set set;
    bool keeps = council_is_keeper(&chamber->council);
    if (keeps == chamber->keeps) return;
    chamber->keeps = keeps;
    for (size_t i = 0; i < chamber->room.former_count; i++) {
        key_set_derive(chamber->room.charter.root, chamber->room.former[i].secret, &set);
        chatroom_keep_set(chamber->chatroom, set.tag, keeps, now);
    }
    sodium_memzero(&set, sizeof set);
}

/* Those under which we may be registered besides the present one. */
struct secrets {
    uint8_t list[KEY_SETS_DOORS + KEY_SETS_FORMER][PRIVATE_SECRET_SIZE];
    size_t count;
};

static struct secrets secrets_of(const struct private_room *room) {
    struct secrets out = {.count = 0};
    for (size_t i = 0; i < room->door_count; i++)
        memcpy(out.list[out.count++], room->doors[i].token, PRIVATE_SECRET_SIZE);
    for (size_t i = 0; i < room->former_count; i++)
        memcpy(out.list[out.count++], room->former[i].secret, PRIVATE_SECRET_SIZE);
    return out;
}

static bool has_secret(const struct secrets *secrets, const uint8_t *secret) {
    for (size_t i = 0; i < secrets->count; i++)
        if (memcmp(secrets->list[i], secret, PRIVATE_SECRET_SIZE) == 0) return true;
    return false;
}

/* The sets of secrets that the room has not any more. */
static void drop_missing(struct chamber *chamber, const struct secrets *before, uint64_t now) {
    struct secrets after = secrets_of(&chamber->room);
    struct key_set set;
    for (size_t i = 0; i < before->count; i++) {
        if (has_secret(&after, before->list[i])) continue;
        key_set_derive(chamber->room.charter.root, before->list[i], &set);
        chatroom_drop_set(chamber->chatroom, set.tag, now);
    }
    sodium_memzero(&after, sizeof after);
    sodium_memzero(&set, sizeof set);
}

/* --- What the council asks for --- */

static struct belonging *on_member(void *context, size_t number) {
    const struct chamber *chamber = context;
    return number < chamber->count ? chamber->people[number] : NULL;
}

static void on_tell(void *context, struct belonging *to, const uint8_t *message, size_t size, uint64_t now) {
    struct chamber *chamber = context;
    if (!chatroom_tell(chamber->chatroom, to->id, message, size, now)) to->connected = false;
}

static bool on_keeps_up(void *context, const struct belonging *who) {
    const struct chamber *chamber = context;
    return chatroom_waiting(chamber->chatroom, who->id) < CHAMBER_WAITING_MOST;
}

static void on_review(void *context, struct belonging *who, uint64_t now) {
    struct chamber *chamber = context;
    (void)now;
    who->dismiss_at = NEVER;
    chamber->review = true;
}

static void on_shut_out(void *context, struct belonging *who, uint64_t now) {
    struct chamber *chamber = context;
    /* A new run is told anew, and puts nothing off. */
    if (who->dismiss_at == NEVER) who->dismiss_at = now + CHAMBER_DISMISSAL_MS;
    chatroom_decide(chamber->chatroom, who->id, now);
}

static void on_changed(void *context, uint64_t now) {
    struct chamber *chamber = context;
    (void)now;
    chamber->recall = true;
}

static void on_rekey(void *context, const struct key_set *set, uint64_t now) {
    struct chamber *chamber = context;
    chamber->keeps = council_is_keeper(&chamber->council);
    chatroom_rekey(chamber->chatroom, set, chamber->keeps, now);
}

static void emit(const struct chamber *chamber, struct event *event) {
    event->room = chamber->name;
    outside_emit(chamber->host->outside, event);
}

static const char *decision_of(const struct statement *statement) {
    static const char *const standings[STANDING_SAID] = {[STANDING_REMOVED] = "removed",
                                                         [STANDING_MEMBER] = "member",
                                                         [STANDING_OP] = "op",
                                                         [STANDING_BANNED] = "banned"};
    if (statement->kind == STATEMENT_PERSON) return standings[statement->body[0]];
    return statement->kind == STATEMENT_TOPIC ? "topic" : "rule";
}

static struct event *decided(const struct statement *statement) {
    const char *rule = statement->body[0] == RULE_LISTED ? "listed" : "secret";
    switch (statement->kind) {
    case STATEMENT_TOPIC: return event_create(EVENT_DECIDED, (const char *)statement->body, statement->body_size);
    case STATEMENT_RULE: return event_create(EVENT_DECIDED, rule, strlen(rule));
    default: return event_create(EVENT_DECIDED, NULL, 0);
    }
}

/* Whoever was noted as a member is here anyway, and what an op said the owner may say again: that is no news. */
static bool is_news(const struct statement *statement, enum standing before) {
    if (statement->kind != STATEMENT_PERSON) return statement->kind != STATEMENT_EPOCH;
    bool is_noted = statement->body[0] == STANDING_MEMBER && before == STANDING_UNKNOWN;
    return statement->body[0] != before && !is_noted;
}

static void on_agrees(void *context, const struct belonging *who) {
    const struct chamber *chamber = context;
    chatroom_peer_rekeyed(chamber->chatroom, who->id);
}

static void on_said(void *context, const struct statement *statement, enum standing before, uint64_t now) {
    const struct chamber *chamber = context;
    (void)now;
    if (!is_news(statement, before)) return;
    struct event *event = decided(statement);
    event->reason = decision_of(statement);
    fingerprint_format(statement->author, event->was);
    if (statement->kind == STATEMENT_PERSON) {
        fingerprint_format(statement->subject, event->fingerprint);
        member_id_derive(&chamber->room.keys, statement->subject, event->peer);
        chatroom_nick_of(chamber->chatroom, event->peer, event->nick);
    }
    emit(chamber, event);
}

static void on_refused(void *context, enum verdict verdict, const uint8_t *by, uint64_t now) {
    static const char *const verdicts[VERDICTS] = {[VERDICT_REMOVED] = "removed",
                                                   [VERDICT_OUTDATED] = "outdated",
                                                   [VERDICT_USED] = "used",
                                                   [VERDICT_OVER] = "over",
                                                   [VERDICT_UNLISTED] = "unlisted"};
    const struct chamber *chamber = context;
    struct event *event = event_create(EVENT_REFUSED, NULL, 0);
    (void)now;
    event->reason = verdicts[verdict];
    if (by) fingerprint_format(by, event->was);
    emit(chamber, event);
}

static uint64_t on_wall(void *context, uint64_t now) {
    const struct chamber *chamber = context;
    return chatroom_time(chamber->chatroom, now);
}

/* Other clients of ours may have opened doors, and let in whom they were for. */
static int lock_doors(struct chamber *chamber, uint64_t now) {
    int lock = chamber->locked ? -1 : room_file_lock(chamber->directory);
    chamber->locked |= lock >= 0;
    room_file_take_doors(chamber->directory, &chamber->room, on_wall(chamber, now));
    return lock;
}

static void unlock_doors(struct chamber *chamber, int lock) {
    if (lock < 0) return;
    close(lock);
    chamber->locked = false;
}

static void on_save(void *context, uint64_t now) {
    struct chamber *chamber = context;
    struct why why;
    int lock = lock_doors(chamber, now);
    bool saved = !*chamber->directory || room_file_write(chamber->directory, &chamber->room, &why);
    unlock_doors(chamber, lock);
    if (saved) {
        chamber->unwritable = false;
        return;
    }
    chamber->council.save_at = now + CHAMBER_SAVE_AGAIN_MS;
    chamber->touched = true;
    if (!chamber->unwritable) emit(chamber, event_create(EVENT_ERROR, why.text, strlen(why.text)));
    chamber->unwritable = true;
}

/* --- What the gate asks, and tells --- */

/* Who is removed itself, as far as it knows, presumes nobody to be a member who would hear it. */
static bool on_presumes(void *context) {
    const struct chamber *chamber = context;
    const struct charter *charter = &chamber->room.charter;
    enum standing own = charter_standing(charter, chamber->host->identity->public);
    return private_room_is_known(&chamber->room) && !standing_is_removed(own);
}

/* A set that was dropped was a former one. */
static bool on_admits(void *context, const uint8_t id[static MEMBER_ID_SIZE], const struct gate_visit *visit) {
    struct chamber *chamber = context;
    chamber->touched = true;
    enum key_set_role role = visit->role == KEY_SET_UNUSED ? KEY_SET_FORMER : visit->role;
    int lock = role == KEY_SET_DOOR ? lock_doors(chamber, chamber->now) : -1;
    enum admission_kind kind =
        council_showed(&chamber->council, find_or_add(chamber, id), visit->identity, role, visit->tag, chamber->now);
    unlock_doors(chamber, lock);
    return kind == ADMISSION_LET_IN;
}

static bool on_belongs(void *context, const uint8_t identity[static 32]) {
    const struct chamber *chamber = context;
    enum standing standing = charter_standing(&chamber->room.charter, identity);
    return on_presumes(context) && standing != STANDING_UNKNOWN && !standing_is_removed(standing);
}

static void on_met(void *context, const uint8_t id[static MEMBER_ID_SIZE], bool admitted, uint64_t now) {
    struct chamber *chamber = context;
    chamber->touched = true;
    (void)admitted;
    chamber->now = now;
    council_connected(&chamber->council, find_or_add(chamber, id), now);
    settle(chamber, now);
}

static void on_dropped(void *context, const uint8_t id[static MEMBER_ID_SIZE], uint64_t now) {
    struct chamber *chamber = context;
    struct belonging *who = find(chamber, id);
    chamber->touched = true;
    if (who) council_dropped(&chamber->council, who, now);
}

static const char *on_role(void *context, const uint8_t id[static MEMBER_ID_SIZE]) {
    const struct chamber *chamber = context;
    const struct belonging *who = find(chamber, id);
    enum standing standing = who && who->shown ? charter_standing(&chamber->room.charter, who->key) : STANDING_UNKNOWN;
    return standing == STANDING_OWNER ? "owner" : standing == STANDING_OP ? "op" : NULL;
}

static void on_left(void *context, const uint8_t id[static MEMBER_ID_SIZE]) {
    struct chamber *chamber = context;
    struct belonging *who = find(chamber, id);
    chamber->touched = true;
    if (who) council_gone(who);
}

static void on_told(void *context, const uint8_t id[static MEMBER_ID_SIZE], const uint8_t *message, size_t size,
                    uint64_t now) {
    struct chamber *chamber = context;
    chamber->touched = true;
    chamber->now = now;
    (void)council_received(&chamber->council, find_or_add(chamber, id), message, size, now);
    settle(chamber, now);
}

/* --- Life --- */

static struct council_host council_host_of(struct chamber *chamber) {
    return (struct council_host){.context = chamber,
                                 .member = on_member,
                                 .tell = on_tell,
                                 .keeps_up = on_keeps_up,
                                 .review = on_review,
                                 .shut_out = on_shut_out,
                                 .changed = on_changed,
                                 .rekey = on_rekey,
                                 .agrees = on_agrees,
                                 .said = on_said,
                                 .refused = on_refused,
                                 .save = on_save,
                                 .wall_ms = on_wall};
}

static bool add_set(struct chamber *chamber, const uint8_t *secret, enum key_set_role role, uint64_t now) {
    struct key_set set;
    key_set_derive(chamber->room.charter.root, secret, &set);
    bool added = chatroom_add_set(chamber->chatroom, &set, role, now);
    sodium_memzero(&set, sizeof set);
    return added;
}

void chamber_keys(const struct private_room *room, struct room_keys *out) {
    uint8_t secret[PRIVATE_SECRET_SIZE];
    *out = room->keys;
    private_room_secret(room, secret);
    key_set_derive(room->charter.root, secret, &out->set);
    sodium_memzero(secret, sizeof secret);
}

/* Beside the present set and the doors there may not be places for all former ones: who was away longest does without.
 * They come from the oldest to the newest, so that the newest counts as that. */
static void add_sets(struct chamber *chamber, uint64_t now) {
    const struct private_room *room = &chamber->room;
    const size_t places = KEY_SETS_MAX - 1 - room->door_count;
    for (size_t i = 0; i < room->door_count; i++) (void)!add_set(chamber, room->doors[i].token, KEY_SET_DOOR, now);
    for (size_t i = room->former_count < places ? room->former_count : places; i-- > 0;)
        (void)!add_set(chamber, room->former[i].secret, KEY_SET_FORMER, now);
}

/* As whoever comes anew hears it. */
static void tell_topic(struct chamber *chamber, uint64_t now) {
    const struct statement *topic = charter_winner(&chamber->room.charter, STATEMENT_TOPIC, NULL);
    if (topic && topic->body_size > 0) on_said(chamber, topic, STANDING_UNKNOWN, now);
}

struct chamber *chamber_create(const struct chatroom_host *host, struct chatroom *chatroom, const char *name,
                               const char *directory, struct private_room *room, uint64_t now) {
    struct chamber *chamber = allocate_zeroed(1, sizeof *chamber);
    const struct gatekeeper keeper = {.context = chamber,
                                      .presumes = on_presumes,
                                      .admits = on_admits,
                                      .belongs = on_belongs,
                                      .met = on_met,
                                      .dropped = on_dropped,
                                      .role = on_role,
                                      .left = on_left,
                                      .told = on_told};
    const struct council_host council_host = council_host_of(chamber);
    uint8_t id[MEMBER_ID_SIZE];
    *chamber = (struct chamber){
        .host = host, .chatroom = chatroom, .name = name, .directory = directory, .room = *room, .now = now};
    sodium_memzero(room, sizeof *room);
    (void)private_room_expire(&chamber->room, host->outside->wall_ms(host->outside->context));
    chamber->expire_at = now + CHAMBER_EXPIRE_MS;
    chamber->touched = true;
    member_id_derive(&chamber->room.keys, host->identity->public, id);
    council_init(&chamber->council, &council_host, host->identity, id, &chamber->room);
    chatroom_keep_gate(chatroom, &keeper);
    add_sets(chamber, now);
    tell_topic(chamber, now);
    chamber->council.save_at = now; /* by the root alone one comes again */
    chamber->keeps = true;          /* as sets are when they are added */
    keep_former(chamber, now);
    return chamber;
}

void chamber_destroy(struct chamber *chamber, uint64_t now) {
    if (!chamber) return;
    if (chamber->council.save_at != NEVER) on_save(chamber, now);
    for (size_t i = 0; i < chamber->count; i++) destroy(chamber->people[i]);
    free(chamber->people);
    private_room_clear(&chamber->room);
    sodium_memzero(chamber, sizeof *chamber);
    free(chamber);
}

const struct private_room *chamber_room(const struct chamber *chamber) {
    return &chamber->room;
}

/* What expires in the room has no key set any more, either. */
static void expire(struct chamber *chamber, uint64_t now) {
    struct secrets before = secrets_of(&chamber->room);
    chamber->expire_at = now + CHAMBER_EXPIRE_MS;
    if (private_room_expire(&chamber->room, on_wall(chamber, now))) {
        drop_missing(chamber, &before, now);
        on_save(chamber, now);
    }
    sodium_memzero(&before, sizeof before);
}

static void dismiss(struct chamber *chamber, struct belonging *who, uint64_t now) {
    who->dismiss_at = NEVER;
    chatroom_dismiss(chamber->chatroom, who->id, now);
    council_gone(who);
}

static uint64_t reckon_due(const struct chamber *chamber) {
    uint64_t due = earlier(council_due(&chamber->council), chamber->expire_at);
    for (size_t i = 0; i < chamber->count; i++) due = earlier(due, chamber->people[i]->dismiss_at);
    return due;
}

/* With each batch of packets: where nothing is due, nothing is looked at. */
void chamber_tick(struct chamber *chamber, uint64_t now) {
    chamber->now = now;
    if (!chamber->touched && now < chamber->due) return;
    council_tick(&chamber->council, now);
    settle(chamber, now);
    for (size_t i = 0; i < chamber->count; i++)
        if (chamber->people[i]->dismiss_at <= now) dismiss(chamber, chamber->people[i], now);
    keep_former(chamber, now);
    if (now >= chamber->expire_at) expire(chamber, now);
    chamber->touched = false;
    chamber->due = reckon_due(chamber);
}

uint64_t chamber_due(const struct chamber *chamber) {
    return chamber->touched ? 0 : chamber->due;
}

/* --- Deciding --- */

static bool stand(struct chamber *chamber, const uint8_t *key, enum standing standing, uint64_t now, struct why *why) {
    bool said = decisions_standing(&chamber->council, key, standing, now, why);
    settle(chamber, now);
    return said;
}

static bool member_stands(struct chamber *chamber, const uint8_t *id, enum standing standing, uint64_t now,
                          struct why *why) {
    const struct belonging *who = find(chamber, id);
    if (!who || !who->shown) return why_fail(why, "it has not shown its key yet");
    return stand(chamber, who->key, standing, now, why);
}

/* Who is banned or removed is not here, and has no other name than its key. */
static bool readmit(struct chamber *chamber, const char *digits, uint64_t now, struct why *why) {
    const struct statement *said, *found = NULL;
    char fingerprint[FINGERPRINT_TEXT_SIZE];
    size_t place = 0;
    while ((said = charter_next(&chamber->room.charter, &place))) {
        enum standing standing = charter_standing(&chamber->room.charter, said->subject);
        if (said->kind != STATEMENT_PERSON || !standing_is_removed(standing)) continue;
        fingerprint_format(said->subject, fingerprint);
        if (strncmp(fingerprint, digits, strlen(digits)) != 0) continue;
        if (found && memcmp(found->subject, said->subject, sizeof found->subject) != 0)
            return why_fail(why, "several keys begin with %s: more digits are needed", digits);
        found = said;
    }
    if (!found) return why_fail(why, "nobody who was removed has a key that begins with %s", digits);
    uint8_t key[32];
    memcpy(key, found->subject, sizeof key);
    return stand(chamber, key, STANDING_MEMBER, now, why);
}

static bool rule(struct chamber *chamber, enum membership_rule rule, uint64_t now, struct why *why) {
    bool said = decisions_rule(&chamber->council, rule, now, why);
    settle(chamber, now);
    return said;
}

bool chamber_decide(struct chamber *chamber, enum room_decision decision, const uint8_t id[static MEMBER_ID_SIZE],
                    const char *text, uint64_t now, struct why *why) {
    chamber->now = now;
    chamber->touched = true;
    switch (decision) {
    case DECIDE_REMOVE: return member_stands(chamber, id, STANDING_REMOVED, now, why);
    case DECIDE_BAN: return member_stands(chamber, id, STANDING_BANNED, now, why);
    case DECIDE_MEMBER: return member_stands(chamber, id, STANDING_MEMBER, now, why);
    case DECIDE_OP: return member_stands(chamber, id, STANDING_OP, now, why);
    case DECIDE_READMIT: return readmit(chamber, text, now, why);
    case DECIDE_TOPIC: return decisions_topic(&chamber->council, text, strlen(text), now, why);
    case DECIDE_LISTED: return rule(chamber, RULE_LISTED, now, why);
    case DECIDE_SECRET: return rule(chamber, RULE_SECRET, now, why);
    }
    return false;
}

bool chamber_open_door(struct chamber *chamber, bool once, uint64_t lasts_ms, uint64_t now,
                       uint8_t token[static PRIVATE_SECRET_SIZE], struct why *why) {
    uint64_t wall_ms = on_wall(chamber, now);
    struct secrets before = secrets_of(&chamber->room);
    if (!private_room_is_known(&chamber->room)) return why_fail(why, "nobody told us yet who belongs to this room");
    const struct private_door *door =
        private_room_open_door(&chamber->room, once, lasts_ms > 0 ? wall_ms + lasts_ms : 0, wall_ms);
    if (!door) return why_fail(why, "%d invites are out already", KEY_SETS_DOORS);
    memcpy(token, door->token, PRIVATE_SECRET_SIZE);
    drop_missing(chamber, &before, now);
    sodium_memzero(&before, sizeof before);
    if (!add_set(chamber, token, KEY_SET_DOOR, now)) {
        sodium_memzero(&chamber->room.doors[--chamber->room.door_count], sizeof *chamber->room.doors);
        return why_fail(why, "too many invites and former secrets are in use");
    }
    on_save(chamber, now);
    chamber->touched = true;
    return true;
}
