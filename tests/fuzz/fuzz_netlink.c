/* What the kernel, and routers through it, say of our network: any bytes as datagrams of rtnetlink. The first byte of
 * the input chooses who reads it: the watch, or one who learns the interfaces; then each part of it is a datagram,
 * behind its length in two bytes. */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "client/network/interfaces.h"
#include "client/threads/network_watch.h"
#include "common/bytes.h"

#define DATAGRAM_MAX 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

/* As the kernel aligns them, in a block of exactly this size, so that a sanitizer sees what reads beyond. */
static void *datagram_of(struct reader *reader, size_t *size) {
    size_t wanted = read_u16(reader) % DATAGRAM_MAX;
    *size = wanted < reader_left(reader) ? wanted : reader_left(reader);
    uint8_t *copy = malloc(*size ? *size : 1);
    require(copy != NULL);
    const uint8_t *bytes = read_view(reader, *size);
    require(bytes != NULL);
    memcpy(copy, bytes, *size);
    return copy;
}

static void judge(struct reader *reader) {
    while (reader_left(reader) > 2) {
        size_t size;
        void *datagram = datagram_of(reader, &size);
        struct network_news news = network_watch_judge(datagram, size);
        require(!news.nat64 || (news.prefix.bits >= 32 && news.prefix.bits <= 96));
        free(datagram);
    }
}

static void learn(struct reader *reader) {
    struct interfaces interfaces = {0};
    bool more = true;
    while (more && reader_left(reader) > 2) {
        size_t size;
        void *datagram = datagram_of(reader, &size);
        more = interfaces_learn(&interfaces, datagram, size);
        free(datagram);
    }
    for (size_t i = 0; i < interfaces.count; i++)
        require(interfaces.list[i].reach <= INTERFACE_INSIDE && interfaces_find(&interfaces, interfaces.list[i].index));
    for (size_t i = 0; i < interfaces.address_count; i++) require(interfaces.addresses[i].address.port == 0);
    interfaces_clear(&interfaces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct reader reader = reader_over(data, size);
    if (read_u8(&reader) & 1)
        judge(&reader);
    else
        learn(&reader);
    return 0;
}
