#include "client/first_start.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/keys/bootnodes.h"
#include "common/directory.h"
#include "common/room_name.h"

#define ANSWER_SIZE (2 * INVITE_TEXT_SIZE)

/* --- The questions --- */

/* Blanks around it are nobody's name. */
static char *trimmed(char *answer) {
    answer += strspn(answer, " \t");
    size_t size = strlen(answer);
    while (size > 0 && strchr(" \t", answer[size - 1])) answer[--size] = '\0';
    return answer;
}

static bool take_where(const char *answer, struct first_start *out, struct why *why) {
    struct bootnode bootnodes[BOOTNODES_MAX];
    if (invite_is(answer)) {
        out->invited = invite_parse(answer, &out->invite, why);
        return out->invited;
    }
    if (strlen(answer) >= sizeof out->bootnode || bootnodes_name(answer, bootnodes) == 0)
        return why_fail(why, "expected an invite, which begins with gochat://, or HOST or HOST:PORT, as in "
                             "chat.example.org or 192.0.2.1:9595");
    snprintf(out->bootnode, sizeof out->bootnode, "%s", answer);
    return true;
}

static bool take_room(const char *answer, struct first_start *out, struct why *why) {
    return room_name_parse(answer, strlen(answer), out->room, why);
}

static bool take_nick(const char *answer, struct first_start *out, struct why *why) {
    if (*answer == '\0' || text_nick(answer, strlen(answer), out->nick)) return true;
    memset(out->nick, 0, sizeof out->nick);
    return why_fail(why, "expected a nick of 1 to %d bytes without ':', '#' and control characters", TEXT_NICK_MAX);
}

static bool take_saves(const char *answer, struct first_start *out, struct why *why) {
    out->saves = *answer == '\0' || *answer == 'y' || *answer == 'Y';
    return out->saves || *answer == 'n' || *answer == 'N' || why_fail(why, "expected y or n");
}

/* Asks until the answer is one. */
static bool question(const struct first_start_asker *asker, const char *prompt,
                     bool (*take)(const char *answer, struct first_start *out, struct why *why),
                     struct first_start *out) {
    char answer[ANSWER_SIZE];
    bool answered = false, taken = false;
    while (!taken && (answered = asker->ask(asker->context, prompt, answer, sizeof answer))) {
        struct why why = {""};
        taken = take(trimmed(answer), out, &why);
        if (!taken) asker->tell(asker->context, why.text);
    }
    sodium_memzero(answer, sizeof answer);
    return answered;
}

bool first_start_ask(const struct first_start_asker *asker, const char *file, struct first_start *out) {
    char save[PATH_MAX + 64];
    memset(out, 0, sizeof *out);
    snprintf(save, sizeof save, "Keep that in %s, and not ask again? [Y/n] ", file);
    asker->tell(asker->context, "Three questions; Ctrl-C ends. Who has no bootnode runs one: gochat --mode bootnode");
    if (!question(asker, "Your invite, or the bootnode (as in chat.example.org): ", take_where, out)) return false;
    if (!out->invited && !question(asker, "The room, any name that you agree on: ", take_room, out)) return false;
    return question(asker, "Your nick (Enter alone: the login name): ", take_nick, out) &&
           question(asker, save, take_saves, out);
}

/* --- The settings --- */

/* In quotes, since a '#' behind a blank would begin a comment; in those that are not in it. */
static void put_setting(FILE *out, const char *key, const char *value) {
    char quote = strchr(value, '"') ? '\'' : '"';
    if (*value) fprintf(out, "%s%s = %c%s%c\n", strchr(value, quote) ? ";" : "", key, quote, value, quote);
}

static void put_settings(FILE *out, const struct first_start *answers) {
    fprintf(out, "# Made by GoChat's three questions; the sample client.ini has all that can be set.\n[client]\n");
    put_setting(out, "bootnode", answers->bootnode);
    for (size_t i = 0; i < answers->invite.host_count; i++)
        fprintf(out, "%s%s", i == 0 ? "bootnode = " : ", ", answers->invite.hosts[i].name);
    if (answers->invited) fputs("\n", out);
    put_setting(out, "room", answers->room);
    put_setting(out, "nick", answers->nick);
}

bool first_start_save(const struct first_start *answers, const char *file, struct why *why) {
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", file);
    *strrchr(folder, '/') = '\0';
    int descriptor = directory_make(folder) ? open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    FILE *out = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (!out) return why_fail(why, "%s: %s: nothing is kept", file, strerror(errno));
    put_settings(out, answers);
    bool good = fflush(out) == 0 && fsync(descriptor) == 0;
    int error = errno;
    if (fclose(out) == 0 && good) return true;
    (void)unlink(file);
    return why_fail(why, "%s: %s: nothing is kept", file, strerror(error));
}
