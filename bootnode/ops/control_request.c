#include "bootnode/ops/control_request.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/similar.h"

#define SHORT_DIGITS 8
#define WHOLE_DIGITS 16
#define SHOWN_MAX 60 /* bytes of what somebody wrote that an error repeats */
#define FOREVER "forever"
#define NODE_ID_MAX 255

static const char *const levels[] = {"error", "warning", "info", "debug", NULL};

/* --- Values, as text --- */

static bool take_prefix(struct control_request *request, const char *text, struct why *why) {
    return prefix_parse(text, &request->prefix, why);
}

static bool take_session(struct control_request *request, const char *text, struct why *why) {
    size_t digits = strspn(text, "0123456789abcdefABCDEF");
    if (text[digits] != '\0' || (digits != SHORT_DIGITS && digits != WHOLE_DIGITS))
        return why_fail(why, "expected a session, 8 or 16 digits as logs and the command sessions have them");
    request->session = strtoull(text, NULL, 16);
    request->session_is_short = digits == SHORT_DIGITS;
    return true;
}

bool control_request_time(const char *text, uint32_t *out) {
    static const struct {
        const char *name;
        uint32_t seconds;
    } units[] = {{"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}, {"d", 86400}};
    size_t digits = strspn(text, "0123456789");
    if (strcmp(text, FOREVER) == 0) {
        *out = CONTROL_FOREVER;
        return true;
    }
    if (digits == 0 || digits > 9) return false;
    uint64_t number = strtoull(text, NULL, 10);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(text + digits, units[i].name) != 0 || number * units[i].seconds > CONTROL_SECONDS_MAX) continue;
        *out = (uint32_t)(number * units[i].seconds);
        return true;
    }
    return false;
}

static bool take_time(struct control_request *request, const char *text, struct why *why) {
    return control_request_time(text, &request->seconds) ||
           why_fail(why, "expected a time, as in 90s, 15m, 2h or 7d, or " FOREVER);
}

static bool take_level(struct control_request *request, const char *text, struct why *why) {
    for (size_t i = 0; levels[i]; i++) {
        request->level = (enum log_level)i;
        if (strcmp(text, levels[i]) == 0) return true;
    }
    return why_fail(why, "expected error, warning, info or debug");
}

static bool take_limit(struct control_request *request, const char *text, struct why *why) {
    size_t digits = strspn(text, "0123456789");
    unsigned long number = digits > 0 && digits < 9 && text[digits] == '\0' ? strtoul(text, NULL, 10) : 0;
    request->limit = (uint32_t)number;
    return (number > 0 && number <= CONTROL_LIMIT_MAX) || why_fail(why, "expected 1 to %d", CONTROL_LIMIT_MAX);
}

/* A word that stands for itself. */
static bool take_reload(struct control_request *request, const char *text, struct why *why) {
    (void)request;
    return strcmp(text, "reload") == 0 || why_fail(why, "expected reload");
}

static bool take_off(struct control_request *request, const char *text, struct why *why) {
    (void)request;
    return strcmp(text, "off") == 0 || why_fail(why, "expected off");
}

static bool take_forget(struct control_request *request, const char *text, struct why *why) {
    (void)request;
    return strcmp(text, "forget") == 0 || why_fail(why, "expected forget");
}

static bool take_node(struct control_request *request, const char *text, struct why *why) {
    size_t digits = strspn(text, "0123456789");
    unsigned long number = digits > 0 && digits < 4 && text[digits] == '\0' ? strtoul(text, NULL, 10) : NODE_ID_MAX + 1;
    request->node = (uint8_t)number;
    return number <= NODE_ID_MAX || why_fail(why, "expected the node_id of a node, 0 to %d", NODE_ID_MAX);
}

const char *control_request_level(enum log_level level) {
    return levels[level];
}

/* --- Fields --- */

enum kind { TEXT, NUMBER, TIME, FLAG };

static const struct field {
    unsigned bit; /* of enum control_field */
    enum kind kind;
    const char *name;
    bool (*take)(struct control_request *request, const char *text, struct why *why);
} fields[] = {
    {CONTROL_HAS_RELOAD, FLAG, "reload", take_reload},    {CONTROL_HAS_OFF, FLAG, "off", take_off},
    {CONTROL_HAS_SESSION, TEXT, "session", take_session}, {CONTROL_HAS_PREFIX, TEXT, "prefix", take_prefix},
    {CONTROL_HAS_SECONDS, TIME, "seconds", take_time},    {CONTROL_HAS_LEVEL, TEXT, "level", take_level},
    {CONTROL_HAS_LIMIT, NUMBER, "limit", take_limit},     {CONTROL_HAS_FORGET, FLAG, "forget", take_forget},
    {CONTROL_HAS_NODE, NUMBER, "node", take_node},
};
#define FIELDS (sizeof fields / sizeof *fields)

static unsigned allowed(enum control_command command) {
    const struct control_row *row = &control_commands[command];
    unsigned bits = row->takes_limit ? CONTROL_HAS_LIMIT : 0;
    for (size_t i = 0; i < CONTROL_ARGUMENTS_MAX; i++) bits |= row->arguments[i].fields;
    return bits;
}

static bool is_one_at_most(unsigned bits) {
    return (bits & (bits - 1)) == 0;
}

/* What is wrong with the fields that are given, in words. */
static bool check(const struct control_request *request, struct why *why) {
    const struct control_row *row = &control_commands[request->command];
    char usage[128] = "";
    bool good = (request->fields & ~allowed(request->command)) == 0;
    for (size_t i = 0; i < CONTROL_ARGUMENTS_MAX; i++) {
        unsigned given = request->fields & row->arguments[i].fields;
        good &= is_one_at_most(given) && (given || !row->arguments[i].needed);
    }
    if (good && request->command == CONTROL_WHY && request->prefix.bits != PREFIX_BITS_MAX)
        return why_fail(why, "why: expected an address, not a network of many");
    /* Neither of both is anything without the other. */
    good &= !(request->fields & CONTROL_HAS_FORGET) == !(request->fields & CONTROL_HAS_NODE);
    if (good) return true;
    control_commands_usage(request->command, usage, sizeof usage);
    return why_fail(why, "%s: expected %s%s", row->name, usage, row->takes_limit ? " [--limit N]" : "");
}

bool control_request_holds(const struct control_request *request) {
    struct why why;
    if (request->command >= CONTROL_COMMANDS || !check(request, &why)) return false;
    if (request->fields & CONTROL_HAS_PREFIX && !prefix_holds(&request->prefix)) return false;
    if (request->fields & CONTROL_HAS_SECONDS && request->seconds > CONTROL_SECONDS_MAX &&
        request->seconds != CONTROL_FOREVER)
        return false;
    return request->limit >= 1 && request->limit <= CONTROL_LIMIT_MAX && request->level <= LOG_LEVEL_DEBUG;
}

static bool find_command(const char *name, enum control_command *out, struct why *why) {
    struct similar meant = similar_to(name);
    char names[128] = "";
    if (control_commands_find(name, out)) return true;
    for (size_t i = 0; i < CONTROL_COMMANDS; i++) similar_offer(&meant, control_commands[i].name);
    why_fail(why, "%.*s: no such command", SHOWN_MAX, name);
    similar_list(&meant, "", ", ", names, sizeof names);
    if (meant.count > 0) why_add(why, ", did you mean %s?", names);
    return false;
}

/* --- JSON --- */

/* Numbers and booleans as the words that stand for them on a command line, so that there is one way to read them. */
static const char *text_of(const struct field *field, const json_t *value, char out[static 32]) {
    if (json_is_string(value) && (field->kind == TEXT || field->kind == TIME)) return json_string_value(value);
    if (json_is_integer(value) && field->kind != TEXT && field->kind != FLAG) {
        snprintf(out, 32, "%" JSON_INTEGER_FORMAT "%s", json_integer_value(value), field->kind == TIME ? "s" : "");
        return out;
    }
    return json_is_true(value) && field->kind == FLAG ? field->name : NULL;
}

static bool take_value(struct control_request *request, const struct field *field, const json_t *value,
                       struct why *why) {
    static const char *const expected[] = {"a text", "a number", "a number, or \"" FOREVER "\"", "true"};
    struct why reason;
    char number[32];
    const char *text = text_of(field, value, number);
    if (!text) return why_fail(why, "\"%s\": expected %s", field->name, expected[field->kind]);
    request->fields |= field->bit;
    return field->take(request, text, &reason) || why_fail(why, "\"%s\": %s", field->name, reason.text);
}

static bool take_member(struct control_request *request, const char *name, const json_t *value, struct why *why) {
    if (strcmp(name, "command") == 0) return true;
    if (strcmp(name, "version") == 0)
        return (json_is_integer(value) && json_integer_value(value) == CONTROL_VERSION) ||
               why_fail(why, "\"version\": expected %d", CONTROL_VERSION);
    for (size_t i = 0; i < FIELDS; i++)
        if (strcmp(name, fields[i].name) == 0) return take_value(request, &fields[i], value, why);
    return why_fail(why, "\"%.*s\": no such member", SHOWN_MAX, name);
}

static bool take_object(const json_t *object, struct control_request *out, struct why *why) {
    const char *command = json_string_value(json_object_get(object, "command")), *name;
    json_t *value;
    if (!command) return why_fail(why, "expected an object with a \"command\"");
    if (!find_command(command, &out->command, why)) return false;
    json_object_foreach((json_t *)object, name, value) {
        if (!take_member(out, name, value, why)) return false;
    }
    return check(out, why);
}

bool control_request_read(const char *line, size_t size, struct control_request *out, struct why *why) {
    json_error_t error;
    *out = (struct control_request){.limit = CONTROL_LIMIT_DEFAULT};
    json_t *object = json_loadb(line, size, JSON_REJECT_DUPLICATES, &error);
    bool good = object ? take_object(object, out, why) : why_fail(why, "expected a JSON object: %s", error.text);
    json_decref(object);
    return good;
}

static json_t *value_of(const struct control_request *request, const struct field *field) {
    char text[PREFIX_TEXT_SIZE];
    switch ((enum control_field)field->bit) {
    case CONTROL_HAS_PREFIX: return json_string(prefix_format(&request->prefix, text));
    case CONTROL_HAS_SESSION:
        snprintf(text, sizeof text, "%0*" PRIx64, request->session_is_short ? SHORT_DIGITS : WHOLE_DIGITS,
                 request->session);
        return json_string(text);
    case CONTROL_HAS_SECONDS:
        return request->seconds == CONTROL_FOREVER ? json_string(FOREVER) : json_integer(request->seconds);
    case CONTROL_HAS_LEVEL: return json_string(levels[request->level]);
    case CONTROL_HAS_LIMIT: return json_integer(request->limit);
    case CONTROL_HAS_NODE: return json_integer(request->node);
    case CONTROL_HAS_RELOAD:
    case CONTROL_HAS_OFF:
    case CONTROL_HAS_FORGET: break;
    }
    return json_true();
}

char *control_request_write(const struct control_request *request) {
    json_t *object =
        json_pack("{s:i, s:s}", "version", CONTROL_VERSION, "command", control_commands[request->command].name);
    bool good = object != NULL;
    for (size_t i = 0; i < FIELDS && good; i++)
        if (request->fields & fields[i].bit)
            good = json_object_set_new(object, fields[i].name, value_of(request, &fields[i])) == 0;
    char *line = good ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return line;
}

/* --- Words --- */

/* The first field that it can be; the complaint is that of the last, which is the more general one. */
static bool take_word(struct control_request *request, const struct control_argument *argument, const char *word,
                      struct why *why) {
    struct why reason = {"expected nothing more"};
    for (size_t i = 0; i < FIELDS; i++) {
        if (!(argument->fields & fields[i].bit)) continue;
        if (fields[i].take(request, word, &reason)) {
            request->fields |= fields[i].bit;
            return true;
        }
    }
    return why_fail(why, "%s '%.*s': %s", argument->word ? argument->word : "argument", SHOWN_MAX, word, reason.text);
}

bool control_request_parse(const char *const *words, size_t count, const char *limit, struct control_request *out,
                           struct why *why) {
    static const struct control_argument none = {.word = NULL};
    struct why reason;
    *out = (struct control_request){.limit = CONTROL_LIMIT_DEFAULT};
    if (count == 0) return why_fail(why, "expected a command, as in status");
    if (!find_command(words[0], &out->command, why)) return false;
    const struct control_row *row = &control_commands[out->command];
    for (size_t i = 1; i < count; i++) {
        const struct control_argument *argument = i <= CONTROL_ARGUMENTS_MAX ? &row->arguments[i - 1] : &none;
        if (!take_word(out, argument, words[i], &reason)) return why_fail(why, "%s: %s", row->name, reason.text);
    }
    if (limit && !take_limit(out, limit, &reason))
        return why_fail(why, "--limit '%.*s': %s", SHOWN_MAX, limit, reason.text);
    if (limit) out->fields |= CONTROL_HAS_LIMIT;
    return check(out, why);
}
