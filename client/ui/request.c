#include "client/ui/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ui/lines.h"

#define VALUE_SHOWN 64

struct reason {
    char *text;
    size_t size;
};

#define REFUSE(reason, ...) (snprintf((reason)->text, (reason)->size, __VA_ARGS__), false)

bool request_is(const char *line) {
    return line[strspn(line, " \t")] == '{';
}

/* --- keys --- */

/* Room for a '/' before it, too. */
static void keep_text(struct request *request, const char *before, const json_t *value) {
    size_t more = strlen(before), size = json_string_length(value);

    request->text = malloc(more + size + 1);
    if (!request->text) abort();
    memcpy(request->text, before, more);
    memcpy(request->text + more, json_string_value(value), size + 1);
    request->size = more + size;
}

static bool take_ref(struct request *request, const json_t *value, const struct reason *reason) {
    char *text = json_is_string(value) || json_is_integer(value)
                     ? json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_COMPACT)
                     : NULL;
    bool fits = text && strlen(text) < sizeof request->ref;

    if (fits) memcpy(request->ref, text, strlen(text) + 1);
    free(text);
    return fits || REFUSE(reason, "ref: expected a whole number or a string, of at most %zu bytes as JSON",
                          sizeof request->ref - 1);
}

static bool take_say(struct request *request, const json_t *value, const struct reason *reason) {
    if (request->type != REQUEST_NONE) return REFUSE(reason, "say: expected either say or command");
    keep_text(request, "", value);
    request->size = lines_unify(request->text, request->size);
    request->type = REQUEST_SAY;
    if (request->size > 0 && request->size <= MESSAGE_TEXT_MAX) return true;
    return REFUSE(reason, "say: %zu bytes, expected 1 to %d", request->size, MESSAGE_TEXT_MAX);
}

static bool take_command(struct request *request, const json_t *value, const struct reason *reason) {
    if (request->type != REQUEST_NONE) return REFUSE(reason, "command: expected either say or command");
    keep_text(request, *json_string_value(value) == '/' ? "" : "/", value);
    request->type = REQUEST_COMMAND;
    if (request->size <= MESSAGE_TEXT_MAX) return true;
    return REFUSE(reason, "command: %zu bytes, expected %d at most", request->size, MESSAGE_TEXT_MAX);
}

static bool take_room(struct request *request, const json_t *value, const struct reason *reason) {
    (void)reason;
    request->room = json_string_value(value);
    return true;
}

static bool take_to(struct request *request, const json_t *value, const struct reason *reason) {
    (void)reason;
    request->to = json_string_value(value);
    return true;
}

static bool take_kind(struct request *request, const json_t *value, const struct reason *reason) {
    static const char *const kinds[CHAT_KINDS] = {
        [CHAT_TEXT] = "text", [CHAT_ACTION] = "action", [CHAT_PRIVATE] = "private"};

    for (int i = 0; i < CHAT_KINDS; i++) {
        if (!kinds[i] || strcmp(kinds[i], json_string_value(value)) != 0) continue;
        request->kind = (enum chat_kind)i;
        return true;
    }
    return REFUSE(reason, "kind '%.*s': expected text, action or private", VALUE_SHOWN, json_string_value(value));
}

/* In this order, so that whatever is wrong with the others is answered with the ref. */
static const struct key {
    const char *name;
    bool (*take)(struct request *request, const json_t *value, const struct reason *reason);
    bool any_type, holds_zeros;
} keys[] = {
    {"ref", take_ref, true, false},    {"say", take_say, false, true}, {"command", take_command, false, false},
    {"room", take_room, false, false}, {"to", take_to, false, false},  {"kind", take_kind, false, false},
};

#define KEYS (sizeof keys / sizeof *keys)
#define KEYS_EXPECTED "say, command, room, to, kind or ref"

static bool refuse_type(const struct key *key, const json_t *value, const struct reason *reason) {
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_COMPACT);

    (void)REFUSE(reason, "%s: %.*s, expected a string", key->name, VALUE_SHOWN, text ? text : "");
    free(text);
    return false;
}

static bool take_key(struct request *request, const struct key *key, const struct reason *reason) {
    const json_t *value = json_object_get(request->object, key->name);

    if (!value) return true;
    if (!key->any_type && !json_is_string(value)) return refuse_type(key, value, reason);
    if (!key->any_type && !key->holds_zeros && strlen(json_string_value(value)) != json_string_length(value))
        return REFUSE(reason, "%s: expected a string without \\u0000", key->name);
    return key->take(request, value, reason);
}

/* --- all of it --- */

static bool knows_keys(json_t *object, const struct reason *reason) {
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value) {
        bool known = false;

        for (size_t i = 0; i < KEYS; i++) known |= strcmp(name, keys[i].name) == 0;
        if (!known) return REFUSE(reason, "'%.*s': no such key, expected " KEYS_EXPECTED, VALUE_SHOWN, name);
    }
    return true;
}

static bool fits_together(struct request *request, const struct reason *reason) {
    bool has_kind = json_object_get(request->object, "kind") != NULL;

    if (request->type == REQUEST_NONE) return REFUSE(reason, "expected a key say or command");
    if (request->type == REQUEST_COMMAND && request->to) return REFUSE(reason, "to: expected with say alone");
    if (request->type == REQUEST_COMMAND && has_kind) return REFUSE(reason, "kind: expected with say alone");
    if (request->kind == CHAT_PRIVATE && !request->to) return REFUSE(reason, "kind 'private': expected to, too");
    if (has_kind && request->kind != CHAT_PRIVATE && request->to)
        return REFUSE(reason, "to: expected kind private, or none");
    if (request->to) request->kind = CHAT_PRIVATE;
    return true;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written to by way of `reason` */
bool request_parse(const char *line, size_t size, struct request *out, char *why, size_t why_size) {
    const struct reason reason = {why, why_size};
    json_error_t error;

    memset(out, 0, sizeof *out);
    out->object = json_loadb(line, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (!out->object) return REFUSE(&reason, "column %d: not a JSON object: %s", error.column, error.text);
    for (size_t i = 0; i < KEYS; i++)
        if (!take_key(out, &keys[i], &reason)) return false;
    return knows_keys(out->object, &reason) && fits_together(out, &reason);
}

void request_clear(struct request *request) {
    json_decref(request->object);
    free(request->text);
    memset(request, 0, sizeof *request);
}
