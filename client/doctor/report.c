#include "client/doctor/report.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "client/rendezvous/registering.h"

#define WIDTH 79
#define CLOCK_WARN_MS 5000

/* --- For people --- */

#define LABEL 15 /* with the space behind it */

__attribute__((format(printf, 3, 4))) static void line(FILE *out, const char *label, const char *format, ...) {
    va_list arguments;
    fprintf(out, "%-*s", LABEL, label);
    va_start(arguments, format);
    vfprintf(out, format, arguments);
    va_end(arguments);
    fputc('\n', out);
}

static void wrapped(FILE *out, const char *start, const char *text) {
    size_t column = (size_t)fprintf(out, "%s", start);
    bool first = true;
    while (*text) {
        size_t word = strcspn(text, " ");
        if (column > 0 && column + 1 + word > WIDTH) {
            fputc('\n', out);
            column = 0;
        }
        column += (size_t)fprintf(out, "%s%.*s", column > 0 && !first ? " " : "", (int)word, text);
        first = false;
        text += word + (text[word] == ' ');
    }
    fputc('\n', out);
}

static const char *answer_name(enum answer answer) {
    static const char *const names[] = {[ANSWER_UNKNOWN] = "cannot tell", [ANSWER_NO] = "no", [ANSWER_YES] = "yes"};
    return names[answer];
}

static void say_reachable(const struct findings *findings, const char *label, FILE *out) {
    char server[ADDRESS_TEXT_SIZE];
    address_format(&findings->server, server);
    if (findings->answered == 0) {
        line(out, label, "no answer from %s, asked %u times", server, findings->asked);
        return;
    }
    line(out, label, "%s, %u of %u answered, %" PRIu64 " to %" PRIu64 " ms", server, findings->answered,
         findings->asked, findings->rtt_best_ms, findings->rtt_worst_ms);
}

static void say_absent(const struct findings *findings, const char *label, FILE *out) {
    char server[ADDRESS_TEXT_SIZE];
    if (findings->named)
        line(out, label, "none here; the bootnode has %s", address_format(&findings->server, server));
    else
        line(out, label, "none of the bootnode");
}

/* Addresses of this family, a line for each. */
static void say_offered(const struct candidate_list *offered, bool ipv4, FILE *out) {
    const char *label = "Also offered";
    char address[ADDRESS_TEXT_SIZE];
    for (uint8_t i = 0; i < offered->count; i++) {
        if (address_is_ipv4(&offered->items[i]) != ipv4) continue;
        line(out, label, "%s", address_format(&offered->items[i], address));
        label = "";
    }
}

static void say_address(const struct findings *findings, FILE *out) {
    char mapped[ADDRESS_TEXT_SIZE], local[ADDRESS_TEXT_SIZE];
    if (findings->translated == ANSWER_YES)
        line(out, "Address", "%s, here %s", address_format(&findings->mapped, mapped),
             address_format(&findings->local, local));
    else
        line(out, "Address", "%s", address_format(&findings->mapped, mapped));
}

static void say_family(const struct findings *findings, const char *label, enum nat_kind_named kind, FILE *out) {
    if (!findings->present) {
        say_absent(findings, label, out);
        return;
    }
    say_reachable(findings, label, out);
    if (findings->answered == 0) return;
    say_address(findings, out);
    line(out, "NAT", "%s", verdict_of(kind, false).kind);
    line(out, "Mapping", "%s", findings->translated == ANSWER_NO ? "none" : behaviour_name(findings->mapping));
    line(out, "Filtering", "%s",
         findings->filtering == BEHAVIOUR_INDEPENDENT && findings->translated == ANSWER_NO
             ? "none"
             : behaviour_name(findings->filtering));
    if (findings->translated == ANSWER_YES) line(out, "Hairpinning", "%s", answer_name(findings->hairpinning));
}

/* What of it could not be found out, and why. */
static void say_doubts(const struct findings *findings, FILE *out) {
    char address[ADDRESS_TEXT_SIZE];
    if (findings->hidden.port == 0) return;
    line(out, "Note", "the bootnode's second address, %s, is none", address_format(&findings->hidden, address));
    line(out, "", "that could be asked: what hangs on addresses alone is not known");
    line(out, "", "(public_address in the bootnode's settings would mend that)");
}

static void say_hidden(const struct findings *findings, FILE *out) {
    char address[ADDRESS_TEXT_SIZE];
    if (!verdict_is_hidden(findings)) return;
    line(out, "Note", "the bootnode sees you at %s, a private address", address_format(&findings->mapped, address));
    line(out, "", "that is not yours: something in front of it hides where its clients are");
}

/* --- A cluster's homes --- */

#define HEALTH_SIZE 128

static const char *health_text(const struct homes_node *node, const struct homes_place *place,
                               char out[static HEALTH_SIZE]) {
    const struct greeting *greeting = &place->greeting;
    static const char *const texts[] = {[HOMES_IN_NO_CLUSTER] = "in no cluster",
                                        [HOMES_HAS_OTHER_KEY] = "not the entry's key",
                                        [HOMES_ARE_SILENT] = "no answer",
                                        [HOMES_HAVE_NO_WAY] = "no way there from here",
                                        [HOMES_UNFIT] = "an address that clients refuse"};
    enum homes_health health = homes_examination_health(node, place);
    switch (health) {
    case HOMES_ANSWERS: snprintf(out, HEALTH_SIZE, "%" PRIu64 " ms", greeting->rtt_ms); break;
    case HOMES_IS_NONE: snprintf(out, HEALTH_SIZE, "%" PRIu64 " ms, says it is none", greeting->rtt_ms); break;
    case HOMES_REFUSES: snprintf(out, HEALTH_SIZE, "%s", registering_refusal(greeting->refusal)); break;
    case HOMES_IS_OTHER: snprintf(out, HEALTH_SIZE, "is node %u", greeting->cookie.homes.node); break;
    default: snprintf(out, HEALTH_SIZE, "%s", texts[health]);
    }
    return out;
}

static void say_entry(const struct greeting *entry, const char *label, FILE *out) {
    char address[ADDRESS_TEXT_SIZE];
    address_format(&entry->to, address);
    if (entry->state == GREETING_UNUSED)
        line(out, label, "%s, no way there from here", address);
    else if (entry->state == GREETING_REFUSED)
        line(out, label, "%s, %s", address, registering_refusal(entry->refusal));
    else if (!entry->answered)
        line(out, label, "%s, no answer", address);
    else if (entry->cookie.homes.replicas == 0)
        line(out, label, "%s, in no cluster", address);
    else
        line(out, label, "%s, node %u, %" PRIu64 " ms", address, entry->cookie.homes.node, entry->rtt_ms);
}

/* Those that are homes, or those that are next in rank; a line for each address. */
static void say_nodes(const struct homes_examination *homes, bool home, FILE *out) {
    const char *label = home ? "Home" : "Next in rank";
    char address[ADDRESS_TEXT_SIZE], health[HEALTH_SIZE];
    for (size_t i = 0; i < homes->node_count; i++) {
        const struct homes_node *node = &homes->nodes[i];
        for (size_t j = 0; node->home == home && j < node->place_count; j++) {
            const struct homes_place *place = &node->places[j];
            line(out, label, "node %u, %s, %s", node->node, address_format(&place->greeting.to, address),
                 health_text(node, place, health));
            label = "";
        }
    }
}

static void say_cluster(const struct homes_examination *homes, bool is_drawn, FILE *out) {
    struct homes_findings findings;
    homes_examination_findings(homes, &findings);
    if (findings.kind == HOMES_KIND_NONE) return;
    line(out, "Cluster", "%s", homes->name);
    line(out, "Bucket", is_drawn ? "%u, drawn at random; --room asks for that of a room" : "%u, that of the room",
         homes->bucket);
    for (size_t i = 0; i < homes->entry_count; i++) say_entry(&homes->entries[i], i > 0 ? "" : "Entry", out);
    say_nodes(homes, true, out);
    say_nodes(homes, false, out);
    if (!findings.agree) {
        line(out, "Note", "not all nodes name the same homes: they see different nodes live,");
        line(out, "", "for some seconds while something changes");
    }
    if (findings.same_key) return;
    line(out, "Note", "not all nodes show the same key: clients refuse those whose key");
    line(out, "", "they do not know");
}

static void say_home_verdicts(const struct diagnosis *diagnosis, FILE *out) {
    for (size_t i = 0; i < diagnosis->homes_count; i++) {
        struct homes_findings findings;
        char start[sizeof "Cluster : " + INI_TEXT_SIZE];
        homes_examination_findings(&diagnosis->homes[i], &findings);
        if (findings.kind == HOMES_KIND_NONE) continue;
        snprintf(start, sizeof start, "Cluster %s: ", diagnosis->homes[i].name);
        wrapped(out, diagnosis->homes_count > 1 ? start : "Cluster: ", verdict_of_homes(findings.kind));
    }
}

static void say_verdicts(const struct diagnosis *diagnosis, FILE *out) {
    if (diagnosis->ipv4.answered == 0 || diagnosis->ipv6.answered == 0) {
        wrapped(out, "",
                (diagnosis->ipv4.answered > 0 ? &diagnosis->verdict_ipv4 : &diagnosis->verdict_ipv6)->sentence);
    } else {
        wrapped(out, "IPv4: ", diagnosis->verdict_ipv4.sentence);
        wrapped(out, "IPv6: ", diagnosis->verdict_ipv6.sentence);
    }
}

static void say_lifetime(const struct lifetime *lifetime, FILE *out) {
    if (!lifetime) return;
    if (!lifetime_known(lifetime))
        line(out, "Mapping lives", "cannot tell: the bootnode does not answer to another port");
    else if (lifetime->dead_s == 0)
        line(out, "Mapping lives", "%" PRIu64 " s or longer", lifetime->alive_s);
    else
        line(out, "Mapping lives", "%" PRIu64 " to %" PRIu64 " s", lifetime->alive_s, lifetime->dead_s);
}

static void say_gateway(const struct diagnosis *diagnosis, FILE *out) {
    const struct gateway_findings *gateway = &diagnosis->gateway;
    char external[INET_ADDRSTRLEN];
    if (!gateway->asked) return;
    if (!gateway->natpmp && !gateway->upnp) {
        line(out, "Port mapping", "the router answers neither NAT-PMP nor UPnP");
        return;
    }
    inet_ntop(AF_INET, &gateway->external, external, sizeof external);
    line(out, "Port mapping", "%s%s%s, the router is %s%s", gateway->natpmp ? "NAT-PMP" : "",
         gateway->natpmp && gateway->upnp ? " and " : "", gateway->upnp ? "UPnP" : "", external,
         diagnosis->maps_ports ? "" : ": another NAT follows");
}

static const struct findings *with_clock(const struct diagnosis *diagnosis) {
    return diagnosis->ipv4.clock_known ? &diagnosis->ipv4 : &diagnosis->ipv6;
}

static uint64_t magnitude(int64_t number) {
    return number < 0 ? (uint64_t)-number : (uint64_t)number;
}

static void say_clock(const struct findings *findings, FILE *out) {
    uint64_t off = magnitude(findings->clock_offset_ms);
    if (!findings->clock_known) {
        line(out, "Clock", "cannot tell: the bootnode does not say what time it is");
    } else if (off <= CLOCK_WARN_MS + findings->clock_error_ms) {
        line(out, "Clock", "as the bootnode's, within %" PRIu64 " ms", off + findings->clock_error_ms);
    } else {
        line(out, "Clock", "%" PRIu64 ".%" PRIu64 " s %s the bootnode's: the times that are shown will look wrong",
             off / 1000, off % 1000 / 100, findings->clock_offset_ms > 0 ? "behind" : "ahead of");
    }
}

static bool is_answered(const struct diagnosis *diagnosis) {
    return diagnosis->ipv4.answered > 0 || diagnosis->ipv6.answered > 0;
}

void report_to_people(const struct diagnosis *diagnosis, FILE *out) {
    say_family(&diagnosis->ipv4, "IPv4", diagnosis->kind, out);
    say_offered(&diagnosis->offered, true, out);
    say_family(&diagnosis->ipv6, "IPv6", diagnosis->kind_ipv6, out);
    say_offered(&diagnosis->offered, false, out);
    say_lifetime(diagnosis->lifetime, out);
    say_gateway(diagnosis, out);
    if (is_answered(diagnosis)) say_clock(with_clock(diagnosis), out);
    if (diagnosis->carrier_grade) line(out, "Note", "the provider's NAT is in between (carrier-grade, 100.64.0.0/10)");
    if (diagnosis->nat64) line(out, "Note", "IPv4 is reached by translation from IPv6 (NAT64)");
    say_doubts(&diagnosis->ipv4, out);
    say_doubts(&diagnosis->ipv6, out);
    say_hidden(&diagnosis->ipv4, out);
    say_hidden(&diagnosis->ipv6, out);
    for (size_t i = 0; i < diagnosis->homes_count; i++)
        say_cluster(&diagnosis->homes[i], diagnosis->bucket_is_drawn, out);
    fputc('\n', out);
    say_verdicts(diagnosis, out);
    say_home_verdicts(diagnosis, out);
}

/* --- For programs --- */

static json_t *address_json(const struct address *address) {
    char text[ADDRESS_TEXT_SIZE];
    return address->port == 0 ? json_null() : json_string(address_format(address, text));
}

static json_t *answer_json(enum answer answer) {
    return answer == ANSWER_UNKNOWN ? json_null() : json_boolean(answer == ANSWER_YES);
}

static json_t *behaviour_json(enum behaviour behaviour) {
    static const char *const names[] = {[BEHAVIOUR_INDEPENDENT] = "endpoint-independent",
                                        [BEHAVIOUR_ADDRESS] = "address-dependent",
                                        [BEHAVIOUR_ADDRESS_AND_PORT] = "address-and-port-dependent",
                                        [BEHAVIOUR_DEPENDENT] = "dependent",
                                        [BEHAVIOUR_NOT_PORT] = "not-port-dependent"};
    return behaviour == BEHAVIOUR_UNKNOWN ? json_null() : json_string(names[behaviour]);
}

static json_t *rtt_json(const struct findings *findings) {
    if (findings->answered == 0) return json_null();
    return json_pack("{s:I,s:I}", "best", (json_int_t)findings->rtt_best_ms, "worst",
                     (json_int_t)findings->rtt_worst_ms);
}

static json_t *offered_json(const struct candidate_list *offered) {
    json_t *list = json_array();
    for (uint8_t i = 0; i < offered->count; i++) json_array_append_new(list, address_json(&offered->items[i]));
    return list;
}

static json_t *family_json(const struct findings *findings, enum nat_kind_named kind, const struct verdict *verdict) {
    if (!findings->present) return json_null();
    return json_pack("{s:o,s:b,s:i,s:i,s:o,s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:b,s:o,s:b,s:s,s:i}", "server",
                     address_json(&findings->server), "reachable", findings->answered > 0, "asked",
                     (int)findings->asked, "answered", (int)findings->answered, "rtt_ms", rtt_json(findings), "mapped",
                     address_json(&findings->mapped), "local", address_json(&findings->local), "nat",
                     verdict_of(kind, false).kind, "translated", answer_json(findings->translated), "mapping",
                     behaviour_json(findings->mapping), "filtering", behaviour_json(findings->filtering), "hairpinning",
                     answer_json(findings->hairpinning), "other_address", findings->other_address, "hidden_address",
                     address_json(&findings->hidden), "hidden_source", verdict_is_hidden(findings), "verdict",
                     verdict->sentence, "status", verdict->status);
}

static json_t *lifetime_json(const struct lifetime *lifetime) {
    if (!lifetime || !lifetime_known(lifetime)) return json_null();
    return json_pack("{s:I,s:o}", "alive_s", (json_int_t)lifetime->alive_s, "dead_s",
                     lifetime->dead_s ? json_integer((json_int_t)lifetime->dead_s) : json_null());
}

static json_t *gateway_json(const struct gateway_findings *gateway) {
    char external[INET_ADDRSTRLEN];
    bool found = gateway->natpmp || gateway->upnp;
    if (!gateway->asked) return json_null();
    inet_ntop(AF_INET, &gateway->external, external, sizeof external);
    return json_pack("{s:b,s:b,s:o}", "nat_pmp", gateway->natpmp, "upnp", gateway->upnp, "external",
                     found ? json_string(external) : json_null());
}

static json_t *clock_json(const struct findings *findings) {
    if (!findings->clock_known) return json_null();
    return json_pack("{s:I,s:I}", "offset_ms", (json_int_t)findings->clock_offset_ms, "error_ms",
                     (json_int_t)findings->clock_error_ms);
}

static json_t *place_json(const struct address *address, const char *state, const struct greeting *greeting) {
    return json_pack("{s:o,s:s,s:o}", "address", address_json(address), "state", state, "rtt_ms",
                     greeting->answered ? json_integer((json_int_t)greeting->rtt_ms) : json_null());
}

/* In the words that nodes have. */
static json_t *entry_json(const struct greeting *entry) {
    const struct named_homes *named = &entry->cookie.homes;
    const char *state = entry->state == GREETING_UNUSED    ? "no-way"
                        : entry->state == GREETING_REFUSED ? "refuses"
                        : !entry->answered                 ? "silent"
                        : named->replicas == 0             ? "no-cluster"
                                                           : "answers";
    json_t *object = place_json(&entry->to, state, entry), *homes = json_array();
    for (unsigned i = 0; i < named->count && i < named->replicas; i++)
        json_array_append_new(homes, json_integer(named->list[i].node));
    json_t *more =
        json_pack("{s:o,s:o}", "node", named->replicas > 0 ? json_integer(named->node) : json_null(), "names", homes);
    json_object_update(object, more);
    json_decref(more);
    return object;
}

static json_t *node_json(const struct homes_node *node) {
    static const char *const states[] = {
        [HOMES_ANSWERS] = "answers",          [HOMES_IS_NONE] = "no-home",     [HOMES_REFUSES] = "refuses",
        [HOMES_IN_NO_CLUSTER] = "no-cluster", [HOMES_IS_OTHER] = "other-node", [HOMES_HAS_OTHER_KEY] = "other-key",
        [HOMES_ARE_SILENT] = "silent",        [HOMES_HAVE_NO_WAY] = "no-way",  [HOMES_UNFIT] = "refused-by-clients"};
    json_t *places = json_array();
    for (size_t i = 0; i < node->place_count; i++) {
        const struct homes_place *place = &node->places[i];
        json_array_append_new(
            places, place_json(&place->greeting.to, states[homes_examination_health(node, place)], &place->greeting));
    }
    return json_pack("{s:i,s:b,s:o}", "node", (int)node->node, "home", node->home, "addresses", places);
}

static json_t *homes_json(const struct homes_examination *homes, const struct homes_findings *findings, bool is_drawn) {
    json_t *entries = json_array(), *nodes = json_array();
    for (size_t i = 0; i < homes->entry_count; i++) json_array_append_new(entries, entry_json(&homes->entries[i]));
    for (size_t i = 0; i < homes->node_count; i++) json_array_append_new(nodes, node_json(&homes->nodes[i]));
    return json_pack("{s:s,s:i,s:b,s:o,s:o,s:i,s:i,s:b,s:b,s:s}", "bootnode", homes->name, "bucket", (int)homes->bucket,
                     "drawn", is_drawn, "entries", entries, "nodes", nodes, "homes", (int)findings->homes, "answering",
                     (int)findings->answering, "agree", findings->agree, "same_key", findings->same_key, "verdict",
                     verdict_of_homes(findings->kind));
}

/* Where no bootnode is a cluster, the object is as it would be without any. */
static void add_cluster(const struct diagnosis *diagnosis, json_t *object) {
    json_t *list = json_array();
    for (size_t i = 0; i < diagnosis->homes_count; i++) {
        struct homes_findings findings;
        homes_examination_findings(&diagnosis->homes[i], &findings);
        if (findings.kind != HOMES_KIND_NONE)
            json_array_append_new(list, homes_json(&diagnosis->homes[i], &findings, diagnosis->bucket_is_drawn));
    }
    json_t *cluster = json_pack("{s:O}", "cluster", list);
    if (json_array_size(list) > 0) json_object_update(object, cluster);
    json_decref(cluster);
    json_decref(list);
}

void report_to_programs(const struct diagnosis *diagnosis, FILE *out) {
    json_t *object = json_pack(
        "{s:s,s:{s:b,s:b},s:b,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:b,s:s,s:i}", "bootnode", diagnosis->bootnodes, "named",
        "ipv4", diagnosis->ipv4.named, "ipv6", diagnosis->ipv6.named, "udp", is_answered(diagnosis), "nat",
        diagnosis->verdict.kind, "ipv4", family_json(&diagnosis->ipv4, diagnosis->kind, &diagnosis->verdict_ipv4),
        "ipv6", family_json(&diagnosis->ipv6, diagnosis->kind_ipv6, &diagnosis->verdict_ipv6), "offered",
        offered_json(&diagnosis->offered), "lifetime", lifetime_json(diagnosis->lifetime), "port_mapping",
        gateway_json(&diagnosis->gateway), "clock", clock_json(with_clock(diagnosis)), "carrier_grade_nat",
        diagnosis->carrier_grade, "nat64", diagnosis->nat64, "verdict", diagnosis->verdict.sentence, "status",
        diagnosis->verdict.status);
    add_cluster(diagnosis, object);
    json_dumpf(object, out, JSON_COMPACT);
    fputc('\n', out);
    json_decref(object);
}

void report_failure(const char *bootnodes, const char *why, int status, FILE *out) {
    json_t *object = json_pack("{s:s,s:s,s:i}", "bootnode", bootnodes, "error", why, "status", status);
    json_dumpf(object, out, JSON_COMPACT);
    fputc('\n', out);
    json_decref(object);
}
