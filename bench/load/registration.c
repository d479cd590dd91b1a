#include "bench/load/registration.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>

#include "bench/load/beats.h"
#include "bench/load/comeback.h"
#include "bench/load/fleet_parts.h"
#include "bench/load/homing.h"
#include "bench/load/places.h"
#include "bench/load/roster.h"
#include "bench/load/window.h"
#include "common/possession.h"
#include "common/suite.h"

#define HELLO_FIRST_US 250000
#define HELLO_DOUBLINGS 4
#define REGISTER_FIRST_US 500000
#define REGISTER_TRIES 4
/* After so long without a session a slot begins anew. */
#define NOWHERE_US 20000000
/* So long a client waits after REFUSED, whatever that says (PROTOCOL.md §2.2). */
#define REFUSED_LEAST_S 1
#define REFUSED_MOST_S 60
/* So long the bootnode keeps a provisional session (PROTOCOL.md §2.3, rule 2). */
#define PROVISIONAL_US 5000000
/* So many redirects in a row, then it waits (PROTOCOL.md §2.2). */
#define REDIRECTS_MOST 2
#define REDIRECT_WAIT_US 1000000
/* So many HELLOs to one node of several. */
#define NODE_HELLOS 3
/* The low bits of nonces and attempts say which slot they belong to; the others are random. */
#define SLOT_MASK (REGISTRATION_SLOTS - 1u)

static_assert((REGISTRATION_SLOTS & SLOT_MASK) == 0, "a power of two");

enum step { STEP_HELLO, STEP_REGISTER, STEP_CONFIRM };

void registration_init(struct registrations *registrations, uint32_t window, struct share share) {
    for (size_t i = 0; i < REGISTRATION_SLOTS; i++) registrations->due_us[i] = REGISTRATION_IDLE;
    if (window > 0)
        window_open_fixed(&registrations->window, window, share);
    else
        window_open(&registrations->window, share);
}

static uint64_t new_number(struct fleet *fleet, uint32_t slot) {
    return (fleet_random(fleet) & ~(uint64_t)SLOT_MASK) | slot;
}

static uint32_t slot_of_member(const struct registrations *all, uint32_t member) {
    for (uint32_t i = 0; i < all->top; i++)
        if (all->due_us[i] != REGISTRATION_IDLE && all->slots[i].member == member) return i;
    return REGISTRATION_SLOTS;
}

static void free_slot(struct registrations *all, uint32_t number) {
    sodium_memzero(&all->slots[number], sizeof all->slots[number]);
    all->due_us[number] = REGISTRATION_IDLE;
    all->active--;
    while (all->top > 0 && all->due_us[all->top - 1] == REGISTRATION_IDLE) all->top--;
}

static void greet_anew(struct fleet *fleet, uint32_t number, uint64_t at_us) {
    struct registration_slot *slot = &fleet->registrations.slots[number];
    fleet->members[slot->member].state = MEMBER_REGISTERING;
    slot->step = STEP_HELLO;
    slot->tries = 0;
    slot->nonce = new_number(fleet, number);
    fleet->registrations.due_us[number] = at_us;
}

bool registration_has_place(const struct registrations *registrations) {
    return registrations->active < REGISTRATION_SLOTS;
}

bool registration_wants_more(const struct registrations *registrations) {
    return window_has_place(&registrations->window, registrations->active);
}

bool registration_start(struct fleet *fleet, uint32_t member, uint64_t now_us) {
    struct registrations *all = &fleet->registrations;
    if (!registration_has_place(all)) return false;
    uint32_t number = 0;
    while (all->due_us[number] != REGISTRATION_IDLE) number++;
    all->slots[number] = (struct registration_slot){.member = member};
    all->active++;
    if (number >= all->top) all->top = number + 1;
    greet_anew(fleet, number, now_us);
    return true;
}

/* --- Out --- */

static uint64_t stretched(struct fleet *fleet, uint64_t wait_us) {
    return wait_us + fleet_random(fleet) % (wait_us / 4);
}

/* The entry first, then any: what is known of the cluster is not lost with it. */
static void turn_elsewhere(struct fleet *fleet, struct registration_slot *slot) {
    uint8_t *node = &fleet->members[slot->member].node;
    if (!fleet->homes || slot->tries < NODE_HELLOS) return;
    *node = *node == NODES_ENTRY ? (uint8_t)(fleet_random(fleet) % fleet->nodes.count) : NODES_ENTRY;
    slot->tries = 0;
}

static void say_hello(struct fleet *fleet, uint32_t number, uint64_t now_us) {
    struct registration_slot *slot = &fleet->registrations.slots[number];
    uint8_t tag[ROOM_TAG_SIZE];
    turn_elsewhere(fleet, slot);
    fleet_names_room_tag(&fleet->names, fleet_room(fleet, slot->member), tag);
    size_t socket = fleet_socket(fleet, slot->member);
    const struct hello hello = {.version = PROTOCOL_VERSION, .nonce = slot->nonce, .bucket = room_bucket(tag)};
    unsigned doublings = slot->tries < HELLO_DOUBLINGS ? slot->tries : HELLO_DOUBLINGS;
    if (slot->begun_us == 0) slot->begun_us = now_us;
    slot->tries++;
    fleet->counts.hellos++;
    fleet_commit(fleet, socket, hello_encode(&hello, fleet_space(fleet, socket), PACKET_MAX));
    fleet->registrations.due_us[number] = now_us + stretched(fleet, (uint64_t)HELLO_FIRST_US << doublings);
}

/* One private address, and another port on the address that packets come from: what a client at home names. */
static void name_candidates(const struct fleet *fleet, uint32_t member, struct candidate_list *out) {
    struct address own = wire_local(fleet->wire, fleet_socket(fleet, member)), private = {.port = 9596};
    const uint8_t mapped[16] = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, (uint8_t)(member >> 16), (uint8_t)(member >> 8), (uint8_t)member};
    memcpy(private.ip, mapped, sizeof mapped);
    own.port = (uint16_t)(own.port ^ 1);
    if (own.port == 0) own.port = 2;
    *out = (struct candidate_list){.items = {own, private}, .count = 2};
}

static size_t write_identity(const struct fleet *fleet, uint32_t member, const struct fleet_key *key,
                             uint8_t out[static REGISTER_BODY_MAX]) {
    struct register_body body = {.suite_mask = SUITE_CHACHA20_POLY1305 | SUITE_AES256_GCM, .revision = 1};
    struct writer writer = writer_over(out, REGISTER_BODY_MAX);
    fleet_names_room_tag(&fleet->names, fleet_room(fleet, member), body.room_tag);
    memcpy(body.member_key, key->public, MEMBER_KEY_SIZE);
    name_candidates(fleet, member, &body.candidates);
    write_register_body(&writer, &body);
    return writer_size(&writer);
}

static size_t write_register(struct fleet *fleet, uint32_t number, uint64_t now_us, uint8_t *out) {
    struct registration_slot *slot = &fleet->registrations.slots[number];
    size_t which = slot->attempt_count++ % REGISTRATION_ATTEMPTS;
    struct noise *noise = &slot->attempts[which].noise;
    uint8_t prologue[LINK_PROLOGUE_SIZE], payload[REGISTER_BODY_MAX];
    const struct fleet_key *key = fleet_names_key(&fleet->names, fleet_key_number(fleet, slot->member));
    size_t payload_size = write_identity(fleet, slot->member, key, payload);
    slot->attempts[which].id = new_number(fleet, number);
    slot->attempts[which].sent_us = now_us;
    const struct register_message message = {.attempt = slot->attempts[which].id,
                                             .cookie = slot->cookie.cookie,
                                             .noise_size = NOISE_NK_1_OVERHEAD + payload_size};
    size_t start = register_start(&message, out, PACKET_MAX);
    link_prologue(out, prologue);
    noise_init(noise, &(struct noise_config){.pattern = NOISE_NK,
                                             .suite = SUITE_CHACHA20_POLY1305,
                                             .initiator = true,
                                             .prologue = prologue,
                                             .prologue_size = sizeof prologue,
                                             .remote_static = slot->cookie.bootnode_public});
    size_t size = possession_write(noise, key->secret, payload, payload_size, out + start, PACKET_MAX - start);
    return size == 0 ? 0 : register_finish(out, size, PACKET_MAX);
}

static void try_register(struct fleet *fleet, uint32_t number, uint64_t now_us) {
    struct registration_slot *slot = &fleet->registrations.slots[number];
    size_t socket = fleet_socket(fleet, slot->member);
    if (slot->tries == REGISTER_TRIES) {
        greet_anew(fleet, number, now_us);
        return;
    }
    fleet->counts.registers++;
    fleet_commit(fleet, socket, write_register(fleet, number, now_us, fleet_space(fleet, socket)));
    fleet->registrations.due_us[number] = now_us + stretched(fleet, (uint64_t)REGISTER_FIRST_US << slot->tries++);
}

/* The first beat: from here on the room has to hear of it. */
static void confirm(struct fleet *fleet, uint32_t number, uint64_t now_us) {
    struct registration_slot *slot = &fleet->registrations.slots[number];
    uint32_t counter = beats_send(fleet, slot->member, true, now_us);
    slot->beats++;
    if (slot->first_beat == 0) {
        slot->first_beat = counter;
        if (fleet->members[slot->member].flags & MEMBER_WATCHED)
            oracle_joins(fleet->oracle, fleet_place(fleet, slot->member), now_us);
    }
    fleet->registrations.due_us[number] = now_us + REPEAT_US;
}

static void give_up(struct fleet *fleet, uint32_t number) {
    struct registrations *all = &fleet->registrations;
    uint32_t member = all->slots[number].member;
    if (fleet->members[member].session_id != 0) fleet_forget(fleet, member);
    fleet->members[member].state = MEMBER_ABSENT;
    fleet->absent += places_count(fleet, member, MEMBER_ABSENT) == fleet->layers;
    fleet_returned(fleet, member);
    all->failed = true;
    free_slot(all, number);
}

/* What was sent for it, or the answers, were lost again and again. A session that was never heard of may live. */
static void begin_anew(struct fleet *fleet, uint32_t number, uint64_t now_us) {
    struct registration_slot *slot = &fleet->registrations.slots[number];
    fleet->registrations.nowhere++;
    if (slot->step == STEP_CONFIRM) {
        fleet->counts.unsure++;
        if (fleet->members[slot->member].flags & MEMBER_WATCHED)
            oracle_lapses(fleet->oracle, fleet_place(fleet, slot->member), now_us);
        fleet_forget(fleet, slot->member);
    }
    slot->begun_us = 0;
    greet_anew(fleet, number, now_us);
}

/* Its timer ran out: what it sent last, or the answer, is lost. */
static bool lost_something(const struct registration_slot *slot) {
    return slot->step == STEP_CONFIRM ? slot->beats > 0 : slot->tries > 0;
}

/* What is late by our own fault counts for nothing. */
static void act(struct fleet *fleet, uint32_t number, uint64_t now_us) {
    static void (*const steps[])(struct fleet * fleet, uint32_t number, uint64_t now_us) = {
        [STEP_HELLO] = say_hello, [STEP_REGISTER] = try_register, [STEP_CONFIRM] = confirm};
    struct registrations *all = &fleet->registrations;
    struct registration_slot *slot = &all->slots[number];
    if (slot->begun_us != 0) slot->begun_us += now_us - all->due_us[number];
    if (lost_something(slot)) window_lost(&all->window, now_us);
    if (slot->begun_us != 0 && now_us - slot->begun_us > NOWHERE_US) begin_anew(fleet, number, now_us);
    steps[slot->step](fleet, number, now_us);
}

bool registration_step(struct fleet *fleet, uint32_t most, uint64_t now_us) {
    struct registrations *all = &fleet->registrations;
    /* Each call goes on where the last one stopped: else slots with low numbers, free and taken again at once, would
     * keep those behind them waiting. */
    for (uint32_t turn = 0, turns = all->top; turn < turns; turn++) {
        uint32_t i = all->next < all->top ? all->next : 0;
        if (all->due_us[i] <= now_us && all->slots[i].step == STEP_REGISTER && most == 0) return true;
        all->next = i + 1;
        if (all->due_us[i] > now_us) continue;
        most -= all->slots[i].step == STEP_REGISTER;
        act(fleet, i, now_us);
    }
    return false;
}

/* --- In --- */

static void note_answer(struct fleet *fleet, uint32_t number, uint64_t now_us) {
    fleet->nodes.list[fleet->members[fleet->registrations.slots[number].member].node].answered_us = now_us;
}

/* Its member has its sessions without it. */
static void withdraw(struct fleet *fleet, uint32_t number, uint64_t now_us) {
    uint32_t member = fleet->registrations.slots[number].member;
    free_slot(&fleet->registrations, number);
    fleet->members[member].state = MEMBER_ABSENT;
    fleet_returned(fleet, member);
    comeback_done(fleet, member, now_us);
}

static void redirect(struct fleet *fleet, uint32_t number, uint64_t now_us) {
    struct registration_slot *slot = &fleet->registrations.slots[number];
    bool again = ++slot->redirects > REDIRECTS_MOST;
    uint64_t wait_us = again ? REDIRECT_WAIT_US + fleet_random(fleet) % REDIRECT_WAIT_US : 0;
    if (again) slot->redirects = 0;
    greet_anew(fleet, number, now_us + wait_us);
}

static void take_cookie(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us) {
    struct cookie_message message;
    if (!cookie_message_decode(packet, size, &message)) return;
    uint32_t number = (uint32_t)message.nonce & SLOT_MASK;
    struct registration_slot *slot = &fleet->registrations.slots[number];
    if (fleet->registrations.due_us[number] == REGISTRATION_IDLE || slot->step != STEP_HELLO ||
        slot->nonce != message.nonce)
        return;
    note_answer(fleet, number, now_us);
    switch (homing_cookie(fleet, slot->member, &message.homes, now_us)) {
    case HOMING_ELSEWHERE: redirect(fleet, number, now_us); return;
    case HOMING_NEEDLESS: withdraw(fleet, number, now_us); return;
    case HOMING_HERE: break;
    }
    slot->cookie = message;
    slot->step = STEP_REGISTER;
    slot->tries = 0;
    fleet->registrations.due_us[number] = now_us;
}

static void start_session(struct fleet *fleet, struct registration_slot *slot, const struct welcome_body *body,
                          const struct noise_keys *keys) {
    struct member *member = &fleet->members[slot->member];
    member->session_id = body->session_id;
    link_secret(keys, false, member->secret);
    link_tag_key(member->secret, LINK_TO_BOOTNODE, member->beat_key);
    link_tag_key(member->secret, LINK_TO_CLIENT, member->ack_key);
    memcpy(member->reset_token, body->reset_token, RESET_TOKEN_SIZE);
    member->token = body->token;
    member->version = (struct room_version){0};
    member->sealed = member->asked = member->arriving_count = member->moved_ms = 0;
    member->arriving_high = 0;
    member->flags &= MEMBER_LASTING;
    member->state = MEMBER_CONFIRMING;
    session_index_add(&fleet->index, slot->member);
    fleet->expiry_ms = body->expiry_ms;
}

static bool open_welcome(struct fleet *fleet, struct registration_slot *slot, struct noise *noise,
                         const struct welcome_message *message, uint64_t now_us) {
    uint8_t payload[PACKET_MAX];
    struct welcome_body body;
    struct noise_keys keys;
    size_t size;
    if (!noise_read(noise, message->noise, message->noise_size, payload, sizeof payload, &size) ||
        !noise_split(noise, &keys))
        return false;
    struct reader reader = reader_over(payload, size);
    read_welcome_body(&reader, &body);
    if (reader.failed || session_index_find(&fleet->index, body.session_id) != SESSION_INDEX_NONE) return false;
    start_session(fleet, slot, &body, &keys);
    if (body.complete && !roster_welcome(fleet, slot->member, &reader, now_us)) fleet->misdeeds.malformed++;
    if (body.complete) fleet->members[slot->member].version = body.version;
    return true;
}

static void take_welcome(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us) {
    struct welcome_message message;
    if (!welcome_decode(packet, size, &message)) return;
    uint32_t number = (uint32_t)message.attempt & SLOT_MASK;
    struct registration_slot *slot = &fleet->registrations.slots[number];
    if (fleet->registrations.due_us[number] == REGISTRATION_IDLE || slot->step != STEP_REGISTER) return;
    for (size_t i = 0; i < REGISTRATION_ATTEMPTS; i++) {
        if (slot->attempts[i].id != message.attempt) continue;
        fleet_heard(fleet, slot->member, now_us);
        if (!open_welcome(fleet, slot, &slot->attempts[i].noise, &message, now_us)) {
            fleet->misdeeds.forged++;
            return;
        }
        slot->step = STEP_CONFIRM;
        slot->since_us = slot->attempts[i].sent_us;
        slot->first_beat = slot->beats = 0;
        fleet->registrations.due_us[number] = now_us;
        return;
    }
}

static bool is_awaited(const struct fleet *fleet, uint32_t number, uint64_t nonce) {
    const struct registration_slot *slot = &fleet->registrations.slots[number];
    if (fleet->registrations.due_us[number] == REGISTRATION_IDLE) return false;
    bool awaited = slot->step == STEP_HELLO && slot->nonce == nonce;
    for (size_t i = 0; i < REGISTRATION_ATTEMPTS; i++)
        awaited = awaited || (slot->step == STEP_REGISTER && slot->attempts[i].id == nonce);
    return awaited;
}

/* It waits as it was told, and up to as much again, then begins with HELLO; its slot is another's meanwhile. */
static void wait_its_turn(struct fleet *fleet, uint32_t number, uint16_t retry_s, uint64_t now_us) {
    uint32_t member = fleet->registrations.slots[number].member;
    uint64_t wait_s = retry_s < REFUSED_LEAST_S ? REFUSED_LEAST_S : retry_s > REFUSED_MOST_S ? REFUSED_MOST_S : retry_s;
    uint64_t wait_us = wait_s * 1000000;
    fleet->comeback.result.busy++;
    window_lost(&fleet->registrations.window, now_us);
    free_slot(&fleet->registrations, number);
    if (!(fleet->members[member].flags & MEMBER_CHURNS)) fleet_set_out(fleet, member);
    fleet->members[member].state = MEMBER_AWAY;
    if (fleet->homes) fleet->members[member].node = NODES_ENTRY;
    fleet->members[member].resets = 0;
    fleet_plan(fleet, &(struct agenda_entry){.due_us = now_us + wait_us + fleet_random(fleet) % wait_us,
                                             .member = member,
                                             .errand = ERRAND_RETURN});
}

/* Who is told of another reason than that there is much to do would hear it again. */
static void take_refused(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us) {
    struct refused refused;
    if (!refused_decode(packet, size, &refused)) return;
    uint32_t number = (uint32_t)refused.nonce & SLOT_MASK;
    if (!is_awaited(fleet, number, refused.nonce)) return;
    note_answer(fleet, number, now_us);
    if (refused.reason == REFUSAL_ELSEWHERE) {
        redirect(fleet, number, now_us);
        return;
    }
    if (refused.reason == REFUSAL_BUSY || (fleet->homes && refused.reason == REFUSAL_DRAINING)) {
        wait_its_turn(fleet, number, refused.retry_s, now_us);
        return;
    }
    fleet->registrations.refused[refused.reason]++;
    give_up(fleet, number);
}

void registration_receive(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us) {
    switch (packet[0]) {
    case MESSAGE_COOKIE: take_cookie(fleet, packet, size, now_us); break;
    case MESSAGE_WELCOME: take_welcome(fleet, packet, size, now_us); break;
    default: take_refused(fleet, packet, size, now_us); break;
    }
}

bool registration_answered(struct fleet *fleet, uint32_t member, uint32_t counter, uint64_t now_us) {
    struct registrations *all = &fleet->registrations;
    uint32_t number = slot_of_member(all, member);
    if (number == REGISTRATION_SLOTS || counter < all->slots[number].first_beat) return false;
    free_slot(all, number);
    window_gained(&all->window);
    fleet->members[member].state = MEMBER_ACTIVE;
    fleet->members[member].registered_s = (uint16_t)(now_us / 1000000);
    fleet->counts.registered++;
    fleet->nodes.list[fleet->members[member].node].registered++;
    fleet->nodes.list[fleet->members[member].node].sessions++;
    fleet_returned(fleet, member);
    homing_arrived(fleet, member, now_us);
    return true;
}

/* Its time ran out before a beat came through: then none of these counts as one, and nobody has to see it join. */
static void note_lapse(struct fleet *fleet, const struct registration_slot *slot, uint64_t now_us) {
    fleet->counts.beats_reset += slot->beats;
    if (now_us - slot->since_us + ORACLE_EARLY_US < PROVISIONAL_US) fleet->misdeeds.resets++;
    if (fleet->members[slot->member].flags & MEMBER_WATCHED)
        oracle_lapses(fleet->oracle, fleet_place(fleet, slot->member), now_us);
}

void registration_reset(struct fleet *fleet, uint32_t member, uint64_t now_us) {
    uint32_t number = slot_of_member(&fleet->registrations, member);
    fleet_forget(fleet, member);
    if (number == REGISTRATION_SLOTS) return;
    note_lapse(fleet, &fleet->registrations.slots[number], now_us);
    greet_anew(fleet, number, now_us);
}
