/* Three questions to somebody who starts GoChat for the first time, with nothing given: where, which room, what name.
 * Each answer is looked at before the next question. And the settings that come of them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "client/invite/invite.h"
#include "common/attributes.h"
#include "common/ini_key.h"
#include "common/names.h"
#include "common/text.h"
#include "common/why.h"

struct first_start {
    bool invited;
    struct invite invite;         /* an answer to the first question, which answers the second one, too */
    char bootnode[INI_TEXT_SIZE]; /* empty: invited */
    char room[ROOM_NAME_MAX + 1];
    char nick[TEXT_NICK_MAX + 1]; /* empty: whoever does not choose has the usual one */
    bool saves;                   /* is not to be asked again */
};

/* Who answers: client/ask, or a test. False: no more answers. */
struct first_start_asker {
    void *context;
    bool (*ask)(void *context, const char *prompt, char *out, size_t size);
    void (*tell)(void *context, const char *line);
};

/* `file`: where settings would be kept. False: somebody went away in between. The caller wipes `out`. */
MUST_USE bool first_start_ask(const struct first_start_asker *asker, const char *file, struct first_start *out);
/* Writes bootnode, room and nick into the file, which must not be there; its folder is made. Of an invite the bootnodes
 * alone: the room has its secret there. False with one line in `why`. */
MUST_USE bool first_start_save(const struct first_start *answers, const char *file, struct why *why);
