#include "client/invite/qr.h"

#include <errno.h>
#include <qrencode.h>
#include <string.h>

#include "common/memory.h"

#define DARK 1u       /* of a module, as libqrencode has it */
#define BLOCK_BYTES 3 /* of U+2580, U+2584 and U+2588 */

/* What may be given up for a smaller picture, the best first. */
static const struct shape {
    QRecLevel level;
    unsigned margin; /* in modules; scanners do with 2 */
} shapes[] = {{QR_ECLEVEL_M, 4}, {QR_ECLEVEL_M, 2}, {QR_ECLEVEL_L, 2}};
#define SHAPES (sizeof shapes / sizeof *shapes)

static unsigned modules(const QRcode *code, const struct shape *shape) {
    return (unsigned)code->width + 2 * shape->margin;
}

static unsigned columns_of(unsigned modules, bool utf8) {
    return utf8 ? modules : 2 * modules;
}

static unsigned rows_of(unsigned modules, bool utf8) {
    return utf8 ? (modules + 1) / 2 : modules;
}

/* Is ink to be there? Around the code all is light. */
static bool is_drawn(const QRcode *code, const struct shape *shape, unsigned row, unsigned column, bool inverted) {
    unsigned y = row - shape->margin, x = column - shape->margin, width = (unsigned)code->width;
    bool dark = x < width && y < width && (code->data[y * width + x] & DARK);
    return dark != inverted;
}

static char *draw_block(char *at, bool upper, bool lower) {
    static const char *const blocks[] = {" ", "▄", "▀", "█"};
    return stpcpy(at, blocks[2 * upper + lower]);
}

static char *draw(const QRcode *code, const struct shape *shape, const struct qr_place *place) {
    unsigned count = modules(code, shape), step = place->utf8 ? 2 : 1;
    size_t columns = columns_of(count, place->utf8), rows = rows_of(count, place->utf8);
    char *picture = allocate(rows * (columns * BLOCK_BYTES + 1) + 1), *at = picture;
    for (unsigned row = 0; row < count; row += step) {
        for (unsigned column = 0; column < count; column++) {
            bool upper = is_drawn(code, shape, row, column, place->inverted);
            /* Below the last row of an odd number there is nothing: light. */
            bool lower = row + 1 < count ? is_drawn(code, shape, row + 1, column, place->inverted) : place->inverted;
            at = place->utf8 ? draw_block(at, upper, lower) : stpcpy(at, upper ? "##" : "  ");
        }
        *at++ = '\n';
    }
    *at = '\0';
    return picture;
}

/* Case counts in invites, hence 1; 0: the smallest version that holds the text. */
static QRcode *encode(const char *text, QRecLevel level) {
    return QRcode_encodeString(text, 0, level, QR_MODE_8, 1);
}

char *qr_picture(const char *text, const struct qr_place *place, struct why *why) {
    unsigned needed = 0;
    for (size_t i = 0; i < SHAPES; i++) {
        QRcode *code = encode(text, shapes[i].level);
        if (!code && errno == ERANGE) continue;
        if (!code) {
            why_fail(why, "no QR code: %s", strerror(errno));
            return NULL;
        }
        unsigned count = modules(code, &shapes[i]);
        bool fits = columns_of(count, place->utf8) <= place->columns && rows_of(count, place->utf8) <= place->rows;
        char *picture = fits ? draw(code, &shapes[i], place) : NULL;
        QRcode_free(code);
        if (picture) return picture;
        needed = count;
    }
    if (needed == 0)
        why_fail(why, "no QR code: the text is too long for one");
    else
        why_fail(why, "no QR code: it needs %u columns and %u rows, here are %u and %u",
                 columns_of(needed, place->utf8), rows_of(needed, place->utf8), place->columns, place->rows);
    return NULL;
}
