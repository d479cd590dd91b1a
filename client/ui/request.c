#include "client/ui/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ui/lines.h"
#include "common/memory.h"

#define VALUE_SHOWN 64

bool request_is(const char *line) {
    return line[strspn(line, " \t")] == '{';
}

/* --- Keys --- */

/* Room for a '/' before it, too. */
static void keep_text(struct request *request, const char *before, const json_t *value) {
    size_t more = strlen(before), size = json_string_length(value);
    request->text = allocate(more + size + 1);
    memcpy(request->text, before, more);
    memcpy(request->text + more, json_string_value(value), size + 1);
    request->size = more + size;
}

static bool take_ref(struct request *request, const json_t *value, struct why *why) {
    char *text = json_is_string(value) || json_is_integer(value)
                     ? json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_COMPACT)
                     : NULL;
    bool fits = text && strlen(text) < sizeof request->ref;
    if (fits) memcpy(request->ref, text, strlen(text) + 1);
    free(text);
    return fits || why_fail(why, "ref: expected a whole number or a string, of at most %zu bytes as JSON",
                            sizeof request->ref - 1);
}

static bool take_say(struct request *request, const json_t *value, struct why *why) {
    if (request->type != REQUEST_NONE) return why_fail(why, "say: expected either say or command");
    keep_text(request, "", value);
    request->size = lines_unify(request->text, request->size);
    request->type = REQUEST_SAY;
    if (request->size > 0 && request->size <= MESSAGE_TEXT_MAX) return true;
    return why_fail(why, "say: %zu bytes, expected 1 to %d", request->size, MESSAGE_TEXT_MAX);
}

static bool take_command(struct request *request, const json_t *value, struct why *why) {
    if (request->type != REQUEST_NONE) return why_fail(why, "command: expected either say or command");
    keep_text(request, *json_string_value(value) == '/' ? "" : "/", value);
    request->type = REQUEST_COMMAND;
    if (request->size <= MESSAGE_TEXT_MAX) return true;
    return why_fail(why, "command: %zu bytes, expected %d at most", request->size, MESSAGE_TEXT_MAX);
}

static bool take_room(struct request *request, const json_t *value, struct why *why) {
    (void)why;
    request->room = json_string_value(value);
    return true;
}

static bool take_to(struct request *request, const json_t *value, struct why *why) {
    (void)why;
    request->to = json_string_value(value);
    return true;
}

static bool take_kind(struct request *request, const json_t *value, struct why *why) {
    static const char *const kinds[CHAT_KINDS] = {
        [CHAT_TEXT] = "text", [CHAT_ACTION] = "action", [CHAT_PRIVATE] = "private"};
    for (int i = 0; i < CHAT_KINDS; i++) {
        if (!kinds[i] || strcmp(kinds[i], json_string_value(value)) != 0) continue;
        request->kind = (enum chat_kind)i;
        return true;
    }
    return why_fail(why, "kind '%.*s': expected text, action or private", VALUE_SHOWN, json_string_value(value));
}

/* In this order, so that whatever is wrong with the others is answered with the ref. */
static const struct key {
    const char *name;
    bool (*take)(struct request *request, const json_t *value, struct why *why);
    bool any_type, holds_zeros;
} keys[] = {
    {"ref", take_ref, true, false},    {"say", take_say, false, true}, {"command", take_command, false, false},
    {"room", take_room, false, false}, {"to", take_to, false, false},  {"kind", take_kind, false, false},
};

#define KEYS (sizeof keys / sizeof *keys)
#define KEYS_EXPECTED "say, command, room, to, kind or ref"

static bool refuse_type(const struct key *key, const json_t *value, struct why *why) {
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_COMPACT);
    (void)why_fail(why, "%s: %.*s, expected a string", key->name, VALUE_SHOWN, text ? text : "");
    free(text);
    return false;
}

static bool take_key(struct request *request, const struct key *key, struct why *why) {
    const json_t *value = json_object_get(request->object, key->name);
    if (!value) return true;
    if (!key->any_type && !json_is_string(value)) return refuse_type(key, value, why);
    if (!key->any_type && !key->holds_zeros && strlen(json_string_value(value)) != json_string_length(value))
        return why_fail(why, "%s: expected a string without \\u0000", key->name);
    return key->take(request, value, why);
}

/* --- All of it --- */

static bool knows_keys(json_t *object, struct why *why) {
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        bool known = false;
        for (size_t i = 0; i < KEYS; i++) known |= strcmp(name, keys[i].name) == 0;
        if (!known) return why_fail(why, "'%.*s': no such key, expected " KEYS_EXPECTED, VALUE_SHOWN, name);
    }
    return true;
}

static bool fits_together(struct request *request, struct why *why) {
    bool has_kind = json_object_get(request->object, "kind") != NULL;
    if (request->type == REQUEST_NONE) return why_fail(why, "expected a key say or command");
    if (request->type == REQUEST_COMMAND && request->to) return why_fail(why, "to: expected with say alone");
    if (request->type == REQUEST_COMMAND && has_kind) return why_fail(why, "kind: expected with say alone");
    if (request->kind == CHAT_PRIVATE && !request->to) return why_fail(why, "kind 'private': expected to, too");
    if (has_kind && request->kind != CHAT_PRIVATE && request->to)
        return why_fail(why, "to: expected kind private, or none");
    if (request->to) request->kind = CHAT_PRIVATE;
    return true;
}

bool request_parse(const char *line, size_t size, struct request *out, struct why *why) {
    json_error_t error;
    memset(out, 0, sizeof *out);
    out->object = json_loadb(line, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (!out->object) return why_fail(why, "column %d: not a JSON object: %s", error.column, error.text);
    for (size_t i = 0; i < KEYS; i++)
        if (!take_key(out, &keys[i], why)) return false;
    return knows_keys(out->object, why) && fits_together(out, why);
}

void request_clear(struct request *request) {
    json_decref(request->object);
    free(request->text);
    memset(request, 0, sizeof *request);
}
