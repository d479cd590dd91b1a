/* What a bootnode, or who has its key, says of a room: any bodies of CHANGES and any records of WELCOME, one after the
 * other. Whatever they are, the list is sorted, has each member once and no more than there may be, and whoever looks
 * on was told of exactly those that are in it. Each part of the input is one body, behind a byte that chooses what it
 * is and two with its length. */
#include <stdlib.h>
#include <string.h>

#include "client/rendezvous/membership.h"
#include "common/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t listed;

static void require(bool condition) {
    if (!condition) abort();
}

static void on_listed(void *context, const struct member_record *record, enum change change) {
    (void)context;
    require(change == CHANGE_JOINED || change == CHANGE_UPDATED);
    require(record->candidates.count <= RECORD_CANDIDATES_MAX);
    listed += change == CHANGE_JOINED;
}

static void on_delisted(void *context, const uint8_t id[static MEMBER_ID_SIZE], enum leave_reason reason, bool resync) {
    (void)context, (void)id, (void)reason, (void)resync;
    require(listed > 0);
    listed--;
}

static void require_sorted(const struct membership_list *list) {
    require(list->count <= MEMBERSHIP_MAX && list->count <= list->capacity);
    for (size_t i = 1; i < list->count; i++)
        require(memcmp(list->records[i - 1].id, list->records[i].id, MEMBER_ID_SIZE) < 0);
}

static void take(struct membership *membership, uint8_t what, const uint8_t *body, size_t size) {
    static const struct membership_observer observer = {.listed = on_listed, .delisted = on_delisted};
    struct reader reader = reader_over(body, size);
    if (what == 0) {
        struct room_version version = {.epoch = read_u8(&reader), .count = read_u8(&reader)};
        (void)membership_welcome(membership, version, &reader, &observer);
    } else {
        (void)membership_apply(membership, body, size, &observer);
    }
    require_sorted(&membership->list);
    require_sorted(&membership->arriving.list);
    require(listed == membership->list.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct membership membership;
    struct reader reader = reader_over(data, size);
    membership_init(&membership);
    listed = 0;
    while (reader_left(&reader) > 3) {
        uint8_t what = read_u8(&reader) % 4;
        size_t wanted = read_u16(&reader), left = reader_left(&reader), part = wanted < left ? wanted : left;
        uint8_t *body = malloc(part ? part : 1);
        require(body != NULL);
        const uint8_t *bytes = read_view(&reader, part);
        require(bytes != NULL);
        memcpy(body, bytes, part);
        take(&membership, what, body, part);
        free(body);
    }
    membership_clear(&membership);
    return 0;
}
