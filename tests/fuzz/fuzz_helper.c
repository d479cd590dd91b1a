/* The client and its helper process: whatever the helper says, the client takes it only as the answer to its request,
 * in the one form that it has; and the other way round. The first byte chooses the request. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "client/helper/requests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

static void check_look_up(const struct helper_request *request, const struct helper_answer *answer) {
    require(answer->count <= BOOTNODE_ADDRESSES && strlen(answer->error) < sizeof answer->error);
    for (const char *at = answer->error; *at; at++) require(*at >= ' ' && *at <= '~');
    for (size_t i = 0; i < answer->count; i++) {
        require(answer->addresses[i].port == 0);
        if (request->family != AF_UNSPEC)
            require(address_is_ipv4(&answer->addresses[i]) == (request->family == AF_INET));
        for (size_t j = 0; j < i; j++) require(!address_equal(&answer->addresses[i], &answer->addresses[j]));
    }
}

static void check_answer(const struct helper_request *request, const uint8_t *data, size_t size) {
    struct helper_answer answer;
    uint8_t again[HELPER_ANSWER_MAX];
    if (!helper_answer_decode(request, data, size, &answer)) return;
    require(size <= sizeof again);
    check_look_up(request, &answer);
    if (request->type == HELPER_MAP && answer.port == PORT_GRANTED)
        require(answer.grant.external.port != 0 && address_is_ipv4(&answer.grant.external));
    require(helper_answer_encode(request, &answer, again, sizeof again) == size && memcmp(again, data, size) == 0);
}

static void check_request(const uint8_t *data, size_t size) {
    struct helper_request request;
    uint8_t again[HELPER_REQUEST_MAX];
    if (!helper_request_decode(data, size, &request)) return;
    require(strlen(request.name) < sizeof request.name && request.protocol < HELPER_PROTOCOLS);
    require(helper_request_encode(&request, again, sizeof again) == size && memcmp(again, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct helper_request requests[] = {
        {.type = HELPER_LOOK_UP, .family = AF_UNSPEC}, {.type = HELPER_LOOK_UP, .family = AF_INET},
        {.type = HELPER_LOOK_UP, .family = AF_INET6},  {.type = HELPER_MAP, .port = 9000},
        {.type = HELPER_UNMAP, .port = 9000},          {.type = HELPER_EXTERNAL},
    };
    check_request(data, size);
    if (size > 0) check_answer(&requests[data[0] % (sizeof requests / sizeof *requests)], data + 1, size - 1);
    return 0;
}
