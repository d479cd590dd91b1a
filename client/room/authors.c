#include <stdlib.h>
#include <string.h>

#include "client/room/parts.h"

/* Each nick is a line on our disk. */
#define NICK_EVERY_MS 20000
#define NICK_BURST 5

struct author {
    uint8_t id[MEMBER_ID_SIZE];
    uint64_t run, private_sequence;    /* of the last private message */
    uint64_t rename_ms, rename_filled; /* saved up for nicks */
    uint64_t used;                     /* ms, for making room */
};

/* A new one, in place of the one that was heard least recently when there are too many. */
static struct author *author_add(struct chatroom *room, struct author *oldest, const uint8_t *id) {
    if (room->author_count < CHATROOM_AUTHORS_MAX) {
        struct author *grown = realloc(room->authors, (room->author_count + 1) * sizeof *grown);
        if (!grown) abort();
        room->authors = grown;
        oldest = &grown[room->author_count++];
    }
    *oldest = (struct author){.rename_ms = NICK_BURST * NICK_EVERY_MS, .rename_filled = room->now};
    memcpy(oldest->id, id, MEMBER_ID_SIZE);
    return oldest;
}

struct author *author_of(struct chatroom *room, const struct peer *peer) {
    struct author *found = NULL, *oldest = NULL;
    for (size_t i = 0; i < room->author_count && !found; i++) {
        struct author *author = &room->authors[i];
        if (memcmp(author->id, peer->pair.other_id, MEMBER_ID_SIZE) == 0) found = author;
        if (!oldest || author->used < oldest->used) oldest = author;
    }
    if (!found) found = author_add(room, oldest, peer->pair.other_id);
    found->used = room->now;
    return found;
}

bool author_whispers(struct author *author, uint64_t run, uint64_t sequence) {
    if (author->run != run) author->private_sequence = 0;
    author->run = run;
    if (sequence <= author->private_sequence) return false;
    author->private_sequence = sequence;
    return true;
}

bool author_may_rename(struct author *author, uint64_t now) {
    uint64_t saved = author->rename_ms + (now - author->rename_filled);
    author->rename_ms = saved < NICK_BURST * NICK_EVERY_MS ? saved : NICK_BURST * NICK_EVERY_MS;
    author->rename_filled = now;
    if (author->rename_ms < NICK_EVERY_MS) return false;
    author->rename_ms -= NICK_EVERY_MS;
    return true;
}

void authors_clear(struct chatroom *room) {
    free(room->authors);
    room->authors = NULL;
    room->author_count = 0;
}
