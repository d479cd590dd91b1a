#include "tests/support/told.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/folder.h"

struct client_config told;
char told_said[4096];

enum command_line_result told_read(const char *folder, const char *const *arguments) {
    char file[FOLDER_PATH_SIZE], *argv[TOLD_ARGUMENTS_MAX + 1] = {"gochat"};
    enum command_line_result result;
    int argc = 1, out = dup(1), err = dup(2);
    for (; arguments[argc - 1]; argc++) argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
    folder_file(folder, "said", file);
    fflush(stdout);
    assert_non_null(freopen(file, "w", stderr));
    assert_int_equal(dup2(2, 1), 1);
    result = command_line_read(argc, argv, &told);
    fflush(stdout);
    fflush(stderr);
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    folder_read(file, told_said, sizeof told_said);
    return result;
}

enum command_line_result told_invited(const char *folder, const char *invite, const char *const *more) {
    static char word[1024]; /* argv's, which is wiped */
    const char *arguments[TOLD_ARGUMENTS_MAX] = {word};
    size_t count = 1;
    snprintf(word, sizeof word, "%s", invite);
    for (; more[count - 1]; count++) arguments[count] = more[count - 1];
    enum command_line_result result = told_read(folder, arguments);
    if (*word && told.invited) fail_msg("%s is left", word);
    return result;
}

void told_refused(const char *folder, const char *const *arguments, const char *lines) {
    assert_int_equal(told_read(folder, arguments), COMMAND_LINE_BAD);
    assert_string_equal(told_said, lines);
}

void told_own_file(const char *folder, const char *text) {
    char path[FOLDER_PATH_SIZE];
    assert_int_equal(setenv("XDG_CONFIG_HOME", folder, 1), 0);
    assert_int_equal(mkdir(folder_file(folder, "gochat", path), 0700), 0);
    folder_write(folder_file(folder, "gochat/client.ini", path), text, 0600);
}

int told_clear(void **state) {
    char path[FOLDER_PATH_SIZE];
    setenv("XDG_CONFIG_HOME", TOLD_NOWHERE, 1);
    unlink(folder_file(*state, "gochat/client.ini", path));
    rmdir(folder_file(*state, "gochat", path));
    return folder_remove(state);
}
