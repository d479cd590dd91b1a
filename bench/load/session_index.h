/* From session id to member: open addressing over the members' own ids, at most half full. Not thread-safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/member.h"
#include "common/attributes.h"

#define SESSION_INDEX_NONE UINT32_MAX

struct session_index {
    const struct member *members; /* borrowed */
    uint32_t *places;
    size_t mask;
};

/* For `count` members at most. False without memory. */
MUST_USE bool session_index_create(struct session_index *index, const struct member *members, uint32_t count);
void session_index_destroy(struct session_index *index);
/* The member has its session id, which nobody else here has; it keeps it until it is removed. */
void session_index_add(struct session_index *index, uint32_t member);
void session_index_remove(struct session_index *index, uint32_t member);
uint32_t session_index_find(const struct session_index *index, uint64_t session_id);
