#include "client/command_line/given.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/invite/invite.h"
#include "common/memory.h"

#define LINE_SIZE 1536

void given_complain(struct given *given, const char *line) {
    given->problems++;
    fprintf(stderr, "gochat: %s\n", line);
}

void given_refuse(struct given *given, const char *what, const char *value, const char *expected) {
    char line[LINE_SIZE];
    flag_explain(what, value, expected, line, sizeof line);
    given_complain(given, line);
}

void given_refuse_flag(struct given *given, const char *flag, const char *value, const char *expected) {
    char name[32];
    snprintf(name, sizeof name, "--%s", flag);
    given_refuse(given, name, value, expected);
}

const char *given_value(const struct given *given, const char *flag) {
    for (size_t i = 0; i < mode_flags.count; i++)
        if (given->values[i] && strcmp(flag_at(&mode_flags, i)->name, flag) == 0) return given->values[i];
    return NULL;
}

bool given_descriptor(const char *text, int *out) {
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    *out = (int)number;
    return errno == 0 && end > text && *end == '\0' && number >= 0 && number <= INT_MAX;
}

/* --- Words --- */

static void take_word(struct given *given, const char *word) {
    size_t used = given->words ? strlen(given->words) : 0, size = used + strlen(word) + 2;
    given->words = grow(given->words, size, 1);
    snprintf(given->words + used, size - used, "%s%s", used > 0 ? " " : "", word);
}

static bool is_invite(const char *word) {
    return invite_is(word) || strcmp(word, GIVEN_FROM_INPUT) == 0;
}

/* What others wrote is not to lead a sender into a room of theirs: behind -- it is text in any case. */
static bool leads_in(const struct given *given, const struct flag_reader *reader, const char *word) {
    if (given->mode == MODE_CLIENT) return true;
    return given->mode == MODE_SEND && !reader->words_only && !given->words && !given->invite && invite_is(word);
}

static void take_way(struct given *given, char *word) {
    bool invite = is_invite(word), first = !given->invite && !given->kept;
    if (first && invite) given->invite = word;
    if (first && !invite) given->kept = word;
    if (first) return;
    if (!invite) {
        given_refuse(given, "argument", word, "expected one name: one of several words stands in quotation marks");
        return;
    }
    given_complain(given, "expected one invite, here is another one");
    sodium_memzero(word, strlen(word));
}

/* Of a sender that is given a room: then it is what is said there. */
static void settle_invite(struct given *given) {
    if (!given->invite || given->mode != MODE_SEND || !given_value(given, "room")) return;
    char *rest = given->words;
    given->words = NULL;
    take_word(given, given->invite);
    if (rest) take_word(given, rest);
    free(rest);
    given->invite = NULL;
}

/* --- Flags --- */

static size_t row_of(const struct flag *flag) {
    size_t i = 0;
    while (flag_at(&mode_flags, i) != flag) i++;
    return i;
}

/* The last one counts, but for bootnodes: there all do. */
static void take_value(struct given *given, const struct flag *flag, const char *value) {
    size_t used = strlen(given->bootnodes), row = row_of(flag);
    given->values[row] = value;
    if (strcmp(flag->name, "bootnode") != 0) return;
    snprintf(given->bootnodes + used, sizeof given->bootnodes - used, "%s%s", used > 0 ? "," : "", value);
    given->values[row] = given->bootnodes;
}

void given_parse(int argc, char **argv, struct given *out) {
    struct mode_choice choice;
    const struct flag *flag;
    const char *value;
    struct why why;
    memset(out, 0, sizeof *out);
    if (!mode_choose(argc, argv, &choice, &why)) given_complain(out, why.text);
    out->mode = choice.mode;
    struct flag_reader reader = mode_reader(out->mode, argc, argv);
    for (;;) {
        switch (flag_next(&reader, &flag, &value, &why)) {
        case FLAG_GIVEN: take_value(out, flag, value); break;
        case FLAG_WORD:
            if (leads_in(out, &reader, value))
                take_way(out, reader.words[reader.at - 1]);
            else
                take_word(out, value);
            break;
        case FLAG_WRONG: given_complain(out, why.text); break;
        case FLAG_END: settle_invite(out); return;
        }
    }
}
