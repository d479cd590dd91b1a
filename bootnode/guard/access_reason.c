#include "bootnode/guard/access_reason.h"

#include <assert.h>
#include <string.h>

#include "common/clock.h"
#include "common/units.h"

static void tell_origin(const struct access *access, enum access_part part, const struct prefix_entry *entry,
                        struct access_reason *out) {
    const struct ini_path_list *files = part == PART_ALLOWED ? &access->names.allow : &access->names.deny;
    out->prefix = entry->prefix;
    out->by_hand = part < ACCESS_FIRST_OF_FILES;
    if (out->by_hand) {
        out->until_ms = access->orders->items[entry->origin].until_ms;
        return;
    }
    out->line = prefix_list_line_of(entry->origin);
    memcpy(out->file, files->items[prefix_list_file_of(entry->origin)], sizeof out->file);
}

static void explain(const struct access *access, const struct address *address, struct access_reason *out) {
    const struct access_rules *rules = rcu_load(&access->rules);
    enum access_part part = PART_BANNED;
    const struct prefix_entry *against = access_rules_against(access, rules, PART_BANNED, address);
    if (against) out->otherwise = ACCESS_BANNED;
    if (!against && (against = access_rules_against(access, rules, PART_DENIED, address))) {
        out->otherwise = ACCESS_DENIED;
        part = PART_DENIED;
    }
    enum access_part allowing;
    const struct prefix_entry *favour = access_rules_for(rules, address, &allowing);
    if (favour) {
        out->rule = ACCESS_ALLOWED;
        tell_origin(access, allowing, favour, out);
    } else if (against) {
        out->rule = out->otherwise;
        out->otherwise = ACCESS_OPEN;
        tell_origin(access, part, against, out);
    }
}

void access_explain(struct access *access, const struct address *address, struct access_reason *out) {
    *out = (struct access_reason){.rule = ACCESS_OPEN};
    pthread_mutex_lock(&access->mutex);
    explain(access, address, out);
    pthread_mutex_unlock(&access->mutex);
}

/* Whose words these are. */
static void say_by(const struct access_reason *reason, uint64_t now_ms, struct why *why) {
    char text[UNITS_TEXT_SIZE];
    if (!reason->by_hand) {
        why_add(why, ", %s:%lu", reason->file, (unsigned long)reason->line);
    } else if (reason->until_ms == NEVER) {
        why_add(why, ", by hand, until that is lifted");
    } else {
        uint64_t left_s = (later(reason->until_ms, now_ms) - now_ms + 999) / 1000;
        why_add(why, ", by hand, for %s more", units_format("s", (long long)left_s, text));
    }
}

char *access_reason_text(const struct access_reason *reason, uint64_t now_ms, char out[static ACCESS_TEXT_SIZE]) {
    static const char *const says[] = {"open: nothing names it", "allowed by ", "banned by ", "denied by "};
    static const char *const would_be[] = {"", "", "; else it would be banned", "; else it would be denied"};
    char prefix[PREFIX_TEXT_SIZE];
    struct why why;
    (void)why_fail(&why, "%s", says[reason->rule]);
    if (reason->rule != ACCESS_OPEN) {
        why_add(&why, "%s", prefix_format(&reason->prefix, prefix));
        say_by(reason, now_ms, &why);
        why_add(&why, "%s", would_be[reason->otherwise]);
    }
    static_assert(ACCESS_TEXT_SIZE <= sizeof why.text, "as much as there may be");
    memcpy(out, why.text, ACCESS_TEXT_SIZE);
    out[ACCESS_TEXT_SIZE - 1] = '\0';
    return out;
}
