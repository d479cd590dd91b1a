#include "client/network/stun_query.h"

#include <sodium.h>
#include <string.h>

#include "common/clock.h"

void stun_query_start(struct stun_query *query, const struct address *to, const struct stun_request *ask,
                      unsigned tries, uint64_t now) {
    uint8_t random[12];
    *query = (struct stun_query){.state = STUN_QUERY_WAITING,
                                 .to = *to,
                                 .request = *ask,
                                 .tries_left = tries,
                                 .wait_ms = STUN_QUERY_WAIT_MS,
                                 .due = now,
                                 .asked_at = now};
    randombytes_buf(random, sizeof random);
    stun_make_transaction(random, query->request.transaction);
}

uint64_t stun_query_due(const struct stun_query *query) {
    return query->state == STUN_QUERY_WAITING ? query->due : NEVER;
}

size_t stun_query_tick(struct stun_query *query, uint64_t now, uint8_t out[static STUN_REQUEST_MAX]) {
    if (query->state != STUN_QUERY_WAITING || now < query->due) return 0;
    if (query->tries_left == 0) {
        query->state = STUN_QUERY_SILENT;
        return 0;
    }
    if (query->sent == 0) query->asked_at = now;
    query->tries_left--;
    query->sent++;
    query->due = now + query->wait_ms;
    return stun_encode_request(&query->request, out, STUN_REQUEST_MAX);
}

bool stun_query_receive(struct stun_query *query, const struct address *from, const uint8_t *data, size_t size,
                        uint64_t now) {
    struct stun_response response;
    if (query->state != STUN_QUERY_WAITING) return false;
    if (!stun_decode_response(data, size, query->request.transaction, &response)) return false;
    query->state = response.error ? STUN_QUERY_REFUSED : STUN_QUERY_ANSWERED;
    query->response = response;
    query->from = *from;
    query->answered_at = now;
    return true;
}

bool stun_query_is_own(const struct stun_query *query, const uint8_t *data, size_t size) {
    struct stun_request request;
    return query->state != STUN_QUERY_UNUSED && stun_decode_request(data, size, &request) &&
           memcmp(request.transaction, query->request.transaction, sizeof request.transaction) == 0;
}
