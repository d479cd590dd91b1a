/* Who is connected to the operators' page, and who has to go so that others get in.
 *
 * Rules:
 * 1. A visitor has `patience` in all, however slowly he speaks or listens.
 * 2. Places go first to those who have asked, whose answer is under way, then to the latest: whoever connects and asks
 *    at once is served, whatever was connected before him. One source (IPv4 /32, IPv6 /64) keeps VISITORS_PER_SOURCE
 *    places, all together keep VISITORS_KEPT; the
 *    others are for those who come.
 * 3. Nobody goes within VISITORS_GRACE_MS, nor while something that he said was not read yet: so who is new can ask.
 *
 * Times are monotonic milliseconds. Sockets are shut down and not closed: whose they are finds out and ends them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/address.h"
#include "common/attributes.h"

#define VISITORS_MAX 256
#define VISITORS_KEPT 192
#define VISITORS_PER_SOURCE 8
#define VISITORS_GRACE_MS 50 /* his request comes right behind his connection */

struct visitor {
    bool taken;      /* else the place is free */
    bool gone;       /* told to go; still takes a place */
    bool asked;      /* all of his request is here */
    int socket;      /* borrowed */
    uint64_t number; /* of those that came, from 1 */
    struct address source;
    uint64_t came_ms, deadline_ms;
};

struct visitors {
    struct visitor places[VISITORS_MAX];
    uint64_t came;              /* so many */
    bool (*speaks)(int socket); /* whether something waits to be read; NULL: visitors_speak */
    void (*end)(int socket);    /* NULL: visitors_end */
};

/* There must be a free place. */
struct visitor *visitors_come(struct visitors *visitors, int socket, const struct address *source, uint64_t now,
                              uint64_t patience_ms);
void visitors_leave(struct visitor *visitor);
/* Has those go whose turn it is. */
void visitors_sort_out(struct visitors *visitors, uint64_t now);
/* When to sort out again; NEVER where nobody is. */
uint64_t visitors_due(const struct visitors *visitors, uint64_t now);

/* What they do unless a test has them do something else. */
bool visitors_speak(int socket);
void visitors_end(int socket);
