/* Whatever bytes a terminal sends, in whatever rhythm: each key is one that keys.h knows, the queue holds them all, and
 * after a while without bytes the next letter is itself. Each pair of input bytes is how long nothing comes (above 200,
 * in units of 64 ms) and a byte. */
#include <stdint.h>
#include <stdlib.h>

#include "client/curses/key_parser.h"
#include "client/look/keys.h"

#define PAUSE_FROM 200 /* a pause byte below it is none */
#define PAUSE_UNIT_MS 64
#define LONG_MS 60000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct key_parser parser;

static void require(bool condition) {
    if (!condition) abort();
}

static uint32_t take_keys(void) {
    uint32_t last = KEYS_NONE;
    require(parser.count < KEY_PARSER_QUEUE); /* a full one may have lost some */
    for (uint32_t key; (key = key_parser_next(&parser)) != KEYS_NONE; last = key) {
        uint32_t plain = key & ~(uint32_t)KEYS_ALT;
        require(plain < KEYS_NONE && !(plain >= 0xd800 && plain < 0xe000) && plain != 0x1b);
    }
    return last;
}

static void pass(uint64_t *now_ms, uint64_t ms) {
    uint64_t end = *now_ms + ms;
    for (int wait; (wait = key_parser_wait(&parser, *now_ms)) >= 0 && *now_ms + (uint64_t)wait <= end;) {
        *now_ms += (uint64_t)wait;
        key_parser_idle(&parser, *now_ms);
        take_keys();
    }
    *now_ms = end;
    key_parser_idle(&parser, *now_ms);
    take_keys();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint64_t now_ms = 0;
    key_parser_init(&parser, NULL, 0);
    for (size_t i = 0; i + 1 < size; i += 2) {
        if (data[i] >= PAUSE_FROM) pass(&now_ms, (uint64_t)(data[i] - PAUSE_FROM) * PAUSE_UNIT_MS);
        key_parser_feed(&parser, data[i + 1], now_ms);
        take_keys();
    }
    pass(&now_ms, LONG_MS);
    require(key_parser_wait(&parser, now_ms) == -1);
    key_parser_feed(&parser, 'z', now_ms);
    require(take_keys() == 'z');
    return 0;
}
