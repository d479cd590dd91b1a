/* Lists of networks, as files that anybody may have written: each line is a network, a comment or nothing, or a fault
 * that is told with its line. What was read makes a set that holds, and has each of the networks. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bootnode/guard/prefix_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file each. */
extern const unsigned long fuzz_runs;
const unsigned long fuzz_runs = 40000;

static void require(bool condition) {
    if (!condition) abort();
}

static size_t count_lines(const char *text) {
    size_t count = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++) count++;
    return count;
}

/* The faults, as far as they are shown one by one. */
static size_t told(size_t faults) {
    return faults > PREFIX_LIST_FAULTS_SHOWN ? PREFIX_LIST_FAULTS_SHOWN + 1 : faults;
}

static void require_set(struct prefix_list *list) {
    const size_t count = list->count;
    struct prefix_entry *copy = malloc((count + 1) * sizeof *copy);
    require(copy != NULL);
    for (size_t i = 0; i < count; i++) copy[i] = list->entries[i];
    struct prefix_set *set = prefix_set_create(copy, count);
    require(set != NULL && prefix_set_holds(set));
    for (size_t i = 0; i < count; i++) {
        struct address address = {.port = 1};
        memcpy(address.ip, list->entries[i].prefix.ip, sizeof address.ip);
        require(!prefix_covers(&list->entries[i].prefix, &address) || prefix_set_find(set, &address) != NULL);
    }
    prefix_set_destroy(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct prefix_list list = {.entries = NULL};
    char *text = NULL, file[64];
    size_t length = 0;
    int descriptor = memfd_create("list", MFD_CLOEXEC);
    require(descriptor >= 0);
    require(write(descriptor, data, size) == (ssize_t)size);
    snprintf(file, sizeof file, "/proc/self/fd/%d", descriptor);
    FILE *problems = open_memstream(&text, &length);
    require(problems != NULL);
    size_t faults = prefix_list_read(&list, file, 1, problems);
    require(fclose(problems) == 0);
    require(count_lines(text) == told(faults));
    free(text);
    close(descriptor);
    require_set(&list);
    prefix_list_clear(&list);
    return 0;
}
