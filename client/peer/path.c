#include "client/peer/path.h"

#include <string.h>

#include "common/clock.h"

struct path path_direct(const struct address *address) {
    return (struct path){.kind = PATH_DIRECT, .address = *address};
}

struct path path_through_member(const uint8_t member[static MEMBER_ID_SIZE]) {
    struct path path = {.kind = PATH_MEMBER};
    memcpy(path.member, member, sizeof path.member);
    return path;
}

struct path path_through_bootnode(uint8_t bootnode) {
    return (struct path){.kind = PATH_BOOTNODE, .bootnode = bootnode};
}

bool path_holds(const struct path *path) {
    struct path only = {.kind = path->kind};
    switch (path->kind) {
    case PATH_DIRECT:
        only.socket = path->socket;
        only.address = path->address;
        break;
    case PATH_MEMBER: memcpy(only.member, path->member, sizeof only.member); break;
    case PATH_BOOTNODE: only.bootnode = path->bootnode; break;
    default: return false;
    }
    return path_equal(path, &only);
}

bool path_equal(const struct path *a, const struct path *b) {
    return a->kind == b->kind && a->socket == b->socket && address_equal(&a->address, &b->address) &&
           memcmp(a->member, b->member, sizeof a->member) == 0 && a->bootnode == b->bootnode;
}

bool path_kind_better(const struct path *a, const struct path *b) {
    return a->kind < b->kind;
}

void path_try_start(struct path_try *try, const struct path *path, uint64_t due) {
    *try = (struct path_try){.path = *path, .due = due};
}

void path_try_sent(struct path_try *try, uint64_t now) {
    static const uint16_t pauses_ms[] = {100, 200, 400};
    uint64_t pause = try->sent < sizeof pauses_ms / sizeof *pauses_ms ? pauses_ms[try->sent] : 500;
    try->sent++;
    try->due = try->sent < PATH_TRIES ? now + pause : NEVER;
}
