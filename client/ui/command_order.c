#include "client/ui/command_order.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "client/invite/invite.h"
#include "client/ui/arguments.h"
#include "common/units.h"

#define DIGITS_LEAST 4

static void decide(const struct command_host *host, const struct conversation *room, enum room_decision decision,
                   const struct member *peer, const char *text) {
    struct input *input = input_create(INPUT_DECIDE, room->name, text, text ? strlen(text) : 0);
    input->decision = decision;
    if (peer) memcpy(input->peer, peer->id, sizeof input->peer);
    command_tell(host, input);
}

static void decide_on(const struct command_host *host, const struct command *self, char *arguments,
                      enum room_decision decision) {
    char *literal = arguments_literal(arguments);
    const struct conversation *room = command_talk(host, self);
    const struct member *peer =
        room ? command_peer(host, self, &room->roster, arguments_whole(arguments), literal) : NULL;
    free(literal);
    if (peer) decide(host, room, decision, peer, NULL);
}

void order_kick(const struct command_host *host, const struct command *self, char *arguments) {
    decide_on(host, self, arguments, DECIDE_REMOVE);
}

void order_ban(const struct command_host *host, const struct command *self, char *arguments) {
    decide_on(host, self, arguments, DECIDE_BAN);
}

void order_op(const struct command_host *host, const struct command *self, char *arguments) {
    decide_on(host, self, arguments, DECIDE_OP);
}

void order_deop(const struct command_host *host, const struct command *self, char *arguments) {
    decide_on(host, self, arguments, DECIDE_MEMBER);
}

static bool is_fingerprint(const char *text) {
    size_t size = strspn(text, "0123456789abcdef");
    return size >= DIGITS_LEAST && size < FINGERPRINT_TEXT_SIZE && text[size] == '\0';
}

void order_unban(const struct command_host *host, const struct command *self, char *arguments) {
    const struct conversation *room = command_talk(host, self);
    for (char *at = arguments; *at; at++) *at = (char)tolower((unsigned char)*at);
    if (room && !is_fingerprint(arguments))
        command_fail(host, self, "expected %d digits or more of the fingerprint of who was removed", DIGITS_LEAST);
    else if (room)
        decide(host, room, DECIDE_READMIT, NULL, arguments);
}

void order_topic(const struct command_host *host, const struct command *self, char *arguments) {
    const struct conversation *room = command_talk(host, self);
    if (room) decide(host, room, DECIDE_TOPIC, NULL, strcmp(arguments, "-") == 0 ? "" : arguments);
}

void order_lock(const struct command_host *host, const struct command *self, char *arguments) {
    const struct conversation *room = command_talk(host, self);
    bool on = strcmp(arguments, "on") == 0;
    if (room && !on && strcmp(arguments, "off") != 0)
        command_usage(host, self);
    else if (room)
        decide(host, room, on ? DECIDE_LISTED : DECIDE_SECRET, NULL, NULL);
}

/* False: said what is wrong. */
static bool take_time(const struct command_host *host, const struct command *self, const char *text,
                      struct input *input) {
    long long seconds = 0;
    struct why why;
    if (!units_parse("s", false, text, &seconds, &why)) {
        command_fail(host, self, "for %s: %s", text, why.text);
    } else if (seconds < 1 || seconds > INVITE_MOST_S) {
        command_fail(host, self, "for %s: expected 1s to 366d", text);
    } else {
        input->lasts_ms = (uint64_t)seconds * 1000;
        return true;
    }
    return false;
}

void order_invite(const struct command_host *host, const struct command *self, char *arguments) {
    const struct conversation *room = command_talk(host, self);
    if (!room) return;
    struct input *input = input_create(INPUT_INVITE, room->name, NULL, 0);
    bool good = true;
    char *rest = arguments;
    for (char *word; good && (word = arguments_word(&rest));) {
        char *value = NULL;
        if (strcmp(word, "once") == 0)
            input->once = true;
        else if (strcmp(word, "for") == 0 && (value = arguments_word(&rest)))
            good = take_time(host, self, value, input);
        else
            good = (command_usage(host, self), false);
    }
    if (good)
        command_tell(host, input);
    else
        input_destroy(input);
}
