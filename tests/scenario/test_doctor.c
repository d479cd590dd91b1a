/* The doctor's examination against every kind of NAT and of server, and its measuring of a mapping's lifetime. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/doctor/lifetime.h"
#include "client/doctor/report.h"
#include "tests/scenario/support/nat.h"
#include "tests/scenario/support/repeatable.h"
#include "tests/scenario/support/trace.h"

#define START 1000000
#define WALL UINT64_C(1700000000000)
#define DELAY_MS 20 /* one way */
#define FLYING_MAX 512

/* The two servers' addresses: the first one's other address is its own, the second one has none. */
#define FIRST "203.0.113.1:9595"
#define OTHER "203.0.113.2:9596"
#define SECOND "203.0.113.3:9595"

struct packet {
    uint64_t arrives; /* 0: free */
    struct address from, to;
    size_t size;
    uint8_t data[STUN_RESPONSE_MAX];
};

struct fixture {
    uint64_t now;
    struct nat nat;
    struct packet flying[FLYING_MAX];
    struct examination examination;
    struct lifetime lifetime;
    struct findings findings;
    unsigned sent;
    /* What the servers and the NAT are like. */
    bool has_other, silent_first, silent_second, hairpins;
    bool ignores;    /* CHANGE-REQUEST and RESPONSE-PORT, and says nothing of it */
    bool refuses;    /* error 420 to either */
    bool behind_nat; /* 1:1, as in a cloud: the first one tells its other address as it has it itself */
    bool mute_other; /* nothing gets out from the other address */
    bool no_clock;
    int64_t server_ahead_ms;
    unsigned loss_percent;
};

static struct address parsed(const char *text) {
    struct address address;
    assert_true(address_parse(text, 0, &address));
    return address;
}

static bool same_ip_as(const struct address *address, const char *text) {
    struct address other = parsed(text);
    return address_same_ip(address, &other);
}

static void fly(struct fixture *fixture, const struct address *from, const struct address *to, const uint8_t *data,
                size_t size) {
    size_t at = 0;
    trace_packet(fixture->now, from, to, data, size);
    if (fixture->loss_percent > 0 && randombytes_uniform(100) < fixture->loss_percent) return;
    while (fixture->flying[at].arrives != 0) assert_true(++at < FLYING_MAX);
    struct packet *packet = &fixture->flying[at];
    *packet = (struct packet){.arrives = fixture->now + DELAY_MS, .from = *from, .to = *to, .size = size};
    assert_true(size <= sizeof packet->data);
    memcpy(packet->data, data, size);
}

/* --- Servers --- */

/* From the corner that was asked to the one that shall answer. */
static struct address corner(const struct address *asked, enum stun_change change) {
    const struct address first = parsed(FIRST), other = parsed(OTHER);
    struct address from = *asked;
    if (change & STUN_CHANGE_IP) memcpy(from.ip, address_same_ip(asked, &first) ? other.ip : first.ip, sizeof from.ip);
    if (change & STUN_CHANGE_PORT) from.port = asked->port == first.port ? other.port : first.port;
    return from;
}

static void serve(struct fixture *fixture, const struct packet *packet) {
    struct stun_request request;
    struct stun_response response = {.mapped = packet->from};
    uint8_t answer[STUN_RESPONSE_MAX];
    bool second = same_ip_as(&packet->to, SECOND);
    if (second ? fixture->silent_second : fixture->silent_first) return;
    assert_true(stun_decode_request(packet->data, packet->size, &request));
    struct address from = packet->to, to = packet->from;
    bool knows = !fixture->refuses && !fixture->ignores;
    if (fixture->has_other && !second) {
        response.other = corner(&packet->to, STUN_CHANGE_BOTH);
        if (fixture->behind_nat) memcpy(response.other.ip, parsed("172.31.0.6:0").ip, sizeof response.other.ip);
        if (knows) from = corner(&packet->to, request.change);
        if (fixture->mute_other && same_ip_as(&from, OTHER)) return;
    } else if (!fixture->ignores) {
        (void)stun_refuse_change(&request);
    }
    if (fixture->refuses && request.change_asked) (void)stun_refuse_change(&request);
    if (fixture->refuses && request.response_port) request.unknown[request.unknown_count++] = 0x27;
    if (knows && request.response_port) to.port = request.response_port;
    if (request.clock && !fixture->no_clock)
        response.wall_ms = WALL + fixture->now - START + (uint64_t)fixture->server_ahead_ms;
    size_t size = stun_encode_response(&request, &response, answer, sizeof answer);
    fly(fixture, &from, &to, answer, size);
}

/* --- The way --- */

static void arrive(struct fixture *fixture, const struct packet *packet) {
    uint16_t socket;
    if (same_ip_as(&packet->to, FIRST) || same_ip_as(&packet->to, OTHER) || same_ip_as(&packet->to, SECOND)) {
        serve(fixture, packet);
        return;
    }
    assert_true(address_same_ip(&packet->to, &fixture->nat.outside));
    if (address_same_ip(&packet->from, &packet->to) && !fixture->hairpins) return;
    if (!nat_admits(&fixture->nat, &packet->from, packet->to.port, fixture->now, &socket)) return;
    if (examination_receive(&fixture->examination, socket, &packet->from, packet->data, packet->size, fixture->now,
                            WALL + fixture->now - START))
        return;
    (void)lifetime_receive(&fixture->lifetime, socket, &packet->from, packet->data, packet->size, fixture->now);
}

static void send_out(struct fixture *fixture, uint16_t socket, const struct address *to, const uint8_t *data,
                     size_t size) {
    struct address from = nat_send(&fixture->nat, socket, to, fixture->now);
    fixture->sent++;
    fly(fixture, &from, to, data, size);
}

static void tick(struct fixture *fixture) {
    uint8_t packet[STUN_REQUEST_MAX];
    struct address to;
    uint16_t socket;
    size_t size;
    while ((size = examination_tick(&fixture->examination, fixture->now, &socket, &to, packet)) > 0)
        send_out(fixture, socket, &to, packet, size);
    while ((size = lifetime_tick(&fixture->lifetime, fixture->now, &socket, &to, packet)) > 0)
        send_out(fixture, socket, &to, packet, size);
}

static uint64_t next_time(const struct fixture *fixture) {
    uint64_t examination = examination_due(&fixture->examination), lifetime = lifetime_due(&fixture->lifetime);
    uint64_t next = examination < lifetime ? examination : lifetime;
    if (next == UINT64_MAX) return next;
    for (size_t i = 0; i < FLYING_MAX; i++)
        if (fixture->flying[i].arrives != 0 && fixture->flying[i].arrives < next) next = fixture->flying[i].arrives;
    return next < fixture->now ? fixture->now : next;
}

static void run(struct fixture *fixture) {
    uint64_t next;
    unsigned still = 0;
    tick(fixture);
    while ((next = next_time(fixture)) != UINT64_MAX) {
        still = next == fixture->now ? still + 1 : 0;
        assert_true(still < 1000); /* it spins */
        fixture->now = next;
        for (size_t i = 0; i < FLYING_MAX; i++) {
            struct packet packet = fixture->flying[i];
            if (packet.arrives == 0 || packet.arrives > next) continue;
            fixture->flying[i].arrives = 0;
            arrive(fixture, &packet);
        }
        tick(fixture);
    }
}

static void begin(struct fixture *fixture, enum nat_kind kind) {
    const struct address outside = parsed("198.51.100.7:40000");
    fixture->now = START;
    nat_init(&fixture->nat, kind, &outside);
}

static struct verdict examine_at(struct fixture *fixture, const char *const *servers, size_t count) {
    struct address addresses[4], local = fixture->nat.outside;
    if (fixture->nat.kind != NAT_NONE) local = parsed("192.168.1.2:40000");
    for (size_t i = 0; i < count; i++) addresses[i] = parsed(servers[i]);
    examination_start(&fixture->examination, addresses, count, &local, fixture->now);
    run(fixture);
    examination_findings(&fixture->examination, &fixture->findings);
    struct verdict verdict = verdict_of(verdict_kind(&fixture->findings), false);
    trace_line(fixture->now, "doctor", "finds %s", verdict.kind);
    return verdict;
}

static const char *const servers[] = {FIRST, SECOND};

/* --- Tests --- */

static const struct {
    enum nat_kind nat;
    const char *kind, *kind_by_two_servers;
    enum behaviour mapping, filtering, filtering_by_two_servers;
    int status;
} nats[] = {
    {NAT_NONE, "open", "open", BEHAVIOUR_INDEPENDENT, BEHAVIOUR_INDEPENDENT, BEHAVIOUR_INDEPENDENT,
     DOCTOR_STATUS_DIRECT},
    {NAT_FULL_CONE, "full-cone", "full-cone", BEHAVIOUR_INDEPENDENT, BEHAVIOUR_INDEPENDENT, BEHAVIOUR_INDEPENDENT,
     DOCTOR_STATUS_DIRECT},
    {NAT_RESTRICTED, "restricted", "restricted or port-restricted", BEHAVIOUR_INDEPENDENT, BEHAVIOUR_ADDRESS,
     BEHAVIOUR_DEPENDENT, DOCTOR_STATUS_DIRECT},
    {NAT_PORT_RESTRICTED, "port-restricted", "restricted or port-restricted", BEHAVIOUR_INDEPENDENT,
     BEHAVIOUR_ADDRESS_AND_PORT, BEHAVIOUR_DEPENDENT, DOCTOR_STATUS_HELPED},
    {NAT_SYMMETRIC, "symmetric", "symmetric", BEHAVIOUR_ADDRESS_AND_PORT, BEHAVIOUR_ADDRESS_AND_PORT, BEHAVIOUR_UNKNOWN,
     DOCTOR_STATUS_HELPED},
};
#define NATS (sizeof nats / sizeof *nats)

static void every_nat_is_named(void **state) {
    (void)state;
    for (size_t i = 0; i < NATS; i++) {
        struct fixture fixture = {.has_other = true};
        begin(&fixture, nats[i].nat);
        struct verdict verdict = examine_at(&fixture, servers, 1);
        assert_string_equal(verdict.kind, nats[i].kind);
        assert_int_equal(verdict.status, nats[i].status);
        assert_int_equal(fixture.findings.mapping, nats[i].mapping);
        assert_int_equal(fixture.findings.filtering, nats[i].filtering);
        assert_int_equal(fixture.findings.translated, nats[i].nat == NAT_NONE ? ANSWER_NO : ANSWER_YES);
        assert_in_range(fixture.now - START, 0, 5000);
        assert_in_range(fixture.sent, 1, 40);
    }
}

static void every_nat_is_named_in_spite_of_loss(void **state) {
    (void)state;
    unsigned wrong = 0;
    for (int round = 0; round < 40; round++)
        for (size_t i = 0; i < NATS; i++) {
            struct fixture fixture = {.has_other = true, .loss_percent = 10};
            begin(&fixture, nats[i].nat);
            wrong += strcmp(examine_at(&fixture, servers, 1).kind, nats[i].kind) != 0;
        }
    /* A question is lost for good in 13 of 10,000 cases; five of them decide. */
    assert_in_range(wrong, 0, 6);
}

static void half_of_all_lost_is_no_other_nat(void **state) {
    (void)state;
    unsigned wrong = 0;
    for (int round = 0; round < 40; round++)
        for (size_t i = 0; i < NATS; i++) {
            struct fixture fixture = {.has_other = true, .loss_percent = 30};
            begin(&fixture, nats[i].nat);
            wrong += strcmp(examine_at(&fixture, servers, 1).kind, nats[i].kind) != 0;
            assert_in_range(fixture.now - START, 0, 30000);
        }
    assert_in_range(wrong, 0, 9); /* two of 200 are to be expected: all pings arrived, or none, by chance */
}

static void two_servers_tell_nearly_as_much(void **state) {
    (void)state;
    for (size_t i = 0; i < NATS; i++) {
        struct fixture fixture = {.has_other = false};
        begin(&fixture, nats[i].nat);
        assert_string_equal(examine_at(&fixture, servers, 2).kind, nats[i].kind_by_two_servers);
        assert_int_equal(fixture.findings.filtering, nats[i].filtering_by_two_servers);
        if (nats[i].nat == NAT_SYMMETRIC) assert_int_equal(fixture.findings.mapping, BEHAVIOUR_DEPENDENT);
    }
}

/* The first one and its NAT have two addresses each, of which a client learns one. */
static void a_server_behind_a_nat_tells_nearly_as_much(void **state) {
    static const struct {
        const char *kind, *kind_if_mute;
        int status, status_if_mute;
    } expected[NATS] = {
        {"open", "open, or a firewall", DOCTOR_STATUS_DIRECT, DOCTOR_STATUS_DIRECT},
        {"full-cone", "full-cone or restricted", DOCTOR_STATUS_DIRECT, DOCTOR_STATUS_DIRECT},
        {"full-cone or restricted", "full-cone or restricted", DOCTOR_STATUS_DIRECT, DOCTOR_STATUS_DIRECT},
        {"port-restricted", "port-restricted", DOCTOR_STATUS_HELPED, DOCTOR_STATUS_HELPED},
        {"symmetric", "symmetric", DOCTOR_STATUS_HELPED, DOCTOR_STATUS_HELPED},
    };
    (void)state;
    for (size_t i = 0; i < NATS; i++)
        for (int mute = 0; mute < 2; mute++) {
            struct fixture fixture = {.has_other = true, .behind_nat = true, .mute_other = mute};
            begin(&fixture, nats[i].nat);
            struct verdict verdict = examine_at(&fixture, servers, 1);
            assert_string_equal(verdict.kind, mute ? expected[i].kind_if_mute : expected[i].kind);
            assert_int_equal(verdict.status, mute ? expected[i].status_if_mute : expected[i].status);
            bool shows = !mute && i < 2; /* lets in what comes from anywhere */
            assert_int_equal(fixture.findings.hidden.port, shows ? 0 : 9596);
            assert_in_range(fixture.sent, 1, 44);
        }
}

/* Nor does it take what the other port cannot tell for an answer. */
static void a_second_server_helps_one_behind_a_nat(void **state) {
    (void)state;
    for (size_t i = 0; i < NATS; i++) {
        struct fixture fixture = {.has_other = true, .behind_nat = true, .mute_other = true};
        begin(&fixture, nats[i].nat);
        (void)examine_at(&fixture, servers, 2);
        assert_int_equal(fixture.findings.mapping, nats[i].mapping);
    }
}

static void one_address_says_what_it_cannot_tell(void **state) {
    (void)state;
    for (size_t i = 0; i < NATS; i++) {
        struct fixture fixture = {.has_other = false};
        begin(&fixture, nats[i].nat);
        struct verdict verdict = examine_at(&fixture, servers, 1);
        assert_string_equal(verdict.kind, nats[i].nat == NAT_NONE ? "no NAT" : "unknown");
        assert_int_equal(verdict.status, DOCTOR_STATUS_UNSURE);
        assert_int_equal(fixture.findings.filtering, BEHAVIOUR_UNKNOWN);
    }
}

/* A server that does not do what it is asked tells nothing, and nothing wrong. */
static void servers_that_do_not_help(void **state) {
    (void)state;
    for (int refuses = 0; refuses < 2; refuses++) {
        for (size_t count = 1; count <= 2; count++) {
            struct fixture fixture = {.has_other = count == 1, .refuses = refuses, .ignores = !refuses};
            begin(&fixture, NAT_PORT_RESTRICTED);
            struct verdict verdict = examine_at(&fixture, servers, count);
            assert_int_equal(fixture.findings.mapping, BEHAVIOUR_INDEPENDENT);
            assert_int_equal(fixture.findings.filtering, BEHAVIOUR_UNKNOWN);
            assert_string_equal(verdict.kind, "cone");
            assert_int_equal(verdict.status, DOCTOR_STATUS_UNSURE);
        }
    }
}

static void silence(void **state) {
    (void)state;
    struct fixture fixture = {.silent_first = true, .silent_second = true};
    begin(&fixture, NAT_FULL_CONE);
    struct verdict verdict = examine_at(&fixture, servers, 2);
    assert_string_equal(verdict.kind, "blocked");
    assert_int_equal(verdict.status, DOCTOR_STATUS_BLOCKED);
    assert_int_equal(fixture.sent, 4 * EXAMINATION_PINGS);
    assert_int_equal(fixture.findings.mapped.port, 0);
    fixture = (struct fixture){.silent_first = true};
    begin(&fixture, NAT_FULL_CONE);
    (void)examine_at(&fixture, servers, 2);
    assert_int_equal(fixture.findings.answered, EXAMINATION_PINGS);
    assert_true(same_ip_as(&fixture.findings.server, SECOND));
    fixture = (struct fixture){.silent_second = true};
    begin(&fixture, NAT_FULL_CONE);
    assert_string_equal(examine_at(&fixture, servers, 2).kind, "unknown");
    fixture = (struct fixture){.has_other = false};
    begin(&fixture, NAT_FULL_CONE);
    assert_string_equal(examine_at(&fixture, servers, 0).kind, "blocked");
    assert_false(fixture.findings.present);
    assert_int_equal(fixture.sent, 0);
}

static void hairpins(void **state) {
    (void)state;
    for (int hairpins = 0; hairpins < 2; hairpins++) {
        struct fixture fixture = {.has_other = true, .hairpins = hairpins};
        begin(&fixture, NAT_PORT_RESTRICTED);
        (void)examine_at(&fixture, servers, 1);
        assert_int_equal(fixture.findings.hairpinning, hairpins ? ANSWER_YES : ANSWER_NO);
    }
    struct fixture fixture = {.has_other = true};
    begin(&fixture, NAT_NONE);
    (void)examine_at(&fixture, servers, 1);
    assert_int_equal(fixture.findings.hairpinning, ANSWER_UNKNOWN);
}

static void clocks(void **state) {
    (void)state;
    static const int64_t ahead[] = {0, 12345, -98765432};
    for (size_t i = 0; i < 3; i++) {
        struct fixture fixture = {.server_ahead_ms = ahead[i]};
        begin(&fixture, NAT_FULL_CONE);
        (void)examine_at(&fixture, servers, 1);
        assert_true(fixture.findings.clock_known);
        assert_in_range(fixture.findings.clock_error_ms, DELAY_MS, DELAY_MS + 1);
        int64_t off = fixture.findings.clock_offset_ms - ahead[i];
        assert_true(off >= -1 && off <= 1); /* as long there as back */
        assert_int_equal(fixture.findings.rtt_best_ms, 2 * DELAY_MS);
        assert_int_equal(fixture.findings.rtt_worst_ms, 2 * DELAY_MS);
    }
    struct fixture fixture = {.no_clock = true};
    begin(&fixture, NAT_FULL_CONE);
    (void)examine_at(&fixture, servers, 1);
    assert_false(fixture.findings.clock_known);
}

/* --- The lifetime: the NAT here remembers for 30 s --- */

static void measure(struct fixture *fixture, enum nat_kind kind) {
    const struct address server = parsed(FIRST);
    begin(fixture, kind);
    lifetime_start(&fixture->lifetime, &server, fixture->now);
    run(fixture);
}

static void a_mapping_lives_as_long_as_it_does(void **state) {
    (void)state;
    static const enum nat_kind kinds[] = {NAT_FULL_CONE, NAT_PORT_RESTRICTED, NAT_SYMMETRIC};
    for (size_t i = 0; i < 3; i++) {
        struct fixture fixture = {.has_other = false};
        measure(&fixture, kinds[i]);
        assert_int_equal(fixture.lifetime.alive_s, 25);
        assert_int_equal(fixture.lifetime.dead_s, 30);
        assert_in_range(fixture.now - START, 35000, 40000);
    }
}

static void no_nat_forgets_nothing(void **state) {
    (void)state;
    struct fixture fixture = {.loss_percent = 10};
    measure(&fixture, NAT_NONE);
    assert_int_equal(fixture.lifetime.alive_s, LIFETIME_MOST_S);
    assert_int_equal(fixture.lifetime.dead_s, 0);
    assert_in_range(fixture.now - START, 600000, 605000);
}

static void no_help_no_lifetime(void **state) {
    (void)state;
    for (int refuses = 0; refuses < 2; refuses++) {
        struct fixture fixture = {.refuses = refuses, .ignores = !refuses};
        measure(&fixture, NAT_FULL_CONE);
        assert_true(fixture.lifetime.refused);
        assert_false(lifetime_known(&fixture.lifetime));
        assert_true(lifetime_due(&fixture.lifetime) == UINT64_MAX);
    }
    struct fixture fixture = {.silent_first = true};
    measure(&fixture, NAT_FULL_CONE);
    assert_false(lifetime_known(&fixture.lifetime));
}

/* Other packets are lost in each run, but for one that is to be repeated. */
static int setup(void **state) {
    (void)state;
    trace_test();
    if (!getenv("WORLD_SEED")) return 0;
    if (!repeatable_begin()) return -1;
    (void)repeatable_seed(1);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_nat_is_named, setup),
        cmocka_unit_test_setup(every_nat_is_named_in_spite_of_loss, setup),
        cmocka_unit_test_setup(half_of_all_lost_is_no_other_nat, setup),
        cmocka_unit_test_setup(two_servers_tell_nearly_as_much, setup),
        cmocka_unit_test_setup(a_server_behind_a_nat_tells_nearly_as_much, setup),
        cmocka_unit_test_setup(a_second_server_helps_one_behind_a_nat, setup),
        cmocka_unit_test_setup(one_address_says_what_it_cannot_tell, setup),
        cmocka_unit_test_setup(servers_that_do_not_help, setup),
        cmocka_unit_test_setup(silence, setup),
        cmocka_unit_test_setup(hairpins, setup),
        cmocka_unit_test_setup(clocks, setup),
        cmocka_unit_test_setup(a_mapping_lives_as_long_as_it_does, setup),
        cmocka_unit_test_setup(no_nat_forgets_nothing, setup),
        cmocka_unit_test_setup(no_help_no_lifetime, setup),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
