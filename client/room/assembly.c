#include "client/room/assembly.h"

#include <string.h>

#include <sodium.h>

#include "client/peer/sending.h"
#include "client/peer/talking.h"
#include "client/peer/touch.h"
#include "client/room/packets.h"
#include "client/room/status.h"

static void give_up(struct assembly *parts, struct member *member, bool undelivered) {
    exchange_dropped(&member->exchange);
    outgoing_give_up(&parts->outgoing, member, undelivered);
}

/* Of who stays, the charter's messages are dropped with the others, and those are for whoever is let in. */
void assembly_drop_queue(struct assembly *parts, struct member *member, bool undelivered, uint64_t now) {
    peer_drop_queue(member->peer, now);
    give_up(parts, member, undelivered);
    if (member->admitted && member->peer->connected) gate_dropped(&parts->gate, member, now);
}

void assembly_tick(struct assembly *parts, struct member *member, uint64_t now) {
    peer_tick(member->peer, now);
    if (parts->leaving || member->finished) return;
    status_welcome(member, &parts->events); /* it may be here again */
    status_check(member, &parts->events, now);
}

/* A packet that somebody relayed for this member; any other's in it is dropped. It comes out of another peer's packet,
 * or a bootnode's: who is finished now is swept when that is done with. */
static void on_relayed(void *context, const struct path *from, const uint8_t id[static MEMBER_ID_SIZE],
                       const uint8_t *packet, size_t size, uint64_t now) {
    struct assembly *parts = context;
    const struct member *sender = parts->host->relays ? members_find(&parts->members, id) : NULL;
    if (!sender) return;
    struct peer *peer = packets_receive(&parts->members, &parts->peer_host, sender->peer, from, packet, size, now);
    if (peer) assembly_tick(parts, peer->owner, now);
}

/* --- What peers need and tell --- */

static void on_send(void *context, const struct peer *peer, const struct path *to, const uint8_t *packet, size_t size,
                    uint64_t now) {
    const struct assembly *parts = context;
    routes_send(&parts->routes, peer, to, packet, size, now);
}

static size_t on_ways_through(void *context, const struct peer *peer, struct path out[static PEER_RELAYS]) {
    const struct assembly *parts = context;
    return routes_ways_through(&parts->routes, peer, out);
}

static void on_pass_on(void *context, struct peer *from, const struct frame_relay *relay, uint64_t now) {
    const struct assembly *parts = context;
    if (!parts->leaving) routes_pass_on(&parts->routes, from->owner, relay, now);
}

static void on_came_through(void *context, struct peer *through, const struct frame_relay *relay, uint64_t now) {
    struct path from = path_through_member(through->pair.other_id);
    /* Nobody relays its own: that would change a peer in the midst of a packet of its. */
    if (memcmp(relay->member, through->pair.other_id, MEMBER_ID_SIZE) == 0) return;
    if (!((const struct member *)through->owner)->admitted) return;
    on_relayed(context, &from, relay->member, relay->packet, relay->size, now);
}

static void on_own_candidates(void *context, const struct peer *peer, struct candidate_list *out) {
    const struct assembly *parts = context;
    (void)peer;
    meeting_own_candidates(&parts->meeting, out);
}

static size_t on_usable(void *context, const struct candidate_list *candidates,
                        struct address out[static RECORD_CANDIDATES_MAX]) {
    const struct assembly *parts = context;
    return meeting_usable(&parts->meeting, candidates, out);
}

static void on_introduce(void *context, struct peer *peer) {
    struct assembly *parts = context;
    meeting_introduce(&parts->meeting, peer);
}

static void tell_left(struct assembly *parts, struct member *member, bool said_bye) {
    struct event *event = room_events_make(&parts->events, EVENT_PEER_LEFT, member->peer);
    event->said_bye = said_bye;
    room_events_emit(&parts->events, event);
    status_left(member);
}

/* Nothing of what waits for it is for it. */
static void turn_away(struct assembly *parts, struct member *member, uint64_t now) {
    gathered_show_all(&parts->gathered, now); /* what it said before */
    assembly_drop_queue(parts, member, false, now);
    if (member->told.present) tell_left(parts, member, false);
}

static void on_identified(void *context, struct peer *peer, uint64_t now) {
    struct assembly *parts = context;
    if (gate_decide(&parts->gate, peer->owner))
        nicks_identified(&parts->nicks, peer, now);
    else
        turn_away(parts, peer->owner, now);
}

static void on_renamed(void *context, struct peer *peer, const char *nick, uint64_t now) {
    struct assembly *parts = context;
    const struct member *member = peer->owner;
    if (member->admitted)
        nicks_renamed(&parts->nicks, peer, nick, now);
    else
        talking_set_nick(peer, nick); /* looked at when it is let in */
}

static void greet(struct assembly *parts, struct member *member, uint64_t now) {
    if (member->admitted && !member->barred) history_greet(&parts->history, &member->exchange, now);
}

/* What waits for somebody who is barred is not for them; what they miss meanwhile they can ask for later. */
static void on_judged(void *context, struct member *member, bool barred, uint64_t now) {
    struct assembly *parts = context;
    member->barred = barred;
    touch_peer(member->peer);
    if (barred) {
        gathered_show_all(&parts->gathered, now); /* what it said before */
        assembly_drop_queue(parts, member, false, now);
    } else {
        heard_show_held_back(&parts->heard, member, now);
        if (member->peer->connected) greet(parts, member, now);
    }
}

static void tell_connected(struct assembly *parts, const struct peer *peer) {
    struct event *event = room_events_make(&parts->events, EVENT_PEER_CONNECTED, peer);
    event->rtt_ms = peer->rtt_us / 1000.0;
    event->cipher = suite_name(handshake_suite(&peer->pair));
    const struct member *member = peer->owner;
    event->standing = member->barred ? STANDING_BLOCKED : STANDING_CONNECTED;
    event->role = gate_role(&parts->gate, member);
    safety_number_format(parts->host->identity->public, peer->introduction.identity, event->safety);
    room_events_emit(&parts->events, event);
}

static void on_connected(void *context, struct peer *peer, uint64_t now) {
    struct assembly *parts = context;
    struct member *member = peer->owner;
    if (parts->leaving) {
        peer_say_bye(peer, now); /* it shows us already, and would for long */
        return;
    }
    solitude_end(&parts->solitude);
    if (member->admitted) {
        status_welcome(member, &parts->events);
        tell_connected(parts, peer);
    }
    greet(parts, member, now);
    gate_met(&parts->gate, member, now);
}

/* It is here already, and can be told at once. */
static void let_in(struct assembly *parts, struct member *member, uint64_t now) {
    struct peer *peer = member->peer;
    status_welcome(member, &parts->events);
    nicks_identified(&parts->nicks, peer, now);
    tell_connected(parts, peer);
    greet(parts, member, now);
}

void assembly_decide(struct assembly *parts, struct member *member, uint64_t now) {
    const bool before = member->admitted;
    if (!member->peer->connected || member->peer->state != PEER_LIVE || member->finished) return;
    const bool admitted = gate_decide(&parts->gate, member);
    if (admitted && !before) let_in(parts, member, now);
    if (!admitted && before) turn_away(parts, member, now);
}

static void presume(const struct assembly *parts, struct member *member) {
    size_t current = key_sets_current(&parts->self.sets);
    if (!member->peer->connected && (member->peer->listed & parts->peer_host.listing[current]))
        gate_listed(&parts->gate, member, current);
    status_welcome(member, &parts->events);
}

static void open_input(struct assembly *parts);

void assembly_review(struct assembly *parts, uint64_t now) {
    for (size_t i = 0; i < parts->members.count; i++) {
        presume(parts, parts->members.list[i]);
        assembly_decide(parts, parts->members.list[i], now);
    }
    open_input(parts);
}

void assembly_call_back(const struct assembly *parts, uint64_t now) {
    for (size_t i = 0; i < parts->members.count; i++) {
        const struct member *member = parts->members.list[i];
        if (peer_is_turned_away(member->peer) && gate_belongs(&parts->gate, member)) peer_call_back(member->peer, now);
    }
}

static void on_returned(void *context, struct peer *peer, uint64_t now) {
    struct assembly *parts = context;
    struct member *member = peer->owner;
    if (member->admitted)
        greet(parts, member, now);
    else
        assembly_decide(parts, member, now); /* it was told why by what another run heard */
    /* The gate tells it anew: run upon run that acknowledges nothing has no more waiting for it than one. */
    if (!member->admitted) peer_drop_queue(member->peer, now);
    gate_met(&parts->gate, member, now);
}

static void on_path_changed(void *context, struct peer *peer) {
    const struct assembly *parts = context;
    if (!((const struct member *)peer->owner)->admitted) return;
    room_events_emit(&parts->events, room_events_make(&parts->events, EVENT_PEER_PATH, peer));
}

static void on_path_lost(void *context, struct peer *peer, uint64_t now) {
    struct assembly *parts = context;
    (void)peer;
    meeting_check(&parts->meeting, now);
}

static void on_message(void *context, struct peer *peer, const uint8_t *message, size_t size, uint64_t age,
                       uint64_t now) {
    const struct assembly *parts = context;
    struct member *member = peer->owner;
    if (parts->leaving || gate_told(&parts->gate, member, message, size, now)) return;
    if (member->admitted) heard_receive(&parts->heard, member, message, size, age, now);
}

static void on_acknowledged(void *context, struct peer *peer, uint64_t tag, uint64_t now) {
    struct assembly *parts = context;
    struct member *member = peer->owner;
    if (tag & HISTORY_TAG)
        history_acknowledged(&parts->history, &member->exchange, tag, now);
    else
        outgoing_acknowledged(&parts->outgoing, member, tag);
}

static bool on_sated(void *context, const struct peer *peer, uint64_t now) {
    (void)context;
    return heard_is_sated(peer->owner, now);
}

static void member_left(struct assembly *parts, struct member *member, bool said_bye, uint64_t now) {
    gathered_show_all(&parts->gathered, now); /* what it said comes before that it left */
    give_up(parts, member, true);
    gate_left(&parts->gate, member);
    if (member->told.present) tell_left(parts, member, said_bye);
}

static void on_said_bye(void *context, struct peer *peer, uint64_t now) {
    member_left(context, peer->owner, true, now);
}

/* Whom a relayed packet's turn found absent is still there while the packet that brought it is worked off. */
static void on_absent(void *context, struct peer *peer, uint64_t now) {
    struct assembly *parts = context;
    struct member *member = peer->owner;
    if (member->finished) return;
    if (peer->state != PEER_GONE) member_left(parts, member, member->left_by_itself, now);
    members_finish(&parts->members, member);
}

static struct peer_host peer_host_of(struct assembly *parts) {
    const struct chatroom_host *host = parts->host;
    struct peer_host out = {.context = parts,
                            .outside = host->outside,
                            .room = &parts->self.keys,
                            .sets = &parts->self.sets,
                            .identity = host->identity,
                            .indices = host->indices,
                            .budget = host->budget,
                            .own_mask = host->suite_mask,
                            .run = parts->self.run,
                            .nick = host->nick,
                            .streams = &parts->streams,
                            .epochs = &parts->epochs,
                            .touched = &parts->members.touched,
                            .relaying_allowed = &host->relays,
                            .mapping = &host->mapping,
                            .send = on_send,
                            .ways_through = on_ways_through,
                            .pass_on = on_pass_on,
                            .came_through = on_came_through,
                            .own_candidates = on_own_candidates,
                            .usable = on_usable,
                            .identified = on_identified,
                            .renamed = on_renamed,
                            .connected = on_connected,
                            .returned = on_returned,
                            .path_changed = on_path_changed,
                            .path_lost = on_path_lost,
                            .message = on_message,
                            .acknowledged = on_acknowledged,
                            .sated = on_sated,
                            .said_bye = on_said_bye,
                            .absent = on_absent,
                            .introduce = on_introduce};
    memcpy(out.own_id, parts->self.id, sizeof out.own_id);
    return out;
}

/* --- What the meeting tells --- */

/* Not before it is known who would hear it. */
static void open_input(struct assembly *parts) {
    if (parts->open || !parts->complete || !gate_presumes(&parts->gate)) return;
    parts->open = true;
    outgoing_open(&parts->outgoing);
}

static void on_complete(void *context) {
    struct assembly *parts = context;
    parts->complete = true;
    open_input(parts);
}

static void start_meeting(struct assembly *parts, uint64_t now) {
    struct meeting *meeting = &parts->meeting;
    meeting->owner = (struct meeting_owner){.context = parts, .complete = on_complete, .relayed = on_relayed};
    meeting->host = parts->host;
    meeting->self = &parts->self;
    meeting->events = &parts->events;
    meeting->members = &parts->members;
    meeting->gate = &parts->gate;
    meeting->peer_host = &parts->peer_host;
    meeting_init(meeting, now);
}

/* --- What the history needs and tells --- */

static struct exchange *on_member(void *context, size_t index) {
    struct assembly *parts = context;
    return index < parts->members.count ? &parts->members.list[index]->exchange : NULL;
}

static struct exchange *on_author(void *context, const struct feed_name *feed) {
    struct assembly *parts = context;
    struct member *author = members_by_identity(&parts->members, feed->author);
    return author && author->peer->introduction.run == feed->run ? &author->exchange : NULL;
}

static enum history_presence on_presence(void *context, const struct exchange *with) {
    const struct member *member = with->owner;
    (void)context;
    if (member->barred || !member->admitted) return HISTORY_AWAY;
    if (peer_reachable(member->peer)) return HISTORY_REACHABLE;
    return member->peer->state == PEER_LIVE ? HISTORY_PRESENT : HISTORY_AWAY;
}

static uint64_t on_excess(void *context, const struct exchange *with) {
    const struct member *member = with->owner;
    (void)context;
    return sending_excess_ms(member->peer);
}

static bool on_queue(void *context, struct exchange *with, struct blob *blob, uint64_t tag, uint64_t now) {
    const struct member *member = with->owner;
    (void)context;
    return member->admitted && !member->barred && peer_queue(member->peer, blob, tag, now);
}

static void on_asked(void *context, uint64_t now) {
    struct assembly *parts = context;
    gathering_expect(&parts->gathered.gathering, now);
}

static void on_show(void *context, const struct held *held, uint64_t now) {
    const struct assembly *parts = context;
    heard_show(&parts->heard, held, now);
}

static void on_lost(void *context, const struct held *next, uint64_t count, uint64_t now) {
    const struct assembly *parts = context;
    heard_lost(&parts->heard, next, count, now);
}

static struct history_host history_host_of(struct assembly *parts) {
    return (struct history_host){.context = parts,
                                 .enabled = parts->host->history,
                                 .member = on_member,
                                 .author = on_author,
                                 .presence = on_presence,
                                 .excess = on_excess,
                                 .queue = on_queue,
                                 .asked = on_asked,
                                 .show = on_show,
                                 .lost = on_lost};
}

/* --- Life --- */

static struct heard heard_of(struct assembly *parts) {
    return (struct heard){.clock = &parts->clock,
                          .self = &parts->self,
                          .events = &parts->events,
                          .members = &parts->members,
                          .nicks = &parts->nicks,
                          .authors = &parts->authors,
                          .history = &parts->history,
                          .gathered = &parts->gathered,
                          .held_back = &parts->held_back,
                          .misdated = &parts->misdated};
}

/* Each part is told of those that it needs. */
static void connect_parts(struct assembly *parts) {
    const struct chatroom_host *host = parts->host;
    const struct history_host history_host = history_host_of(parts);
    const struct feed_name own = feed_name_of(host->identity->public, parts->self.run);
    parts->peer_host = peer_host_of(parts);
    parts->events = (struct room_events){.outside = host->outside,
                                         .room = parts->name,
                                         .members = &parts->members,
                                         .rendezvous = parts->meeting.sessions.list};
    parts->clock =
        (struct room_clock){.outside = host->outside, .members = &parts->members, .sessions = &parts->meeting.sessions};
    parts->routes = (struct routes){.host = host, .members = &parts->members, .meeting = &parts->meeting};
    parts->nicks = (struct nicks){.host = host,
                                  .self = &parts->self,
                                  .events = &parts->events,
                                  .members = &parts->members,
                                  .authors = &parts->authors,
                                  .context = parts,
                                  .judged = on_judged};
    history_init(&parts->history, &history_host, &own);
    parts->gathered = (struct gathered){.events = &parts->events, .history = &parts->history};
    parts->heard = heard_of(parts);
    parts->outgoing =
        (struct outgoing){.host = host, .self = &parts->self, .events = &parts->events, .clock = &parts->clock};
}

/* Told as joined is who is here and let in, blocked or not; who said bye is told as gone. */
static bool is_told(const struct member *member) {
    return member->told.present ? member->admitted && member->peer->state != PEER_GONE
                                : !member->admitted || member->peer->state == PEER_GONE || member->finished;
}

bool assembly_holds(const struct assembly *parts) {
    for (size_t i = 0; i < parts->members.count; i++)
        if (!is_told(parts->members.list[i])) return false;
    return members_holds(&parts->members) && meeting_holds(&parts->meeting) && outgoing_holds(&parts->outgoing) &&
           history_holds(&parts->history) && gathering_holds(&parts->gathered.gathering);
}

void assembly_start(struct assembly *parts, const struct chatroom_host *host, const char *name,
                    const struct room_keys *keys, uint64_t now) {
    parts->host = host;
    parts->name = name;
    parts->self.keys = *keys;
    key_sets_init(&parts->self.sets, &keys->set);
    parts->members.sets = parts->gate.sets = &parts->self.sets;
    randombytes_buf(&parts->self.run, sizeof parts->self.run);
    member_id_derive(keys, host->identity->public, parts->self.id);
    parts->solitude.over = !keys->has_secret;
    connect_parts(parts);
    start_meeting(parts, now);
}

void assembly_clear(struct assembly *parts) {
    members_clear(&parts->members);
    gathered_clear(&parts->gathered);
    held_back_clear(&parts->held_back);
    outgoing_clear(&parts->outgoing);
    authors_clear(&parts->authors);
    history_clear(&parts->history);
    meeting_clear(&parts->meeting);
}
