#include "common/wire/bootnode_bodies.h"

#include <string.h>

#include "common/suite.h"
#include "common/wire/candidate.h"

#define WELCOME_COMPLETE 0x01
#define WELCOME_RELAYS 0x02
#define WELCOME_SUCCEEDED 0x04

#define PROOFS_MAX 1

#define CHANGE_LEFT_SIZE (1 + MEMBER_ID_SIZE + 1)
#define MEMBER_RECORD_FIXED (MEMBER_ID_SIZE + 6)

struct room_version read_room_version(struct reader *reader) {
    struct room_version version;
    version.epoch = read_u32(reader);
    version.count = read_u32(reader);
    return version;
}

void write_room_version(struct writer *writer, struct room_version version) {
    write_u32(writer, version.epoch);
    write_u32(writer, version.count);
}

void read_cookie(struct reader *reader, struct cookie *out) {
    out->time = read_u32(reader);
    read_bytes(reader, out->tag, sizeof out->tag);
}

void write_cookie(struct writer *writer, const struct cookie *cookie) {
    write_u32(writer, cookie->time);
    write_bytes(writer, cookie->tag, sizeof cookie->tag);
}

void read_address(struct reader *reader, struct address *out) {
    read_bytes(reader, out->ip, sizeof out->ip);
    if (address_scope(out) != 0) reader_fail(reader);
    out->port = read_u16(reader);
}

void write_address(struct writer *writer, const struct address *address) {
    const struct address plain = address_unscoped(*address);
    write_bytes(writer, plain.ip, sizeof plain.ip);
    write_u16(writer, address->port);
}

static void read_suite_mask(struct reader *reader, uint8_t *out) {
    *out = read_u8(reader);
    if (!(*out & SUITE_CHACHA20_POLY1305) || *out & ~(SUITE_CHACHA20_POLY1305 | SUITE_AES256_GCM)) reader_fail(reader);
}

static void read_candidate_count(struct reader *reader, uint8_t most, struct candidate_list *out) {
    *out = (struct candidate_list){.count = read_u8(reader)};
    if (out->count <= most) return;
    out->count = 0;
    reader_fail(reader);
}

static void write_candidate_count(struct writer *writer, uint8_t most, const struct candidate_list *list) {
    if (list->count > most) writer->failed = true;
    write_u8(writer, list->count);
}

/* Those of a member record: some are marked as seen. */
static void read_marked(struct reader *reader, struct candidate_list *list) {
    for (uint8_t i = 0; i < list->count; i++) {
        bool seen;
        read_candidate(reader, &list->items[i], &seen);
        list->seen = (uint8_t)(list->seen | seen << i);
    }
}

static void write_marked(struct writer *writer, const struct candidate_list *list) {
    for (uint8_t i = 0; i < list->count && !writer->failed; i++)
        write_candidate(writer, &list->items[i], candidate_is_seen(list, i));
}

static void read_candidates(struct reader *reader, struct candidate_list *list) {
    read_marked(reader, list);
    if (list->seen != 0) reader_fail(reader);
}

static void write_candidates(struct writer *writer, const struct candidate_list *list) {
    if (list->seen != 0) writer->failed = true;
    write_marked(writer, list);
}

static void read_proof(struct reader *reader, bool *has_proof, struct address_proof *out) {
    uint8_t count = read_u8(reader);
    *has_proof = count != 0;
    *out = (struct address_proof){0};
    if (count > PROOFS_MAX) reader_fail(reader);
    if (!*has_proof) return;
    read_address(reader, &out->address);
    read_cookie(reader, &out->cookie);
}

static void write_proof(struct writer *writer, bool has_proof, const struct address_proof *proof) {
    write_u8(writer, has_proof);
    if (!has_proof) return;
    write_address(writer, &proof->address);
    write_cookie(writer, &proof->cookie);
}

void read_candidate_list(struct reader *reader, uint8_t most, struct candidate_list *out) {
    read_candidate_count(reader, most, out);
    read_candidates(reader, out);
}

void write_candidate_list(struct writer *writer, uint8_t most, const struct candidate_list *list) {
    write_candidate_count(writer, most, list);
    write_candidates(writer, list);
}

void read_register_body(struct reader *reader, struct register_body *out) {
    read_bytes(reader, out->room_tag, sizeof out->room_tag);
    read_bytes(reader, out->member_key, sizeof out->member_key);
    read_bytes(reader, out->possession, sizeof out->possession);
    read_suite_mask(reader, &out->suite_mask);
    read_candidate_count(reader, MEMBER_CANDIDATES_MAX, &out->candidates);
    out->revision = read_u32(reader);
    read_candidates(reader, &out->candidates);
    read_proof(reader, &out->has_proof, &out->proof);
}

void write_register_body(struct writer *writer, const struct register_body *body) {
    write_bytes(writer, body->room_tag, sizeof body->room_tag);
    write_bytes(writer, body->member_key, sizeof body->member_key);
    write_bytes(writer, body->possession, sizeof body->possession);
    write_u8(writer, body->suite_mask);
    write_candidate_count(writer, MEMBER_CANDIDATES_MAX, &body->candidates);
    write_u32(writer, body->revision);
    write_candidates(writer, &body->candidates);
    write_proof(writer, body->has_proof, &body->proof);
}

void read_welcome_body(struct reader *reader, struct welcome_body *out) {
    out->session_id = read_u64(reader);
    read_bytes(reader, out->reset_token, sizeof out->reset_token);
    out->beat_ms = read_u16(reader);
    out->expiry_ms = read_u16(reader);
    out->answer_every = read_u8(reader);
    uint8_t flags = read_u8(reader);
    if (flags & ~(WELCOME_COMPLETE | WELCOME_RELAYS | WELCOME_SUCCEEDED)) reader_fail(reader);
    out->complete = flags & WELCOME_COMPLETE;
    out->relays = flags & WELCOME_RELAYS;
    out->room_limit = read_u16(reader);
    out->token = read_u16(reader);
    out->version = read_room_version(reader);
    out->wall_ms = read_u64(reader);
    out->succeeded = flags & WELCOME_SUCCEEDED;
    if (out->succeeded) read_bytes(reader, out->successor, sizeof out->successor);
}

static uint8_t welcome_flags(const struct welcome_body *body) {
    return (uint8_t)((body->complete ? WELCOME_COMPLETE : 0) | (body->relays ? WELCOME_RELAYS : 0) |
                     (body->succeeded ? WELCOME_SUCCEEDED : 0));
}

void write_welcome_body(struct writer *writer, const struct welcome_body *body) {
    write_u64(writer, body->session_id);
    write_bytes(writer, body->reset_token, sizeof body->reset_token);
    write_u16(writer, body->beat_ms);
    write_u16(writer, body->expiry_ms);
    write_u8(writer, body->answer_every);
    write_u8(writer, welcome_flags(body));
    write_u16(writer, body->room_limit);
    write_u16(writer, body->token);
    write_room_version(writer, body->version);
    write_u64(writer, body->wall_ms);
    if (body->succeeded) write_bytes(writer, body->successor, sizeof body->successor);
}

void read_member_record(struct reader *reader, struct member_record *out) {
    read_bytes(reader, out->id, sizeof out->id);
    read_suite_mask(reader, &out->suite_mask);
    read_candidate_count(reader, RECORD_CANDIDATES_MAX, &out->candidates);
    out->revision = read_u32(reader);
    read_marked(reader, &out->candidates);
}

void write_member_record(struct writer *writer, const struct member_record *record) {
    write_bytes(writer, record->id, sizeof record->id);
    write_u8(writer, record->suite_mask);
    write_candidate_count(writer, RECORD_CANDIDATES_MAX, &record->candidates);
    write_u32(writer, record->revision);
    write_marked(writer, &record->candidates);
}

size_t member_record_size(const struct member_record *record) {
    size_t size = MEMBER_RECORD_FIXED;
    for (uint8_t i = 0; i < record->candidates.count; i++) size += candidate_size(&record->candidates.items[i]);
    return size;
}

void read_changes_header(struct reader *reader, struct changes_header *out) {
    *out = (struct changes_header){.kind = (enum changes_kind)read_u8(reader)};
    if (out->kind != CHANGES_DELTA && out->kind != CHANGES_FULL) reader_fail(reader);
    read_zeros(reader, 1);
    out->to = read_room_version(reader);
    out->from = read_u32(reader);
    if (out->kind == CHANGES_DELTA) return;
    if (out->from != 0) reader_fail(reader);
    read_bytes(reader, out->low, sizeof out->low);
    read_bytes(reader, out->high, sizeof out->high);
    if (memcmp(out->low, out->high, sizeof out->low) > 0) reader_fail(reader);
}

void write_changes_header(struct writer *writer, const struct changes_header *header) {
    write_u8(writer, (uint8_t)header->kind);
    write_zeros(writer, 1);
    write_room_version(writer, header->to);
    write_u32(writer, header->kind == CHANGES_FULL ? 0 : header->from);
    if (header->kind == CHANGES_DELTA) return;
    write_bytes(writer, header->low, sizeof header->low);
    write_bytes(writer, header->high, sizeof header->high);
}

static bool change_belongs(enum change change, enum changes_kind kind) {
    if (kind == CHANGES_FULL) return change == CHANGE_PRESENT;
    return change >= CHANGE_JOINED && change <= CHANGE_UPDATED;
}

void read_change_entry(struct reader *reader, enum changes_kind kind, struct change_entry *out) {
    *out = (struct change_entry){.change = (enum change)read_u8(reader)};
    if (!change_belongs(out->change, kind)) reader_fail(reader);
    if (out->change != CHANGE_LEFT) {
        read_member_record(reader, &out->record);
        return;
    }
    read_bytes(reader, out->record.id, sizeof out->record.id);
    out->reason = (enum leave_reason)read_u8(reader);
    if (out->reason > LEAVE_MOVED) reader_fail(reader);
}

void write_change_entry(struct writer *writer, const struct change_entry *entry) {
    write_u8(writer, (uint8_t)entry->change);
    if (entry->change != CHANGE_LEFT) {
        write_member_record(writer, &entry->record);
        return;
    }
    write_bytes(writer, entry->record.id, sizeof entry->record.id);
    write_u8(writer, (uint8_t)entry->reason);
}

size_t change_entry_size(const struct change_entry *entry) {
    return entry->change == CHANGE_LEFT ? CHANGE_LEFT_SIZE : 1 + member_record_size(&entry->record);
}

void read_update_body(struct reader *reader, struct update_body *out) {
    out->revision = read_u32(reader);
    read_candidate_count(reader, MEMBER_CANDIDATES_MAX, &out->candidates);
    read_candidates(reader, &out->candidates);
    read_proof(reader, &out->has_proof, &out->proof);
}

void write_update_body(struct writer *writer, const struct update_body *body) {
    write_u32(writer, body->revision);
    write_candidate_count(writer, MEMBER_CANDIDATES_MAX, &body->candidates);
    write_candidates(writer, &body->candidates);
    write_proof(writer, body->has_proof, &body->proof);
}

void read_leave_body(struct reader *reader, enum leave_reason *out) {
    *out = (enum leave_reason)read_u8(reader);
    if (*out != LEAVE_SAID && *out != LEAVE_MOVED) reader_fail(reader);
}

void write_leave_body(struct writer *writer, enum leave_reason reason) {
    write_u8(writer, (uint8_t)reason);
}

void read_notice_body(struct reader *reader, struct notice_body *out) {
    *out = (struct notice_body){.kind = (enum notice_kind)read_u8(reader)};
    switch (out->kind) {
    case NOTICE_ENDING:
    case NOTICE_RESTARTING: out->retry_ms = read_u32(reader); break;
    case NOTICE_ELSEWHERE:
        out->homes.replicas = read_u8(reader);
        out->homes.count = read_u8(reader);
        read_homes(reader, &out->homes);
        break;
    default: reader_fail(reader);
    }
}

void write_notice_body(struct writer *writer, const struct notice_body *body) {
    write_u8(writer, (uint8_t)body->kind);
    if (body->kind != NOTICE_ELSEWHERE) {
        write_u32(writer, body->retry_ms);
        return;
    }
    write_u8(writer, body->homes.replicas);
    write_u8(writer, body->homes.count);
    write_homes(writer, &body->homes);
}
