#include "client/charter/namesakes.h"

#include <stdio.h>
#include <string.h>

#include "client/charter/room_file.h"

struct search {
    const char *name;
    struct namesakes *out;
};

static bool look(void *context, const struct private_room *room) {
    const struct search *search = context;
    struct namesakes *out = search->out;
    if (strcmp(room->name, search->name) != 0) return true;
    out->count++;
    memcpy(out->root, room->charter.root, sizeof out->root);
    snprintf(out->bootnodes, sizeof out->bootnodes, "%s", room->bootnodes);
    return true;
}

bool namesakes_find(const char *directory, const char *name, struct namesakes *out, struct why *why) {
    struct search search = {.name = name, .out = out};
    memset(out, 0, sizeof *out);
    return !*directory || room_file_each(directory, look, &search, why);
}
