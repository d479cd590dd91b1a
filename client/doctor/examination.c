#include "client/doctor/examination.h"

#include <string.h>

#include "client/network/nat_check.h"

#include "common/clock.h"

/* Silence tells about a filter, so it must not be bad luck: where half of all goes astray, once in 4,000. */
#define TRIES_AT_LOSS (3 * STUN_QUERY_TRIES)

/* --- What is known --- */

static const struct stun_query *query_of(const struct examination *examination, enum probe probe) {
    return &examination->probes[probe].query;
}

static bool is_over(const struct examination *examination, enum probe probe) {
    return examination->probes[probe].skipped || stun_query_over(query_of(examination, probe));
}

static bool is_answered(const struct examination *examination, enum probe probe) {
    return query_of(examination, probe)->state == STUN_QUERY_ANSWERED;
}

static bool pings_over(const struct examination *examination) {
    for (unsigned i = 0; i < EXAMINATION_PINGS; i++)
        if (!is_over(examination, PROBE_PING + i)) return false;
    return true;
}

/* The first answer; NULL: there was none. */
static const struct stun_response *ping_answer(const struct examination *examination) {
    for (unsigned i = 0; i < EXAMINATION_PINGS; i++)
        if (is_answered(examination, PROBE_PING + i)) return &query_of(examination, PROBE_PING + i)->response;
    return NULL;
}

/* Port 0: it told none, or none that tells anything. */
static struct address told_other(const struct examination *examination) {
    const struct stun_response *response = ping_answer(examination);
    const struct address *server = &examination->server;
    bool told = response && response->other.port != 0 &&
                (response->other.port != server->port || nat_check_other_usable(server, &response->other));
    return told ? response->other : (struct address){.port = 0};
}

/* Whence an answer came that was to come from elsewhere: the other address, as it is seen here. */
static bool other_that_answered(const struct examination *examination, struct address *out) {
    *out = query_of(examination, PROBE_FILTER_BOTH)->from;
    return is_answered(examination, PROBE_FILTER_BOTH) && nat_check_other_usable(&examination->server, out);
}

static bool other_address(const struct examination *examination, struct address *out) {
    const struct address told = told_other(examination);
    if (told.port == 0) return false;
    *out = told;
    return nat_check_other_usable(&examination->server, &told) || other_that_answered(examination, out);
}

/* It has another address, which cannot be asked; the other port can, at the address that answers. */
static bool is_hidden(const struct examination *examination) {
    struct address other;
    return told_other(examination).port != 0 && !other_address(examination, &other);
}

static enum answer is_translated(const struct examination *examination) {
    const struct stun_response *response = ping_answer(examination);
    if (!response || examination->local.port == 0) return ANSWER_UNKNOWN;
    return address_equal(&response->mapped, &examination->local) ? ANSWER_NO : ANSWER_YES;
}

static bool same_mapping(const struct stun_response *a, const struct stun_response *b) {
    return address_equal(&a->mapped, &b->mapped);
}

bool examination_second_mapping(const struct examination *examination, struct address *out) {
    if (!is_answered(examination, PROBE_SECOND_SOCKET)) return false;
    *out = query_of(examination, PROBE_SECOND_SOCKET)->response.mapped;
    return true;
}

/* --- The probes --- */

enum plan { PLAN_WAIT, PLAN_SKIP, PLAN_ASK };

/* When to ask, whom, and what. */
typedef enum plan (*planner)(const struct examination *examination, struct address *to, struct stun_request *ask);

static enum plan plan_second_socket(const struct examination *examination, struct address *to,
                                    struct stun_request *ask) {
    (void)ask;
    if (!pings_over(examination)) return PLAN_WAIT;
    if (!ping_answer(examination)) return PLAN_SKIP;
    *to = examination->server;
    return PLAN_ASK;
}

static enum plan plan_other_port(const struct examination *examination, struct address *to, struct stun_request *ask) {
    (void)ask;
    if (!pings_over(examination)) return PLAN_WAIT;
    if (!is_hidden(examination)) return PLAN_SKIP;
    *to = examination->server;
    to->port = told_other(examination).port;
    return PLAN_ASK;
}

/* A hidden one may show itself by what gets in. */
static enum plan plan_other_address(const struct examination *examination, struct address *to,
                                    struct stun_request *ask) {
    (void)ask;
    if (!pings_over(examination)) return PLAN_WAIT;
    if (is_translated(examination) == ANSWER_NO) return PLAN_SKIP;
    if (is_hidden(examination) && !is_over(examination, PROBE_FILTER_BOTH)) return PLAN_WAIT;
    if (!other_address(examination, to)) return PLAN_SKIP;
    to->port = examination->server.port;
    return PLAN_ASK;
}

/* Only where the other address saw another mapping is there something left to tell apart. */
static enum plan plan_other_both(const struct examination *examination, struct address *to, struct stun_request *ask) {
    (void)ask;
    if (!is_over(examination, PROBE_OTHER_ADDRESS)) return PLAN_WAIT;
    if (!is_answered(examination, PROBE_OTHER_ADDRESS) || !other_address(examination, to)) return PLAN_SKIP;
    const struct stun_response *seen = &query_of(examination, PROBE_OTHER_ADDRESS)->response;
    return same_mapping(seen, ping_answer(examination)) ? PLAN_SKIP : PLAN_ASK;
}

/* Where the other address of the first server did not answer, another server is asked instead. */
static enum plan plan_second_server(const struct examination *examination, struct address *to,
                                    struct stun_request *ask) {
    (void)ask;
    if (!pings_over(examination) || !is_over(examination, PROBE_OTHER_ADDRESS)) return PLAN_WAIT;
    if (!ping_answer(examination) || is_answered(examination, PROBE_OTHER_ADDRESS) || examination->second.port == 0)
        return PLAN_SKIP;
    *to = examination->second;
    return PLAN_ASK;
}

static enum plan plan_filter(const struct examination *examination, struct address *to, struct stun_request *ask,
                             enum stun_change change) {
    if (!is_over(examination, PROBE_SECOND_SOCKET)) return PLAN_WAIT;
    if (!is_answered(examination, PROBE_SECOND_SOCKET) || told_other(examination).port == 0) return PLAN_SKIP;
    *to = examination->server;
    ask->change_asked = true;
    ask->change = change;
    return PLAN_ASK;
}

static enum plan plan_filter_both(const struct examination *examination, struct address *to, struct stun_request *ask) {
    return plan_filter(examination, to, ask, STUN_CHANGE_BOTH);
}

static enum plan plan_filter_port(const struct examination *examination, struct address *to, struct stun_request *ask) {
    return plan_filter(examination, to, ask, STUN_CHANGE_PORT);
}

/* The second server is asked by the first socket to answer to the second one, which has never sent to it: to the port
 * that the first server sees, so only where that is every server's. */
static enum plan plan_filter_second_server(const struct examination *examination, struct address *to,
                                           struct stun_request *ask) {
    struct address mapped;
    bool translated = is_translated(examination) != ANSWER_NO;
    if (!is_over(examination, PROBE_SECOND_SOCKET) || !is_over(examination, PROBE_SECOND_SERVER)) return PLAN_WAIT;
    if (told_other(examination).port != 0 || !examination_second_mapping(examination, &mapped)) return PLAN_SKIP;
    if (!is_answered(examination, PROBE_SECOND_SERVER)) return PLAN_SKIP;
    const struct stun_response *first = ping_answer(examination);
    if (translated && !same_mapping(&query_of(examination, PROBE_SECOND_SERVER)->response, first)) return PLAN_SKIP;
    if (!address_same_ip(&mapped, &first->mapped) || mapped.port < STUN_RESPONSE_PORT_MIN) return PLAN_SKIP;
    *to = examination->second;
    ask->response_port = mapped.port;
    return PLAN_ASK;
}

/* Each socket sends to the other's mapped address: so both have sent before either receives. */
static enum plan plan_hairpin(const struct examination *examination, struct address *to) {
    if (!is_over(examination, PROBE_SECOND_SOCKET)) return PLAN_WAIT;
    if (is_translated(examination) != ANSWER_YES) return PLAN_SKIP;
    return examination_second_mapping(examination, to) ? PLAN_ASK : PLAN_SKIP;
}

static enum plan plan_hairpin_there(const struct examination *examination, struct address *to,
                                    struct stun_request *ask) {
    (void)ask;
    return plan_hairpin(examination, to);
}

static enum plan plan_hairpin_back(const struct examination *examination, struct address *to,
                                   struct stun_request *ask) {
    (void)ask;
    enum plan plan = plan_hairpin(examination, to);
    if (plan == PLAN_ASK) *to = ping_answer(examination)->mapped;
    return plan;
}

static const struct {
    planner plan;
    uint16_t socket;
} kinds[PROBE_COUNT] = {
    [PROBE_SECOND_SOCKET] = {plan_second_socket, 1}, [PROBE_OTHER_PORT] = {plan_other_port, 0},
    [PROBE_OTHER_ADDRESS] = {plan_other_address, 0}, [PROBE_OTHER_BOTH] = {plan_other_both, 0},
    [PROBE_SECOND_SERVER] = {plan_second_server, 0}, [PROBE_FILTER_BOTH] = {plan_filter_both, 1},
    [PROBE_FILTER_PORT] = {plan_filter_port, 1},     [PROBE_FILTER_SECOND_SERVER] = {plan_filter_second_server, 0},
    [PROBE_HAIRPIN_THERE] = {plan_hairpin_there, 0}, [PROBE_HAIRPIN_BACK] = {plan_hairpin_back, 1},
};

/* --- Asking --- */

static void ping(struct examination *examination, uint64_t now) {
    const struct stun_request ask = {.clock = true};
    for (unsigned i = 0; i < EXAMINATION_PINGS; i++) {
        struct stun_query *query = &examination->probes[PROBE_PING + i].query;
        stun_query_start(query, &examination->server, &ask, 1, now + i * EXAMINATION_PING_EVERY_MS);
        query->wait_ms = EXAMINATION_PING_WAIT_MS;
    }
}

static void ask_next_server(struct examination *examination, uint64_t now) {
    const struct address *servers = examination->servers;
    examination->server = servers[examination->next++];
    examination->second = (struct address){.port = 0};
    for (size_t i = examination->next; i < examination->server_count && examination->second.port == 0; i++)
        if (!address_same_ip(&servers[i], &examination->server)) examination->second = servers[i];
    ping(examination, now);
}

static void go_on(struct examination *examination, uint64_t now) {
    if (examination->next == examination->server_count && !examination->again) {
        examination->again = true;
        examination->next = 0;
    }
    if (examination->next < examination->server_count) ask_next_server(examination, now);
}

void examination_start(struct examination *examination, const struct address *servers, size_t count,
                       const struct address *local, uint64_t now) {
    memset(examination, 0, sizeof *examination);
    examination->local = *local;
    examination->present = count > 0;
    if (count == 0) return;
    examination->server_count = count < EXAMINATION_SERVERS ? count : EXAMINATION_SERVERS;
    memcpy(examination->servers, servers, examination->server_count * sizeof *servers);
    ask_next_server(examination, now);
}

static unsigned tries(const struct examination *examination) {
    for (unsigned i = 0; i < EXAMINATION_PINGS; i++)
        if (!is_answered(examination, PROBE_PING + i)) return TRIES_AT_LOSS;
    return STUN_QUERY_TRIES;
}

/* Plans what may be planned; true when something new is asked or left out, upon which others may build. */
static bool plan(struct examination *examination, uint64_t now) {
    bool any = false;
    for (enum probe i = PROBE_SECOND_SOCKET; i < PROBE_COUNT; i++) {
        struct probing *probe = &examination->probes[i];
        struct stun_request ask = {.classic = false};
        struct address to;
        if (probe->skipped || probe->query.state != STUN_QUERY_UNUSED) continue;
        enum plan decided = kinds[i].plan(examination, &to, &ask);
        if (decided == PLAN_ASK) stun_query_start(&probe->query, &to, &ask, tries(examination), now);
        probe->skipped = decided == PLAN_SKIP;
        any |= decided != PLAN_WAIT;
    }
    return any;
}

size_t examination_tick(struct examination *examination, uint64_t now, uint16_t *socket, struct address *to,
                        uint8_t out[static STUN_REQUEST_MAX]) {
    if (!examination->present) return 0;
    if (pings_over(examination) && !ping_answer(examination)) go_on(examination, now);
    while (plan(examination, now)) {
    }
    for (enum probe i = 0; i < PROBE_COUNT; i++) {
        struct stun_query *query = &examination->probes[i].query;
        size_t size = stun_query_tick(query, now, out);
        *socket = kinds[i].socket;
        *to = query->to;
        if (size > 0) return size;
    }
    return 0;
}

/* At once where an end makes something else possible. */
uint64_t examination_due(const struct examination *examination) {
    uint64_t due = NEVER;
    bool waits = false;
    for (enum probe i = 0; examination->present && i < PROBE_COUNT; i++) {
        due = earlier(due, stun_query_due(query_of(examination, i)));
        waits |= !is_over(examination, i);
    }
    return due == NEVER && waits ? 0 : due;
}

bool examination_receive(struct examination *examination, uint16_t socket, const struct address *from,
                         const uint8_t *data, size_t size, uint64_t now, uint64_t wall_ms) {
    for (enum probe i = 0; i < PROBE_COUNT; i++) {
        struct probing *probe = &examination->probes[i];
        if (i >= PROBE_HAIRPIN_THERE && socket != kinds[i].socket && stun_query_is_own(&probe->query, data, size)) {
            probe->looped = true;
            probe->query.state = STUN_QUERY_SILENT; /* the address to ask is our own, so no answer will come */
            return true;
        }
        if (!stun_query_receive(&probe->query, from, data, size, now)) continue;
        probe->heard_on = socket;
        probe->wall_ms = wall_ms;
        return true;
    }
    return false;
}

/* --- What it means --- */

/* As far as two ports of one address tell. */
static enum behaviour mapping_by_port(const struct examination *examination, const struct stun_response *first) {
    if (!is_answered(examination, PROBE_OTHER_PORT)) return BEHAVIOUR_UNKNOWN;
    return same_mapping(first, &query_of(examination, PROBE_OTHER_PORT)->response) ? BEHAVIOUR_NOT_PORT
                                                                                   : BEHAVIOUR_ADDRESS_AND_PORT;
}

static enum behaviour mapping(const struct examination *examination) {
    const struct stun_response *first = ping_answer(examination);
    if (!first) return BEHAVIOUR_UNKNOWN;
    if (is_translated(examination) == ANSWER_NO) return BEHAVIOUR_INDEPENDENT;
    if (is_answered(examination, PROBE_OTHER_ADDRESS)) {
        const struct stun_response *second = &query_of(examination, PROBE_OTHER_ADDRESS)->response;
        if (same_mapping(first, second)) return BEHAVIOUR_INDEPENDENT;
        if (!is_answered(examination, PROBE_OTHER_BOTH)) return BEHAVIOUR_DEPENDENT;
        return same_mapping(second, &query_of(examination, PROBE_OTHER_BOTH)->response) ? BEHAVIOUR_ADDRESS
                                                                                        : BEHAVIOUR_ADDRESS_AND_PORT;
    }
    enum behaviour by_port = mapping_by_port(examination, first);
    if (by_port == BEHAVIOUR_ADDRESS_AND_PORT || !is_answered(examination, PROBE_SECOND_SERVER)) return by_port;
    if (same_mapping(first, &query_of(examination, PROBE_SECOND_SERVER)->response)) return BEHAVIOUR_INDEPENDENT;
    return by_port == BEHAVIOUR_NOT_PORT ? BEHAVIOUR_ADDRESS : BEHAVIOUR_DEPENDENT;
}

/* Did the answer get in from elsewhere? Unknown where the server did not do what it was asked. */
static enum answer got_in(const struct examination *examination, enum probe probe) {
    const struct probing *probing = &examination->probes[probe];
    const struct address *from = &probing->query.from, *server = &examination->server;
    if (probing->query.state == STUN_QUERY_SILENT) return ANSWER_NO;
    if (probing->query.state != STUN_QUERY_ANSWERED) return ANSWER_UNKNOWN;
    if (probe == PROBE_FILTER_SECOND_SERVER) return probing->heard_on == 1 ? ANSWER_YES : ANSWER_UNKNOWN;
    bool moved = probe == PROBE_FILTER_PORT ? from->port != server->port : !address_same_ip(from, server);
    return moved ? ANSWER_YES : ANSWER_UNKNOWN;
}

/* Nothing came from the other address, which may as well have no way out. So it counts only what its second port does,
 * where that was seen to be open. */
static enum behaviour filtering_by_port(const struct examination *examination, enum answer port) {
    if (port == ANSWER_YES) return BEHAVIOUR_NOT_PORT;
    bool open = is_answered(examination, PROBE_OTHER_PORT);
    return port == ANSWER_NO && open ? BEHAVIOUR_ADDRESS_AND_PORT : BEHAVIOUR_UNKNOWN;
}

static enum behaviour filtering(const struct examination *examination) {
    switch (got_in(examination, PROBE_FILTER_SECOND_SERVER)) {
    case ANSWER_YES: return BEHAVIOUR_INDEPENDENT;
    case ANSWER_NO: return BEHAVIOUR_DEPENDENT;
    case ANSWER_UNKNOWN: break;
    }
    enum answer both = got_in(examination, PROBE_FILTER_BOTH), port = got_in(examination, PROBE_FILTER_PORT);
    if (both == ANSWER_YES) return BEHAVIOUR_INDEPENDENT;
    if (both == ANSWER_UNKNOWN) return BEHAVIOUR_UNKNOWN;
    if (is_hidden(examination)) return filtering_by_port(examination, port);
    if (port == ANSWER_UNKNOWN) return BEHAVIOUR_DEPENDENT;
    return port == ANSWER_YES ? BEHAVIOUR_ADDRESS : BEHAVIOUR_ADDRESS_AND_PORT;
}

static enum answer hairpinning(const struct examination *examination) {
    const struct probing *there = &examination->probes[PROBE_HAIRPIN_THERE],
                         *back = &examination->probes[PROBE_HAIRPIN_BACK];
    if (there->looped || back->looped) return ANSWER_YES;
    return there->query.sent > 0 && back->query.sent > 0 ? ANSWER_NO : ANSWER_UNKNOWN;
}

/* The bootnode read its clock between our question and its answer: in the middle, give or take half of that. */
static void take_clock(const struct probing *ping, uint64_t rtt, struct findings *out) {
    if (ping->query.response.wall_ms == 0) return;
    if (out->clock_known && rtt / 2 + 1 >= out->clock_error_ms) return;
    out->clock_known = true;
    out->clock_offset_ms = (int64_t)(ping->query.response.wall_ms - (ping->wall_ms - rtt / 2));
    out->clock_error_ms = rtt / 2 + 1; /* and the rounding */
}

static void count_pings(const struct examination *examination, struct findings *out) {
    out->rtt_best_ms = UINT64_MAX;
    for (unsigned i = 0; i < EXAMINATION_PINGS; i++) {
        const struct probing *ping = &examination->probes[PROBE_PING + i];
        out->asked += ping->query.sent;
        if (ping->query.state != STUN_QUERY_ANSWERED) continue;
        uint64_t rtt = ping->query.answered_at - ping->query.asked_at;
        out->answered++;
        if (rtt < out->rtt_best_ms) out->rtt_best_ms = rtt;
        if (rtt > out->rtt_worst_ms) out->rtt_worst_ms = rtt;
        take_clock(ping, rtt, out);
    }
    if (out->answered == 0) out->rtt_best_ms = 0;
}

void examination_findings(const struct examination *examination, struct findings *out) {
    const struct stun_response *first = ping_answer(examination);
    struct address other;
    *out = (struct findings){.present = examination->present,
                             .server = examination->server,
                             .local = examination->local,
                             .other_address = other_address(examination, &other),
                             .translated = is_translated(examination),
                             .mapping = mapping(examination),
                             .filtering = filtering(examination),
                             .hairpinning = hairpinning(examination)};
    if (first) out->mapped = first->mapped;
    if (is_hidden(examination)) out->hidden = told_other(examination);
    count_pings(examination, out);
}
