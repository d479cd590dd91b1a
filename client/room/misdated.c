#include "client/room/misdated.h"

#include <string.h>

#include "common/clock.h"

/* MISDATED_AUTHORS: it is not there. */
static size_t place_of(const struct misdated *misdated, const struct feed_name *feed) {
    size_t at = 0;
    while (at < MISDATED_AUTHORS &&
           (misdated->authors[at].highest == 0 || !feed_name_equal(&misdated->authors[at].feed, feed)))
        at++;
    return at;
}

/* MISDATED_AUTHORS: all have something to tell. */
static size_t free_place(const struct misdated *misdated) {
    for (size_t i = 0; i < MISDATED_AUTHORS; i++)
        if (misdated->authors[i].highest == 0) return i;
    for (size_t i = 0; i < MISDATED_AUTHORS; i++)
        if (misdated->authors[i].count == 0) return i;
    return MISDATED_AUTHORS;
}

/* Its place, made if there is a free one; else MISDATED_AUTHORS. */
static size_t place_for(struct misdated *misdated, const struct chat_message *chat) {
    const struct feed_name feed = feed_name_of(chat->author, chat->run);
    size_t at = place_of(misdated, &feed);
    if (at < MISDATED_AUTHORS) return at;
    at = free_place(misdated);
    if (at == MISDATED_AUTHORS) return at;
    misdated->authors[at] = (struct misdated_author){.feed = feed};
    memcpy(misdated->authors[at].nick, chat->nick, chat->nick_size);
    return at;
}

/* False: it was counted before. */
static bool count(struct misdated *misdated, const struct chat_message *chat) {
    size_t at = place_for(misdated, chat);
    if (at == MISDATED_AUTHORS) {
        misdated->others++;
        return true;
    }
    if (chat->sequence <= misdated->authors[at].highest) return false;
    misdated->authors[at].highest = chat->sequence;
    misdated->authors[at].count++;
    return true;
}

bool misdated_is_news(const struct misdated *misdated, const struct chat_message *chat) {
    const struct feed_name feed = feed_name_of(chat->author, chat->run);
    size_t at = place_of(misdated, &feed);
    return at == MISDATED_AUTHORS || chat->sequence > misdated->authors[at].highest;
}

void misdated_add(struct misdated *misdated, const struct chat_message *chat, uint64_t now) {
    if (!count(misdated, chat) || misdated->due > 0) return;
    misdated->due = now + MISDATED_WAIT_MS;
    if (misdated->due < misdated->not_again) misdated->due = misdated->not_again;
}

uint64_t misdated_due(const struct misdated *misdated) {
    return misdated->due > 0 ? misdated->due : NEVER;
}

size_t misdated_take(struct misdated *misdated, struct misdated_author *out, uint64_t *others, uint64_t now) {
    size_t count = 0;
    for (size_t i = 0; i < MISDATED_AUTHORS; i++) {
        if (misdated->authors[i].count == 0) continue;
        out[count++] = misdated->authors[i];
        misdated->authors[i].count = 0;
    }
    *others = misdated->others;
    misdated->others = 0;
    misdated->due = 0;
    misdated->not_again = now + MISDATED_EVERY_MS;
    return count;
}
