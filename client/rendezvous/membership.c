#include "client/rendezvous/membership.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

/* Where `id` stands, or would be inserted. */
static size_t list_position(const struct membership_list *list, const uint8_t *id, bool *found) {
    size_t low = 0, high = list->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(list->records[middle].id, id, MEMBER_ID_SIZE);
        if (order == 0) *found = true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* True when the record was new. A list at its bound takes no more. */
static bool list_put(struct membership_list *list, const struct member_record *record) {
    bool found;
    size_t at = list_position(list, record->id, &found);
    if (found) {
        list->records[at] = *record;
        return false;
    }
    if (list->count == MEMBERSHIP_MAX) return false;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 16;
        list->records = grow(list->records, capacity, sizeof *list->records);
        list->capacity = capacity;
    }
    memmove(&list->records[at + 1], &list->records[at], (list->count - at) * sizeof *list->records);
    list->records[at] = *record;
    list->count++;
    return true;
}

static bool list_drop(struct membership_list *list, const uint8_t *id) {
    bool found;
    size_t at = list_position(list, id, &found);
    if (!found) return false;
    list->count--;
    memmove(&list->records[at], &list->records[at + 1], (list->count - at) * sizeof *list->records);
    return true;
}

static void list_clear(struct membership_list *list) {
    free(list->records);
    memset(list, 0, sizeof *list);
}

void membership_init(struct membership *membership) {
    memset(membership, 0, sizeof *membership);
}

static void arriving_clear(struct membership *membership) {
    list_clear(&membership->arriving.list);
    membership->arriving.part_count = 0;
    membership->arriving.version = (struct room_version){0};
}

void membership_clear(struct membership *membership) {
    list_clear(&membership->list);
    arriving_clear(membership);
    membership->version = (struct room_version){0};
}

const struct member_record *membership_find(const struct membership *membership,
                                            const uint8_t id[static MEMBER_ID_SIZE]) {
    bool found;
    size_t at = list_position(&membership->list, id, &found);
    return found ? &membership->list.records[at] : NULL;
}

/* The smallest id above `id`; false when there is none. */
static bool id_successor(uint8_t id[static MEMBER_ID_SIZE]) {
    for (size_t i = MEMBER_ID_SIZE; i-- > 0;)
        if (++id[i]) return true;
    return false;
}

static bool arriving_complete(const struct membership *membership) {
    uint8_t wanted[MEMBER_ID_SIZE] = {0}; /* the lowest id that no part has covered yet */
    for (size_t step = 0; step <= membership->arriving.part_count; step++) {
        size_t i = 0;
        for (; i < membership->arriving.part_count; i++)
            if (memcmp(membership->arriving.parts[i].low, wanted, MEMBER_ID_SIZE) <= 0 &&
                memcmp(membership->arriving.parts[i].high, wanted, MEMBER_ID_SIZE) >= 0)
                break;
        if (i == membership->arriving.part_count) return false;
        memcpy(wanted, membership->arriving.parts[i].high, MEMBER_ID_SIZE);
        if (!id_successor(wanted)) return true;
    }
    return false;
}

/* Who stands in both is told, too: it may have left and come back in between, with the same record. */
static void tell_list(const struct membership_list *old, const struct membership_list *list,
                      const struct membership_observer *observer) {
    bool found;
    for (size_t i = 0; i < old->count; i++) {
        list_position(list, old->records[i].id, &found);
        if (!found) observer->delisted(observer->context, old->records[i].id, LEAVE_SILENT, true);
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct member_record *record = &list->records[i];
        list_position(old, record->id, &found);
        observer->listed(observer->context, record, found ? CHANGE_UPDATED : CHANGE_JOINED);
    }
}

/* The arrived list takes the place of the old one. */
static void arriving_take_over(struct membership *membership, const struct membership_observer *observer) {
    struct membership_list old = membership->list;
    membership->list = membership->arriving.list;
    membership->version = membership->arriving.version;
    membership->arriving.list = (struct membership_list){0};
    membership->arriving.version = (struct room_version){0};
    membership->arriving.part_count = 0;
    tell_list(&old, &membership->list, observer);
    list_clear(&old);
}

static enum membership_result apply_full(struct membership *membership, const struct changes_header *header,
                                         struct reader *reader, const struct membership_observer *observer) {
    if (room_version_equal(header->to, membership->version)) return MEMBERSHIP_KNOWN;
    if (!room_version_equal(header->to, membership->arriving.version)) {
        /* An older part that was overtaken must not throw away what a newer version has brought so far. */
        bool same_epoch = header->to.epoch == membership->arriving.version.epoch;
        if (same_epoch && (int32_t)(header->to.count - membership->arriving.version.count) < 0) return MEMBERSHIP_KNOWN;
        arriving_clear(membership);
        membership->arriving.version = header->to;
    }
    while (reader_left(reader) && !reader->failed) {
        struct change_entry entry;
        read_change_entry(reader, CHANGES_FULL, &entry);
        if (!reader->failed) list_put(&membership->arriving.list, &entry.record);
    }
    if (reader->failed || membership->arriving.part_count == MEMBERSHIP_PARTS) {
        arriving_clear(membership);
        return MEMBERSHIP_MALFORMED;
    }
    size_t part = membership->arriving.part_count++;
    memcpy(membership->arriving.parts[part].low, header->low, MEMBER_ID_SIZE);
    memcpy(membership->arriving.parts[part].high, header->high, MEMBER_ID_SIZE);
    if (!arriving_complete(membership)) return MEMBERSHIP_PARTIAL;
    arriving_take_over(membership, observer);
    return MEMBERSHIP_APPLIED;
}

static void apply_entry(struct membership *membership, const struct change_entry *entry,
                        const struct membership_observer *observer) {
    if (entry->change == CHANGE_LEFT) {
        if (list_drop(&membership->list, entry->record.id))
            observer->delisted(observer->context, entry->record.id, entry->reason, entry->reason == LEAVE_MOVED);
        return;
    }
    bool is_new = list_put(&membership->list, &entry->record);
    observer->listed(observer->context, &entry->record, is_new ? CHANGE_JOINED : CHANGE_UPDATED);
}

static enum membership_result apply_delta(struct membership *membership, const struct changes_header *header,
                                          struct reader *reader, const struct membership_observer *observer) {
    struct room_version *version = &membership->version;
    if (version->epoch != header->to.epoch) return MEMBERSHIP_GAP;
    if ((int32_t)(header->to.count - version->count) <= 0) return MEMBERSHIP_KNOWN;
    if (header->from != version->count) return MEMBERSHIP_GAP;

    /* Read once to see that all of it is well-formed, then once to apply: half a delta is never applied. */
    struct reader check = *reader;
    struct change_entry entry;
    while (reader_left(&check) && !check.failed) read_change_entry(&check, CHANGES_DELTA, &entry);
    if (check.failed) return MEMBERSHIP_MALFORMED;
    while (reader_left(reader)) {
        read_change_entry(reader, CHANGES_DELTA, &entry);
        apply_entry(membership, &entry, observer);
    }
    *version = header->to;
    return MEMBERSHIP_APPLIED;
}

enum membership_result membership_apply(struct membership *membership, const uint8_t *body, size_t size,
                                        const struct membership_observer *observer) {
    struct reader reader = reader_over(body, size);
    struct changes_header header;
    read_changes_header(&reader, &header);
    if (reader.failed || header.to.epoch == 0) return MEMBERSHIP_MALFORMED;
    return header.kind == CHANGES_FULL ? apply_full(membership, &header, &reader, observer)
                                       : apply_delta(membership, &header, &reader, observer);
}

bool membership_welcome(struct membership *membership, struct room_version version, struct reader *records,
                        const struct membership_observer *observer) {
    arriving_clear(membership);
    while (reader_left(records) && !records->failed) {
        struct member_record record;
        read_member_record(records, &record);
        if (!records->failed) list_put(&membership->arriving.list, &record);
    }
    if (records->failed) {
        arriving_clear(membership);
        return false;
    }
    membership->arriving.version = version;
    arriving_take_over(membership, observer);
    return true;
}
