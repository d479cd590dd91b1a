#include "bench/load/load_flags.h"

#include <stdio.h>
#include <string.h>

void *load_flag_field(const struct settings *settings, const struct load_flag *flag) {
    return (flag->flag.modes == OF_ROW ? (char *)settings->row : (char *)settings->options) + flag->offset;
}

bool load_flag_complain(struct why *why, const char *name, const char *value, const char *expected) {
    char what[LOAD_TEXT_SIZE];
    snprintf(what, sizeof what, "--%s", name);
    flag_explain(what, value, expected, why->text, sizeof why->text);
    return false;
}

bool load_flag_given(const struct settings *settings, const char *name) {
    for (size_t i = 0; i < load_flag_count; i++)
        if ((settings->given & load_flag_bit(&load_flags[i])) && strcmp(load_flags[i].flag.name, name) == 0)
            return true;
    return false;
}
