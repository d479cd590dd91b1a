#include "client/keys/known_keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/keys/known_line.h"

/* --- Reading --- */

static void on_forget(void *context) {
    struct known_keys *known = context;
    key_table_clear(&known->table);
    key_table_clear(&known->replaced);
    known->malformed = 0;
}

static void on_take(void *context, char *text, size_t size, unsigned number) {
    struct known_keys *known = context;
    struct known_line line;
    switch (known_line_parse(text, size, &line)) {
    case KNOWN_LINE_EMPTY:
    case KNOWN_LINE_NODES: return;
    case KNOWN_LINE_MALFORMED:
        if (known->malformed == 0) known->malformed = number;
        return;
    case KNOWN_LINE_ENTRY: break;
    }
    (void)key_table_add(line.replaced ? &known->replaced : &known->table, line.name, line.key, number);
}

static struct line_log_reader reader_of(struct known_keys *known) {
    return (struct line_log_reader){.context = known, .forget = on_forget, .take = on_take};
}

/* False: it is there, but cannot be read. */
static bool refresh(struct known_keys *known) {
    const struct line_log_reader reader = reader_of(known);
    return line_log_refresh(&known->log, &reader);
}

static enum known_result search(const struct key_table *table, const char *name, const uint8_t key[static 32],
                                unsigned *line) {
    const struct known_key *found = key_table_find(table, name, key);
    *line = 0;
    if (!found) return KNOWN_NEW;
    if (memcmp(found->key, key, sizeof found->key) == 0) return KNOWN_SAME;
    *line = found->line;
    return KNOWN_CHANGED;
}

enum known_result known_keys_check(struct known_keys *known, const char *name, const uint8_t key[static 32],
                                   unsigned *line) {
    enum known_result result = search(&known->noted, name, key, line);
    if (result != KNOWN_NEW) return result;
    return refresh(known) ? search(&known->table, name, key, line) : KNOWN_CHANGED;
}

/* The file's, unless something is noted, which counts first. */
static const struct known_key *find_any(struct known_keys *known, const char *name) {
    static const uint8_t none[32];
    const struct known_key *found = key_table_find(&known->noted, name, none);
    return found || !refresh(known) ? found : key_table_find(&known->table, name, none);
}

bool known_keys_find(struct known_keys *known, const char *name, uint8_t key[static 32]) {
    const struct known_key *found = find_any(known, name);
    if (found) memcpy(key, found->key, sizeof found->key);
    return found != NULL;
}

bool known_keys_was_replaced(struct known_keys *known, const char *name, const uint8_t key[static 32]) {
    unsigned ignored;
    return refresh(known) && search(&known->replaced, name, key, &ignored) == KNOWN_SAME;
}

bool known_keys_replaced_print(struct known_keys *known, const char *name, const uint8_t print[static KEY_PRINT_SIZE]) {
    uint8_t found[KEY_PRINT_SIZE];
    if (!refresh(known)) return false;
    for (const struct known_key *key = known->replaced.first; key; key = key->after) {
        key_print_derive(key->key, found);
        if (strcmp(key->name, name) == 0 && memcmp(found, print, sizeof found) == 0) return true;
    }
    return false;
}

void known_keys_place(const struct known_keys *known, unsigned line, char out[static KNOWN_KEYS_PLACE_SIZE]) {
    if (line > 0)
        snprintf(out, KNOWN_KEYS_PLACE_SIZE, "%.400s:%u", known->log.path, line);
    else if (known->noted.first)
        snprintf(out, KNOWN_KEYS_PLACE_SIZE, "this run (%.400s keeps nothing)", known->log.path);
    else
        snprintf(out, KNOWN_KEYS_PLACE_SIZE, "%.400s, which cannot be read now", known->log.path);
}

const char *known_keys_remedy(unsigned line) {
    return line > 0 ? "remove that line" : "start gochat again";
}

/* --- Writing --- */

enum outcome { WRITTEN, NOTHING_NEW, CONFLICT, UNWRITABLE };

static enum outcome refuse_another(const struct known_keys *known, const char *name, unsigned line, struct why *why) {
    why_fail(why, "%s:%u: another key is remembered for %s", known->log.path, line, name);
    return CONFLICT;
}

/* The file is locked. UNWRITABLE: with errno. */
static enum outcome add_locked(struct known_keys *known, int file, const char *name, const uint8_t key[static 32],
                               struct why *why) {
    const struct line_log_reader reader = reader_of(known);
    char text[KNOWN_LINE_SIZE];
    unsigned line;
    switch (search(&known->table, name, key, &line)) {
    case KNOWN_SAME: return NOTHING_NEW;
    case KNOWN_CHANGED: return refuse_another(known, name, line, why);
    case KNOWN_NEW: break;
    }
    size_t size = known_line_format(name, key, 1, known->today, text);
    return line_log_append(&known->log, file, &reader, text, size) ? WRITTEN : UNWRITABLE;
}

/* UNWRITABLE: with errno. */
static enum outcome add(struct known_keys *known, const char *name, const uint8_t key[static 32], struct why *why) {
    const struct line_log_reader reader = reader_of(known);
    int file = line_log_lock(&known->log, &reader);
    if (file < 0) return UNWRITABLE;
    enum outcome outcome = add_locked(known, file, name, key, why);
    int error = errno;
    close(file);
    errno = error;
    return outcome;
}

bool known_keys_remember(struct known_keys *known, const char *name, const uint8_t key[static 32], struct why *why) {
    unsigned line;
    if (!*known->log.path) return true;
    if (!*name || strlen(name) > KNOWN_NAME_MAX || strpbrk(name, " \n"))
        return why_fail(why, "%s: a name of 1 to %d bytes without spaces is expected", known->log.path, KNOWN_NAME_MAX);
    switch (search(&known->noted, name, key, &line)) {
    case KNOWN_SAME: return true;
    case KNOWN_CHANGED: return why_fail(why, "%s: another key was met under %s before", known->log.path, name);
    case KNOWN_NEW: break;
    }
    /* Where nothing is to be written no lock is waited for. */
    if (known_keys_check(known, name, key, &line) == KNOWN_SAME) return true;
    enum outcome outcome = add(known, name, key, why);
    known->unsynced |= outcome == WRITTEN;
    if (outcome != UNWRITABLE) return outcome != CONFLICT;
    if (!known->told) why_fail(why, "%s: %s: new keys are forgotten at the end", known->log.path, strerror(errno));
    bool silent = known->told;
    known->told = true;
    (void)key_table_add(&known->noted, name, key, 0);
    return silent;
}

bool known_keys_sync(struct known_keys *known, struct why *why) {
    if (!known->unsynced) return true;
    known->unsynced = false;
    if (line_log_sync(&known->log)) return true;
    bool silent = known->told;
    known->told = true;
    return silent || why_fail(why, "%s: %s: new keys may be forgotten", known->log.path, strerror(errno));
}

/* --- A key that takes another's place --- */

#define KNOWN_REPLACED_MAX 8 /* lines of keys that a name had before; the oldest goes */

struct succession {
    FILE *out;
    const struct known_keys *known;
    const char *name;
    const uint8_t *old, *new;
    size_t too_many; /* lines of replaced keys of that name, the oldest first */
    bool done;
};

static size_t count_replaced(const struct known_keys *known, const char *name) {
    size_t count = 0;
    for (const struct known_key *key = known->replaced.first; key; key = key->after)
        count += strcmp(key->name, name) == 0;
    return count;
}

/* The new key, as it was met today, and behind it the old one; in the place of the first line of the old one. */
static bool put_succession(struct succession *succession, bool kept) {
    char text[KNOWN_LINE_SIZE];
    if (succession->done) return true;
    succession->done = true;
    if (kept)
        known_line_format_word(succession->name, succession->new, KNOWN_WORD_KEEP, text);
    else
        known_line_format(succession->name, succession->new, 1, succession->known->today, text);
    if (fputs(text, succession->out) < 0) return false;
    known_line_format_word(succession->name, succession->old, KNOWN_WORD_REPLACED, text);
    return fputs(text, succession->out) >= 0;
}

static bool on_line(void *context, const char *text, size_t size) {
    struct succession *succession = context;
    char copy[KNOWN_LINE_SIZE];
    struct known_line line;
    bool of_name = size < sizeof copy && memcpy(copy, text, size + 1) &&
                   known_line_parse(copy, size, &line) == KNOWN_LINE_ENTRY && strcmp(line.name, succession->name) == 0;
    if (of_name && !line.replaced && memcmp(line.key, succession->old, sizeof line.key) == 0)
        return put_succession(succession, line.kept);
    if (!of_name || !line.replaced || succession->too_many == 0) return fwrite(text, 1, size, succession->out) == size;
    succession->too_many--;
    return true;
}

static bool on_succeed(void *context, FILE *out, FILE *in) {
    struct succession *succession = context;
    succession->out = out;
    return line_log_each(in, on_line, succession);
}

/* The file is locked. */
static enum outcome succeed_locked(struct known_keys *known, int file, struct succession *succession, struct why *why) {
    unsigned line;
    if (search(&known->table, succession->name, succession->new, &line) == KNOWN_SAME) return NOTHING_NEW;
    if (search(&known->table, succession->name, succession->old, &line) != KNOWN_SAME)
        return refuse_another(known, succession->name, line, why);
    size_t replaced = count_replaced(known, succession->name);
    if (replaced >= KNOWN_REPLACED_MAX) succession->too_many = replaced - KNOWN_REPLACED_MAX + 1;
    return line_log_replace(&known->log, file, on_succeed, succession) ? WRITTEN : UNWRITABLE;
}

/* Until the end. */
static void note_succession(struct known_keys *known, const struct succession *succession) {
    struct known_key *noted = key_table_find(&known->noted, succession->name, succession->old);
    if (noted)
        memcpy(noted->key, succession->new, sizeof noted->key);
    else
        (void)key_table_add(&known->noted, succession->name, succession->new, 0);
}

bool known_keys_succeed(struct known_keys *known, const char *name, const uint8_t old[static 32],
                        const uint8_t new[static 32], struct why *why) {
    const struct line_log_reader reader = reader_of(known);
    struct succession succession = {.known = known, .name = name, .old = old, .new = new};
    enum outcome outcome = UNWRITABLE;
    unsigned line;
    bool noted = search(&known->noted, name, old, &line) == KNOWN_SAME;
    int file = noted ? -1 : line_log_lock(&known->log, &reader);
    if (file >= 0) outcome = succeed_locked(known, file, &succession, why);
    if (file >= 0) close(file);
    if (outcome == CONFLICT) return false;
    if (outcome == UNWRITABLE) note_succession(known, &succession);
    *why->text = '\0';
    if (outcome == UNWRITABLE && *known->log.path) why_fail(why, "%s cannot be written", known->log.path);
    return true;
}

/* --- Life --- */

bool known_keys_open(struct known_keys *known, const char *directory, const char *name, struct why *why) {
    memset(known, 0, sizeof *known);
    bool opened = line_log_open(&known->log, directory, name, why);
    known->told = !opened;
    (void)refresh(known); /* for what is malformed; where it cannot be read each look-up finds that out */
    if (!opened) return false;
    return known->malformed == 0 ||
           why_fail(why, "%s:%u: expected a name and a key: the line is skipped", known->log.path, known->malformed);
}

void known_keys_close(struct known_keys *known) {
    struct why ignored;
    (void)known_keys_sync(known, &ignored);
    key_table_clear(&known->table);
    key_table_clear(&known->replaced);
    key_table_clear(&known->noted);
    memset(known, 0, sizeof *known);
}
