#include "tests/support/shard_clients.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/table/shard_members.h"

#define WELCOME_ROOM 500 /* bytes for member records: 17 of them */

static void receive(void *context, uint8_t listener, const struct datagram *datagram) {
    struct shard_clients *clients = context;
    unsigned number = datagram->peer.port - 1024U;
    assert_in_range(number, 0, SHARD_CLIENTS - 1);
    assert_int_equal(listener, 6);
    struct shard_client *client = &clients->list[number];
    struct sealed_header header;
    uint8_t secret[LINK_SECRET_SIZE], key[SUITE_KEY_SIZE], body[UDP_DATAGRAM_MAX];
    size_t size;
    assert_true(datagram->size <= UDP_DATAGRAM_MAX);
    assert_true(sealed_header_decode(datagram->data, datagram->size, &header));
    assert_int_equal(header.type, MESSAGE_CHANGES);
    assert_true(header.session_id == client->id);
    assert_true(header.counter > client->counter);
    client->counter = header.counter;
    guest_secret(number, secret);
    link_seal_key(secret, LINK_TO_CLIENT, key);
    assert_true(link_open(key, &header, datagram->data, datagram->size, body, &size));
    clients->received++;
    client->received++;
    if (datagram->size > client->largest) client->largest = datagram->size;
    if (!client->deaf) client->token = header.token;
    if (!client->deaf) assert_true(room_view_apply(&client->view, body, size));
    /* Else its next beat would count as one of another epoch. */
    assert_true(room_copy_holds(guest_session(&clients->shard, client->id), client->view.list.version));
}

/* Endpoint 1, where guests register, belongs to listener 6. */
static struct endpoints endpoints = {.items = {[1] = {.listener = 6}}, .count = 2};

void shard_clients_open(struct shard_clients *clients) {
    memset(clients, 0, sizeof *clients);
    guest_open(&clients->shard, &guest_limits, -1);
    clients->announcer = announcer_create();
    assert_non_null(clients->announcer);
    clients->outbox = (struct outbox){.endpoints = &endpoints, .put = receive, .context = clients};
    clients->now = GUEST_START;
}

void shard_clients_close(struct shard_clients *clients) {
    announcer_destroy(clients->announcer);
    shard_destroy(&clients->shard);
}

void shard_client_beat_with(struct shard_clients *clients, unsigned number, struct room_version has) {
    struct shard_client *client = &clients->list[number];
    struct session *session = guest_session(&clients->shard, client->id);
    if (!session) return;
    uint64_t ours = atomic_load(&session->room_version);
    if (!session_echoes(session, client->token)) {
        session_sign(session, SESSION_DEAF, 0);
        if (client->deaf) return;
        client->token = atomic_load(&session->token); /* by BEAT_ACK, after which it beats again */
    }
    session_sign(session, SESSION_ECHOED, SESSION_DEAF);
    atomic_store(&session->last_counter, ++client->beats);
    atomic_store(&session->heard_ms, (uint32_t)clients->now);
    atomic_store(&session->acked_count, has.epoch == ours >> 32 ? has.count : 0);
    if (ours != ((uint64_t)has.epoch << 32 | has.count))
        shard_client_behind(&clients->shard, client->id, has, clients->now);
}

void shard_client_beat(struct shard_clients *clients, unsigned number) {
    shard_client_beat_with(clients, number, clients->list[number].view.list.version);
}

void shard_client_join(struct shard_clients *clients, unsigned number, unsigned room) {
    struct shard_client *client = &clients->list[number];
    struct registered registered = {0};
    uint8_t space[WELCOME_ROOM];
    struct writer members = writer_over(space, sizeof space);
    const struct guest guest = {room, number};
    *client = (struct shard_client){.room = room};
    assert_int_equal(guest_register(&clients->shard, guest, clients->now, &registered, &members), REGISTERED);
    if (registered.complete)
        assert_true(room_view_welcome(&client->view, registered.version, space, writer_size(&members)));
    client->id = registered.session_id;
    client->token = registered.token;
    assert_int_equal(guest_confirm(&clients->shard, client->id, clients->now), REGISTERED);
}

void shard_client_leave(struct shard_clients *clients, unsigned number) {
    assert_true(shard_leave(&clients->shard, clients->list[number].id, LEAVE_SAID, clients->now));
    clients->list[number].id = 0;
}

uint64_t shard_clients_announce(struct shard_clients *clients) {
    unsigned before[SHARD_CLIENTS];
    for (unsigned i = 0; i < SHARD_CLIENTS; i++) before[i] = clients->list[i].received;
    uint64_t next = announce_run(clients->announcer, &clients->shard, &clients->outbox, clients->now);
    for (unsigned i = 0; i < SHARD_CLIENTS; i++) {
        const struct shard_client *client = &clients->list[i];
        if (client->id && !client->deaf && !client->mute && client->received > before[i]) shard_client_beat(clients, i);
    }
    return next;
}

bool shard_client_agrees(const struct shard_clients *clients, unsigned number) {
    const struct shard_client *client = &clients->list[number];
    const struct address seen = guest_address(number);
    const struct viewer viewer = viewer_at(&seen, NULL);
    uint8_t tag[ROOM_TAG_SIZE];
    guest_tag(client->room, tag);
    return room_view_is(&client->view, shard_room(&clients->shard, tag), &viewer);
}
