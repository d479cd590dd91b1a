#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/ops/metrics.h"
#include "common/version.h"

/* A strict reader of the text exposition format, 0.0.4. Of what the format leaves open it takes only: HELP, TYPE, then
 * the family's samples, with the same labels in the same order; no two that have the same values; no time stamps. */

#define FAMILIES_MAX 128
#define SAMPLES_MAX (NODE_SHARDS_MAX * LANE_COUNT)
#define NAME_SIZE 80
#define LABELS_SIZE 64

struct family {
    char name[NAME_SIZE], type[16];
    unsigned samples;
    uint64_t last_bucket; /* of a histogram: cumulative */
    double last_bound;
    bool begun, closed;          /* a bucket was there; +Inf was */
    char names[LABELS_SIZE];     /* of its labels, each with a comma behind it */
    char (*labels)[LABELS_SIZE]; /* of each sample, with their values */
};

struct page {
    struct family families[FAMILIES_MAX];
    size_t count, lines;
};

static const char *after(const char *text, const char *prefix) {
    size_t length = strlen(prefix);
    if (strncmp(text, prefix, length) != 0) fail_msg("'%s': expected '%s'", text, prefix);
    return text + length;
}

static const char *read_name(const char *text, char out[static NAME_SIZE]) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_", more[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
    size_t length = strspn(text, more);
    assert_true(strspn(text, letters) > 0 && length < NAME_SIZE);
    memcpy(out, text, length);
    out[length] = '\0';
    return text + length;
}

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), wanted = strlen(end);
    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

static void open_family(struct page *page, const char *line) {
    struct family *family = &page->families[page->count++];
    assert_true(page->count <= FAMILIES_MAX);
    const char *help = after(read_name(after(line, "# HELP "), family->name), " ");
    assert_true(strlen(help) > 0 && !strchr(help, '\\'));
    for (size_t i = 0; i + 1 < page->count; i++) assert_string_not_equal(page->families[i].name, family->name);
}

static void read_type(struct family *family, const char *line) {
    char name[NAME_SIZE];
    const char *type = after(read_name(after(line, "# TYPE "), name), " ");
    assert_string_equal(name, family->name);
    assert_true(strcmp(type, "counter") == 0 || strcmp(type, "gauge") == 0 || strcmp(type, "histogram") == 0);
    snprintf(family->type, sizeof family->type, "%s", type);
    assert_int_equal(ends_with(name, "_total"), strcmp(type, "counter") == 0);
}

static double read_number(const char *text) {
    char *end;
    double value = strtod(text, &end);
    assert_true(end > text && *end == '\0' && value >= 0);
    return value;
}

static const char *read_label(const char *at, char *names, char *value) {
    char name[NAME_SIZE];
    const char *begin = after(read_name(at, name), "=\"");
    size_t size = strcspn(begin, "\"\\\n");
    assert_true(size > 0 && size < NAME_SIZE && begin[size] == '"');
    assert_true(strlen(names) + strlen(name) + 2 <= LABELS_SIZE);
    strcat(strcat(names, name), ",");
    memcpy(value, begin, size);
    value[size] = '\0';
    return begin + size + 1;
}

static void note_labels(struct family *family, const char *labels, size_t size, const char *names) {
    if (!family->labels) family->labels = calloc(SAMPLES_MAX, sizeof *family->labels);
    if (!family->labels) abort();
    assert_true(family->samples < SAMPLES_MAX && size < LABELS_SIZE);
    if (family->samples == 0) strcpy(family->names, names);
    assert_string_equal(names, family->names);
    memcpy(family->labels[family->samples], labels, size);
    for (unsigned i = 0; i < family->samples; i++)
        assert_string_not_equal(family->labels[i], family->labels[family->samples]);
    family->samples++;
}

static const char *read_labels(const char *line, char names[static LABELS_SIZE], char last[static NAME_SIZE]) {
    const char *at = line;
    *names = *last = '\0';
    while (*at == (at == line ? '{' : ',')) at = read_label(at + 1, names, last);
    return at > line ? after(at, "}") : at;
}

/* Histograms of one family, each with its own labels, stand one behind the other. */
static void read_bucket(struct family *family, const char *line) {
    char names[LABELS_SIZE], last[NAME_SIZE];
    const char *rest = read_labels(line, names, last);
    double bound = strtod(last, NULL);
    uint64_t count = (uint64_t)read_number(after(rest, " "));
    assert_true(ends_with(names, "le,"));
    assert_true(!family->closed && count >= family->last_bucket);
    assert_true(!family->begun || bound > family->last_bound);
    family->begun = true;
    family->last_bucket = count;
    family->last_bound = bound;
    family->closed = strcmp(last, "+Inf") == 0;
}

static void read_histogram(struct family *family, const char *suffix, const char *line) {
    char names[LABELS_SIZE], last[NAME_SIZE];
    if (strcmp(suffix, "_bucket") == 0) {
        read_bucket(family, line);
        return;
    }
    const char *rest = read_labels(line, names, last);
    assert_true(family->closed);
    double value = read_number(after(rest, " "));
    if (strcmp(suffix, "_sum") == 0) return;
    assert_string_equal(suffix, "_count");
    assert_true(value == (double)family->last_bucket);
    note_labels(family, line, (size_t)(rest - line), names);
    family->closed = family->begun = false;
    family->last_bucket = 0;
}

static void read_sample(struct family *family, const char *line) {
    char name[NAME_SIZE], names[LABELS_SIZE], last[NAME_SIZE];
    const char *rest = read_name(line, name), *suffix = after(name, family->name);
    if (strcmp(family->type, "histogram") == 0) {
        read_histogram(family, suffix, rest);
        return;
    }
    const char *number = read_labels(rest, names, last);
    assert_string_equal(suffix, "");
    (void)read_number(after(number, " "));
    note_labels(family, rest, (size_t)(number - rest), names);
}

static void read_line(struct page *page, const char *line) {
    if (strncmp(line, "# HELP", 6) == 0) {
        open_family(page, line);
        return;
    }
    assert_true(page->count > 0);
    struct family *family = &page->families[page->count - 1];
    if (*family->type == '\0')
        read_type(family, line);
    else
        read_sample(family, line);
}

static void free_page(struct page *page) {
    for (size_t i = 0; i < page->count; i++) free(page->families[i].labels);
    free(page);
}

static struct page *read_page(const char *text) {
    struct page *page = calloc(1, sizeof *page);
    char *copy = strdup(text);
    if (!page || !copy) abort();
    assert_true(ends_with(text, "\n"));
    for (char *line = copy, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        read_line(page, line);
        page->lines++;
    }
    for (size_t i = 0; i < page->count; i++) assert_true(page->families[i].samples > 0);
    free(copy);
    return page;
}

/* The snapshot of a bootnode with `workers` workers, all numbers of which differ from each other. */
static struct snapshot *make_snapshot(size_t workers, uint64_t first) {
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    assert_non_null(snapshot);
    uint64_t *const numbers[] = {
        &snapshot->shards.registered,
        &snapshot->shards.confirmed,
        &snapshot->shards.replaced,
        &snapshot->shards.expired,
        &snapshot->shards.left,
        &snapshot->shards.moved,
        &snapshot->shards.provisional_dropped,
        &snapshot->shards.crowded_out,
        &snapshot->shards.sessions,
        &snapshot->shards.provisional,
        &snapshot->shards.rooms,
        &snapshot->slabs,
        &snapshot->process.resident_bytes,
        &snapshot->shards.evicted,
        &snapshot->shards.kicked,
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) *numbers[i] = first + i;
    for (size_t i = 0; i < COUNTER_COUNT; i++) snapshot->counters[i] = first + 100 + i;
    snapshot->worker_count = workers;
    for (size_t i = 0; i < workers; i++)
        snapshot->workers[i] = (struct snapshot_worker){
            first + 200 + i,
            first + 500 + i,
            first + 600 + i,
            12345 + i,
            {[LANE_SESSION] = {first + 700 + i, first + 800 + i, 1500000000}, [LANE_JUNK] = {first + 750 + i, 7, 0}}};
    return snapshot;
}

static char *written(const struct snapshot *snapshot) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    metrics_write(out, snapshot);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(strlen(text), size);
    return text;
}

static void assert_says(const char *text, const char *sample) {
    char line[NAME_SIZE * 2];
    snprintf(line, sizeof line, "\n%s\n", sample);
    if (!strstr(text, line)) fail_msg("expected a line '%s' in\n%s", sample, text);
}

static void the_page_is_well_formed(void **state) {
    (void)state;
    static const size_t workers[] = {1, 2, NODE_SHARDS_MAX};
    for (size_t i = 0; i < sizeof workers / sizeof *workers; i++) {
        struct snapshot *snapshot = make_snapshot(workers[i], UINT64_MAX - 2000);
        snapshot->shards.lateness = (struct lateness){.counts = {4, 0, 3, 0, 0, 0, 0, 0, 2}, .sum_ms = 3210};
        snapshot->handling[LANE_HELLO] = (struct snapshot_buckets){.counts = {1, 2, 3}, .sum = 4};
        char *text = written(snapshot);
        free_page(read_page(text));
        free(text);
        free(snapshot);
    }
}

static void only_workers_make_it_longer(void **state) {
    (void)state;
    struct snapshot *idle = make_snapshot(2, 0), *full = make_snapshot(2, 123456789), *more = make_snapshot(3, 0);
    char *texts[] = {written(idle), written(full), written(more)};
    size_t lines[3];
    for (size_t i = 0; i < 3; i++) {
        struct page *page = read_page(texts[i]);
        lines[i] = page->lines;
        free_page(page);
        free(texts[i]);
    }
    assert_int_equal(lines[0], lines[1]);
    assert_int_equal(lines[2], lines[0] + 4 + 3 * LANE_COUNT);
    free(idle);
    free(full);
    free(more);
}

static void every_counter_of_a_worker_has_its_name_help_and_value(void **state) {
    (void)state;
    struct snapshot *snapshot = make_snapshot(2, 1000);
    char *text = written(snapshot), line[256];
    for (enum counter which = 0; which < COUNTER_COUNT; which++) {
        snprintf(line, sizeof line, "# HELP gochat_%s_total %s\n", counter_name(which), counter_help(which));
        assert_non_null(strstr(text, line));
        snprintf(line, sizeof line, "gochat_%s_total%s %u", counter_name(which), counter_labels(which), 1100U + which);
        assert_says(text, line);
    }
    free(text);
    free(snapshot);
}

static void numbers_stand_under_their_names(void **state) {
    (void)state;
    struct snapshot *snapshot = make_snapshot(2, 1000);
    snapshot->uptime_ms = 61007;
    snapshot->process.cpu_ns = 2000001000;
    snapshot->draining = true;
    char *text = written(snapshot);
    static const char *const samples[] = {"gochat_sessions_registered_total 1000",
                                          "gochat_sessions_confirmed_total 1001",
                                          "gochat_sessions_replaced_total 1002",
                                          "gochat_sessions_expired_total 1003",
                                          "gochat_sessions_left_total 1004",
                                          "gochat_sessions_moved_total 1005",
                                          "gochat_sessions_provisional_dropped_total 1006",
                                          "gochat_sessions_crowded_out_total 1007",
                                          "gochat_sessions 1008",
                                          "gochat_sessions_provisional 1009",
                                          "gochat_rooms 1010",
                                          "gochat_slabs 1011",
                                          "process_resident_memory_bytes 1012",
                                          "gochat_sessions_evicted_total 1013",
                                          "gochat_sessions_kicked_total 1014",
                                          "gochat_uptime_seconds 61.007",
                                          "process_cpu_seconds_total 2.000001",
                                          "gochat_workers 2",
                                          "gochat_draining 1",
                                          "gochat_worker_received_total{worker=\"1\"} 1201",
                                          "gochat_worker_strayed_total{worker=\"0\"} 1500",
                                          "gochat_hearing_doubts_total{worker=\"1\"} 1601",
                                          "gochat_hearing_missed_seconds_total{worker=\"1\"} 12.346",
                                          "gochat_worker_overflowed_total{worker=\"1\",lane=\"session\"} 1801",
                                          "gochat_worker_overflowed_total{worker=\"1\",lane=\"junk\"} 7",
                                          "gochat_lane_received_total{worker=\"0\",lane=\"session\"} 1700",
                                          "gochat_lane_received_total{worker=\"1\",lane=\"junk\"} 1751",
                                          "gochat_lane_received_total{worker=\"1\",lane=\"stun\"} 0",
                                          "gochat_lane_seconds_total{worker=\"0\",lane=\"session\"} 1.500000"};
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) assert_says(text, samples[i]);
    free(text);
    free(snapshot);
}

static void labels_say_why_and_of_which_setting(void **state) {
    (void)state;
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    assert_non_null(snapshot);
    snapshot->counters[COUNTER_REFUSED_ROOM_FULL] = 11;
    snapshot->counters[COUNTER_RATE_LIMITED_STUN] = 12;
    snapshot->counters[COUNTER_RELAY_LIMITED_TOTAL] = 13;
    snapshot->limits = (struct snapshot_limits){.sessions = 14,
                                                .sessions_per_source = 15,
                                                .room_members = 16,
                                                .rates = {[SNAPSHOT_HELLO] = 17, [SNAPSHOT_MOVE] = 18},
                                                .relay_rates = {[SNAPSHOT_TOTAL] = 19}};
    snapshot->log_lost = 23;
    snapshot->turned_away[SHARD_LIMIT_ROOM_SHARE] = 24;
    snapshot->turned_away[SHARD_LIMIT_MEMORY] = 25;
    snapshot->health[HEALTH_FULL] = 1;
    snapshot->process = (struct process_figures){.open_descriptors = 20, .most_descriptors = 21, .started_wall_ms = 22};
    char *text = written(snapshot);
    static const char *const samples[] = {
        "gochat_refused_total{reason=\"room_full\"} 11",
        "gochat_rate_limited_total{kind=\"stun\"} 12",
        "gochat_relay_limited_total{kind=\"total\"} 13",
        "gochat_sessions_limit 14",
        "gochat_sessions_per_source_limit 15",
        "gochat_room_members_limit 16",
        "gochat_rate_limit{kind=\"hello\"} 17",
        "gochat_rate_limit{kind=\"move\"} 18",
        "gochat_rate_limit{kind=\"stun\"} 0",
        "gochat_relay_rate_limit_bytes{kind=\"total\"} 19",
        "gochat_log_lost_total 23",
        "gochat_turned_away_total{limit=\"room_source_share\"} 24",
        "gochat_turned_away_total{limit=\"memory\"} 25",
        "gochat_turned_away_total{limit=\"sessions\"} 0",
        "gochat_health{state=\"full\"} 1",
        "gochat_health{state=\"stuck\"} 0",
        "process_open_fds 20",
        "process_max_fds 21",
        "process_start_time_seconds 0.022",
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) assert_says(text, samples[i]);
    char version[NAME_SIZE];
    snprintf(version, sizeof version, "gochat_build_info{version=\"%s\"} 1", GOCHAT_VERSION);
    assert_says(text, version);
    free(text);
    free(snapshot);
}

static void lateness_is_a_histogram(void **state) {
    (void)state;
    struct snapshot *snapshot = make_snapshot(1, 0);
    struct lateness *lateness = &snapshot->shards.lateness;
    for (uint32_t late = 10; late <= 1010; late += 100) lateness_note(lateness, late);
    char *text = written(snapshot);
    assert_says(text, "gochat_expiry_late_seconds_bucket{le=\"0.05\"} 1");
    assert_says(text, "gochat_expiry_late_seconds_bucket{le=\"0.25\"} 3");
    assert_says(text, "gochat_expiry_late_seconds_bucket{le=\"1\"} 10");
    assert_says(text, "gochat_expiry_late_seconds_bucket{le=\"+Inf\"} 11");
    assert_says(text, "gochat_expiry_late_seconds_sum 5.61");
    assert_says(text, "gochat_expiry_late_seconds_count 11");
    assert_says(text, "gochat_expiry_late_max_seconds 1.010");
    free(text);
    free(snapshot);
}

static void of_each_lane_there_are_histograms(void **state) {
    (void)state;
    struct snapshot *snapshot = make_snapshot(1, 0);
    struct snapshot_buckets *handling = &snapshot->handling[LANE_STUN], *batches = &snapshot->batches[LANE_RELAY];
    handling->counts[0] = 3;
    handling->counts[7] = 2;
    handling->counts[BUCKETS_COUNT - 1] = 1;
    handling->sum = 200123456;
    batches->counts[0] = 5;
    batches->counts[2] = 1;
    batches->counts[6] = 2;
    batches->sum = 137;
    char *text = written(snapshot);
    static const char *const samples[] = {
        "gochat_handling_seconds_bucket{lane=\"stun\",le=\"1e-06\"} 3",
        "gochat_handling_seconds_bucket{lane=\"stun\",le=\"6.4e-05\"} 3",
        "gochat_handling_seconds_bucket{lane=\"stun\",le=\"0.000128\"} 5",
        "gochat_handling_seconds_bucket{lane=\"stun\",le=\"0.131072\"} 5",
        "gochat_handling_seconds_bucket{lane=\"stun\",le=\"+Inf\"} 6",
        "gochat_handling_seconds_sum{lane=\"stun\"} 0.200123456",
        "gochat_handling_seconds_count{lane=\"stun\"} 6",
        "gochat_handling_seconds_count{lane=\"session\"} 0",
        "gochat_batch_datagrams_bucket{lane=\"relay\",le=\"1\"} 5",
        "gochat_batch_datagrams_bucket{lane=\"relay\",le=\"4\"} 6",
        "gochat_batch_datagrams_bucket{lane=\"relay\",le=\"64\"} 8",
        "gochat_batch_datagrams_bucket{lane=\"relay\",le=\"+Inf\"} 8",
        "gochat_batch_datagrams_sum{lane=\"relay\"} 137",
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) assert_says(text, samples[i]);
    free_page(read_page(text));
    free(text);
    free(snapshot);
}

/* Of a node that stands alone there is nothing about clusters. */
static void a_cluster_is_told_of_where_there_is_one(void **state) {
    (void)state;
    struct snapshot *snapshot = make_snapshot(1, 0);
    char *text = written(snapshot);
    assert_null(strstr(text, "gochat_cluster_"));
    free(text);
    snapshot->clusters = 1;
    snapshot->cluster.in_view = 3;
    snapshot->cluster.nodes[VIEW_MEMBER] = 3;
    snapshot->cluster.nodes[VIEW_CLOCK_OFF] = 1;
    snapshot->cluster.refused[BEACON_REFUSED_FORGED] = 7;
    snapshot->cluster.orders[1] = 5;
    snapshot->cluster.orders_refused[ORDERS_REFUSED_AHEAD] = 2;
    text = written(snapshot);
    assert_says(text, "gochat_cluster_in_view 3");
    assert_says(text, "gochat_cluster_nodes{state=\"member\"} 3");
    assert_says(text, "gochat_cluster_nodes{state=\"clock_off\"} 1");
    assert_says(text, "gochat_cluster_beacons_refused_total{reason=\"forged\"} 7");
    assert_says(text, "gochat_cluster_orders{author=\"others\"} 5");
    assert_says(text, "gochat_cluster_orders_refused_total{reason=\"ahead\"} 2");
    assert_null(strstr(text, "state=\"unknown\""));
    free_page(read_page(text));
    free(text);
    free(snapshot);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_well_formed),
        cmocka_unit_test(only_workers_make_it_longer),
        cmocka_unit_test(every_counter_of_a_worker_has_its_name_help_and_value),
        cmocka_unit_test(numbers_stand_under_their_names),
        cmocka_unit_test(labels_say_why_and_of_which_setting),
        cmocka_unit_test(lateness_is_a_histogram),
        cmocka_unit_test(of_each_lane_there_are_histograms),
        cmocka_unit_test(a_cluster_is_told_of_where_there_is_one),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
