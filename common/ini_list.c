#include "common/ini_list.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/ini_path.h"
#include "common/ini_shown.h"

union list {
    struct ini_address_list addresses;
    struct ini_path_list paths;
};
_Static_assert(INI_ADDRESS_LIST_MAX <= INI_LIST_MAX && INI_PATH_LIST_MAX <= INI_LIST_MAX, "the longest of both");

static bool has_paths(const struct ini_key *key) {
    return key->type == INI_PATH_LIST;
}

static size_t list_size(const struct ini_key *key) {
    return has_paths(key) ? sizeof(struct ini_path_list) : sizeof(struct ini_address_list);
}

size_t ini_list_max(const struct ini_key *key) {
    size_t most = has_paths(key) ? INI_PATH_LIST_MAX : INI_ADDRESS_LIST_MAX;
    return key->max > 0 && (size_t)key->max < most ? (size_t)key->max : most;
}

static size_t count_items(const struct ini_key *key, const union list *list) {
    return has_paths(key) ? list->paths.count : list->addresses.count;
}

size_t ini_list_count(const struct ini_key *key, const void *field) {
    union list list;
    memcpy(&list, field, list_size(key));
    return count_items(key, &list);
}

/* Adding returns what is wrong with the item, behind those before it; NULL: it is in the list now. */

/* One that leaves the port to the kernel may stand there again. */
static const char *add_address(const struct ini_key *key, struct ini_address_list *list, const struct address *item) {
    if (list->count == ini_list_max(key)) return "is one too many";
    for (size_t i = 0; i < list->count && item->port != 0; i++)
        if (address_equal(&list->items[i], item)) return "stands there twice";
    list->items[list->count++] = *item;
    return NULL;
}

static const char *add_path(const struct ini_key *key, struct ini_path_list *list, const char *item) {
    if (list->count == ini_list_max(key)) return "is one too many";
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], item) == 0) return "stands there twice";
    memset(list->items[list->count], 0, INI_TEXT_SIZE);
    memcpy(list->items[list->count++], item, strlen(item));
    return NULL;
}

static const char *add_text(const struct ini_key *key, union list *list, const char *item, const char *folder) {
    struct address address;
    struct why ignored;
    char path[INI_TEXT_SIZE];
    if (!has_paths(key))
        return address_parse(item, key->port, &address) ? add_address(key, &list->addresses, &address) : "is none";
    if (*item == '\0' || !ini_path_find(item, folder, path, &ignored)) return "is none";
    return add_path(key, &list->paths, path);
}

/* One of a list, up to the comma, without white space around it. */
static bool copy_item(const char *text, size_t length, char out[static INI_TEXT_SIZE]) {
    while (length > 0 && isspace((unsigned char)*text)) text++, length--;
    while (length > 0 && isspace((unsigned char)text[length - 1])) length--;
    if (length >= INI_TEXT_SIZE) return false;
    memcpy(out, text, length);
    out[length] = '\0';
    return true;
}

/* Which of many is the wrong one. That its interface is not there is said apart. */
static void name_item(const char *item, const char *fault, struct why *why) {
    char interface[ADDRESS_TEXT_SIZE], shown[INI_SHOWN_MOST + 1];
    if (!address_lacks_interface(item, interface))
        why_fail(why, "; %s %s", *item ? ini_shown(item, shown) : "nothing", fault);
}

/* All items of `value` into `list`. False with the wrong one in `why`, or with nothing in it. */
static bool take_items(const struct ini_key *key, const char *value, const char *folder, union list *list,
                       struct why *why) {
    memset(list, 0, sizeof *list);
    why->text[0] = '\0';
    for (const char *at = value; *value; at++) {
        char item[INI_TEXT_SIZE], shown[INI_SHOWN_MOST + 1];
        size_t length = strcspn(at, ",");
        if (!copy_item(at, length, item)) return why_fail(why, "; %s is none", ini_shown(at, shown));
        const char *fault = add_text(key, list, item, folder);
        if (fault) {
            name_item(item, fault, why);
            return false;
        }
        at += length;
        if (*at == '\0') break;
    }
    return (long long)count_items(key, list) >= key->min;
}

/* What is written well may still name an interface that is not there. */
static void add_missing_interface(const char *list, struct why *why) {
    char item[INI_TEXT_SIZE], interface[ADDRESS_TEXT_SIZE];
    for (; *list; list += strspn(list, ",")) {
        size_t length = strcspn(list, ",");
        if (copy_item(list, length, item) && address_lacks_interface(item, interface))
            why_add(why, "; there is no interface %s", interface);
        list += length;
    }
}

static void expect(const struct ini_key *key, struct why *why) {
    if (key->check)
        why_fail(why, "expected %s", key->expected);
    else if (has_paths(key))
        why_fail(why, "expected %lld to %zu paths, separated by commas", key->min, ini_list_max(key));
    else
        why_fail(why,
                 "expected %lld to %zu times ADDR%s, as in 192.0.2.1:9595 or [2001:db8::1]:9595, separated by commas",
                 key->min, ini_list_max(key), key->port ? "[:PORT]" : ":PORT");
}

static bool read_list(const struct ini_key *key, const char *value, const char *folder, union list *out,
                      struct why *why) {
    struct why item = {""};
    if ((!key->check || key->check(value)) && take_items(key, value, folder, out, &item)) return true;
    expect(key, why);
    if (ini_list_max(key) > 1 && strchr(value, ',')) why_add(why, "%s", item.text);
    if (!has_paths(key)) add_missing_interface(value, why);
    return false;
}

bool ini_list_set(const struct ini_key *key, const char *value, const char *folder, void *field, struct why *why) {
    union list list;
    if (!read_list(key, value, folder, &list, why)) return false;
    memcpy(field, &list, list_size(key));
    return true;
}

/* From one list to the other: NULL, or what is wrong with item `index`. */
static const char *move_item(const struct ini_key *key, const union list *from, size_t index, union list *to) {
    return has_paths(key) ? add_path(key, &to->paths, from->paths.items[index])
                          : add_address(key, &to->addresses, &from->addresses.items[index]);
}

bool ini_list_add(const struct ini_key *key, const char *value, const char *folder, void *field, struct why *why) {
    union list all, more;
    memcpy(&all, field, list_size(key));
    if (!read_list(key, value, folder, &more, why)) return false;
    for (size_t i = 0; i < count_items(key, &more); i++) {
        char text[INI_LINE_SIZE];
        const char *fault = move_item(key, &more, i, &all);
        if (!fault) continue;
        (void)ini_list_format(key, &more, i, text);
        return why_fail(why, "expected %zu %s at most, each once, in all lines of this key; %s %s", ini_list_max(key),
                        has_paths(key) ? "paths" : "addresses", text,
                        strstr(fault, "twice") ? "is there already" : fault);
    }
    memcpy(field, &all, list_size(key));
    return true;
}

bool ini_list_format(const struct ini_key *key, const void *field, size_t index, char out[static INI_LINE_SIZE]) {
    union list list;
    char text[ADDRESS_TEXT_SIZE];
    memcpy(&list, field, list_size(key));
    if (has_paths(key)) return ini_path_format(list.paths.items[index], out);
    snprintf(out, INI_LINE_SIZE, "%s", address_format(&list.addresses.items[index], text));
    return true;
}
