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

json_t *control_access_ban(struct access *access, const struct control_request *request, uint64_t now,
                           struct why *why) {
    uint64_t until = until_of(request, CONTROL_BAN_SECONDS, now);
    return access_ban(access, &request->prefix, until, why) ? order_text(&request->prefix, until, now, why) : NULL;
}

json_t *control_access_allow(struct access *access, const struct control_request *request, uint64_t now,
                             struct why *why) {
    uint64_t until = until_of(request, CONTROL_FOREVER, now);
    return access_allow(access, &request->prefix, until, why) ? order_text(&request->prefix, until, now, why) : NULL;
}

json_t *control_access_lift(struct access *access, const struct control_request *request, struct why *why) {
    bool lifted = request->command == CONTROL_UNBAN ? access_unban(access, &request->prefix, why)
                                                    : access_disallow(access, &request->prefix, why);
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

json_t *control_access_kick(struct access *access, const struct control_request *request, uint64_t now,
                            struct why *why) {
    uint64_t until = later(until_of(request, CONTROL_KICK_SECONDS, now), now + KICK_LEAST_MS);
    size_t count;
    struct access_order *orders = read_orders(access, &count);
    if (!orders) return result_or(NULL, why);
    for (size_t i = 0; i < count; i++)
        if (orders[i].rule == ACCESS_BANNED && prefix_equal(&orders[i].prefix, &request->prefix))
            until = later(until, orders[i].until_ms);
    free(orders);
    return access_ban(access, &request->prefix, until, why) ? order_text(&request->prefix, until, now, why) : NULL;
}

json_t *control_access_orders(struct access *access, const struct control_request *request, uint64_t now) {
    size_t count, shown = 0;
    struct access_order *orders = read_orders(access, &count);
    json_t *array = orders ? json_array() : NULL;
    for (size_t i = 0; array && i < count && shown < request->limit; i++) {
        if (orders[i].until_ms <= now) continue;
        json_t *row = json_pack("{s:o, s:s, s:o}", "prefix", text_of_prefix(&orders[i].prefix), "rule",
                                orders[i].rule == ACCESS_BANNED ? "banned" : "allowed", "left_seconds",
                                time_left(orders[i].until_ms, now));
        (void)json_array_append_new(array, row);
        shown++;
    }
    free(orders);
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
