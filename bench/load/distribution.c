#include "bench/load/distribution.h"

#include <string.h>

const struct quantile quantiles[QUANTILE_COUNT] = {
    {"p50", "p50", 0.5}, {"p99", "p99", 0.99}, {"p999", "p99.9", 0.999}, {"max", "max", 1}};

static json_t *buckets_of(const struct histogram *histogram) {
    json_t *list = json_array();
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (histogram->buckets[i] > 0)
            json_array_append_new(
                list, json_pack("[I, I]", (json_int_t)histogram_lower(i), (json_int_t)histogram->buckets[i]));
    return list;
}

static json_t *whole(uint64_t value) {
    return json_integer(value < INT64_MAX ? (json_int_t)value : INT64_MAX);
}

json_t *distribution_write(const struct histogram *histogram, const char *unit) {
    json_t *object = json_object();
    json_object_set_new(object, "unit", json_string(unit));
    json_object_set_new(object, "count", whole(histogram->count));
    json_object_set_new(object, "sum", json_real(histogram->sum));
    json_object_set_new(object, "mean", json_real(histogram_mean(histogram)));
    json_object_set_new(object, "min", whole(histogram->minimum));
    for (size_t i = 0; i < QUANTILE_COUNT; i++)
        json_object_set_new(object, quantiles[i].key, whole(histogram_quantile(histogram, quantiles[i].share)));
    json_object_set_new(object, "buckets", buckets_of(histogram));
    return object;
}

static bool read_count(const json_t *value, uint64_t *out) {
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    *out = (uint64_t)json_integer_value(value);
    return true;
}

static bool restore(const json_t *buckets, struct histogram *out) {
    uint64_t lower, count;
    if (!json_is_array(buckets)) return false;
    for (size_t i = 0; i < json_array_size(buckets); i++) {
        const json_t *bucket = json_array_get(buckets, i);
        if (json_array_size(bucket) != 2 || !read_count(json_array_get(bucket, 0), &lower) ||
            !read_count(json_array_get(bucket, 1), &count) || !histogram_restore(out, lower, count))
            return false;
    }
    return true;
}

bool distribution_merge(const json_t *object, const char *unit, struct histogram *into, struct why *why) {
    static struct histogram read;
    const char *theirs = json_string_value(json_object_get(object, "unit"));
    uint64_t count;
    if (!json_is_object(object)) return why_fail(why, "expected an object with buckets");
    if (!theirs || strcmp(theirs, unit) != 0)
        return why_fail(why, "expected the unit %s, not %.20s", unit, theirs ? theirs : "none");
    histogram_clear(&read);
    if (!restore(json_object_get(object, "buckets"), &read))
        return why_fail(why, "expected buckets as [lower bound, count], with the bounds of this version");
    if (!read_count(json_object_get(object, "min"), &read.minimum) ||
        !read_count(json_object_get(object, "max"), &read.maximum) ||
        !read_count(json_object_get(object, "count"), &count) || count != read.count)
        return why_fail(why, "expected min, max and a count that is that of the buckets");
    read.sum = json_number_value(json_object_get(object, "sum"));
    histogram_merge(into, &read);
    return true;
}
