/* Where the members of a cluster are to have their sessions, and how they come there, as clients do (PROTOCOL.md §2.2):
 *
 *   a COOKIE names homes      whoever asked at another node than one of them says HELLO there; a home without a session
 *                             of the member is asked for one
 *   NOTICE elsewhere          likewise
 *   homes that are none       once all homes have a session, or one of them has for 10 s, the member leaves the others
 *                             with LEAVE (moves); what is at a node that is silent is let go without a word
 *   a silent node             for 3 s: its members ask the entry, each within 5 s, and again every 5 s
 *
 * Everything here is nothing where the bootnode is in no cluster. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct agenda_entry;
struct fleet;
struct named_homes;

enum homing {
    HOMING_HERE,      /* it registers where it asked */
    HOMING_ELSEWHERE, /* it says HELLO to the node that its place is at from now on */
    HOMING_NEEDLESS,  /* all homes have a session of its member, or are about to */
};

/* A COOKIE for this place came from where it is. */
enum homing homing_cookie(struct fleet *fleet, uint32_t place, const struct named_homes *named, uint64_t now_us);
/* The member of this session was told. */
void homing_notice(struct fleet *fleet, uint32_t place, const struct named_homes *named, uint64_t now_us);
/* Its session is an active one: others may be left. */
void homing_arrived(struct fleet *fleet, uint32_t place, uint64_t now_us);
/* The node answers nobody: its members ask elsewhere. */
void homing_seek(struct fleet *fleet, uint8_t node, uint64_t now_us);
/* So does this one, at the entry; it keeps what it has. */
void homing_ask(struct fleet *fleet, uint32_t place, uint64_t at_us);
/* ERRAND_DEPART, ERRAND_MOVE. */
void homing_errand(struct fleet *fleet, const struct agenda_entry *entry, uint64_t now_us);
/* RESET: it left for its other sessions. */
void homing_left(struct fleet *fleet, uint32_t place, uint64_t now_us);
