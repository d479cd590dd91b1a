#include "client/ui/models.h"

#include <string.h>

bool models_open(struct models *models, const struct ui *ui, struct why *why) {
    conversations_init(&models->conversations, ui->nick, ui->fingerprint);
    models->conversations.settings = ui->settings;
    transcripts_open(&models->transcripts, ui->directory);
    return ignores_open(&models->ignores, ui->directory, why);
}

void models_close(struct models *models) {
    conversations_clear(&models->conversations);
    ignores_close(&models->ignores);
    transcripts_close(&models->transcripts);
}

static const struct member *member_of(const struct conversation *conversation, const struct event *event) {
    return conversation ? roster_find(&conversation->roster, event->peer) : NULL;
}

static const struct roster *roster_of(const struct taken *taken) {
    return taken->conversation ? &taken->conversation->roster : NULL;
}

static void label_author(const struct models *models, const struct event *event, struct taken *out) {
    if (event->type == EVENT_SENT)
        conversations_own_label(&models->conversations, out->conversation, out->label);
    else if (out->author)
        memcpy(out->label, out->author->label, sizeof out->label);
    else
        roster_label_among(roster_of(out), event->nick, event->fingerprint, event->peer, out->label);
}

/* A message that others passed on names the key of an author who is not here. */
static bool is_ignored(const struct models *models, const struct event *event, const struct member *author) {
    const char *fingerprint = author ? author->fingerprint : event->history ? event->fingerprint : "";
    return event->type == EVENT_MESSAGE && ignores_has(&models->ignores, fingerprint);
}

void models_take(struct models *models, const struct event *event, struct taken *out) {
    const struct conversation *there = event->room ? conversations_find(&models->conversations, event->room) : NULL;
    const struct member *before = member_of(there, event);
    *out = (struct taken){.heard = false};
    if (before) out->before = *before;
    out->conversation = conversations_apply(&models->conversations, event);
    out->author = before ? &out->before : member_of(out->conversation, event);
    if (event->type == EVENT_PEER_CONNECTED) out->author = member_of(out->conversation, event);
    label_author(models, event, out);
    out->heard = !is_ignored(models, event, out->author) && !transcripts_have_shown(&models->transcripts, event);
}
