/* What a whole control sequence of a terminal means. Pure; key_parser.h finds where sequences begin and end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest sequence that means a key; longer ones are reports. */
#define KEY_SEQUENCE_MAX 64

struct key_mouse {
    bool any;        /* the sequence was a report of the mouse; it is no key then */
    unsigned button; /* as the protocol numbers them, without modifiers: 0 left, 3 released, 64 and 65 the wheel */
    bool pressed;
    unsigned column, row; /* from 1 */
};

/* CSI or SS3 from its ESC to its final byte → a key of keys.h, never ESC; KEYS_NONE where it is a report or a key that
 * we have no use for. xterm's modifiers ("ctlseqs", PC-Style Function Keys), modifyOtherKeys (CSI 27;…~), Kitty's
 * keyboard protocol (CSI … u), and the mouse as SGR (1006) and urxvt (1015) encode it. */
uint32_t key_decode(const char *bytes, size_t size, struct key_mouse *mouse);
/* The three bytes after CSI M, which X10's encoding ends with. */
struct key_mouse key_decode_x10(const unsigned char bytes[static 3]);
