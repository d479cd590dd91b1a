#include "client/rendezvous/rendezvous.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "client/rendezvous/entering.h"
#include "client/rendezvous/finding.h"
#include "common/clock.h"
#include "common/udp.h"
#include "common/why.h"

#define ABSENT_MS 5000     /* never reached: say so after this */
#define NAMELESS_MS 3000   /* and this, while its name is not found */
#define LOST_MS 15500      /* reached before: PROTOCOL.md §2.3 rule 4, "within 16 s" */
#define UPDATE_WAIT_MS 500 /* for a fresh cookie, where the proof's is too old */
#define RESET_WAIT_MS 500  /* and up to as much again: PROTOCOL.md §2.3 rule 10 */
#define RESET_DOUBLINGS 7
#define RESET_LASTING_MS 60000
#define RESETS_TOLD 3
#define CHECK_PAUSE_MS 1000
#define ASK_MS 600 /* a signpost that is asked gets HELLO twice, if it has not answered */

static void on_send(void *context, const struct address *to, const uint8_t *data, size_t size) {
    const struct rendezvous *rendezvous = context;
    rendezvous->owner.send(rendezvous->owner.context, to ? to : &rendezvous->bootnode, data, size);
}

/* --- Which of its addresses --- */

/* The session's packets come from where it is, and so it is where they come from. */
static void on_heard(void *context, const struct address *from, uint64_t now) {
    struct rendezvous *rendezvous = context;
    size_t index;
    if (doors_find(&rendezvous->doors, from, &index) && (index != rendezvous->doors.at || rendezvous->doors.seeking))
        finding_use(rendezvous, index, now);
    finding_lives(rendezvous, now);
}

static void on_measured(void *context, uint64_t took_ms) {
    struct rendezvous *rendezvous = context;
    round_trip_sample(&rendezvous->doors.trip, took_ms * 1000);
    rendezvous->presence.repeat_ms = doors_timeout_ms(&rendezvous->doors, SILENCE_LEAST_MS);
}

static void on_turned(void *context, const struct address *to, uint64_t now) {
    struct rendezvous *rendezvous = context;
    size_t index;
    if (doors_find(&rendezvous->doors, to, &index) && index != rendezvous->doors.at)
        finding_use(rendezvous, index, now);
}

void rendezvous_init(struct rendezvous *rendezvous, const struct rendezvous_owner *owner, const struct room_keys *room,
                     const uint8_t tag[static ROOM_TAG_SIZE], const struct identity *identity, uint8_t suite_mask,
                     uint64_t now) {
    memset(rendezvous, 0, sizeof *rendezvous);
    rendezvous->owner = *owner;
    registering_init(&rendezvous->registering, room, tag, identity, suite_mask);
    doors_init(&rendezvous->doors);
    rendezvous->heard = now;
    const struct presence_link link = {
        .context = rendezvous, .send = on_send, .heard = on_heard, .measured = on_measured, .turned = on_turned};
    presence_init(&rendezvous->presence, &link, &rendezvous->owner.presence, rendezvous->registering.member_id,
                  &rendezvous->own);
    rendezvous->state = RENDEZVOUS_HELLO;
    rendezvous->due = NEVER;
}

static bool keeps_session(const struct rendezvous *rendezvous) {
    return rendezvous->state > RENDEZVOUS_HELLO && rendezvous->state <= RENDEZVOUS_LEAVING;
}

void rendezvous_set_addresses(struct rendezvous *rendezvous, const struct address *addresses, size_t count,
                              uint64_t now) {
    bool first = rendezvous->doors.count == 0;
    bool new = doors_set(&rendezvous->doors, addresses, count, keeps_session(rendezvous), now);
    if (new) rendezvous->silence = (struct silence){0};
    if (!keeps_session(rendezvous)) rendezvous->bootnode = *doors_address(&rendezvous->doors, rendezvous->doors.at);
    if (!first || rendezvous->state != RENDEZVOUS_HELLO) return;
    rendezvous->heard = now; /* it is absent only from now on */
    rendezvous->due = now;
}

void rendezvous_unresolved(struct rendezvous *rendezvous, const char *why, uint64_t now) {
    if (rendezvous->state == RENDEZVOUS_HELLO) finding_lose(rendezvous, why, now);
}

void rendezvous_clear(struct rendezvous *rendezvous) {
    presence_clear(&rendezvous->presence);
    registering_clear(&rendezvous->registering);
    sodium_memzero(rendezvous, sizeof *rendezvous);
}

static bool moves_away(const struct rendezvous *rendezvous) {
    return rendezvous->state == RENDEZVOUS_LEAVING && rendezvous->presence.leave_reason == LEAVE_MOVED;
}

bool rendezvous_reachable(const struct rendezvous *rendezvous) {
    return rendezvous->presence.listed && !rendezvous->lost && !moves_away(rendezvous);
}

/* --- The session --- */

static bool has_session(const struct rendezvous *rendezvous) {
    return rendezvous->state == RENDEZVOUS_ACTIVE || rendezvous->state == RENDEZVOUS_LEAVING;
}

/* One reset is a bootnode that was restarted. Several sessions in a row that do not last: another client has our
 * identity, and the two take each other's place; the longer each waits, the longer the other is left in peace. */
static uint64_t reset_wait(struct rendezvous *rendezvous, uint64_t now) {
    bool lasted = now - rendezvous->registered >= RESET_LASTING_MS;
    rendezvous->resets = lasted ? 0 : rendezvous->resets + 1;
    if (rendezvous->resets == RESETS_TOLD)
        rendezvous->owner.refused(rendezvous->owner.context, "another client uses our identity in this room");
    unsigned doublings = rendezvous->resets < RESET_DOUBLINGS ? rendezvous->resets : RESET_DOUBLINGS;
    return (uint64_t)RESET_WAIT_MS << doublings;
}

static void take_news(struct rendezvous *rendezvous, enum presence_news news, uint64_t now) {
    switch (news) {
    case PRESENCE_RESET:
        finding_restart(rendezvous, rendezvous->restarts ? 0 : reset_wait(rendezvous, now), now);
        break;
    case PRESENCE_RESTARTING:
        rendezvous->restarts = true;
        rendezvous->heard = now + rendezvous->presence.wait_ms;
        break;
    case PRESENCE_DRAINING:
        finding_lose(rendezvous, "the bootnode is shutting down", now);
        finding_restart(rendezvous, rendezvous->presence.wait_ms, now);
        break;
    case PRESENCE_ELSEWHERE:
        (void)rendezvous->owner.named(rendezvous->owner.context, &rendezvous->presence.elsewhere, true, now);
        break;
    case PRESENCE_LEFT:
        rendezvous->state = RENDEZVOUS_ENDED;
        rendezvous->due = NEVER;
        break;
    case PRESENCE_ON:
    case PRESENCE_FOREIGN: break;
    }
}

/* Another door offers to move the session there. While the one in use answers, it stays. */
static bool is_needless(const struct rendezvous *rendezvous, const struct address *from, uint8_t type, uint64_t now) {
    return type == MESSAGE_PATH && !address_equal(from, &rendezvous->bootnode) &&
           now < finding_missing_since(rendezvous);
}

static bool handle_of_session(struct rendezvous *rendezvous, const struct address *from, const uint8_t *packet,
                              size_t size, uint64_t now) {
    if (!has_session(rendezvous) || is_needless(rendezvous, from, packet[0], now)) return false;
    enum presence_news news = presence_receive(&rendezvous->presence, from, packet, size, now);
    take_news(rendezvous, news, now);
    return news != PRESENCE_FOREIGN;
}

bool rendezvous_receive(struct rendezvous *rendezvous, const struct address *from, const uint8_t *packet, size_t size,
                        uint64_t now) {
    if (size == 0 || packet[0] < MESSAGE_HELLO || packet[0] >= MESSAGE_TYPE_END) return false;
    size_t door;
    if (!doors_find(&rendezvous->doors, from, &door)) return false;
    switch (packet[0]) {
    case MESSAGE_COOKIE: return entering_take_cookie(rendezvous, from, packet, size, now);
    case MESSAGE_WELCOME: return entering_take_welcome(rendezvous, door, packet, size, now);
    case MESSAGE_REFUSED: return entering_take_refused(rendezvous, from, packet, size, now);
    default: return handle_of_session(rendezvous, from, packet, size, now);
    }
}

/* Said once when the bootnode was never reached, or was silent for too long. */
static uint64_t lost_at(const struct rendezvous *rendezvous) {
    if (rendezvous->lost || rendezvous->state >= RENDEZVOUS_LEAVING || rendezvous->state == RENDEZVOUS_SIGNPOST)
        return NEVER;
    uint64_t longer = round_trip_excess_ms(round_trip_timeout_ms(&rendezvous->doors.trip));
    if (rendezvous->ever_active) return rendezvous->heard + LOST_MS + longer;
    if (rendezvous->doors.count == 0) return rendezvous->heard + NAMELESS_MS;
    return (rendezvous->answered > rendezvous->heard ? rendezvous->answered : rendezvous->heard) + ABSENT_MS + longer;
}

static const char *why_lost(const struct rendezvous *rendezvous) {
    if (rendezvous->doors.count == 0) return "its name is not found; trying again";
    if (rendezvous->last_refusal == REFUSAL_BUSY) return "it is busy; trying again";
    return "no answer; trying again";
}

static void notice_silence(struct rendezvous *rendezvous, uint64_t now) {
    if (now < lost_at(rendezvous)) return;
    finding_lose(rendezvous, why_lost(rendezvous), now);
    if (rendezvous->state == RENDEZVOUS_ACTIVE) finding_restart(rendezvous, 0, now);
}

/* --- While the door in use is silent --- */

static void register_elsewhere(struct rendezvous *rendezvous, uint64_t now) {
    size_t index;
    if (!doors_choose(&rendezvous->doors, &index)) return;
    presence_end(&rendezvous->presence);
    entering_wait(rendezvous, rendezvous->doors.list[index].spread_ms, now);
}

static void endure_silence(struct rendezvous *rendezvous, uint64_t now) {
    uint64_t since = finding_missing_since(rendezvous);
    if (now >= silence_detour_at(&rendezvous->silence, &rendezvous->doors, since))
        silence_detour(&rendezvous->silence, &rendezvous->presence, &rendezvous->doors, now);
    if (now >= silence_look_at(&rendezvous->doors, since)) finding_seek(rendezvous, now);
    if (now >= silence_over_at(&rendezvous->doors, since)) register_elsewhere(rendezvous, now);
}

/* --- Time --- */

static bool greets(const struct rendezvous *rendezvous) {
    bool seeks = rendezvous->state <= RENDEZVOUS_SIGNPOST;
    return seeks ? rendezvous->doors.seeking : rendezvous->state <= RENDEZVOUS_ACTIVE;
}

/* Whom we do not need is not asked for long. */
static uint64_t asked_until(const struct rendezvous *rendezvous) {
    bool asks = rendezvous->state == RENDEZVOUS_SIGNPOST && rendezvous->doors.seeking;
    return asks ? rendezvous->sought + doors_timeout_ms(&rendezvous->doors, ASK_MS) : NEVER;
}

static void act(struct rendezvous *rendezvous, uint64_t now) {
    if (has_session(rendezvous) || now < rendezvous->due) return;
    switch (rendezvous->state) {
    case RENDEZVOUS_HELLO:
        finding_seek(rendezvous, now);
        rendezvous->due = NEVER;
        break;
    case RENDEZVOUS_WAITING: entering_register(rendezvous, now); break;
    case RENDEZVOUS_REGISTERING: entering_register_again(rendezvous, now); break;
    default: break;
    }
}

void rendezvous_tick(struct rendezvous *rendezvous, uint64_t now) {
    notice_silence(rendezvous, now);
    if (has_session(rendezvous)) take_news(rendezvous, presence_tick(&rendezvous->presence, now), now);
    endure_silence(rendezvous, now);
    entering_give_up_asking(rendezvous, now);
    if (now >= asked_until(rendezvous)) rendezvous->doors.seeking = false;
    act(rendezvous, now);
    if (!greets(rendezvous)) return;
    finding_greet(rendezvous, now);
    if (rendezvous->state == RENDEZVOUS_ACTIVE && !rendezvous->doors.seeking) finding_look_at_proof(rendezvous, now);
}

static uint64_t silence_due(const struct rendezvous *rendezvous) {
    uint64_t since = finding_missing_since(rendezvous);
    uint64_t detour = silence_detour_at(&rendezvous->silence, &rendezvous->doors, since);
    return earlier(detour,
                   earlier(silence_look_at(&rendezvous->doors, since), silence_over_at(&rendezvous->doors, since)));
}

uint64_t rendezvous_due(const struct rendezvous *rendezvous) {
    uint64_t due = has_session(rendezvous) ? presence_due(&rendezvous->presence) : rendezvous->due;
    if (greets(rendezvous)) due = earlier(due, doors_due(&rendezvous->doors));
    if (entering_awaits_known_key(rendezvous)) due = earlier(due, rendezvous->asking.until);
    due = earlier(due, asked_until(rendezvous));
    return earlier(earlier(due, lost_at(rendezvous)), silence_due(rendezvous));
}

static void leave(struct rendezvous *rendezvous, enum leave_reason reason, uint64_t now) {
    bool active = rendezvous->state == RENDEZVOUS_ACTIVE;
    rendezvous->state = active ? RENDEZVOUS_LEAVING : RENDEZVOUS_ENDED;
    rendezvous->due = NEVER;
    if (active) presence_leave(&rendezvous->presence, reason, now);
}

void rendezvous_leave(struct rendezvous *rendezvous, uint64_t now) {
    if (!moves_away(rendezvous)) leave(rendezvous, LEAVE_SAID, now);
}

void rendezvous_move_away(struct rendezvous *rendezvous, uint64_t now) {
    leave(rendezvous, LEAVE_MOVED, now);
}

void rendezvous_ask(struct rendezvous *rendezvous, uint64_t now) {
    bool may_ask = rendezvous->state == RENDEZVOUS_SIGNPOST || rendezvous->state == RENDEZVOUS_ACTIVE;
    if (may_ask && !rendezvous->doors.seeking) finding_seek(rendezvous, now);
}

uint64_t rendezvous_silent_since(const struct rendezvous *rendezvous, uint64_t now) {
    uint64_t since = NEVER;
    if (rendezvous->lost || rendezvous->state == RENDEZVOUS_BARRED) return rendezvous->heard;
    if (rendezvous->state == RENDEZVOUS_ACTIVE) since = finding_missing_since(rendezvous);
    if (finding_looks(rendezvous)) since = later(rendezvous->heard, rendezvous->answered);
    if (rendezvous->state == RENDEZVOUS_REGISTERING && rendezvous->tries > 1) since = rendezvous->answered;
    return since <= now ? since : NEVER;
}

uint64_t rendezvous_settled(const struct rendezvous *rendezvous, uint64_t now) {
    bool listed = rendezvous->state == RENDEZVOUS_ACTIVE && rendezvous->presence.listed;
    return listed && rendezvous_silent_since(rendezvous, now) == NEVER ? rendezvous->registered : NEVER;
}

void rendezvous_set_candidates(struct rendezvous *rendezvous, const struct candidate_list *candidates, uint64_t now) {
    rendezvous->own.candidates = *candidates;
    rendezvous->own.revision++;
    if (rendezvous->state != RENDEZVOUS_ACTIVE) return;
    finding_note_age_of_proof(rendezvous, now);
    doors_hurry(&rendezvous->doors, now);
    presence_update(&rendezvous->presence, rendezvous->proof_aged ? now + UPDATE_WAIT_MS : now);
}

void rendezvous_introduce(struct rendezvous *rendezvous, const uint8_t id[static MEMBER_ID_SIZE]) {
    if (rendezvous->state == RENDEZVOUS_ACTIVE) presence_introduce(&rendezvous->presence, id);
}

void rendezvous_check(struct rendezvous *rendezvous, uint64_t now) {
    if (rendezvous->checked && now - rendezvous->checked < CHECK_PAUSE_MS) return;
    bool asks = rendezvous->state == RENDEZVOUS_ACTIVE, seeks = finding_looks(rendezvous);
    if (asks) presence_ask(&rendezvous->presence, now);
    if (asks || seeks) doors_hurry(&rendezvous->doors, now);
    if (asks || seeks) rendezvous->checked = now;
}

void rendezvous_resumed(struct rendezvous *rendezvous, uint64_t gap, uint64_t now) {
    if (rendezvous->heard < now) rendezvous->heard = gap < now - rendezvous->heard ? rendezvous->heard + gap : now;
    if (rendezvous->state == RENDEZVOUS_ACTIVE) presence_resumed(&rendezvous->presence, now);
    rendezvous->checked = 0;
    rendezvous_check(rendezvous, now);
}

bool rendezvous_silent(const struct rendezvous *rendezvous, uint64_t now) {
    return rendezvous->lost || now >= silence_told_at(finding_missing_since(rendezvous));
}

const struct address *rendezvous_mapped_other(const struct rendezvous *rendezvous) {
    return rendezvous->own.has_proof ? &rendezvous->own.proof.address : NULL;
}

bool rendezvous_can_relay(const struct rendezvous *rendezvous) {
    return rendezvous->state == RENDEZVOUS_ACTIVE && rendezvous->presence.relays;
}

bool rendezvous_relay(struct rendezvous *rendezvous, const uint8_t id[static MEMBER_ID_SIZE], const uint8_t *packet,
                      size_t size) {
    return rendezvous->state == RENDEZVOUS_ACTIVE && presence_relay(&rendezvous->presence, id, packet, size);
}

const struct member_record *rendezvous_find(const struct rendezvous *rendezvous,
                                            const uint8_t id[static MEMBER_ID_SIZE]) {
    return membership_find(&rendezvous->presence.membership, id);
}

bool rendezvous_listed(const struct rendezvous *rendezvous) {
    return rendezvous->presence.listed;
}
