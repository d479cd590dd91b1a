#include "client/peer/path.h"

#include <string.h>

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

bool path_equal(const struct path *a, const struct path *b) {
    return a->kind == b->kind && a->socket == b->socket && address_equal(&a->address, &b->address) &&
           memcmp(a->member, b->member, sizeof a->member) == 0 && a->bootnode == b->bootnode;
}

bool path_kind_better(const struct path *a, const struct path *b) {
    return a->kind < b->kind;
}
