/* A view: which nodes of the cluster live, as one of them believes. No node asks another what it believes: each makes
 * its view from what it hears itself. PROTOCOL.md §2.7 has the rules, for whoever writes another bootnode.
 *
 * Invariants:
 * 1. A member was heard (a beacon, or an answer to our STUN) less than VIEW_ALIVE_MS ago, unless we are cut off; and
 *    whoever says that it serves, was heard so lately, and has a right clock, is a member, unless we are cut off.
 * 2. So two nodes that hear the same have the same view a step later; nodes that hear each other differ by those alone
 *    who came, went or changed within VIEW_ALIVE_MS.
 * 3. Where fewer than half of the members live (or half of them, without the one that has the lowest id), we are the
 *    ones who are cut off, and the members stay who they are: of two parts of a cluster one at most goes on alone.
 * 4. A view that had members has some: the last ones stay rather than none, unless another node is where they were.
 * 5. One id is one node: of two runs at different addresses, which both live, the one with a right clock, then the one
 *    that began first, then the one with the lower boot id has it; the other one is in no view.
 * 6. A restart within VIEW_ALIVE_MS changes no view: a member stays one while it is alive and does not leave.
 * 7. One address is one node: the last that was believed there. Of two that are heard there, the one that was first.
 * 8. In a cluster that serves one node joins after the other: the view grows by one, and then all moving is done.
 *
 * Pure: times and bytes come in, what is to be said comes out. `now` is monotonic, `wall` ms since 1970. It is large,
 * and lies in its owner. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/cluster/view_parts.h"
#include "bootnode/cluster/view_record.h"
#include "common/attributes.h"

void view_init(struct view *view, const struct view_own *own, uint64_t now);
/* Takes up a view that an earlier run kept. Before the first step. */
void view_resume(struct view *view, const struct view_record *kept, uint64_t now, uint64_t wall);
/* The board is there, or is not. */
void view_board(struct view *view, bool there, uint64_t now);
/* A node answered us by STUN. */
void view_answered(struct view *view, uint8_t id, uint64_t now);
/* We did not run for so long, and heard nobody: that is not their silence. */
void view_paused(struct view *view, uint64_t ms);
/* An operator's word: it is gone for good. False where it says itself that it lives, or is no member. */
MUST_USE bool view_forget(struct view *view, uint8_t id, uint64_t now);
/* Sees who lives, and what follows for us; `view->events` have what is to be said of it. True where the list of members
 * changed, or what clients are told of them. */
MUST_USE bool view_step(struct view *view, uint64_t now);

/* Who is alive and no member. */
struct cluster_set view_aside(const struct view *view, uint64_t now);
bool view_holds(const struct view *view, uint64_t now);
MUST_USE bool view_is_alive(const struct view_node *node, uint64_t now);
enum view_place view_place_of(const struct view *view, uint8_t id, uint64_t now);
/* The same for equal lists: of members with their weights. */
uint64_t view_fingerprint(const struct cluster_node *list, size_t count);
/* What is to be kept of it for the next run. */
void view_keep(const struct view *view, uint64_t wall, struct view_record *out);

const char *view_place_name(enum view_place place);
/* What is said of why we wait, as "waits until …". */
const char *view_wait_name(enum view_wait wait);
