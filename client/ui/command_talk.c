#include "client/ui/command_talk.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/config.h"
#include "client/invite/invite.h"
#include "client/keys/secret_file.h"
#include "client/ui/arguments.h"
#include "common/home.h"
#include "common/room_name.h"
#include "common/why.h"

#define NAME_SHOWN 64

static struct conversation *joined(const struct command_host *host, const char *name) {
    for (size_t i = 0; i < host->models->conversations.count; i++)
        if (strcmp(host->models->conversations.list[i]->name, name) == 0) return host->models->conversations.list[i];
    return NULL;
}

static void tell(const struct command_host *host, enum input_type type, const char *room, const void *text,
                 size_t size) {
    command_tell(host, input_create(type, room, text, size));
}

static void join_with_secret(const struct command_host *host, const struct command *self, const char *room,
                             const char *file) {
    uint8_t secret[ROOM_SECRET_MAX];
    size_t size = 0;
    struct why why = {"expected a known home directory for ~"};
    char path[PATH_MAX];
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    if (home_expand(file, path, sizeof path) && secret_file_read(path, credentials, secret, &size, &why)) {
        tell(host, INPUT_JOIN, room, secret, size);
    } else {
        bool shut_off = strcmp(why.text, strerror(EACCES)) == 0 && access(path, R_OK) == 0;
        command_fail(host, self, "secret file %s: %s%s", file, why.text,
                     shut_off ? "; the sandbox leaves the data directory to read secrets in" : "");
    }
    sodium_memzero(secret, sizeof secret);
}

/* Does the invite name a bootnode that we know? */
static bool names_ours(const struct command_host *host, const struct invite *invite) {
    for (size_t i = 0; i < invite->host_count; i++)
        if (invite_host_among(invite->hosts[i].name, host->settings->bootnode)) return true;
    return false;
}

static void enter(const struct command_host *host, const struct invite *invite) {
    uint8_t bytes[PRIVATE_ROOT_SIZE + INVITE_SECRET_MAX];
    size_t root_size = invite->kind == INVITE_SECRET ? 0 : sizeof invite->root;
    memcpy(bytes, invite->root, root_size);
    memcpy(bytes + root_size, invite->secret, invite->secret_size);
    tell(host, root_size > 0 ? INPUT_ENTER : INPUT_JOIN, invite->room, bytes, root_size + invite->secret_size);
    sodium_memzero(bytes, sizeof bytes);
}

/* Into the room of a running client. What that cannot do a new start can. */
static void join_by_invite(const struct command_host *host, const struct command *self, const char *text) {
    struct invite invite;
    struct why why;
    struct conversation *there;
    if (!invite_parse(text, &invite, &why)) {
        command_fail(host, self, "%s", why.text);
    } else if ((there = joined(host, invite.room)) && !there->parting) {
        host->go(host->context, there);
    } else if (invite.passphrase) {
        command_fail(host, self,
                     "this room has a passphrase, expected a start of gochat with the invite, which asks for it");
    } else if (!names_ours(host, &invite)) {
        command_fail(host, self, "this room is met at %s, expected a start of gochat with the invite",
                     invite.hosts[0].name);
    } else {
        enter(host, &invite);
    }
    sodium_memzero(&invite, sizeof invite);
}

/* Whoever was in a private room of that name means that one: what is said there is not for an open room. */
static void join_by_name(const struct command_host *host, const char *room) {
    struct input *input = input_create(INPUT_JOIN, room, NULL, 0);
    input->by_name = true;
    command_tell(host, input);
}

void talk_join(const struct command_host *host, const struct command *self, char *arguments) {
    if (invite_is(arguments)) {
        join_by_invite(host, self, arguments);
        return;
    }
    char *rest = arguments, *given = arguments_word(&rest), *file = given ? arguments_word(&rest) : NULL;
    char room[ROOM_NAME_MAX + 1];
    struct why why;
    struct conversation *there;
    if (!given || *rest) {
        command_usage(host, self);
        return;
    }
    if (!room_name_parse(given, strlen(given), room, &why)) {
        command_fail(host, self, "'%.*s': %s", NAME_SHOWN, given, why.text);
        return;
    }
    there = joined(host, room);
    if (there && !there->parting && file)
        command_fail(host, self, "you are in %s already, expected /part first", there->title);
    else if (there && !there->parting)
        host->go(host->context, there);
    else if (file)
        join_with_secret(host, self, room, file);
    else
        join_by_name(host, room);
}

static void list_rooms(const struct conversations *conversations, char **out) {
    size_t size;
    FILE *list = open_memstream(out, &size);
    if (!list) abort();
    for (size_t i = 0; i < conversations->count; i++)
        fprintf(list, "%s%s", i > 0 ? ", " : "", conversations->list[i]->title);
    if (fclose(list) != 0) abort();
}

void talk_part(const struct command_host *host, const struct command *self, char *arguments) {
    struct conversation *room = command_room(host, self);
    char *rooms;
    if (!room) return;
    if (*arguments) room = conversations_named(&host->models->conversations, arguments_whole(arguments));
    if (!room) {
        list_rooms(&host->models->conversations, &rooms);
        command_fail(host, self, "you are not in that room, expected one of %s", rooms);
        free(rooms);
    } else if (room->parting) {
        command_fail(host, self, "%s is being left", room->title);
    } else {
        room->parting = true;
        tell(host, INPUT_PART, room->name, NULL, 0);
    }
}

static const char *nick_expected(void) {
    for (size_t i = 0; i < client_config_table.count; i++)
        if (strcmp(client_config_table.keys[i].name, "nick") == 0) return client_config_table.keys[i].expected;
    return "another nick";
}

void talk_nick(const struct command_host *host, const struct command *self, char *arguments) {
    char *wanted = arguments_whole(arguments), nick[TEXT_NICK_MAX + 1];
    if (text_nick(wanted, strlen(wanted), nick))
        tell(host, INPUT_NICK, NULL, nick, strlen(nick));
    else
        command_fail(host, self, "'%.*s' (%zu bytes): expected %s", NAME_SHOWN, wanted, strlen(wanted),
                     nick_expected());
}

void talk_me(const struct command_host *host, const struct command *self, char *arguments) {
    struct conversation *room = command_talk(host, self);
    struct input *input;
    if (!room) return;
    input = input_create(INPUT_SAY, room->name, arguments, strlen(arguments));
    input->kind = CHAT_ACTION;
    command_tell(host, input);
}

void talk_private(const struct command_host *host, const struct command *self, const struct conversation *room,
                  const char *name, const char *literal, const char *text, size_t size) {
    const struct member *peer = command_peer(host, self, &room->roster, name, literal);
    struct input *input;
    if (!peer) return;
    if (peer->standing == STANDING_BLOCKED) {
        command_fail(host, self, "%s is blocked: whoever that is, it is not the key that you verified; see /trust",
                     peer->label);
        return;
    }
    input = input_create(INPUT_SAY, room->name, text, size);
    input->kind = CHAT_PRIVATE;
    memcpy(input->peer, peer->id, sizeof input->peer);
    command_tell(host, input);
}

void talk_msg(const struct command_host *host, const struct command *self, char *arguments) {
    char *literal = arguments_literal(arguments), *text = arguments, *name = arguments_word(&text);
    const struct conversation *room = NULL;
    if (!name || *text == '\0')
        command_usage(host, self);
    else
        room = command_talk(host, self);
    if (room) talk_private(host, self, room, name, literal, text, strlen(text));
    free(literal);
}
