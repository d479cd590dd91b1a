/* What a person decides in a private room: who stands how, its topic, its rule. PROTOCOL.md §3.7. Each is false with
 * one line in `why`: we may not, or nothing would change. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/room/council.h"
#include "common/attributes.h"
#include "common/why.h"

/* Removing and banning makes a new secret, which that one does not get. An op who becomes something else leaves what it
 * said to the owner. */
MUST_USE bool decisions_standing(struct council *council, const uint8_t key[static 32], enum standing standing,
                                 uint64_t now, struct why *why);
/* UTF-8, STATEMENT_BODY_MAX bytes at most. */
MUST_USE bool decisions_topic(struct council *council, const char *topic, size_t size, uint64_t now, struct why *why);
MUST_USE bool decisions_rule(struct council *council, enum membership_rule rule, uint64_t now, struct why *why);
