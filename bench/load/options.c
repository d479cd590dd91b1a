#include "bench/load/options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/sources.h"
#include "common/messages.h"
#include "common/text.h"

#define PROGRAM "gochat-load"
#define VERSION "0.1"
#define DONE 1
#define BAD 2
#define WHY_SIZE 600
#define RAW_MIN 12 /* magic and number */
#define SESSIONS_MAX 16777216
#define WORDS_MAX 128 /* of a row */

struct settings {
    struct load_options *options; /* NULL: flags of a row alone */
    struct row_options *row;
    char why[WHY_SIZE]; /* what was expected, where the table does not say it */
};

struct flag {
    const char *name;
    const char *value; /* what stands behind it; NULL: nothing */
    bool of_row;
    size_t offset; /* of its field in row_options or load_options */
    bool (*set)(struct settings *settings, const struct flag *flag, const char *value);
    int choice; /* the traffic or the pace that it asks for */
    double minimum, maximum;
    const char *expected;
    const char *help;
};

static void *field_of(const struct settings *settings, const struct flag *flag) {
    return (flag->of_row ? (char *)settings->row : (char *)settings->options) + flag->offset;
}

static bool parse_number(const struct flag *flag, const char *value, double *out) {
    char *end;
    *out = strtod(value, &end);
    return end != value && *end == '\0' && isfinite(*out) && *out >= flag->minimum && *out <= flag->maximum;
}

static bool set_amount(struct settings *settings, const struct flag *flag, const char *value) {
    return parse_number(flag, value, field_of(settings, flag));
}

static bool set_count(struct settings *settings, const struct flag *flag, const char *value) {
    double number;
    if (strspn(value, "0123456789") != strlen(value) || !parse_number(flag, value, &number)) return false;
    *(uint32_t *)field_of(settings, flag) = (uint32_t)number;
    return true;
}

static bool set_text(struct settings *settings, const struct flag *flag, const char *value) {
    size_t length = strlen(value);
    if (length == 0 || length >= LOAD_TEXT_SIZE) return false;
    memcpy(field_of(settings, flag), value, length + 1);
    return true;
}

static bool set_on(struct settings *settings, const struct flag *flag, const char *value) {
    (void)value;
    *(bool *)field_of(settings, flag) = true;
    return true;
}

static bool set_address(struct settings *settings, const struct flag *flag, const char *value) {
    return address_resolve(value, 0, field_of(settings, flag), 1, settings->why, sizeof settings->why) > 0;
}

static bool set_sources(struct settings *settings, const struct flag *flag, const char *value) {
    (void)flag;
    return sources_parse(value, &settings->options->sources, &settings->options->sources_bits);
}

static bool set_pid(struct settings *settings, const struct flag *flag, const char *value) {
    double number;
    if (strspn(value, "0123456789") != strlen(value) || !parse_number(flag, value, &number)) return false;
    settings->row->pid = (pid_t)number;
    return true;
}

static bool set_traffic(struct settings *settings, const struct flag *flag, const char *value) {
    (void)value;
    settings->row->traffic = (enum traffic_kind)flag->choice;
    return true;
}

static bool set_raw(struct settings *settings, const struct flag *flag, const char *value) {
    double size;
    if (strspn(value, "0123456789") != strlen(value) || !parse_number(flag, value, &size)) return false;
    settings->row->raw_size = (size_t)size;
    return set_traffic(settings, flag, value);
}

static bool set_dns(struct settings *settings, const struct flag *flag, const char *value) {
    return set_text(settings, flag, value) && set_traffic(settings, flag, value);
}

static bool set_pace(struct settings *settings, const struct flag *flag, const char *value) {
    settings->row->pace = (enum pace)flag->choice;
    return !flag->value || set_amount(settings, flag, value);
}

static bool set_answers(struct settings *settings, const struct flag *flag, const char *value) {
    (void)flag;
    settings->row->answers = strcmp(value, "every") == 0 ? ANSWERS_EVERY : ANSWERS_RARE;
    return strcmp(value, "every") == 0 || strcmp(value, "rare") == 0;
}

#define RUN(field) .offset = offsetof(struct load_options, field)
#define ROW(field) .of_row = true, .offset = offsetof(struct row_options, field)
#define TRAFFIC(kind) ROW(traffic), .choice = (kind)
#define PACE(kind, field) ROW(field), .set = set_pace, .choice = (kind)
#define BETWEEN(low, high) .minimum = (low), .maximum = (high)
#define SECONDS BETWEEN(0.001, 86400), .expected = "0.001 to 86400 seconds"
#define PERCENT .set = set_amount, BETWEEN(0, 100), .expected = "a share of 0 to 100"
#define TEXT .set = set_text, .expected = "a text of 1 to 255 bytes"

/* clang-format off */
static const struct flag flags[] = {
    {"bootnode", "HOST:PORT", RUN(bootnode), .set = set_address, .help = "where to register"},
    {"sessions", "N", RUN(sessions), .set = set_count, BETWEEN(0, SESSIONS_MAX), .expected = "a number up to 16777216",
        .help = "how many sessions live there (1000); 0: none"},
    {"room-size", "M", RUN(room_size), .set = set_count, BETWEEN(1, 65535), .expected = "a number from 1 to 65535",
        .help = "members of a room (64)"},
    {"watch", "N", RUN(watched_rooms), .set = set_count, BETWEEN(0, SESSIONS_MAX), .expected = "a number up to 16777216",
        .help = "rooms whose announcements are judged (100, or all)"},
    {"sources", "ADDR/LEN", RUN(sources), .set = set_sources, .expected = "a network, as in 127.1.0.0/16",
        .help = "the sockets are bound to the addresses of that network in turn"},
    {"apart", NULL, RUN(apart), .set = set_on, .help = "datagrams leave one by one, so that each is steered by itself"},
    {"metrics", "HOST:PORT", RUN(metrics), .set = set_address, .help = "the bootnode's metrics, to compare our counts with"},
    {"rows", "FILE", RUN(rows), TEXT, .help = "one row a line, of the flags below ('-': standard input; # comments)"},

    {"name", "NAME", ROW(name), TEXT, .help = "what the row is called"},
    {"stun", NULL, TRAFFIC(TRAFFIC_STUN), .set = set_traffic, .help = "STUN Binding requests, not heartbeats"},
    {"raw", "SIZE", TRAFFIC(TRAFFIC_RAW), .set = set_raw, BETWEEN(RAW_MIN, PACKET_MAX), .expected = "12 to 1200 bytes",
        .help = "zeroes, for bench/floor"},
    {"echoed", NULL, ROW(echoed), .set = set_on, .help = "with --raw: they come back"},
    {"dns", "NAME", ROW(dns_name), .set = set_dns, .choice = TRAFFIC_DNS, .expected = "a domain name", .help = "queries for its address"},
    {"tracker", NULL, TRAFFIC(TRAFFIC_TRACKER), .set = set_traffic, .help = "BitTorrent announces (BEP 15)"},
    {"idle", NULL, TRAFFIC(TRAFFIC_NONE), .set = set_traffic, .help = "nothing but what keeps the sessions alive"},
    {"to", "HOST:PORT", ROW(target), .set = set_address, .help = "another target than the bootnode"},
    {"interval", "S", PACE(PACE_INTERVAL, interval_s), SECONDS, .help = "each session beats once in that time (4)"},
    {"rate", "R", PACE(PACE_RATE, rate), BETWEEN(0.001, 1e8), .expected = "a number from 0.001 to 100000000",
        .help = "requests a second in all"},
    {"max", NULL, PACE(PACE_MAX, rate), .help = "as fast as possible; so goes what is no heartbeat and has no --rate"},
    {"duration", "S", ROW(duration_s), .set = set_amount, SECONDS, .help = "of the row (10)"},
    {"answers", "rare|every", ROW(answers), .set = set_answers, .expected = "rare or every", .help = "how many beats ask for an answer (rare: one in 1024)"},
    {"churn", "PCT", ROW(churn_percent), PERCENT, .help = "so many of the sessions a second leave and come back"},
    {"silent", "PCT", ROW(silent_percent), PERCENT, .help = "so many fall silent; lasts until they must have expired; answer times are those meanwhile"},
    {"rebind", NULL, ROW(rebind), .set = set_on, .help = "new ports first; the sessions move"},
    {"pid", "PID", ROW(pid), .set = set_pid, BETWEEN(1, 4194304), .expected = "a process id",
        .help = "the server, whose processor time and memory are reported"},
    {"json", "FILE", ROW(json), TEXT, .help = "the result goes there as JSON, one line a row ('-': standard output)"},
};
/* clang-format on */

#define FLAGS (sizeof flags / sizeof *flags)

static void print_flags(bool of_row) {
    for (size_t i = 0; i < FLAGS; i++) {
        char left[40];
        if (flags[i].of_row != of_row) continue;
        snprintf(left, sizeof left, "--%s %s", flags[i].name, flags[i].value ? flags[i].value : "");
        printf("  %-22s %s\n", left, flags[i].help);
    }
}

static int print_help(void) {
    puts("usage: " PROGRAM " --bootnode HOST:PORT [FLAG]…\n"
         "       " PROGRAM " --to HOST:PORT --stun | --raw SIZE | --dns NAME | --tracker [FLAG]…\n\n"
         "Sessions at a bootnode, or other requests to any server; what it sends is measured, and what comes back is\n"
         "judged. Exit status: 1 where something does not agree, 2 for a wrong flag, 3 where the target does not "
         "answer.\n"
         "\nThe run:");
    print_flags(false);
    puts("\nA row, of which the command line is one, or holds the defaults of those in --rows:");
    print_flags(true);
    puts("\n  --help, --version");
    return DONE;
}

static bool complain(char *why, size_t why_size, const char *name, const char *value, const char *expected) {
    char shown[LOAD_TEXT_SIZE];
    (void)text_filter(value ? value : "", value ? strlen(value) : 0, false, shown, sizeof shown);
    if (value)
        snprintf(why, why_size, "--%s '%s': %s", name, shown, expected);
    else
        snprintf(why, why_size, "--%s: %s", name, expected);
    return false;
}

static const struct flag *find_flag(const char *word, const char **value) {
    size_t length = strcspn(word, "=");
    *value = word[length] == '=' ? word + length + 1 : NULL;
    for (size_t i = 0; i < FLAGS; i++)
        if (strlen(flags[i].name) == length && strncmp(flags[i].name, word, length) == 0) return &flags[i];
    return NULL;
}

static bool apply(struct settings *settings, const struct flag *flag, const char *value, char *why, size_t why_size) {
    char expected[WHY_SIZE];
    settings->why[0] = '\0';
    if (flag->set(settings, flag, value)) return true;
    if (flag->expected) snprintf(expected, sizeof expected, "expected %s", flag->expected);
    return complain(why, why_size, flag->name, value, flag->expected ? expected : settings->why);
}

/* One flag and, unless it stands behind '=', its value, which is the next word. */
static bool take_flag(struct settings *settings, char *const *words, size_t count, size_t *at, char *why,
                      size_t why_size) {
    const char *word = words[(*at)++], *value;
    if (strncmp(word, "--", 2) != 0) {
        snprintf(why, why_size, "'%s': expected flags only (see " PROGRAM " --help)", word);
        return false;
    }
    const struct flag *flag = find_flag(word + 2, &value);
    if (!flag) {
        snprintf(why, why_size, "%s: unknown flag (see " PROGRAM " --help)", word);
        return false;
    }
    if (!flag->value && value) return complain(why, why_size, flag->name, value, "expected without a value");
    if (flag->value && !value && *at == count) return complain(why, why_size, flag->name, NULL, "expected a value");
    if (flag->value && !value) value = words[(*at)++];
    if (!flag->of_row && !settings->options)
        return complain(why, why_size, flag->name, value, "expected on the command line, not in a row");
    return apply(settings, flag, value, why, why_size);
}

static bool take_flags(struct settings *settings, char *const *words, size_t count, char *why, size_t why_size) {
    for (size_t at = 0; at < count;)
        if (!take_flag(settings, words, count, &at, why, why_size)) return false;
    return true;
}

static bool fits_bootnode(const struct load_options *options, const struct row_options *row, char *why,
                          size_t why_size) {
    bool needs_sessions = row->traffic == TRAFFIC_BEATS || row->traffic == TRAFFIC_NONE;
    if (row->target.port == 0)
        return complain(why, why_size, "bootnode", NULL, "missing, expected HOST:PORT, or another target by --to");
    if (needs_sessions && !options->has_bootnode)
        return complain(why, why_size, "bootnode", NULL, "missing, heartbeats need one");
    if (needs_sessions && options->sessions == 0)
        return complain(why, why_size, "sessions", "0", "heartbeats need some");
    if (needs_sessions && !address_equal(&row->target, &options->bootnode)) {
        char text[ADDRESS_TEXT_SIZE];
        return complain(why, why_size, "to", address_format(&row->target, text), "heartbeats go to the bootnode");
    }
    return true;
}

/* What follows from other options. */
static bool finish_row(const struct load_options *options, struct row_options *row, char *why, size_t why_size) {
    static const char *const names[] = {
        [TRAFFIC_BEATS] = "beats", [TRAFFIC_STUN] = "stun",       [TRAFFIC_RAW] = "raw",
        [TRAFFIC_DNS] = "dns",     [TRAFFIC_TRACKER] = "tracker", [TRAFFIC_NONE] = "idle",
    };
    if (row->target.port == 0 && options->has_bootnode) row->target = options->bootnode;
    if (row->name[0] == '\0') snprintf(row->name, sizeof row->name, "%s", names[row->traffic]);
    if (row->traffic != TRAFFIC_BEATS && row->pace == PACE_INTERVAL) row->pace = PACE_MAX;
    return fits_bootnode(options, row, why, why_size);
}

static const struct load_options defaults = {
    .sessions = 1000,
    .room_size = 64,
    .watched_rooms = 100,
    .row = {.interval_s = 4, .duration_s = 10},
};

static bool finish_run(struct load_options *options, char *why, size_t why_size) {
    options->has_bootnode = options->bootnode.port != 0;
    options->has_metrics = options->metrics.port != 0;
    if (!options->has_bootnode) options->sessions = 0;
    if (options->rows[0] != '\0') return true;
    return finish_row(options, &options->row, why, why_size);
}

int load_options_parse(struct load_options *options, int argc, char **argv) {
    struct settings settings = {.options = options, .row = &options->row};
    char why[WHY_SIZE];
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return print_help();
        if (strcmp(argv[i], "--version") == 0) return puts(PROGRAM " " VERSION), DONE;
    }
    *options = defaults;
    if (take_flags(&settings, argv + 1, (size_t)argc - 1, why, sizeof why) && finish_run(options, why, sizeof why))
        return 0;
    fprintf(stderr, PROGRAM ": %s\n", why);
    return BAD;
}

static size_t split(char *line, char *words[static WORDS_MAX]) {
    size_t count = 0;
    char *rest = line;
    for (char *word; count < WORDS_MAX && (word = strtok_r(NULL, " \t\r\n", &rest)) && *word != '#';)
        words[count++] = word;
    return count;
}

bool row_options_parse(const struct load_options *options, const char *line, struct row_options *out, char *why,
                       size_t why_size) {
    struct settings settings = {.row = out};
    char *words[WORDS_MAX], *copy = strdup(line);
    *out = options->row;
    snprintf(why, why_size, "out of memory");
    bool good = copy && take_flags(&settings, words, split(copy, words), why, why_size) &&
                finish_row(options, out, why, why_size);
    free(copy);
    return good;
}
