#include "bootnode/ops/control_access.h"

#include <stdlib.h>
#include <string.h>

#include "bootnode/guard/access_orders.h"
#include "bootnode/guard/access_reason.h"
#include "bootnode/ops/control_text.h"
#include "common/clock.h"

#define NO_MEMORY "out of memory"
#define KICK_LEAST_MS 1000 /* in which the sessions are found that are to end: a ban that is over before ends none */

static uint64_t until_of(const struct control_request *request, uint32_t otherwise, uint64_t now) {
    uint32_t seconds = request->fields & CONTROL_HAS_SECONDS ? request->seconds : otherwise;
    return seconds == CONTROL_FOREVER ? NEVER : now + seconds * UINT64_C(1000);
}

static json_t *text_of_prefix(const struct prefix *prefix) {
    char text[PREFIX_TEXT_SIZE];
    return json_string(prefix_format(prefix, text));
}

/* Rounded up, so that what lasts is not said to be over. */
static json_t *time_left(uint64_t until, uint64_t now) {
    if (until == NEVER) return json_string("forever");
    return json_integer(until > now ? (json_int_t)((until - now + 999) / 1000) : 0);
}

static json_t *result_or(json_t *result, struct why *why) {
    if (!result) (void)why_fail(why, NO_MEMORY);
    return result;
}

static json_t *order_text(const struct prefix *prefix, uint64_t until, uint64_t now, struct why *why) {
    return result_or(json_pack("{s:o, s:o}", "prefix", text_of_prefix(prefix), "left_seconds", time_left(until, now)),
                     why);
}

static bool ban(const struct control_orders *orders, const struct prefix *prefix, uint64_t until, struct why *why) {
    struct clustering *clustering = orders->clustering;
    if (!clustering) return access_ban(orders->access, prefix, until, why);
    const bool banned = orders_keeper_ban(&clustering->orders, prefix, until, why);
    clustering_wake(clustering);
    return banned;
}

static bool allow(const struct control_orders *orders, const struct prefix *prefix, uint64_t until, struct why *why) {
    struct clustering *clustering = orders->clustering;
    if (!clustering) return access_allow(orders->access, prefix, until, why);
    const bool allowed = orders_keeper_allow(&clustering->orders, prefix, until, why);
    clustering_wake(clustering);
    return allowed;
}

static bool lift(const struct control_orders *orders, enum access_rule rule, const struct prefix *prefix,
                 struct why *why) {
    struct clustering *clustering = orders->clustering;
    if (!clustering)
        return rule == ACCESS_BANNED ? access_unban(orders->access, prefix, why)
                                     : access_disallow(orders->access, prefix, why);
    const bool lifted = orders_keeper_lift(&clustering->orders, rule, prefix, why);
    clustering_wake(clustering);
    return lifted;
}

json_t *control_access_ban(const struct control_orders *orders, const struct control_request *request, uint64_t now,
                           struct why *why) {
    uint64_t until = until_of(request, CONTROL_BAN_SECONDS, now);
    return ban(orders, &request->prefix, until, why) ? order_text(&request->prefix, until, now, why) : NULL;
}

json_t *control_access_allow(const struct control_orders *orders, const struct control_request *request, uint64_t now,
                             struct why *why) {
    uint64_t until = until_of(request, CONTROL_FOREVER, now);
    return allow(orders, &request->prefix, until, why) ? order_text(&request->prefix, until, now, why) : NULL;
}

json_t *control_access_lift(const struct control_orders *orders, const struct control_request *request,
                            struct why *why) {
    const enum access_rule rule = request->command == CONTROL_UNBAN ? ACCESS_BANNED : ACCESS_ALLOWED;
    const bool lifted = lift(orders, rule, &request->prefix, why);
    return lifted ? result_or(json_pack("{s:o}", "prefix", text_of_prefix(&request->prefix)), why) : NULL;
}

/* --- Lists --- */

/* All of them, the caller's to free; NULL without memory. One that comes meanwhile may be left out. */
static struct access_order *read_orders(struct access *access, size_t *count) {
    struct access_order *orders = calloc(ACCESS_ORDERS_MAX, sizeof *orders);
    *count = orders ? access_orders(access, orders, ACCESS_ORDERS_MAX) : 0;
    if (*count > ACCESS_ORDERS_MAX) *count = ACCESS_ORDERS_MAX;
    return orders;
}

json_t *control_access_kick(const struct control_orders *orders, const struct control_request *request, uint64_t now,
                            struct why *why) {
    uint64_t until = later(until_of(request, CONTROL_KICK_SECONDS, now), now + KICK_LEAST_MS);
    size_t count;
    struct access_order *known = read_orders(orders->access, &count);
    if (!known) return result_or(NULL, why);
    for (size_t i = 0; i < count; i++)
        if (known[i].rule == ACCESS_BANNED && prefix_equal(&known[i].prefix, &request->prefix))
            until = later(until, known[i].until_ms);
    free(known);
    return ban(orders, &request->prefix, until, why) ? order_text(&request->prefix, until, now, why) : NULL;
}

static json_t *describe_order(const struct access_order *order, bool has_author, uint64_t now) {
    json_t *row =
        json_pack("{s:o, s:s, s:o}", "prefix", text_of_prefix(&order->prefix), "rule",
                  order->rule == ACCESS_BANNED ? "banned" : "allowed", "left_seconds", time_left(order->until_ms, now));
    if (row && has_author) (void)json_object_set_new(row, "node", json_integer(order->author));
    return row;
}

json_t *control_access_orders(const struct control_orders *orders, const struct control_request *request,
                              uint64_t now) {
    size_t count, shown = 0;
    struct access_order *known = read_orders(orders->access, &count);
    json_t *array = known ? json_array() : NULL;
    for (size_t i = 0; array && i < count && shown < request->limit; i++) {
        if (known[i].until_ms <= now) continue;
        (void)json_array_append_new(array, describe_order(&known[i], orders->clustering != NULL, now));
        shown++;
    }
    free(known);
    return array ? json_pack("{s:I, s:o}", "in_all", (json_int_t)count, "bans", array) : NULL;
}

json_t *control_access_sizes(struct access *access) {
    struct access_sizes sizes;
    access_measure(access, &sizes);
    return json_pack("{s:I, s:I, s:I, s:I}", "denied_networks", (json_int_t)sizes.denied, "allowed_networks",
                     (json_int_t)sizes.allowed, "orders", (json_int_t)sizes.orders, "memory_bytes",
                     (json_int_t)sizes.bytes);
}

json_t *control_access_explain(struct access *access, const struct control_request *request, uint64_t now,
                               struct why *why) {
    static const char *const names[] = {
        [ACCESS_OPEN] = "open", [ACCESS_ALLOWED] = "allowed", [ACCESS_BANNED] = "banned", [ACCESS_DENIED] = "denied"};
    struct access_reason reason;
    struct address address = {.port = 1};
    char text[ACCESS_TEXT_SIZE];
    if (request->prefix.bits != PREFIX_BITS_MAX) {
        (void)why_fail(why, "why: expected an address, not a network of several");
        return NULL;
    }
    memcpy(address.ip, request->prefix.ip, sizeof address.ip);
    access_explain(access, &address, &reason);
    return result_or(json_pack("{s:s, s:o}", "rule", names[reason.rule], "reason",
                               control_text(access_reason_text(&reason, now, text))),
                     why);
}
