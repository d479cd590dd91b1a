#include "tests/support/folder.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DESCRIPTORS 8

int folder_make(void **state) {
    const char *base = getenv("TMPDIR");
    char path[FOLDER_PATH_SIZE];
    snprintf(path, sizeof path, "%s/gochat-test.XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(path)) return -1;
    *state = strdup(path);
    return *state ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

int folder_remove(void **state) {
    int result = nftw(*state, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return result;
}

const char *folder_file(const char *folder, const char *name, char out[static FOLDER_PATH_SIZE]) {
    assert_in_range(snprintf(out, FOLDER_PATH_SIZE, "%s/%s", folder, name), 1, FOLDER_PATH_SIZE - 1);
    return out;
}

void folder_write(const char *file, const char *text, unsigned mode) {
    FILE *stream = fopen(file, "we");

    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fchmod(fileno(stream), mode), 0);
    assert_int_equal(fclose(stream), 0);
}

size_t folder_read(const char *file, char *out, size_t capacity) {
    FILE *stream = fopen(file, "re");
    size_t size;

    assert_non_null(stream);
    size = fread(out, 1, capacity, stream);
    assert_true(size < capacity);
    out[size] = '\0';
    fclose(stream);
    return size;
}
