#include "common/ini_value.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/home.h"

#define SHOWN_MOST 200 /* bytes of an item that is complained about */

/* --- One type after the other: parse into the field, and say what is expected --- */

static bool set_text(const struct ini_key *key, const char *value, void *field) {
    size_t length = strlen(value), max = key->max > 0 ? (size_t)key->max : INI_TEXT_SIZE - 1;
    if ((long long)length < key->min || length > max || length >= INI_TEXT_SIZE) return false;
    memset(field, 0, INI_TEXT_SIZE);
    memcpy(field, value, length);
    return true;
}

static bool set_integer(const struct ini_key *key, const char *value, void *field) {
    if (!isdigit((unsigned char)value[*value == '-' ? 1 : 0])) return false;
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (*end != '\0' || errno != 0 || number < key->min || number > key->max) return false;
    memcpy(field, &number, sizeof number);
    return true;
}

static bool set_auto_integer(const struct ini_key *key, const char *value, void *field) {
    static const long long automatic = 0;
    if (strcasecmp(value, "auto") != 0) return set_integer(key, value, field);
    memcpy(field, &automatic, sizeof automatic);
    return true;
}

static bool set_boolean(const struct ini_key *key, const char *value, void *field) {
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    (void)key;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasecmp(value, words[i]) != 0) continue;
        bool set = i % 2 != 0;
        memcpy(field, &set, sizeof set);
        return true;
    }
    return false;
}

static bool set_choice(const struct ini_key *key, const char *value, void *field) {
    for (int i = 0; key->choices[i]; i++) {
        if (strcmp(value, key->choices[i]) != 0) continue;
        memcpy(field, &i, sizeof i);
        return true;
    }
    return false;
}

/* One of a list, up to the comma, without white space around it. */
static bool copy_list_item(const char *text, size_t length, char out[static ADDRESS_TEXT_SIZE]) {
    while (length > 0 && isspace((unsigned char)*text)) text++, length--;
    while (length > 0 && isspace((unsigned char)text[length - 1])) length--;
    if (length >= ADDRESS_TEXT_SIZE) return false;
    memcpy(out, text, length);
    out[length] = '\0';
    return true;
}

static bool parse_list_item(const char *text, size_t length, uint16_t port, struct address *out) {
    char item[ADDRESS_TEXT_SIZE];
    return copy_list_item(text, length, item) && address_parse(item, port, out);
}

static size_t list_max(const struct ini_key *key) {
    return key->max > 0 && key->max < INI_ADDRESS_LIST_MAX ? (size_t)key->max : INI_ADDRESS_LIST_MAX;
}

/* One that leaves the port to the kernel may stand there again. */
static bool is_listed(const struct ini_address_list *list, const struct address *address) {
    for (size_t i = 0; i < list->count && address->port != 0; i++)
        if (address_equal(&list->items[i], address)) return true;
    return false;
}

static bool list_address(const struct ini_key *key, struct ini_address_list *list, const struct address *address) {
    if (list->count == list_max(key) || is_listed(list, address)) return false;
    list->items[list->count++] = *address;
    return true;
}

static bool set_address_list(const struct ini_key *key, const char *value, void *field) {
    struct ini_address_list list = {.count = 0};
    for (const char *at = value; *value; at++) {
        struct address address;
        size_t length = strcspn(at, ",");
        if (!parse_list_item(at, length, key->port, &address) || !list_address(key, &list, &address)) return false;
        at += length;
        if (*at == '\0') break;
    }
    if ((long long)list.count < key->min) return false;
    memcpy(field, &list, sizeof list);
    return true;
}

/* What is wrong with one of a list, behind those before it; NULL: nothing, or that its interface is not there. */
static const char *item_fault(const struct ini_key *key, const struct ini_address_list *before, const char *item,
                              struct address *out) {
    char interface[ADDRESS_TEXT_SIZE];
    if (before->count == list_max(key)) return "is one too many";
    if (!address_parse(item, key->port, out)) return address_lacks_interface(item, interface) ? NULL : "is none";
    return is_listed(before, out) ? "stands there twice" : NULL;
}

/* Which of many is the wrong one. */
static void add_wrong_item(const struct ini_key *key, const char *value, struct why *why) {
    struct ini_address_list list = {.count = 0};
    for (const char *at = value; *value; at++) {
        char item[ADDRESS_TEXT_SIZE] = "";
        struct address address = {.port = 0};
        size_t length = strcspn(at, ",");
        bool fits = copy_list_item(at, length, item);
        const char *fault = fits ? item_fault(key, &list, item, &address) : "is none";
        if (fault) {
            why_add(why, "; %.*s %s", SHOWN_MOST, !fits ? at : *item ? item : "nothing", fault);
            return;
        }
        list.items[list.count++] = address;
        at += length;
        if (*at == '\0') return;
    }
}

/* What is written well may still name an interface that is not there. */
static void add_missing_interface(const char *list, struct why *why) {
    char item[ADDRESS_TEXT_SIZE], interface[ADDRESS_TEXT_SIZE];
    for (; *list; list += strspn(list, ",")) {
        size_t length = strcspn(list, ",");
        if (copy_list_item(list, length, item) && address_lacks_interface(item, interface))
            why_add(why, "; there is no interface %s", interface);
        list += length;
    }
}

static void expect_text(const struct ini_key *key, struct why *why) {
    long long max = key->max > 0 && key->max < INI_TEXT_SIZE ? key->max : INI_TEXT_SIZE - 1;
    why_add(why, "%s of %lld to %lld bytes", key->type == INI_PATH ? "a path" : "text", key->min, max);
}

static void expect_integer(const struct ini_key *key, struct why *why) {
    const char *automatic = key->type == INI_AUTO_INTEGER ? "auto or " : "";
    why_add(why, "%sa number from %lld to %lld", automatic, key->min, key->max);
}

static void expect_boolean(const struct ini_key *key, struct why *why) {
    (void)key;
    why_add(why, "on or off");
}

static void expect_choice(const struct ini_key *key, struct why *why) {
    for (int i = 0; key->choices[i]; i++)
        why_add(why, "%s%s", i == 0 ? "" : key->choices[i + 1] ? ", " : " or ", key->choices[i]);
}

static void expect_address_list(const struct ini_key *key, struct why *why) {
    why_add(why, "%lld to %zu times ADDR%s, as in 192.0.2.1:9595 or [2001:db8::1]:9595, separated by commas", key->min,
            list_max(key), key->port ? "[:PORT]" : ":PORT");
}

/* --- And back --- */

/* What a file has as it is: not a quote, a comment or white space that is lost on the way. */
static bool stands_alone(const char *text) {
    size_t length = strlen(text);
    if (length == 0) return true;
    if (*text == '"' || *text == '\'' || isspace((unsigned char)*text) || isspace((unsigned char)text[length - 1]))
        return false;
    if ((*text == '#' || *text == ';') && (length == 1 || isspace((unsigned char)text[1]))) return false;
    for (const char *at = text; *at; at++)
        if (isspace((unsigned char)at[0]) && (at[1] == '#' || at[1] == ';')) return false;
    return true;
}

static bool quote_text(const char *text, char out[static INI_LINE_SIZE]) {
    const char *quote = stands_alone(text) ? "" : !strchr(text, '"') ? "\"" : "'";
    snprintf(out, INI_LINE_SIZE, "%s%s%s", quote, text, quote);
    return *quote == '\0' || !strchr(text, *quote);
}

/* A file may lie elsewhere than where the path was relative to. */
static bool format_path(const struct ini_key *key, const void *field, size_t index, char out[static INI_LINE_SIZE]) {
    char folder[PATH_MAX], whole[PATH_MAX + INI_TEXT_SIZE];
    const char *path = field;
    (void)key, (void)index;
    if (*path == '/' || *path == '\0' || !getcwd(folder, sizeof folder)) return quote_text(path, out);
    int length = snprintf(whole, sizeof whole, "%s/%s", folder, path);
    return length < INI_TEXT_SIZE && quote_text(whole, out);
}

static bool format_text(const struct ini_key *key, const void *field, size_t index, char out[static INI_LINE_SIZE]) {
    (void)key, (void)index;
    return quote_text(field, out);
}

static bool format_integer(const struct ini_key *key, const void *field, size_t index, char out[static INI_LINE_SIZE]) {
    long long number;
    (void)key, (void)index;
    memcpy(&number, field, sizeof number);
    snprintf(out, INI_LINE_SIZE, "%lld", number);
    return true;
}

static bool format_auto_integer(const struct ini_key *key, const void *field, size_t index,
                                char out[static INI_LINE_SIZE]) {
    long long number;
    memcpy(&number, field, sizeof number);
    if (number != 0) return format_integer(key, field, index, out);
    snprintf(out, INI_LINE_SIZE, "auto");
    return true;
}

static bool format_boolean(const struct ini_key *key, const void *field, size_t index, char out[static INI_LINE_SIZE]) {
    bool set;
    (void)key, (void)index;
    memcpy(&set, field, sizeof set);
    snprintf(out, INI_LINE_SIZE, "%s", set ? "on" : "off");
    return true;
}

static bool format_choice(const struct ini_key *key, const void *field, size_t index, char out[static INI_LINE_SIZE]) {
    int choice;
    (void)index;
    memcpy(&choice, field, sizeof choice);
    snprintf(out, INI_LINE_SIZE, "%s", key->choices[choice]);
    return true;
}

static bool format_address(const struct ini_key *key, const void *field, size_t index, char out[static INI_LINE_SIZE]) {
    struct ini_address_list list;
    char text[ADDRESS_TEXT_SIZE];
    (void)key;
    memcpy(&list, field, sizeof list);
    snprintf(out, INI_LINE_SIZE, "%s", address_format(&list.items[index], text));
    return true;
}

static const struct {
    bool (*set)(const struct ini_key *key, const char *value, void *field);
    void (*expect)(const struct ini_key *key, struct why *why);
    bool (*format)(const struct ini_key *key, const void *field, size_t index, char out[static INI_LINE_SIZE]);
    size_t size; /* of the field */
} types[] = {
    [INI_TEXT] = {set_text, expect_text, format_text, INI_TEXT_SIZE},
    [INI_PATH] = {set_text, expect_text, format_path, INI_TEXT_SIZE},
    [INI_INTEGER] = {set_integer, expect_integer, format_integer, sizeof(long long)},
    [INI_BOOLEAN] = {set_boolean, expect_boolean, format_boolean, sizeof(bool)},
    [INI_CHOICE] = {set_choice, expect_choice, format_choice, sizeof(int)},
    [INI_ADDRESS_LIST] = {set_address_list, expect_address_list, format_address, sizeof(struct ini_address_list)},
    [INI_AUTO_INTEGER] = {set_auto_integer, expect_integer, format_auto_integer, sizeof(long long)},
};

/* A path's ~ is a home directory, and what is relative starts at `folder`, if there is one. */
static bool find_path(const char *value, const char *folder, char *out, struct why *why) {
    char home[INI_TEXT_SIZE];
    if (*value == '~' && !home_expand(value, home, sizeof home)) {
        return why_fail(why, "expected a known home directory for ~, and a path of at most %d bytes in all",
                        INI_TEXT_SIZE - 1);
    }
    if (*value == '~') value = home;
    bool stays = *value == '/' || *value == '\0' || !folder;
    int length = snprintf(out, INI_TEXT_SIZE, "%s%s%s", stays ? "" : folder, stays ? "" : "/", value);
    if (length < INI_TEXT_SIZE) return true;
    return why_fail(why, "expected a path of at most %d bytes", INI_TEXT_SIZE - 1);
}

bool ini_value_set(const struct ini_key *key, const char *value, const char *folder, void *target, struct why *why) {
    char path[INI_TEXT_SIZE];
    if (key->type == INI_PATH && !find_path(value, folder, path, why)) return false;
    if (key->type == INI_PATH) value = path;
    bool fits = !key->check || key->check(value);
    if (fits && types[key->type].set(key, value, (uint8_t *)target + key->offset)) return true;
    why_fail(why, "expected %s", key->check ? key->expected : "");
    if (!key->check) types[key->type].expect(key, why);
    if (key->type != INI_ADDRESS_LIST) return false;
    if (list_max(key) > 1 && strchr(value, ',')) add_wrong_item(key, value, why);
    add_missing_interface(value, why);
    return false;
}

bool ini_value_adds_up(const struct ini_key *key) {
    return key->type == INI_ADDRESS_LIST && list_max(key) > 1;
}

bool ini_value_add(const struct ini_key *key, const char *value, void *target, struct why *why) {
    void *field = (uint8_t *)target + key->offset;
    struct ini_address_list all, more;
    char text[ADDRESS_TEXT_SIZE];
    memcpy(&all, field, sizeof all);
    if (!ini_value_set(key, value, NULL, target, why)) return false;
    memcpy(&more, field, sizeof more);
    memcpy(field, &all, sizeof all); /* stays where something is wrong with these, for the lines that follow */
    for (size_t i = 0; i < more.count; i++) {
        if (list_address(key, &all, &more.items[i])) continue;
        return why_fail(why, "expected %zu addresses at most, each once, in all lines of this key; %s is %s",
                        list_max(key), address_format(&more.items[i], text),
                        is_listed(&all, &more.items[i]) ? "there already" : "one too many");
    }
    memcpy(field, &all, sizeof all);
    return true;
}

static const void *field_of(const struct ini_key *key, const void *target) {
    return (const uint8_t *)target + key->offset;
}

/* What is behind the end of a text or a list is zero, as ini_value_set leaves it. */
bool ini_value_equal(const struct ini_key *key, const void *target, const void *other) {
    return memcmp(field_of(key, target), field_of(key, other), types[key->type].size) == 0;
}

size_t ini_value_lines(const struct ini_key *key, const void *target) {
    const void *field = field_of(key, target);
    struct ini_address_list list;
    if (key->type == INI_TEXT || key->type == INI_PATH) return key->fallback || *(const char *)field != '\0';
    if (key->type != INI_ADDRESS_LIST) return 1;
    memcpy(&list, field, sizeof list);
    return list.count;
}

bool ini_value_format(const struct ini_key *key, const void *target, size_t index, char out[static INI_LINE_SIZE]) {
    return types[key->type].format(key, field_of(key, target), index, out);
}
