#include "common/ini_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/ini_list.h"
#include "common/ini_path.h"
#include "common/units.h"

/* --- One type after the other: parse into the field, and say what is expected --- */

static bool set_text(const struct ini_key *key, const char *value, void *field) {
    size_t length = strlen(value), max = key->max > 0 ? (size_t)key->max : INI_TEXT_SIZE - 1;
    if ((long long)length < key->min || length > max || length >= INI_TEXT_SIZE) return false;
    memset(field, 0, INI_TEXT_SIZE);
    memcpy(field, value, length);
    return true;
}

static bool parse_plain(const char *value, long long *out) {
    if (!isdigit((unsigned char)value[*value == '-' ? 1 : 0])) return false;
    char *end;
    errno = 0;
    *out = strtoll(value, &end, 10);
    return *end == '\0' && errno == 0;
}

static bool set_integer(const struct ini_key *key, const char *value, void *field) {
    long long number;
    struct why ignored;
    if (!(key->unit ? units_parse(key->unit, key->bare, value, &number, &ignored) : parse_plain(value, &number)) ||
        number < key->min || number > key->max)
        return false;
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

static void expect_text(const struct ini_key *key, struct why *why) {
    long long max = key->max > 0 && key->max < INI_TEXT_SIZE ? key->max : INI_TEXT_SIZE - 1;
    why_add(why, "%s of %lld to %lld bytes", key->type == INI_PATH ? "a path" : "text", key->min, max);
}

static void expect_integer(const struct ini_key *key, struct why *why) {
    char min[UNITS_TEXT_SIZE], max[UNITS_TEXT_SIZE];
    if (key->type == INI_AUTO_INTEGER) why_add(why, "auto or ");
    if (!key->unit) {
        why_add(why, "a number from %lld to %lld", key->min, key->max);
        return;
    }
    why_add(why, "%s from %s to %s", units_quantity(key->unit), units_format(key->unit, key->min, min),
            units_format(key->unit, key->max, max));
    if (units_list(key->unit, why) && key->bare) why_add(why, "; a number alone is in %s", key->unit);
}

static void expect_boolean(const struct ini_key *key, struct why *why) {
    (void)key;
    why_add(why, "on or off");
}

static void expect_choice(const struct ini_key *key, struct why *why) {
    for (int i = 0; key->choices[i]; i++)
        why_add(why, "%s%s", i == 0 ? "" : key->choices[i + 1] ? ", " : " or ", key->choices[i]);
}

/* --- And back --- */

static bool format_path(const struct ini_key *key, const void *field, size_t index, char out[static INI_LINE_SIZE]) {
    (void)key, (void)index;
    return ini_path_format(field, out);
}

static bool format_text(const struct ini_key *key, const void *field, size_t index, char out[static INI_LINE_SIZE]) {
    (void)key, (void)index;
    return ini_quotes_put(field, out);
}

static bool format_integer(const struct ini_key *key, const void *field, size_t index, char out[static INI_LINE_SIZE]) {
    long long number;
    char text[UNITS_TEXT_SIZE];
    (void)index;
    memcpy(&number, field, sizeof number);
    if (key->unit)
        snprintf(out, INI_LINE_SIZE, "%s", units_format(key->unit, number, text));
    else
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
    [INI_ADDRESS_LIST] = {.format = ini_list_format, .size = sizeof(struct ini_address_list)},
    [INI_PATH_LIST] = {.format = ini_list_format, .size = sizeof(struct ini_path_list)},
    [INI_AUTO_INTEGER] = {set_auto_integer, expect_integer, format_auto_integer, sizeof(long long)},
};

/* Which unit it is that is not understood. */
static void add_wrong_unit(const struct ini_key *key, const char *value, struct why *why) {
    long long ignored;
    struct why unit;
    if (!units_parse(key->unit, key->bare, value, &ignored, &unit)) why_add(why, "; %s", unit.text);
}

static bool is_list(const struct ini_key *key) {
    return key->type == INI_ADDRESS_LIST || key->type == INI_PATH_LIST;
}

bool ini_value_set(const struct ini_key *key, const char *value, const char *folder, void *target, struct why *why) {
    char path[INI_TEXT_SIZE];
    void *field = (uint8_t *)target + key->offset;
    if (is_list(key)) return ini_list_set(key, value, folder, field, why);
    if (key->type == INI_PATH && !ini_path_find(value, folder, path, why)) return false;
    if (key->type == INI_PATH) value = path;
    bool fits = !key->check || key->check(value);
    if (fits && types[key->type].set(key, value, field)) return true;
    why_fail(why, "expected %s", key->check ? key->expected : "");
    if (!key->check) types[key->type].expect(key, why);
    if (!key->check && key->unit) add_wrong_unit(key, value, why);
    return false;
}

bool ini_value_adds_up(const struct ini_key *key) {
    return is_list(key) && ini_list_max(key) > 1;
}

bool ini_value_add(const struct ini_key *key, const char *value, const char *folder, void *target, struct why *why) {
    return ini_list_add(key, value, folder, (uint8_t *)target + key->offset, why);
}

static const void *field_of(const struct ini_key *key, const void *target) {
    return (const uint8_t *)target + key->offset;
}

/* What is behind the end of a text or a list is zero, as ini_value_set leaves it. */
bool ini_value_equal(const struct ini_key *key, const void *target, const void *other) {
    return memcmp(field_of(key, target), field_of(key, other), types[key->type].size) == 0;
}

void ini_value_copy(const struct ini_key *key, const void *from, void *to) {
    memcpy((uint8_t *)to + key->offset, field_of(key, from), types[key->type].size);
}

size_t ini_value_lines(const struct ini_key *key, const void *target) {
    const void *field = field_of(key, target);
    if (key->type == INI_TEXT || key->type == INI_PATH) return key->fallback || *(const char *)field != '\0';
    return is_list(key) ? ini_list_count(key, field) : 1;
}

bool ini_value_format(const struct ini_key *key, const void *target, size_t index, char out[static INI_LINE_SIZE]) {
    return types[key->type].format(key, field_of(key, target), index, out);
}
