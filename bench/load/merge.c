#include "bench/load/merge.h"

#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/cover.h"
#include "bench/load/distribution.h"
#include "bench/load/report.h"

/* One name. */
struct group {
    struct row_result result;
    json_t *objects;             /* as they were read */
    json_t *runs;                /* and what is told of each */
    struct cover measured, fill; /* when requests and registrations went */
    double asked;                /* requests, by rate and time */
    const char **lines;          /* disagreements, of the objects */
    struct group *next;
};

struct merge {
    struct group *first, **last;
};

struct merge *merge_create(void) {
    struct merge *merge = calloc(1, sizeof *merge);
    if (merge) merge->last = &merge->first;
    return merge;
}

void merge_destroy(struct merge *merge) {
    while (merge && merge->first) {
        struct group *group = merge->first;
        merge->first = group->next;
        json_decref(group->objects);
        json_decref(group->runs);
        cover_free(&group->measured);
        cover_free(&group->fill);
        free(group->lines);
        free(group);
    }
    free(merge);
}

/* --- Reading --- */

#define COUNT_OF(field) offsetof(struct row_result, field)

static const struct {
    const char *key;
    size_t offset;
    bool is_of_cut; /* told only by a row that was cut */
} counts[] = {
    {"registered", COUNT_OF(registered), false},
    {"sent", COUNT_OF(pump.sent), false},
    {"send_failed", COUNT_OF(pump.send_failed), false},
    {"late", COUNT_OF(pump.late), false},
    {"expected", COUNT_OF(pump.expected), false},
    {"answered", COUNT_OF(pump.answered), false},
    {"lost", COUNT_OF(pump.lost), false},
    {"announce_missing", COUNT_OF(announce_missing), false},
    {"expired_expected", COUNT_OF(expired_expected), false},
    {"expired_seen", COUNT_OF(expired_seen), false},
    {"expired_never_due", COUNT_OF(expired_never_due), false},
    {"expired_wrong", COUNT_OF(expired_wrong), false},
    {"never_due", COUNT_OF(cut.never_due), true},
    {"fill_unanswered", COUNT_OF(cut.fill_unanswered), true},
    {"fill_never_due", COUNT_OF(cut.fill_never_due), true},
};

static const struct {
    const char *key, *unit;
    size_t offset;
} distributions[] = {
    {"rtt_us", "us", COUNT_OF(pump.rtt_us)},
    {"announce_us", "us", COUNT_OF(announce_us)},
    {"expiry_late_ms", "ms", COUNT_OF(expiry_late_ms)},
};

static bool read_count(const json_t *object, const char *key, uint64_t *out, struct why *why) {
    const json_t *value = json_object_get(object, key);
    *out = 0;
    if (!json_is_integer(value) || json_integer_value(value) < 0) return why_fail(why, "%s: expected a count", key);
    *out = (uint64_t)json_integer_value(value);
    return true;
}

static bool read_real(const json_t *object, const char *key, double *out, struct why *why) {
    const json_t *value = json_object_get(object, key);
    *out = json_number_value(value);
    return (json_is_number(value) && *out >= 0) || why_fail(why, "%s: expected a number", key);
}

static bool add_counts(struct row_result *result, const json_t *object, struct why *why) {
    bool cut = json_is_true(json_object_get(object, "interrupted"));
    uint64_t value, unsent, sessions;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (counts[i].is_of_cut && !cut) continue;
        if (!read_count(object, counts[i].key, &value, why)) return false;
        *(uint64_t *)(void *)((char *)result + counts[i].offset) += value;
    }
    if (!read_count(object, "unsent", &unsent, why) || !read_count(object, "sessions", &sessions, why)) return false;
    result->sessions += (uint32_t)sessions;
    result->cut.interrupted = result->cut.interrupted || cut;
    result->pump.due += unsent;
    return true;
}

static bool add_distributions(struct row_result *result, const json_t *object, struct why *why) {
    for (size_t i = 0; i < sizeof distributions / sizeof *distributions; i++) {
        void *into = (char *)result + distributions[i].offset;
        struct why reason;
        if (!distribution_merge(json_object_get(object, distributions[i].key), distributions[i].unit, into, &reason))
            return why_fail(why, "%s: %s", distributions[i].key, reason.text);
    }
    return true;
}

static void widen(uint64_t from, uint64_t *first, uint64_t until, uint64_t *last) {
    if (*first == 0 || from < *first) *first = from;
    if (until > *last) *last = until;
}

static bool add_times(struct group *group, const json_t *object, struct why *why) {
    struct row_result *result = &group->result;
    uint64_t start, measured = 0, end, registered;
    double elapsed_s, rate, registered_per_s;
    if (!read_count(object, "start_ms", &start, why) || !read_count(object, "end_ms", &end, why) ||
        !read_count(object, "registered", &registered, why) || !read_real(object, "elapsed_s", &elapsed_s, why) ||
        !read_real(object, "rate", &rate, why) || !read_real(object, "registered_per_s", &registered_per_s, why))
        return false;
    widen(start, &result->started_ms, end, &result->ended_ms);
    group->asked += rate * elapsed_s;
    if (json_object_get(object, "measured_ms")) { /* not of one that was cut in the fill */
        uint64_t last = 0;
        if (!read_count(object, "measured_ms", &measured, why)) return false;
        widen(measured, &result->measured_ms, measured, &last);
    }
    double filled_s = registered_per_s > 0 ? (double)registered / registered_per_s : 0;
    return (cover_add(&group->measured, (double)measured / 1000, elapsed_s) &&
            cover_add(&group->fill, (double)start / 1000, filled_s)) ||
           why_fail(why, "out of memory");
}

/* What a reader must know of each run to judge the sum. */
static json_t *told_of(const json_t *object, const char *file) {
    static const char *const keys[] = {"version", "start", "end",       "machine",     "target", "options",
                                       "rate",    "sent",  "elapsed_s", "interrupted", "server"};
    json_t *run = json_object();
    json_object_set_new(run, "file", json_string(file));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_object_get(object, keys[i])) json_object_set(run, keys[i], json_object_get(object, keys[i]));
    return run;
}

static struct group *find_group(const struct merge *merge, const char *name) {
    struct group *group = merge->first;
    while (group && strcmp(group->result.name, name) != 0) group = group->next;
    return group;
}

/* `name` lives in the object that the group is about to hold. */
static struct group *add_group(struct merge *merge, const char *name) {
    struct group *group = calloc(1, sizeof *group);
    if (!group) return NULL;
    group->result.name = name;
    group->objects = json_array();
    group->runs = json_array();
    *merge->last = group;
    merge->last = &group->next;
    return group;
}

static const char *text_or_none(const json_t *value) {
    const char *text = json_string_value(value);
    return text ? text : "";
}

static const char *text_of(const json_t *object, const char *key) {
    return text_or_none(json_object_get(object, key));
}

static bool fits(const struct group *group, const json_t *object, struct why *why) {
    for (size_t i = 0; i < json_array_size(group->objects); i++) {
        const json_t *other = json_array_get(group->objects, i);
        if (json_equal(other, object)) return why_fail(why, "expected each result once, this one came before");
        if (strcmp(text_of(other, "traffic"), text_of(object, "traffic")) != 0)
            return why_fail(why, "expected the traffic '%s', as in '%s' before, not '%s'", text_of(other, "traffic"),
                            text_of(object, "name"), text_of(object, "traffic"));
    }
    return true;
}

/* The group holds the object, which holds the strings. */
static bool take(struct merge *merge, json_t *object, const char *file, struct why *why) {
    const char *name = json_string_value(json_object_get(object, "name"));
    if (json_object_get(object, "progress")) return true;
    if (!name) return why_fail(why, "expected a result that gochat-load --json wrote");
    struct group *group = find_group(merge, name);
    if (group && !fits(group, object, why)) return false;
    if (!group) group = add_group(merge, name);
    if (!group || json_array_append(group->objects, object) != 0) return why_fail(why, "out of memory");
    json_array_append_new(group->runs, told_of(object, file));
    return add_counts(&group->result, object, why) && add_distributions(&group->result, object, why) &&
           add_times(group, object, why);
}

static bool take_line(struct merge *merge, const char *line, const char *file, struct why *why) {
    json_error_t error;
    if (line[strspn(line, " \t\r\n")] == '\0') return true;
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    if (!object) return why_fail(why, "expected JSON: %s", error.text);
    bool taken = take(merge, object, file, why);
    json_decref(object);
    return taken;
}

bool merge_read(struct merge *merge, FILE *from, const char *name, struct why *why) {
    char *line = NULL;
    size_t size = 0, number = 0;
    bool good = true;
    while (good && getline(&line, &size, from) >= 0) {
        struct why reason;
        number++;
        good = take_line(merge, line, name, &reason);
        if (!good) why_fail(why, "%s:%zu: %s", name, number, reason.text);
    }
    free(line);
    if (good && ferror(from)) return why_fail(why, "%s: %s", name, strerror(errno));
    return good;
}

/* --- Writing --- */

/* How many there are; into `lines`, unless that is NULL. */
static size_t gather(const struct group *group, const char **lines) {
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(group->objects); i++) {
        const json_t *of_one = json_object_get(json_array_get(group->objects, i), "disagreements");
        for (size_t j = 0; j < json_array_size(of_one); j++, count++)
            if (lines) lines[count] = text_or_none(json_array_get(of_one, j));
    }
    return count;
}

/* What follows from the sums. */
static bool conclude(struct group *group) {
    struct row_result *result = &group->result;
    double measured_s = cover_seconds(&group->measured), filled_s = cover_seconds(&group->fill);
    result->pump.elapsed_us = (uint64_t)(measured_s * 1e6 + 0.5);
    result->pump.due += result->pump.sent + result->pump.send_failed;
    result->rate = measured_s > 0 ? group->asked / measured_s : 0;
    result->registered_per_s = filled_s > 0 ? (double)result->registered / filled_s : 0;
    result->disagreement_count = gather(group, NULL);
    group->lines = calloc(result->disagreement_count + 1, sizeof *group->lines);
    if (!group->lines) return false;
    (void)gather(group, group->lines);
    result->disagreements = group->lines;
    return true;
}

static json_t *object_of(const struct group *group) {
    json_t *object = report_object(&group->result);
    const json_t *first = json_array_get(group->objects, 0);
    json_object_del(object, "machine"); /* ours, which has nothing to do with it */
    json_object_set(object, "traffic", json_object_get(first, "traffic"));
    json_object_set(object, "runs", group->runs);
    return object;
}

bool merge_write(struct merge *merge, FILE *to, bool as_json, uint64_t *disagreements) {
    *disagreements = 0;
    errno = ENOMEM;
    for (struct group *group = merge->first; group; group = group->next) {
        if (!conclude(group)) return false;
        *disagreements += group->result.disagreement_count;
        if (!as_json && fprintf(to, "%zu runs of ", json_array_size(group->runs)) < 0) return false;
        if (as_json ? !report_line(to, object_of(group)) : !report_text(to, &group->result)) return false;
    }
    return true;
}
