#include "client/ui/command_answers.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/ui/arguments.h"
#include "client/ui/settings_file.h"
#include "common/clock.h"
#include "common/memory.h"
#include "common/why.h"

#define VALUE_SIZE 64

/* --- Members --- */

static void show_member(const struct command_host *host, const struct conversation *room, const struct member *member,
                        bool everything) {
    struct event *event = command_event(host, EVENT_MEMBER, NULL);
    event->room = room->name;
    memcpy(event->peer, member->id, sizeof event->peer);
    memcpy(event->nick, member->nick, sizeof event->nick);
    event->standing = member->standing;
    event->relayed = member->relayed;
    event->address = member->address;
    memcpy(event->relay, member->relay, sizeof event->relay);
    event->rtt_ms = member->rtt_ms;
    event->cipher = member->cipher;
    event->role = member->role;
    memcpy(event->fingerprint, member->fingerprint, sizeof event->fingerprint);
    event->verified = member->verified;
    if (everything) memcpy(event->safety, member->safety, sizeof event->safety);
    event->waiting = member->waiting;
    event->ignored = *member->fingerprint && ignores_has(&host->models->ignores, member->fingerprint);
    host->show(host->context, event);
    event_destroy(event);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the shape of command.run */
void answer_who(const struct command_host *host, const struct command *self, char *arguments) {
    const struct conversation *room = command_room(host, self);
    (void)arguments;
    if (!room) return;
    for (size_t i = 0; i < room->roster.count; i++) show_member(host, room, &room->roster.members[i], false);
    if (room->roster.count == 0) command_notice(host, room, "nobody else is here");
}

#define NODE_TEXT_SIZE (INI_TEXT_SIZE + 64)
/* "203.0.113.1:9595 (node 3 of chat.example:9595, 23 ms)" */
static void place_of(const struct bootnode_seen *seen, char out[static ADDRESS_TEXT_SIZE + NODE_TEXT_SIZE]) {
    address_format(&seen->address, out);
    size_t size = strlen(out);
    if (!seen->has_node) return;
    size += (size_t)snprintf(out + size, NODE_TEXT_SIZE, " (node %u of %s", seen->node_id, seen->name);
    if (seen->rtt_ms > 0) size += (size_t)snprintf(out + size, 32, ", %.0f ms", seen->rtt_ms);
    memcpy(out + size, ")", 2);
}

static void show_bootnode(const struct command_host *host, const struct conversation *room,
                          const struct bootnode_seen *seen) {
    char bootnode[ADDRESS_TEXT_SIZE + NODE_TEXT_SIZE], mapped[ADDRESS_TEXT_SIZE];
    place_of(seen, bootnode);
    address_format(&seen->mapped, mapped);
    if (seen->standing == BOOTNODE_REGISTERED)
        command_notice(host, room, "bootnode: registered at %s, which sees us as %s", bootnode, mapped);
    else if (seen->mapped.port > 0)
        command_notice(host, room, "bootnode: %s is lost; it last saw us as %s", bootnode, mapped);
    else
        command_notice(host, room, "bootnode: %s was not reached yet", seen->address.port > 0 ? bootnode : seen->name);
}

static void show_bootnodes(const struct command_host *host, const struct conversation *room) {
    for (size_t i = 0; i < room->bootnode_count; i++) show_bootnode(host, room, &room->bootnodes[i]);
    if (room->bootnode_count == 0) command_notice(host, room, "bootnode: not reached yet");
}

static void show_members(const struct command_host *host, const struct conversation *room) {
    size_t standing[STANDING_BLOCKED + 1] = {0};
    for (size_t i = 0; i < room->roster.count; i++) standing[room->roster.members[i].standing]++;
    command_notice(host, room, "members: %zu besides us, %zu connected, %zu connecting, %zu blocked",
                   room->roster.count, standing[STANDING_CONNECTED], standing[STANDING_CONNECTING],
                   standing[STANDING_BLOCKED]);
}

static void print_open(FILE *out, const struct roster *roster, const struct delivery *last) {
    for (size_t i = 0; i < last->open_count; i++) {
        const struct member *member = roster_find(roster, last->open[i]);
        char label[ROSTER_LABEL_SIZE];
        if (!member) roster_label("", "", last->open[i], label);
        fprintf(out, "%s%s", i == 0 ? "; it waits for " : ", ", member ? member->label : label);
    }
}

static void show_last_message(const struct command_host *host, const struct conversation *room) {
    const struct delivery *last = deliveries_last(&room->deliveries);
    size_t size;
    char *text;
    FILE *out = open_memstream(&text, &size);
    if (!out) abort();
    if (!last)
        fprintf(out, "none was sent yet");
    else if (last->recipients == 0)
        fprintf(out, "nobody was there to get it");
    else
        fprintf(out, "%u of %u have it", last->delivered, last->recipients);
    if (last && last->undelivered > 0) fprintf(out, "; %u left without it", last->undelivered);
    if (last) print_open(out, &room->roster, last);
    if (fclose(out) != 0) abort();
    command_notice(host, room, "last message: %s", text);
    free(text);
}

/* Only the engine knows. */
static void ask_timeline(const struct command_host *host, const struct conversation *room, const struct member *peer) {
    struct input *input = input_create(INPUT_INFO, room->name, NULL, 0);
    memcpy(input->peer, peer->id, sizeof input->peer);
    command_tell(host, input);
}

void answer_info(const struct command_host *host, const struct command *self, char *arguments) {
    const struct conversation *room = command_room(host, self);
    const struct member *peer;
    char *literal;
    if (!room) return;
    if (*arguments) {
        literal = arguments_literal(arguments);
        peer = command_peer(host, self, &room->roster, arguments_whole(arguments), literal);
        free(literal);
        if (peer) show_member(host, room, peer, true);
        if (peer) ask_timeline(host, room, peer);
        return;
    }
    command_notice(host, room, "room: %s%s%s", room->title,
                   room->secret ? ", secret: only who has its secret gets in" : "",
                   room->parting ? ", being left" : "");
    if (*room->topic) command_notice(host, room, "topic: %s", room->topic);
    command_notice(host, room, "you: %s, fingerprint %s", host->models->conversations.label,
                   host->models->conversations.fingerprint);
    show_bootnodes(host, room);
    show_members(host, room);
    show_last_message(host, room);
}

/* --- Who is not heard --- */

static void label_ignored(const struct ignored *ignored, char label[static ROSTER_LABEL_SIZE]) {
    static const uint8_t nobody[MEMBER_ID_SIZE];
    roster_label(ignored->nick, ignored->fingerprint, nobody, label);
}

static void list_ignored(const struct command_host *host) {
    char label[ROSTER_LABEL_SIZE];
    for (size_t i = 0; i < host->models->ignores.count; i++) {
        const struct ignored *ignored = &host->models->ignores.items[i];
        label_ignored(ignored, label);
        command_notice(host, NULL, "ignored: %s, fingerprint %s", label, ignored->fingerprint);
    }
    if (host->models->ignores.count == 0) command_notice(host, NULL, "nobody is ignored");
}

/* As members, so that they are named as those are; the caller frees. */
static struct roster ignored_members(const struct ignores *ignores) {
    struct roster roster = {.members = allocate_zeroed(ignores->count + 1, sizeof *roster.members),
                            .count = ignores->count};
    for (size_t i = 0; i < ignores->count; i++) {
        struct member *member = &roster.members[i];
        const char *fingerprint = ignores->items[i].fingerprint;
        memcpy(member->nick, ignores->items[i].nick, sizeof member->nick);
        memcpy(member->fingerprint, fingerprint, sizeof member->fingerprint);
        /* Their ids are not known; so no other digits than the fingerprint's name them. */
        sodium_hex2bin(member->id, sizeof member->id, fingerprint, strlen(fingerprint), NULL, NULL, NULL);
        label_ignored(&ignores->items[i], member->label);
    }
    return roster;
}

/* Who is ignored need not be here. False: there is no such entry; else `whom` is NULL where it was said that there are
 * several. */
static bool find_ignored(const struct command_host *host, const struct command *self, const char *name,
                         const char *literal, const struct ignored **whom) {
    struct roster listed = ignored_members(&host->models->ignores);
    struct member *found = NULL;
    bool any = arguments_peer(&listed, name, literal, &found) != ROSTER_NOBODY;
    if (any) found = command_peer(host, self, &listed, name, literal);
    *whom = any && found ? &host->models->ignores.items[found - listed.members] : NULL;
    free(listed.members);
    return any;
}

static void toggle_ignored(const struct command_host *host, const struct command *self, const struct ignored *whom) {
    struct ignored copy = *whom; /* `whom` may be an entry that goes */
    char label[ROSTER_LABEL_SIZE];
    struct why why;
    bool ignored;
    label_ignored(&copy, label);
    bool done = ignores_toggle(&host->models->ignores, copy.fingerprint, copy.nick, &ignored, &why);
    if (!done)
        command_fail(host, self, "%s", why.text);
    else
        command_notice(host, NULL, ignored ? "%s is ignored from now on" : "%s is heard again", label);
    if (done && *why.text) command_fail(host, self, "%s: forgotten at the end", why.text);
}

/* NULL: said why. */
static const struct ignored *whom_to_toggle(const struct command_host *host, const struct command *self,
                                            const char *name, const char *literal, struct ignored *present) {
    const struct conversation *room = conversations_current(&host->models->conversations);
    const struct ignored *listed;
    struct member *member = NULL;
    bool here = room && arguments_peer(&room->roster, name, literal, &member) != ROSTER_NOBODY;
    if (!here && find_ignored(host, self, name, literal, &listed)) return listed;
    room = command_room(host, self);
    member = room ? command_peer(host, self, &room->roster, name, literal) : NULL;
    if (!member) return NULL;
    if (!*member->fingerprint) {
        command_fail(host, self, "%s is not connected, so the key is not known yet", member->label);
        return NULL;
    }
    memcpy(present->fingerprint, member->fingerprint, sizeof present->fingerprint);
    memcpy(present->nick, member->nick, sizeof present->nick);
    return present;
}

void answer_ignore(const struct command_host *host, const struct command *self, char *arguments) {
    char *literal = arguments_literal(arguments);
    const struct ignored *whom;
    struct ignored present;
    if (*arguments == '\0') {
        list_ignored(host);
        return;
    }
    whom = whom_to_toggle(host, self, arguments_whole(arguments), literal, &present);
    if (whom) toggle_ignored(host, self, whom);
    free(literal);
}

/* --- Who said too much --- */

/* Who said it need not be here any more. NULL: said why. */
static struct flood *flood_named(const struct command_host *host, const struct command *self, struct conversation *room,
                                 const char *name, const char *literal) {
    struct floods *floods = &room->floods;
    struct roster listed = {.members = allocate_zeroed(floods->count + 1, sizeof *listed.members),
                            .count = floods->count};
    for (size_t i = 0; i < floods->count; i++) {
        memcpy(listed.members[i].id, floods->list[i]->id, sizeof listed.members[i].id);
        memcpy(listed.members[i].nick, floods->list[i]->nick, sizeof listed.members[i].nick);
        memcpy(listed.members[i].label, floods->list[i]->label, sizeof listed.members[i].label);
        memcpy(listed.members[i].fingerprint, floods->list[i]->fingerprint, sizeof listed.members[i].fingerprint);
    }
    struct member *member = NULL;
    struct flood *flood = NULL;
    bool spoke = arguments_peer(&listed, name, literal, &member) != ROSTER_NOBODY;
    member = command_peer(host, self, spoke ? &listed : &room->roster, name, literal);
    if (member && !*member->fingerprint)
        command_fail(host, self, "%s is not connected, so the key is not known yet", member->label);
    else if (member)
        flood = floods_calm(floods, member, clock_wall_ms());
    free(listed.members);
    return flood;
}

void answer_unfold(const struct command_host *host, const struct command *self, char *arguments) {
    struct conversation *room = command_room(host, self);
    char *literal = arguments_literal(arguments);
    struct flood *flood = room ? flood_named(host, self, room, arguments_whole(arguments), literal) : NULL;
    free(literal);
    if (!flood) return;
    if (flood->gone > 0)
        command_notice(host, room, "%zu line%s of %s %s too many to be kept", flood->gone, flood->gone == 1 ? "" : "s",
                       flood->label, flood->gone == 1 ? "was" : "were");
    flood->gone = 0;
    for (struct event *event; (event = floods_next(&room->floods, flood)); event_destroy(event)) {
        event->room = room->name;
        host->show(host->context, event);
    }
    if (host->unfolded) host->unfolded(host->context, flood);
    command_notice(host, room, "nothing of %s is folded for %d minutes", flood->label, FLOOD_CALM_MS / 60000);
}

/* --- Transcripts --- */

void answer_log(const struct command_host *host, const struct command *self, char *arguments) {
    struct conversation *room = command_room(host, self);
    bool on = strcmp(arguments, "on") == 0, off = strcmp(arguments, "off") == 0;
    char path[4096 + 512];
    struct why why;
    if (!room) return;
    if (*arguments && !on && !off) {
        command_usage(host, self);
        return;
    }
    if ((on || off) && !transcripts_enable(&host->models->transcripts, room->name, on, &why)) {
        command_fail(host, self, "%s", why.text);
        return;
    }
    if (transcripts_enabled(&host->models->transcripts, room->name)) {
        transcripts_path(&host->models->transcripts, room->name, path, sizeof path);
        command_notice(host, room, "%s is logged in %s", room->title, path);
    } else {
        command_notice(host, room, "%s is not logged", room->title);
    }
}

/* --- Settings --- */

/* Settings are switches and choices. */
static void show_setting(const struct command_host *host, const struct ini_key *key) {
    const char *field = (const char *)host->settings + key->offset;
    const char *value;
    bool on;
    int choice;
    if (key->type == INI_BOOLEAN) {
        memcpy(&on, field, sizeof on);
        value = on ? "on" : "off";
    } else {
        memcpy(&choice, field, sizeof choice);
        value = key->choices[choice];
    }
    command_notice(host, NULL, "%s = %s (%s)", key->name, value, key->help);
}

/* Shows the setting of that name; NULL: all. Returns how many. */
static size_t show_settings(const struct command_host *host, const char *name) {
    size_t shown = 0;
    for (size_t i = 0; i < client_config_table.count; i++) {
        const struct ini_key *key = &client_config_table.keys[i];
        if (!client_config_is_setting(key->name) || (name && strcmp(key->name, name) != 0)) continue;
        show_setting(host, key);
        shown++;
    }
    return shown;
}

static void explain_settings(const struct command_host *host, const struct command *self, const char *name) {
    char known[512] = "";
    for (size_t i = 0; i < client_config_table.count; i++) {
        const char *setting = client_config_table.keys[i].name;
        size_t at = strlen(known);
        if (client_config_is_setting(setting))
            snprintf(known + at, sizeof known - at, "%s%s", at > 0 ? ", " : "", setting);
    }
    command_fail(host, self, "no setting '%.*s', expected one of %s", VALUE_SIZE, name, known);
}

static void save_settings(const struct command_host *host, const struct command *self) {
    const char *file = host->settings->file;
    char said[512];
    struct why why;
    if (!*file)
        command_fail(host, self, "there is no home directory, and so no file of settings");
    else if (!settings_file_save(file, host->settings, said, sizeof said, &why))
        command_fail(host, self, "not written: %s%s", why.text,
                     host->settings->file_is_own ? "" : " (where --config names it, only with sandbox = off)");
    else if (*said)
        command_notice(host, NULL, "written into %s: %s", file, said);
    else
        command_notice(host, NULL, "%s says all of it already", file);
}

void answer_set(const struct command_host *host, const struct command *self, char *arguments) {
    char *value = arguments, *key = arguments_word(&value);
    struct why why;
    if (*arguments == '\0') {
        show_settings(host, NULL);
    } else if (!key) {
        command_usage(host, self);
    } else if (strcmp(key, "--save") == 0 && !*value) {
        save_settings(host, self);
    } else if (!client_config_is_setting(key)) {
        explain_settings(host, self, key);
    } else if (*value &&
               !ini_table_set(&client_config_table, CLIENT_CONFIG_SECTION, key, value, host->settings, &why)) {
        command_fail(host, self, "%s '%.*s': %s", key, VALUE_SIZE, value, why.text);
    } else {
        show_settings(host, key);
        if (*value && host->settings_changed) host->settings_changed(host->context);
    }
}
