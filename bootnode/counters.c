#include "bootnode/counters.h"

#include <string.h>

static const struct {
    const char *name, *labels, *help;
} texts[COUNTER_COUNT] = {
#define COUNTER_TEXT(id, name, help) [COUNTER_##id] = {name, "", help},
#define COUNTER_LABELLED(id, name, label, value, help) [COUNTER_##id] = {name, "{" label "=\"" value "\"}", help},
    COUNTERS(COUNTER_TEXT, COUNTER_LABELLED)
#undef COUNTER_TEXT
#undef COUNTER_LABELLED
};

uint64_t counters_read_name(const struct worker_counters *counters, enum counter which) {
    uint64_t sum = 0;
    for (enum counter other = 0; other < COUNTER_COUNT; other++)
        if (strcmp(texts[other].name, texts[which].name) == 0) sum += counters_read(counters, other);
    return sum;
}

const char *counter_name(enum counter which) {
    return texts[which].name;
}

const char *counter_labels(enum counter which) {
    return texts[which].labels;
}

const char *counter_help(enum counter which) {
    return texts[which].help;
}
