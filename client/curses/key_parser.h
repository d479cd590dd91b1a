/* What a terminal sends, byte by byte: keys, text, pastes and reports told apart. Pure: bytes and times in, keys of
 * keys.h out.
 *
 * Invariant: however a sequence is cut into pieces, and however far apart they come within the patience below, none of
 * its bytes becomes text; and whatever comes, keys work again after that patience.
 *
 *     TEXT     characters in UTF-8, and control characters; ESC → ESCAPE, and U+0080–U+009F as their ESC forms
 *     ESCAPE   [ → CSI   O → SS3   ] P X ^ _ → STRING   ESC → again   any other byte: that key with Alt
 *     CSI      to its final byte @ … ~; control characters act at once, CAN and SUB end it, ESC begins anew (ECMA-48,
 *              and the parser of the VT500 as Paul Williams drew it); a byte above 0x7f is text again
 *     LINUX    the byte after CSI [ is the final one (the console's F1)
 *     SS3      to its final byte, as CSI
 *     STRING   OSC, DCS, SOS, PM, APC: to ST or, OSC, BEL
 *     MOUSE    the three bytes after CSI M
 *     PASTE    after CSI 200~: everything is text but CSI 201~
 *
 * Patience, counted from the last byte, and only while nothing is there to be read (key_parser_idle), so that a busy
 * client does not take its own slowness for the terminal's:
 *   - ESC: 100 ms for a key with Alt, which terminals send in one piece: longer, and Escape would swallow what is typed
 *     next. Escape alone is no key of ours, so the introducers [ O ] P are waited for as long as the rest of a
 *     sequence; but what comes so late and cannot go on as one (O and a letter that no key ends with) was typed.
 *   - the rest of a sequence: 2 s, which outlasts a packet of ssh lost twice (retransmitted after 0.2 to 1 s, doubled).
 *     A string also ends 30 s after its beginning: somebody types into it.
 *   - ESC _ is Alt-_ when nothing follows in 100 ms, so are ESC ^ and ESC X.
 *   - a paste: 1 s of silence, then it counts as ended, for its end may have been lost. The keyboard works from then
 *     on; but the rest may still come, from a link that stood still, and must not be sent and run. So until CSI 201~
 *     or an Enter that somebody pressed, a control character, or a sequence that stands for one, is a key only where
 *     nothing came within 20 ms before and after it, as from a hand; else it is pasted (PASTE_BEGIN, it, PASTE_END).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/curses/key_decode.h"
#include "client/curses/key_sequences.h"

#define KEY_PARSER_QUEUE 16 /* more than one byte or one wait can yield */

enum key_parser_state {
    KEY_PARSER_TEXT,
    KEY_PARSER_ESCAPE,
    KEY_PARSER_CSI,
    KEY_PARSER_LINUX,
    KEY_PARSER_SS3,
    KEY_PARSER_STRING,
    KEY_PARSER_MOUSE,
    KEY_PARSER_PASTE,
};

struct key_parser {
    const struct key_sequence *own; /* the terminal's, asked before the common ones; the caller's */
    size_t own_count;
    enum key_parser_state state;
    uint64_t last_ms, began_ms; /* the last byte; the beginning of the string */
    bool late;                  /* ESC came long ago */
    bool meta;                  /* the character under way is one with Alt */
    bool alt;                   /* another ESC came before the sequence */
    bool in_string;             /* the ESC may be the first half of ST */
    char sequence[KEY_SEQUENCE_MAX];
    size_t size;              /* of the sequence, with what did not fit */
    unsigned char partial[4]; /* of a character in UTF-8, or of a report of the mouse */
    size_t partial_size;
    unsigned char before; /* the byte before, in a string */
    size_t matched;       /* of CSI 201~ */
    bool doubtful;        /* a paste was given up */
    bool alone;           /* nothing has come for a moment */
    bool began_alone;     /* so it was when the sequence began */
    int held;             /* a control character that may be a paste's; -1: none */
    unsigned column, row; /* where the left button went down; 0: it did not */
    uint32_t keys[KEY_PARSER_QUEUE];
    size_t first, count;
};

void key_parser_init(struct key_parser *parser, const struct key_sequence *own, size_t own_count);
/* The caller takes all keys before it feeds the next byte. */
void key_parser_feed(struct key_parser *parser, unsigned char byte, uint64_t now_ms);
/* Nothing is there to be read: what time alone decides. */
void key_parser_idle(struct key_parser *parser, uint64_t now_ms);
/* KEYS_NONE: no more. */
uint32_t key_parser_next(struct key_parser *parser);
/* Milliseconds until key_parser_idle has something to do, -1: a byte has to come first. */
int key_parser_wait(const struct key_parser *parser, uint64_t now_ms);
