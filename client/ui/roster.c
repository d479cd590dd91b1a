#include "client/ui/roster.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

#include "common/holds.h"
#include "common/memory.h"

#define ID_BYTES_SHOWN 4
#define HEX "0123456789abcdefABCDEF"
#define DIGITS_LEAST 4 /* of an id or fingerprint that a user writes */

static void label(const char *nick, const char *fingerprint, int shown, const uint8_t id[static MEMBER_ID_SIZE],
                  char out[static ROSTER_LABEL_SIZE]) {
    char name[3 * TEXT_NICK_MAX + 1], digits[2 * ID_BYTES_SHOWN + 1];
    if (text_filter(nick, strlen(nick), false, name, sizeof name) > 0 && fingerprint[0]) {
        snprintf(out, ROSTER_LABEL_SIZE, "%s#%.*s", name, shown, fingerprint);
        return;
    }
    sodium_bin2hex(digits, sizeof digits, id, ID_BYTES_SHOWN);
    snprintf(out, ROSTER_LABEL_SIZE, "?%s", digits);
}

void roster_label(const char *nick, const char *fingerprint, const uint8_t id[static MEMBER_ID_SIZE],
                  char out[static ROSTER_LABEL_SIZE]) {
    label(nick, fingerprint, ROSTER_SUFFIX_DIGITS, id, out);
}

/* --- Who is alike --- */

static struct roster_face face_of(const char *nick, const char *fingerprint) {
    struct roster_face face;
    char *folded = text_fold(nick);
    snprintf(face.folded, sizeof face.folded, "%s", folded);
    snprintf(face.fingerprint, sizeof face.fingerprint, "%s", fingerprint);
    free(folded);
    return face;
}

static bool are_alike(const struct roster_face *a, const struct roster_face *b) {
    if (!*a->fingerprint || !*b->fingerprint || strcmp(a->fingerprint, b->fingerprint) == 0) return false;
    return strcmp(a->folded, b->folded) == 0 || strncmp(a->fingerprint, b->fingerprint, ROSTER_SUFFIX_DIGITS) == 0;
}

static unsigned count_alike(const struct roster *roster, const struct roster_face *face) {
    unsigned count = are_alike(&roster->own, face);
    for (size_t i = 0; i < roster->count; i++) count += are_alike(&roster->members[i].face, face);
    return count;
}

bool roster_has_alike(const struct roster *roster, const char *nick, const char *fingerprint) {
    struct roster_face face = face_of(nick, fingerprint);
    return count_alike(roster, &face) > 0;
}

void roster_label_among(const struct roster *roster, const char *nick, const char *fingerprint,
                        const uint8_t id[static MEMBER_ID_SIZE], char out[static ROSTER_LABEL_SIZE]) {
    bool alike = roster && roster_has_alike(roster, nick, fingerprint);
    label(nick, fingerprint, alike ? ROSTER_ALIKE_DIGITS : ROSTER_SUFFIX_DIGITS, id, out);
}

void roster_clear(struct roster *roster) {
    free(roster->members);
    *roster = (struct roster){.members = NULL};
}

struct member *roster_find(const struct roster *roster, const uint8_t id[static MEMBER_ID_SIZE]) {
    for (size_t i = 0; i < roster->count; i++)
        if (memcmp(roster->members[i].id, id, MEMBER_ID_SIZE) == 0) return &roster->members[i];
    return NULL;
}

static bool comes_before(const struct member *a, const struct member *b) {
    int order = strcasecmp(a->label, b->label);
    return order < 0 || (order == 0 && memcmp(a->id, b->id, MEMBER_ID_SIZE) < 0);
}

static void label_member(const struct member *member, char out[static ROSTER_LABEL_SIZE]) {
    label(member->nick, member->fingerprint, member->alike ? ROSTER_ALIKE_DIGITS : ROSTER_SUFFIX_DIGITS, member->id,
          out);
}

/* Puts a member whose label changed where it belongs, among those before it. */
static void sink(struct roster *roster, struct member *member) {
    struct member moved = *member;
    for (; member > roster->members && comes_before(&moved, member - 1); member--) *member = member[-1];
    *member = moved;
}

static void sort(struct roster *roster) {
    for (size_t i = 1; i < roster->count; i++)
        if (comes_before(&roster->members[i], &roster->members[i - 1])) sink(roster, &roster->members[i]);
}

/* So many more, or fewer, are alike to those who are alike to this one. Their labels follow. */
static void count_in(struct roster *roster, const struct roster_face *face, int more) {
    for (size_t i = 0; i < roster->count; i++) {
        struct member *other = &roster->members[i];
        if (!are_alike(&other->face, face)) continue;
        other->alike += (unsigned)more;
        label_member(other, other->label);
    }
}

static struct member *rename_member(struct roster *roster, struct member *member, const char *nick) {
    uint8_t id[MEMBER_ID_SIZE];
    memcpy(id, member->id, sizeof id);
    count_in(roster, &member->face, -1);
    snprintf(member->nick, sizeof member->nick, "%s", nick);
    member->face = face_of(member->nick, member->fingerprint);
    member->alike = count_alike(roster, &member->face);
    label_member(member, member->label);
    count_in(roster, &member->face, 1);
    sort(roster);
    return roster_find(roster, id);
}

void roster_set_own(struct roster *roster, const char *nick, const char *fingerprint) {
    count_in(roster, &roster->own, -1);
    roster->own = face_of(nick, fingerprint);
    count_in(roster, &roster->own, 1);
    sort(roster);
    HOLDS(roster_holds(roster));
}

static struct member *add(struct roster *roster, const struct event *event) {
    if (roster->count == roster->capacity) {
        roster->capacity = roster->capacity ? 2 * roster->capacity : 8;
        roster->members = grow(roster->members, roster->capacity, sizeof *roster->members);
    }
    struct member *member = &roster->members[roster->count++];
    *member = (struct member){.standing = STANDING_CONNECTING};
    memcpy(member->id, event->peer, MEMBER_ID_SIZE);
    return rename_member(roster, member, event->nick);
}

static void take_path(struct member *member, const struct event *event) {
    member->relayed = event->relayed;
    member->address = event->address;
    memcpy(member->relay, event->relay, sizeof member->relay);
}

static struct member *connected(struct roster *roster, struct member *member, const struct event *event) {
    member->known = true;
    member->standing = event->standing == STANDING_BLOCKED ? STANDING_BLOCKED : STANDING_CONNECTED;
    member->verified = event->verified;
    take_path(member, event);
    member->rtt_ms = event->rtt_ms;
    member->cipher = event->cipher;
    member->role = event->role;
    count_in(roster, &member->face, -1);
    memset(&member->face, 0, sizeof member->face);
    memcpy(member->fingerprint, event->fingerprint, sizeof member->fingerprint);
    memcpy(member->safety, event->safety, sizeof member->safety);
    return rename_member(roster, member, event->nick);
}

static struct member *left(struct roster *roster, struct member *member) {
    size_t at = (size_t)(member - roster->members);
    count_in(roster, &member->face, -1);
    memmove(member, member + 1, (roster->count - at - 1) * sizeof *member);
    roster->count--;
    sort(roster);
    return NULL;
}

static struct member *status(struct roster *roster, struct member *member, const struct event *event) {
    member->standing = event->standing;
    member->verified = event->verified;
    take_path(member, event);
    member->rtt_ms = event->rtt_ms;
    if (event->nick[0] && strcmp(event->nick, member->nick) != 0) return rename_member(roster, member, event->nick);
    return member;
}

static bool is_labelled(const struct roster *roster, const struct member *member) {
    char expected[ROSTER_LABEL_SIZE];
    label_member(member, expected);
    return strcmp(expected, member->label) == 0 && strcmp(member->face.fingerprint, member->fingerprint) == 0 &&
           count_alike(roster, &member->face) == member->alike;
}

bool roster_holds(const struct roster *roster) {
    if (roster->count > roster->capacity) return false;
    for (size_t i = 0; i < roster->count; i++) {
        const struct member *member = &roster->members[i];
        if (!is_labelled(roster, member) || roster_find(roster, member->id) != member) return false;
        if (i > 0 && !comes_before(member - 1, member)) return false;
    }
    return true;
}

static struct member *take(struct roster *roster, const struct event *event) {
    struct member *member = roster_find(roster, event->peer);
    if (!member && (event->type == EVENT_PEER_JOINED || event->type == EVENT_PEER_CONNECTED))
        member = add(roster, event);
    if (!member) return NULL;
    switch (event->type) {
    case EVENT_PEER_CONNECTED: return connected(roster, member, event);
    case EVENT_PEER_PATH: take_path(member, event); return member;
    case EVENT_PEER_STATUS: return status(roster, member, event);
    case EVENT_PEER_NICK: member->verified = event->verified; return rename_member(roster, member, event->nick);
    case EVENT_PEER_LEFT: return left(roster, member);
    case EVENT_DECIDED: member->role = strcmp(event->reason, "op") == 0 ? "op" : NULL; return member;
    default: return member;
    }
}

struct member *roster_apply(struct roster *roster, const struct event *event) {
    struct member *member = take(roster, event);
    HOLDS(roster_holds(roster));
    return member;
}

/* --- By name --- */

struct wanted {
    char *name, *composed, *folded;
    size_t size;
};

static char *compose(const char *text) {
    char *composed = (char *)utf8proc_NFC((const utf8proc_uint8_t *)text);
    if (!composed) composed = copy_text(text); /* no UTF-8 */
    return composed;
}

static struct wanted want(const char *name, size_t size) {
    struct wanted wanted = {.name = copy_start(name, size), .size = size};
    wanted.composed = compose(wanted.name);
    wanted.folded = text_fold(wanted.name);
    return wanted;
}

static void want_no_more(struct wanted *wanted) {
    free(wanted->name);
    free(wanted->composed);
    free(wanted->folded);
}

/* Is the name "NICK#DIGITS", with this nick and at least four digits of the member's fingerprint? */
static bool is_nick_with_digits(const struct member *member, const char *nick, const char *name) {
    const char *hash = strrchr(name, '#');
    size_t digits = hash ? strlen(hash + 1) : 0, size = strlen(nick);
    if (digits < DIGITS_LEAST || !*nick || (size_t)(hash - name) != size || memcmp(name, nick, size) != 0) return false;
    return strncasecmp(member->fingerprint, hash + 1, digits) == 0;
}

/* Nicks are composed (text_nick), but for those of strangers. A nick has no '#', so a label is nobody's nick. */
static bool is_called(const struct member *member, const struct wanted *wanted) {
    if (is_nick_with_digits(member, member->nick, wanted->composed)) return true;
    return strcmp(member->nick, wanted->composed) == 0 || strcmp(member->label, wanted->composed) == 0 ||
           strcmp(member->nick, wanted->name) == 0;
}

static bool folds_to(const char *text, const char *folded) {
    char *other = text_fold(text);
    bool same = *text && strcmp(other, folded) == 0;
    free(other);
    return same;
}

static bool is_called_nearly(const struct member *member, const struct wanted *wanted) {
    char *folded = text_fold(member->nick);
    bool numbered = is_nick_with_digits(member, folded, wanted->folded);
    free(folded);
    return numbered || folds_to(member->nick, wanted->folded) || folds_to(member->label, wanted->folded);
}

static bool has_id(const struct member *member, const struct wanted *wanted) {
    char id[2 * MEMBER_ID_SIZE + 1];
    sodium_bin2hex(id, sizeof id, member->id, MEMBER_ID_SIZE);
    return wanted->size >= DIGITS_LEAST && strncasecmp(id, wanted->name, wanted->size) == 0;
}

static bool has_digits(const struct member *member, const struct wanted *wanted) {
    return has_id(member, wanted) ||
           (wanted->size >= DIGITS_LEAST && strncasecmp(member->fingerprint, wanted->name, wanted->size) == 0);
}

typedef bool (*matcher)(const struct member *member, const struct wanted *wanted);

static enum roster_match match(const struct roster *roster, const struct wanted *wanted, matcher matches,
                               struct member **out) {
    enum roster_match found = ROSTER_NOBODY;
    for (size_t i = 0; i < roster->count; i++) {
        if (!matches(&roster->members[i], wanted)) continue;
        if (found == ROSTER_FOUND) return ROSTER_SEVERAL;
        *out = &roster->members[i];
        found = ROSTER_FOUND;
    }
    return found;
}

/* The only one of whom both may be said. */
static enum roster_match both(enum roster_match a, struct member *by_a, enum roster_match b, struct member *by_b,
                              struct member **out) {
    *out = a == ROSTER_NOBODY ? by_b : by_a;
    if (a == ROSTER_NOBODY) return b;
    if (b == ROSTER_NOBODY) return a;
    return a == ROSTER_FOUND && b == ROSTER_FOUND && by_a == by_b ? ROSTER_FOUND : ROSTER_SEVERAL;
}

/* What is written as it is called leaves no doubt; else a sign at the end may belong to the nick or to the sentence. */
static enum roster_match match_names(const struct roster *roster, const struct wanted *whole,
                                     const struct wanted *trimmed, struct member **out) {
    struct member *by_whole = NULL, *by_trimmed = NULL;
    enum roster_match exact = match(roster, whole, is_called, out);
    if (exact != ROSTER_NOBODY) return exact;
    enum roster_match nearly = match(roster, whole, is_called_nearly, &by_whole);
    exact = match(roster, trimmed, is_called, &by_trimmed);
    if (exact == ROSTER_NOBODY) exact = match(roster, trimmed, is_called_nearly, &by_trimmed);
    return both(nearly, by_whole, exact, by_trimmed, out);
}

/* A nick that looks like the digits of another's key leaves it open who is meant. */
static enum roster_match match_all(const struct roster *roster, const struct wanted *whole,
                                   const struct wanted *trimmed, struct member **out) {
    struct member *named = NULL, *numbered = NULL;
    enum roster_match by_name = match_names(roster, whole, trimmed, &named);
    enum roster_match by_digits = match(roster, trimmed, has_digits, &numbered);
    return both(by_name, named, by_digits, numbered, out);
}

/* All digits of an id or fingerprint, as programs and careful people name a member. */
static bool is_whole_number(const struct wanted *wanted) {
    return wanted->size == (size_t)2 * MEMBER_ID_SIZE && strspn(wanted->name, HEX) == wanted->size;
}

/* Nicks are not looked at: whoever takes the number for one shall not get what is meant for its owner, neither while
 * that one is here nor once it left. Nobody can choose an id, so it goes first. */
static enum roster_match match_number(const struct roster *roster, const struct wanted *wanted, struct member **out) {
    enum roster_match found = match(roster, wanted, has_id, out);
    return found == ROSTER_NOBODY ? match(roster, wanted, has_digits, out) : found;
}

static size_t without_sign(const char *name) {
    size_t size = strlen(name);
    return size > 0 && strchr(":,", name[size - 1]) ? size - 1 : size;
}

enum roster_match roster_named(const struct roster *roster, const char *name, struct member **out) {
    bool unknown = name[0] == '?'; /* the label of one whose key is not known yet */
    size_t size = without_sign(name + unknown);
    enum roster_match found = ROSTER_NOBODY;
    *out = NULL;
    if (size == 0) return ROSTER_NOBODY;
    struct wanted whole = want(name + unknown, strlen(name + unknown)), trimmed = want(name + unknown, size);
    if (unknown)
        found = match(roster, &trimmed, has_id, out);
    else if (is_whole_number(&trimmed))
        found = match_number(roster, &trimmed, out);
    else
        found = match_all(roster, &whole, &trimmed, out);
    want_no_more(&whole);
    want_no_more(&trimmed);
    return found;
}

bool roster_may_mean(const struct member *member, const char *name) {
    bool unknown = name[0] == '?';
    struct wanted whole = want(name + unknown, strlen(name + unknown)),
                  trimmed = want(name + unknown, without_sign(name + unknown));
    bool by_name = !unknown && !is_whole_number(&trimmed);
    bool may = has_digits(member, &trimmed) ||
               (by_name && (is_called_nearly(member, &whole) || is_called_nearly(member, &trimmed)));
    want_no_more(&whole);
    want_no_more(&trimmed);
    return may;
}
