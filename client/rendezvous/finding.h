/* Where the bootnode is, and whether it is there: HELLO to its doors, which of them is in use, where it sees us at the
 * other family, and when it is lost and back. It knows no key, and makes no session. Times are in ms. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/rendezvous/parts.h"

/* From the start, after `delay` and up to as much again; a session ends without a word. */
void finding_restart(struct rendezvous *rendezvous, uint64_t delay, uint64_t now);
/* Asks the doors from now on; those that are due, finding_greet. */
void finding_seek(struct rendezvous *rendezvous, uint64_t now);
void finding_greet(struct rendezvous *rendezvous, uint64_t now);
/* Does it look for the bootnode, without anything else? */
bool finding_looks(const struct rendezvous *rendezvous);

/* This door is the one in use, with what it said. */
void finding_use(struct rendezvous *rendezvous, size_t index, uint64_t now);
/* Where we are seen at the other family; another address is told at once, and so is one that was told in vain. */
void finding_look_at_proof(struct rendezvous *rendezvous, uint64_t now);
/* What goes out now has a proof that may be too old, or another run's of the bootnode: then the address is not told. */
void finding_note_age_of_proof(struct rendezvous *rendezvous, uint64_t now);

/* Something authentic came from it: it is back, where it was lost. */
void finding_lives(struct rendezvous *rendezvous, uint64_t now);
/* Told once. */
void finding_lose(struct rendezvous *rendezvous, const char *why, uint64_t now);
/* Since when the session is not answered; NEVER: it is, or there is none. */
uint64_t finding_missing_since(const struct rendezvous *rendezvous);
