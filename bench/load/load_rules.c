#include "bench/load/load_rules.h"

#include <stdio.h>
#include <string.h>

#define EXPECTED_SIZE 600

static bool complain_pair(const struct settings *settings, const struct load_flag *flag, const char *words,
                          const char *other, struct why *why) {
    char expected[EXPECTED_SIZE];
    snprintf(expected, sizeof expected, "expected %s --%s", words, other);
    return load_flag_complain(why, flag->flag.name, flag->flag.value ? settings->values[flag - load_flags] : NULL,
                              expected);
}

bool load_rules_note(struct settings *settings, const struct load_flag *flag, const char *value, struct why *why) {
    size_t index = (size_t)(flag - load_flags);
    if ((settings->given & load_flag_bit(flag)) && strcmp(settings->values[index], value) != 0) {
        char expected[EXPECTED_SIZE];
        snprintf(expected, sizeof expected, "expected once, it was '%.100s' before", settings->values[index]);
        return load_flag_complain(why, flag->flag.name, value, expected);
    }
    settings->values[index] = value;
    settings->given |= load_flag_bit(flag);
    for (size_t i = 0; flag->group != GROUP_NONE && i < load_flag_count; i++) {
        if (i == index || load_flags[i].group != flag->group) continue;
        if (settings->given & load_flag_bit(&load_flags[i]))
            return complain_pair(settings, flag, "without", load_flags[i].flag.name, why);
        settings->inherited &= ~load_flag_bit(&load_flags[i]);
    }
    return true;
}

static const char *traffic_flag(enum traffic_kind traffic) {
    for (size_t i = 0; i < load_flag_count; i++)
        if (load_flags[i].group == GROUP_TRAFFIC && load_flags[i].choice == (int)traffic)
            return load_flags[i].flag.name;
    return NULL;
}

/* "expected with heartbeats or --idle, not with --stun" */
static bool complain_traffic(const struct settings *settings, const struct load_flag *flag, struct why *why) {
    char expected[EXPECTED_SIZE] = "";
    const char *given = traffic_flag(settings->row->traffic), *separator = "expected with ";
    size_t used = 0;
    for (unsigned i = 0; flag->traffics != SENDS && i < 8 * sizeof flag->traffics; i++) {
        const char *name = traffic_flag((enum traffic_kind)i);
        if (!(flag->traffics & ONLY(i))) continue;
        used += (size_t)snprintf(expected + used, sizeof expected - used, "%s%s%s", separator, name ? "--" : "",
                                 name ? name : "heartbeats");
        separator = " or ";
    }
    snprintf(expected + used, sizeof expected - used, "%s%s%s", used > 0 ? ", not with " : "expected without ",
             given ? "--" : "", given ? given : "heartbeats");
    return load_flag_complain(why, flag->flag.name, flag->flag.value ? settings->values[flag - load_flags] : NULL,
                              expected);
}

/* A default that means nothing here is not the row's. */
static void drop_default(struct settings *settings, const struct load_flag *flag) {
    memcpy(load_flag_field(settings, flag), (const char *)&load_defaults.row + flag->offset, flag->size);
    if (flag->group == GROUP_PACE) settings->row->pace = load_defaults.row.pace;
    settings->inherited &= ~load_flag_bit(flag);
}

static bool fits_others(const struct settings *settings, const struct load_flag *flag, struct why *why) {
    uint64_t all = settings->given | settings->inherited;
    for (size_t i = 0; i < load_flag_count; i++) {
        const char *name = load_flags[i].flag.name;
        char padded[LOAD_TEXT_SIZE];
        snprintf(padded, sizeof padded, " %s ", name);
        bool is_other = &load_flags[i] != flag && (all & load_flag_bit(&load_flags[i]));
        if (flag->needs && strcmp(flag->needs, name) == 0 && !is_other)
            return complain_pair(settings, flag, "with", name, why);
        if (!flag->never || !is_other) continue;
        if (*flag->never == '*' ? strcmp(name, "json") != 0 : strstr(flag->never, padded) != NULL)
            return complain_pair(settings, &load_flags[i], "without", flag->flag.name, why);
    }
    return true;
}

/* A command line before --rows that leaves the traffic to them. */
static bool is_before_rows(const struct settings *settings) {
    if (!settings->options || settings->options->rows[0] == '\0') return false;
    for (size_t i = 0; i < load_flag_count; i++)
        if (load_flags[i].group == GROUP_TRAFFIC && (settings->given & load_flag_bit(&load_flags[i]))) return false;
    return true;
}

bool load_rules_hold(struct settings *settings, struct why *why) {
    for (size_t i = 0; i < load_flag_count; i++) {
        const struct load_flag *flag = &load_flags[i];
        bool means_something = flag->traffics == 0 || (flag->traffics & ONLY(settings->row->traffic));
        if ((settings->given & load_flag_bit(flag)) && !means_something && !is_before_rows(settings))
            return complain_traffic(settings, flag, why);
        if ((settings->inherited & load_flag_bit(flag)) && !means_something) drop_default(settings, flag);
    }
    for (size_t i = 0; i < load_flag_count; i++)
        if (((settings->given | settings->inherited) & load_flag_bit(&load_flags[i])) &&
            !fits_others(settings, &load_flags[i], why))
            return false;
    return true;
}
