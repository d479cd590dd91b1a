#include "bootnode/cluster/orders_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bootnode/cluster/orders_codec.h"
#include "common/bytes.h"
#include "common/clock.h"
#include "common/directory.h"
#include "common/holds.h"
#include "common/rcu.h"

#define PLACE_SIZE (4 << 20)
#define HASH_SIZE crypto_generichash_BYTES_MIN
#define HEAD_SIZE (8 + 4 + HASH_SIZE)
#define ENTRY_MAX (2 + ORDERS_MESSAGE_MAX)
#define ENTRIES_MAX (ORDERS_HELD_MAX / ORDERS_A_PART + ORDERS_AUTHORS)

static_assert(HEAD_SIZE + ENTRIES_MAX * ENTRY_MAX <= PLACE_SIZE, "all orders have their place");

bool orders_file_open(struct orders_file *file, const char *path, struct why *why) {
    struct stat status;
    *file = (struct orders_file){.descriptor = -1};
    if (directory_make_above(path))
        file->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (file->descriptor < 0 || fstat(file->descriptor, &status) != 0)
        return why_fail(why, "%s: %s", path, strerror(errno));
    return S_ISREG(status.st_mode) || why_fail(why, "%s: expected a regular file", path);
}

void orders_file_close(struct orders_file *file) {
    if (file->descriptor >= 0) close(file->descriptor);
    file->descriptor = -1;
}

/* --- Reading --- */

struct place {
    uint8_t *bytes; /* malloc'd, PLACE_SIZE of them; NULL: nothing is there */
    struct reader messages;
    uint64_t number;
};

static bool go_to(const struct orders_file *file, unsigned place) {
    return lseek(file->descriptor, (off_t)place * PLACE_SIZE, SEEK_SET) >= 0;
}

static bool read_place(const struct orders_file *file, unsigned number, struct place *out) {
    uint8_t hash[HASH_SIZE];
    out->bytes = malloc(PLACE_SIZE);
    const ssize_t got = out->bytes && go_to(file, number) ? read(file->descriptor, out->bytes, PLACE_SIZE) : -1;
    struct reader reader = reader_over(out->bytes, got > 0 ? (size_t)got : 0);
    out->number = read_u64(&reader);
    const uint32_t size = read_u32(&reader);
    const uint8_t *expected = read_view(&reader, sizeof hash);
    const uint8_t *messages = read_view(&reader, size);
    if (messages) crypto_generichash(hash, sizeof hash, messages, size, NULL, 0);
    out->messages = reader_over(messages, messages ? size : 0);
    return messages && sodium_memcmp(hash, expected, sizeof hash) == 0;
}

/* False where one of them does not come to hold. A clock that is before that of the writing, as where none has set it
 * yet, makes no ban longer than it was then. */
static bool take_messages(struct reader *messages, const struct seal_keys *keys, struct orders *orders, uint64_t now,
                          uint64_t wall) {
    struct orders_message message;
    bool all = true;
    while (reader_left(messages) > 0) {
        const size_t size = read_u16(messages);
        const uint8_t *bytes = read_view(messages, size);
        if (!bytes || orders_decode(bytes, size, keys, &message) != SEAL_HOLDS) return false;
        message.part.wall_ms = later(message.part.wall_ms, wall);
        all &= orders_recall(orders, &message.part, now) <= ORDERS_KNOWN;
    }
    return all;
}

bool orders_file_read(struct orders_file *file, const struct seal_keys *keys, struct orders *orders, uint64_t now,
                      uint64_t wall) {
    struct place places[2] = {{.bytes = NULL}};
    const bool first = read_place(file, 0, &places[0]), second = read_place(file, 1, &places[1]);
    struct place *later = second && (!first || places[1].number > places[0].number) ? &places[1] : &places[0];
    struct stat status;
    bool all = fstat(file->descriptor, &status) == 0 && status.st_size == 0;
    if (first || second) {
        file->number = later->number;
        all = take_messages(&later->messages, keys, orders, now, wall);
    }
    free(places[0].bytes);
    free(places[1].bytes);
    return all;
}

/* --- Writing --- */

static void write_author(struct writer *writer, const struct orders *orders, uint8_t author,
                         const struct seal_keys *keys, uint64_t now, uint64_t wall) {
    uint8_t message[ORDERS_MESSAGE_MAX];
    const struct orders_author *of = &orders->authors[author];
    for (unsigned i = 0; of->edition != 0 && i < orders_parts(of); i++) {
        const size_t size = orders_encode(of, author, i, now, wall, keys, message, sizeof message);
        write_u16(writer, (uint16_t)size);
        write_bytes(writer, message, size);
    }
}

static bool write_bytes_of(const struct orders_file *file, unsigned place, const uint8_t *bytes, size_t size) {
    if (!go_to(file, place)) return false;
    const ssize_t written = write(file->descriptor, bytes, size);
    if (written >= 0 && (size_t)written < size) errno = ENOSPC;
    return written == (ssize_t)size;
}

uint8_t *orders_file_encode(const struct orders_file *file, const struct seal_keys *keys, const struct orders *orders,
                            uint64_t now, uint64_t wall, size_t *size) {
    uint8_t *bytes = malloc(PLACE_SIZE);
    if (!bytes) return NULL;
    struct writer writer = writer_over(bytes + HEAD_SIZE, PLACE_SIZE - HEAD_SIZE);
    struct writer head = writer_over(bytes, HEAD_SIZE);
    for (unsigned i = 0; i < ORDERS_AUTHORS; i++) write_author(&writer, orders, (uint8_t)i, keys, now, wall);
    write_u64(&head, file->number + 1);
    write_u32(&head, (uint32_t)writer_size(&writer));
    uint8_t *hash = write_space(&head, HASH_SIZE);
    crypto_generichash(hash, HASH_SIZE, bytes + HEAD_SIZE, writer_size(&writer), NULL, 0);
    *size = HEAD_SIZE + writer_size(&writer);
    return bytes;
}

bool orders_file_write(struct orders_file *file, const uint8_t *bytes, size_t size) {
    HOLDS(!rcu_reader_is_online());
    const bool written = write_bytes_of(file, (unsigned)((file->number + 1) % 2), bytes, size);
    file->number += written;
    return written;
}
