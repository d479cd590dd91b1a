#include "bootnode/table/room_changes.h"

#include <assert.h>
#include <string.h>

void room_record(const struct session *member, const struct viewer *viewer, struct member_record *out) {
    out->suite_mask = member->suite_mask;
    out->revision = member->revision;
    memcpy(out->id, member->member_id, sizeof out->id);
    viewer_look(viewer, member, &out->candidates);
}

bool room_write_welcome(const struct room *room, const uint8_t viewer_id[static MEMBER_ID_SIZE],
                        const struct viewer *viewer, struct writer *writer) {
    for (uint32_t i = 0; i < room->member_count; i++) {
        const struct session *member = room_members(room)[i];
        if (memcmp(member->member_id, viewer_id, MEMBER_ID_SIZE) == 0) continue;
        struct member_record record;
        room_record(member, viewer, &record);
        if (member_record_size(&record) > writer_left(writer)) return false;
        write_member_record(writer, &record);
    }
    return true;
}

static bool write_entry_if_fits(struct writer *writer, const struct change_entry *entry) {
    if (change_entry_size(entry) > writer_left(writer)) return false;
    write_change_entry(writer, entry);
    return true;
}

/* The header stands before the entries and is known after them. */
static void fill_header(uint8_t *space, size_t size, const struct changes_header *header) {
    struct writer writer = writer_over(space, size);
    write_changes_header(&writer, header);
    assert(writer_size(&writer) == size);
}

/* False when there is nothing to tell of this change. */
static bool make_entry(const struct room *room, const struct room_change *change, const struct viewer *viewer,
                       struct change_entry *out) {
    if (change->covered) return false;
    *out = (struct change_entry){.change = (enum change)change->change, .reason = (enum leave_reason)change->reason};
    if (out->change == CHANGE_LEFT) {
        memcpy(out->record.id, change->member_id, MEMBER_ID_SIZE);
        return true;
    }
    const struct session *member = room_find(room, change->member_id);
    if (!member) return false;
    room_record(member, viewer, &out->record);
    return true;
}

static size_t write_delta(const struct room *room, const struct viewer *viewer, struct changes_cursor *cursor,
                          uint8_t *out, size_t capacity) {
    struct writer writer = writer_over(out, capacity);
    uint8_t *space = write_space(&writer, CHANGES_HEADER_DELTA_SIZE);
    struct changes_header header = {.kind = CHANGES_DELTA, .to = cursor->at, .from = cursor->at.count};
    while (header.to.count != room->version.count) {
        const struct room_change *change = &room->ring[(header.to.count + 1) % room->ring_capacity];
        struct change_entry entry;
        if (make_entry(room, change, viewer, &entry) && !write_entry_if_fits(&writer, &entry)) break;
        header.to.count++;
    }
    fill_header(space, CHANGES_HEADER_DELTA_SIZE, &header);
    cursor->at = header.to;
    return writer_size(&writer);
}

bool member_id_next(uint8_t member_id[static MEMBER_ID_SIZE]) {
    for (size_t i = MEMBER_ID_SIZE; i-- > 0;)
        if (++member_id[i] != 0) return true;
    return false;
}

static size_t write_full(const struct room *room, const struct viewer *viewer, struct changes_cursor *cursor,
                         uint8_t *out, size_t capacity) {
    struct writer writer = writer_over(out, capacity);
    uint8_t *space = write_space(&writer, CHANGES_HEADER_FULL_SIZE);
    struct changes_header header = {.kind = CHANGES_FULL, .to = room->version};
    memcpy(header.low, cursor->next_low, MEMBER_ID_SIZE);
    uint32_t position = room_position(room, cursor->next_low);
    for (; position < room->member_count; position++) {
        const struct session *member = room_members(room)[position];
        struct change_entry entry = {.change = CHANGE_PRESENT};
        room_record(member, viewer, &entry.record);
        if (!write_entry_if_fits(&writer, &entry)) break;
        memcpy(header.high, member->member_id, MEMBER_ID_SIZE);
    }
    if (position == room->member_count) {
        memset(header.high, 0xff, MEMBER_ID_SIZE);
        cursor->done = true;
        cursor->at = room->version;
    }
    fill_header(space, CHANGES_HEADER_FULL_SIZE, &header);
    memcpy(cursor->next_low, header.high, MEMBER_ID_SIZE);
    (void)member_id_next(cursor->next_low);
    return writer_size(&writer);
}

size_t room_write_changes(const struct room *room, const struct viewer *viewer, struct changes_cursor *cursor,
                          uint8_t *out, size_t capacity) {
    assert(capacity >= ROOM_CHANGES_MIN);
    if (cursor->done || room_version_equal(cursor->at, room->version)) return 0;
    if (!cursor->full && cursor->at.epoch == room->version.epoch &&
        room->version.count - cursor->at.count <= room->ring_held)
        return write_delta(room, viewer, cursor, out, capacity);
    if (!cursor->full || !room_version_equal(cursor->to, room->version)) {
        memset(cursor->next_low, 0, MEMBER_ID_SIZE);
        cursor->to = room->version;
        cursor->full = true;
    }
    return write_full(room, viewer, cursor, out, capacity);
}
