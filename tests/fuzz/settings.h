/* Settings that anybody may have written: each file either says what is wrong, line by line, or gives values that are
 * in their ranges. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/ini_table.h"

/* A file each. */
extern const unsigned long fuzz_runs;
const unsigned long fuzz_runs = 40000;

static void require(bool condition) {
    if (!condition) abort();
}

static void require_text(const char *text) {
    require(memchr(text, '\0', INI_TEXT_SIZE) != NULL);
}

static void require_in_range(const struct ini_key *key, const void *value) {
    if (key->type == INI_TEXT || key->type == INI_PATH) require_text(value);
    if (key->type == INI_ADDRESS_LIST) require(((const struct ini_address_list *)value)->count <= INI_ADDRESS_LIST_MAX);
    if (key->type != INI_INTEGER) return;
    long long number;
    memcpy(&number, value, sizeof number);
    require(number >= key->min && number <= key->max);
}

/* How many lines came out, each of which names the file, or one that it includes. */
static size_t count_lines(const char *text, const char *file, bool includes) {
    size_t count = 0;
    for (const char *end; (end = strchr(text, '\n')); text = end + 1, count++)
        require(includes ? *text == '/' : strncmp(text, file, strlen(file)) == 0);
    require(*text == '\0');
    return count;
}

/* Loads what the input says over the defaults, into `target`. */
static void fuzz_settings(const struct ini_table *table, void *target, const uint8_t *data, size_t size) {
    char *text = NULL, file[64];
    size_t length = 0;
    int descriptor = memfd_create("settings", MFD_CLOEXEC);
    require(descriptor >= 0);
    require(write(descriptor, data, size) == (ssize_t)size);
    snprintf(file, sizeof file, "/proc/self/fd/%d", descriptor);
    FILE *problems = open_memstream(&text, &length);
    require(problems != NULL);
    ini_table_defaults(table, target);
    size_t count = ini_table_load(table, file, target, problems);
    require(fclose(problems) == 0);
    require(count_lines(text, file, memmem(data, size, "include", 7) != NULL) == count);
    free(text);
    close(descriptor);
    for (size_t i = 0; i < table->count; i++) require_in_range(&table->keys[i], (char *)target + table->keys[i].offset);
}
