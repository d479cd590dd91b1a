/* Who really is in which room, and whether what clients tell of it is so. The driver (crowd.h) says what it does: it
 * starts clients, ends them and has them say things; and it hands over what the clients tell. Nothing that they tell
 * changes what is true. Plain tables, no clock: times are milliseconds of the caller's.
 *
 * What is complained of:
 *   WRONG_LEFT  told that a member left who is alive, or that it said so when it died without a word
 *   STRANGER    told of a member that nobody ever started in that room
 *   LATE        a newcomer has not seen all living members of its room `newcomer_ms` after its start
 *   LOST        a message has not come to a member that has been in the room long enough, `message_ms` after it was
 * said DOUBLED     it came twice and what truth_look finds: members who are not on the list of somebody, and who should
 * not be on it.
 *
 * A member counts as living for newcomers once it is `settled_ms` old. While there is an outage (no bootnode lives that
 * could tell), and `recovery_ms` after it, newcomers are not judged, nor are those messages that somebody new missed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/names.h"

#define TRUTH_ROOM_MAX 64        /* members alive in one room */
#define TRUTH_COMPLAINTS_MAX 256 /* that wait to be read; more are only counted */
#define TRUTH_NOBODY UINT32_MAX

struct truth_bounds {
    uint64_t newcomer_ms, settled_ms;
    uint64_t said_bye_ms; /* so long after a bye, nobody lists the member any more; */
    uint64_t silent_ms;   /* and so long after a death without a word */
    uint64_t connect_ms;  /* so long after both have started, they are connected */
    uint64_t message_ms, recovery_ms;
};

enum truth_end { TRUTH_SAID_BYE, TRUTH_DIED };
enum truth_fault {
    TRUTH_WRONG_LEFT,
    TRUTH_STRANGER,
    TRUTH_LATE,
    TRUTH_LOST,
    TRUTH_DOUBLED,
    TRUTH_MISSING,
    TRUTH_GHOST,
    TRUTH_UNCONNECTED,
    TRUTH_FAULTS
};
extern const char *const truth_fault_names[TRUTH_FAULTS];

struct truth_complaint {
    enum truth_fault fault;
    uint64_t at;
    uint32_t observer, about; /* about: TRUTH_NOBODY where it is a stranger */
    uint64_t since;           /* when `about` started, or ended */
};

/* Since truth_begin. The last three of `faults` are as truth_look found them last. */
struct truth_tally {
    size_t faults[TRUTH_FAULTS];
    size_t alive;
    uint64_t differed_at; /* the last look that found the lists differ; 0: none did */
    size_t said;
    uint32_t *seen_ms; /* how long newcomers took until they saw all; in order. The truth's, until it changes */
    uint32_t *connected_ms;
    size_t seen_count, connected_count;
};

struct truth;

MUST_USE struct truth *truth_create(const struct truth_bounds *bounds, unsigned rooms);
void truth_destroy(struct truth *truth);

/* --- What is so --- */

/* The number of the member that starts now: 0, 1, 2 … */
uint32_t truth_starts(struct truth *truth, unsigned room, const uint8_t id[static MEMBER_ID_SIZE], uint64_t now);
void truth_ends(struct truth *truth, uint32_t member, enum truth_end end, uint64_t now);
/* The number of the message that it says now. */
uint32_t truth_says(struct truth *truth, uint32_t member, uint64_t now);
/* No bootnode lives that could tell anything, or one does again. */
void truth_outage(struct truth *truth, bool outage, uint64_t now);
/* A new stretch: what was counted is forgotten, what is so is not. */
void truth_begin(struct truth *truth);

/* --- What clients tell --- */

void truth_joined(struct truth *truth, uint32_t observer, const uint8_t id[static MEMBER_ID_SIZE], uint64_t now);
void truth_connected(struct truth *truth, uint32_t observer, const uint8_t id[static MEMBER_ID_SIZE], uint64_t now);
void truth_left(struct truth *truth, uint32_t observer, const uint8_t id[static MEMBER_ID_SIZE], bool said_bye,
                uint64_t now);
void truth_heard(struct truth *truth, uint32_t observer, const uint8_t id[static MEMBER_ID_SIZE], uint32_t message,
                 uint64_t now);

/* --- What comes of it --- */

/* Compares all lists with the truth, and judges what is due by now. Each MISSING, GHOST and UNCONNECTED is complained
 * of once, when `tell`. True: nothing differs. */
bool truth_look(struct truth *truth, bool tell, uint64_t now);
/* The oldest complaint that was not read yet. */
bool truth_next_complaint(struct truth *truth, struct truth_complaint *out);
struct truth_tally truth_tally(struct truth *truth);
size_t truth_alive(const struct truth *truth);
size_t truth_alive_in(const struct truth *truth, unsigned room);
