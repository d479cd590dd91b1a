#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/curses/scrollback.h"
#include "common/text.h"
#include "tests/support/layout.h"

static uint64_t add(struct scrollback *scrollback, const char *author, const char *text) {
    struct line_header header = {.at_ms = 1, .kind = LINE_MESSAGE};
    return scrollback_add(scrollback, &header, author, strlen(author), text, strlen(text));
}

static void check_line(const struct scrollback *scrollback, uint64_t number, const char *author, const char *text) {
    const struct line *line = scrollback_line(scrollback, number);
    assert_non_null(line);
    assert_int_equal(line->author_size, strlen(author));
    assert_memory_equal(line_author(line), author, line->author_size);
    assert_int_equal(line->text_size, strlen(text));
    assert_memory_equal(line_text(line), text, line->text_size);
}

static void keeps_lines_as_they_came(void **state) {
    (void)state;
    struct scrollback scrollback = {0};
    struct line_header header = {.at_ms = 123456789012,
                                 .kind = LINE_DAY,
                                 .own = true,
                                 .mention = true,
                                 .colour = 7,
                                 .recipients = 3,
                                 .delivered = 2,
                                 .undelivered = 1};
    assert_null(scrollback_line(&scrollback, 0));
    assert_int_equal(add(&scrollback, "alice", "hello"), 0);
    assert_int_equal(scrollback_add(&scrollback, &header, NULL, 0, NULL, 0), 1);
    assert_int_equal(add(&scrollback, "", "notice"), 2);
    check_line(&scrollback, 0, "alice", "hello");
    check_line(&scrollback, 1, "", "");
    check_line(&scrollback, 2, "", "notice");
    const struct line_header *kept = &scrollback_line(&scrollback, 1)->header;
    assert_int_equal(kept->at_ms, 123456789012);
    assert_int_equal(kept->kind, LINE_DAY);
    assert_true(kept->own && kept->mention);
    assert_int_equal(kept->colour, 7);
    assert_int_equal(kept->recipients * 100 + kept->delivered * 10 + kept->undelivered, 321);
    assert_int_equal(scrollback_end(&scrollback), 3);
    assert_null(scrollback_line(&scrollback, 3));
    assert_null(scrollback_line(&scrollback, UINT64_MAX));
    assert_true(scrollback_holds(&scrollback));
    scrollback_clear(&scrollback);
}

static void numbers_go_on_after_clearing(void **state) {
    (void)state;
    struct scrollback scrollback = {0};
    add(&scrollback, "a", "one");
    add(&scrollback, "a", "two");
    assert_true(scrollback_holds(&scrollback));
    scrollback_clear(&scrollback);
    assert_null(scrollback.lines);
    assert_int_equal(scrollback.bytes, 0);
    assert_int_equal(scrollback_end(&scrollback), 2);
    assert_null(scrollback_line(&scrollback, 1));
    assert_int_equal(add(&scrollback, "a", "three"), 2);
    check_line(&scrollback, 2, "a", "three");
    assert_true(scrollback_holds(&scrollback));
    scrollback_clear(&scrollback);
}

static void keeps_so_many_lines(void **state) {
    (void)state;
    struct scrollback scrollback = {0};
    char text[24];
    for (unsigned i = 0; i < SCROLLBACK_LINES + 100; i++) {
        snprintf(text, sizeof text, "line %u", i);
        assert_int_equal(add(&scrollback, "a", text), i);
    }
    assert_int_equal(scrollback.count, SCROLLBACK_LINES);
    assert_int_equal(scrollback.first, 100);
    assert_null(scrollback_line(&scrollback, 99));
    check_line(&scrollback, 100, "a", "line 100");
    check_line(&scrollback, SCROLLBACK_LINES + 99, "a", text);
    assert_true(scrollback_holds(&scrollback));
    scrollback_clear(&scrollback);
}

/* What was asked of malloc: the ring and every line. */
static size_t held(const struct scrollback *scrollback) {
    size_t bytes = scrollback->capacity * sizeof(struct line *);
    for (uint64_t number = scrollback->first; number < scrollback_end(scrollback); number++) {
        const struct line *line = scrollback_line(scrollback, number);
        bytes += sizeof *line + line->author_size + line->text_size;
    }
    return bytes;
}

static void keeps_so_many_bytes(void **state) {
    (void)state;
    struct scrollback scrollback = {0};
    static char text[1500];
    memset(text, 'x', sizeof text - 1);
    for (unsigned i = 0; i < 5000; i++) {
        add(&scrollback, "author", text);
        assert_true(scrollback.bytes <= SCROLLBACK_BYTES);
    }
    assert_true(held(&scrollback) <= scrollback.bytes);
    assert_true(held(&scrollback) > SCROLLBACK_BYTES / 100 * 97);
    assert_int_equal(scrollback_end(&scrollback), 5000);
    assert_true(scrollback_holds(&scrollback));
    scrollback_clear(&scrollback);
    for (unsigned i = 0; i < SCROLLBACK_LINES; i++) add(&scrollback, "a", "b");
    size_t with_malloc = SCROLLBACK_LINES * (sizeof(struct line *) + sizeof(struct line) + 2 + sizeof(size_t));
    assert_true(scrollback.bytes >= with_malloc);
    assert_true(scrollback_holds(&scrollback));
    scrollback_clear(&scrollback);
}

static void cuts_what_is_longer_than_the_bound(void **state) {
    (void)state;
    struct scrollback scrollback = {0};
    struct line_header header = {.kind = LINE_MESSAGE};
    size_t size = SCROLLBACK_BYTES + 3;
    char *text = malloc(size);
    assert_non_null(text);
    for (size_t i = 0; i < size; i++) text[i] = "\xe6\xbc\xa2"[i % 3];
    add(&scrollback, "a", "before");
    assert_int_equal(scrollback_add(&scrollback, &header, text, 70000, text, size), 1);
    const struct line *line = scrollback_line(&scrollback, 1);
    assert_non_null(line);
    assert_in_range(line->author_size, UINT16_MAX - 3, UINT16_MAX);
    assert_true(line->text_size > SCROLLBACK_BYTES / 10 * 9);
    assert_true(text_is_utf8(line_author(line), line->author_size));
    assert_true(text_is_utf8(line_text(line), line->text_size));
    assert_true(scrollback.bytes <= SCROLLBACK_BYTES);
    assert_int_equal(scrollback_end(&scrollback), 2);
    free(text);
    assert_true(scrollback_holds(&scrollback));
    scrollback_clear(&scrollback);
}

static void finds_without_regard_to_case(void **state) {
    (void)state;
    static const struct {
        const char *text, *words;
        bool found;
    } examples[] = {
        {"Hello, World", "hello", true},
        {"Hello, World", "O, wO", true},
        {"Hello, World", "worlds", false},
        {"hello", "hello", true},
        {"hell", "hello", false},
        {"ababac", "abac", true},
        {"Grüße", "GRÜSSE", true},
        {"Strasse", "straße", true}, /* found in ASCII, though the words are not */
        {"Straße", "STRASSE", true},
        {"Μίκης", "μίκησ", true},
        {"ＦＵＬＬ width", "full", true},
        {"caf\u00e9", "cafe\u0301", true},
        {"cafe\u0301 x", "CAF\u00c9", true},
        {"caf\u00e9", "cafe", false},
        {"\u212a is for kelvin", "k is", true},
        {"plain", "Ж", false},
        {"漢字かな", "字か", true},
        {"안녕", "\u110b\u1161\u11ab", true},
        {"anything", "", false},
        {"anything", "\u00ad", false}, /* nothing is left of it */
        {"", "x", false},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        for (unsigned in_author = 0; in_author < 2; in_author++) {
            struct scrollback scrollback = {0};
            uint64_t number = 77;
            add(&scrollback, in_author ? examples[i].text : "", in_author ? "" : examples[i].text);
            if (scrollback_find(&scrollback, examples[i].words, 1, &number) != examples[i].found)
                fail_msg("\"%s\" in \"%s\"", examples[i].words, examples[i].text);
            assert_int_equal(number, examples[i].found ? 0 : 77);
            assert_true(scrollback_holds(&scrollback));
            scrollback_clear(&scrollback);
        }
    }
}

static void finds_the_newest_below(void **state) {
    (void)state;
    struct scrollback scrollback = {0};
    uint64_t number;
    add(&scrollback, "alice", "gone");
    assert_true(scrollback_holds(&scrollback));
    scrollback_clear(&scrollback);
    add(&scrollback, "Alice", "tea?");
    add(&scrollback, "Bob", "coffee");
    add(&scrollback, "Alice", "so be it");
    assert_true(scrollback_find(&scrollback, "alice", UINT64_MAX, &number));
    assert_int_equal(number, 3);
    assert_true(scrollback_find(&scrollback, "alice", 3, &number));
    assert_int_equal(number, 1);
    assert_false(scrollback_find(&scrollback, "alice", 1, &number));
    assert_false(scrollback_find(&scrollback, "alice", 0, &number));
    assert_false(scrollback_find(&scrollback, "alicetea", UINT64_MAX, &number)); /* not across the two */
    assert_true(scrollback_holds(&scrollback));
    scrollback_clear(&scrollback);
    assert_false(scrollback_find(&scrollback, "alice", UINT64_MAX, &number));
}

/* What a line must be, from its number alone. */
static char *line_of(uint64_t number, size_t *size) {
    *size = (size_t)(number * 2654435761u % (number % 17 == 0 ? 60000 : 300));
    char *text = malloc(*size + 24);
    assert_non_null(text);
    memset(text, (int)('a' + number % 26), *size);
    *size += (size_t)snprintf(text + *size, 24, " %llu", (unsigned long long)number);
    return text;
}

static void check_number(const struct scrollback *scrollback, uint64_t number) {
    size_t size;
    char *text = line_of(number, &size);
    const struct line *line = scrollback_line(scrollback, number);
    assert_non_null(line);
    assert_int_equal(line->header.at_ms, number);
    assert_int_equal(line->author_size, number % 7);
    assert_int_equal(line->text_size, size);
    assert_memory_equal(line_text(line), text, size);
    free(text);
}

/* Against a model that knows only numbers: what is kept is the newest, whole, and as much as fits. */
static void adds_and_clears_at_random(void **state) {
    (void)state;
    struct scrollback scrollback = {0};
    uint64_t next = 0, cleared = 0;
    for (unsigned round = 0; round < 4000; round++) {
        if (layout_random() % 1500 == 0) {
            assert_true(scrollback_holds(&scrollback));
            scrollback_clear(&scrollback);
            cleared = next;
        }
        size_t size;
        char *text = line_of(next, &size);
        struct line_header header = {.at_ms = next};
        uint64_t before = scrollback.first;
        assert_int_equal(scrollback_add(&scrollback, &header, "author", next % 7, text, size), next);
        free(text);
        next++;
        assert_int_equal(scrollback_end(&scrollback), next);
        assert_true(scrollback.bytes <= SCROLLBACK_BYTES && scrollback.count <= SCROLLBACK_LINES);
        if (scrollback.first > before) assert_true(scrollback.bytes > SCROLLBACK_BYTES - 61000);
        if (scrollback.first != before) assert_true(scrollback.first > cleared);
        check_number(&scrollback, scrollback.first);
        check_number(&scrollback, next - 1);
        check_number(&scrollback, scrollback.first + layout_random() % scrollback.count);
        if (scrollback.first > 0) assert_null(scrollback_line(&scrollback, scrollback.first - 1));
    }
    assert_true(next > 3000 && scrollback.first > 0);
    assert_true(scrollback_holds(&scrollback));
    scrollback_clear(&scrollback);
}

static void bytes_that_are_not_counted_do_not_hold(void **state) {
    struct scrollback scrollback = {0};
    (void)state;
    add(&scrollback, "alice", "hi");
    assert_true(scrollback_holds(&scrollback));
    scrollback_line(&scrollback, 0)->text_size += 64;
    assert_false(scrollback_holds(&scrollback));
    scrollback_line(&scrollback, 0)->text_size -= 64;
    scrollback_clear(&scrollback);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_are_not_counted_do_not_hold),
        cmocka_unit_test(keeps_lines_as_they_came),
        cmocka_unit_test(numbers_go_on_after_clearing),
        cmocka_unit_test(keeps_so_many_lines),
        cmocka_unit_test(keeps_so_many_bytes),
        cmocka_unit_test(cuts_what_is_longer_than_the_bound),
        cmocka_unit_test(finds_without_regard_to_case),
        cmocka_unit_test(finds_the_newest_below),
        cmocka_unit_test(adds_and_clears_at_random),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("scrollback", tests, NULL, NULL);
}
