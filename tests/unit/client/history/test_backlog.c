/* What is kept of what was said, and of whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/history/backlog.h"

static const struct feed_name anna = {.author = "anna", .run = 1}, bert = {.author = "bert", .run = 1};
static const struct feed_name anna_again = {.author = "anna", .run = 2};

static void add_from(struct backlog *backlog, const struct backlog_source *from, const struct feed_name *feed,
                     uint64_t sequence, size_t size, uint64_t now) {
    uint8_t *data = calloc(1, size);
    struct blob *blob = blob_create(data, size);
    assert_non_null(blob);
    backlog_add(backlog, feed, sequence, from, blob, 0, now);
    blob_drop(blob);
    free(data);
}

/* The author said it itself. */
static void add(struct backlog *backlog, const struct feed_name *feed, uint64_t sequence, size_t size, uint64_t age,
                uint64_t now) {
    uint8_t *data = calloc(1, size);
    struct blob *blob = blob_create(data, size);
    assert_non_null(blob);
    struct backlog_source from = {.itself = true};
    memcpy(from.id, feed->author, sizeof from.id);
    backlog_add(backlog, feed, sequence, &from, blob, age, now);
    blob_drop(blob);
    free(data);
}

static bool has(const struct backlog *backlog, const struct feed_name *feed, uint64_t sequence) {
    return backlog_next(backlog, feed, sequence, sequence) != NULL;
}

static void each_is_kept_once(void **state) {
    struct backlog backlog = {.count = 0};
    (void)state;
    add(&backlog, &anna, 3, 10, 0, 1);
    add(&backlog, &anna, 3, 10, 0, 2);
    add(&backlog, &anna_again, 3, 10, 0, 2);
    assert_int_equal(backlog.count, 2);
    assert_int_equal(backlog.bytes, 20);
    backlog_clear(&backlog);
    assert_int_equal(backlog.count + backlog.bytes, 0);
    assert_null(backlog.authors);
}

static void a_range_is_found_in_order(void **state) {
    struct backlog backlog = {.count = 0};
    (void)state;
    add(&backlog, &anna, 5, 10, 0, 1);
    add(&backlog, &anna, 2, 10, 0, 1);
    add(&backlog, &bert, 3, 10, 0, 1);
    assert_int_equal(backlog_next(&backlog, &anna, 1, UINT64_MAX)->sequence, 2);
    assert_int_equal(backlog_next(&backlog, &anna, 3, UINT64_MAX)->sequence, 5);
    assert_null(backlog_next(&backlog, &anna, 3, 4));
    assert_null(backlog_next(&backlog, &anna, 6, UINT64_MAX));
    backlog_clear(&backlog);
}

static void rows_say_what_there_is(void **state) {
    struct backlog backlog = {.count = 0};
    struct backlog_row rows[3];
    (void)state;
    assert_int_equal(backlog_rows(&backlog, rows, 3), 0);
    add(&backlog, &anna, 5, 10, 0, 1);
    add(&backlog, &bert, 3, 10, 0, 2);
    add(&backlog, &anna, 2, 10, 0, 3);
    assert_int_equal(backlog_rows(&backlog, rows, 3), 2);
    assert_true(feed_name_equal(&rows[0].feed, &anna)); /* heard last */
    assert_int_equal(rows[0].lowest, 2);
    assert_int_equal(rows[0].highest, 5);
    assert_true(feed_name_equal(&rows[1].feed, &bert));
    assert_int_equal(backlog_rows(&backlog, rows, 1), 1);
    backlog_clear(&backlog);
}

static void nothing_grows_older_than_ten_minutes(void **state) {
    struct backlog backlog = {.count = 0};
    (void)state;
    add(&backlog, &anna, 1, 10, 0, 1000000);
    add(&backlog, &anna, 2, 10, BACKLOG_AGE_MS - 1000, 1000000); /* passed on */
    add(&backlog, &anna, 3, 10, BACKLOG_AGE_MS, 1000000);
    assert_int_equal(backlog.count, 2);
    backlog_expire(&backlog, 1000999);
    assert_int_equal(backlog.count, 2);
    backlog_expire(&backlog, 1001000);
    assert_false(has(&backlog, &anna, 2));
    backlog_expire(&backlog, 1000000 + BACKLOG_AGE_MS - 1);
    assert_true(has(&backlog, &anna, 1));
    backlog_expire(&backlog, 1000000 + BACKLOG_AGE_MS);
    assert_int_equal(backlog.count, 0);
}

/* Also with a new run for each message. */
static void a_flooder_pushes_out_nobody_else(void **state) {
    struct backlog backlog = {.count = 0};
    struct feed_name flooder = {.author = "emil"};
    (void)state;
    for (uint64_t i = 1; i <= 300; i++) add(&backlog, &anna, i, 10, 0, i);
    for (uint64_t i = 1; i <= 5000; i++) {
        flooder.run = i;
        add(&backlog, &flooder, 1, 10, 0, 300 + i);
        assert_in_range(backlog.count, 1, BACKLOG_MESSAGES);
    }
    for (uint64_t i = 1; i <= 300; i++) assert_true(has(&backlog, &anna, i));
    assert_true(has(&backlog, &flooder, 1));
    flooder.run = 5000 - 700;
    assert_false(has(&backlog, &flooder, 1));
    flooder.run++;
    assert_true(has(&backlog, &flooder, 1));
    backlog_clear(&backlog);
}

/* A thousand authors of one message each are one source's, and so is what that says itself. */
static void who_invents_authors_pushes_out_nobody_else(void **state) {
    static const struct backlog_source relay = {.id = "relay"}, mallory = {.id = "mallory"};
    static const struct backlog_source anna_itself = {.id = "anna", .itself = true};
    struct backlog backlog = {.count = 0};
    unsigned left = 0;
    (void)state;
    for (uint64_t i = 1; i <= 200; i++) add_from(&backlog, &anna_itself, &anna, i, 10, 1);
    for (uint64_t i = 1; i <= 20; i++) {
        struct feed_name gone = {.author = "gone", .run = 1};
        gone.author[8] = (uint8_t)i;
        for (uint64_t j = 1; j <= 10; j++) add_from(&backlog, &relay, &gone, j, 10, 1);
    }
    for (uint64_t i = 1; i <= 5000; i++) {
        struct feed_name invented = {.author = "invented", .run = 1};
        memcpy(invented.author + 8, &i, sizeof i);
        add_from(&backlog, &mallory, &invented, 1, 10, 2);
        assert_true(backlog.count <= BACKLOG_MESSAGES);
    }
    for (uint64_t i = 1; i <= 200; i++) left += has(&backlog, &anna, i);
    assert_int_equal(left, 200);
    for (uint8_t i = 1; i <= 20; i++) {
        struct feed_name gone = {.author = "gone", .run = 1};
        gone.author[8] = i;
        for (uint64_t j = 1; j <= 10; j++) left += has(&backlog, &gone, j);
    }
    assert_int_equal(left, 400);
    assert_true(backlog_holds(&backlog));
    backlog_clear(&backlog);
}

/* Whose words another one passed on first is not charged to that one for ever. */
static void who_is_heard_itself_counts_for_itself(void **state) {
    static const struct backlog_source mallory = {.id = "mallory"}, bert_itself = {.id = "bert", .itself = true};
    struct backlog backlog = {.count = 0};
    unsigned left = 0;
    (void)state;
    add_from(&backlog, &mallory, &bert, 1, 10, 1);
    for (uint64_t i = 2; i <= 100; i++) add_from(&backlog, &bert_itself, &bert, i, 10, 1);
    assert_true(backlog_holds(&backlog));
    for (uint64_t i = 1; i <= 3000; i++) add_from(&backlog, &mallory, &anna, i, 10, 2);
    for (uint64_t i = 1; i <= 100; i++) left += has(&backlog, &bert, i);
    assert_int_equal(left, 100);
    assert_true(backlog_holds(&backlog));
    backlog_clear(&backlog);
}

static void bytes_are_bounded(void **state) {
    struct backlog backlog = {.count = 0};
    (void)state;
    add(&backlog, &anna, 1, 100, 0, 1);
    for (uint64_t i = 1; i <= 300; i++) {
        add(&backlog, &bert, i, 65536, 0, i);
        assert_in_range(backlog.bytes, 1, BACKLOG_BYTES);
    }
    assert_true(has(&backlog, &anna, 1));
    assert_int_equal(backlog.count, 1 + (BACKLOG_BYTES - 100) / 65536);
    backlog_clear(&backlog);
}

/* --- Against a model that walks through everything --- */

#define MODEL_FEEDS 40
#define MODEL_AUTHORS 8
#define MODEL_ROOM (BACKLOG_MESSAGES + 1)
#define STEPS 20000

struct kept {
    size_t feed;
    uint64_t sequence, number, since;
    size_t size;
};

struct model {
    struct kept kept[MODEL_ROOM]; /* in the order they came */
    size_t count;
    uint64_t added;
    size_t authors[MODEL_AUTHORS], author_count; /* in the order in which they appeared */
};

static uint64_t drawn = 1;

static uint64_t draw(uint64_t below) {
    drawn = drawn * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (drawn >> 33) % below;
}

static size_t author_of(size_t feed) {
    return feed % MODEL_AUTHORS;
}

static struct feed_name name_of(size_t feed) {
    struct feed_name name = {.run = feed};
    name.author[0] = (uint8_t)(1 + author_of(feed));
    return name;
}

static void model_total(const struct model *model, size_t author, size_t *count, size_t *bytes) {
    *count = *bytes = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (author < MODEL_AUTHORS && author_of(model->kept[i].feed) != author) continue;
        ++*count;
        *bytes += model->kept[i].size;
    }
}

static void model_drop(struct model *model, size_t at) {
    size_t author = author_of(model->kept[at].feed), count, bytes;
    memmove(&model->kept[at], &model->kept[at + 1], (--model->count - at) * sizeof model->kept[0]);
    model_total(model, author, &count, &bytes);
    if (count > 0) return;
    size_t place = 0;
    while (model->authors[place] != author) place++;
    model->author_count--;
    memmove(&model->authors[place], &model->authors[place + 1], (model->author_count - place) * sizeof(size_t));
}

/* Of several that have as much, who appeared last. */
static size_t model_greediest(const struct model *model, bool by_bytes) {
    size_t found = 0, most = 0;
    for (size_t i = model->author_count; i-- > 0;) {
        size_t count, bytes;
        model_total(model, model->authors[i], &count, &bytes);
        if ((by_bytes ? bytes : count) <= most) continue;
        most = by_bytes ? bytes : count;
        found = model->authors[i];
    }
    return found;
}

static const struct kept *model_next(const struct model *model, size_t feed, uint64_t from, uint64_t to) {
    const struct kept *next = NULL;
    for (size_t i = 0; i < model->count; i++) {
        const struct kept *kept = &model->kept[i];
        if (kept->feed != feed || kept->sequence < from || kept->sequence > to) continue;
        if (!next || kept->sequence < next->sequence) next = kept;
    }
    return next;
}

static void model_add(struct model *model, const struct kept *news, uint64_t age) {
    size_t known = 0, count, bytes;
    if (age >= BACKLOG_AGE_MS || model_next(model, news->feed, news->sequence, news->sequence)) return;
    while (known < model->author_count && model->authors[known] != author_of(news->feed)) known++;
    if (known == model->author_count) model->authors[model->author_count++] = author_of(news->feed);
    model->kept[model->count] = *news;
    model->kept[model->count++].number = model->added++;
    for (;;) {
        model_total(model, MODEL_AUTHORS, &count, &bytes);
        if (count <= BACKLOG_MESSAGES && bytes <= BACKLOG_BYTES) return;
        size_t author = model_greediest(model, bytes > BACKLOG_BYTES), at = 0;
        while (author_of(model->kept[at].feed) != author) at++;
        model_drop(model, at);
    }
}

static void model_expire(struct model *model, uint64_t now) {
    for (size_t i = model->count; i-- > 0;)
        if (now - model->kept[i].since >= BACKLOG_AGE_MS) model_drop(model, i);
}

static size_t model_rows(const struct model *model, struct backlog_row *out, size_t most) {
    size_t count = 0;
    for (size_t i = model->count; i-- > 0;) {
        const struct kept *kept = &model->kept[i];
        const struct feed_name name = name_of(kept->feed);
        size_t at = 0;
        while (at < count && !feed_name_equal(&out[at].feed, &name)) at++;
        if (at == most) continue;
        if (at == count) out[count++] = (struct backlog_row){name, kept->sequence, kept->sequence};
        if (kept->sequence < out[at].lowest) out[at].lowest = kept->sequence;
        if (kept->sequence > out[at].highest) out[at].highest = kept->sequence;
    }
    return count;
}

static void check_rows(const struct backlog *backlog, const struct model *model) {
    struct backlog_row rows[MODEL_FEEDS], wanted[MODEL_FEEDS] = {0};
    size_t most = draw(MODEL_FEEDS + 1), count = backlog_rows(backlog, rows, most);
    assert_int_equal(count, model_rows(model, wanted, most));
    for (size_t i = 0; i < count; i++) {
        assert_true(feed_name_equal(&rows[i].feed, &wanted[i].feed));
        assert_int_equal(rows[i].lowest, wanted[i].lowest);
        assert_int_equal(rows[i].highest, wanted[i].highest);
    }
}

static void check_next(const struct backlog *backlog, const struct model *model) {
    size_t feed = draw(MODEL_FEEDS);
    uint64_t from = draw(200), to = from + draw(200);
    const struct feed_name name = name_of(feed);
    const struct backlog_entry *entry = backlog_next(backlog, &name, from, to);
    const struct kept *wanted = model_next(model, feed, from, to);
    assert_int_equal(entry != NULL, wanted != NULL);
    if (!entry || !wanted) return;
    assert_int_equal(entry->sequence, wanted->sequence);
    assert_int_equal(entry->number, wanted->number);
    assert_int_equal(entry->since, wanted->since);
    assert_int_equal(entry->blob->size, wanted->size);
}

static void it_does_what_the_model_does(void **state) {
    struct backlog backlog = {.count = 0};
    struct model *model = calloc(1, sizeof *model);
    uint64_t now = 0; /* so that what is older than the clock is there, too */
    size_t fullest = 0;
    (void)state;
    assert_non_null(model);
    for (unsigned step = 0; step < STEPS; step++) {
        /* Most of the time one message is small; for a while they are so large that bytes are what is short. */
        bool large = step / 4000 % 2 == 1;
        uint64_t age = draw(20) == 0 ? draw(BACKLOG_AGE_MS + 1000) : 0;
        struct kept news = {.feed = draw(draw(2) ? MODEL_FEEDS : 3), .sequence = draw(200), .since = now - age};
        news.size = large ? 1 + draw(64 * 1024) : 1 + draw(100);
        const struct feed_name name = name_of(news.feed);
        add(&backlog, &name, news.sequence, news.size, age, now);
        model_add(model, &news, age);
        now += draw(400);
        if (draw(100) == 0) {
            backlog_expire(&backlog, now);
            model_expire(model, now);
        }
        assert_int_equal(backlog.count, model->count);
        check_next(&backlog, model);
        if (step % 16 == 0) assert_true(backlog_holds(&backlog));
        if (step % 64 == 0) check_rows(&backlog, model);
        if (backlog.count > fullest) fullest = backlog.count;
    }
    assert_int_equal(fullest, BACKLOG_MESSAGES);
    backlog_clear(&backlog);
    assert_true(backlog_holds(&backlog));
    free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_kept_once),
        cmocka_unit_test(a_range_is_found_in_order),
        cmocka_unit_test(rows_say_what_there_is),
        cmocka_unit_test(nothing_grows_older_than_ten_minutes),
        cmocka_unit_test(a_flooder_pushes_out_nobody_else),
        cmocka_unit_test(who_invents_authors_pushes_out_nobody_else),
        cmocka_unit_test(who_is_heard_itself_counts_for_itself),
        cmocka_unit_test(bytes_are_bounded),
        cmocka_unit_test(it_does_what_the_model_does),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("backlog", tests, NULL, NULL);
}
