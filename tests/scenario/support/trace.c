#include "tests/scenario/support/trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "client/ui/json.h"

#define HASH_TEXT_SIZE (2 * crypto_shorthash_BYTES + 1)

/* NULL: nobody asked. */
static FILE *trace(void) {
    static FILE *file;
    const char *name = getenv("WORLD_TRACE");
    if (file || !name || !*name) return file;
    file = fopen(name, "w");
    if (!file) {
        perror(name);
        exit(EXIT_FAILURE);
    }
    return file;
}

void trace_test(void) {
    static unsigned number;
    if (trace()) fprintf(trace(), "test %u\n", ++number);
}

static const char *hash_of(const uint8_t *data, size_t size, char out[static HASH_TEXT_SIZE]) {
    static const uint8_t key[crypto_shorthash_KEYBYTES];
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, data, size, key);
    return sodium_bin2hex(out, HASH_TEXT_SIZE, hash, sizeof hash);
}

void trace_packet(uint64_t now, const struct address *from, const struct address *to, const uint8_t *data,
                  size_t size) {
    char from_text[ADDRESS_TEXT_SIZE], to_text[ADDRESS_TEXT_SIZE], hash[HASH_TEXT_SIZE];
    if (!trace()) return;
    fprintf(trace(), "%" PRIu64 " %s > %s %zu %s\n", now, address_format(from, from_text), address_format(to, to_text),
            size, hash_of(data, size, hash));
}

/* What the JSON does not show. */
static void write_rest(const struct event *event) {
    char peer[2 * MEMBER_ID_SIZE + 1], address[ADDRESS_TEXT_SIZE];
    switch (event->type) {
    case EVENT_PEER_CONNECTED: fprintf(trace(), " safety %s", event->safety); break;
    case EVENT_MESSAGE: fprintf(trace(), " shown %" PRIu64, event->shown_ms); break;
    case EVENT_SENT: fprintf(trace(), " for %u, %s %s", event->recipients, event->fingerprint, event->nick); break;
    case EVENT_PEER_STATUS:
        sodium_bin2hex(peer, sizeof peer, event->peer, sizeof event->peer);
        fprintf(trace(), "status %s %s %s %d %s %s %s %.3f", event->room, peer, event->nick, event->standing,
                event->relayed ? "relayed" : "direct", event->relay, address_format(&event->address, address),
                event->rtt_ms);
        break;
    case EVENT_CREDIT: fprintf(trace(), "credit %s %u", event->room, event->credit); break;
    case EVENT_FINISHED: fprintf(trace(), "finished %d", event->status); break;
    default: break;
    }
}

void trace_event(uint64_t now, const char *whom, const struct event *event) {
    if (!trace()) return;
    char *json = ui_json_line(event);
    fprintf(trace(), "%" PRIu64 " %s: ", now, whom);
    if (json) fprintf(trace(), "%.*s", (int)strlen(json) - 1, json);
    write_rest(event);
    fputc('\n', trace());
    free(json);
}

void trace_line(uint64_t now, const char *whom, const char *format, ...) {
    va_list arguments;
    if (!trace()) return;
    fprintf(trace(), "%" PRIu64 " %s ", now, whom);
    va_start(arguments, format);
    vfprintf(trace(), format, arguments);
    va_end(arguments);
    fputc('\n', trace());
}
