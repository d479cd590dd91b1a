#include "client/charter/room_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/directory.h"
#include "common/memory.h"
#include "common/room_name.h"
#include "common/whole_file.h"

#define TITLE "gochat private room 1"
#define WORDS_MAX 6
#define MODE 0600

/* --- Reading --- */

struct parsing {
    struct private_room *room;
    bool without_statements; /* each costs a signature to be checked */
    bool named;
    char name[ROOM_NAME_MAX + 1];
};

static bool is_hex(const char *word, uint8_t *out, size_t size) {
    size_t taken = 0;
    return word && strlen(word) == 2 * size && sodium_hex2bin(out, size, word, 2 * size, NULL, &taken, NULL) == 0 &&
           taken == size;
}

static bool is_time(const char *word, uint64_t *out) {
    char *end;
    if (!word || *word < '0' || *word > '9') return false;
    errno = 0;
    *out = strtoull(word, &end, 10);
    return *end == '\0' && errno == 0;
}

static bool take_name(struct parsing *parsing, const char *name) {
    struct why ignored;
    if (parsing->named || !room_name_parse(name, strlen(name), parsing->name, &ignored)) return false;
    return parsing->named = strcmp(name, parsing->name) == 0;
}

static bool take_root(struct parsing *parsing, char **words) {
    uint8_t root[PRIVATE_ROOT_SIZE];
    bool taken = parsing->named && !*parsing->room->name && is_hex(words[0], root, sizeof root) &&
                 private_room_init(parsing->room, parsing->name, root);
    sodium_memzero(root, sizeof root);
    return taken;
}

static bool take_founding(struct private_room *room, char **words) {
    struct founding founding;
    bool taken = is_hex(words[0], founding.owner, sizeof founding.owner) &&
                 is_hex(words[1], founding.nonce, sizeof founding.nonce) && charter_found(&room->charter, &founding);
    sodium_memzero(&founding, sizeof founding);
    return taken;
}

/* Our own file: what was taken once is not asked for its time. One that does not count (any more) is left out. */
static bool take_statement(struct private_room *room, const char *word) {
    uint8_t bytes[STATEMENT_SIZE_MAX];
    struct statement statement;
    size_t size = word ? strlen(word) / 2 : 0;
    if (size > sizeof bytes || !is_hex(word, bytes, size)) return false;
    struct reader reader = reader_over(bytes, size);
    bool taken = statement_read(&reader, &statement) && reader_finished(&reader) &&
                 charter_take(&room->charter, &statement, UINT64_MAX) != CHARTER_FORGED;
    sodium_memzero(bytes, sizeof bytes);
    sodium_memzero(&statement, sizeof statement);
    return taken;
}

static bool take_former(struct private_room *room, char **words) {
    size_t number = room->former_count;
    if (number == KEY_SETS_FORMER || !is_hex(words[0], room->former[number].secret, PRIVATE_SECRET_SIZE) ||
        !is_time(words[1], &room->former[number].until_ms))
        return false;
    room->former_count++;
    return true;
}

static bool take_door(struct private_room *room, char **words) {
    struct private_door *door = &room->doors[room->door_count];
    if (room->door_count == KEY_SETS_DOORS || !is_hex(words[0], door->token, sizeof door->token) ||
        !is_time(words[1], &door->until_ms) || !words[2])
        return false;
    door->once = strcmp(words[2], "once") == 0;
    if (!door->once && strcmp(words[2], "many") != 0) return false;
    /* A program that did not know when a door was made wrote no time: nobody who was removed comes by that. */
    char **by = words + (is_time(words[3], &door->made_ms) ? 4 : 3);
    door->used = *by != NULL;
    if (door->used && !is_hex(*by, door->by, sizeof door->by)) return false;
    room->door_count++;
    return true;
}

/* A program that knew no stamps wrote none. */
static bool take_invite(struct private_room *room, char **words) {
    return room->invited = is_hex(words[0], room->invite, sizeof room->invite) &&
                           (!words[1] || is_time(words[1], &room->invite_stamp));
}

static void split(char *line, char *words[static WORDS_MAX]) {
    char *rest = NULL;
    for (size_t i = 0; i < WORDS_MAX; i++) words[i] = strtok_r(i == 0 ? line : NULL, " ", &rest);
}

static bool take_bootnodes(struct private_room *room, const char *bootnodes) {
    if (strlen(bootnodes) >= sizeof room->bootnodes) return false;
    snprintf(room->bootnodes, sizeof room->bootnodes, "%s", bootnodes);
    return true;
}

/* A name may have spaces, so it is the rest of its line; bootnodes likewise. */
static bool take_line(struct parsing *parsing, char *line) {
    struct private_room *room = parsing->room;
    char *words[WORDS_MAX];
    if (strncmp(line, "name ", 5) == 0) return take_name(parsing, line + 5);
    if (strncmp(line, "bootnodes ", 10) == 0) return *room->name && take_bootnodes(room, line + 10);
    split(line, words);
    if (!words[0]) return true;
    if (strcmp(words[0], "root") == 0) return take_root(parsing, words + 1);
    if (!*room->name) return false;
    if (strcmp(words[0], "founding") == 0) return take_founding(room, words + 1);
    if (strcmp(words[0], "statement") == 0) return parsing->without_statements || take_statement(room, words[1]);
    if (strcmp(words[0], "former") == 0) return take_former(room, words + 1);
    if (strcmp(words[0], "door") == 0) return take_door(room, words + 1);
    if (strcmp(words[0], "invite") == 0) return take_invite(room, words + 1);
    return false;
}

static bool parse(const char *file, char *text, struct parsing *parsing, struct why *why) {
    unsigned number = 0;
    memset(parsing->room, 0, sizeof *parsing->room);
    for (char *line = text, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = '\0';
        number++;
        if (number == 1 ? strcmp(line, TITLE) != 0 : !take_line(parsing, line))
            return why_fail(why, "%s:%u: not understood as a line of a private room", file, number);
    }
    return *parsing->room->name || why_fail(why, "%s: is cut off: it has no name and root", file);
}

bool room_file_parse(const char *file, char *text, struct private_room *room, struct why *why) {
    struct parsing parsing = {.room = room};
    return parse(file, text, &parsing, why);
}

/* So many bytes; NULL with `why`. */
static char *read_whole(int descriptor, const char *file, size_t size, struct why *why) {
    char *text = allocate_zeroed(size + 1, 1);
    ssize_t got = whole_file_read(descriptor, text, size);
    if (got == (ssize_t)size && strlen(text) == size) return text;
    if (got < 0)
        why_fail(why, "%s: %s", file, strerror(errno));
    else
        why_fail(why, got < (ssize_t)size ? "%s: became shorter while it was read" : "%s: there is a zero byte in it",
                 file);
    sodium_memzero(text, size);
    free(text);
    return NULL;
}

static char *read_text(const char *file, size_t *size, struct why *why) {
    struct stat status;
    char *text = NULL;
    int descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        why_fail(why, "%s: %s", file, strerror(errno));
    } else if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 077)) {
        why_fail(why, "%s: expected a file of ours that nobody else can open: chmod 600 %s", file, file);
    } else if (status.st_size > ROOM_FILE_SIZE_MAX) {
        why_fail(why, "%s: has over %u bytes", file, ROOM_FILE_SIZE_MAX);
    } else {
        *size = (size_t)status.st_size;
        text = read_whole(descriptor, file, *size, why);
    }
    if (descriptor >= 0) close(descriptor);
    return text;
}

static bool read_file(const char *file, struct parsing *parsing, struct why *why) {
    size_t size;
    memset(parsing->room, 0, sizeof *parsing->room);
    char *text = read_text(file, &size, why);
    if (!text) return false;
    bool understood = parse(file, text, parsing, why);
    sodium_memzero(text, size);
    free(text);
    return understood;
}

bool room_file_read(const char *file, struct private_room *room, struct why *why) {
    struct parsing parsing = {.room = room};
    return read_file(file, &parsing, why);
}

/* --- Writing --- */

static void put_hex(FILE *out, const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) fprintf(out, "%02x", bytes[i]);
}

static void put_line(FILE *out, const char *word, const uint8_t *bytes, size_t size) {
    fprintf(out, "%s ", word);
    put_hex(out, bytes, size);
}

static void put_charter(FILE *out, const struct charter *charter) {
    uint8_t bytes[STATEMENT_SIZE_MAX];
    const struct statement *statement;
    size_t place = 0;
    if (!charter->founded) return;
    put_line(out, "founding", charter->founding.owner, sizeof charter->founding.owner);
    put_line(out, "", charter->founding.nonce, sizeof charter->founding.nonce);
    fputc('\n', out);
    while ((statement = charter_next(charter, &place))) {
        struct writer writer = writer_over(bytes, sizeof bytes);
        statement_write(&writer, statement);
        put_line(out, "statement", bytes, writer_size(&writer));
        fputc('\n', out);
    }
    sodium_memzero(bytes, sizeof bytes);
}

static void put_doors(FILE *out, const struct private_room *room) {
    for (size_t i = 0; i < room->former_count; i++) {
        put_line(out, "former", room->former[i].secret, PRIVATE_SECRET_SIZE);
        fprintf(out, " %" PRIu64 "\n", room->former[i].until_ms);
    }
    for (size_t i = 0; i < room->door_count; i++) {
        const struct private_door *door = &room->doors[i];
        put_line(out, "door", door->token, sizeof door->token);
        fprintf(out, " %" PRIu64 " %s %" PRIu64, door->until_ms, door->once ? "once" : "many", door->made_ms);
        if (door->used) put_line(out, "", door->by, sizeof door->by);
        fputc('\n', out);
    }
}

char *room_file_format(const struct private_room *room, size_t *size) {
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (!out) abort();
    fprintf(out, TITLE "\nname %s\n", room->name);
    put_line(out, "root", room->charter.root, PRIVATE_ROOT_SIZE);
    fputc('\n', out);
    if (*room->bootnodes) fprintf(out, "bootnodes %s\n", room->bootnodes);
    if (room->invited) {
        put_line(out, "invite", room->invite, sizeof room->invite);
        fprintf(out, " %" PRIu64 "\n", room->invite_stamp);
    }
    put_charter(out, &room->charter);
    put_doors(out, room);
    if (fclose(out) != 0) abort();
    return text;
}

bool room_file_path(const char *directory, const uint8_t id[static ROOM_ID_SIZE], char *out, size_t size) {
    char hex[2 * ROOM_ID_SIZE + 1];
    sodium_bin2hex(hex, sizeof hex, id, ROOM_ID_SIZE);
    return snprintf(out, size, "%s/" ROOM_FILE_FOLDER "/%s", directory, hex) < (int)size;
}

/* Whoever was away while the secret changed, or was removed, has the charter of then: only by a new invite they get in,
 * and only who is told of an epoch as late as that is back. Anybody who knows the root can make an invite that names an
 * epoch which never comes: a true one takes its place. */
static void come_by(struct private_room *room, const uint8_t *invite) {
    struct reader reader = reader_over(invite, PRIVATE_INVITE_SIZE), stamp = reader;
    read_skip(&stamp, PRIVATE_SECRET_SIZE);
    if (private_room_is_known(room) && read_u64(&stamp) <= private_room_stamp(room)) return;
    room->invited = true;
    read_bytes(&reader, room->invite, sizeof room->invite);
    room->invite_stamp = read_u64(&reader);
}

/* As it is kept, or, where it is not, with its name and root alone. */
static bool recall(const char *directory, const char *name, const uint8_t root[static PRIVATE_ROOT_SIZE],
                   struct private_room *room, struct why *why) {
    char path[PATH_MAX];
    if (!private_room_init(room, name, root)) return why_fail(why, "the room's name is empty or too long");
    if (!*directory || !room_file_path(directory, room->keys.id, path, sizeof path) || access(path, F_OK) != 0)
        return true;
    private_room_clear(room);
    return room_file_read(path, room, why);
}

bool room_file_recall(const char *directory, const char *name, const uint8_t root[static PRIVATE_ROOT_SIZE],
                      const uint8_t *invite, struct private_room *room, struct why *why) {
    bool recalled = recall(directory, name, root, room, why);
    if (recalled && invite) come_by(room, invite);
    return recalled;
}

static struct private_door *same_door(struct private_room *room, const struct private_door *door) {
    for (size_t i = 0; i < room->door_count; i++)
        if (sodium_memcmp(room->doors[i].token, door->token, sizeof door->token) == 0) return &room->doors[i];
    return NULL;
}

/* One that is done with is left: nobody comes by it. */
static void take_others_door(struct private_room *room, const struct private_door *door) {
    struct private_door *own = same_door(room, door);
    if (own && door->used)
        *own = *door;
    else if (!own && !(door->once && door->used) && room->door_count < KEY_SETS_DOORS)
        room->doors[room->door_count++] = *door;
}

int room_file_lock(const char *directory) {
    char path[PATH_MAX];
    if (!*directory || snprintf(path, sizeof path, "%s/" ROOM_FILE_FOLDER, directory) >= (int)sizeof path) return -1;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || flock(folder, LOCK_EX) == 0) return folder;
    close(folder);
    return -1;
}

void room_file_take_doors(const char *directory, struct private_room *room, uint64_t wall_ms) {
    char path[PATH_MAX];
    struct private_room kept;
    struct parsing parsing = {.room = &kept, .without_statements = true};
    struct why ignored;
    if (!*directory || !room_file_path(directory, room->keys.id, path, sizeof path)) return;
    bool read = read_file(path, &parsing, &ignored);
    if (read) (void)private_room_expire(&kept, wall_ms);
    for (size_t i = 0; read && i < kept.door_count; i++) take_others_door(room, &kept.doors[i]);
    private_room_clear(&kept);
}

bool room_file_write(const char *directory, const struct private_room *room, struct why *why) {
    char path[PATH_MAX], *text;
    size_t size;
    if (!room_file_path(directory, room->keys.id, path, sizeof path))
        return why_fail(why, "%s: the path is too long", directory);
    text = room_file_format(room, &size);
    bool written = directory_make_above(path) && whole_file_replace(path, text, size, MODE);
    if (!written)
        why_fail(why,
                 "%s: cannot be written, and is tried again, or what was decided in the room ends with this run: %s",
                 path, strerror(errno));
    sodium_memzero(text, size);
    free(text);
    return written;
}

/* --- All of them --- */

bool room_file_each(const char *directory, bool (*found)(void *context, const struct private_room *room), void *context,
                    struct why *why) {
    char path[PATH_MAX];
    struct private_room room;
    struct parsing parsing;
    struct why one;
    const struct dirent *entry;
    bool whole = true, more = snprintf(path, sizeof path, "%s/" ROOM_FILE_FOLDER, directory) < (int)sizeof path;
    DIR *folder = more ? opendir(path) : NULL;
    while (folder && more && (entry = readdir(folder))) {
        if (strlen(entry->d_name) != 2 * (size_t)ROOM_ID_SIZE ||
            snprintf(path, sizeof path, "%s/" ROOM_FILE_FOLDER "/%s", directory, entry->d_name) >= (int)sizeof path)
            continue;
        parsing = (struct parsing){.room = &room, .without_statements = true};
        bool understood = read_file(path, &parsing, &one);
        if (understood) more = found(context, &room);
        if (!understood && whole) *why = one;
        whole = whole && understood;
        private_room_clear(&room);
    }
    if (folder) closedir(folder);
    return whole;
}
