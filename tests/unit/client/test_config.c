#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/config.h"
#include "tests/support/folder.h"
#include "tests/support/told.h"

#define SAMPLE "conf/client.ini"

static void without_a_config_folder_it_is_in_the_home_directory(void **state) {
    char path[FOLDER_PATH_SIZE], found[1000];
    unsetenv("XDG_CONFIG_HOME");
    setenv("HOME", *state, 1);
    assert_false(client_config_own_file(found, sizeof found));
    setenv("HOME", folder_file(*state, "none/at/all", path), 1);
    assert_false(client_config_own_file(found, sizeof found));
    setenv("HOME", "/dev/null", 1);
    assert_false(client_config_own_file(found, sizeof found));
    told_own_file(*state, "");
    assert_true(client_config_own_file(found, sizeof found));
    assert_string_equal(found, folder_file(*state, "gochat/client.ini", path));
}

/* "name = value" or ";name = value"; NULL for other lines. */
static const char *split_line(char *line, char **value) {
    char *equals = strstr(line, " =");

    if (*line < ';' || (*line != ';' && *line < 'a') || !equals) return NULL;
    line[strcspn(line, "\n")] = '\0';
    *equals = '\0';
    *value = equals[2] == ' ' ? equals + 3 : equals + 2;
    return *line == ';' ? line + 1 : line;
}

static void the_sample_lists_exactly_the_keys_with_their_defaults(void **state) {
    FILE *sample = fopen(SAMPLE, "re");
    struct client_config loaded;
    char line[512];
    size_t found = 0;

    (void)state;
    assert_non_null(sample);
    while (fgets(line, sizeof line, sample)) {
        const struct ini_key *key = &client_config_table.keys[found];
        char *value = NULL;
        const char *name = split_line(line, &value);

        if (!name) continue;
        assert_true(found++ < client_config_table.count);
        assert_string_equal(name, key->name);
        assert_int_equal(*line == ';', key->fallback == NULL);
        if (key->fallback) assert_string_equal(value, key->fallback);
    }
    fclose(sample);
    assert_int_equal(found, client_config_table.count);
    ini_table_defaults(&client_config_table, &told);
    ini_table_defaults(&client_config_table, &loaded);
    assert_int_equal(ini_table_load(&client_config_table, SAMPLE, &loaded, stderr), 0);
    assert_memory_equal(&told, &loaded, sizeof told);
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, told_clear)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(without_a_config_folder_it_is_in_the_home_directory),
        cmocka_unit_test(the_sample_lists_exactly_the_keys_with_their_defaults),
    };
    setenv("XDG_CONFIG_HOME", TOLD_NOWHERE, 1);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
