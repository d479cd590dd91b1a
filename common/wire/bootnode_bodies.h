/* What the packets between client and bootnode carry inside: the payloads of the handshake and the plain text of sealed
 * packets, and the fields that several of them share. PROTOCOL.md §2 has the bytes.
 *
 * Readers and writers go over the plain body; the caller asks reader_finished / writer_size at the end. Readers take
 * exactly what is specified: a set zero field or an unknown flag fails them. Writers fail on a list that is too long.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/bytes.h"
#include "common/names.h"
#include "common/wire/homes.h"
#include "common/wire/packet.h"

#define RESET_TOKEN_SIZE 16
#define MEMBER_CANDIDATES_MAX 6 /* that a client may name; the seen addresses come on top */
#define RECORD_CANDIDATES_MAX 8
#define CANDIDATE_MAX 19 /* bytes of one */
#define MEMBER_RECORD_MAX (22 + RECORD_CANDIDATES_MAX * CANDIDATE_MAX)

struct cookie {
    uint32_t time;
    uint8_t tag[TAG_SIZE];
};
#define COOKIE_SIZE 20

struct candidate_list {
    struct address items[RECORD_CANDIDATES_MAX];
    uint8_t count;
    uint8_t seen; /* bit i: a bootnode saw the member at item i; in member records alone */
};
static inline bool candidate_is_seen(const struct candidate_list *list, unsigned index) {
    return list->seen >> index & 1;
}

/* Shows that a client receives at an address of the other family, too: the cookie that a bootnode sent there. */
struct address_proof {
    struct address address;
    struct cookie cookie;
};
#define ADDRESS_SIZE 18 /* 16 of IPv6, and a port */
#define ADDRESS_PROOF_SIZE (ADDRESS_SIZE + COOKIE_SIZE)

struct member_record {
    uint8_t id[MEMBER_ID_SIZE];
    uint8_t suite_mask;
    uint32_t revision;
    struct candidate_list candidates;
};

/* Epoch 0 is "none". */
struct room_version {
    uint32_t epoch;
    uint32_t count;
};
static inline bool room_version_equal(struct room_version a, struct room_version b) {
    return a.epoch == b.epoch && a.count == b.count;
}

#define POSSESSION_SIZE 16
struct register_body { /* payload of Noise_NK message 1 */
    uint8_t room_tag[ROOM_TAG_SIZE];
    uint8_t member_key[MEMBER_KEY_SIZE];
    uint8_t possession[POSSESSION_SIZE]; /* possession.h */
    uint8_t member_id[MEMBER_ID_SIZE]; /* not on the wire: whoever has proven the key has this id (member_id_of_key) */
    uint8_t suite_mask;
    uint32_t revision;
    struct candidate_list candidates; /* at most MEMBER_CANDIDATES_MAX, none seen */
    bool has_proof;
    struct address_proof proof;
};
#define REGISTER_KEY_OFFSET ROOM_TAG_SIZE
#define REGISTER_POSSESSION_OFFSET (REGISTER_KEY_OFFSET + MEMBER_KEY_SIZE)
#define REGISTER_BODY_MIN 71
#define REGISTER_BODY_MAX (REGISTER_BODY_MIN + MEMBER_CANDIDATES_MAX * CANDIDATE_MAX + ADDRESS_PROOF_SIZE)

struct welcome_body { /* payload of Noise_NK message 2, followed by member records up to its end */
    uint64_t session_id;
    uint8_t reset_token[RESET_TOKEN_SIZE];
    uint16_t beat_ms;
    uint16_t expiry_ms;
    uint8_t answer_every;
    bool complete, relays;
    uint16_t room_limit;
    uint16_t token; /* the first that a beat echoes */
    struct room_version version;
    uint64_t wall_ms; /* the bootnode's clock: since 1970; 0: not told */
    bool succeeded;   /* the key that this answers to was replaced */
    uint8_t successor[32];
};
#define WELCOME_BODY_SIZE 50
#define WELCOME_SUCCESSOR_SIZE 32 /* behind it, where there is one */

enum changes_kind { CHANGES_DELTA = 0, CHANGES_FULL = 1 };
struct changes_header { /* start of the body; entries follow up to its end */
    enum changes_kind kind;
    struct room_version to;
    uint32_t from;
    uint8_t low[MEMBER_ID_SIZE], high[MEMBER_ID_SIZE]; /* full only; zeros in a delta */
};
#define CHANGES_HEADER_DELTA_SIZE 14
#define CHANGES_HEADER_FULL_SIZE 46

enum change { CHANGE_JOINED = 1, CHANGE_LEFT, CHANGE_UPDATED, CHANGE_PRESENT };
/* Moved: to other nodes of the cluster, where it is still a member. LEAVE says the last two. */
enum leave_reason { LEAVE_SILENT = 0, LEAVE_SAID = 1, LEAVE_MOVED = 2 };
#define LEAVE_BODY_SIZE 1
struct change_entry {
    enum change change;
    struct member_record record; /* for CHANGE_LEFT only `id` */
    enum leave_reason reason;    /* CHANGE_LEFT only */
};

struct update_body {
    uint32_t revision;
    struct candidate_list candidates; /* at most MEMBER_CANDIDATES_MAX, none seen */
    bool has_proof;
    struct address_proof proof;
};
#define UPDATE_BODY_MIN 6
#define UPDATE_BODY_MAX (UPDATE_BODY_MIN + MEMBER_CANDIDATES_MAX * 19 + ADDRESS_PROOF_SIZE)

enum notice_kind { NOTICE_ENDING = 1, NOTICE_RESTARTING = 2, NOTICE_ELSEWHERE = 3 };
struct notice_body {
    enum notice_kind kind;
    uint32_t retry_ms;        /* ending: try again after that long; restarting: it should be back by then */
    struct named_homes homes; /* elsewhere: where the room is to be found from now on */
};
#define NOTICE_BODY_SIZE 5 /* ending, restarting */
#define NOTICE_BODY_MAX (3 + HOMES_SIZE_MAX)
#define NOTICE_MOST_MS 60000 /* a client takes what is longer for that */

void read_register_body(struct reader *reader, struct register_body *out);
void write_register_body(struct writer *writer, const struct register_body *body);
/* A count and as many candidates, at most `most`; none is marked as seen, which only bootnodes may say. */
void read_candidate_list(struct reader *reader, uint8_t most, struct candidate_list *out);
void write_candidate_list(struct writer *writer, uint8_t most, const struct candidate_list *list);
void read_welcome_body(struct reader *reader, struct welcome_body *out);
void write_welcome_body(struct writer *writer, const struct welcome_body *body);
void read_member_record(struct reader *reader, struct member_record *out);
void write_member_record(struct writer *writer, const struct member_record *record);
size_t member_record_size(const struct member_record *record);
void read_changes_header(struct reader *reader, struct changes_header *out);
void write_changes_header(struct writer *writer, const struct changes_header *header);
/* A delta holds everything but CHANGE_PRESENT, a full list only that. */
void read_change_entry(struct reader *reader, enum changes_kind kind, struct change_entry *out);
void write_change_entry(struct writer *writer, const struct change_entry *entry);
size_t change_entry_size(const struct change_entry *entry);
void read_update_body(struct reader *reader, struct update_body *out);
void write_update_body(struct writer *writer, const struct update_body *body);
/* LEAVE_SAID or LEAVE_MOVED. */
void read_leave_body(struct reader *reader, enum leave_reason *out);
void write_leave_body(struct writer *writer, enum leave_reason reason);
void read_notice_body(struct reader *reader, struct notice_body *out);
void write_notice_body(struct writer *writer, const struct notice_body *body);
struct room_version read_room_version(struct reader *reader);
void write_room_version(struct writer *writer, struct room_version version);
void read_cookie(struct reader *reader, struct cookie *out);
void write_cookie(struct writer *writer, const struct cookie *cookie);
void read_address(struct reader *reader, struct address *out);
void write_address(struct writer *writer, const struct address *address);
