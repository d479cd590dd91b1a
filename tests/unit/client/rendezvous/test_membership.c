/* The client's list against a model: a room that keeps its whole history, told in deltas and full lists that get lost,
 * repeated and reordered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/rendezvous/membership.h"

#define IDS 12       /* members there may be */
#define HISTORY 4000 /* changes */
#define EPOCH 7

/* --- The model: who was there at each count, and what each change was --- */

struct model_member {
    bool here;
    uint32_t revision;
};

struct model {
    struct model_member at[HISTORY + 1][IDS];
    struct {
        unsigned member;
        enum change change;
    } changes[HISTORY + 1];
    uint32_t count;
};

static void id_of(unsigned member, uint8_t out[static MEMBER_ID_SIZE]) {
    memset(out, 0, MEMBER_ID_SIZE);
    out[0] = (uint8_t)(member * 20);
    out[MEMBER_ID_SIZE - 1] = (uint8_t)member;
}

static struct member_record record_of(unsigned member, uint32_t revision) {
    struct member_record record = {.suite_mask = 1, .revision = revision, .candidates.count = 1};
    id_of(member, record.id);
    record.candidates.items[0] = (struct address){.ip = {[10] = 0xff, 0xff, 192, 0, 2, (uint8_t)member}, .port = 4000};
    return record;
}

static void model_change(struct model *model) {
    unsigned member = (unsigned)rand() % IDS;
    const struct model_member *before = model->at[model->count];
    struct model_member *after = model->at[++model->count];
    memcpy(after, before, IDS * sizeof *after);
    enum change change = !after[member].here ? CHANGE_JOINED : rand() % 2 ? CHANGE_LEFT : CHANGE_UPDATED;
    after[member].here = change != CHANGE_LEFT;
    after[member].revision++;
    model->changes[model->count].member = member;
    model->changes[model->count].change = change;
}

static size_t write_delta(const struct model *model, uint32_t from, uint32_t to, uint8_t out[static PACKET_MAX]) {
    struct changes_header header = {.kind = CHANGES_DELTA, .to = {EPOCH, to}, .from = from};
    struct writer writer = writer_over(out, PACKET_MAX);
    write_changes_header(&writer, &header);
    for (uint32_t count = from + 1; count <= to; count++) {
        unsigned member = model->changes[count].member;
        struct change_entry entry = {.change = model->changes[count].change,
                                     .record = record_of(member, model->at[count][member].revision)};
        write_change_entry(&writer, &entry);
    }
    return writer_size(&writer);
}

/* Part `part` of three: the ids up to 3, up to 7, and the others. */
static size_t write_part(const struct model *model, uint32_t count, unsigned part, uint8_t out[static PACKET_MAX]) {
    static const unsigned first[] = {0, 4, 8, IDS};
    struct changes_header header = {.kind = CHANGES_FULL, .to = {EPOCH, count}};
    struct writer writer = writer_over(out, PACKET_MAX);
    id_of(first[part], header.low);
    id_of(first[part + 1], header.high);
    if (part < 2) header.high[MEMBER_ID_SIZE - 1]--; /* up to right before the next part */
    if (part == 0) memset(header.low, 0, sizeof header.low);
    if (part == 2) memset(header.high, 0xff, sizeof header.high);
    write_changes_header(&writer, &header);
    for (unsigned member = first[part]; member < first[part + 1]; member++) {
        struct change_entry entry = {.change = CHANGE_PRESENT,
                                     .record = record_of(member, model->at[count][member].revision)};
        if (model->at[count][member].here) write_change_entry(&writer, &entry);
    }
    return writer_size(&writer);
}

/* --- Who listens: must come to the same list by what it is told --- */

struct listener {
    bool here[IDS];
    unsigned joined, left, resynced;
};

static void on_listed(void *context, const struct member_record *record, enum change change) {
    struct listener *listener = context;
    bool *here = &listener->here[record->id[MEMBER_ID_SIZE - 1]];
    assert_int_equal(*here, change == CHANGE_UPDATED);
    listener->joined += change == CHANGE_JOINED;
    *here = true;
}

static void on_delisted(void *context, const uint8_t id[static MEMBER_ID_SIZE], enum leave_reason reason, bool resync) {
    struct listener *listener = context;
    bool *here = &listener->here[id[MEMBER_ID_SIZE - 1]];
    (void)reason;
    assert_true(*here);
    *here = false;
    listener->left++;
    listener->resynced += resync;
}

static struct membership_observer observer_of(struct listener *listener) {
    return (struct membership_observer){listener, on_listed, on_delisted};
}

static void assert_is_model(const struct membership *membership, const struct listener *listener,
                            const struct model *model) {
    const struct model_member *members = model->at[membership->version.count];
    size_t count = 0;
    if (membership->version.epoch == 0) return;
    assert_int_equal(membership->version.epoch, EPOCH);
    for (unsigned member = 0; member < IDS; member++) {
        uint8_t id[MEMBER_ID_SIZE];
        id_of(member, id);
        const struct member_record *record = membership_find(membership, id);
        assert_int_equal(record != NULL, members[member].here);
        assert_int_equal(listener->here[member], members[member].here);
        if (!record) continue;
        assert_int_equal(record->revision, members[member].revision);
        count++;
    }
    assert_int_equal(membership->list.count, count);
}

/* --- Tests --- */

static uint32_t some_count_near(const struct model *model) {
    uint32_t back = (uint32_t)rand() % 6;
    return model->count > back ? model->count - back : model->count;
}

static void tell_something(struct membership *membership, struct listener *listener, const struct model *model) {
    uint8_t body[PACKET_MAX];
    struct membership_observer observer = observer_of(listener);
    size_t size;
    uint32_t to = some_count_near(model), from = membership->version.count;
    if (rand() % 3 == 0)
        size = write_part(model, to, (unsigned)rand() % 3, body);
    else if (rand() % 2)
        size = write_delta(model, to > 2 ? to - 2 : 0, to, body); /* may be old, or leave a gap */
    else
        size = write_delta(model, from < to && to - from < 8 ? from : to - 1, to, body);
    enum membership_result result = membership_apply(membership, body, size, &observer);
    assert_int_not_equal(result, MEMBERSHIP_MALFORMED);
}

static void any_telling_leads_to_the_truth(void **state) {
    (void)state;
    struct model *model = calloc(1, sizeof *model);
    struct membership membership;
    struct listener listener = {0};
    assert_non_null(model);
    srand(1);
    membership_init(&membership);
    unsigned moved = 0;
    while (model->count < HISTORY) {
        if (rand() % 4 == 0) model_change(model);
        if (model->count == 0) continue;
        struct room_version before = membership.version;
        tell_something(&membership, &listener, model);
        moved += !room_version_equal(before, membership.version);
        assert_is_model(&membership, &listener, model);
    }
    assert_in_range(moved, 1000, 100000);
    assert_in_range(listener.resynced, 10, 100000);
    membership_clear(&membership);
    free(model);
}

static enum membership_result apply_part(struct membership *membership, struct listener *listener,
                                         const struct model *model, uint32_t count, unsigned part) {
    uint8_t body[PACKET_MAX];
    struct membership_observer observer = observer_of(listener);
    size_t size = write_part(model, count, part, body);
    return membership_apply(membership, body, size, &observer);
}

/* In each order, and with a part twice. Until the last gap is closed nothing is told. */
static void a_full_list_takes_all_its_parts(void **state) {
    static const unsigned orders[][4] = {{0, 1, 1, 2}, {2, 1, 2, 0}, {1, 0, 0, 2}, {2, 0, 2, 1}};
    struct model *model = calloc(1, sizeof *model);
    (void)state;
    assert_non_null(model);
    srand(2);
    while (model->count < 50) model_change(model);
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct membership membership;
        struct listener listener = {0};
        membership_init(&membership);
        for (size_t j = 0; j < 3; j++) {
            assert_int_equal(apply_part(&membership, &listener, model, 50, orders[i][j]), MEMBERSHIP_PARTIAL);
            assert_int_equal(listener.joined, 0);
        }
        assert_int_equal(apply_part(&membership, &listener, model, 50, orders[i][3]), MEMBERSHIP_APPLIED);
        assert_is_model(&membership, &listener, model);
        assert_int_equal(membership.version.count, 50);
        assert_int_equal(apply_part(&membership, &listener, model, 50, 0), MEMBERSHIP_KNOWN);
        membership_clear(&membership);
    }
    free(model);
}

static void a_gap_and_another_epoch_are_asked_about(void **state) {
    struct model *model = calloc(1, sizeof *model);
    struct membership membership;
    struct listener listener = {0};
    struct membership_observer observer = observer_of(&listener);
    uint8_t body[PACKET_MAX];
    (void)state;
    assert_non_null(model);
    srand(3);
    while (model->count < 20) model_change(model);
    membership_init(&membership);
    for (unsigned part = 0; part < 3; part++) apply_part(&membership, &listener, model, 10, part);
    size_t size = write_delta(model, 12, 14, body);
    assert_int_equal(membership_apply(&membership, body, size, &observer), MEMBERSHIP_GAP);
    size = write_delta(model, 8, 10, body);
    assert_int_equal(membership_apply(&membership, body, size, &observer), MEMBERSHIP_KNOWN);
    size = write_delta(model, 10, 12, body);
    body[2] ^= 1; /* the epoch */
    assert_int_equal(membership_apply(&membership, body, size, &observer), MEMBERSHIP_GAP);
    body[2] ^= 1;
    assert_int_equal(membership_apply(&membership, body, size, &observer), MEMBERSHIP_APPLIED);
    assert_is_model(&membership, &listener, model);
    membership_clear(&membership);
    free(model);
}

/* Half a delta is never applied. */
static void a_malformed_body_changes_nothing(void **state) {
    struct model *model = calloc(1, sizeof *model);
    struct membership membership;
    struct listener listener = {0};
    struct membership_observer observer = observer_of(&listener);
    uint8_t body[PACKET_MAX];
    (void)state;
    assert_non_null(model);
    srand(4);
    while (model->count < 20) model_change(model);
    membership_init(&membership);
    for (unsigned part = 0; part < 3; part++) apply_part(&membership, &listener, model, 10, part);
    size_t size = write_delta(model, 10, 14, body), entry = CHANGES_HEADER_DELTA_SIZE;
    for (size_t cut = 0; cut < size; cut++) {
        if (cut >= entry && membership_apply(&membership, body, cut, &observer) == MEMBERSHIP_APPLIED) {
            /* Cut between two entries it is a shorter delta, and well-formed. */
            membership_clear(&membership);
            listener = (struct listener){0};
            for (unsigned part = 0; part < 3; part++) apply_part(&membership, &listener, model, 10, part);
            continue;
        }
        assert_int_equal(membership_apply(&membership, body, cut, &observer), MEMBERSHIP_MALFORMED);
        assert_is_model(&membership, &listener, model);
    }
    membership_clear(&membership);
    free(model);
}

/* A member that left and came back while nobody told us stands in both lists: it is told again. */
static void who_stands_in_both_lists_is_told_again(void **state) {
    struct membership membership;
    struct listener listener = {0};
    struct membership_observer observer = observer_of(&listener);
    uint8_t records[PACKET_MAX];
    (void)state;
    membership_init(&membership);
    for (uint32_t epoch = 1; epoch <= 2; epoch++) {
        struct writer writer = writer_over(records, sizeof records);
        struct member_record record = record_of(3, 1);
        write_member_record(&writer, &record);
        struct reader reader = reader_over(records, writer_size(&writer));
        assert_true(membership_welcome(&membership, (struct room_version){epoch, 1}, &reader, &observer));
    }
    assert_int_equal(listener.joined, 1); /* on_listed has seen the second as an update */
    assert_true(listener.here[3]);
    struct reader cut = reader_over(records, 10);
    assert_false(membership_welcome(&membership, (struct room_version){3, 1}, &cut, &observer));
    assert_int_equal(membership.version.epoch, 2);
    assert_true(listener.here[3]);
    membership_clear(&membership);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_telling_leads_to_the_truth),          cmocka_unit_test(a_full_list_takes_all_its_parts),
        cmocka_unit_test(a_gap_and_another_epoch_are_asked_about), cmocka_unit_test(a_malformed_body_changes_nothing),
        cmocka_unit_test(who_stands_in_both_lists_is_told_again),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("membership", tests, NULL, NULL);
}
