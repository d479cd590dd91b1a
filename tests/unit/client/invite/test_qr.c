#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/invite/qr.h"

#define SIDE_MAX 96
#define WORDS_MAX 600
#define VERSION_MAX 13

/* --- A scanner, written from ISO/IEC 18004 and not from what libqrencode does; on a screen no bit is lost, so it needs
 * no correction of errors --- */

struct scan {
    unsigned side; /* with the margin; then without */
    unsigned margin, version, level, mask;
    bool dark[SIDE_MAX][SIDE_MAX];
    uint8_t words[WORDS_MAX], data[WORDS_MAX]; /* as they stand there, and in their order */
    size_t word_count, data_count, bit;
    char text[WORDS_MAX];
};

static void read_blocks(struct scan *scan, const char *picture) {
    unsigned row = 0, column = 0;
    for (const char *at = picture; *at;) {
        if (*at == '\n') {
            if (scan->side == 0) scan->side = column;
            assert_int_equal(column, scan->side);
            row += 2;
            column = 0;
            at++;
            continue;
        }
        assert_true(row + 1 < SIDE_MAX && column < SIDE_MAX);
        bool full = strncmp(at, "█", 3) == 0, upper = full || strncmp(at, "▀", 3) == 0;
        bool lower = full || strncmp(at, "▄", 3) == 0;
        assert_true(upper || lower || *at == ' ');
        scan->dark[row][column] = upper;
        scan->dark[row + 1][column++] = lower;
        at += *at == ' ' ? 1 : 3;
    }
    assert_in_range(row, scan->side, scan->side + 1);
}

static void read_hashes(struct scan *scan, const char *picture) {
    unsigned row = 0;
    for (const char *end; (end = strchr(picture, '\n')); picture = end + 1, row++) {
        scan->side = (unsigned)(end - picture) / 2;
        assert_true(row < SIDE_MAX && scan->side < SIDE_MAX);
        for (unsigned column = 0; column < scan->side; column++) {
            assert_int_equal(picture[2 * column], picture[2 * column + 1]);
            assert_true(picture[2 * column] == '#' || picture[2 * column] == ' ');
            scan->dark[row][column] = picture[2 * column] == '#';
        }
    }
    assert_int_equal(row, scan->side);
}

/* The margin is light all around; what it surrounds becomes all there is. */
static void cut_margin(struct scan *scan) {
    while (!scan->dark[scan->margin][scan->margin]) scan->margin++;
    unsigned margin = scan->margin, side = scan->side;
    for (unsigned row = 0; row < side; row++)
        for (unsigned column = 0; column < side; column++) {
            bool inside = row >= margin && column >= margin && row < side - margin && column < side - margin;
            assert_true(inside || !scan->dark[row][column]);
            if (inside) scan->dark[row - margin][column - margin] = scan->dark[row][column];
        }
    scan->side -= 2 * margin;
    scan->version = (scan->side - 17) / 4;
    assert_int_equal(scan->side, 17 + 4 * scan->version);
    assert_in_range(scan->version, 1, VERSION_MAX);
}

/* BCH(15, 5). */
static unsigned format_of(unsigned five) {
    unsigned rest = five << 10;
    for (int bit = 14; bit >= 10; bit--)
        if (rest & (1u << bit)) rest ^= 0x537u << (bit - 10);
    return (five << 10 | rest) ^ 0x5412;
}

static void read_format(struct scan *scan) {
    static const uint8_t rows[] = {8, 8, 8, 8, 8, 8, 8, 8, 7, 5, 4, 3, 2, 1, 0};
    static const uint8_t columns[] = {0, 1, 2, 3, 4, 5, 7, 8, 8, 8, 8, 8, 8, 8, 8};
    unsigned read = 0, five = 0;
    for (unsigned i = 0; i < 15; i++) read = read << 1 | scan->dark[rows[i]][columns[i]];
    while (five < 32 && format_of(five) != read) five++;
    assert_true(five < 32);
    scan->level = five >> 3;
    scan->mask = five & 7;
}

static bool near_alignment(unsigned version, unsigned row, unsigned column) {
    static const uint8_t centers[VERSION_MAX + 1][3] = {
        [2] = {6, 18},      [3] = {6, 22},      [4] = {6, 26},      [5] = {6, 30},
        [6] = {6, 34},      [7] = {6, 22, 38},  [8] = {6, 24, 42},  [9] = {6, 26, 46},
        [10] = {6, 28, 50}, [11] = {6, 30, 54}, [12] = {6, 32, 58}, [13] = {6, 34, 62}};
    const uint8_t *center = centers[version];
    unsigned count = version < 2 ? 0 : version < 7 ? 2 : 3, last = count - 1;
    for (unsigned i = 0; i < count; i++)
        for (unsigned j = 0; j < count; j++) {
            bool finder = (i == 0 && j == 0) || (i == 0 && j == last) || (i == last && j == 0);
            if (!finder && row + 2 >= center[i] && row <= center[i] + 2u && column + 2 >= center[j] &&
                column <= center[j] + 2u)
                return true;
        }
    return false;
}

static bool is_function(const struct scan *scan, unsigned row, unsigned column) {
    unsigned side = scan->side;
    if ((row < 9 && column < 9) || (row < 9 && column >= side - 8) || (row >= side - 8 && column < 9)) return true;
    if (row == 6 || column == 6 || near_alignment(scan->version, row, column)) return true;
    if (scan->version < 7) return false;
    return (row < 6 && column >= side - 11) || (column < 6 && row >= side - 11);
}

static bool masked(unsigned mask, unsigned i, unsigned j) {
    switch (mask) {
    case 0: return (i + j) % 2 == 0;
    case 1: return i % 2 == 0;
    case 2: return j % 3 == 0;
    case 3: return (i + j) % 3 == 0;
    case 4: return (i / 2 + j / 3) % 2 == 0;
    case 5: return i * j % 2 + i * j % 3 == 0;
    case 6: return (i * j % 2 + i * j % 3) % 2 == 0;
    default: return ((i + j) % 2 + i * j % 3) % 2 == 0;
    }
}

static void read_words(struct scan *scan) {
    size_t bits = 0;
    bool up = true;
    for (unsigned right = scan->side - 1; right < scan->side; right -= right == 8 ? 3 : 2, up = !up)
        for (unsigned step = 0; step < scan->side; step++)
            for (unsigned column = right; column + 1 >= right; column--) {
                unsigned row = up ? scan->side - 1 - step : step;
                if (is_function(scan, row, column)) continue;
                bool bit = scan->dark[row][column] != masked(scan->mask, row, column);
                assert_true(bits / 8 < WORDS_MAX);
                scan->words[bits / 8] = (uint8_t)(scan->words[bits / 8] << 1 | bit);
                bits++;
            }
    scan->word_count = bits / 8;
}

/* Table 9 of the standard: blocks of one size and those with a byte more, and the bytes of each. */
static const struct blocks {
    uint8_t count, size, longer;
} tables[2][VERSION_MAX + 1] = {{{0, 0, 0},
                                 {1, 16, 0},
                                 {1, 28, 0},
                                 {1, 44, 0},
                                 {2, 32, 0},
                                 {2, 43, 0},
                                 {4, 27, 0},
                                 {4, 31, 0},
                                 {2, 38, 2},
                                 {3, 36, 2},
                                 {4, 43, 1},
                                 {1, 50, 4},
                                 {6, 36, 2},
                                 {8, 37, 1}},
                                {{0, 0, 0},
                                 {1, 19, 0},
                                 {1, 34, 0},
                                 {1, 55, 0},
                                 {1, 80, 0},
                                 {1, 108, 0},
                                 {2, 68, 0},
                                 {2, 78, 0},
                                 {2, 97, 0},
                                 {2, 116, 0},
                                 {2, 68, 2},
                                 {4, 81, 0},
                                 {2, 92, 2},
                                 {4, 107, 0}}};

static void sort_words(struct scan *scan) {
    assert_in_range(scan->level, 0, 1); /* M and L */
    const struct blocks *blocks = &tables[scan->level][scan->version];
    unsigned count = blocks->count + blocks->longer;
    size_t starts[16] = {0}, at = 0;
    for (unsigned i = 1; i < count; i++) starts[i] = starts[i - 1] + blocks->size + (i > blocks->count ? 1u : 0);
    for (unsigned byte = 0; byte <= blocks->size; byte++)
        for (unsigned i = 0; i < count; i++)
            if (byte < blocks->size || i >= blocks->count) scan->data[starts[i] + byte] = scan->words[at++];
    scan->data_count = at;
    assert_true(at < scan->word_count);
}

static unsigned take(struct scan *scan, unsigned bits) {
    unsigned value = 0;
    while (bits-- > 0) {
        assert_true(scan->bit / 8 < scan->data_count);
        value = value << 1 | (scan->data[scan->bit / 8] >> (7 - scan->bit % 8) & 1);
        scan->bit++;
    }
    return value;
}

static char *take_bytes(struct scan *scan, char *at) {
    for (unsigned left = take(scan, scan->version < 10 ? 8 : 16); left > 0; left--) *at++ = (char)take(scan, 8);
    return at;
}

static char *take_digits(struct scan *scan, char *at) {
    for (unsigned left = take(scan, scan->version < 10 ? 10 : 12), group; left > 0; left -= group) {
        group = left < 3 ? left : 3;
        at += sprintf(at, "%0*u", (int)group, take(scan, group == 3 ? 10 : group == 2 ? 7 : 4));
    }
    return at;
}

static char *take_letters(struct scan *scan, char *at) {
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    for (unsigned left = take(scan, scan->version < 10 ? 9 : 11), pair; left > 0; left -= left > 1 ? 2 : 1) {
        pair = take(scan, left > 1 ? 11 : 6);
        if (left > 1) *at++ = letters[pair / 45];
        *at++ = letters[pair % 45];
    }
    return at;
}

static void read_text(struct scan *scan) {
    char *at = scan->text;
    while (scan->bit + 4 <= 8 * scan->data_count) {
        switch (take(scan, 4)) {
        case 1: at = take_digits(scan, at); break;
        case 2: at = take_letters(scan, at); break;
        case 4: at = take_bytes(scan, at); break;
        case 0: return;
        default: fail_msg("a mode that is none");
        }
    }
}

static struct scan scan_picture(const char *picture, bool utf8) {
    struct scan scan = {0};
    if (utf8)
        read_blocks(&scan, picture);
    else
        read_hashes(&scan, picture);
    cut_margin(&scan);
    read_format(&scan);
    read_words(&scan);
    sort_words(&scan);
    read_text(&scan);
    return scan;
}

/* --- Tests --- */

static struct scan round_trip(const char *text, struct qr_place place) {
    struct why why;
    char *picture = qr_picture(text, &place, &why);
    struct scan scan = {0};
    if (picture)
        scan = scan_picture(picture, place.utf8);
    else
        fail_msg("%s", why.text);
    assert_string_equal(scan.text, text);
    free(picture);
    return scan;
}

static void what_is_drawn_is_scanned(void **state) {
    char text[280];
    (void)state;
    for (size_t size = 1; size < sizeof text; size++) {
        for (size_t i = 0; i < size; i++) text[i] = "abcXYZ09_-#/:,."[(i * 7 + size) % 15];
        text[size] = '\0';
        struct scan blocks = round_trip(text, (struct qr_place){.columns = 80, .rows = 80, .utf8 = true});
        struct scan hashes = round_trip(text, (struct qr_place){.columns = 160, .rows = 80});
        assert_int_equal(blocks.margin, 4);
        assert_int_equal(blocks.level, 0);
        assert_memory_equal(blocks.dark, hashes.dark, sizeof blocks.dark);
    }
    round_trip("12345 67890 12345 67890 12345 67890 12345 67890", (struct qr_place){80, 40, true, false});
    round_trip("GOCHAT://CHAT.EXAMPLE.ORG/TEA", (struct qr_place){80, 40, true, false});
}

#define INVITE "gochat://chat.example.org/tea#AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMw"

/* Margin, then correction, are given up for smaller terminals; then it says what it would need. */
static void it_is_made_smaller_where_it_must_be(void **state) {
    struct why why;
    unsigned rows = 40, seen = 0;
    (void)state;
    for (; rows > 0; rows--) {
        struct qr_place place = {.columns = 80, .rows = rows, .utf8 = true};
        char *picture = qr_picture(INVITE, &place, &why);
        if (!picture) break;
        struct scan scan = scan_picture(picture, true);
        assert_string_equal(scan.text, INVITE);
        assert_in_range((scan.side + 2 * scan.margin + 1) / 2, 1, rows);
        seen |= 1u << (2 * scan.level + (scan.margin == 4));
        free(picture);
    }
    assert_int_equal(rows, 20);
    assert_int_equal(seen, 0x7);
    assert_string_equal(why.text, "no QR code: it needs 41 columns and 21 rows, here are 80 and 20");
    assert_null(qr_picture(INVITE, &(struct qr_place){.columns = 40, .rows = 80, .utf8 = true}, &why));
    assert_string_equal(why.text, "no QR code: it needs 41 columns and 21 rows, here are 40 and 80");
    assert_null(qr_picture(INVITE, &(struct qr_place){.columns = 81, .rows = 80}, &why));
    assert_string_equal(why.text, "no QR code: it needs 82 columns and 41 rows, here are 81 and 80");
}

/* Light and dark change places, in the margin too. */
static void it_can_be_inverted(void **state) {
    struct qr_place place = {.columns = 80, .rows = 80, .utf8 = true}, inverted = place;
    struct why why;
    static const char *const opposites[] = {" ", "█", "▀", "▄"};
    (void)state;
    inverted.inverted = true;
    char *dark = qr_picture(INVITE, &place, &why), *light = qr_picture(INVITE, &inverted, &why);
    assert_non_null(dark);
    assert_non_null(light);
    const char *a = dark, *b = light;
    while (*a && *b) {
        size_t i = 0;
        while (i < 4 && strncmp(a, opposites[i], strlen(opposites[i])) != 0) i++;
        const char *other = i < 4 ? opposites[i ^ 1] : "\n";
        assert_int_equal(strncmp(b, other, strlen(other)), 0);
        a += i < 4 ? strlen(opposites[i]) : 1;
        b += strlen(other);
    }
    assert_true(!*a && !*b);
    free(dark);
    free(light);
}

static void what_fits_into_none_is_said(void **state) {
    char text[4000];
    struct why why;
    (void)state;
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_null(qr_picture(text, &(struct qr_place){1000, 1000, true, false}, &why));
    assert_string_equal(why.text, "no QR code: the text is too long for one");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_drawn_is_scanned),
        cmocka_unit_test(it_is_made_smaller_where_it_must_be),
        cmocka_unit_test(it_can_be_inverted),
        cmocka_unit_test(what_fits_into_none_is_said),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
