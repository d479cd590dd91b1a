/* A team: one piece of work done by several threads at once, of which the caller is the first. With one it is a call.
 *
 * The rule of what they touch: within team_do what belongs to number i is touched by thread i alone; before and after,
 * when no other thread does anything, by the caller. What crosses that line says for itself how. */
#pragma once

#include <stddef.h>

#include "common/attributes.h"

struct team;

/* Number `index` of the team, 0 is the caller. */
typedef void (*team_work)(void *context, size_t index);

#define TEAM_IDLE_US 1000

/* `count` at least 1. `idle`, called about every TEAM_IDLE_US by those who are done while others still work; NULL:
 * nothing. The threads have all signals blocked. NULL with errno. */
MUST_USE struct team *team_create(size_t count, team_work idle, void *context);
/* Not within team_do. */
void team_destroy(struct team *team);
/* Returns when all have done `work`, and none is in `idle` any more. */
void team_do(struct team *team, team_work work);
