#include "bootnode/cluster/orders_keeper.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/guard/access_orders.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/rcu.h"

#define AREA "cluster"
#define SELDOM_S 60
#define SETTLE_MS 1000

/* --- Opening and closing --- */

bool orders_keeper_open(struct orders_keeper *keeper, uint8_t own, const struct seal_keys *keys, const char *path,
                        struct why *why) {
    pthread_mutex_init(&keeper->writing, NULL);
    pthread_mutex_init(&keeper->lock, NULL);
    keeper->is_open = true;
    keeper->file.descriptor = -1;
    orders_init(&keeper->orders, own);
    keeper->keys = *keys;
    if (!path) return true;
    if (!orders_file_open(&keeper->file, path, why)) return false;
    if (!orders_file_read(&keeper->file, &keeper->keys, &keeper->orders, clock_monotonic_ms(), clock_wall_ms()))
        log_warning(
            AREA,
            "%s: not all bans in it hold: it is torn, or sealed by no key that this node has, or of a time that is "
            "yet to come",
            path);
    return true;
}

void orders_keeper_close(struct orders_keeper *keeper) {
    if (!keeper->is_open) return;
    orders_file_close(&keeper->file);
    free(keeper->sent.list.items);
    orders_clear(&keeper->orders);
    sodium_memzero(&keeper->keys, sizeof keeper->keys);
    pthread_mutex_destroy(&keeper->lock);
    pthread_mutex_destroy(&keeper->writing);
    keeper->is_open = false;
}

/* --- What changed --- */

/* 0 or an errno. Nothing where another thread wrote it meanwhile. */
static int write_unkept(struct orders_keeper *keeper) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    pthread_mutex_lock(&keeper->lock);
    const bool unkept = keeper->unkept;
    if (unkept)
        bytes = orders_file_encode(&keeper->file, &keeper->keys, &keeper->orders, clock_monotonic_ms(), clock_wall_ms(),
                                   &size);
    if (bytes) keeper->unkept = false;
    pthread_mutex_unlock(&keeper->lock);
    if (!bytes) return unkept ? ENOMEM : 0;
    const int error = orders_file_write(&keeper->file, bytes, size) ? 0 : errno;
    free(bytes);
    if (error == 0) return 0;
    pthread_mutex_lock(&keeper->lock);
    keeper->unkept = true;
    pthread_mutex_unlock(&keeper->lock);
    return error;
}

/* Without `lock`. Whoever `waits` comes back when it is kept, or could not be. */
static void keep(struct orders_keeper *keeper, bool waits) {
    static struct log_limit limit;
    const bool online = rcu_reader_is_online();
    int error = 0;
    if (keeper->file.descriptor < 0) return;
    if (online) rcu_reader_offline();
    if ((waits ? pthread_mutex_lock : pthread_mutex_trylock)(&keeper->writing) == 0) {
        error = write_unkept(keeper);
        pthread_mutex_unlock(&keeper->writing);
    }
    if (online) rcu_reader_online();
    if (error != 0)
        log_seldom(&limit, SELDOM_S, LOG_LEVEL_WARNING, AREA, "bans cannot be kept for the next run: %s",
                   strerror(error));
}

static void apply(struct orders_keeper *keeper) {
    static struct log_limit limit;
    struct access_order *orders = keeper->access ? calloc(ACCESS_ORDERS_MAX, sizeof *orders) : NULL;
    size_t count = 0;
    const bool applied = orders && orders_effective(&keeper->orders, clock_monotonic_ms(), orders, &count) &&
                         access_take_orders(keeper->access, orders, count);
    if (keeper->access && !applied)
        log_seldom(&limit, SELDOM_S, LOG_LEVEL_ERROR, AREA, "out of memory for the bans of all nodes");
    free(orders);
}

/* keep is the caller's, without `lock`. */
static void change(struct orders_keeper *keeper) {
    keeper->heard = false;
    (void)orders_settle(&keeper->orders, clock_monotonic_ms(), clock_wall_ms());
    apply(keeper);
    keeper->unkept = true;
}

void orders_keeper_enter(struct orders_keeper *keeper, struct access *access) {
    pthread_mutex_lock(&keeper->lock);
    keeper->access = access;
    change(keeper);
    pthread_mutex_unlock(&keeper->lock);
    keep(keeper, true);
}

/* --- Ours --- */

static bool give(struct orders_keeper *keeper, enum order_kind kind, const struct prefix *prefix, uint64_t until_ms,
                 struct why *why) {
    pthread_mutex_lock(&keeper->lock);
    const bool given = orders_give(&keeper->orders, kind, prefix, until_ms, clock_wall_ms(), why);
    if (given) change(keeper);
    pthread_mutex_unlock(&keeper->lock);
    if (given) keep(keeper, true);
    return given;
}

bool orders_keeper_ban(struct orders_keeper *keeper, const struct prefix *prefix, uint64_t until_ms, struct why *why) {
    return access_may_ban(keeper->access, prefix, why) && give(keeper, ORDER_BAN, prefix, until_ms, why);
}

bool orders_keeper_allow(struct orders_keeper *keeper, const struct prefix *prefix, uint64_t until_ms,
                         struct why *why) {
    return give(keeper, ORDER_ALLOW, prefix, until_ms, why);
}

bool orders_keeper_lift(struct orders_keeper *keeper, enum access_rule rule, const struct prefix *prefix,
                        struct why *why) {
    return access_may_lift(keeper->access, rule, prefix, why) && give(keeper, ORDER_LIFT, prefix, NEVER, why);
}

/* --- Those of others --- */

const char *orders_refusal_name(enum orders_refusal refusal) {
    static const char *const names[ORDERS_REFUSALS] = {"malformed", "forged", "subject", "ahead", "stale", "too_many"};
    return names[refusal];
}

static void refuse(struct orders_keeper *keeper, uint8_t id, enum orders_refusal refusal) {
    static struct log_limit limit;
    static const char *const why[ORDERS_REFUSALS] = {"they are malformed",
                                                     "they are sealed by no key of ours",
                                                     "they are those of another node",
                                                     "they are of a time that is yet to come",
                                                     "they were sent long ago",
                                                     "there are too many"};
    keeper->figures.refused[refusal]++;
    log_seldom(&limit, SELDOM_S, LOG_LEVEL_WARNING, AREA, "bans that node %u tells are refused: %s", id, why[refusal]);
}

static void take(struct orders_keeper *keeper, const struct orders_part *part) {
    switch (orders_hear(&keeper->orders, part, clock_monotonic_ms(), clock_wall_ms())) {
    case ORDERS_TAKEN:
        keeper->figures.taken++;
        keeper->heard = true;
        break;
    case ORDERS_AHEAD: refuse(keeper, part->author, ORDERS_REFUSED_AHEAD); break;
    case ORDERS_STALE: refuse(keeper, part->author, ORDERS_REFUSED_STALE); break;
    case ORDERS_TOO_MANY: refuse(keeper, part->author, ORDERS_REFUSED_TOO_MANY); break;
    case ORDERS_GATHERED:
    case ORDERS_KNOWN:
    case ORDERS_NO_MEMORY: break; /* the next time, then */
    }
}

void orders_keeper_hear(struct orders_keeper *keeper, uint8_t id, const uint8_t *data, size_t size) {
    struct orders_message message;
    pthread_mutex_lock(&keeper->lock);
    const enum seal_verdict verdict = orders_decode(data, size, &keeper->keys, &message);
    if (verdict == SEAL_MALFORMED)
        refuse(keeper, id, ORDERS_REFUSED_MALFORMED);
    else if (verdict == SEAL_FORGED)
        refuse(keeper, id, ORDERS_REFUSED_FORGED);
    else if (message.part.author != id || id == keeper->orders.own)
        refuse(keeper, id, ORDERS_REFUSED_SUBJECT);
    else
        take(keeper, &message.part);
    pthread_mutex_unlock(&keeper->lock);
}

/* --- Sending --- */

void orders_keeper_repeat(struct orders_keeper *keeper) {
    pthread_mutex_lock(&keeper->lock);
    keeper->send_ms = 0;
    keeper->wait_ms = ORDERS_AGAIN_MS;
    pthread_mutex_unlock(&keeper->lock);
}

void orders_keeper_settle(struct orders_keeper *keeper, uint64_t now, uint64_t wall) {
    pthread_mutex_lock(&keeper->lock);
    const bool due = keeper->heard || now >= keeper->settle_ms;
    if (due) {
        const bool changed = orders_settle(&keeper->orders, now, wall) || keeper->heard;
        if (changed) apply(keeper);
        keeper->unkept |= changed;
        keeper->settle_ms = now + SETTLE_MS;
        keeper->heard = false;
    }
    pthread_mutex_unlock(&keeper->lock);
    if (due) keep(keeper, false);
}

/* Is one under way, or does one begin? */
static bool sends(struct orders_keeper *keeper, uint64_t now) {
    const uint64_t edition = keeper->orders.authors[keeper->orders.own].edition, former = keeper->sent.edition;
    if (keeper->sends) return true;
    if (edition == 0 || (now < keeper->send_ms && former == edition)) return false;
    if (!orders_copy_own(&keeper->orders, &keeper->sent)) return false;
    if (former != edition) keeper->wait_ms = ORDERS_AGAIN_MS;
    keeper->send_ms = now + keeper->wait_ms;
    keeper->wait_ms = earlier(2 * keeper->wait_ms, ORDERS_EVERY_MS);
    keeper->next_part = 0;
    keeper->sends = true;
    return true;
}

size_t orders_keeper_next(struct orders_keeper *keeper, uint64_t now, uint64_t wall,
                          uint8_t out[static ORDERS_MESSAGE_MAX]) {
    size_t size = 0;
    pthread_mutex_lock(&keeper->lock);
    if (sends(keeper, now)) {
        size = orders_encode(&keeper->sent, keeper->orders.own, keeper->next_part++, now, wall, &keeper->keys, out,
                             ORDERS_MESSAGE_MAX);
        keeper->sends = keeper->next_part < orders_parts(&keeper->sent);
    }
    pthread_mutex_unlock(&keeper->lock);
    return size;
}

void orders_keeper_look(struct orders_keeper *keeper, struct orders_figures *out) {
    pthread_mutex_lock(&keeper->lock);
    *out = keeper->figures;
    out->own = keeper->orders.authors[keeper->orders.own].list.count;
    out->others = keeper->orders.held - out->own;
    pthread_mutex_unlock(&keeper->lock);
}
