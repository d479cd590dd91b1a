#include "client/ui/ignores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ui/line_file.h"
#include "common/memory.h"

#define LINE_SIZE (FINGERPRINT_TEXT_SIZE + 1 + TEXT_NICK_MAX + 1)

static bool add(struct ignores *ignores, const char *fingerprint, const char *nick) {
    if (ignores->count == IGNORES_MAX) return false;
    if (!ignores->items) ignores->items = allocate_zeroed(IGNORES_MAX, sizeof *ignores->items);
    struct ignored *ignored = &ignores->items[ignores->count++];
    snprintf(ignored->fingerprint, sizeof ignored->fingerprint, "%s", fingerprint);
    text_nick(nick, strlen(nick), ignored->nick);
    return true;
}

static bool is_fingerprint(const char *text, size_t size) {
    return size == FINGERPRINT_TEXT_SIZE - 1 && strspn(text, "0123456789abcdef") == size;
}

static void take_line(void *context, const char *line) {
    struct ignores *ignores = context;
    size_t size = strcspn(line, " ");
    char fingerprint[FINGERPRINT_TEXT_SIZE];
    if (!is_fingerprint(line, size)) return;
    memcpy(fingerprint, line, size);
    fingerprint[size] = '\0';
    if (!ignores_has(ignores, fingerprint)) add(ignores, fingerprint, line[size] ? line + size + 1 : "");
}

bool ignores_open(struct ignores *ignores, const char *directory, struct why *why) {
    *ignores = (struct ignores){.count = 0};
    if (!directory) return true;
    if (snprintf(ignores->file, sizeof ignores->file, "%s/ignored", directory) >= (int)sizeof ignores->file) {
        why_fail(why, "%s: the path is too long", directory);
        ignores->file[0] = '\0';
        return false;
    }
    if (line_file_read(ignores->file, take_line, ignores, why)) return true;
    ignores_close(ignores);
    return false;
}

void ignores_close(struct ignores *ignores) {
    free(ignores->items);
    *ignores = (struct ignores){.count = 0};
}

static struct ignored *find(const struct ignores *ignores, const char *fingerprint) {
    for (size_t i = 0; i < ignores->count; i++)
        if (strcmp(ignores->items[i].fingerprint, fingerprint) == 0) return &ignores->items[i];
    return NULL;
}

bool ignores_has(const struct ignores *ignores, const char *fingerprint) {
    return find(ignores, fingerprint) != NULL;
}

bool ignores_toggle(struct ignores *ignores, const char *fingerprint, const char *nick, bool *ignored,
                    struct why *why) {
    struct ignored *there = find(ignores, fingerprint);
    char line[LINE_SIZE];
    *ignored = !there;
    why->text[0] = '\0';
    if (!is_fingerprint(fingerprint, strlen(fingerprint))) {
        return why_fail(why, "'%s' is no fingerprint", fingerprint);
    }
    if (!there && ignores->count == IGNORES_MAX) {
        return why_fail(why, "%d are ignored already", IGNORES_MAX);
    }
    snprintf(line, sizeof line, "%s %s", fingerprint, nick);
    if (ignores->file[0] && !line_file_set(ignores->file, fingerprint, there ? NULL : line, why)) {
        if (ignores->told) why->text[0] = '\0';
        ignores->told = true;
    }
    if (there)
        *there = ignores->items[--ignores->count];
    else
        add(ignores, fingerprint, nick);
    return true;
}
