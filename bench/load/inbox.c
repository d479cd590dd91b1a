#include "bench/load/inbox.h"

#include <sodium.h>

#include "bench/load/churn.h"
#include "bench/load/comeback.h"
#include "bench/load/debts.h"
#include "bench/load/fleet_parts.h"
#include "bench/load/homing.h"
#include "bench/load/registration.h"
#include "bench/load/roster.h"
#include "bench/load/silence.h"
#include "common/link.h"
#include "common/suite.h"

static void take_reset(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us) {
    struct reset reset;
    if (!reset_decode(packet, size, &reset)) {
        fleet->misdeeds.malformed++;
        return;
    }
    uint32_t number = session_index_find(&fleet->index, reset.session_id);
    if (number == SESSION_INDEX_NONE) return;
    const struct member *member = &fleet->members[number];
    if (sodium_memcmp(reset.token, member->reset_token, RESET_TOKEN_SIZE) != 0) {
        fleet->misdeeds.forged++;
        return;
    }
    fleet_heard(fleet, number, now_us);
    if (member->state == MEMBER_CONFIRMING) {
        registration_reset(fleet, number, now_us);
    } else if (member->state == MEMBER_LEAVING) {
        churn_left(fleet, number, now_us);
    } else if (member->state == MEMBER_MOVING) {
        homing_left(fleet, number, now_us);
    } else if (member->state == MEMBER_ACTIVE || member->state == MEMBER_ASKING) {
        comeback_reset(fleet, number, now_us);
    }
}

/* Who gets it twice was told. One that is not confirmed yet asks all the time. */
static void take_notice(struct fleet *fleet, uint32_t number, uint16_t token, const uint8_t *body, size_t size,
                        uint64_t now_us) {
    struct reader reader = reader_over(body, size);
    struct notice_body notice;
    read_notice_body(&reader, &notice);
    if (!reader_finished(&reader)) {
        fleet->misdeeds.malformed++;
        return;
    }
    if (notice.kind == NOTICE_ELSEWHERE) {
        fleet->members[number].token = token; /* the next beat shows that it was heard */
        roster_owe_beat(fleet, number);
        homing_notice(fleet, number, &notice.homes, now_us);
    }
    if (notice.kind == NOTICE_ENDING && fleet->homes) homing_ask(fleet, number, now_us);
    fleet->draining |= notice.kind == NOTICE_ENDING && !fleet->homes;
    if (notice.kind == NOTICE_RESTARTING && fleet->members[number].state == MEMBER_ACTIVE)
        comeback_notice(fleet, number, notice.retry_ms, now_us);
}

static void take_sealed(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us) {
    struct sealed_header header;
    uint8_t key[SUITE_KEY_SIZE], body[PACKET_MAX];
    size_t body_size;
    if (!sealed_header_decode(packet, size, &header)) {
        fleet->misdeeds.malformed++;
        return;
    }
    uint32_t number = session_index_find(&fleet->index, header.session_id);
    if (number == SESSION_INDEX_NONE) return;
    link_seal_key(fleet->members[number].secret, LINK_TO_CLIENT, key);
    if (!link_open(key, &header, packet, size, body, &body_size)) {
        fleet->misdeeds.forged++;
        return;
    }
    fleet_heard(fleet, number, now_us);
    if (header.type == MESSAGE_CHANGES) fleet->members[number].token = header.token;
    if (header.type == MESSAGE_CHANGES) roster_changes(fleet, number, body, body_size, now_us);
    if (header.type == MESSAGE_NOTICE) take_notice(fleet, number, header.token, body, body_size, now_us);
}

static void take_path(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us) {
    struct path_message path;
    if (!path_decode(packet, size, &path)) {
        fleet->misdeeds.malformed++;
        return;
    }
    uint32_t number = session_index_find(&fleet->index, path.session_id);
    if (number == SESSION_INDEX_NONE) return;
    struct member *member = &fleet->members[number];
    if (!link_check_path(member->ack_key, packet)) {
        fleet->misdeeds.forged++;
        return;
    }
    fleet_heard(fleet, number, now_us);
    if (member->state != MEMBER_ACTIVE && member->state != MEMBER_CONFIRMING) return;
    if (!(member->flags & MEMBER_ASTRAY)) fleet->astray++;
    member->flags |= MEMBER_ASTRAY;
    if (member->moved_ms != 0 && fleet_ms(now_us) - member->moved_ms < REPEAT_US / 1000) return;
    member->moved_ms = fleet_ms(now_us);
    debts_add(fleet, &(struct debt){.member = number, .moves = true, .cookie = path.cookie});
}

static uint64_t request_of(struct fleet *fleet, uint32_t member, uint32_t counter) {
    struct asked *asked = &fleet->asked[counter % ASKED_RING];
    if (asked->counter != counter || asked->member != member) return TRAFFIC_NO_ANSWER;
    asked->counter = 0;
    return asked->number;
}

/* Who beats from elsewhere gets PATH alone. */
static void note_place(struct fleet *fleet, struct member *member) {
    if (!(member->flags & MEMBER_ASTRAY)) return;
    member->flags &= (uint8_t)~MEMBER_ASTRAY;
    fleet->astray--;
    fleet->counts.moved++;
}

static uint64_t take_answer(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us) {
    struct beat beat;
    if (!beat_decode(packet, size, &beat)) {
        fleet->misdeeds.malformed++;
        return TRAFFIC_NO_ANSWER;
    }
    uint32_t number = session_index_find(&fleet->index, beat.session_id);
    if (number == SESSION_INDEX_NONE) return TRAFFIC_NO_ANSWER;
    struct member *member = &fleet->members[number];
    if (!link_check_beat(member->ack_key, packet)) {
        fleet->misdeeds.forged++;
        return TRAFFIC_NO_ANSWER;
    }
    fleet_heard(fleet, number, now_us);
    note_place(fleet, member);
    bool missed = beat.flag && member->token != beat.token;
    member->token = beat.token;
    if (missed && member->state == MEMBER_ACTIVE) roster_owe_beat(fleet, number);
    if (member->state == MEMBER_CONFIRMING && registration_answered(fleet, number, beat.counter, now_us))
        comeback_done(fleet, number, now_us);
    else if (member->state == MEMBER_ASKING)
        comeback_answered(fleet, number, beat.counter, now_us);
    if (member->flags & MEMBER_LAST_WORD && !beat.flag) silence_answered(fleet, number, beat.counter, now_us);
    return request_of(fleet, number, beat.counter);
}

uint64_t inbox_receive(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us) {
    switch (size > 0 && size <= PACKET_MAX ? packet[0] : 0) {
    case MESSAGE_BEAT_ACK: return take_answer(fleet, packet, size, now_us);
    case MESSAGE_COOKIE:
    case MESSAGE_WELCOME:
    case MESSAGE_REFUSED: registration_receive(fleet, packet, size, now_us); break;
    case MESSAGE_PATH: take_path(fleet, packet, size, now_us); break;
    case MESSAGE_RESET: take_reset(fleet, packet, size, now_us); break;
    case MESSAGE_CHANGES:
    case MESSAGE_NOTICE: take_sealed(fleet, packet, size, now_us); break;
    case MESSAGE_RELAY: break; /* what comes late of a row of them */
    default: fleet->misdeeds.malformed++;
    }
    return TRAFFIC_NO_ANSWER;
}
