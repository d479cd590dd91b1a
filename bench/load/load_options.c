#include "bench/load/load_options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/load_flags.h"
#include "bench/load/load_rules.h"
#include "bench/load/sources.h"
#include "common/flags.h"
#include "common/home.h"
#include "common/version.h"
#include "common/why.h"
#include "common/wire/bootnode_packets.h"
#include "common/wire/packet.h"

#define PROGRAM "gochat-load"
#define VERSION GOCHAT_VERSION
#define DONE 1
#define BAD 2
#define EXPECTED_SIZE 600
#define RAW_MIN 12 /* magic and number */
#define SESSIONS_MAX 16777216
#define THREADS_MAX 256
#define WINDOW_FIXED_MOST 4096
#define WORDS_MAX 128 /* of a row */

const struct load_options load_defaults = {
    .sessions = 1000,
    .room_size = 64,
    .watched_rooms = 100,
    .progress_s = PROGRESS_DEFAULT,
    .threads = 1,
    .row = {.interval_s = 4, .duration_s = 10, .stock = 4096},
};

static bool parse_number(const struct load_flag *flag, const char *value, double *out) {
    char *end;
    *out = strtod(value, &end);
    return end != value && *end == '\0' && isfinite(*out) && *out >= flag->minimum && *out <= flag->maximum;
}

static bool set_amount(struct settings *settings, const struct load_flag *flag, const char *value) {
    return parse_number(flag, value, load_flag_field(settings, flag));
}

static bool set_count(struct settings *settings, const struct load_flag *flag, const char *value) {
    double number;
    if (strspn(value, "0123456789") != strlen(value) || !parse_number(flag, value, &number)) return false;
    *(uint32_t *)load_flag_field(settings, flag) = (uint32_t)number;
    return true;
}

static bool set_text(struct settings *settings, const struct load_flag *flag, const char *value) {
    size_t length = strlen(value);
    if (length == 0 || length >= LOAD_TEXT_SIZE) return false;
    memcpy(load_flag_field(settings, flag), value, length + 1);
    return true;
}

static bool set_on(struct settings *settings, const struct load_flag *flag, const char *value) {
    (void)value;
    *(bool *)load_flag_field(settings, flag) = true;
    return true;
}

static bool set_address(struct settings *settings, const struct load_flag *flag, const char *value) {
    return address_resolve(value, 0, AF_UNSPEC, load_flag_field(settings, flag), 1, &settings->why) > 0;
}

static bool set_metrics(struct settings *settings, const struct load_flag *flag, const char *value) {
    struct load_options *options = settings->options;
    char copy[LOAD_TEXT_SIZE], *rest = copy;
    (void)flag;
    options->metrics_count = 0;
    if (strlen(value) >= sizeof copy) return false;
    memcpy(copy, value, strlen(value) + 1);
    for (char *one; (one = strsep(&rest, ","));)
        if (options->metrics_count == LOAD_METRICS_MAX ||
            address_resolve(one, 0, AF_UNSPEC, &options->metrics[options->metrics_count++], 1, &settings->why) <= 0)
            return false;
    return true;
}

static bool set_bootnode(struct settings *settings, const struct load_flag *flag, const char *value) {
    return address_resolve(value, BOOTNODE_PORT, AF_UNSPEC, load_flag_field(settings, flag), 1, &settings->why) > 0;
}

static bool set_path(struct settings *settings, const struct load_flag *flag, const char *value) {
    return *value != '\0' && home_expand(value, load_flag_field(settings, flag), LOAD_TEXT_SIZE);
}

static bool set_sources(struct settings *settings, const struct load_flag *flag, const char *value) {
    (void)flag;
    return sources_parse(value, &settings->options->sources, &settings->options->sources_bits);
}

static bool set_pid(struct settings *settings, const struct load_flag *flag, const char *value) {
    double number;
    if (strspn(value, "0123456789") != strlen(value) || !parse_number(flag, value, &number)) return false;
    settings->row->pid = (pid_t)number;
    return true;
}

static bool set_traffic(struct settings *settings, const struct load_flag *flag, const char *value) {
    (void)value;
    settings->row->traffic = (enum traffic_kind)flag->choice;
    return true;
}

static bool set_raw(struct settings *settings, const struct load_flag *flag, const char *value) {
    double size;
    if (strspn(value, "0123456789") != strlen(value) || !parse_number(flag, value, &size)) return false;
    settings->row->raw_size = (size_t)size;
    return set_traffic(settings, flag, value);
}

static bool set_dns(struct settings *settings, const struct load_flag *flag, const char *value) {
    return set_text(settings, flag, value) && set_traffic(settings, flag, value);
}

static const char *const junk_names[] = {[JUNK_BYTES] = "bytes", [JUNK_BEATS] = "beats", [JUNK_AIMED] = "aimed"};

static bool set_junk(struct settings *settings, const struct load_flag *flag, const char *value) {
    for (size_t i = 0; i < sizeof junk_names / sizeof *junk_names; i++) {
        if (strcmp(value, junk_names[i]) != 0) continue;
        settings->row->junk = (enum junk)i;
        return set_traffic(settings, flag, value);
    }
    return false;
}

static bool set_pace(struct settings *settings, const struct load_flag *flag, const char *value) {
    settings->row->pace = (enum pace)flag->choice;
    return !flag->flag.value || set_amount(settings, flag, value);
}

static bool set_answers(struct settings *settings, const struct load_flag *flag, const char *value) {
    (void)flag;
    settings->row->answers = strcmp(value, "every") == 0 ? ANSWERS_EVERY : ANSWERS_RARE;
    return strcmp(value, "every") == 0 || strcmp(value, "rare") == 0;
}

#define RUN(field) .offset = offsetof(struct load_options, field), .size = sizeof((struct load_options *)NULL)->field
#define ROW(field) .offset = offsetof(struct row_options, field), .size = sizeof((struct row_options *)NULL)->field
#define TRAFFIC(kind) ROW(traffic), .group = GROUP_TRAFFIC, .choice = (kind)
#define PACE(kind, field) ROW(field), .set = set_pace, .group = GROUP_PACE, .choice = (kind)
#define BETWEEN(low, high) .minimum = (low), .maximum = (high)
#define SECONDS BETWEEN(0.001, 86400), .expected = "0.001 to 86400 seconds"
#define PERCENT .set = set_amount, BETWEEN(0, 100), .expected = "a share of 0 to 100"
#define TEXT .set = set_text, .expected = "a text of 1 to 255 bytes"
#define PATH .set = set_path, .expected = "a path of 1 to 255 bytes, with a known home directory for ~"

/* clang-format off */
const struct load_flag load_flags[] = {
    {{"bootnode", "HOST[:PORT]", "where to register", OF_RUN},
        RUN(bootnode), .set = set_bootnode},
    {{"sessions", "N", "how many sessions live there (1000); 0: none", OF_RUN},
        RUN(sessions), .set = set_count, BETWEEN(0, SESSIONS_MAX), .expected = "a number up to 16777216"},
    {{"room-size", "M", "members of a room (64)", OF_RUN},
        RUN(room_size), .set = set_count, .needs = "bootnode", BETWEEN(1, 65535), .expected = "a number from 1 to 65535"},
    {{"window", "N", "registrations in flight, whatever is lost (as many as are not)", OF_RUN},
        RUN(window), .set = set_count, .needs = "bootnode", BETWEEN(1, WINDOW_FIXED_MOST), .expected = "a number from 1 to 4096"},
    {{"watch", "N", "rooms whose announcements are judged (100, or all)", OF_RUN},
        RUN(watched_rooms), .set = set_count, .needs = "bootnode", BETWEEN(0, SESSIONS_MAX), .expected = "a number up to 16777216"},
    {{"threads", "N", "that share sessions and requests (1); a room is one thread's", OF_RUN},
        RUN(threads), .set = set_count, BETWEEN(1, THREADS_MAX), .expected = "a number from 1 to 256"},
    {{"sources", "ADDR/LEN", "the sockets are bound to addresses all over that network", OF_RUN},
        RUN(sources), .set = set_sources, .expected = "a network, as in 127.1.0.0/16"},
    {{"apart", NULL, "datagrams leave one by one, so that each is steered by itself", OF_RUN},
        RUN(apart), .set = set_on},
    {{"metrics", "HOST:PORT", "the bootnode's metrics, to compare our counts with; of a cluster all nodes', with commas between them", OF_RUN},
        RUN(metrics), .set = set_metrics, .needs = "bootnode", .expected = "1 to 16 addresses with commas between them"},
    {{"rows", "FILE", "one row a line, of the flags below ('-': standard input; # comments)", OF_RUN},
        RUN(rows), PATH},
    {{"progress", "S", "how it goes, a line that often; 0: never (1 on a terminal, else 5)", OF_RUN},
        RUN(progress_s), .set = set_amount, BETWEEN(0, 86400), .expected = "0 to 86400 seconds"},
    {{"progress-json", "FILE", "the same as JSON lines, one a second or as --progress says ('-': standard output)", OF_RUN},
        RUN(progress_json), PATH},
    {{"merge", NULL, "adds up the results in the files that are named behind it", OF_RUN},
        RUN(merge), .set = set_on, .never = "*"},

    {{"name", "NAME", "what the row is called", OF_ROW},
        ROW(name), TEXT},
    {{"stun", NULL, "STUN Binding requests, not heartbeats", OF_ROW},
        TRAFFIC(TRAFFIC_STUN), .set = set_traffic},
    {{"raw", "SIZE", "zeroes, for bench/floor", OF_ROW},
        TRAFFIC(TRAFFIC_RAW), .set = set_raw, BETWEEN(RAW_MIN, PACKET_MAX), .expected = "12 to 1200 bytes"},
    {{"echoed", NULL, "with --raw: they come back", OF_ROW},
        ROW(echoed), .set = set_on, .traffics = ONLY(TRAFFIC_RAW)},
    {{"dns", "NAME", "queries for its address", OF_ROW},
        ROW(dns_name), .set = set_dns, .group = GROUP_TRAFFIC, .choice = TRAFFIC_DNS, .expected = "a domain name"},
    {{"tracker", NULL, "BitTorrent announces (BEP 15)", OF_ROW},
        TRAFFIC(TRAFFIC_TRACKER), .set = set_traffic},
    {{"hello", NULL, "HELLOs; the COOKIEs are the answers", OF_ROW},
        TRAFFIC(TRAFFIC_HELLO), .set = set_traffic},
    {{"register", NULL, "REGISTERs with valid cookies, which nobody confirms", OF_ROW},
        TRAFFIC(TRAFFIC_REGISTER), .set = set_traffic},
    {{"stock", "N", "with --register: so many are made in advance, and sent again and again (4096)", OF_ROW},
        ROW(stock), .set = set_count, .traffics = ONLY(TRAFFIC_REGISTER), BETWEEN(1, 1048576), .expected = "a number from 1 to 1048576"},
    {{"relay", NULL, "RELAYs of the sessions to others of their rooms", OF_ROW},
        TRAFFIC(TRAFFIC_RELAY), .set = set_traffic},
    {{"forged", NULL, "with --register: random bytes for a handshake; with --relay: wrong tags", OF_ROW},
        ROW(forged), .set = set_on, .traffics = ONLY(TRAFFIC_REGISTER) | ONLY(TRAFFIC_RELAY)},
    {{"junk", "bytes|beats|aimed", "bytes of no type; beats of random sessions, or of random ones of the first worker", OF_ROW},
        ROW(junk), .set = set_junk, .group = GROUP_TRAFFIC, .choice = TRAFFIC_JUNK, .expected = "bytes, beats or aimed"},
    {{"idle", NULL, "nothing but what keeps the sessions alive", OF_ROW},
        TRAFFIC(TRAFFIC_NONE), .set = set_traffic},
    {{"to", "HOST:PORT", "another target than the bootnode", OF_ROW},
        ROW(target), .set = set_address},
    {{"interval", "S", "each session beats once in that time (4)", OF_ROW},
        PACE(PACE_INTERVAL, interval_s), SECONDS, .traffics = ONLY(TRAFFIC_BEATS)},
    {{"rate", "R", "requests a second in all", OF_ROW},
        PACE(PACE_RATE, rate), .traffics = SENDS, BETWEEN(0.001, 1e8), .expected = "a number from 0.001 to 100000000"},
    {{"max", NULL, "as fast as possible; so goes what is no heartbeat and has no --rate", OF_ROW},
        PACE(PACE_MAX, rate), .traffics = SENDS},
    {{"find-rate", "PCT", "searches the highest rate at which at most that share of the answers is lost", OF_ROW},
        PACE(PACE_FIND, find_percent), .traffics = SENDS & ~(ONLY(TRAFFIC_REGISTER) | ONLY(TRAFFIC_JUNK)), .never = " silent ",
        BETWEEN(0, 99), .expected = "a share of 0 to 99"},
    {{"duration", "S", "of the row (10)", OF_ROW},
        ROW(duration_s), .set = set_amount, SECONDS},
    {{"answers", "rare|every", "how many beats ask for an answer (rare: one in 1024)", OF_ROW},
        ROW(answers), .set = set_answers, .traffics = ONLY(TRAFFIC_BEATS), .expected = "rare or every"},
    {{"churn", "PCT", "so many of the sessions a second leave and come back", OF_ROW},
        ROW(churn_percent), PERCENT, .traffics = FLEETS},
    {{"silent", "PCT", "so many fall silent; lasts until they must have expired; answer times are those meanwhile", OF_ROW},
        ROW(silent_percent), PERCENT, .traffics = FLEETS},
    {{"rebind", NULL, "new ports first; the sessions move", OF_ROW},
        ROW(rebind), .set = set_on, .traffics = FLEETS},
    {{"pid", "PID", "the server, whose processor time and memory are reported", OF_ROW},
        ROW(pid), .set = set_pid, BETWEEN(1, 4194304), .expected = "a process id"},
    {{"json", "FILE", "the result goes there as JSON, one line a row ('-': standard output)", OF_ROW},
        ROW(json), PATH},
};
/* clang-format on */

static const struct flag_table table = FLAG_TABLE(load_flags);

const size_t load_flag_count = sizeof load_flags / sizeof *load_flags;
_Static_assert(sizeof load_flags / sizeof *load_flags <= FLAGS_MAX, "a set of flags has a bit for each");

static int print_help(void) {
    puts("usage: " PROGRAM " --bootnode HOST[:PORT] [FLAG]…\n"
         "       " PROGRAM " --to HOST:PORT --stun | --raw SIZE | --dns NAME | --tracker [FLAG]…\n"
         "       " PROGRAM " --to HOST:PORT --hello | --register | --junk KIND [FLAG]…\n"
         "       " PROGRAM " --merge [--json FILE] RESULT…\n\n"
         "Sessions at a bootnode, or other requests to any server; what it sends is measured, and what comes back is\n"
         "judged. Exit status: 1 where something does not agree, 2 for a wrong flag, 3 where the target does not "
         "answer.\n"
         "\nThe run:");
    flags_list(&table, OF_RUN, stdout);
    puts("\nA row, of which the command line is one, or holds the defaults of those in --rows:");
    flags_list(&table, OF_ROW, stdout);
    puts("\n  --help, --version");
    return DONE;
}

static bool apply(struct settings *settings, const struct load_flag *flag, const char *value, struct why *why) {
    const char *name = flag->flag.name;
    char expected[EXPECTED_SIZE];
    settings->why.text[0] = '\0';
    if (flag->flag.modes == OF_RUN && !settings->options)
        return load_flag_complain(why, name, flag->flag.value ? value : NULL,
                                  "expected on the command line, not in a row");
    if (flag->set(settings, flag, value)) return true;
    if (flag->expected) snprintf(expected, sizeof expected, "expected %s", flag->expected);
    return load_flag_complain(why, name, value, flag->expected ? expected : settings->why.text);
}

/* --- Reading --- */

static bool add_file(struct load_options *options, const char *path, struct why *why) {
    if (options->file_count == LOAD_FILES_MAX)
        return load_flag_complain(why, "merge", path, "expected at most 256 files");
    options->files[options->file_count++] = path;
    return true;
}

static bool take_flags(struct settings *settings, char *const *words, size_t count, struct why *why) {
    struct flag_reader reader = {
        .table = table, .modes = OF_RUN | OF_ROW, .help_command = PROGRAM " --help", .words = words, .count = count};
    const struct flag *flag;
    const char *value;
    for (enum flag_item item; (item = flag_next(&reader, &flag, &value, why)) != FLAG_END;) {
        if (item == FLAG_WRONG) return false;
        if (item == FLAG_WORD && (!settings->options || !add_file(settings->options, value, why))) return false;
        if (item == FLAG_WORD) continue;
        /* The row begins with its struct flag. */
        const struct load_flag *given = (const struct load_flag *)(const void *)flag;
        if (!apply(settings, given, value, why) || !load_rules_note(settings, given, value, why)) return false;
        reader.takes_words = settings->options && settings->options->merge;
    }
    return load_rules_hold(settings, why);
}

bool load_options_of_fleet(const struct row_options *row) {
    return row->traffic == TRAFFIC_BEATS || row->traffic == TRAFFIC_NONE || row->traffic == TRAFFIC_RELAY;
}

static bool fits_bootnode(const struct load_options *options, const struct row_options *row, struct why *why) {
    bool needs_sessions = load_options_of_fleet(row);
    if (row->target.port == 0)
        return load_flag_complain(why, "bootnode", NULL,
                                  "missing, expected HOST or HOST:PORT, or another target by --to");
    if (needs_sessions && !options->has_bootnode)
        return load_flag_complain(why, "bootnode", NULL, "missing, heartbeats and RELAYs need one");
    if (needs_sessions && options->sessions == 0)
        return load_flag_complain(why, "sessions", "0", "heartbeats and RELAYs need some");
    if (needs_sessions && !address_equal(&row->target, &options->bootnode)) {
        char text[ADDRESS_TEXT_SIZE];
        return load_flag_complain(why, "to", address_format(&row->target, text),
                                  "heartbeats and RELAYs go to the bootnode");
    }
    return true;
}

static const char *const traffic_names[] = {
    [TRAFFIC_BEATS] = "beats",     [TRAFFIC_STUN] = "stun", [TRAFFIC_RAW] = "raw",     [TRAFFIC_DNS] = "dns",
    [TRAFFIC_TRACKER] = "tracker", [TRAFFIC_NONE] = "idle", [TRAFFIC_HELLO] = "hello", [TRAFFIC_REGISTER] = "register",
    [TRAFFIC_RELAY] = "relay",     [TRAFFIC_JUNK] = "junk",
};

/* What follows from other options. */
static bool finish_row(const struct load_options *options, struct row_options *row, struct why *why) {
    if (row->target.port == 0 && options->has_bootnode) row->target = options->bootnode;
    if (row->name[0] == '\0') snprintf(row->name, sizeof row->name, "%s", traffic_names[row->traffic]);
    if (row->traffic != TRAFFIC_BEATS && row->pace == PACE_INTERVAL) row->pace = PACE_MAX;
    if (row->pace == PACE_FIND && row->traffic == TRAFFIC_RAW && !row->echoed)
        return load_flag_complain(why, "find-rate", NULL,
                                  "expected with --echoed, without answers nobody sees what is lost");
    if (row->json[0] != '\0' && strcmp(row->json, "-") != 0 && strcmp(row->json, options->progress_json) == 0)
        return load_flag_complain(why, "json", row->json, "expected another file than --progress-json has");
    return fits_bootnode(options, row, why);
}

static bool finish_run(const struct settings *settings, struct why *why) {
    struct load_options *options = settings->options;
    options->has_bootnode = options->bootnode.port != 0;
    if (options->merge)
        return options->file_count > 0 ||
               load_flag_complain(why, "merge", NULL, "expected files behind it, that --json wrote");
    if (!options->has_bootnode && load_flag_given(settings, "sessions") && options->sessions > 0)
        return load_flag_complain(why, "sessions", NULL, "expected with --bootnode, where they live");
    if (!options->has_bootnode) options->sessions = 0;
    for (size_t i = 0; i < load_flag_count; i++)
        if (load_flags[i].flag.modes == OF_ROW) options->row_flags |= settings->given & load_flag_bit(&load_flags[i]);
    if (options->rows[0] != '\0') return true;
    return finish_row(options, &options->row, why);
}

int load_options_parse(struct load_options *options, int argc, char **argv) {
    struct settings settings = {.options = options, .row = &options->row};
    struct why why;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return print_help();
        if (strcmp(argv[i], "--version") == 0) return puts(PROGRAM " " VERSION), DONE;
    }
    *options = load_defaults;
    if (take_flags(&settings, argv + 1, (size_t)argc - 1, &why) && finish_run(&settings, &why)) return 0;
    fprintf(stderr, PROGRAM ": %s\n", why.text);
    return BAD;
}

/* WORDS_MAX + 1: there are more. */
static size_t split(char *line, char *words[static WORDS_MAX + 1]) {
    size_t count = 0;
    char *rest = line;
    for (char *word; count <= WORDS_MAX && (word = strtok_r(NULL, " \t\r\n", &rest)) && *word != '#';)
        words[count++] = word;
    return count;
}

bool load_options_parse_row(const struct load_options *options, const char *line, struct row_options *out,
                            struct why *why) {
    struct settings settings = {.row = out, .inherited = options->row_flags};
    char *words[WORDS_MAX + 1], *copy = strdup(line);
    size_t count = copy ? split(copy, words) : 0;
    *out = options->row;
    if (!copy)
        why_fail(why, "out of memory");
    else if (count > WORDS_MAX)
        why_fail(why, "expected at most %d words", WORDS_MAX);
    bool good = copy && count <= WORDS_MAX && take_flags(&settings, words, count, why) && finish_row(options, out, why);
    free(copy);
    return good;
}

/* --- For reports --- */

static void tell_text(struct load_setting *out, const char *text) {
    out->kind = SETTING_TEXT;
    snprintf(out->text, sizeof out->text, "%s", text);
}

static void tell_number(struct load_setting *out, double number) {
    out->kind = SETTING_NUMBER;
    out->number = number;
}

static void tell_address(struct load_setting *out, const struct address *address) {
    char text[ADDRESS_TEXT_SIZE];
    if (address->port != 0) tell_text(out, address_format(address, text));
}

static void tell_metrics(struct load_setting *out, const struct load_options *options) {
    char text[ADDRESS_TEXT_SIZE];
    size_t used = 0;
    if (options->metrics_count > 0) tell_text(out, "");
    for (size_t i = 0; i < options->metrics_count && used < sizeof out->text; i++)
        used += (size_t)snprintf(out->text + used, sizeof out->text - used, "%s%s", i > 0 ? "," : "",
                                 address_format(&options->metrics[i], text));
}

static void tell_sources(struct load_setting *out, const struct load_options *options) {
    char text[ADDRESS_TEXT_SIZE], host[ADDRESS_TEXT_SIZE];
    uint16_t port;
    if (options->sources_bits == 0) return;
    if (!address_split(address_format(&options->sources, text), 0, host, sizeof host, &port)) return;
    tell_text(out, "");
    snprintf(out->text, sizeof out->text, "%s/%u", host, options->sources_bits);
}

/* What the setter wrote is read back. */
static void tell_field(const struct settings *settings, const struct load_flag *flag, struct load_setting *out) {
    const void *field = load_flag_field(settings, flag);
    if (flag->set == set_amount || (flag->set == set_pace && flag->flag.value))
        tell_number(out, *(const double *)field);
    else if (flag->set == set_count)
        tell_number(out, *(const uint32_t *)field);
    else if (flag->set == set_raw)
        tell_number(out, (double)settings->row->raw_size);
    else if (flag->set == set_pid && settings->row->pid > 0)
        tell_number(out, settings->row->pid);
    else if (flag->set == set_text || flag->set == set_path || flag->set == set_dns)
        tell_text(out, field);
    else if (flag->set == set_address || flag->set == set_bootnode)
        tell_address(out, field);
    else if (flag->set == set_metrics)
        tell_metrics(out, settings->options);
    else if (flag->set == set_sources)
        tell_sources(out, settings->options);
    else if (flag->set == set_junk)
        tell_text(out, junk_names[settings->row->junk]);
    else if (flag->set == set_answers)
        tell_text(out, settings->row->answers == ANSWERS_EVERY ? "every" : "rare");
    else if (!flag->flag.value)
        *out = (struct load_setting){.name = out->name, .kind = SETTING_SWITCH, .on = true};
    if (flag->set == set_on) out->on = *(const bool *)field;
}

static bool is_chosen(const struct row_options *row, const struct load_flag *flag) {
    if (flag->group == GROUP_TRAFFIC) return (int)row->traffic == flag->choice;
    return flag->group != GROUP_PACE || ((int)row->pace == flag->choice && row->traffic != TRAFFIC_NONE);
}

bool load_setting_at(const struct load_options *options, const struct row_options *row, size_t index,
                     struct load_setting *out) {
    if (index >= load_flag_count) return false;
    const struct load_flag *flag = &load_flags[index];
    /* Nothing is set: a field is only looked up. */
    struct settings settings = {.options = (struct load_options *)(uintptr_t)options,
                                .row = (struct row_options *)(uintptr_t)row};
    bool means_something = flag->traffics == 0 || (flag->traffics & ONLY(row->traffic));
    *out = (struct load_setting){.name = flag->flag.name};
    if (is_chosen(row, flag) && means_something) tell_field(&settings, flag, out);
    return true;
}

const char *load_version(void) {
    return VERSION;
}

const char *load_traffic_name(enum traffic_kind traffic) {
    return traffic_names[traffic];
}
