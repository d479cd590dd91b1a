#include "client/ui/json.h"

#include <jansson.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "client/ui/lines.h"

#define FIELDS_MAX 16
#define RTT_DIGITS 6
#define DELETE 0x7f
#define DELETE_ESCAPED "\\u007f"

/* As received where it is UTF-8, as nearly everything is: the escapes keep it harmless. */
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

/* Empty where the name did not resolve. */
static json_t *bootnode_of(const struct event *event) {
    return event->bootnode.port > 0 ? address_of(&event->bootnode) : json_string("");
}

static json_t *bootnode_name_of(const struct event *event) {
    return string_or_empty(event->bootnode_name);
}

/* Only of a cluster. */
static json_t *node_of(const struct event *event) {
    return event->has_node ? json_integer(event->node_id) : NULL;
}

static json_t *node_rtt_of(const struct event *event) {
    return event->has_node && event->rtt_ms > 0 ? json_real(event->rtt_ms) : NULL;
}

static json_t *mapped_of(const struct event *event) {
    return address_of(&event->mapped);
}

/* Empty where only one family reaches the bootnode, or the other one has not answered yet. */
static json_t *mapped_other_of(const struct event *event) {
    return event->mapped_other.port > 0 ? address_of(&event->mapped_other) : json_string("");
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

/* Who passes on; a direct path goes without. */
static json_t *via_of(const struct event *event) {
    return event->relayed ? json_string(*event->relay ? event->relay : "bootnode") : NULL;
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

static json_t *said_of(const struct event *event) {
    return json_integer(event->said_ms > INT64_MAX ? INT64_MAX : (json_int_t)event->said_ms);
}

static json_t *ago_of(const struct event *event) {
    return json_integer((json_int_t)event->ago_ms);
}

static json_t *reason_of(const struct event *event) {
    return json_string(event->said_bye ? "bye" : "timeout");
}

/* What a member is like is known once it was connected. */
static bool was_connected(const struct event *event) {
    return *event->fingerprint != '\0';
}

static json_t *known_path_of(const struct event *event) {
    return was_connected(event) ? path_of(event) : json_string("");
}

static json_t *known_address_of(const struct event *event) {
    return was_connected(event) ? peer_address_of(event) : json_string("");
}

static json_t *state_of(const struct event *event) {
    static const char *const states[] = {
        [STANDING_CONNECTING] = "connecting", [STANDING_CONNECTED] = "connected", [STANDING_BLOCKED] = "blocked"};
    return json_string(states[event->standing]);
}

static json_t *safety_of(const struct event *event) {
    return string_or_empty(event->safety);
}

static json_t *waiting_of(const struct event *event) {
    return json_integer(event->waiting);
}

static json_t *ignored_of(const struct event *event) {
    return json_boolean(event->ignored);
}

static json_t *some_room_of(const struct event *event) {
    return event->room ? room_of(event) : NULL;
}

static json_t *kind_of(const struct event *event) {
    static const char *const kinds[CHAT_KINDS] = {[CHAT_ACTION] = "action", [CHAT_PRIVATE] = "private"};
    return kinds[event->kind] ? json_string(kinds[event->kind]) : NULL;
}

static json_t *history_of(const struct event *event) {
    return event->history ? json_true() : NULL;
}

static json_t *late_of(const struct event *event) {
    return event->late ? json_true() : NULL;
}

static json_t *verified_or_not_of(const struct event *event) {
    return json_boolean(event->verified);
}

static json_t *role_of(const struct event *event) {
    return event->role ? json_string(event->role) : NULL;
}

static json_t *verified_of(const struct event *event) {
    return event->verified ? json_true() : NULL;
}

static json_t *blocked_of(const struct event *event) {
    return event->standing == STANDING_BLOCKED ? json_true() : NULL;
}

/* What an error is about, where it is about somebody. */
static json_t *error_reason_of(const struct event *event) {
    return event->reason ? json_string(event->reason) : NULL;
}

static json_t *error_peer_of(const struct event *event) {
    return event->reason ? peer_of(event) : NULL;
}

static json_t *error_nick_of(const struct event *event) {
    return event->reason ? nick_of(event) : NULL;
}

static json_t *error_fingerprint_of(const struct event *event) {
    return event->reason ? fingerprint_of(event) : NULL;
}

static json_t *error_was_of(const struct event *event) {
    return event->reason ? string_or_empty(event->was) : NULL;
}

/* What was decided is about somebody, or about the room: then it has a text, which may be empty. */
static json_t *person_of(const struct event *event) {
    return *event->fingerprint ? peer_of(event) : NULL;
}

static json_t *person_nick_of(const struct event *event) {
    return *event->fingerprint ? nick_of(event) : NULL;
}

static json_t *person_fingerprint_of(const struct event *event) {
    return *event->fingerprint ? fingerprint_of(event) : NULL;
}

static json_t *decided_text_of(const struct event *event) {
    return *event->fingerprint ? NULL : text_of(event);
}

static json_t *decider_of(const struct event *event) {
    return *event->was ? string_or_empty(event->was) : NULL;
}

static json_t *lost_of(const struct event *event) {
    return json_integer(event->lost > INT64_MAX ? INT64_MAX : (json_int_t)event->lost);
}

static json_t *why_lost_of(const struct event *event) {
    return json_string(event->misdated ? "clock" : "gap");
}

/* An open room goes without. */
static json_t *secret_of(const struct event *event) {
    return event->secret ? json_true() : NULL;
}

static json_t *private_peer_of(const struct event *event) {
    return event->kind == CHAT_PRIVATE ? peer_of(event) : NULL;
}

struct field {
    const char *key;
    json_t *(*value)(const struct event *event); /* NULL: this object goes without */
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
#define KIND                                                                                                           \
    { "kind", kind_of }
#define SOME_ROOM                                                                                                      \
    { "room", some_room_of }
#define PATH                                                                                                           \
    { "path", path_of }
#define VIA                                                                                                            \
    { "via", via_of }
#define ADDRESS                                                                                                        \
    { "address", peer_address_of }
#define BOOTNODE                                                                                                       \
    { "bootnode", bootnode_of }
#define BOOTNODE_NAME                                                                                                  \
    { "name", bootnode_name_of }
#define FINGERPRINT                                                                                                    \
    { "fingerprint", fingerprint_of }
#define VERIFIED                                                                                                       \
    { "verified", verified_of }
#define NODE                                                                                                           \
    { "node", node_of }

/* clang-format off */
static const struct {
    const char *name; /* NULL: not shown */
    struct field fields[FIELDS_MAX];
} objects[EVENT_TYPES] = {
    [EVENT_JOINED] = {"joined", {ROOM, {"secret", secret_of}}},
    [EVENT_REGISTERED] = {"registered", {ROOM, BOOTNODE, {"mapped", mapped_of}, {"mapped_other", mapped_other_of}, BOOTNODE_NAME, NODE, {"rtt_ms", node_rtt_of}}},
    [EVENT_PEER_JOINED] = {"peer-joined", {ROOM, PEER}},
    [EVENT_PEER_CONNECTED] = {"peer-connected", {ROOM, PEER, NICK, PATH, VIA, ADDRESS, {"rtt_ms", rtt_of}, {"cipher", cipher_of}, FINGERPRINT, {"verified", verified_or_not_of}, {"blocked", blocked_of}, {"standing", role_of}}},
    [EVENT_MESSAGE] = {"message", {ROOM, PEER, NICK, ID, TEXT, {"sent_ms", sent_of}, KIND, {"history", history_of}, FINGERPRINT, {"said_ms", said_of}, {"late", late_of}, VERIFIED}},
    [EVENT_LOST] = {"lost", {ROOM, PEER, NICK, FINGERPRINT, {"count", lost_of}, {"reason", why_lost_of}}},
    [EVENT_DELIVERED] = {"delivered", {ROOM, PEER, ID}},
    [EVENT_UNDELIVERED] = {"undelivered", {ROOM, PEER, ID}},
    [EVENT_SENT] = {"sent", {ROOM, ID, TEXT, {"peer", private_peer_of}, KIND}},
    [EVENT_PEER_PATH] = {"peer-path", {ROOM, PEER, PATH, VIA, ADDRESS}},
    [EVENT_PEER_NICK] = {"peer-nick", {ROOM, PEER, NICK, {"was", text_of}, FINGERPRINT, VERIFIED}},
    [EVENT_PATH_NOTE] = {"path-note", {ROOM, PEER, NICK, {"ago_ms", ago_of}, {"rtt_ms", rtt_of}, TEXT}},
    [EVENT_PEER_LEFT] = {"peer-left", {ROOM, PEER, NICK, {"reason", reason_of}, FINGERPRINT}},
    [EVENT_BOOTNODE_LOST] = {"bootnode-lost", {ROOM, BOOTNODE, TEXT, BOOTNODE_NAME}},
    [EVENT_BOOTNODE_BACK] = {"bootnode-back", {ROOM, BOOTNODE, BOOTNODE_NAME}},
    [EVENT_HOME_LEFT] = {"home-left", {ROOM, BOOTNODE, BOOTNODE_NAME, NODE}},
    [EVENT_NICK] = {"nick", {NICK}},
    [EVENT_DECIDED] = {"decided", {ROOM, {"decision", error_reason_of}, {"peer", person_of}, {"nick", person_nick_of}, {"fingerprint", person_fingerprint_of}, {"text", decided_text_of}, {"by", decider_of}}},
    [EVENT_REFUSED] = {"refused", {ROOM, {"reason", error_reason_of}, {"by", decider_of}}},
    [EVENT_PARTED] = {"parted", {ROOM}},
    [EVENT_ERROR] = {"error", {TEXT, SOME_ROOM, {"reason", error_reason_of}, {"peer", error_peer_of}, {"nick", error_nick_of}, {"fingerprint", error_fingerprint_of}, {"was", error_was_of}}},
    [EVENT_INVITE] = {"invite", {ROOM, {"invite", text_of}}},
    [EVENT_NOTICE] = {"notice", {SOME_ROOM, TEXT}},
    [EVENT_MEMBER] = {"member", {ROOM, PEER, NICK, {"state", state_of}, {"path", known_path_of}, VIA, {"address", known_address_of}, {"rtt_ms", rtt_of}, {"cipher", cipher_of}, FINGERPRINT, {"safety_number", safety_of}, {"waiting", waiting_of}, {"ignored", ignored_of}, {"verified", verified_or_not_of}, {"standing", role_of}}},
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
    for (size_t i = 0; i < FIELDS_MAX && fields[i].key; i++) {
        json_t *value = fields[i].value(event);
        if (value) json_object_set_new(object, fields[i].key, value);
    }
    if (*event->ref) json_object_set_new(object, "ref", json_loads(event->ref, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL));
    text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(RTT_DIGITS));
    json_decref(object);
    if (text) line = line_of(text);
    free(text);
    return line;
}
