#include "bootnode/cluster/view_record.h"

#include <sodium.h>
#include <string.h>

#include "common/bytes.h"
#include "common/wire/candidate.h"

#define MAGIC 0x67635669657731ULL /* "gcView1" */
#define HASH_SIZE 32

static void hash(uint8_t out[static HASH_SIZE], const uint8_t *data, size_t size, const char *cluster) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, HASH_SIZE);
    crypto_generichash_update(&state, (const uint8_t *)cluster, strlen(cluster) + 1);
    crypto_generichash_update(&state, data, size);
    crypto_generichash_final(&state, out, HASH_SIZE);
}

static void write_node(struct writer *writer, const struct cluster_node *node) {
    write_u8(writer, node->id);
    write_u16(writer, node->weight);
    write_u8(writer, node->address_count);
    for (unsigned i = 0; i < node->address_count; i++) write_candidate(writer, &node->addresses[i], false);
}

size_t view_record_encode(const struct view_record *record, const char *cluster, uint8_t *out, size_t capacity) {
    struct writer writer = writer_over(out, capacity);
    write_u64(&writer, MAGIC);
    write_u64(&writer, record->number);
    write_u64(&writer, record->wall_ms);
    write_u8(&writer, record->own_id);
    write_u16(&writer, (uint16_t)record->count);
    for (size_t i = 0; i < record->count; i++) write_node(&writer, &record->nodes[i]);
    const size_t size = writer_size(&writer);
    uint8_t *sum = write_space(&writer, HASH_SIZE);
    if (sum) hash(sum, out, size, cluster);
    return writer_size(&writer);
}

static void read_node(struct reader *reader, struct cluster_node *node) {
    *node = (struct cluster_node){.id = read_u8(reader), .weight = read_u16(reader), .address_count = read_u8(reader)};
    if (node->weight < 1 || node->weight > CLUSTER_WEIGHT_MAX || node->address_count < 1 ||
        node->address_count > HOME_ADDRESSES_MAX)
        reader_fail(reader);
    for (unsigned i = 0; i < node->address_count && !reader->failed; i++) {
        bool seen;
        read_candidate(reader, &node->addresses[i], &seen);
        if (seen) reader_fail(reader);
    }
    /* As in a beacon: who has two of one family would be named with one that nobody of the other can use. */
    if (node->address_count == 2 && address_is_ipv4(&node->addresses[0]) == address_is_ipv4(&node->addresses[1]))
        reader_fail(reader);
}

static void read_nodes(struct reader *reader, struct view_record *out) {
    const size_t count = read_u16(reader);
    if (count > CLUSTER_NODES_MAX) reader_fail(reader);
    for (out->count = 0; out->count < count && !reader->failed; out->count++) {
        struct cluster_node *node = &out->nodes[out->count];
        read_node(reader, node);
        if (out->count > 0 && node->id <= node[-1].id) reader_fail(reader);
    }
}

bool view_record_decode(const uint8_t *data, size_t size, const char *cluster, struct view_record *out) {
    struct reader reader = reader_over(data, size);
    uint8_t expected[HASH_SIZE];
    if (read_u64(&reader) != MAGIC) return false;
    out->number = read_u64(&reader);
    out->wall_ms = read_u64(&reader);
    out->own_id = read_u8(&reader);
    read_nodes(&reader, out);
    const size_t content = reader.at;
    const uint8_t *sum = read_view(&reader, HASH_SIZE);
    if (!sum) return false;
    hash(expected, data, content, cluster);
    return sodium_memcmp(sum, expected, HASH_SIZE) == 0;
}
