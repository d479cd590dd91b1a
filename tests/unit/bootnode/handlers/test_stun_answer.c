#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/handlers/stun_answer.h"
#include "common/rcu.h"
#include "common/stun.h"

#define FIRST "172.31.0.5:9595"
#define SECOND "172.31.0.6:9596"
#define OUTER "172.31.0.5=203.0.113.10, 172.31.0.6=203.0.113.11"

static struct node node;
static struct worker_counters counters;
static struct address left_from;
static struct stun_response answer;
static uint8_t transaction[STUN_TRANSACTION_SIZE];

static struct address parsed(const char *text) {
    struct address address;
    assert_true(address_parse(text, 0, &address));
    return address;
}

static void assert_address(struct address address, const char *expected) {
    char text[ADDRESS_TEXT_SIZE];
    if (expected)
        assert_string_equal(address_format(&address, text), expected);
    else
        assert_int_equal(address.port, 0);
}

/* A bootnode with two private addresses, and what its operator says of them. */
static void open_node(struct bootnode_config *config, const char *public_address) {
    static const struct node_key key;
    const struct address here = parsed(FIRST), other = parsed(SECOND);
    struct why why;
    ini_table_defaults(&bootnode_config_table, config);
    assert_true(
        ini_table_set(&bootnode_config_table, BOOTNODE_SECTION, "public_address", public_address, config, &why));
    assert_true(node_init(&node, config, &key, 1, 1000));
    assert_true(stun_alternate_choose(&here, 1, &other, &node.stun));
    for (uint8_t corner = 0; corner < STUN_CORNERS; corner++) node.stun.listeners[corner] = corner;
}

static void put(void *context, uint8_t listener, const struct datagram *datagram) {
    (void)context;
    assert_true(stun_decode_response(datagram->data, datagram->size, transaction, &answer));
    const struct address corner = stun_alternate_bound(&node.stun, listener);
    left_from = datagram->local;
    left_from.port = corner.port;
}

static struct address came_to(const void *batch, size_t index) {
    (void)index;
    return *(const struct address *)batch;
}

static void ask(const char *from, enum stun_change change) {
    static const uint8_t random[12] = {7};
    const struct address local = parsed(FIRST);
    struct stun_request request = {.change_asked = change != STUN_CHANGE_NOTHING, .change = change};
    uint8_t data[STUN_REQUEST_MAX];
    struct context context = {
        .node = &node, .outbox = {.endpoints = &node.endpoints, .put = put}, .counters = &counters, .now = 1000};
    stun_make_transaction(random, transaction);
    memcpy(request.transaction, transaction, sizeof transaction);
    const size_t size = stun_encode_request(&request, data, sizeof data);
    const struct packet packet = {.data = data, .size = size, .from = parsed(from), .local = came_to, .batch = &local};
    answer = (struct stun_response){.error = 0};
    handle_stun(&context, &packet);
}

static void who_is_outside_is_told_what_leads_here(void **state) {
    (void)state;
    static const struct {
        const char *public_address, *from;
        enum stun_change change;
        const char *origin, *other, *left_from;
    } cases[] = {
        {OUTER, "198.51.100.7:4000", STUN_CHANGE_NOTHING, "203.0.113.10:9595", "203.0.113.11:9596", FIRST},
        {OUTER, "198.51.100.7:4000", STUN_CHANGE_PORT, "203.0.113.10:9596", "203.0.113.11:9596", "172.31.0.5:9596"},
        {OUTER, "198.51.100.7:4000", STUN_CHANGE_BOTH, "203.0.113.11:9596", "203.0.113.11:9596", SECOND},
        /* From within, and where nothing is known: as they are. */
        {OUTER, "172.31.0.9:4000", STUN_CHANGE_NOTHING, FIRST, SECOND, FIRST},
        {OUTER, "127.0.0.1:4000", STUN_CHANGE_NOTHING, FIRST, SECOND, FIRST},
        {"", "198.51.100.7:4000", STUN_CHANGE_NOTHING, FIRST, SECOND, FIRST},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct bootnode_config config;
        open_node(&config, cases[i].public_address);
        ask(cases[i].from, cases[i].change);
        assert_address(answer.mapped, cases[i].from);
        assert_address(answer.origin, cases[i].origin);
        assert_address(answer.other, cases[i].other);
        assert_address(left_from, cases[i].left_from);
        node_destroy(&node);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_outside_is_told_what_leads_here),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    rcu_reader_register();
    int failed = cmocka_run_group_tests_name("stun_answer", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
