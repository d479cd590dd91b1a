#include <jansson.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "client/ui/lines.h"
#include "client/ui/ui.h"

#define FIELDS_MAX 9
#define RTT_DIGITS 6
#define DELETE 0x7f
#define DELETE_ESCAPED "\\u007f"

/* As received where it is UTF-8: the escapes keep it harmless. A room's name may be any bytes. */
static json_t *string_of(const char *text, size_t size) {
    json_t *string = json_stringn(text, size);
    size_t capacity = 3 * size + 1, consumed;
    bool ignored;
    char *repaired;

    if (string || !(repaired = malloc(capacity))) return string;
    size = lines_repair(text, size, repaired, capacity, &consumed, &ignored);
    string = json_stringn(repaired, size);
    free(repaired);
    return string;
}

static json_t *string_or_empty(const char *text) {
    return text ? string_of(text, strlen(text)) : json_string("");
}

static json_t *address_of(const struct address *address) {
    char text[ADDRESS_TEXT_SIZE];

    return json_string(address_format(address, text));
}

static json_t *room_of(const struct event *event) {
    return string_or_empty(event->room);
}

static json_t *bootnode_of(const struct event *event) {
    return address_of(&event->bootnode);
}

static json_t *mapped_of(const struct event *event) {
    return address_of(&event->mapped);
}

static json_t *peer_of(const struct event *event) {
    char hex[2 * MEMBER_ID_SIZE + 1];

    return json_string(sodium_bin2hex(hex, sizeof hex, event->peer, sizeof event->peer));
}

static json_t *nick_of(const struct event *event) {
    return string_or_empty(event->nick);
}

static json_t *path_of(const struct event *event) {
    return json_string(event->relayed ? "relay" : "direct");
}

static json_t *peer_address_of(const struct event *event) {
    return address_of(&event->address);
}

static json_t *rtt_of(const struct event *event) {
    return json_real(isfinite(event->rtt_ms) ? event->rtt_ms : 0);
}

static json_t *cipher_of(const struct event *event) {
    return string_or_empty(event->cipher);
}

static json_t *fingerprint_of(const struct event *event) {
    return string_or_empty(event->fingerprint);
}

static json_t *id_of(const struct event *event) {
    return string_or_empty(event->id);
}

static json_t *text_of(const struct event *event) {
    return string_of(event->text, event->text_size);
}

/* A peer may claim any time; JSON's integers end earlier. */
static json_t *sent_of(const struct event *event) {
    return json_integer(event->sent_ms > INT64_MAX ? INT64_MAX : (json_int_t)event->sent_ms);
}

static json_t *reason_of(const struct event *event) {
    return json_string(event->said_bye ? "bye" : "timeout");
}

struct field {
    const char *key;
    json_t *(*value)(const struct event *event);
};

#define ROOM                                                                                                           \
    { "room", room_of }
#define PEER                                                                                                           \
    { "peer", peer_of }
#define NICK                                                                                                           \
    { "nick", nick_of }
#define ID                                                                                                             \
    { "id", id_of }
#define TEXT                                                                                                           \
    { "text", text_of }
#define PATH                                                                                                           \
    { "path", path_of }
#define ADDRESS                                                                                                        \
    { "address", peer_address_of }
#define BOOTNODE                                                                                                       \
    { "bootnode", bootnode_of }

/* clang-format off */
static const struct {
    const char *name; /* NULL: not shown */
    struct field fields[FIELDS_MAX];
} objects[EVENT_TYPES] = {
    [EVENT_REGISTERED] = {"registered", {ROOM, BOOTNODE, {"mapped", mapped_of}}},
    [EVENT_PEER_JOINED] = {"peer-joined", {ROOM, PEER}},
    [EVENT_PEER_CONNECTED] = {"peer-connected", {ROOM, PEER, NICK, PATH, ADDRESS, {"rtt_ms", rtt_of}, {"cipher", cipher_of}, {"fingerprint", fingerprint_of}}},
    [EVENT_MESSAGE] = {"message", {ROOM, PEER, NICK, ID, TEXT, {"sent_ms", sent_of}}},
    [EVENT_DELIVERED] = {"delivered", {ROOM, PEER, ID}},
    [EVENT_SENT] = {"sent", {ROOM, ID, TEXT}},
    [EVENT_PEER_PATH] = {"peer-path", {ROOM, PEER, PATH, ADDRESS}},
    [EVENT_PEER_LEFT] = {"peer-left", {ROOM, PEER, NICK, {"reason", reason_of}}},
    [EVENT_BOOTNODE_LOST] = {"bootnode-lost", {ROOM, BOOTNODE, TEXT}},
    [EVENT_BOOTNODE_BACK] = {"bootnode-back", {ROOM, BOOTNODE}},
    [EVENT_ERROR] = {"error", {TEXT}},
};
/* clang-format on */

/* JSON leaves DEL as it is; a terminal would not. */
static char *line_of(const char *text) {
    size_t size = strlen(text), deletes = 0;
    char *line, *at;

    for (const char *c = text; *c; c++) deletes += *c == DELETE;
    line = at = malloc(size + deletes * strlen(DELETE_ESCAPED) + 2);
    if (!line) return NULL;
    for (const char *c = text; *c; c++) {
        if (*c == DELETE)
            at = stpcpy(at, DELETE_ESCAPED);
        else
            *at++ = *c;
    }
    stpcpy(at, "\n");
    return line;
}

char *ui_json_line(const struct event *event) {
    const struct field *fields = objects[event->type].fields;
    char *text = NULL, *line = NULL;
    json_t *object;

    if (!objects[event->type].name) return NULL;
    object = json_object();
    json_object_set_new(object, "event", json_string(objects[event->type].name));
    for (size_t i = 0; i < FIELDS_MAX && fields[i].key; i++)
        json_object_set_new(object, fields[i].key, fields[i].value(event));
    text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(RTT_DIGITS));
    json_decref(object);
    if (text) line = line_of(text);
    free(text);
    return line;
}
