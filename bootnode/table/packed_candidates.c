#include "bootnode/table/packed_candidates.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"

#define IPV4_SIZE 4U
#define IPV6_SIZE 16U
#define PORT_SIZE 2U
#define PACKED_SIZE_MAX (PACKED_CANDIDATES_MAX * (IPV6_SIZE + PORT_SIZE))

static_assert(PACKED_CANDIDATES_MAX <= 8, "a bit for each candidate");
static_assert(CANDIDATES_INLINE >= IPV6_SIZE + IPV4_SIZE + 2 * PORT_SIZE, "most need no block");

static size_t ip_size(const struct packed_candidates *candidates, unsigned index) {
    return candidates->ipv6 >> index & 1 ? IPV6_SIZE : IPV4_SIZE;
}

static size_t packed_size(const struct packed_candidates *candidates) {
    size_t size = 0;
    for (unsigned i = 0; i < candidates->count; i++) size += ip_size(candidates, i) + PORT_SIZE;
    return size;
}

static bool has_block(const struct packed_candidates *candidates) {
    return packed_size(candidates) > CANDIDATES_INLINE;
}

static uint8_t *block_of(const struct packed_candidates *candidates) {
    uint8_t *block;
    memcpy(&block, candidates->packed, sizeof block);
    return block;
}

void candidates_clear(struct packed_candidates *candidates) {
    if (has_block(candidates)) free(block_of(candidates));
    *candidates = (struct packed_candidates){0};
}

static void list_once(struct candidate_list *list, const struct address *address) {
    for (uint8_t i = 0; i < list->count; i++)
        if (address_equal(&list->items[i], address)) return;
    list->items[list->count++] = *address;
}

void candidates_list(const struct candidate_list *named, const struct address *proven, struct candidate_list *out) {
    *out = (struct candidate_list){.seen = proven ? 1 : 0};
    if (proven) list_once(out, proven);
    for (uint8_t i = 0; i < named->count; i++) list_once(out, &named->items[i]);
}

bool candidates_pack(struct packed_candidates *candidates, const struct candidate_list *list) {
    assert(list->count <= PACKED_CANDIDATES_MAX && list->seen <= 1);
    struct packed_candidates fresh = {.count = list->count & 0x7fU, .seen = list->seen & 1U};
    uint8_t bytes[PACKED_SIZE_MAX], *block = fresh.packed;
    struct writer writer = writer_over(bytes, sizeof bytes);
    for (unsigned i = 0; i < list->count; i++) {
        const struct address *item = &list->items[i];
        if (!address_is_ipv4(item)) fresh.ipv6 = (uint8_t)(fresh.ipv6 | 1U << i);
        size_t size = ip_size(&fresh, i);
        write_bytes(&writer, item->ip + sizeof item->ip - size, size);
        write_u16(&writer, item->port);
    }
    if (has_block(&fresh)) {
        assert(writer_size(&writer) > CANDIDATES_INLINE);
        block = malloc(writer_size(&writer));
        if (!block) return false;
        memcpy(fresh.packed, &block, sizeof block);
    }
    memcpy(block, bytes, writer_size(&writer));
    candidates_clear(candidates);
    *candidates = fresh;
    return true;
}

void candidates_unpack(const struct packed_candidates *candidates, struct candidate_list *out) {
    const uint8_t *bytes = has_block(candidates) ? block_of(candidates) : candidates->packed;
    struct reader reader = reader_over(bytes, packed_size(candidates));
    *out = (struct candidate_list){.count = candidates->count, .seen = candidates->seen};
    for (unsigned i = 0; i < candidates->count; i++) {
        struct address *item = &out->items[i];
        size_t size = ip_size(candidates, i);
        if (size == IPV4_SIZE) item->ip[10] = item->ip[11] = 0xff;
        read_bytes(&reader, item->ip + sizeof item->ip - size, size);
        item->port = read_u16(&reader);
    }
}
