#include "bootnode/counters.h"

static const struct {
    const char *name, *help;
} texts[COUNTER_COUNT] = {
#define COUNTER_TEXT(id, name, help) [COUNTER_##id] = {name, help},
    COUNTERS(COUNTER_TEXT)
#undef COUNTER_TEXT
};

const char *counter_name(enum counter which) {
    return texts[which].name;
}

const char *counter_help(enum counter which) {
    return texts[which].help;
}
