#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ui/ui.h"

#define PEER_BYTES_SHOWN 4
#define LABEL_SIZE (3 * TEXT_NICK_MAX + 1)

/* The nick, or the beginning of the member id while it is not known. */
static const char *label(const struct event *event, char out[static LABEL_SIZE]) {
    if (text_filter(event->nick, strlen(event->nick), false, out, LABEL_SIZE) > 0) return out;
    return sodium_bin2hex(out, LABEL_SIZE, event->peer, PEER_BYTES_SHOWN);
}

static char *filtered(const char *text, size_t size, bool multiline) {
    size_t capacity = 3 * size + 1;
    char *out = malloc(capacity);

    if (!out) abort();
    text_filter(text, size, multiline, out, capacity);
    return out;
}

/* Each line has its author in front, so that no text can look like another line. */
static void print_message(FILE *out, const struct event *event) {
    char name[LABEL_SIZE], *text = filtered(event->text, event->text_size, true), *rest = text;
    size_t size = strlen(text);

    while (size > 0 && text[size - 1] == '\n') text[--size] = '\0';
    label(event, name);
    for (char *line; (line = strsep(&rest, "\n"));) fprintf(out, "%s: %s\n", name, line);
    free(text);
}

static void print_registered(FILE *out, const struct event *event) {
    char bootnode[ADDRESS_TEXT_SIZE], mapped[ADDRESS_TEXT_SIZE];

    fprintf(out, "* registered at %s, which sees us as %s\n", address_format(&event->bootnode, bootnode),
            address_format(&event->mapped, mapped));
}

static void print_joined(FILE *out, const struct event *event) {
    char name[LABEL_SIZE];

    fprintf(out, "* %s is arriving\n", label(event, name));
}

static const char *path_name(const struct event *event) {
    return event->relayed ? "relay" : "direct";
}

static void print_connected(FILE *out, const struct event *event) {
    char name[LABEL_SIZE];

    fprintf(out, "* %s is here (%s, %.0f ms)\n", label(event, name), path_name(event), event->rtt_ms);
}

static void print_path(FILE *out, const struct event *event) {
    char name[LABEL_SIZE], address[ADDRESS_TEXT_SIZE];

    fprintf(out, "* %s is reached at %s now (%s)\n", label(event, name), address_format(&event->address, address),
            path_name(event));
}

static void print_left(FILE *out, const struct event *event) {
    char name[LABEL_SIZE];

    fprintf(out, event->said_bye ? "* %s left\n" : "* %s is gone\n", label(event, name));
}

static void print_lost(FILE *out, const struct event *event) {
    char address[ADDRESS_TEXT_SIZE], *text = filtered(event->text, event->text_size, false);

    fprintf(out, "* bootnode %s lost%s%s\n", address_format(&event->bootnode, address), *text ? ": " : "", text);
    free(text);
}

static void print_back(FILE *out, const struct event *event) {
    char address[ADDRESS_TEXT_SIZE];

    fprintf(out, "* bootnode %s is back\n", address_format(&event->bootnode, address));
}

static void print_error(FILE *out, const struct event *event) {
    char *text = filtered(event->text, event->text_size, false);

    fprintf(out, "! %s\n", text);
    free(text);
}

static void (*const printers[EVENT_TYPES])(FILE *out, const struct event *event) = {
    [EVENT_REGISTERED] = print_registered, [EVENT_PEER_JOINED] = print_joined, [EVENT_PEER_CONNECTED] = print_connected,
    [EVENT_MESSAGE] = print_message,       [EVENT_PEER_PATH] = print_path,     [EVENT_PEER_LEFT] = print_left,
    [EVENT_BOOTNODE_LOST] = print_lost,    [EVENT_BOOTNODE_BACK] = print_back, [EVENT_ERROR] = print_error,
};

char *ui_plain_line(const struct event *event) {
    char *line = NULL;
    size_t size;
    FILE *out;

    if (!printers[event->type]) return NULL;
    out = open_memstream(&line, &size);
    if (!out) return NULL;
    printers[event->type](out, event);
    fclose(out);
    return line;
}
