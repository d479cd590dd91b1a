#include "client/keys/people.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/keys/known_line.h"
#include "common/clock.h"
#include "common/memory.h"

#include <sodium.h>

#define FILE_NAME "people"
#define OLD_NAME "known_peers"
#define HEADER "# People whom gochat has met: gochat(1)\n"
#define LEFT (PEOPLE_MAX - PEOPLE_MAX / 10)
#define STALE_LINES 1000 /* so many, and as many as there are good ones, are no reason to write it anew */

/* --- What a line does --- */

static void apply(struct people *people, const struct people_line *line) {
    struct people_table *table = &people->table;
    struct people_person *person = NULL;
    switch (line->kind) {
    case PEOPLE_LINE_MET:
        people_table_name(table, people_table_add(table, line->key), line->room, line->nick, line->days, line->last);
        break;
    case PEOPLE_LINE_VERIFIED:
        people_table_verify(table, people_table_add(table, line->key), line->last > 0 ? line->last : 1);
        break;
    case PEOPLE_LINE_UNVERIFIED:
        person = people_table_find(table, line->key);
        if (person) people_table_verify(table, person, 0);
        break;
    case PEOPLE_LINE_REPLACED:
        person = people_table_find(table, line->key);
        if (person) people_table_move(table, person, line->new);
        break;
    case PEOPLE_LINE_KEEP: people_table_keep(table, people_table_add(table, line->key)); break;
    default: break;
    }
}

static void on_take(void *context, char *text, size_t size, unsigned number) {
    struct people *people = context;
    struct people_line line;
    people_line_parse(text, size, &line);
    if (line.kind == PEOPLE_LINE_MALFORMED && people->malformed == 0) people->malformed = number;
    people->others += line.kind == PEOPLE_LINE_MALFORMED || line.kind == PEOPLE_LINE_EMPTY;
    apply(people, &line);
}

static void on_forget(void *context) {
    struct people *people = context;
    people_table_clear(&people->table);
    people->others = 0;
    people->malformed = 0;
    people->renew = true;
}

static struct line_log_reader reader_of(struct people *people) {
    return (struct line_log_reader){.context = people, .forget = on_forget, .take = on_take};
}

static void apply_text(struct people *people, const char *text) {
    char copy[PEOPLE_LINE_SIZE];
    struct people_line line;
    snprintf(copy, sizeof copy, "%s", text);
    people_line_parse(copy, strlen(copy), &line);
    apply(people, &line);
}

static void apply_noted(struct people *people) {
    if (!people->renew) return;
    people->renew = false;
    for (size_t at = 0; at < people->noted_size; at += strlen(people->noted + at) + 1)
        apply_text(people, people->noted + at);
}

/* What cannot be read now is as it was read last. */
static void refresh(struct people *people) {
    const struct line_log_reader reader = reader_of(people);
    (void)line_log_refresh(&people->log, &reader);
    apply_noted(people);
}

/* --- Asking --- */

static const struct people_name *better(const struct people_name *a, const struct people_name *b) {
    if (!a || (b->person->verified && !a->person->verified)) return b;
    if (a->person->verified && !b->person->verified) return a;
    return b->days > a->days || (b->days == a->days && b->last > a->last) ? b : a;
}

enum people_claim people_check(struct people *people, const uint8_t room[static PEOPLE_ROOM_SIZE], const char *nick,
                               const uint8_t key[static 32], const struct people_name **other) {
    bool known = false;
    *other = NULL;
    refresh(people);
    for (const struct people_name *name = people_table_called(&people->table, room, nick); name;
         name = people_table_called_next(name)) {
        if (memcmp(name->person->key, key, sizeof name->person->key) == 0)
            known = true;
        else
            *other = better(*other, name);
    }
    if (known) return PEOPLE_KNOWN;
    if (!*other) return PEOPLE_NEW_ONE;
    return (*other)->person->verified && !people_is_verified(people, key) ? PEOPLE_TAKEN : PEOPLE_SHARED;
}

bool people_is_verified(const struct people *people, const uint8_t key[static 32]) {
    const struct people_person *person = people_table_find(&people->table, key);
    return person && person->verified > 0;
}

bool people_admit(struct people *people, uint64_t now) {
    if (people->admitted > now + (PEOPLE_NEW - 1) * PEOPLE_NEW_MS) return false;
    people->admitted = later(people->admitted, now) + PEOPLE_NEW_MS;
    return true;
}

bool people_crowded(struct people *people) {
    bool news = !people->crowded;
    people->crowded = true;
    return news;
}

/* --- Written anew --- */

static bool put_line(FILE *out, const struct people_line *line) {
    char text[PEOPLE_LINE_SIZE];
    size_t size = people_line_format(line, text);
    return fwrite(text, 1, size, out) == size;
}

static bool put_mark(FILE *out, const struct people_person *person, enum people_line_kind kind, unsigned day) {
    struct people_line line = {.kind = kind, .last = day};
    memcpy(line.key, person->key, sizeof line.key);
    return put_line(out, &line);
}

static bool put_name(FILE *out, const struct people_name *name) {
    struct people_line line = {.kind = PEOPLE_LINE_MET, .days = name->days, .last = name->last};
    memcpy(line.key, name->person->key, sizeof line.key);
    memcpy(line.room, name->room, sizeof line.room);
    memcpy(line.nick, name->nick, sizeof line.nick);
    return put_line(out, &line);
}

static bool put_person(FILE *out, const struct people_person *person) {
    bool written = true;
    for (const struct people_name *name = person->names; name && written; name = name->next)
        written = put_name(out, name);
    if (written && person->verified) written = put_mark(out, person, PEOPLE_LINE_VERIFIED, person->verified);
    if (written && person->kept) written = put_mark(out, person, PEOPLE_LINE_KEEP, 0);
    return written;
}

static bool put_people(const struct people *people, FILE *out) {
    bool written = true;
    for (const struct people_person *person = people->table.first; person && written; person = person->after)
        written = put_person(out, person);
    return written;
}

/* What is no person's line: nothing of the user's is lost. */
static bool on_other(void *context, const char *text, size_t size) {
    char copy[PEOPLE_LINE_SIZE];
    struct people_line line = {.kind = PEOPLE_LINE_MALFORMED};
    if (size < sizeof copy) {
        memcpy(copy, text, size + 1);
        people_line_parse(copy, size, &line);
    }
    if (line.kind != PEOPLE_LINE_MALFORMED && line.kind != PEOPLE_LINE_EMPTY) return true;
    return fwrite(text, 1, size, context) == size;
}

static bool on_write_anew(void *context, FILE *out, FILE *in) {
    return line_log_each(in, on_other, out) && put_people(context, out);
}

static bool is_too_long(const struct people *people) {
    size_t good = people->table.name_count + people->table.marks + people->others;
    return people->table.count > PEOPLE_MAX || people->log.seen.lines > 2 * good + STALE_LINES;
}

/* The file is locked. Where it cannot be, it grows until it can, or until the disk is full. */
static void shorten(struct people *people, int file) {
    if (!is_too_long(people)) return;
    if (people->table.count > PEOPLE_MAX) (void)people_table_forget(&people->table, LEFT);
    (void)line_log_replace(&people->log, file, on_write_anew, people);
    memset(&people->log.seen, 0, sizeof people->log.seen); /* as it is in the file, whichever that is */
}

/* --- Writing --- */

static void note(struct people *people, const char *text) {
    size_t size = strlen(text) + 1;
    if (people->noted_size + size > PEOPLE_NOTED_MAX) return;
    people->noted = grow(people->noted, people->noted_size + size, 1);
    memcpy(people->noted + people->noted_size, text, size);
    people->noted_size += size;
    apply_text(people, text);
}

/* Does it say something that is not so already? By what the file says now, which another program may have written. */
typedef bool (*news)(const struct people *people, const struct people_line *line);

static bool is_file_full(const struct people *people) {
    return people->table.count >= 2 * (size_t)PEOPLE_MAX; /* it could not be shortened */
}

/* False with errno. */
static bool append(struct people *people, const struct people_line *line, news is_news) {
    const struct line_log_reader reader = reader_of(people);
    char text[PEOPLE_LINE_SIZE];
    int file = line_log_lock(&people->log, &reader);
    apply_noted(people);
    if (file < 0) return false;
    bool due = is_news(people, line), full = is_file_full(people);
    errno = EFBIG;
    bool written =
        !due || (!full && line_log_append(&people->log, file, &reader, text, people_line_format(line, text)));
    int error = errno;
    people->unsynced |= due && written;
    if (written) shorten(people, file);
    close(file);
    errno = error;
    return written;
}

static bool say(struct people *people, const struct people_line *line, news is_news, struct why *why) {
    char text[PEOPLE_LINE_SIZE];
    refresh(people);
    *why->text = '\0';
    if (!is_news(people, line) || (*people->log.path && append(people, line, is_news))) {
        refresh(people);
        return true;
    }
    int error = errno;
    people_line_format(line, text);
    note(people, text);
    if (!*people->log.path || people->told) return true;
    people->told = true;
    return why_fail(why, "%s: %s: new people are forgotten at the end", people->log.path, strerror(error));
}

/* --- What is said --- */

static const struct people_name *name_of(const struct people *people, const struct people_line *line) {
    const struct people_name *name = people_table_called(&people->table, line->room, line->nick);
    while (name && memcmp(name->person->key, line->key, sizeof line->key) != 0) name = people_table_called_next(name);
    return name;
}

static bool is_met_anew(const struct people *people, const struct people_line *line) {
    const struct people_name *name = name_of(people, line);
    return !name || name->last < line->last;
}

/* One more day than before. */
static void count_days(const struct people *people, struct people_line *line) {
    const struct people_name *name = name_of(people, line);
    line->days = name && line->last > name->last ? name->days + 1 : 1;
    if (line->days > KNOWN_DAYS_MOST) line->days = KNOWN_DAYS_MOST;
}

bool people_met(struct people *people, const uint8_t room[static PEOPLE_ROOM_SIZE], const char *nick,
                const uint8_t key[static 32], struct why *why) {
    struct people_line line = {.kind = PEOPLE_LINE_MET, .last = people->today};
    memcpy(line.key, key, sizeof line.key);
    memcpy(line.room, room, sizeof line.room);
    snprintf(line.nick, sizeof line.nick, "%s", nick);
    refresh(people);
    count_days(people, &line);
    return say(people, &line, is_met_anew, why);
}

static bool is_mark_news(const struct people *people, const struct people_line *line) {
    return people_is_verified(people, line->key) != (line->kind == PEOPLE_LINE_VERIFIED);
}

/* Somebody asked for it, and is told that it is so. */
static bool say_for_good(struct people *people, const struct people_line *line, news is_news, struct why *why) {
    return say(people, line, is_news, why) && people_sync(people, why);
}

bool people_verify(struct people *people, const uint8_t key[static 32], bool verified, struct why *why) {
    struct people_line line = {.kind = verified ? PEOPLE_LINE_VERIFIED : PEOPLE_LINE_UNVERIFIED, .last = people->today};
    memcpy(line.key, key, sizeof line.key);
    return say_for_good(people, &line, is_mark_news, why);
}

static bool is_there(const struct people *people, const struct people_line *line) {
    return people_table_find(&people->table, line->key) != NULL;
}

bool people_replace(struct people *people, const uint8_t old[static 32], const uint8_t new[static 32],
                    struct why *why) {
    struct people_line line = {.kind = PEOPLE_LINE_REPLACED, .last = people->today};
    memcpy(line.key, old, sizeof line.key);
    memcpy(line.new, new, sizeof line.new);
    return say_for_good(people, &line, is_there, why);
}

bool people_sync(struct people *people, struct why *why) {
    if (!people->unsynced) return true;
    people->unsynced = false;
    if (line_log_sync(&people->log)) return true;
    bool silent = people->told;
    people->told = true;
    return silent || why_fail(why, "%s: %s: new people may be forgotten", people->log.path, strerror(errno));
}

/* --- What came before --- */

/* "ROOM:NICK", both in hex. */
static bool take_old_name(const char *name, struct people_line *out) {
    size_t size = strcspn(name, ":"), nick_size;
    const char *end;
    char nick[TEXT_NICK_MAX + 1];
    if (size != 2 * PEOPLE_ROOM_SIZE || name[size] != ':' ||
        sodium_hex2bin(out->room, sizeof out->room, name, size, NULL, NULL, NULL) != 0 ||
        sodium_hex2bin((uint8_t *)nick, TEXT_NICK_MAX, name + size + 1, strlen(name + size + 1), NULL, &nick_size,
                       &end) != 0 ||
        *end != '\0')
        return false;
    return text_nick(nick, nick_size, out->nick);
}

static void take_old_line(struct people *people, char *text, size_t size) {
    struct known_line old;
    struct people_line line = {.kind = PEOPLE_LINE_MET};
    if (known_line_parse(text, size, &old) != KNOWN_LINE_ENTRY || old.replaced || !take_old_name(old.name, &line))
        return;
    memcpy(line.key, old.key, sizeof line.key);
    line.days = old.days;
    line.last = old.last;
    apply(people, &line);
    line.kind = PEOPLE_LINE_KEEP;
    if (old.kept) apply(people, &line);
}

static bool on_take_over(void *context, FILE *out, FILE *in) {
    (void)in;
    return fputs(HEADER, out) >= 0 && put_people(context, out);
}

static FILE *open_old(const char *directory) {
    char path[sizeof((struct people *)0)->log.path];
    struct stat status;
    if (snprintf(path, sizeof path, "%s/" OLD_NAME, directory) >= (int)sizeof path) return NULL;
    return lstat(path, &status) == 0 && S_ISREG(status.st_mode) ? fopen(path, "re") : NULL;
}

/* The file is locked, and empty. */
static void take_over(struct people *people, int file, const char *directory) {
    FILE *old = open_old(directory);
    char *text = NULL;
    size_t capacity = 0;
    ssize_t size;
    while (old && (size = getline(&text, &capacity, old)) > 0) take_old_line(people, text, (size_t)size);
    free(text);
    if (old) fclose(old);
    (void)people_table_forget(&people->table, PEOPLE_MAX);
    (void)line_log_replace(&people->log, file, on_take_over, people);
    people_table_clear(&people->table);
}

/* Somebody who had known_peers lead to /dev/null wants nobody remembered. */
static bool wants_nobody_remembered(const char *directory) {
    char path[sizeof((struct people *)0)->log.path];
    struct stat status, link;
    if (snprintf(path, sizeof path, "%s/" OLD_NAME, directory) >= (int)sizeof path) return false;
    return lstat(path, &link) == 0 && S_ISLNK(link.st_mode) && stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

static void begin(struct people *people, const char *directory) {
    const struct line_log_reader reader = reader_of(people);
    int file = line_log_lock(&people->log, &reader);
    if (file < 0) return;
    if (people->log.seen.lines == 0)
        take_over(people, file, directory);
    else
        shorten(people, file);
    close(file);
}

bool people_open(struct people *people, const char *directory, struct why *why) {
    char path[sizeof people->log.path];
    struct stat status;
    memset(people, 0, sizeof *people);
    *why->text = '\0';
    bool fits = snprintf(path, sizeof path, "%s/" FILE_NAME, directory) < (int)sizeof path;
    if (fits && lstat(path, &status) != 0 && wants_nobody_remembered(directory)) {
        people->log.unread = people->told = true;
        snprintf(people->log.path, sizeof people->log.path, "%s", path);
        return why_fail(why, "%s/" OLD_NAME ": expected a regular file", directory);
    }
    bool opened = line_log_open(&people->log, directory, FILE_NAME, why);
    people->told = !opened;
    if (opened) begin(people, directory);
    refresh(people);
    if (!opened) return false;
    return people->malformed == 0 || why_fail(why, "%s:%u: expected a key and what is known of it: the line is skipped",
                                              people->log.path, people->malformed);
}

void people_close(struct people *people) {
    struct why ignored;
    (void)people_sync(people, &ignored);
    people_table_clear(&people->table);
    free(people->noted);
    memset(people, 0, sizeof *people);
}
