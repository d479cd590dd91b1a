/* A folder of its own for each test that writes files. */
#pragma once

#include <stddef.h>

#define FOLDER_PATH_SIZE 256

/* cmocka's setup and teardown: *state is the folder's path. */
int folder_make(void **state);
int folder_remove(void **state);
/* FOLDER/name */
const char *folder_file(const char *folder, const char *name, char out[static FOLDER_PATH_SIZE]);
void folder_write(const char *file, const char *text, unsigned mode);
/* The whole file, zero-terminated; fails the test when it does not fit. */
size_t folder_read(const char *file, char *out, size_t capacity);
