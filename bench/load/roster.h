/* What WELCOME and CHANGES tell: every session keeps its room's version; those of watched rooms tell the oracle who is
 * there. No replay window is kept: a CHANGES that comes twice does not fit the second time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"

struct fleet;
struct reader;

/* It shall beat as soon as there is time. */
void roster_owe_beat(struct fleet *fleet, uint32_t member);
/* CHANGES, opened. */
void roster_changes(struct fleet *fleet, uint32_t member, const uint8_t *body, size_t size, uint64_t now_us);
/* WELCOME's member records: all others of the room. False when malformed. */
MUST_USE bool roster_welcome(struct fleet *fleet, uint32_t member, struct reader *records, uint64_t now_us);
