/* STUN: whatever is taken for a request gets a short, well-formed answer that nobody takes for a request, and that our
 * own client understands; whatever is taken for an answer says something. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct address ipv4 = {{[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1}, 40000};
static const struct address ipv6 = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}, 40000};

static void require(bool condition) {
    if (!condition) abort();
}

/* A client without the magic cookie is none of ours: RFC 3489 names other attributes. */
static void check_understood(const struct stun_request *request, const struct stun_response *told,
                             const uint8_t *answer, size_t size) {
    struct stun_response read;
    bool understood = stun_decode_response(answer, size, request->transaction, &read);
    if (request->classic) return;
    require(understood);
    require((read.error == 420) == (request->unknown_count > 0));
    if (read.error) return;
    require(address_equal(&read.mapped, &told->mapped) && address_equal(&read.other, &told->other));
    require(read.wall_ms == (request->clock ? told->wall_ms : 0));
}

static void check_answer(const struct stun_request *request, const struct stun_response *told) {
    uint8_t answer[STUN_RESPONSE_MAX], *exact;
    size_t size = stun_encode_response(request, told, answer, sizeof answer);
    struct stun_request reflected;
    require(size >= STUN_HEADER_SIZE && size <= STUN_RESPONSE_MAX && size % 4 == 0);
    require((size_t)(answer[2] << 8 | answer[3]) == size - STUN_HEADER_SIZE);
    require(memcmp(answer + 4, request->transaction, sizeof request->transaction) == 0);
    require(!stun_decode_request(answer, size, &reflected));
    check_understood(request, told, answer, size);

    exact = malloc(size);
    require(exact != NULL);
    require(stun_encode_response(request, told, exact, size) == size);
    require(memcmp(exact, answer, size) == 0);
    for (size_t capacity = 0; capacity < size; capacity++)
        require(stun_encode_response(request, told, exact, capacity) == 0);
    free(exact);
}

static void check_request(const struct stun_request *request) {
    const struct stun_response plain = {.mapped = ipv4};
    const struct stun_response full = {.mapped = ipv6, .origin = ipv6, .other = ipv6, .wall_ms = 1};
    uint8_t again[STUN_REQUEST_MAX];
    struct stun_request second, *refused = &second;
    require(request->unknown_count <= sizeof request->unknown / sizeof *request->unknown);
    check_answer(request, &plain);
    check_answer(request, &full);

    size_t size = stun_encode_request(request, again, sizeof again);
    require(size >= STUN_HEADER_SIZE && stun_decode_request(again, size, &second));
    require(second.change == request->change && second.change_asked == request->change_asked);
    require(second.response_port == request->response_port && second.clock == request->clock);
    if (stun_refuse_change(refused)) check_answer(refused, &full);
}

static void check_response(const uint8_t *data, size_t size) {
    struct stun_response response;
    uint8_t transaction[STUN_TRANSACTION_SIZE];
    if (size < STUN_HEADER_SIZE) return;
    memcpy(transaction, data + 4, sizeof transaction);
    if (!stun_decode_response(data, size, transaction, &response)) return;
    require(response.error ? response.error >= 300 && response.error < 700 : response.mapped.port != 0);
    transaction[15] ^= 1;
    require(!stun_decode_response(data, size, transaction, &response));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct stun_request request;
    check_response(data, size);
    if (!stun_decode_request(data, size, &request)) return 0;
    require(size >= STUN_HEADER_SIZE && size % 4 == 0);
    require(memcmp(request.transaction, data + 4, sizeof request.transaction) == 0);
    check_request(&request);
    return 0;
}
