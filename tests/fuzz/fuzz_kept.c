/* What a node of a cluster keeps over restarts, its view and the bans of all: whatever lies in the files, what is read
 * is within its bounds, comes back the same, and a view goes on from it. Sums and seals are made here, so that what
 * stands behind them is tried, too. */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bootnode/cluster/orders.h"
#include "bootnode/cluster/orders_codec.h"
#include "bootnode/cluster/orders_file.h"
#include "bootnode/cluster/view.h"
#include "bootnode/cluster/view_record.h"
#include "common/bytes.h"

#define BEGAN 1000000
#define WALL UINT64_C(1795996800000)
#define CLUSTER "town"
#define SUM_SIZE 16
#define FILE_MAX 8192
#define INPUT_MAX 2048

/* Each run reads and writes places of 4 MiB. */
const unsigned long fuzz_runs = 10000;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct seal_keys keys = {.items = {{7}}, .count = 1};
static struct view view;
static struct view_record record, again;
static struct orders orders, reread;

static void require(bool condition) {
    if (!condition) abort();
}

/* --- The view --- */

static size_t with_sum(const uint8_t *data, size_t size, uint8_t *out) {
    crypto_generichash_state state;
    memcpy(out, data, size);
    crypto_generichash_init(&state, NULL, 0, 32);
    crypto_generichash_update(&state, (const uint8_t *)CLUSTER, sizeof CLUSTER);
    crypto_generichash_update(&state, data, size);
    crypto_generichash_final(&state, out + size, 32);
    return size + 32;
}

static void go_on_from(const struct view_record *kept) {
    const struct view_own own = {.id = kept->own_id,
                                 .replicas = 2,
                                 .weight = 100,
                                 .boot = 1,
                                 .started_ms = WALL,
                                 .address_count = 1,
                                 .addresses = {{.ip = {[10] = 0xff, [11] = 0xff, 127, 0, 0, 1}, .port = 1}}};
    view_init(&view, &own, BEGAN);
    view_resume(&view, kept, BEGAN, WALL);
    for (uint64_t now = BEGAN; now <= BEGAN + 9000; now += 3000) {
        if (now == BEGAN + 3000) view_board(&view, true, now);
        (void)!view_step(&view, now);
        require(view_holds(&view, now) && view.list_count <= CLUSTER_NODES_MAX);
        view.event_count = 0;
    }
    view_keep(&view, WALL, &again);
    require(again.count == view.list_count);
}

static void take_view(const uint8_t *data, size_t size) {
    uint8_t bytes[INPUT_MAX + 32], encoded[VIEW_RECORD_SIZE_MAX];
    (void)!view_record_decode(data, size, CLUSTER, &record);
    const size_t whole = with_sum(data, size, bytes);
    if (!view_record_decode(bytes, whole, CLUSTER, &record)) return;
    require(record.count <= CLUSTER_NODES_MAX);
    require(view_record_encode(&record, CLUSTER, encoded, sizeof encoded) == whole);
    require(memcmp(encoded, bytes, whole) == 0);
    go_on_from(&record);
}

/* --- Bans --- */

/* Messages, each with half of its size before it; what is sealed is whatever it is. */
static void write_messages(struct writer *writer, const uint8_t *data, size_t size) {
    while (size > 1) {
        uint8_t sealed[ORDERS_MESSAGE_MAX];
        struct writer message = writer_over(sealed, sizeof sealed);
        size_t part = 2 * (size_t)data[0];
        if (part > size - 1) part = size - 1;
        write_bytes(&message, data + 1, part);
        seal_write(&message, &keys);
        write_u16(writer, (uint16_t)writer_size(&message));
        write_bytes(writer, sealed, writer_size(&message));
        data += 1 + part;
        size -= 1 + part;
    }
}

static size_t make_file(const uint8_t *data, size_t size, uint8_t out[static FILE_MAX]) {
    const size_t head = 8 + 4 + SUM_SIZE;
    struct writer messages = writer_over(out + head, FILE_MAX - head), first = writer_over(out, head);
    write_messages(&messages, data, size);
    const size_t whole = writer_size(&messages);
    write_u64(&first, 4);
    write_u32(&first, (uint32_t)whole);
    crypto_generichash(write_space(&first, SUM_SIZE), SUM_SIZE, out + head, whole, NULL, 0);
    return head + whole;
}

static void read_again(struct orders_file *file) {
    size_t size;
    uint8_t *bytes = orders_file_encode(file, &keys, &orders, BEGAN, WALL, &size);
    require(bytes && orders_file_write(file, bytes, size));
    free(bytes);
    orders_init(&reread, 1);
    require(orders_file_read(file, &keys, &reread, BEGAN, WALL));
    require(orders_holds(&reread) && reread.held == orders.held);
    for (size_t i = 0; i < ORDERS_AUTHORS; i++) require(reread.authors[i].edition == orders.authors[i].edition);
    orders_clear(&reread);
}

static void take_orders(const uint8_t *data, size_t size) {
    static struct orders_file file = {.descriptor = -1};
    static uint8_t bytes[FILE_MAX];
    if (file.descriptor < 0) file.descriptor = memfd_create("orders", MFD_CLOEXEC);
    const size_t whole = make_file(data, size, bytes);
    require(ftruncate(file.descriptor, 0) == 0 && pwrite(file.descriptor, bytes, whole, 0) == (ssize_t)whole);
    orders_init(&orders, 1);
    (void)!orders_file_read(&file, &keys, &orders, BEGAN, WALL);
    require(orders_holds(&orders));
    if (orders.held > 0) read_again(&file);
    orders_clear(&orders);
}

/* A view begins with a zero. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > INPUT_MAX) return 0;
    if (data[0] == 0)
        take_view(data, size);
    else
        take_orders(data, size);
    return 0;
}
