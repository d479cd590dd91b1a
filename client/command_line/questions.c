#include "client/command_line/questions.h"

#include <sodium.h>
#include <stdio.h>

#include "client/ask.h"
#include "client/command_line/invited.h"
#include "client/first_start.h"

static bool ask_at_terminal(void *context, const char *prompt, char *out, size_t size) {
    struct why why;
    (void)context;
    if (ask(prompt, false, out, size, &why)) return true;
    fprintf(stderr, "\ngochat: %s\n", why.text);
    return false;
}

static void tell_at_terminal(void *context, const char *line) {
    (void)context;
    fprintf(stderr, "%s\n", line);
}

/* Where nobody sits at a terminal, what is missing is an error. */
void questions_ask(struct given *given, const char *file, struct client_config *config) {
    static const struct first_start_asker asker = {.ask = ask_at_terminal, .tell = tell_at_terminal};
    struct first_start answers;
    struct why why;
    given->asked = true;
    if (!first_start_ask(&asker, file, &answers)) {
        given->problems++;
        return;
    }
    config->invited = answers.invited;
    config->invite = answers.invite;
    if (answers.invited) (void)invited_hosts(&answers.invite, config->bootnode);
    if (!answers.invited) snprintf(config->bootnode, sizeof config->bootnode, "%s", answers.bootnode);
    snprintf(config->room, sizeof config->room, "%s", answers.invited ? answers.invite.room : answers.room);
    snprintf(config->nick, sizeof config->nick, "%s", answers.nick);
    if (answers.saves && !first_start_save(&answers, file, &why)) fprintf(stderr, "gochat: %s\n", why.text);
    sodium_memzero(&answers, sizeof answers);
}
