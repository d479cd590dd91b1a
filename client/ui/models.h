/* What a UI keeps of its rooms: the conversations, whom it does not hear, and the transcripts. Every event of the
 * engine goes through models_take, once, and is then shown. */
#pragma once

#include <stdbool.h>

#include "client/events.h"
#include "client/ui/conversations.h"
#include "client/ui/ignores.h"
#include "client/ui/transcripts.h"
#include "client/ui/ui.h"
#include "common/attributes.h"
#include "common/why.h"

struct models {
    struct conversations conversations;
    struct ignores ignores;
    struct transcripts transcripts;
};

/* What became of an event. */
struct taken {
    struct conversation *conversation; /* whose event it is; NULL: of no room, or of one where we are not */
    const struct member *author; /* whom it is about, as the roster had them before (who leaves is gone from it), else
                                    has them now; NULL: nobody there. Until the next event. */
    struct member before;
    char label[ROSTER_LABEL_SIZE]; /* the author's, or ours, as a transcript has it */
    bool heard;                    /* to be shown: nobody ignored says it, and no transcript has shown it before */
};

/* Opens all three. False with one line in `why`: whom not to hear cannot be read; all are open none the less. */
MUST_USE bool models_open(struct models *models, const struct ui *ui, struct why *why);
void models_close(struct models *models);
/* Applies the event to the conversations. What was PARTED stays until it was shown (conversations.h). */
void models_take(struct models *models, const struct event *event, struct taken *out);
