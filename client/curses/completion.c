#include "client/curses/completion.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "client/config.h"
#include "client/ui/arguments.h"
#include "client/ui/commands.h"
#include "common/memory.h"

/* Names from peers and rooms, filtered: a byte may become three. */
#define NAME_SIZE (3 * ROOM_NAME_MAX + 1)

/* What is to be completed. */
struct word {
    size_t start; /* in the text; a quote that opens it included */
    char *folded; /* what was typed of it */
    bool quoted;
    const struct command *command; /* whose first argument it is, if that can be completed; else NULL */
    bool names_command;
};

struct search {
    struct completion *completion;
    const struct word *word;
};

void completion_end(struct completion *completion) {
    for (size_t i = 0; i < completion->count; i++) free(completion->candidates[i]);
    free(completion->candidates);
    completion->candidates = NULL;
    completion->count = 0;
    completion->active = false;
}

static bool begins_as_typed(const struct word *word, const char *name) {
    char *folded = text_fold(name);
    bool begins = strncmp(folded, word->folded, strlen(word->folded)) == 0;
    free(folded);
    return begins;
}

/* --- Candidates --- */

static void offer(const struct search *search, const char *before, const char *name, const char *behind) {
    struct completion *completion = search->completion;
    if (completion->count == COMPLETION_CANDIDATES) return;
    if (!completion->candidates)
        completion->candidates = allocate_zeroed(COMPLETION_CANDIDATES, sizeof *completion->candidates);
    char *candidate = NULL;
    if (asprintf(&candidate, "%s%s%s", before, name, behind) < 0) abort();
    completion->candidates[completion->count++] = candidate;
}

/* Written so that the command gets it as it is. */
static void offer_argument(const struct search *search, const char *name) {
    if (!search->word->command) {
        offer(search, "", name, " ");
        return;
    }
    char *argument = arguments_quote(name, search->word->quoted);
    offer(search, "", argument, " ");
    free(argument);
}

static void offer_commands(const struct search *search, const char *before) {
    size_t count;
    const struct command *commands = commands_table(&count);
    for (size_t i = 0; i < count; i++)
        if (begins_as_typed(search->word, commands[i].name)) offer(search, before, commands[i].name, " ");
}

static void offer_settings(const struct search *search) {
    for (size_t i = 0; i < client_config_table.count; i++) {
        const char *name = client_config_table.keys[i].name;
        if (client_config_is_setting(name) && begins_as_typed(search->word, name)) offer(search, "", name, " ");
    }
}

static void offer_rooms(const struct search *search, const struct conversations *conversations) {
    for (size_t i = 0; i < conversations->count; i++)
        if (begins_as_typed(search->word, conversations->list[i]->title))
            offer_argument(search, conversations->list[i]->title);
}

static bool is_only_nick(const struct roster *roster, const struct member *member) {
    for (size_t i = 0; i < roster->count; i++)
        if (&roster->members[i] != member && strcmp(roster->members[i].nick, member->nick) == 0) return false;
    return true;
}

/* Does an argument that is written so mean this member? */
static bool argument_means(const struct search *search, const struct roster *roster, const struct member *member,
                           const char *name) {
    char *written = arguments_quote(name, search->word->quoted), *literal = arguments_literal(written), *rest = written;
    struct member *meant = NULL;
    enum roster_match match = arguments_peer(roster, arguments_word(&rest), literal, &meant);
    free(literal);
    free(written);
    return match == ROSTER_FOUND && meant == member;
}

/* By the nick alone where that says who is meant, else with digits of the key, and where that does not either, by the
 * id. */
static void offer_member(const struct search *search, const struct roster *roster, const struct member *member) {
    char nick[NAME_SIZE], id[2 * MEMBER_ID_SIZE + 1];
    if (member->nick[0] == '\0' || !begins_as_typed(search->word, member->label)) return;
    (void)text_filter(member->nick, strlen(member->nick), false, nick, sizeof nick);
    bool alone = begins_as_typed(search->word, nick) && is_only_nick(roster, member);
    if (search->word->start == 0) {
        offer(search, "", alone ? nick : member->label, ": ");
        return;
    }
    const char *const names[] = {alone ? nick : member->label, member->label,
                                 sodium_bin2hex(id, sizeof id, member->id, sizeof member->id)};
    size_t i = 0;
    while (search->word->command && i < 2 && !argument_means(search, roster, member, names[i])) i++;
    offer_argument(search, names[i]);
}

static bool has_spoken(const struct member *member, const uint8_t (*spoke)[MEMBER_ID_SIZE], size_t spoke_count) {
    for (size_t i = 0; i < spoke_count; i++)
        if (memcmp(member->id, spoke[i], MEMBER_ID_SIZE) == 0) return true;
    return false;
}

static void offer_members(const struct search *search, const struct conversations *conversations,
                          const uint8_t (*spoke)[MEMBER_ID_SIZE], size_t spoke_count) {
    const struct conversation *current = conversations_current(conversations);
    if (!current) return;
    for (size_t i = 0; i < spoke_count; i++) {
        const struct member *member = roster_find(&current->roster, spoke[i]);
        if (member) offer_member(search, &current->roster, member);
    }
    for (size_t i = 0; i < current->roster.count; i++) {
        const struct member *member = &current->roster.members[i];
        if (!has_spoken(member, spoke, spoke_count)) offer_member(search, &current->roster, member);
    }
}

/* --- The word before the cursor --- */

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n';
}

static size_t skip_blanks(const char *text, size_t at, size_t end) {
    while (at < end && is_blank(text[at])) at++;
    return at;
}

static size_t skip_word(const char *text, size_t at, size_t end) {
    while (at < end && !is_blank(text[at])) at++;
    return at;
}

/* The command that the line begins with, also shortened. NULL: none, or several. */
static const struct command *command_of(const char *name, size_t size) {
    size_t count, matches = 0;
    const struct command *commands = commands_table(&count), *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(commands[i].name, name, size) != 0) continue;
        if (commands[i].name[size] == '\0') return &commands[i];
        found = &commands[i];
        matches++;
    }
    return matches == 1 ? found : NULL;
}

/* The quote before it has no end. */
static bool is_open(const char *at, const char *end) {
    for (; at < end && *at != '"'; at++) at += *at == '\\' && at + 1 < end && (at[1] == '"' || at[1] == '\\');
    return at == end;
}

/* An argument may be quoted: then it begins with the quote, as long as that is open. */
static void find_argument(const char *text, size_t cursor, struct word *word) {
    size_t name_end = skip_word(text, 1, cursor), first = skip_blanks(text, name_end, cursor);
    bool quoted = first < cursor && text[first] == '"' && is_open(text + first + 1, text + cursor);
    const struct command *command = command_of(text + 1, name_end - 1);
    if (!command || command->completes == COMPLETE_NOTHING || (word->start != first && !quoted)) return;
    word->command = command;
    word->quoted = quoted;
    word->start = first;
}

static struct word word_before_cursor(const struct editor *editor) {
    const char *text = editor->text;
    struct word word = {.start = editor->cursor};
    while (word.start > 0 && !is_blank(text[word.start - 1])) word.start--;
    bool command = commands_is(text);
    word.names_command = command && word.start == 0;
    if (command && word.start > 0) find_argument(text, editor->cursor, &word);
    size_t skipped = word.names_command || word.quoted ? 1 : 0, typed = word.start + skipped;
    char *copy = copy_start(text + typed, editor->cursor > typed ? editor->cursor - typed : 0);
    if (word.quoted) arguments_unescape(copy);
    word.folded = text_fold(copy);
    free(copy);
    return word;
}

/* --- Tab --- */

static void begin(struct completion *completion, const struct editor *editor, const struct conversations *conversations,
                  const uint8_t (*spoke)[MEMBER_ID_SIZE], size_t spoke_count, bool backwards) {
    struct word word = word_before_cursor(editor);
    struct search search = {completion, &word};
    completion_end(completion);
    switch (word.command ? word.command->completes : COMPLETE_PEER) {
    case COMPLETE_ROOM: offer_rooms(&search, conversations); break;
    case COMPLETE_SETTING: offer_settings(&search); break;
    case COMPLETE_COMMAND: offer_commands(&search, ""); break;
    default:
        if (word.names_command)
            offer_commands(&search, "/");
        else
            offer_members(&search, conversations, spoke, spoke_count);
    }
    completion->active = completion->count > 0;
    completion->start = word.start;
    completion->tail = editor->cursor;
    completion->next = backwards ? completion->count - 1 : 0;
    free(word.folded);
}

/* Puts a candidate where the last one was. A blank that stands there already is not doubled. */
static bool put(struct completion *completion, struct editor *editor, const char *candidate) {
    size_t size = strlen(candidate), rest = editor->size - completion->tail;
    if (rest > 0 && editor->text[completion->tail] == ' ' && candidate[size - 1] == ' ') size--;
    char *text;
    int total = asprintf(&text, "%.*s%.*s%s", (int)completion->start, editor->text, (int)size, candidate,
                         editor->text + completion->tail);
    if (total < 0) abort();
    bool fits = editor_set(editor, text, (size_t)total, completion->start + size);
    free(text);
    if (!fits) return false;
    completion->inserted = size;
    completion->tail = editor->cursor;
    return true;
}

bool completion_next(struct completion *completion, struct editor *editor, const struct conversations *conversations,
                     const uint8_t (*spoke)[MEMBER_ID_SIZE], size_t spoke_count, bool backwards) {
    if (!completion->active)
        begin(completion, editor, conversations, spoke, spoke_count, backwards);
    else
        completion->next = (completion->next + (backwards ? completion->count - 1 : 1)) % completion->count;
    return completion->active && put(completion, editor, completion->candidates[completion->next]);
}
