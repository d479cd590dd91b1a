#include "client/ui/command_trust.h"

#include <stdlib.h>
#include <string.h>

#include "client/ui/arguments.h"
#include "client/ui/safety_lines.h"

static void mark(const struct command_host *host, const struct conversation *room, const struct member *peer,
                 enum person_mark mark) {
    struct input *input = input_create(INPUT_MARK, room->name, NULL, 0);
    input->mark = mark;
    memcpy(input->peer, peer->id, sizeof input->peer);
    command_tell(host, input);
}

/* Of the current room, and with a key. NULL: said why. */
static struct member *find(const struct command_host *host, const struct command *self, struct conversation **room,
                           const char *name, const char *literal) {
    *room = command_room(host, self);
    struct member *peer = *room ? command_peer(host, self, &(*room)->roster, name, literal) : NULL;
    if (!peer || peer->known) return peer;
    command_fail(host, self, "%s is not connected, so the key is not known yet", peer->label);
    return NULL;
}

/* Without blanks: digits alone make the smallest code. */
static void show_code(const struct command_host *host, const struct conversation *room, const char *number) {
    char digits[SAFETY_NUMBER_TEXT_SIZE], *to = digits;
    for (const char *at = number; *at; at++)
        if (*at != ' ') *to++ = *at;
    struct event *event = event_create(EVENT_CODE, digits, (size_t)(to - digits));
    event->room = room->name;
    host->show(host->context, event);
    event_destroy(event);
}

static void show_number(const struct command_host *host, const struct conversation *room, struct member *peer) {
    char groups[SAFETY_LINE_SIZE];
    command_notice(host, room, "%s: fingerprint %s%s", peer->label, peer->fingerprint,
                   peer->verified ? ", verified" : "");
    for (unsigned i = 0; safety_line(peer->safety, i, groups); i++) command_notice(host, room, "    %s", groups);
    show_code(host, room, peer->safety);
    command_notice(host, room,
                   "Compare this number with the one that %s sees of you, face to face or in a call. If both are the "
                   "same: /verify %s yes",
                   peer->nick, peer->label);
    peer->number_shown = true;
}

void trust_verify(const struct command_host *host, const struct command *self, char *arguments) {
    char *literal = arguments_literal(arguments), *rest = arguments, *name = arguments_word(&rest);
    bool yes = strcmp(rest, "yes") == 0;
    struct conversation *room;
    struct member *peer = NULL;
    if (!name || (*rest && !yes))
        command_usage(host, self);
    else
        peer = find(host, self, &room, name, literal);
    free(literal);
    if (!peer) return;
    if (!yes)
        show_number(host, room, peer);
    else if (!peer->number_shown) /* it may be another one now who is called so */
        command_fail(host, self, "the number of %s was not shown yet: /verify %s, and compare it", peer->label,
                     peer->label);
    else
        mark(host, room, peer, MARK_VERIFIED);
}

static void mark_named(const struct command_host *host, const struct command *self, char *arguments,
                       enum person_mark which) {
    char *literal = arguments_literal(arguments);
    struct conversation *room;
    const struct member *peer = find(host, self, &room, arguments_whole(arguments), literal);
    free(literal);
    if (peer) mark(host, room, peer, which);
}

void trust_unverify(const struct command_host *host, const struct command *self, char *arguments) {
    mark_named(host, self, arguments, MARK_UNVERIFIED);
}

void trust_peer(const struct command_host *host, const struct command *self, char *arguments) {
    mark_named(host, self, arguments, MARK_TRUSTED);
}
