/* people [--seed N] [--rooms N] [--from ADDRESS/COUNT] [--trace] BOOTNODE[=ADDRESS,ADDRESS…]…: many real clients in one
 * process (tests/crowd). A bootnode is ADDRESS:PORT, or a name that stands for those addresses. Commands on standard
 * input:
 *
 *     size N RATE         there shall be N clients; so many a second start until there are
 *     churn RATE SILENT   so many a second go and others come; SILENT per cent of them die without a word
 *     talk RATE           so many messages a second, of all
 *     outage on|off       no bootnode can tell anything now
 *     begin NAME          a new stretch of counting
 *     check NAME          a line on the stretch so far
 *     quit
 *
 * Lines of JSON on standard output: each complaint, and the answers. Times are milliseconds; quantiles are of
 * newcomers: until they saw all who were there, and were connected with them. `equal_after`: how long after the stretch
 * began the lists differed from the truth for the last time. `lag`: the longest that the process itself was late. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "client/config.h"
#include "common/clock.h"
#include "tests/crowd/crowd.h"

#define DESCRIPTORS (CROWD_MAX + 64)
#define LINE_MAX_SIZE 256

static struct crowd crowd;

static void fail(const char *what, const char *value) {
    fprintf(stderr, "people: %s: %s\n", what, value);
    exit(2);
}

/* --- What is told --- */

static void tell(json_t *line) {
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

static void tell_complaints(void) {
    struct truth_complaint complaint;
    while (truth_next_complaint(crowd.world.truth, &complaint))
        tell(json_pack("{ss ss sI sI sI sI}", "event", "complaint", "fault", truth_fault_names[complaint.fault], "at",
                       (json_int_t)(complaint.at - crowd.stretch_began), "observer", (json_int_t)complaint.observer,
                       "age", (json_int_t)(complaint.at - complaint.since), "about",
                       complaint.about == TRUTH_NOBODY ? (json_int_t)-1 : (json_int_t)complaint.about));
}

static void set_number(json_t *line, const char *name, uint64_t value) {
    json_object_set_new(line, name, json_integer((json_int_t)value));
}

static void set_quantiles(json_t *line, const char *name, const uint32_t *sorted, size_t count) {
    static const struct {
        const char *name;
        unsigned percent;
    } wanted[] = {{"p50", 50}, {"p99", 99}, {"max", 100}};
    json_t *quantiles = json_object();
    for (size_t i = 0; count && i < sizeof wanted / sizeof *wanted; i++)
        set_number(quantiles, wanted[i].name, sorted[(count - 1) * wanted[i].percent / 100]);
    set_number(quantiles, "count", count);
    json_object_set_new(line, name, quantiles);
}

static uint64_t processor_ms(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

static void check(const char *name) {
    (void)truth_look(crowd.world.truth, true, crowd.world.now);
    tell_complaints();
    const struct truth_tally tally = truth_tally(crowd.world.truth);
    json_t *line = json_pack("{ss ss}", "event", "check", "name", name);
    for (size_t i = 0; i < TRUTH_FAULTS; i++) set_number(line, truth_fault_names[i], tally.faults[i]);
    set_number(line, "alive", tally.alive);
    set_number(line, "said", tally.said);
    set_number(line, "equal_after", tally.differed_at ? tally.differed_at - crowd.stretch_began : 0);
    set_number(line, "took", crowd.world.now - crowd.stretch_began);
    set_quantiles(line, "seen", tally.seen_ms, tally.seen_count);
    set_quantiles(line, "connected", tally.connected_ms, tally.connected_count);
    set_number(line, "lag", crowd.lag_ms);
    set_number(line, "processor", processor_ms());
    set_number(line, "sent", crowd.world.sent);
    set_number(line, "received", crowd.world.received);
    tell(line);
}

/* --- What is asked --- */

static double number(const char *text) {
    char *end = NULL;
    double value = text ? strtod(text, &end) : 0;
    if (!text || !*text || *end || value < 0) fail("no number", text ? text : "nothing");
    return value;
}

static bool command(char *line) {
    const char *verb = strtok(line, " "), *first = strtok(NULL, " "), *second = strtok(NULL, " ");
    if (!verb || strcmp(verb, "quit") == 0) return false;
    if (!first) fail("expected more", verb);
    if (strcmp(verb, "size") == 0) {
        crowd.size = (unsigned)number(first);
        crowd.fill = number(second);
    } else if (strcmp(verb, "churn") == 0) {
        crowd.churn = number(first);
        crowd.silent_percent = (unsigned)number(second);
    } else if (strcmp(verb, "talk") == 0) {
        crowd.talk = number(first);
    } else if (strcmp(verb, "outage") == 0) {
        truth_outage(crowd.world.truth, strcmp(first, "on") == 0, crowd.world.now);
    } else if (strcmp(verb, "begin") == 0) {
        crowd_begin(&crowd);
        tell(json_pack("{ss ss}", "event", "begin", "name", first));
    } else if (strcmp(verb, "check") == 0) {
        check(first);
    } else {
        fail("no command", verb);
    }
    return true;
}

/* False: there is nothing more to come, or it was told to quit. */
static bool take_commands(void) {
    static char buffer[LINE_MAX_SIZE];
    static size_t used;
    ssize_t count = read(STDIN_FILENO, buffer + used, sizeof buffer - used);
    if (count <= 0) return false;
    used += (size_t)count;
    for (char *end; (end = memchr(buffer, '\n', used));) {
        *end = 0;
        if (!command(buffer)) return false;
        used -= (size_t)(end + 1 - buffer);
        memmove(buffer, end + 1, used);
    }
    return used < sizeof buffer;
}

/* --- The start --- */

static void name_bootnode(const char *text) {
    struct bootnode named[BOOTNODES_MAX], *bootnode = &crowd.world.bootnodes[crowd.world.bootnode_count];
    char name[256], *addresses = NULL;
    if (crowd.world.bootnode_count == BOOTNODES_MAX) fail("one bootnode too many", text);
    if (snprintf(name, sizeof name, "%s", text) >= (int)sizeof name) fail("too long", text);
    if ((addresses = strchr(name, '='))) *addresses++ = 0;
    if (bootnodes_name(name, named) != 1) fail("no bootnode", text);
    *bootnode = named[0];
    crowd.world.bootnode_count++;
    for (char *at = addresses ? strtok(addresses, ",") : NULL; at; at = strtok(NULL, ",")) {
        if (bootnode->address_count == BOOTNODE_ADDRESSES) fail("one address too many", text);
        if (!address_parse(at, 0, &bootnode->addresses[bootnode->address_count++])) fail("no address", at);
    }
}

static void set_addresses(char *text) {
    char *count = strchr(text, '/');
    if (count) *count++ = 0;
    if (!address_parse(text, 1, &crowd.world.first)) fail("no address", text);
    crowd.world.first.port = 0;
    crowd.world.addresses = count ? (unsigned)strtoul(count, NULL, 10) : 1;
    if (crowd.world.addresses == 0) fail("expected how many addresses", count);
}

struct options {
    uint64_t seed;
    unsigned rooms;
    bool trace;
    char *from;
};

/* Where the bootnodes begin. */
static int take_options(int argc, char **argv, struct options *options) {
    int at = 1;
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
        const char *name = argv[at];
        if (strcmp(name, "--trace") == 0) {
            options->trace = true;
            continue;
        }
        if (++at == argc) fail("expected more", name);
        if (strcmp(name, "--seed") == 0)
            options->seed = strtoull(argv[at], NULL, 10);
        else if (strcmp(name, "--rooms") == 0)
            options->rooms = (unsigned)strtoul(argv[at], NULL, 10);
        else if (strcmp(name, "--from") == 0)
            options->from = argv[at];
        else
            fail("no such option", name);
    }
    if (at == argc || options->rooms == 0) fail("expected", "people [OPTIONS] BOOTNODE…");
    return at;
}

int main(int argc, char **argv) {
    struct rlimit descriptors = {.rlim_cur = DESCRIPTORS, .rlim_max = DESCRIPTORS};
    char here[] = "127.0.0.1";
    struct options options = {.seed = 1, .rooms = 1, .from = here};
    int at = take_options(argc, argv, &options);
    if (setrlimit(RLIMIT_NOFILE, &descriptors) != 0) perror("people: descriptors");
    if (!crowd_open(&crowd, options.seed, options.rooms, STDIN_FILENO)) return 1;
    crowd.world.trace = options.trace;
    set_addresses(options.from);
    for (; at < argc; at++) name_bootnode(argv[at]);
    for (bool goes_on = true; goes_on;) {
        bool readable = crowd_turn(&crowd);
        tell_complaints();
        if (readable) goes_on = take_commands();
    }
    crowd_close(&crowd);
    return 0;
}
