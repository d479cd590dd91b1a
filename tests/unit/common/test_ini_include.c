/* Configuration in several files: what include means, how it is refused, and whence each value came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/ini_include.h"
#include "common/ini_table.h"

struct settings {
    char name[INI_TEXT_SIZE];
    char file[INI_TEXT_SIZE];
    long long port, size;
    struct ini_address_list listen;
};
#define KEY(field, ...)                                                                                                \
    { .section = "node", .name = #field, .offset = offsetof(struct settings, field), __VA_ARGS__ }

static const struct ini_key keys[] = {
    KEY(name, .type = INI_TEXT, .fallback = "none"),
    KEY(file, .type = INI_PATH),
    KEY(port, .type = INI_INTEGER, .min = 0, .max = 9, .fallback = "1"),
    {.section = "more",
     .name = "size",
     .type = INI_INTEGER,
     .unit = "B",
     .bare = true,
     .offset = offsetof(struct settings, size),
     .max = 4096,
     .fallback = "1KiB"},
    KEY(listen, .type = INI_ADDRESS_LIST, .min = 1, .port = 7, .fallback = "::1"),
};
static const struct ini_table table = {
    .keys = keys, .count = sizeof keys / sizeof *keys, .target_size = sizeof(struct settings)};

static char folder[] = "/tmp/gochat-include-XXXXXX";
static struct settings settings;
static struct ini_origins origins;
static char said[8000]; /* the problems, without the folder */

static void put(const char *name, const char *content) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

/* `text` without the folder. */
static const char *without_folder(const char *text) {
    static char out[sizeof said];
    size_t length = strlen(folder) + 1, used = 0;
    for (; *text; text++) {
        if (strncmp(text, folder, length - 1) == 0 && text[length - 1] == '/') text += length;
        out[used++] = *text;
    }
    out[used] = '\0';
    return out;
}

static size_t load(const char *name) {
    char path[200], *text = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *problems = open_memstream(&text, &size);
    assert_non_null(problems);
    ini_origins_free(&origins);
    ini_origins_make(&origins, table.count);
    ini_table_defaults(&table, &settings);
    size_t count = ini_table_read(&table, path, &settings, &origins, problems);
    fclose(problems);
    snprintf(said, sizeof said, "%s", without_folder(text));
    free(text);
    return count;
}

static void assert_accepted(const char *name) {
    if (load(name) != 0) fail_msg("%s", said);
}

static void assert_refused(const char *name, size_t count, const char *expected) {
    size_t found = load(name);
    assert_string_equal(said, expected);
    assert_int_equal(found, count);
}

static const char *origin(const char *section, const char *name, size_t item) {
    static char text[INI_ORIGIN_SIZE];
    const struct ini_row_origins *row = &origins.rows[ini_table_row(&table, section, name)];
    snprintf(text, sizeof text, "%s", without_folder(ini_origin_say(&row->items[item], text)));
    return text;
}

static void a_file_counts_as_if_it_stood_there(void **state) {
    (void)state;
    put("part.ini", "port = 3\n[more]\nsize = 2KiB\n");
    put("main.ini", "[node]\nname = a\ninclude = part.ini # here\nfile = b\n");
    assert_accepted("main.ini");
    assert_int_equal(settings.port, 3);
    assert_int_equal(settings.size, 2048);
    assert_string_equal(strrchr(settings.file, '/'), "/b");
    put("main.ini", "include = whole.ini\n");
    put("whole.ini", "[node]\nport = 4\n");
    assert_accepted("main.ini");
    assert_int_equal(settings.port, 4);
}

static void a_relative_path_starts_at_its_own_file(void **state) {
    char path[200];
    (void)state;
    snprintf(path, sizeof path, "%s/inner", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    put("inner/a.ini", "file = key\ninclude = b.ini\n");
    put("inner/b.ini", "port = 5\n");
    put("main.ini", "[node]\ninclude = inner/a.ini\n");
    assert_accepted("main.ini");
    assert_string_equal(without_folder(settings.file), "inner/key");
    assert_int_equal(settings.port, 5);
    assert_int_equal(origins.file_count, 3);
    assert_int_equal(origins.folder_count, 2);
    assert_string_equal(without_folder(origins.folders[1]), "inner");
}

static void a_pattern_means_all_that_match_in_order(void **state) {
    (void)state;
    put("50-b.conf", "listen = 192.0.2.2\n");
    put("10-a.conf", "listen = 192.0.2.1\n");
    put(".99.conf", "what is hidden stays out\n");
    put("10-a.conf~", "and so does what an editor left\n");
    put("main.ini", "[node]\ninclude = *.conf\nlisten = 192.0.2.3\n");
    assert_accepted("main.ini");
    assert_int_equal(settings.listen.count, 3);
    assert_string_equal(origin("node", "listen", 0), "10-a.conf:1");
    assert_string_equal(origin("node", "listen", 1), "50-b.conf:1");
    assert_string_equal(origin("node", "listen", 2), "main.ini:3");
    put("main.ini", "[node]\ninclude = *.nothing\nport = 2\n");
    assert_accepted("main.ini");
    assert_int_equal(settings.port, 2);
    put("main.ini", "[node]\ninclude = *.conf\nlisten = 192.0.2.2:7\n");
    assert_refused("main.ini", 1,
                   "main.ini:3: listen = 192.0.2.2:7: expected 16 addresses at most, each once, in all lines of this "
                   "key; 192.0.2.2:7 is there already\n");
}

static void faults_are_told_with_their_own_file(void **state) {
    (void)state;
    put("part.ini", "port = 3\nport = 4\nnonsense\n");
    put("main.ini", "[node]\nport = 1\ninclude = part.ini\nnmae = x\n");
    assert_refused("main.ini", 4,
                   "part.ini:1: port = 3: given already in main.ini:2, expected once\n"
                   "part.ini:2: port = 4: given already in main.ini:2, expected once\n"
                   "part.ini:3: nonsense: expected key = value, [section], or a comment after # or ;\n"
                   "main.ini:4: nmae = x: unknown key, did you mean name?\n");
}

static void what_cannot_be_read_is_told_where_it_is_asked_for(void **state) {
    (void)state;
    put("main.ini", "[node]\ninclude = none.ini\ninclude = none/*.ini\ninclude =\ninclude = .\ninclude = */a.ini\n"
                    "include = n*/*.ini\ninclude = /dev/zero\n");
    assert_refused("main.ini", 6 + 1,
                   "main.ini:2: include = none.ini: No such file or directory\n"
                   "main.ini:3: include = none/*.ini: none: No such file or directory\n"
                   "main.ini:4: include = : expected a file, or a name with *\n"
                   "main.ini:5: include = .: expected a file\n"
                   "main.ini:6: include = */a.ini: expected *?[ in a file's name alone\n"
                   "main.ini:7: include = n*/*.ini: expected *?[ in a file's name alone\n"
                   "main.ini:8: include = /dev/zero: expected a file\n");
}

static void a_loop_is_named(void **state) {
    (void)state;
    put("a.ini", "include = b.ini\n");
    put("b.ini", "\ninclude = c.ini\n");
    put("c.ini", "include = ./a.ini\n");
    put("main.ini", "[node]\ninclude = a.ini\n");
    assert_refused("main.ini", 1,
                   "c.ini:1: include = ./a.ini: expected no file within itself: main.ini → a.ini → b.ini → c.ini → "
                   "./a.ini\n");
    put("main.ini", "include = main.ini\n");
    assert_refused("main.ini", 1,
                   "main.ini:1: include = main.ini: expected no file within itself: main.ini → main.ini\n");
}

static void files_within_each_other_are_eight_at_most(void **state) {
    char name[20], content[40];
    (void)state;
    for (int i = 1; i <= 9; i++) {
        snprintf(name, sizeof name, "%d.ini", i);
        snprintf(content, sizeof content, "include = %d.ini\n", i + 1);
        put(name, i < 9 ? content : "[node]\nport = 2\n");
    }
    assert_accepted("2.ini");
    assert_int_equal(settings.port, 2);
    assert_refused("1.ini", 1, "8.ini:1: include = 9.ini: expected at most 8 files within each other\n");
}

/* Ten files that each read the next one ten times would be read for ever. */
static void files_are_not_too_many_in_all(void **state) {
    (void)state;
    for (int i = 1; i <= 5; i++) {
        char name[20], content[400] = "";
        for (size_t j = 0; j < 10; j++)
            snprintf(content + strlen(content), sizeof content - strlen(content), "include = m%d.ini\n", i + 1);
        snprintf(name, sizeof name, "m%d.ini", i);
        put(name, content);
    }
    put("m6.ini", "");
    assert_true(load("m1.ini") > 0);
    assert_non_null(strstr(said, ": expected at most 64 files in all\n"));
}

static void every_value_has_its_origin(void **state) {
    (void)state;
    put("part.ini", "# first\nport = 3\n");
    put("main.ini", "[node]\ninclude = part.ini\nlisten = 192.0.2.1, 192.0.2.2\nlisten = 192.0.2.3\n");
    assert_accepted("main.ini");
    assert_string_equal(origin("node", "name", 0), "default");
    assert_string_equal(origin("node", "port", 0), "part.ini:2");
    assert_string_equal(origin("node", "listen", 1), "main.ini:3");
    assert_string_equal(origin("node", "listen", 2), "main.ini:4");
    char *printed = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&printed, &size);
    assert_non_null(out);
    ini_table_print(&table, &settings, &origins, out);
    fclose(out);
    assert_string_equal(without_folder(printed), "[node]\n"
                                                 "name = none  # default\n"
                                                 ";file =  # default\n"
                                                 "port = 3  # part.ini:2\n"
                                                 "[more]\n"
                                                 "size = 1KiB  # default\n"
                                                 "[node]\n"
                                                 "listen = 192.0.2.1:7  # main.ini:3\n"
                                                 "listen = 192.0.2.2:7  # main.ini:3\n"
                                                 "listen = 192.0.2.3:7  # main.ini:4\n");
    free(printed);
}

static void what_was_refused_is_marked(void **state) {
    (void)state;
    put("main.ini", "[node]\nport = 3\nname = a\nport = x\n[more]\nsize = 1s\n");
    assert_int_equal(load("main.ini"), 2);
    assert_true(origins.rows[ini_table_row(&table, "more", "size")].refused);
    assert_false(origins.rows[ini_table_row(&table, "node", "name")].refused);
    assert_int_equal(ini_table_row(&table, "node", "size"), table.count);
}

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static void empty(const char *path) {
    DIR *opened = opendir(path);
    char file[600];
    for (struct dirent *entry; opened && (entry = readdir(opened));) {
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (entry->d_type != DT_DIR) unlink(file);
    }
    if (opened) closedir(opened);
    rmdir(path);
}

static int remove_folder(void **state) {
    char inner[200];
    (void)state;
    ini_origins_free(&origins);
    snprintf(inner, sizeof inner, "%s/inner", folder);
    empty(inner);
    empty(folder);
    return access(folder, F_OK) == 0 ? -1 : 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_counts_as_if_it_stood_there),
        cmocka_unit_test(a_relative_path_starts_at_its_own_file),
        cmocka_unit_test(a_pattern_means_all_that_match_in_order),
        cmocka_unit_test(faults_are_told_with_their_own_file),
        cmocka_unit_test(what_cannot_be_read_is_told_where_it_is_asked_for),
        cmocka_unit_test(a_loop_is_named),
        cmocka_unit_test(files_within_each_other_are_eight_at_most),
        cmocka_unit_test(files_are_not_too_many_in_all),
        cmocka_unit_test(every_value_has_its_origin),
        cmocka_unit_test(what_was_refused_is_marked),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ini_include", tests, make_folder, remove_folder);
}
