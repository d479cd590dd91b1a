#include "client/ui/transcripts.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client/ui/line_file.h"
#include "client/ui/plain.h"
#include "client/ui/transcript_ids.h"
#include "common/memory.h"

#define FILE_NAME_MAX 200 /* bytes before ".log": file systems take 255 */
#define HASH_BYTES 8
#define TAIL_BYTES 65536
#define STAMP_SIZE 32

/* A room that is logged. */
struct transcript {
    struct transcript *next;
    int file;    /* -1: not open yet */
    bool broken; /* could not be written: off, for this run */
    bool read;   /* which messages it has: */
    struct transcript_ids ids;
    char room[];
};

static bool fail(struct why *why, const char *path) {
    return why_fail(why, "%s: %s", path, strerror(errno));
}

/* --- Names --- */

/* What a file name may not hold, and what could be mistaken, is written %XX. */
static void escape(const char *room, char *out, size_t capacity) {
    size_t at = 0;
    for (; *room && at + 3 < capacity; room++) {
        unsigned char byte = (unsigned char)*room;
        bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                     byte == '-' || byte == '_';
        at += (size_t)snprintf(out + at, capacity - at, plain ? "%c" : "%%%02X", byte);
    }
    out[at] = '\0';
}

static bool unescape(const char *text, char out[static ROOM_NAME_MAX + 1]) {
    size_t at = 0;
    for (; *text; text++) {
        uint8_t byte = (uint8_t)*text;
        if (at == ROOM_NAME_MAX) return false;
        if (byte == '%') {
            size_t size = 0;
            sodium_hex2bin(&byte, 1, text + 1, strnlen(text + 1, 2), NULL, &size, NULL);
            if (size != 1 || byte == 0) return false;
            text += 2;
        }
        out[at++] = (char)byte;
    }
    out[at] = '\0';
    return at > 0;
}

static void file_name(const char *room, char out[static 256]) {
    char escaped[3 * ROOM_NAME_MAX + 1], digits[2 * HASH_BYTES + 1] = "";
    uint8_t hash[crypto_generichash_BYTES];
    escape(room, escaped, sizeof escaped);
    if (strlen(escaped) > FILE_NAME_MAX) {
        crypto_generichash(hash, sizeof hash, (const uint8_t *)room, strlen(room), NULL, 0);
        sodium_bin2hex(digits, sizeof digits, hash, HASH_BYTES);
    }
    snprintf(out, 256, "%.*s%s%s.log", FILE_NAME_MAX, escaped, digits[0] ? "." : "", digits);
}

void transcripts_path(const struct transcripts *transcripts, const char *room, char *out, size_t capacity) {
    char name[256];
    file_name(room, name);
    snprintf(out, capacity, "%s/%s", transcripts->directory, name);
}

/* "ROOM.ids" beside "ROOM.log". */
static void ids_path(const char *path, char *out, size_t capacity) {
    snprintf(out, capacity, "%.*s.ids", (int)(strlen(path) - strlen(".log")), path);
}

/* --- Which rooms --- */

static struct transcript *find(const struct transcripts *transcripts, const char *room) {
    struct transcript *transcript = transcripts->open;
    while (transcript && strcmp(transcript->room, room) != 0) transcript = transcript->next;
    return transcript;
}

static void add(struct transcripts *transcripts, const char *room) {
    struct transcript *transcript = find(transcripts, room);
    if (transcript) {
        transcript->broken = false;
        return;
    }
    size_t size = strlen(room) + 1;
    transcript = allocate_zeroed(1, sizeof *transcript + size);
    memcpy(transcript->room, room, size);
    transcript->file = -1;
    transcript->next = transcripts->open;
    transcripts->open = transcript;
}

static void drop(struct transcripts *transcripts, const char *room) {
    struct transcript **at = &transcripts->open;
    while (*at && strcmp((*at)->room, room) != 0) at = &(*at)->next;
    struct transcript *gone = *at;
    if (!gone) return;
    *at = gone->next;
    if (gone->file >= 0) close(gone->file);
    if (gone->read) transcript_ids_close(&gone->ids);
    free(gone);
}

static void take_line(void *context, const char *line) {
    char room[ROOM_NAME_MAX + 1];
    if (unescape(line, room)) add(context, room);
}

static void list_path(const struct transcripts *transcripts, char out[static 4200]) {
    snprintf(out, 4200, "%s/rooms", transcripts->directory);
}

void transcripts_open(struct transcripts *transcripts, const char *directory) {
    char list[4200];
    struct why ignored;
    *transcripts = (struct transcripts){.open = NULL};
    if (!directory || strlen(directory) + sizeof "/transcripts" > sizeof transcripts->directory) return;
    snprintf(transcripts->directory, sizeof transcripts->directory, "%s/transcripts", directory);
    list_path(transcripts, list);
    (void)line_file_read(list, take_line, transcripts, &ignored); /* no folder yet: no room is logged */
}

void transcripts_close(struct transcripts *transcripts) {
    while (transcripts->open) drop(transcripts, transcripts->open->room);
}

bool transcripts_enabled(struct transcripts *transcripts, const char *room) {
    const struct transcript *transcript = find(transcripts, room);
    return transcript && !transcript->broken;
}

/* --- What it has --- */

static struct transcript_ids *ids_of(const struct transcripts *transcripts, struct transcript *transcript) {
    char path[4400], ids[4400];
    if (!transcript->read) {
        transcripts_path(transcripts, transcript->room, path, sizeof path);
        ids_path(path, ids, sizeof ids);
        transcript_ids_open(&transcript->ids, ids, path);
        transcript->read = true;
    }
    return &transcript->ids;
}

/* Only what was said to all is passed on, and so may come again. */
static bool may_come_again(const struct event *event) {
    return (event->type == EVENT_MESSAGE || event->type == EVENT_SENT) && event->kind != CHAT_PRIVATE && event->id[0];
}

static const struct transcript_id *find_id(const struct transcripts *transcripts, struct transcript *transcript,
                                           const struct event *event) {
    if (!may_come_again(event)) return NULL;
    return transcript_ids_find(ids_of(transcripts, transcript), event->fingerprint, event->id);
}

bool transcripts_have_shown(const struct transcripts *transcripts, const struct event *event) {
    struct transcript *transcript = event->room ? find(transcripts, event->room) : NULL;
    const struct transcript_id *id = transcript ? find_id(transcripts, transcript, event) : NULL;
    return id && id->shown;
}

/* --- Writing --- */

/* What a crash left half written must not take the next line in. */
static void end_half_line(int file) {
    off_t size = lseek(file, 0, SEEK_END);
    char last = '\n';
    if (size > 0 && pread(file, &last, 1, size - 1) == 1 && last != '\n') (void)!write(file, "\n", 1);
}

static bool open_log(const struct transcripts *transcripts, struct transcript *transcript, struct why *why) {
    char path[4400];
    struct stat status;
    if (transcript->file >= 0) return true;
    transcripts_path(transcripts, transcript->room, path, sizeof path);
    transcript->file = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (transcript->file < 0) return fail(why, path);
    if (fstat(transcript->file, &status) == 0 && S_ISREG(status.st_mode)) {
        end_half_line(transcript->file);
        return true;
    }
    close(transcript->file);
    transcript->file = -1;
    return why_fail(why, "%s: expected a regular file", path);
}

static bool open_folder(const struct transcripts *transcripts, struct why *why) {
    if (!transcripts->directory[0]) {
        return why_fail(why, "there is no data directory to keep a log in");
    }
    return mkdir(transcripts->directory, 0700) == 0 || errno == EEXIST || fail(why, transcripts->directory);
}

bool transcripts_enable(struct transcripts *transcripts, const char *room, bool enable, struct why *why) {
    char key[3 * ROOM_NAME_MAX + 1], list[4200];
    if (!open_folder(transcripts, why)) return false;
    escape(room, key, sizeof key);
    list_path(transcripts, list);
    if (enable) {
        add(transcripts, room);
        if (open_log(transcripts, find(transcripts, room), why) && line_file_set(list, key, key, why)) return true;
        drop(transcripts, room);
        return false;
    }
    if (!line_file_set(list, key, NULL, why)) return false;
    drop(transcripts, room);
    return true;
}

static void put_text(FILE *out, const char *text, size_t size) {
    size_t capacity = 3 * size + 1;
    char *filtered = allocate(capacity), *rest = filtered;
    const char *indent = "";
    size = text_filter(text, size, true, filtered, capacity);
    while (size > 0 && filtered[size - 1] == '\n') filtered[--size] = '\0';
    for (char *line; (line = strsep(&rest, "\n")); indent = "  ") fprintf(out, "%s%s\n", indent, line);
    free(filtered);
}

/* As in plain: no label begins with an asterisk, so neither an action nor a nick makes another kind of line. */
static void put_said(FILE *out, const struct event *event, const char *label) {
    static const char *const forms[CHAT_KINDS] = {
        [CHAT_TEXT] = "%s: ", [CHAT_ACTION] = "** %s ", [CHAT_NICK] = "%s: ", [CHAT_PRIVATE] = "*private* %s: "};
    fprintf(out, forms[event->kind], label);
    put_text(out, event->text, event->text_size);
}

static void put_came(FILE *out, const struct event *event, const char *label) {
    (void)event;
    fprintf(out, "* %s is here\n", label);
}

static void put_left(FILE *out, const struct event *event, const char *label) {
    fprintf(out, event->said_bye ? "* %s left\n" : "* %s is gone\n", label);
}

static void put_nick(FILE *out, const struct event *event, const char *label) {
    char nick[3 * TEXT_NICK_MAX + 1];
    text_filter(event->nick, strlen(event->nick), false, nick, sizeof nick);
    fprintf(out, "* %s is now called %s\n", label, nick);
}

static void put_lost(FILE *out, const struct event *event, const char *label) {
    (void)label;
    char *line = ui_plain_line(event);
    if (line) fputs(line, out);
    free(line);
}

static void (*const writers[EVENT_TYPES])(FILE *out, const struct event *event, const char *label) = {
    [EVENT_MESSAGE] = put_said,   [EVENT_SENT] = put_said,      [EVENT_PEER_CONNECTED] = put_came,
    [EVENT_PEER_LEFT] = put_left, [EVENT_PEER_NICK] = put_nick, [EVENT_LOST] = put_lost,
};

static void put_stamp(FILE *out, uint64_t wall_ms) {
    time_t seconds = (time_t)(wall_ms / 1000);
    char stamp[STAMP_SIZE] = "";
    struct tm local;
    if (localtime_r(&seconds, &local)) strftime(stamp, sizeof stamp, "%F %T ", &local);
    fputs(stamp, out);
}

/* The line as a whole, so that one write(2) appends it. */
static char *line_of(const struct event *event, const char *label, uint64_t wall_ms, size_t *size) {
    char *line = NULL;
    FILE *out = open_memstream(&line, size);
    if (!out) abort();
    put_stamp(out, event->history || event->late ? event->said_ms : wall_ms);
    writers[event->type](out, event, label);
    fclose(out);
    return line;
}

/* One write(2), undone when it was cut short. */
static bool append(int file, const char *line, size_t size) {
    off_t before = lseek(file, 0, SEEK_END);
    ssize_t written = write(file, line, size);
    if (written == (ssize_t)size) return true;
    if (written >= 0) errno = before >= 0 && ftruncate(file, before) != 0 ? errno : ENOSPC;
    return false;
}

bool transcripts_append(struct transcripts *transcripts, const struct event *event, const char *label, uint64_t wall_ms,
                        struct why *why) {
    struct transcript *transcript = event->room ? find(transcripts, event->room) : NULL;
    char path[4400];
    size_t size;
    if (!transcript || transcript->broken || !writers[event->type]) return true;
    if (find_id(transcripts, transcript, event)) return true;
    bool done = open_log(transcripts, transcript, why);
    if (done) {
        char *line = line_of(event, label, wall_ms, &size);
        transcripts_path(transcripts, transcript->room, path, sizeof path);
        done = append(transcript->file, line, size) || fail(why, path);
        if (done && may_come_again(event))
            transcript_ids_add(&transcript->ids, event->fingerprint, event->id, line, size);
        free(line);
    }
    transcript->broken = !done;
    return done;
}

/* --- Reading --- */

/* The end of the file, zero-terminated, from the beginning of a line on; NULL: nothing. */
static char *tail_of(const char *path, size_t *size) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    off_t end = file >= 0 ? lseek(file, 0, SEEK_END) : -1;
    off_t start = end > TAIL_BYTES ? end - TAIL_BYTES : 0;
    char *text = end > 0 ? calloc(1, TAIL_BYTES + 1) : NULL;
    ssize_t count = text ? pread(file, text, TAIL_BYTES, start) : -1;
    if (file >= 0) close(file);
    if (count <= 0) {
        free(text);
        return NULL;
    }
    *size = (size_t)count;
    const char *newline = start > 0 ? memchr(text, '\n', *size) : NULL;
    if (newline) {
        size_t cut = (size_t)(newline - text) + 1;
        memmove(text, text + cut, *size - cut);
        *size -= cut;
    }
    while (*size > 0 && text[*size - 1] != '\n') --*size; /* a line that is being written */
    return text;
}

static const char *last_lines(const char *text, size_t size) {
    const char *at = text + size;
    for (int lines = 0; at > text; at--)
        if (at[-1] == '\n' && lines++ == TRANSCRIPT_LINES_SHOWN) break;
    return at;
}

void transcripts_last(struct transcripts *transcripts, const char *room,
                      void (*line)(void *context, const char *text, size_t size), void *context) {
    char path[4400], filtered[3 * 4096];
    size_t size;
    if (!transcripts_enabled(transcripts, room)) return;
    transcripts_path(transcripts, room, path, sizeof path);
    char *text = tail_of(path, &size);
    if (!text) return;
    struct transcript_ids *ids = ids_of(transcripts, find(transcripts, room));
    const char *end = text + size;
    for (const char *at = last_lines(text, size); at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline ? newline : end) - at);
        size_t kept = text_filter(at, length, true, filtered, sizeof filtered);
        line(context, filtered, kept);
        transcript_ids_shown(ids, at, length);
        at += length + 1;
    }
    free(text);
}
