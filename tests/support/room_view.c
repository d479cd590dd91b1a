#include "tests/support/room_view.h"

#include <string.h>

static struct member_record *find(struct room_list *list, const uint8_t id[static MEMBER_ID_SIZE]) {
    for (size_t i = 0; i < list->count; i++)
        if (memcmp(list->records[i].id, id, MEMBER_ID_SIZE) == 0) return &list->records[i];
    return NULL;
}

static bool put(struct room_list *list, const struct member_record *record) {
    struct member_record *place = find(list, record->id);
    if (!place && list->count == ROOM_VIEW_MAX) return false;
    if (!place) place = &list->records[list->count++];
    *place = *record;
    return true;
}

bool room_view_welcome(struct room_view *view, struct room_version version, const uint8_t *records, size_t size) {
    struct reader reader = reader_over(records, size);
    view->list = (struct room_list){.version = version};
    while (reader_left(&reader) > 0 && !reader.failed) {
        struct member_record record;
        read_member_record(&reader, &record);
        if (reader.failed || !put(&view->list, &record)) return false;
    }
    return true;
}

static void drop(struct room_view *view, const struct change_entry *entry) {
    struct member_record *place = find(&view->list, entry->record.id);
    if (!place) return;
    *place = view->list.records[--view->list.count];
    if (entry->reason == LEAVE_SAID)
        view->left_said++;
    else if (entry->reason == LEAVE_MOVED)
        view->left_moved++;
    else
        view->left_silent++;
}

static bool apply_delta(struct room_view *view, const struct changes_header *header, struct reader *reader) {
    bool fits = header->to.epoch == view->list.version.epoch && header->from == view->list.version.count;
    while (reader_left(reader) > 0 && !reader->failed) {
        struct change_entry entry;
        read_change_entry(reader, CHANGES_DELTA, &entry);
        if (reader->failed || !fits) continue;
        if (entry.change == CHANGE_LEFT)
            drop(view, &entry);
        else if (!put(&view->list, &entry.record))
            return false;
    }
    if (fits && !reader->failed) view->list.version = header->to;
    return !reader->failed;
}

/* Some part covers the lowest id, another one what comes behind it, and so on to the highest. */
static bool covers_all(const struct room_view *view) {
    uint8_t gap[MEMBER_ID_SIZE] = {0};
    for (size_t i = 0; i < view->part_count; i++) {
        if (memcmp(view->parts[i].low, gap, MEMBER_ID_SIZE) > 0 || memcmp(view->parts[i].high, gap, MEMBER_ID_SIZE) < 0)
            continue;
        memcpy(gap, view->parts[i].high, MEMBER_ID_SIZE);
        if (!member_id_next(gap)) return true;
        i = SIZE_MAX; /* look at all parts again */
    }
    return false;
}

static bool apply_full(struct room_view *view, const struct changes_header *header, struct reader *reader) {
    if (!room_version_equal(view->arriving.version, header->to)) {
        view->arriving = (struct room_list){.version = header->to};
        view->part_count = 0;
    }
    while (reader_left(reader) > 0 && !reader->failed) {
        struct change_entry entry;
        read_change_entry(reader, CHANGES_FULL, &entry);
        if (!reader->failed && (entry.change != CHANGE_PRESENT || !put(&view->arriving, &entry.record))) return false;
    }
    if (reader->failed || view->part_count == ROOM_VIEW_PARTS) return false;
    memcpy(view->parts[view->part_count].low, header->low, MEMBER_ID_SIZE);
    memcpy(view->parts[view->part_count++].high, header->high, MEMBER_ID_SIZE);
    bool older =
        header->to.epoch == view->list.version.epoch && (int32_t)(header->to.count - view->list.version.count) < 0;
    if (older || !covers_all(view)) return true;
    view->list = view->arriving;
    view->arriving.version = (struct room_version){0};
    return true;
}

bool room_view_apply(struct room_view *view, const uint8_t *body, size_t size) {
    struct reader reader = reader_over(body, size);
    struct changes_header header;
    read_changes_header(&reader, &header);
    if (reader.failed) return false;
    return header.kind == CHANGES_FULL ? apply_full(view, &header, &reader) : apply_delta(view, &header, &reader);
}

const struct member_record *room_view_find(const struct room_view *view, const uint8_t id[static MEMBER_ID_SIZE]) {
    for (size_t i = 0; i < view->list.count; i++)
        if (memcmp(view->list.records[i].id, id, MEMBER_ID_SIZE) == 0) return &view->list.records[i];
    return NULL;
}

static bool same_record(const struct member_record *a, const struct member_record *b) {
    bool same = a->suite_mask == b->suite_mask && a->revision == b->revision &&
                a->candidates.count == b->candidates.count && a->candidates.seen == b->candidates.seen;
    for (size_t i = 0; same && i < a->candidates.count; i++)
        same = address_equal(&a->candidates.items[i], &b->candidates.items[i]);
    return same;
}

bool room_view_is(const struct room_view *view, const struct room *room, const struct viewer *viewer) {
    bool same = room_version_equal(view->list.version, room->version) && view->list.count == room->member_count;
    for (uint32_t i = 0; same && i < room->member_count; i++) {
        struct member_record record;
        room_record(room_members(room)[i], viewer, &record);
        const struct member_record *seen = room_view_find(view, record.id);
        same = seen && same_record(seen, &record);
    }
    return same;
}
