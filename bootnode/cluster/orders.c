#include "bootnode/cluster/orders.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/holds.h"

#define GONE ORDER_KINDS /* of an order of ours that is to be left out */

void orders_init(struct orders *orders, uint8_t own) {
    *orders = (struct orders){.own = own};
}

void orders_clear(struct orders *orders) {
    for (size_t i = 0; i < ORDERS_AUTHORS; i++) {
        free(orders->authors[i].list.items);
        free(orders->authors[i].gathered.items);
    }
    orders_init(orders, orders->own);
}

static bool is_over(const struct order *order, uint64_t now) {
    return order->kind != ORDER_LIFT && order->until_ms <= now;
}

static bool lets_or_bans(const struct order *order, uint64_t now) {
    return order->kind != ORDER_LIFT && order->until_ms > now;
}

/* --- By network --- */

struct ranked {
    struct order *order;
    uint8_t author;
};

static int compare_networks(const struct order *a, const struct order *b) {
    if (a->prefix.bits != b->prefix.bits) return a->prefix.bits < b->prefix.bits ? -1 : 1;
    return memcmp(a->prefix.ip, b->prefix.ip, sizeof a->prefix.ip);
}

/* The last word first. */
static int compare_stamps(const void *a, const void *b) {
    const struct ranked *left = a, *right = b;
    if (left->order->stamp_ms != right->order->stamp_ms) return left->order->stamp_ms > right->order->stamp_ms ? -1 : 1;
    if (left->author != right->author) return left->author > right->author ? -1 : 1;
    return compare_networks(left->order, right->order);
}

static int compare_ranked(const void *a, const void *b) {
    const int network = compare_networks(((const struct ranked *)a)->order, ((const struct ranked *)b)->order);
    return network != 0 ? network : compare_stamps(a, b);
}

/* All, those of one network together, the last word first. The caller's to free; NULL without memory. */
static struct ranked *rank(const struct orders *orders) {
    struct ranked *all = malloc((orders->held + 1) * sizeof *all);
    size_t count = 0;
    for (size_t i = 0; i < ORDERS_AUTHORS && all; i++)
        for (size_t n = 0; n < orders->authors[i].list.count; n++)
            all[count++] = (struct ranked){&orders->authors[i].list.items[n], (uint8_t)i};
    if (all) qsort(all, count, sizeof *all, compare_ranked);
    return all;
}

/* How many of `count` are of the network of the first. */
static size_t group_at(const struct ranked *all, size_t count) {
    size_t size = 1;
    while (size < count && compare_networks(all[0].order, all[size].order) == 0) size++;
    return size;
}

bool orders_effective(const struct orders *orders, uint64_t now, struct access_order out[static ACCESS_ORDERS_MAX],
                      size_t *count) {
    struct ranked *all = rank(orders);
    size_t winners = 0;
    if (!all) return false;
    for (size_t i = 0, size; i < orders->held; i += size) {
        const struct ranked last_word = all[i];
        size = group_at(&all[i], orders->held - i);
        if (lets_or_bans(last_word.order, now)) all[winners++] = last_word;
    }
    qsort(all, winners, sizeof *all, compare_stamps);
    *count = winners < ACCESS_ORDERS_MAX ? winners : ACCESS_ORDERS_MAX;
    for (size_t i = 0; i < *count; i++) {
        const struct ranked *one = &all[*count - 1 - i];
        out[i] = (struct access_order){.rule = one->order->kind == ORDER_BAN ? ACCESS_BANNED : ACCESS_ALLOWED,
                                       .prefix = one->order->prefix,
                                       .until_ms = one->order->until_ms,
                                       .author = one->author};
    }
    free(all);
    return true;
}

/* --- Our own --- */

static struct orders_author *own_of(struct orders *orders) {
    return &orders->authors[orders->own];
}

/* Adds to the list; false without memory. */
static bool append(struct order_list *list, const struct order *order, size_t count) {
    if (count == 0) return true;
    struct order *items = realloc(list->items, (list->count + count) * sizeof *items);
    if (!items) return false;
    memcpy(items + list->count, order, count * sizeof *items);
    list->items = items;
    list->count += count;
    return true;
}

bool orders_copy_own(const struct orders *orders, struct orders_author *out) {
    const struct orders_author *own = &orders->authors[orders->own];
    struct order_list list = {.items = NULL};
    if (!append(&list, own->list.items, own->list.count)) return false;
    free(out->list.items);
    *out = (struct orders_author){.edition = own->edition, .list = list};
    return true;
}

static void next_edition(struct orders_author *author, uint64_t wall) {
    author->edition = later(author->edition + 1, wall);
}

static bool is_ahead(uint64_t time, uint64_t wall) {
    return time > wall + ORDERS_AHEAD_MS;
}

/* Rule 1: later than all that is known of the network. */
static uint64_t stamp_for(const struct orders *orders, const struct order *order, uint64_t wall, bool with_ahead) {
    uint64_t stamp = wall;
    for (size_t i = 0; i < ORDERS_AUTHORS; i++)
        for (size_t n = 0; n < orders->authors[i].list.count; n++) {
            const struct order *other = &orders->authors[i].list.items[n];
            if (compare_networks(other, order) != 0 || (!with_ahead && is_ahead(other->stamp_ms, wall))) continue;
            stamp = later(stamp, other->stamp_ms + 1);
        }
    return stamp;
}

static struct order *find_own(struct orders *orders, const struct order *order) {
    struct order_list *list = &own_of(orders)->list;
    for (size_t i = 0; i < list->count; i++)
        if (compare_networks(&list->items[i], order) == 0) return &list->items[i];
    return NULL;
}

bool orders_give(struct orders *orders, enum order_kind kind, const struct prefix *prefix, uint64_t until_ms,
                 uint64_t wall, struct why *why) {
    struct order order = {.kind = kind, .prefix = *prefix, .until_ms = kind == ORDER_LIFT ? NEVER : until_ms};
    struct order *former = find_own(orders, &order);
    order.stamp_ms = stamp_for(orders, &order, wall, true);
    if (former) {
        *former = order;
    } else {
        if (own_of(orders)->list.count >= ACCESS_ORDERS_MAX || orders->held >= ORDERS_HELD_MAX)
            return why_fail(why,
                            "there are %d bans and exceptions, which is the most; expected a deny_file for so many",
                            ACCESS_ORDERS_MAX);
        if (!append(&own_of(orders)->list, &order, 1)) return why_fail(why, "no memory for that");
        orders->held++;
    }
    next_edition(own_of(orders), wall);
    HOLDS(orders_holds(orders));
    return true;
}

/* Does something of another author last, that this order hides? */
static bool hides(const struct ranked *group, size_t size, uint8_t own, uint64_t now) {
    for (size_t i = 1; i < size; i++)
        if (group[i].author != own && lets_or_bans(group[i].order, now)) return true;
    return false;
}

/* Rule 3, for one network. */
static bool settle_group(const struct ranked *group, size_t size, uint8_t own, uint64_t now, uint64_t wall) {
    const enum order_kind former = group[0].order->kind;
    for (size_t i = 1; i < size; i++) {
        if (group[i].author != own) continue;
        group[i].order->kind = GONE;
        return true;
    }
    if (group[0].author != own) return false;
    if (is_over(group[0].order, now)) {
        group[0].order->kind = hides(group, size, own, now) ? ORDER_LIFT : GONE;
        group[0].order->until_ms = NEVER;
    } else if (former == ORDER_LIFT && wall >= group[0].order->stamp_ms + ORDERS_LIFT_MS &&
               !hides(group, size, own, now)) {
        group[0].order->kind = GONE;
    }
    return group[0].order->kind != former;
}

static void leave_out_gone(struct orders *orders) {
    struct order_list *list = &own_of(orders)->list;
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].kind != GONE) list->items[kept++] = list->items[i];
    orders->held -= list->count - kept;
    list->count = kept;
}

/* Rule 6, of the stamps. */
static bool date_orders_anew(struct orders *orders, uint64_t wall) {
    struct order_list *list = &own_of(orders)->list;
    bool changed = false;
    for (size_t i = 0; i < list->count; i++) {
        if (!is_ahead(list->items[i].stamp_ms, wall)) continue;
        list->items[i].stamp_ms = stamp_for(orders, &list->items[i], wall, false);
        changed = true;
    }
    return changed;
}

/* Rule 6, of the edition. Where our clock was wrong only now, others hold the one of before. */
static bool date_edition_anew(struct orders *orders, uint64_t wall) {
    struct orders_author *own = own_of(orders);
    if (is_ahead(own->edition, wall)) {
        if (orders->doubted == 0) orders->doubted = own->edition;
        own->edition = wall;
        return true;
    }
    if (orders->doubted == 0 || is_ahead(orders->doubted, wall)) return false;
    own->edition = later(own->edition, orders->doubted);
    orders->doubted = 0;
    next_edition(own, wall);
    return true;
}

static bool settle_all(struct orders *orders, uint64_t now, uint64_t wall) {
    const size_t held = orders->held;
    bool changed = false;
    struct ranked *all = own_of(orders)->list.count > 0 ? rank(orders) : NULL;
    if (!all) return false;
    for (size_t i = 0, size; i < held; i += size) {
        size = group_at(&all[i], held - i);
        changed |= settle_group(&all[i], size, orders->own, now, wall);
    }
    free(all);
    if (changed) leave_out_gone(orders);
    return changed;
}

bool orders_settle(struct orders *orders, uint64_t now, uint64_t wall) {
    const bool dated = date_edition_anew(orders, wall), stamped = date_orders_anew(orders, wall),
               changed = settle_all(orders, now, wall);
    if (changed || stamped) next_edition(own_of(orders), wall);
    HOLDS(orders_holds(orders));
    return dated || stamped || changed;
}

/* --- Those of others --- */

static void forget_gathered(struct orders *orders, struct orders_author *author) {
    orders->gathered -= author->gathered.count;
    free(author->gathered.items);
    author->gathered = (struct order_list){.items = NULL};
    author->gathered_edition = 0;
    author->gathered_parts = 0;
}

/* Rule 6. What we kept ourselves is dated anew instead. */
static bool is_part_ahead(const struct orders *orders, const struct orders_part *part, uint64_t wall) {
    bool ahead = is_ahead(part->edition, wall);
    for (size_t i = 0; i < part->count; i++) ahead |= is_ahead(part->items[i].stamp_ms, wall);
    return ahead && part->author != orders->own;
}

static uint64_t on_our_clock(uint64_t until, uint64_t wall, uint64_t now) {
    if (until == NEVER) return NEVER;
    const uint64_t left = until > wall ? until - wall : 0;
    return left < NEVER - 1 - now ? now + left : NEVER - 1;
}

/* Ends that part's gathering where it does not fit. */
static enum orders_verdict gather(struct orders *orders, struct orders_author *author, const struct orders_part *part,
                                  uint64_t now) {
    const size_t first = author->gathered.count;
    const bool fits = first + part->count <= ACCESS_ORDERS_MAX && orders->gathered + part->count <= ORDERS_HELD_MAX;
    if (!fits || !append(&author->gathered, part->items, part->count)) {
        forget_gathered(orders, author);
        return fits ? ORDERS_NO_MEMORY : ORDERS_TOO_MANY;
    }
    orders->gathered += part->count;
    for (size_t i = first; i < author->gathered.count; i++) {
        struct order *order = &author->gathered.items[i];
        order->until_ms = order->kind == ORDER_LIFT ? NEVER : on_our_clock(order->until_ms, part->wall_ms, now);
    }
    author->gathered_parts++;
    return ORDERS_GATHERED;
}

/* The edition is whole. */
static enum orders_verdict take_gathered(struct orders *orders, struct orders_author *author) {
    const size_t held = orders->held - author->list.count + author->gathered.count;
    if (held > ORDERS_HELD_MAX) {
        forget_gathered(orders, author);
        return ORDERS_TOO_MANY;
    }
    free(author->list.items);
    author->list = author->gathered;
    author->edition = author->gathered_edition;
    author->gathered = (struct order_list){.items = NULL};
    orders->gathered -= author->list.count;
    orders->held = held;
    forget_gathered(orders, author);
    return ORDERS_TAKEN;
}

static enum orders_verdict take_part(struct orders *orders, const struct orders_part *part, uint64_t now) {
    struct orders_author *author = &orders->authors[part->author];
    if (part->number == 0) {
        forget_gathered(orders, author);
        author->gathered_edition = part->edition;
    }
    if (author->gathered_edition != part->edition || author->gathered_parts != part->number) return ORDERS_KNOWN;
    enum orders_verdict verdict = gather(orders, author, part, now);
    if (verdict == ORDERS_GATHERED && author->gathered_parts == part->parts) verdict = take_gathered(orders, author);
    HOLDS(orders_holds(orders));
    return verdict;
}

enum orders_verdict orders_hear(struct orders *orders, const struct orders_part *part, uint64_t now, uint64_t wall) {
    const struct orders_author *author = &orders->authors[part->author];
    if (part->edition <= author->edition && !is_ahead(author->edition, wall)) return ORDERS_KNOWN;
    if (is_part_ahead(orders, part, wall)) return ORDERS_AHEAD;
    if (is_ahead(wall, part->wall_ms)) return ORDERS_STALE;
    return take_part(orders, part, now);
}

enum orders_verdict orders_recall(struct orders *orders, const struct orders_part *part, uint64_t now) {
    return part->edition <= orders->authors[part->author].edition ? ORDERS_KNOWN : take_part(orders, part, now);
}

bool orders_holds(const struct orders *orders) {
    size_t held = 0, gathered = 0;
    for (size_t i = 0; i < ORDERS_AUTHORS; i++) {
        const struct orders_author *author = &orders->authors[i];
        held += author->list.count;
        gathered += author->gathered.count;
        if (author->list.count > ACCESS_ORDERS_MAX || author->gathered.count > ACCESS_ORDERS_MAX) return false;
        if (author->edition == 0 && author->list.count > 0) return false;
    }
    return held == orders->held && gathered == orders->gathered && held <= ORDERS_HELD_MAX;
}
