#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <jansson.h>

#include "client/command_line/command_line.h"
#include "client/doctor/report.h"

static struct address parsed(const char *text) {
    struct address address;
    assert_true(address_parse(text, 0, &address));
    return address;
}

/* Behind a port-restricted NAT, with a clock that is right. */
static struct findings home(void) {
    return (struct findings){.present = true,
                             .server = parsed("203.0.113.10:9595"),
                             .asked = 5,
                             .answered = 5,
                             .rtt_best_ms = 12,
                             .rtt_worst_ms = 15,
                             .other_address = true,
                             .local = parsed("192.168.1.2:40312"),
                             .mapped = parsed("198.51.100.7:40312"),
                             .translated = ANSWER_YES,
                             .mapping = BEHAVIOUR_INDEPENDENT,
                             .filtering = BEHAVIOUR_ADDRESS_AND_PORT,
                             .hairpinning = ANSWER_NO,
                             .clock_known = true,
                             .clock_offset_ms = -3,
                             .clock_error_ms = 7};
}

static struct diagnosis concluded(const struct findings *ipv4, const struct findings *ipv6) {
    struct diagnosis diagnosis = {.bootnodes = "boot.example:9595"};
    if (ipv4) diagnosis.ipv4 = *ipv4;
    if (ipv6) diagnosis.ipv6 = *ipv6;
    diagnosis_conclude(&diagnosis);
    return diagnosis;
}

/* The caller frees it. */
static char *told(const struct diagnosis *diagnosis, void (*report)(const struct diagnosis *, FILE *)) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    report(diagnosis, out);
    fclose(out);
    return text;
}

static void assert_page(const struct diagnosis *diagnosis, const char *expected) {
    char *page = told(diagnosis, report_to_people);
    assert_string_equal(page, expected);
    free(page);
}

static void assert_page_has(const struct diagnosis *diagnosis, const char *line) {
    char *page = told(diagnosis, report_to_people);
    if (!strstr(page, line)) fail_msg("no '%s' in:\n%s", line, page);
    free(page);
}

static void a_page(void **state) {
    (void)state;
    struct findings ipv4 = home();
    struct diagnosis diagnosis = concluded(&ipv4, NULL);
    assert_page(&diagnosis, "IPv4           203.0.113.10:9595, 5 of 5 answered, 12 to 15 ms\n"
                            "Address        198.51.100.7:40312, here 192.168.1.2:40312\n"
                            "NAT            port-restricted\n"
                            "Mapping        endpoint-independent\n"
                            "Filtering      address and port-dependent\n"
                            "Hairpinning    no\n"
                            "IPv6           none of the bootnode\n"
                            "Clock          as the bootnode's, within 10 ms\n"
                            "\n"
                            "Direct with everyone but those behind symmetric NATs; those are reached by\n"
                            "probing or through a relay.\n");
    assert_int_equal(diagnosis.verdict.status, DOCTOR_STATUS_HELPED);
}

static void the_clock(void **state) {
    (void)state;
    struct findings ipv4 = home();
    ipv4.clock_offset_ms = 12345;
    struct diagnosis diagnosis = concluded(&ipv4, NULL);
    assert_page_has(&diagnosis, "12.3 s behind the bootnode's");
    diagnosis.ipv4.clock_offset_ms = -3600000;
    assert_page_has(&diagnosis, "3600.0 s ahead of the bootnode's");
    diagnosis.ipv4.clock_offset_ms = 5007; /* 5 s and what it may be wrong by */
    assert_page_has(&diagnosis, "as the bootnode's, within 5014 ms");
    diagnosis.ipv4.clock_known = false;
    assert_page_has(&diagnosis, "Clock          cannot tell");
    diagnosis.ipv6 = home();
    assert_page_has(&diagnosis, "Clock          as the bootnode's");
}

static void the_lifetime(void **state) {
    (void)state;
    struct findings ipv4 = home();
    struct diagnosis diagnosis = concluded(&ipv4, NULL);
    struct lifetime lifetime = {.started = true, .alive_s = 25, .dead_s = 30};
    diagnosis.lifetime = &lifetime;
    assert_page_has(&diagnosis, "Mapping lives  25 to 30 s\n");
    lifetime.dead_s = 0;
    assert_page_has(&diagnosis, "Mapping lives  25 s or longer\n");
    lifetime.refused = true;
    assert_page_has(&diagnosis, "Mapping lives  cannot tell");
}

static void what_is_in_between(void **state) {
    (void)state;
    struct findings ipv4 = home(), ipv6 = home();
    assert_false(concluded(&ipv4, NULL).carrier_grade);
    assert_false(concluded(&ipv4, &ipv6).nat64);
    ipv4.local = parsed("100.64.1.2:5");
    struct diagnosis diagnosis = concluded(&ipv4, NULL);
    assert_true(diagnosis.carrier_grade);
    assert_page_has(&diagnosis, "Note           the provider's NAT");
    ipv4.local = parsed("100.128.1.2:5");
    assert_false(concluded(&ipv4, NULL).carrier_grade);
    ipv6.server = parsed("[64:ff9b::203.0.113.10]:9595");
    diagnosis = concluded(NULL, &ipv6);
    assert_true(diagnosis.nat64);
    assert_page_has(&diagnosis, "NAT64");
    ipv4.local = parsed("192.0.0.1:5");
    assert_true(concluded(&ipv4, NULL).nat64);
    ipv4.local = parsed("192.0.0.8:5");
    assert_false(concluded(&ipv4, NULL).nat64);
}

static void a_router_that_opens_ports(void **state) {
    (void)state;
    struct findings ipv4 = home();
    struct diagnosis diagnosis = concluded(&ipv4, NULL);
    assert_int_equal(diagnosis.verdict.status, DOCTOR_STATUS_HELPED);
    diagnosis.gateway = (struct gateway_findings){.asked = true};
    diagnosis_conclude(&diagnosis);
    assert_page_has(&diagnosis, "Port mapping   the router answers neither NAT-PMP nor UPnP\n");
    diagnosis.gateway.upnp = true;
    assert_int_equal(inet_pton(AF_INET, "198.51.100.7", &diagnosis.gateway.external), 1);
    diagnosis_conclude(&diagnosis);
    assert_int_equal(diagnosis.verdict.status, DOCTOR_STATUS_DIRECT);
    assert_page_has(&diagnosis, "Port mapping   UPnP, the router is 198.51.100.7\n");
    diagnosis.gateway.natpmp = true;
    assert_int_equal(inet_pton(AF_INET, "100.70.0.1", &diagnosis.gateway.external), 1);
    diagnosis_conclude(&diagnosis);
    assert_int_equal(diagnosis.verdict.status, DOCTOR_STATUS_HELPED);
    assert_true(diagnosis.carrier_grade);
    assert_page_has(&diagnosis, "Port mapping   NAT-PMP and UPnP, the router is 100.70.0.1: another NAT follows\n");
}

static void ipv4_decides_where_it_works(void **state) {
    (void)state;
    struct findings ipv4 = home(), ipv6 = home();
    ipv6.translated = ANSWER_NO;
    ipv6.filtering = BEHAVIOUR_INDEPENDENT;
    assert_string_equal(concluded(&ipv4, &ipv6).verdict.kind, "port-restricted");
    ipv4.answered = 0;
    assert_string_equal(concluded(&ipv4, &ipv6).verdict.kind, "open");
    assert_string_equal(concluded(&ipv4, NULL).verdict.kind, "blocked");
    assert_int_equal(concluded(NULL, NULL).verdict.status, DOCTOR_STATUS_BLOCKED);
}

static void both_families_are_told(void **state) {
    (void)state;
    struct findings ipv4 = home(), ipv6 = home();
    ipv6.server = parsed("[2001:db8::10]:9595");
    ipv6.local = ipv6.mapped = parsed("[2001:db8::21]:40312");
    ipv6.translated = ANSWER_NO;
    ipv6.filtering = BEHAVIOUR_INDEPENDENT;
    struct diagnosis diagnosis = concluded(&ipv4, &ipv6);
    diagnosis.offered = (struct candidate_list){
        .count = 3, .items = {parsed("192.168.1.2:40312"), parsed("[2001:db8::21]:40312"), parsed("172.17.0.1:40312")}};
    assert_page(&diagnosis, "IPv4           203.0.113.10:9595, 5 of 5 answered, 12 to 15 ms\n"
                            "Address        198.51.100.7:40312, here 192.168.1.2:40312\n"
                            "NAT            port-restricted\n"
                            "Mapping        endpoint-independent\n"
                            "Filtering      address and port-dependent\n"
                            "Hairpinning    no\n"
                            "Also offered   192.168.1.2:40312\n"
                            "               172.17.0.1:40312\n"
                            "IPv6           [2001:db8::10]:9595, 5 of 5 answered, 12 to 15 ms\n"
                            "Address        [2001:db8::21]:40312\n"
                            "NAT            open\n"
                            "Mapping        none\n"
                            "Filtering      none\n"
                            "Also offered   [2001:db8::21]:40312\n"
                            "Clock          as the bootnode's, within 10 ms\n"
                            "\n"
                            "IPv4: Direct with everyone but those behind symmetric NATs; those are reached\n"
                            "by probing or through a relay.\n"
                            "IPv6: Everyone can reach you directly.\n");
    char *text = told(&diagnosis, report_to_programs), *first = NULL, *second = NULL;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    int status_ipv4 = 0, status_ipv6 = 0;
    assert_int_equal(json_unpack(object, "{s:{s:i},s:{s:i},s:[s,s,s]}", "ipv4", "status", &status_ipv4, "ipv6",
                                 "status", &status_ipv6, "offered", &first, &second, &(char *){NULL}),
                     0);
    assert_int_equal(status_ipv4, DOCTOR_STATUS_HELPED);
    assert_int_equal(status_ipv6, DOCTOR_STATUS_DIRECT);
    assert_string_equal(second, "[2001:db8::21]:40312");
    json_decref(object);
    free(text);
}

/* One family of the name does not answer, or we lack it. */
static void which_family_is_missing(void **state) {
    (void)state;
    struct findings ipv4 = home(), ipv6 = {.named = true, .server = parsed("[2001:db8::10]:9595")};
    struct diagnosis diagnosis = concluded(&ipv4, &ipv6);
    assert_page_has(&diagnosis, "IPv6           none here; the bootnode has [2001:db8::10]:9595\n");
    ipv6.present = true;
    ipv6.asked = 10;
    diagnosis = concluded(&ipv4, &ipv6);
    assert_page_has(&diagnosis, "IPv6           no answer from [2001:db8::10]:9595, asked 10 times\n");
    assert_page_has(&diagnosis, "\nDirect with everyone but");
}

static void a_second_address_that_is_private(void **state) {
    (void)state;
    struct findings ipv4 = home();
    ipv4.hidden = parsed("172.31.0.6:9596");
    ipv4.mapping = BEHAVIOUR_NOT_PORT;
    struct diagnosis diagnosis = concluded(&ipv4, NULL);
    assert_string_equal(diagnosis.verdict.kind, "port-restricted");
    assert_page_has(&diagnosis, "Mapping        not port-dependent; address-dependent: cannot tell\n");
    assert_page_has(&diagnosis, "Note           the bootnode's second address, 172.31.0.6:9596, is none\n");
    ipv4.filtering = BEHAVIOUR_NOT_PORT;
    assert_int_equal(concluded(&ipv4, NULL).verdict.status, DOCTOR_STATUS_DIRECT);
    ipv4.mapping = BEHAVIOUR_ADDRESS_AND_PORT;
    assert_string_equal(concluded(&ipv4, NULL).verdict.kind, "symmetric");
}

static void what_hides_its_clients(void **state) {
    (void)state;
    static const struct {
        const char *server, *mapped;
        bool near, hidden;
    } cases[] = {
        {"203.0.113.10:9595", "172.17.0.1:40312", false, true},
        {"203.0.113.10:9595", "10.9.8.7:40312", false, true},
        {"203.0.113.10:9595", "192.168.1.1:40312", true, false}, /* our own router, at its own public address */
        {"203.0.113.10:9595", "100.64.1.2:40312", false, false},
        {"203.0.113.10:9595", "198.51.100.7:40312", false, false},
        {"192.168.1.9:9595", "172.17.0.1:40312", false, true},
        {"192.168.1.9:9595", "172.20.0.1:40312", false, true},
        {"192.168.1.9:9595", "172.32.0.1:40312", false, false}, /* public */
        {"192.168.1.9:9595", "172.20.1.1:40312", false, false}, /* a NAT within a company */
        {"192.168.1.9:9595", "10.88.0.1:40312", false, true},
        {"192.168.1.9:9595", "10.0.2.100:40312", false, true},
        {"192.168.1.9:9595", "10.1.0.1:40312", false, false},
        {"[2001:db8::10]:9595", "172.17.0.1:40312", false, true},
        {"[2001:db8::10]:9595", "[fd00::1]:40312", false, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct findings ipv4 = home();
        ipv4.server = parsed(cases[i].server);
        ipv4.mapped = parsed(cases[i].mapped);
        ipv4.near = cases[i].near;
        struct diagnosis diagnosis = concluded(&ipv4, NULL);
        if (diagnosis.hidden != cases[i].hidden) fail_msg("%s at %s", cases[i].mapped, cases[i].server);
        if (!cases[i].hidden) continue;
        assert_page_has(&diagnosis, cases[i].mapped);
        assert_page_has(&diagnosis, "a private address\n");
        assert_page_has(&diagnosis, "userland-proxy");
        assert_int_equal(diagnosis.verdict.status, DOCTOR_STATUS_HELPED);
    }
}

/* Asked with HELLO, and answered by a node that names these two homes. */
static struct greeting answered_by(const char *address, uint8_t node, const struct named_homes *named) {
    struct greeting greeting = {
        .state = GREETING_ANSWERED, .to = parsed(address), .answered = true, .cookie = {.homes = *named}, .rtt_ms = 12};
    greeting.cookie.homes.node = node;
    return greeting;
}

/* An entry names nodes 1 and 3, homes, and 2, next in rank; all answer. */
static struct homes_examination a_cluster(void) {
    const struct named_homes named = {.replicas = 2, .count = 3, .list = {{.node = 1}, {.node = 3}, {.node = 2}}};
    struct homes_examination homes = {.name = "boot.example:9595",
                                      .bucket = 517,
                                      .entry_count = 1,
                                      .entries = {answered_by("203.0.113.10:9595", 4, &named)},
                                      .node_count = 3};
    for (size_t i = 0; i < homes.node_count; i++) {
        struct homes_node *node = &homes.nodes[i];
        *node = (struct homes_node){.node = named.list[i].node, .home = i < 2, .place_count = 1};
        node->places[0].greeting = answered_by("203.0.113.21:9595", node->node, &named);
        node->places[0].greeting.to.ip[15] = (uint8_t)(20 + node->node);
    }
    return homes;
}

static void mute(struct homes_node *node) {
    node->places[0].greeting.state = GREETING_SILENT;
    node->places[0].greeting.answered = false;
}

static struct diagnosis of_clusters(const struct homes_examination *homes, size_t count) {
    struct findings ipv4 = home();
    struct diagnosis diagnosis = concluded(&ipv4, NULL);
    diagnosis.homes = homes;
    diagnosis.homes_count = count;
    diagnosis_conclude(&diagnosis);
    return diagnosis;
}

static void a_page_of_a_cluster(void **state) {
    (void)state;
    struct homes_examination homes = a_cluster();
    mute(&homes.nodes[1]);
    struct diagnosis diagnosis = of_clusters(&homes, 1);
    assert_page_has(&diagnosis, "Clock          as the bootnode's, within 10 ms\n"
                                "Cluster        boot.example:9595\n"
                                "Bucket         517, that of the room\n"
                                "Entry          203.0.113.10:9595, node 4, 12 ms\n"
                                "Home           node 1, 203.0.113.21:9595, 12 ms\n"
                                "               node 3, 203.0.113.23:9595, no answer\n"
                                "Next in rank   node 2, 203.0.113.22:9595, 12 ms\n"
                                "\n"
                                "Direct with everyone but those behind symmetric NATs; those are reached by\n"
                                "probing or through a relay.\n"
                                "Cluster: One home alone answers from here.");
    assert_int_equal(diagnosis.verdict.status, DOCTOR_STATUS_HELPED);
    diagnosis.bucket_is_drawn = true;
    assert_page_has(&diagnosis, "\nBucket         517, drawn at random; --room asks for that of a room\n");
}

/* In no cluster both are, byte for byte, what they are where nobody said HELLO. */
static void no_cluster_is_not_told(void **state) {
    (void)state;
    struct findings ipv4 = home();
    struct homes_examination alone = {.name = "boot.example:9595", .entry_count = 1};
    alone.entries[0] = answered_by("203.0.113.10:9595", 0, &(struct named_homes){.replicas = 0});
    struct diagnosis with = of_clusters(&alone, 1), without = concluded(&ipv4, NULL);
    char *page = told(&without, report_to_people), *object = told(&without, report_to_programs);
    char *other_page = told(&with, report_to_people), *other_object = told(&with, report_to_programs);
    assert_string_equal(page, other_page);
    assert_string_equal(object, other_object);
    free(page);
    free(object);
    free(other_page);
    free(other_object);
}

static void every_health_has_its_words(void **state) {
    (void)state;
    struct homes_examination homes = a_cluster();
    struct homes_place *place = &homes.nodes[1].places[0];
    const struct homes_place sound = *place;
    struct diagnosis diagnosis = of_clusters(&homes, 1);
    place->greeting.cookie.homes.list[1].node = 2; /* not itself */
    assert_page_has(&diagnosis, ":9595, 12 ms, says it is none\n");
    assert_page_has(&diagnosis, "\nNote           not all nodes name the same homes: ");
    *place = sound;
    place->greeting.state = GREETING_REFUSED;
    place->greeting.answered = false;
    place->greeting.refusal = REFUSAL_DRAINING;
    assert_page_has(&diagnosis, ":9595, the bootnode is shutting down\n");
    *place = sound;
    place->greeting.cookie.homes.replicas = 0;
    assert_page_has(&diagnosis, ":9595, in no cluster\n");
    *place = sound;
    place->greeting.cookie.homes.node = 77;
    assert_page_has(&diagnosis, ":9595, is node 77\n");
    *place = sound;
    place->greeting.cookie.bootnode_public[31] ^= 1;
    assert_page_has(&diagnosis, ":9595, not the entry's key\n");
    assert_page_has(&diagnosis, "\nNote           not all nodes show the same key: ");
    *place = sound;
    place->asked = HOMES_HAVE_NO_WAY;
    assert_page_has(&diagnosis, ":9595, no way there from here\n");
    place->asked = HOMES_UNFIT;
    assert_page_has(&diagnosis, ":9595, an address that clients refuse\n");
}

/* One bootnode that works is enough; with none the status is that of no answer, though UDP gets through. */
static void without_any_home(void **state) {
    (void)state;
    struct homes_examination homes[2] = {a_cluster(), a_cluster()};
    bool udp = false;
    char *verdict = NULL, *name = NULL;
    int status = 0;
    for (size_t i = 0; i < 3; i++) mute(&homes[0].nodes[i]);
    struct diagnosis diagnosis = of_clusters(homes, 2);
    assert_false(diagnosis.homeless);
    assert_int_equal(diagnosis.verdict.status, DOCTOR_STATUS_HELPED);
    assert_page_has(&diagnosis, "\nCluster boot.example:9595: All homes answer.");
    mute(&homes[1].nodes[0]);
    mute(&homes[1].nodes[1]);
    diagnosis = of_clusters(homes, 2);
    assert_false(diagnosis.homeless); /* one next in rank takes their place */
    homes[1].entries[0].answered = false;
    diagnosis = of_clusters(homes, 2);
    assert_true(diagnosis.homeless);
    assert_page_has(&diagnosis, "\nClock  ");
    assert_page_has(&diagnosis,
                    "\nprobing or through a relay.\nCluster boot.example:9595: The bootnode answers, but none");
    char *text = told(&diagnosis, report_to_programs);
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(json_unpack(object, "{s:b,s:s,s:i,s:[{s:s}!]}", "udp", &udp, "verdict", &verdict, "status",
                                 &status, "cluster", "bootnode", &name),
                     0);
    assert_true(udp);
    assert_int_equal(status, DOCTOR_STATUS_BLOCKED);
    assert_string_equal(verdict, verdict_of_homes(HOMES_KIND_DEAD));
    json_decref(object);
    free(text);
}

static void an_object_of_a_cluster(void **state) {
    (void)state;
    struct homes_examination homes = a_cluster();
    struct diagnosis diagnosis = of_clusters(&homes, 1);
    mute(&homes.nodes[1]);
    char *text = told(&diagnosis, report_to_programs), *entry = NULL, *address = NULL, *first = NULL, *second = NULL;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    int bucket = 0, best = 0, other = 0, third = 0, home = 0, rtt = 0, answering = 0;
    assert_int_equal(
        json_unpack(object, "{s:[{s:i,s:[{s:s,s:[i,i]}],s:[{s:b,s:[{s:s,s:i,s:s}]},{s:i,s:[{s:s,s:n}]},{s:b}],s:i}!]}",
                    "cluster", "bucket", &bucket, "entries", "state", &entry, "names", &best, &other, "nodes", "home",
                    &home, "addresses", "address", &address, "rtt_ms", &rtt, "state", &first, "node", &third,
                    "addresses", "state", &second, "rtt_ms", "home", &(int){0}, "answering", &answering),
        0);
    assert_int_equal(bucket, 517);
    assert_int_equal(best, 1);
    assert_int_equal(other, 3);
    assert_int_equal(third, 3);
    assert_true(home);
    assert_string_equal(entry, "answers");
    assert_string_equal(address, "203.0.113.21:9595");
    assert_int_equal(rtt, 12);
    assert_string_equal(first, "answers");
    assert_string_equal(second, "silent");
    assert_int_equal(answering, 1);
    json_decref(object);
    free(text);
}

static void every_kind_of_cluster_has_its_sentence(void **state) {
    (void)state;
    assert_null(verdict_of_homes(HOMES_KIND_NONE));
    for (enum homes_kind kind = HOMES_KIND_NONE + 1; kind < HOMES_KIND_COUNT; kind++) {
        const char *sentence = verdict_of_homes(kind);
        assert_non_null(sentence);
        assert_int_equal(sentence[strlen(sentence) - 1], '.');
    }
}

static void every_kind_has_its_sentence(void **state) {
    (void)state;
    for (enum nat_kind_named kind = 0; kind < KIND_COUNT; kind++) {
        struct verdict verdict = verdict_of(kind, false), mapped = verdict_of(kind, true);
        assert_non_null(verdict.kind);
        assert_int_equal(verdict.sentence[strlen(verdict.sentence) - 1], '.');
        assert_int_equal(strstr(verdict.sentence, "annot tell") != NULL, verdict.status == DOCTOR_STATUS_UNSURE);
        assert_int_equal(mapped.status, kind == KIND_BLOCKED ? DOCTOR_STATUS_BLOCKED : DOCTOR_STATUS_DIRECT);
    }
}

static void every_combination_has_its_kind(void **state) {
    (void)state;
    for (enum answer translated = ANSWER_UNKNOWN; translated <= ANSWER_YES; translated++)
        for (enum behaviour mapping = BEHAVIOUR_UNKNOWN; mapping <= BEHAVIOUR_NOT_PORT; mapping++)
            for (enum behaviour filtering = BEHAVIOUR_UNKNOWN; filtering <= BEHAVIOUR_NOT_PORT; filtering++) {
                struct findings findings = home();
                findings.translated = translated;
                findings.mapping = mapping;
                findings.filtering = filtering;
                struct diagnosis diagnosis = concluded(&findings, &findings);
                assert_true(diagnosis.kind < KIND_BLOCKED);
                char *page = told(&diagnosis, report_to_people);
                for (char *line = strtok(page, "\n"); line; line = strtok(NULL, "\n"))
                    assert_in_range(strlen(line), 1, 80);
                free(page);
            }
}

static void an_object(void **state) {
    (void)state;
    struct findings ipv4 = home();
    struct lifetime lifetime = {.started = true, .alive_s = 600};
    struct diagnosis diagnosis = concluded(&ipv4, NULL);
    diagnosis.lifetime = &lifetime;
    char *text = told(&diagnosis, report_to_programs), *kind = NULL, *filtering = NULL;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    int alive = 0, status = 0, best = 0, offset = 0;
    assert_non_null(object);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    assert_int_equal(json_unpack(object, "{s:s,s:{s:s,s:{s:i},s:b},s:n,s:{s:i,s:n},s:{s:i},s:i}", "nat", &kind, "ipv4",
                                 "filtering", &filtering, "rtt_ms", "best", &best, "reachable", &(int){0}, "ipv6",
                                 "lifetime", "alive_s", &alive, "dead_s", "clock", "offset_ms", &offset, "status",
                                 &status),
                     0);
    assert_string_equal(kind, "port-restricted");
    assert_string_equal(filtering, "address-and-port-dependent");
    assert_int_equal(best, 12);
    assert_int_equal(alive, 600);
    assert_int_equal(offset, -3);
    assert_int_equal(status, 5);
    json_decref(object);
    free(text);
}

static enum command_line_result read_flags(struct client_config *out, char *const *flags) {
    char *arguments[16] = {"gochat", "--mode", "doctor"};
    int count = 3;
    while (*flags) arguments[count++] = *flags++;
    return command_line_read(count, arguments, out);
}
#define FLAGS(...) ((char *const[]){__VA_ARGS__, NULL})

static void flags_are_read(void **state) {
    (void)state;
    struct client_config options;
    assert_int_equal(read_flags(&options, FLAGS("--bootnode", "a.example:1", "--bootnode=b.example:2")),
                     COMMAND_LINE_RUN);
    assert_string_equal(options.bootnode, "a.example:1,b.example:2");
    assert_false(options.json || options.lifetime);
    assert_int_equal(read_flags(&options, FLAGS("--json", "--lifetime", "--bootnode", "a:1", "--port", "4000")),
                     COMMAND_LINE_RUN);
    assert_true(options.json && options.lifetime);
    assert_int_equal(options.port, 4000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page),
        cmocka_unit_test(the_clock),
        cmocka_unit_test(the_lifetime),
        cmocka_unit_test(what_is_in_between),
        cmocka_unit_test(a_router_that_opens_ports),
        cmocka_unit_test(ipv4_decides_where_it_works),
        cmocka_unit_test(both_families_are_told),
        cmocka_unit_test(which_family_is_missing),
        cmocka_unit_test(a_second_address_that_is_private),
        cmocka_unit_test(what_hides_its_clients),
        cmocka_unit_test(a_page_of_a_cluster),
        cmocka_unit_test(no_cluster_is_not_told),
        cmocka_unit_test(every_health_has_its_words),
        cmocka_unit_test(without_any_home),
        cmocka_unit_test(an_object_of_a_cluster),
        cmocka_unit_test(every_kind_of_cluster_has_its_sentence),
        cmocka_unit_test(every_kind_has_its_sentence),
        cmocka_unit_test(every_combination_has_its_kind),
        cmocka_unit_test(an_object),
        cmocka_unit_test(flags_are_read),
    };
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1); /* no settings of whoever runs the tests */
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("doctor_report", tests, NULL, NULL);
}
