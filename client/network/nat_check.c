#include "client/network/nat_check.h"

#include <string.h>

static const struct stun_request plain;

bool nat_check_other_usable(const struct address *server, const struct address *other) {
    return address_classify(other) != ADDRESS_UNUSABLE && address_classify(other) == address_classify(server) &&
           address_is_ipv4(other) == address_is_ipv4(server) && !address_same_ip(other, server);
}

/* Another address of the same family. */
static bool is_second(const struct address *server, const struct address *first) {
    return address_is_ipv4(server) == address_is_ipv4(first) && !address_same_ip(server, first);
}

static void take_family(struct nat_check *check, const struct address *servers, size_t count, bool ipv4) {
    for (size_t i = 0; i < count && check->server_count < NAT_CHECK_SERVERS; i++)
        if (address_is_ipv4(&servers[i]) == ipv4) check->servers[check->server_count++] = servers[i];
}

void nat_check_init(struct nat_check *check) {
    *check = (struct nat_check){.mapping = NAT_MAPPING_UNKNOWN};
}

static bool runs(const struct nat_check *check) {
    return check->first.state == STUN_QUERY_WAITING || check->second.state == STUN_QUERY_WAITING;
}

static bool has_second(const struct nat_check *check) {
    for (size_t i = 0; i < check->server_count; i++)
        for (size_t j = 0; j < i; j++)
            if (is_second(&check->servers[i], &check->servers[j])) return true;
    return false;
}

/* We are known at one address, and nobody could say yet how it came about. */
static bool lacks_a_second(const struct nat_check *check) {
    return check->mapped.port != 0 && check->mapping == NAT_MAPPING_UNKNOWN && !runs(check);
}

static bool is_known(const struct nat_check *check, const struct address *server) {
    for (size_t i = 0; i < check->server_count; i++)
        if (address_equal(&check->servers[i], server)) return true;
    return false;
}

/* A check that is under way goes on at its place in the list: whom it then asks twice, or leaves out, does no harm. */
void nat_check_set_servers(struct nat_check *check, const struct address *servers, size_t count) {
    bool news = false;
    for (size_t i = 0; i < count; i++) news |= !is_known(check, &servers[i]);
    check->server_count = 0;
    take_family(check, servers, count, true);
    take_family(check, servers, count, false);
    check->wanted |= news && lacks_a_second(check) && has_second(check);
}

void nat_check_seen(struct nat_check *check, const struct address *mapped) {
    const struct address *known = &check->mapped;
    bool same_family = address_is_ipv4(known) == address_is_ipv4(mapped);
    if (runs(check)) return;
    check->wanted |= known->port == 0 || (same_family && !address_same_ip(known, mapped));
    check->wanted |= lacks_a_second(check) && has_second(check);
}

void nat_check_moved(struct nat_check *check) {
    check->wanted |= check->mapped.port != 0 || runs(check);
}

uint64_t nat_check_due(const struct nat_check *check) {
    uint64_t first = stun_query_due(&check->first), second = stun_query_due(&check->second);
    uint64_t due = first < second ? first : second;
    return check->wanted && check->not_again < due ? check->not_again : due;
}

static void settle(struct nat_check *check, enum nat_mapping mapping) {
    check->mapping = mapping;
    check->second.state = STUN_QUERY_UNUSED;
}

/* The next server with another address of the first one's family. */
static void ask_next(struct nat_check *check, uint64_t now) {
    while (++check->next < check->server_count) {
        const struct address *server = &check->servers[check->next];
        if (!is_second(server, &check->first.to)) continue;
        stun_query_start(&check->second, server, &plain, STUN_QUERY_TRIES, now);
        return;
    }
    settle(check, NAT_MAPPING_UNKNOWN);
}

static void ask_second(struct nat_check *check, uint64_t now) {
    const struct address *other = &check->first.response.other;
    check->mapped = check->first.response.mapped;
    if (nat_check_other_usable(&check->first.to, other))
        stun_query_start(&check->second, other, &plain, STUN_QUERY_TRIES, now);
    else
        ask_next(check, now);
}

static void compare(struct nat_check *check) {
    bool same = address_equal(&check->second.response.mapped, &check->mapped);
    settle(check, same ? NAT_MAPPING_INDEPENDENT : NAT_MAPPING_DEPENDENT);
}

static void ask_first(struct nat_check *check, uint64_t now) {
    if (check->next < check->server_count)
        stun_query_start(&check->first, &check->servers[check->next], &plain, STUN_QUERY_TRIES, now);
    else
        settle(check, NAT_MAPPING_UNKNOWN);
}

/* Nobody there, or nobody who answers such questions. */
static bool failed(const struct stun_query *query) {
    return query->state == STUN_QUERY_SILENT || query->state == STUN_QUERY_REFUSED;
}

static void go_on(struct nat_check *check, uint64_t now) {
    if (failed(&check->first) && check->next < check->server_count) {
        check->next++;
        ask_first(check, now);
    } else if (failed(&check->second)) {
        ask_next(check, now);
    }
}

static void begin(struct nat_check *check, uint64_t now) {
    check->wanted = false;
    check->not_again = now + NAT_CHECK_EVERY_MS;
    check->mapped = (struct address){.port = 0};
    check->next = 0;
    check->second.state = STUN_QUERY_UNUSED;
    ask_first(check, now);
}

size_t nat_check_tick(struct nat_check *check, uint64_t now, struct address *to, uint8_t out[static STUN_REQUEST_MAX]) {
    if (check->wanted && now >= check->not_again) begin(check, now);
    while (nat_check_due(check) <= now) {
        struct stun_query *query = stun_query_due(&check->first) <= now ? &check->first : &check->second;
        size_t size = stun_query_tick(query, now, out);
        *to = query->to;
        query->wait_ms *= 2; /* RFC 8489 §6.2.1: for who is far away */
        if (size > 0) return size;
        go_on(check, now);
    }
    return 0;
}

bool nat_check_receive(struct nat_check *check, const struct address *from, const uint8_t *data, size_t size,
                       uint64_t now) {
    if (stun_query_receive(&check->first, from, data, size, now)) {
        if (check->first.state == STUN_QUERY_ANSWERED)
            ask_second(check, now);
        else
            go_on(check, now);
        return true;
    }
    if (!stun_query_receive(&check->second, from, data, size, now)) return false;
    if (check->second.state == STUN_QUERY_ANSWERED)
        compare(check);
    else
        go_on(check, now);
    return true;
}
