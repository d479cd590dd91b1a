#include "bootnode/guard/access_lists.h"

#include <stdlib.h>
#include <string.h>

struct access_lists {
    struct prefix_set *parts[ACCESS_PARTS]; /* those of files */
    struct access_names names;
    struct access_rules *rules; /* that these will be part of: so that adopting them cannot fail */
};

static const bool of_files[ACCESS_PARTS] = {[PART_ALLOWED] = true, [PART_DENIED] = true, [PART_DENIED_OWN] = true};

static bool fail_file(const char *file, const char *why, FILE *problems) {
    fprintf(problems, "%s: %s\n", file, why);
    return false;
}

/* All files of a kind, into one list. Returns how many faults there were. */
static size_t read_files(const struct ini_path_list *files, struct prefix_list *list, FILE *problems) {
    size_t faults = 0;
    for (size_t i = 0; i < files->count; i++) faults += prefix_list_read(list, files->items[i], (unsigned)i, problems);
    return faults;
}

/* What lies among one's own stands apart; the rest keeps its order. */
static bool split(const struct access *access, struct prefix_list *list, struct prefix_list *own) {
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct prefix_entry *entry = &list->entries[i];
        if (!access_rules_own_alone(access, &entry->prefix))
            list->entries[kept++] = *entry;
        else if (!prefix_list_add(own, &entry->prefix, entry->origin))
            return false;
    }
    list->count = kept;
    return true;
}

static const struct prefix_entry *first_of_family(const struct prefix_set *set, bool ipv4) {
    const struct prefix_entry *entries = prefix_set_entries(set);
    for (size_t i = 0; i < prefix_set_count(set); i++)
        if (prefix_is_ipv4(&entries[i].prefix) == ipv4) return &entries[i];
    return NULL;
}

/* Who keeps out everybody says who may come. */
static bool leaves_somebody(const struct access_lists *lists, FILE *problems) {
    bool leaves = true;
    for (int ipv4 = 0; ipv4 <= 1; ipv4++) {
        if (!prefix_set_has_all(lists->parts[PART_DENIED], ipv4) || first_of_family(lists->parts[PART_ALLOWED], ipv4))
            continue;
        uint32_t origin = first_of_family(lists->parts[PART_DENIED], ipv4)->origin;
        fprintf(problems, "%s:%lu: every address of %s is denied, expected some of it in an allow_file\n",
                lists->names.deny.items[prefix_list_file_of(origin)], (unsigned long)prefix_list_line_of(origin),
                ipv4 ? "IPv4" : "IPv6");
        leaves = false;
    }
    return leaves;
}

/* The lists become the parts. */
static bool make_parts(const struct access *access, struct prefix_list *allow, struct prefix_list *deny,
                       struct access_lists *lists, FILE *problems) {
    struct prefix_list own = {.entries = NULL};
    bool made = split(access, deny, &own) && access_rules_make_set(allow, &lists->parts[PART_ALLOWED]) &&
                access_rules_make_set(deny, &lists->parts[PART_DENIED]) &&
                access_rules_make_set(&own, &lists->parts[PART_DENIED_OWN]);
    prefix_list_clear(&own);
    if (!made) return fail_file("deny_file and allow_file", "no memory for so many networks", problems);
    return leaves_somebody(lists, problems);
}

struct access_lists *access_read(const struct access *access, const struct access_files *files, FILE *problems) {
    struct prefix_list allow = {.entries = NULL}, deny = {.entries = NULL};
    struct access_lists *lists = calloc(1, sizeof *lists);
    struct access_rules *rules = calloc(1, sizeof *rules);
    size_t faults = read_files(files->allow, &allow, problems) + read_files(files->deny, &deny, problems);
    bool read = false;
    if (lists && rules) {
        lists->rules = rules;
        rules = NULL;
        lists->names = (struct access_names){.allow = *files->allow, .deny = *files->deny};
        read = faults == 0 && make_parts(access, &allow, &deny, lists, problems);
    } else {
        (void)fail_file("deny_file and allow_file", "no memory", problems);
    }
    prefix_list_clear(&allow);
    prefix_list_clear(&deny);
    free(rules);
    if (read) return lists;
    access_discard(lists);
    return NULL;
}

void access_adopt(struct access *access, struct access_lists *lists) {
    pthread_mutex_lock(&access->mutex);
    memcpy(lists->rules->parts, lists->parts, sizeof lists->parts);
    access_rules_succeed(access, lists->rules, of_files, true);
    access->names = lists->names;
    pthread_mutex_unlock(&access->mutex);
    free(lists);
}

void access_discard(struct access_lists *lists) {
    if (!lists) return;
    for (size_t i = 0; i < ACCESS_PARTS; i++) prefix_set_destroy(lists->parts[i]);
    free(lists->rules);
    free(lists);
}

bool access_reload(struct access *access, const struct access_files *files, FILE *problems) {
    struct access_lists *lists = access_read(access, files, problems);
    if (!lists) return false;
    access_adopt(access, lists);
    return true;
}
