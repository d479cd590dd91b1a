/* The notice board of a cluster: NATS, on which each node hangs a beacon every second, and orders of its operators, for
 * all others to read. This is the bootnode's end; libnats lives in a process of its own (board_process.h), which parses
 * what comes from the network, holds the certificate, and knows no key of ours.
 *
 * - The process is forked before any key is read and before the first thread, becomes the bootnode's user, and shuts
 *   itself off. A pair of sockets (board_pair.h) joins it to us; it ends when we do, however we end.
 * - If it dies before us, its keeper (board_keeper.h) starts it anew, with growing pauses; meanwhile NATS counts as
 *   away: a cluster without its board goes on (STUN decides who lives). Where the keeper ends, too, that is told once.
 * - Nothing is kept: what is to be published while NATS is away, or faster than it goes, is dropped and counted, never
 *   sent later. What is heard bears the time at which it came to this machine. Even so a message may be old: a server
 *   that was stopped passes on what it had read before. So whoever reads a message judges by what it says (counters of
 *   beacons) whether it is news.
 * - Whoever publishes is who the subject says: the servers let an account publish its own two subjects alone
 *   (conf/cluster). Content is not looked at here.
 *
 * All functions but board_start are for one thread; none of them waits, but for board_start and board_stop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bootnode/cluster/board_pair.h"
#include "bootnode/config.h"
#include "common/attributes.h"
#include "common/why.h"

#define BOARD_START_MS 10000 /* for reading its files; more than it takes */
#define BOARD_STOP_MS 300    /* then nobody waits for it any more */

struct board {
    int socket;     /* -1: there is no process, or it has ended */
    pid_t process;  /* of the keeper; 0: never started */
    bool connected; /* as last taken */
    uint64_t published;
    uint64_t heard;
    uint64_t dropped; /* to be published, and the pair was full or NATS away */
    uint64_t refused; /* came, and was none of ours: foreign subjects, too long; or a server refused ours */
    uint64_t lost;    /* came, and we were too slow to take it */
    uint64_t deaths;  /* of the process, which was started anew */
};

enum board_news_kind {
    BOARD_NOTHING,      /* nothing more for now, or too much of what tells nothing: it waits for the next call */
    BOARD_CONNECTED,    /* NATS is there */
    BOARD_DISCONNECTED, /* NATS is away: `text` says why; also where it never was there. Once each time */
    BOARD_HEARD,        /* `message` */
    BOARD_ENDED,        /* the keeper: NATS is away for good. Once */
};

struct board_news {
    enum board_news_kind kind;
    char text[BOARD_TEXT_SIZE];   /* BOARD_CONNECTED: to which server; BOARD_DISCONNECTED: why */
    struct board_message message; /* BOARD_HEARD */
};

/* Forks the process, for config->cluster, which must be on, and config->node_id. No thread may run yet and no key be
 * read; `argv` is main's. Waits until it has read its files. False with one line in `why`: a file is not there or open
 * to others, say. Not that NATS is away: that is found out later. */
MUST_USE bool board_start(struct board *board, const struct bootnode_config *config, int argc, char **argv,
                          struct why *why);
/* Ends it. Nothing for one that is zeroed, or was not started. */
void board_stop(struct board *board);

/* To be polled for reading; -1 once it has ended. */
int board_descriptor(const struct board *board);
/* What happened next; bounded work, whatever the process sends. Says in the log that NATS is there, or away and why,
 * once each time, if not too often, and (seldom) what was refused. */
enum board_news_kind board_take(struct board *board, struct board_news *out);
/* Under our own id. False where it was dropped. `size` is at most BOARD_MESSAGE_MAX. */
bool board_publish(struct board *board, enum board_subject subject, const void *data, size_t size);
bool board_is_connected(const struct board *board);
