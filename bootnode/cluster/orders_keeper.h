/* Keeps the orders of a cluster (orders.h) for all threads of a bootnode: the control socket's gives some, the
 * cluster's hears those of others and sends ours. What holds goes into guard/access.h, what is known into a file, so
 * that orders outlast a restart.
 *
 * Ours are sent at once when they change and when somebody appears on the board; then again after ORDERS_AGAIN_MS,
 * twice that and so on, up to ORDERS_EVERY_MS: who was about to come back to the board misses little. What has begun is
 * sent whole, as it was then, though they change meanwhile: else they would not get through while they change often. A
 * node that has not given any order, ever, sends none. Whoever calls is a registered reader of RCU, online.
 *
 * Invariant: nobody waits for the disk but who has given an order, and he is no reader of RCU meanwhile. The file has a
 * mutex of its own, which is taken first; what it gets is encoded under the other one, and written without that. The
 * cluster's thread writes as well, but where somebody else does already it comes again at its next turn. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/cluster/orders.h"
#include "bootnode/cluster/orders_codec.h"
#include "bootnode/cluster/orders_file.h"
#include "bootnode/cluster/seal.h"
#include "bootnode/guard/access.h"
#include "common/attributes.h"
#include "common/why.h"

#define ORDERS_AGAIN_MS 1000
#define ORDERS_EVERY_MS 30000
#define ORDERS_FILE_SUFFIX ".orders" /* behind the name of the view's file */

/* Why a message of another node was not taken. */
enum orders_refusal {
    ORDERS_REFUSED_MALFORMED,
    ORDERS_REFUSED_FORGED,
    ORDERS_REFUSED_SUBJECT, /* it is another node's than its subject says */
    ORDERS_REFUSED_AHEAD,
    ORDERS_REFUSED_STALE, /* sent long ago */
    ORDERS_REFUSED_TOO_MANY,
    ORDERS_REFUSALS
};

struct orders_figures {
    size_t own, others; /* orders that are known */
    uint64_t taken;     /* editions of others */
    uint64_t refused[ORDERS_REFUSALS];
};

struct orders_keeper {
    pthread_mutex_t writing; /* for the file; before `lock` */
    struct orders_file file;
    pthread_mutex_t lock; /* for all that follows */
    struct orders orders;
    struct seal_keys keys;
    struct access *access;       /* NULL until orders_keeper_enter */
    bool heard;                  /* an edition of another node, which does not hold yet */
    bool unkept;                 /* the file lacks what changed last, and nobody is writing that */
    struct orders_author sent;   /* ours, as they were when they were sent last, or are being sent now; */
    bool sends;                  /* then */
    unsigned next_part;          /* of them */
    uint64_t send_ms, settle_ms; /* when that is due, monotonic */
    uint64_t wait_ms;            /* from the next time that they are sent to the one after */
    struct orders_figures figures;
    bool is_open;
};

/* Before the sandbox. `path`: NULL: nothing is kept. False with one line in `why`; orders_keeper_close is due either
 * way. `keeper` is zeroed; the keys are copied. */
MUST_USE bool orders_keeper_open(struct orders_keeper *keeper, uint8_t own, const struct seal_keys *keys,
                                 const char *path, struct why *why);
/* Nothing where it was never opened. */
void orders_keeper_close(struct orders_keeper *keeper);
/* From now on they hold. `access` is borrowed; nobody else gives it orders. The caller may be offline, and stays so. */
void orders_keeper_enter(struct orders_keeper *keeper, struct access *access);

/* As access_ban and so on (guard/access_orders.h), for all nodes. cluster_wake is the caller's. */
MUST_USE bool orders_keeper_ban(struct orders_keeper *keeper, const struct prefix *prefix, uint64_t until_ms,
                                struct why *why);
MUST_USE bool orders_keeper_allow(struct orders_keeper *keeper, const struct prefix *prefix, uint64_t until_ms,
                                  struct why *why);
MUST_USE bool orders_keeper_lift(struct orders_keeper *keeper, enum access_rule rule, const struct prefix *prefix,
                                 struct why *why);

/* A message that node `id` hung on the board. What it changes holds after orders_keeper_settle: that takes a while, and
 * whoever sends edition after edition has it done once a turn. */
void orders_keeper_hear(struct orders_keeper *keeper, uint8_t id, const uint8_t *data, size_t size);
/* Somebody is on the board who may lack ours. */
void orders_keeper_repeat(struct orders_keeper *keeper);
/* What was heard holds; and now and then, what is over is lifted. Once a turn. */
void orders_keeper_settle(struct orders_keeper *keeper, uint64_t now, uint64_t wall);
/* Returns the size of the next message that is to be sent, 0 where there is none for
 * now. */
MUST_USE size_t orders_keeper_next(struct orders_keeper *keeper, uint64_t now, uint64_t wall,
                                   uint8_t out[static ORDERS_MESSAGE_MAX]);
void orders_keeper_look(struct orders_keeper *keeper, struct orders_figures *out);
/* "malformed" … "too_many". */
const char *orders_refusal_name(enum orders_refusal refusal);
