/* Sockets that were bound before this process began, and handed over to it by the service manager (sd_listen_fds(3)).
 *
 * Rules:
 * 1. Some are its own (a .socket unit, by which a port below 1024 takes no right, and stays open while nobody runs).
 *    They take the place of `listen`.
 * 2. Others are ours: a bootnode before this one had them kept. Their names say the place that each had in its group
 *    (lane, worker, of how many workers), since the order in which they come back says nothing. They serve what
 * `listen` says, where it still says that.
 * 3. What waits in their buffers is served by who takes them, and nobody is refused in between.
 * 4. A socket has one owner: whoever took it, and handed_close for the rest. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bootnode/lanes.h"
#include "common/address.h"
#include "common/attributes.h"

#define HANDED_NAME_SIZE 64

/* A place in the group of an address. */
struct handed_place {
    enum lane lane;
    size_t worker, workers;
};

/* "lane.session.0.4": of four workers the first one's. */
void handed_name(const struct handed_place *place, char out[static HANDED_NAME_SIZE]);
MUST_USE bool handed_name_parse(const char *name, struct handed_place *out);

struct handed_socket {
    int descriptor; /* -1: taken */
    struct address bound;
    bool kept; /* by rule 2; else by rule 1 */
    struct handed_place place;
};

struct handed {
    struct handed_socket *items; /* in the order in which they came */
    size_t count;
};

/* Takes them from the environment, which has nothing of them afterwards; what does not belong there, or is no UDP
 * socket, is closed, with a line in the log. Call it once, before any file is opened. */
void handed_open(struct handed *handed);
/* The same for descriptors `first` to `first` + `count` - 1, with their names separated by colons, or NULL. */
void handed_open_from(struct handed *handed, int first, size_t count, const char *names);
/* How many of one kind are there for this address. */
size_t handed_count(const struct handed *handed, const struct address *bound, bool kept);
/* The next of a kind, in order; -1: none is left. The caller's from now on. */
int handed_take(struct handed *handed, const struct address *bound, bool kept);
/* The one with that place. */
int handed_take_place(struct handed *handed, const struct address *bound, const struct handed_place *place);
/* Is every place of a group of so many workers taken by one, and is there no other one? */
bool handed_is_whole(const struct handed *handed, const struct address *bound, size_t workers);
/* Closes what nobody took. */
void handed_close(struct handed *handed);
