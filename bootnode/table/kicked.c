#include "bootnode/table/kicked.h"

#include <string.h>

static bool is_of(const struct kicked_member *member, const uint8_t room_tag[static ROOM_TAG_SIZE],
                  const uint8_t member_id[static MEMBER_ID_SIZE]) {
    return memcmp(member->member_id, member_id, MEMBER_ID_SIZE) == 0 &&
           memcmp(member->room_tag, room_tag, ROOM_TAG_SIZE) == 0;
}

void kicked_note(struct kicked *kicked, const uint8_t room_tag[static ROOM_TAG_SIZE],
                 const uint8_t member_id[static MEMBER_ID_SIZE], uint64_t until) {
    size_t at = 0;
    while (at < KICKED_MOST && !is_of(&kicked->members[at], room_tag, member_id)) at++;
    if (at == KICKED_MOST) {
        at = kicked->next;
        kicked->next = (kicked->next + 1) % KICKED_MOST;
    }
    struct kicked_member *member = &kicked->members[at];
    memcpy(member->room_tag, room_tag, ROOM_TAG_SIZE);
    memcpy(member->member_id, member_id, MEMBER_ID_SIZE);
    member->until = until;
    if (until > kicked->until) kicked->until = until;
}

bool kicked_has(const struct kicked *kicked, const uint8_t room_tag[static ROOM_TAG_SIZE],
                const uint8_t member_id[static MEMBER_ID_SIZE], uint64_t now) {
    if (now >= kicked->until) return false;
    for (size_t i = 0; i < KICKED_MOST; i++)
        if (kicked->members[i].until > now && is_of(&kicked->members[i], room_tag, member_id)) return true;
    return false;
}
