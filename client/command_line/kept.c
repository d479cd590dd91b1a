#include "client/command_line/kept.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "client/charter/room_file.h"
#include "common/room_name.h"

#define DIGITS 8       /* of an id that are shown, and asked for at least */
#define LIST_SIZE 1024 /* of the names or ids that might have been meant */

/* A word and the rooms that it may mean. */
struct search {
    const char *directory, *word;
    char name[ROOM_NAME_MAX + 1]; /* the word as a room would have it; empty: no room can be called so */
    size_t found;
    struct invite as_invite; /* of the last one */
    char bootnodes[PRIVATE_ROOM_BOOTNODES_SIZE];
    char ids[LIST_SIZE], names[LIST_SIZE]; /* of those that were found, and of all */
};

/* What does not fit is left out, and seen to be. */
static void list(char out[static LIST_SIZE], const char *item) {
    size_t used = strlen(out);
    const char *comma = used > 0 ? ", " : "";
    if (used + strlen(item) + sizeof ", , ..." <= LIST_SIZE)
        snprintf(out + used, LIST_SIZE - used, "%s%s", comma, item);
    else if (used < 3 || strcmp(out + used - 3, "...") != 0)
        snprintf(out + used, LIST_SIZE - used, ", ...");
}

/* Rooms of one name are told apart by their ids, and by when something was last decided in them. */
static void list_id(struct search *search, const uint8_t id[static ROOM_ID_SIZE], const char *hex) {
    char path[PATH_MAX], day[32] = "", item[96];
    struct stat status;
    struct tm at;
    if (room_file_path(search->directory, id, path, sizeof path) && stat(path, &status) == 0 &&
        localtime_r(&status.st_mtime, &at))
        strftime(day, sizeof day, " of %Y-%m-%d", &at);
    snprintf(item, sizeof item, "%.*s%s", DIGITS, hex, day);
    list(search->ids, item);
}

static bool look(void *context, const struct private_room *room) {
    struct search *search = context;
    char hex[2 * ROOM_ID_SIZE + 1];
    size_t digits = strlen(search->word);
    sodium_bin2hex(hex, sizeof hex, room->keys.id, ROOM_ID_SIZE);
    list(search->names, room->name);
    if (strcmp(room->name, search->name) != 0 && (digits < DIGITS || strncasecmp(hex, search->word, digits) != 0))
        return true;
    search->found++;
    list_id(search, room->keys.id, hex);
    snprintf(search->as_invite.room, sizeof search->as_invite.room, "%s", room->name);
    memcpy(search->as_invite.root, room->charter.root, sizeof search->as_invite.root);
    snprintf(search->bootnodes, sizeof search->bootnodes, "%s", room->bootnodes);
    return true;
}

/* One line, whatever was found too little or too much. */
static void refuse(struct given *given, const struct search *search, const char *unread) {
    char expected[2 * LIST_SIZE];
    if (search->found > 1)
        snprintf(expected, sizeof expected, "%zu private rooms of this name are kept, expected one of: %s",
                 search->found, search->ids);
    else if (*search->names)
        snprintf(
            expected, sizeof expected,
            "expected an invite, or the name of a private room that is kept (%s); open ones are joined with --room",
            search->names);
    else
        snprintf(expected, sizeof expected,
                 "expected an invite or flags (see gochat --mode client --help): no private room is kept in %s",
                 search->directory);
    given_refuse(given, "argument", search->word, expected);
    if (*unread) given_complain(given, unread);
}

/* With a flag that says which room is meant, the word is a mistake. */
static bool is_alone(struct given *given) {
    static const char *const flags[] = {"room", "new-room", "secret-file"};
    char expected[64];
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (!given_value(given, flags[i])) continue;
        snprintf(expected, sizeof expected, "expected flags only beside --%s", flags[i]);
        given_refuse(given, "argument", given->kept, expected);
        return false;
    }
    return true;
}

/* Where its people were met, but for what the command line says: a bootnode may have moved. */
static void take_bootnodes(struct given *given, const struct search *search, struct client_config *config) {
    struct why why;
    if (given_value(given, "bootnode") || (!*search->bootnodes && *config->bootnode)) return;
    if (!ini_table_set(&client_config_table, CLIENT_CONFIG_SECTION, "bootnode", search->bootnodes, config, &why))
        given_refuse_flag(given, "bootnode", NULL, "missing, expected HOST or HOST:PORT: the room's file has none");
}

static void take(struct given *given, const struct search *search, struct client_config *config) {
    take_bootnodes(given, search, config);
    config->invited = true;
    config->invite = search->as_invite;
    config->invite.kind = INVITE_PRIVATE;
    memset(config->secret_file, 0, sizeof config->secret_file);
    snprintf(config->room, sizeof config->room, "%s", search->as_invite.room);
}

void kept_apply(struct given *given, struct client_config *config) {
    char directory[PATH_MAX];
    struct search search = {.directory = directory, .word = given->kept};
    struct why why = {.text = ""};
    if (!given->kept || given->problems > 0 || !is_alone(given)) return;
    if (!client_config_data_directory(config, directory, sizeof directory, &why)) {
        given_complain(given, why.text);
        return;
    }
    if (!room_name_parse(given->kept, strlen(given->kept), search.name, &why)) *search.name = '\0';
    why.text[0] = '\0';
    (void)room_file_each(directory, look, &search, &why);
    if (search.found == 1)
        take(given, &search, config);
    else
        refuse(given, &search, why.text);
    sodium_memzero(&search, sizeof search);
}
