/* Tab: completes commands, their arguments, rooms and nicks, and goes through the candidates when pressed again. Pure.
 * Candidates begin with what is typed, without regard to case. A nick at the start of the line gets ": ", everything
 * else a blank; an argument is quoted where it must be (arguments.h). A nick that does not say who is meant is offered
 * with digits of the key, so that what is completed always means the same member. Nicks
 * come with those who spoke last first. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/curses/editor.h"
#include "client/ui/conversations.h"

#define COMPLETION_CANDIDATES 1200

struct completion {
    bool active;       /* the last key was Tab, too */
    char **candidates; /* in the order they are offered */
    size_t count, next;
    size_t start, tail; /* of the editor's text: what is replaced begins, and what follows it */
    size_t inserted;    /* bytes that the last candidate took */
};

/* Offers the next (or the previous) candidate. False: there is none. `spoke` lists member ids, the last to speak first.
 */
bool completion_next(struct completion *completion, struct editor *editor, const struct conversations *conversations,
                     const uint8_t (*spoke)[MEMBER_ID_SIZE], size_t spoke_count, bool backwards);
/* Another key came. */
void completion_end(struct completion *completion);
