/* STUN: whatever is taken for a request gets a short, well-formed answer that nobody takes for a request. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

static void check_answer(const struct stun_request *request, const struct address *mapped) {
    uint8_t answer[STUN_RESPONSE_MAX], *exact;
    size_t size = stun_encode_response(request, mapped, answer, sizeof answer);
    struct stun_request reflected;

    require(size >= STUN_HEADER_SIZE && size <= STUN_RESPONSE_MAX && size % 4 == 0);
    require((size_t)(answer[2] << 8 | answer[3]) == size - STUN_HEADER_SIZE);
    require(memcmp(answer + 4, request->transaction, sizeof request->transaction) == 0);
    require(!stun_decode_request(answer, size, &reflected));

    exact = malloc(size);
    require(exact != NULL);
    require(stun_encode_response(request, mapped, exact, size) == size);
    require(memcmp(exact, answer, size) == 0);
    for (size_t capacity = 0; capacity < size; capacity++)
        require(stun_encode_response(request, mapped, exact, capacity) == 0);
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct address ipv4 = {{[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1}, 40000};
    static const struct address ipv6 = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}, 40000};
    struct stun_request request;

    if (!stun_decode_request(data, size, &request)) return 0;
    require(size >= STUN_HEADER_SIZE && size % 4 == 0);
    require(request.unknown_count <= sizeof request.unknown / sizeof *request.unknown);
    require(memcmp(request.transaction, data + 4, sizeof request.transaction) == 0);
    check_answer(&request, &ipv4);
    check_answer(&request, &ipv6);
    return 0;
}
