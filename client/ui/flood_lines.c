#include "client/ui/flood_lines.h"

#include <stdio.h>
#include <stdlib.h>

#define TOLD 0 /* as flood.place */

bool flood_lines_take(const struct models *models, const struct event *event, const struct taken *taken, bool terminal,
                      uint64_t now, char **text) {
    int choice = conversations_flood(&models->conversations);
    bool folds = choice == FLOOD_AUTO ? terminal : choice == FLOOD_ON, first_mention;
    *text = NULL;
    if (!folds || event->type != EVENT_MESSAGE || !taken->conversation) return false;
    const char *fingerprint = taken->author ? taken->author->fingerprint : event->fingerprint;
    const struct flood_said said = {event, fingerprint, taken->label, false};
    struct flood *flood = floods_take(&taken->conversation->floods, &said, now, &first_mention);
    if (flood && flood->place == FLOOD_NOWHERE) {
        if (asprintf(text, "%s says too much: further lines are folded into one", flood->label) < 0) abort();
        flood->place = TOLD;
    }
    return flood != NULL;
}

char *flood_lines_over(const struct models *models, uint64_t now, const struct conversation **room) {
    for (size_t i = 0; i < models->conversations.count; i++) {
        const struct flood *flood = floods_over(&models->conversations.list[i]->floods, now);
        *room = models->conversations.list[i];
        if (flood) return flood_text(flood);
    }
    return NULL;
}

uint64_t flood_lines_wait(const struct models *models, uint64_t now) {
    uint64_t wait = UINT64_MAX;
    for (size_t i = 0; i < models->conversations.count; i++) {
        uint64_t left = floods_wait(&models->conversations.list[i]->floods, now);
        if (left < wait) wait = left;
    }
    return wait;
}
