/* What the control socket tells of sessions, sources and rooms: walks over the tables (session_walk.h), and keeps the
 * most of what it sees in bounded memory. Members of the answers: doc/control.md. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "bootnode/ops/control_request.h"
#include "bootnode/ops/session_walk.h"

#define CONTROL_NETWORKS_MAX (1 << 17) /* that are counted one by one; beyond, the small ones are left out */

struct control_walk {
    const struct node *node;
    uint64_t now; /* server clock */
    struct session_walk_rest rest;
};

/* All are NULL without memory, or where `rest` ended the walk. The caller is a registered reader, online. */
json_t *control_lists_sessions(const struct control_walk *walk, const struct control_request *request);
json_t *control_lists_top(const struct control_walk *walk, const struct control_request *request);
json_t *control_lists_rooms(const struct control_walk *walk, const struct control_request *request);

/* The most sessions that a source has, and the most members of a room. False as above. */
MUST_USE bool control_lists_peaks(const struct control_walk *walk, uint32_t *source, uint32_t *room);

/* By which networks the sessions of one are told: the next narrower ones of those that limits know, or single
 * addresses. */
uint8_t control_lists_part_bits(const struct prefix *whole, bool ipv4);
