#include "common/flags.h"

#include <stdint.h>
#include <string.h>

#include "common/similar.h"
#include "common/text.h"
#include "common/why.h"

#define NAME_SIZE 64
#define SHOWN_SIZE 256
#define EXPLAINED_SIZE 512
#define LEFT_WIDTH 27 /* of a list: "--secret-file FILE" and the like */

const struct flag *flag_at(const struct flag_table *table, size_t index) {
    return (const struct flag *)(const void *)((const char *)table->rows + index * table->row_size);
}

/* A word of the user's, safe to print and not endless. */
static const char *shown(const char *word, char out[static SHOWN_SIZE]) {
    (void)text_filter(word, strnlen(word, SHOWN_SIZE / 4), false, out, SHOWN_SIZE);
    return out;
}

void flag_explain(const char *what, const char *value, const char *expected, char *out, size_t size) {
    char safe[EXPLAINED_SIZE];
    if (value) (void)text_filter(value, strlen(value), false, safe, sizeof safe);
    snprintf(out, size, value ? "%s '%s': %s" : "%s%s: %s", what, value ? safe : "", expected);
}

/* --- Which flag is meant --- */

/* A flag as it was typed: its name without dashes, cut at '='. */
struct typed {
    const char *word;
    char name[NAME_SIZE];
    size_t dashes;     /* 1 or 2 */
    const char *value; /* behind '='; NULL: none */
};

/* Every way to choose rows: by the typed name, or by how near it they are. */
enum match { EXACT, BEGINNING, NEAR };

static void compare(const struct flag *flag, enum match match, struct similar *names) {
    const char *name = names->word;
    if (match == NEAR)
        similar_offer(names, flag->name);
    else if (match == EXACT ? strcmp(flag->name, name) == 0 : *name && strncmp(flag->name, name, strlen(name)) == 0)
        similar_add(names, flag->name);
}

/* The first row that matches, and the names that do: rows of several modes may have one name. */
static const struct flag *find(const struct flag_reader *reader, unsigned modes, const char *name, enum match match,
                               struct similar *names) {
    *names = similar_to(name);
    for (size_t i = 0; i < reader->table.count; i++)
        if (flag_at(&reader->table, i)->modes & modes) compare(flag_at(&reader->table, i), match, names);
    for (size_t i = 0; i < reader->table.count && names->count > 0; i++) {
        const struct flag *flag = flag_at(&reader->table, i);
        if ((flag->modes & modes) && strcmp(flag->name, names->names[0]) == 0) return flag;
    }
    return NULL;
}

/* "--port or --policy" */
static const char *listed(const struct similar *names, char out[static SHOWN_SIZE]) {
    *out = '\0';
    similar_list(names, "--", " or ", out, SHOWN_SIZE);
    return out;
}

/* "--mode send or --mode doctor": who has a flag of this name. */
static void list_modes(const struct flag_reader *reader, const char *name, struct why *why) {
    unsigned modes = 0;
    const char *separator = "";
    for (size_t i = 0; i < reader->table.count; i++)
        if (strcmp(flag_at(&reader->table, i)->name, name) == 0) modes |= flag_at(&reader->table, i)->modes;
    for (size_t i = 0; reader->mode_names && reader->mode_names[i]; i++) {
        if (!(modes & (1u << i))) continue;
        why_add(why, "%s--mode %s", separator, reader->mode_names[i]);
        separator = " or ";
    }
}

/* --- What is wrong --- */

static enum flag_item complain_unknown(const struct flag_reader *reader, const struct typed *typed, struct why *why) {
    static const enum match ways[] = {NEAR, BEGINNING};
    unsigned others = reader->mode_names ? ~reader->modes : 0;
    char list[SHOWN_SIZE], word[SHOWN_SIZE];
    struct similar names;
    why_fail(why, "%s: ", shown(typed->word, word));
    const struct flag *other = find(reader, others, typed->name, EXACT, &names);
    if (other && typed->dashes == 2) {
        why_add(why, "belongs to ");
        list_modes(reader, other->name, why);
        return FLAG_WRONG;
    }
    why_add(why, "no such flag");
    for (size_t i = 0; i < 2; i++) {
        if (!find(reader, reader->modes, typed->name, ways[i], &names)) continue;
        why_add(why, ", did you mean %s?", listed(&names, list));
        return FLAG_WRONG;
    }
    for (size_t i = 0; i < 2; i++) {
        if (!(other = find(reader, others, typed->name, ways[i], &names)) || names.count > 1) continue;
        why_add(why, ", did you mean --%s of ", other->name);
        list_modes(reader, other->name, why);
        why_add(why, "?");
        return FLAG_WRONG;
    }
    why_add(why, " (see %s%s)", reader->help_command,
            reader->takes_words ? "; text that begins with - stands behind --" : "");
    return FLAG_WRONG;
}

static bool is_mode(const struct flag_reader *reader, const char *word) {
    for (size_t i = 0; reader->mode_names && reader->mode_names[i]; i++)
        if (strcmp(reader->mode_names[i], word) == 0) return true;
    return false;
}

/* Word processors and web pages make one long dash of two. */
static size_t long_dash(const char *word) {
    static const char *const dashes[] = {"\u2013", "\u2014", "\u2212"};
    for (size_t i = 0; i < sizeof dashes / sizeof *dashes; i++)
        if (strncmp(word, dashes[i], strlen(dashes[i])) == 0) return strlen(dashes[i]);
    return 0;
}

/* Is it a flag's name, without its dashes or with another one? */
static bool is_flags_name(const struct flag_reader *reader, const char *word, struct similar *names) {
    char name[NAME_SIZE];
    size_t dash = long_dash(word);
    const char *start = word + dash + (dash ? strspn(word + dash, "-") : 0);
    snprintf(name, sizeof name, "%.*s", (int)strcspn(start, "="), start);
    return find(reader, reader->modes, name, EXACT, names);
}

static enum flag_item complain_word(const struct flag_reader *reader, const char *word, struct why *why) {
    char list[SHOWN_SIZE], text[SHOWN_SIZE];
    struct similar names;
    size_t dash = long_dash(word);
    why_fail(why, "argument '%s': ", shown(word, text));
    if (is_flags_name(reader, word, &names))
        why_add(why, "%s, did you mean %s?", dash ? "begins with another dash" : "expected flags only",
                listed(&names, list));
    else if (is_mode(reader, word))
        why_add(why, "expected flags only, did you mean --mode %s?", word);
    else
        why_add(why, "expected flags only (see %s)", reader->help_command);
    return FLAG_WRONG;
}

/* --- Reading --- */

static bool is_flag(const struct flag_reader *reader, const char *word) {
    struct similar names;
    return strncmp(word, "--", 2) == 0 && find(reader, reader->modes, word + 2, EXACT, &names);
}

static enum flag_item take_value(struct flag_reader *reader, const struct flag *flag, const struct typed *typed,
                                 const char **value, struct why *why) {
    char what[NAME_SIZE];
    *value = typed->value ? typed->value : "";
    if (!flag->value && typed->value) {
        snprintf(what, sizeof what, "--%s", flag->name);
        flag_explain(what, typed->value, "expected without a value", why->text, sizeof why->text);
        return FLAG_WRONG;
    }
    if (!flag->value || typed->value) return FLAG_GIVEN;
    const char *next = reader->at < reader->count ? reader->words[reader->at] : NULL;
    if (next && !is_flag(reader, next)) {
        *value = next;
        reader->at++;
        return FLAG_GIVEN;
    }
    why_fail(why, "--%s: expected a value, as in --%s %s%s%s", flag->name, flag->name, flag->value,
             next ? "; here comes the flag " : "", next ? next : "");
    return FLAG_WRONG;
}

static void split(const char *word, struct typed *out) {
    out->word = word;
    out->dashes = word[1] == '-' ? 2 : 1;
    const char *name = word + out->dashes;
    size_t length = strcspn(name, "=");
    out->value = name[length] ? name + length + 1 : NULL;
    snprintf(out->name, sizeof out->name, "%.*s", length < NAME_SIZE ? (int)length : 0, name);
}

static enum flag_item take_flag(struct flag_reader *reader, const char *word, const struct flag **flag,
                                const char **value, struct why *why) {
    struct typed typed;
    struct similar names = {.count = 0};
    char list[SHOWN_SIZE];
    split(word, &typed);
    *flag = typed.dashes == 2 ? find(reader, reader->modes, typed.name, EXACT, &names) : NULL;
    if (!*flag && typed.dashes == 2) *flag = find(reader, reader->modes, typed.name, BEGINNING, &names);
    if (*flag && names.count == 1) return take_value(reader, *flag, &typed, value, why);
    reader->unknown_before = !typed.value;
    if (!*flag) return complain_unknown(reader, &typed, why);
    why_fail(why, "--%s: may be short for %s", typed.name, listed(&names, list));
    return FLAG_WRONG;
}

static bool is_welcome(const struct flag_reader *reader, const char *word, bool unknown_before) {
    struct similar names;
    return reader->takes_words ||
           (reader->takes_names && !unknown_before &&
            (reader->words_only || !(is_mode(reader, word) || is_flags_name(reader, word, &names))));
}

enum flag_item flag_next(struct flag_reader *reader, const struct flag **flag, const char **value, struct why *why) {
    while (reader->at < reader->count) {
        const char *word = reader->words[reader->at++];
        bool unknown_before = reader->unknown_before;
        reader->unknown_before = false;
        if (!reader->words_only && strcmp(word, "--") == 0) {
            reader->words_only = true;
            continue;
        }
        if (!reader->words_only && word[0] == '-' && word[1] != '\0') return take_flag(reader, word, flag, value, why);
        *value = word;
        if (is_welcome(reader, word, unknown_before)) return FLAG_WORD;
        reader->unknown_before = true;
        if (!unknown_before) return complain_word(reader, word, why);
    }
    return FLAG_END;
}

void flags_list(const struct flag_table *table, unsigned modes, FILE *out) {
    for (size_t i = 0; i < table->count; i++) {
        const struct flag *flag = flag_at(table, i);
        char left[NAME_SIZE];
        if (!flag->help || !(flag->modes & modes)) continue;
        snprintf(left, sizeof left, "--%s%s%s", flag->name, flag->value ? " " : "", flag->value ? flag->value : "");
        fprintf(out, "  %-*s  %s\n", LEFT_WIDTH, left, flag->help);
    }
}
