#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bootnode/cluster/board_files.h"

static char folder[] = "/tmp/gochat-board-XXXXXX";
static struct bootnode_config config;
static struct board_files files;

/* Writes a file, and has the setting name it. */
static void give(char setting[static INI_TEXT_SIZE], const char *name, const char *content, size_t size, mode_t mode) {
    snprintf(setting, INI_TEXT_SIZE, "%s/%s", folder, name);
    FILE *stream = fopen(setting, "w");
    assert_non_null(stream);
    assert_int_equal(fwrite(content, 1, size, stream), size);
    fclose(stream);
    assert_int_equal(chmod(setting, mode), 0);
}

static int set_up(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state) {
    static const char *const names[] = {"ca", "cert", "key", "credentials"};
    char path[INI_TEXT_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

static bool read_them(struct why *why) {
    bool read = board_files_read(&config, &files, why);
    free(files.ca);
    free(files.cert);
    free(files.key);
    free(files.chained);
    return read;
}

static bool takes(const char *credentials, size_t size) {
    struct why why;
    memset(&config, 0, sizeof config);
    give(config.cluster.nats_credentials, "credentials", credentials, size, 0600);
    return read_them(&why);
}

static void test_nothing_named(void **state) {
    struct why why;
    (void)state;
    memset(&config, 0, sizeof config);
    assert_true(read_them(&why));
    assert_null(files.ca);
    assert_string_equal(files.user, "");
}

static void test_certificates(void **state) {
    struct why why;
    (void)state;
    memset(&config, 0, sizeof config);
    give(config.cluster.nats_ca, "ca", "CA", 2, 0644);
    give(config.cluster.nats_cert, "cert", "CERT", 4, 0644);
    give(config.cluster.nats_key, "key", "KEY", 3, 0640);
    assert_true(board_files_read(&config, &files, &why));
    assert_string_equal(files.ca, "CA");
    assert_string_equal(files.cert, "CERT");
    assert_string_equal(files.key, "KEY");
    free(files.ca);
    free(files.cert);
    free(files.key);
    assert_int_equal(chmod(config.cluster.nats_key, 0644), 0);
    assert_false(read_them(&why));
    assert_non_null(strstr(why.text, "nats_key = "));
    assert_non_null(strstr(why.text, "mode 0644 lets others in"));
    assert_int_equal(chmod(config.cluster.nats_key, 0620), 0);
    assert_false(read_them(&why));
    assert_string_equal(board_files_judge(config.cluster.nats_key, false).text, "");
    assert_string_not_equal(board_files_judge(config.cluster.nats_key, true).text, "");
    assert_string_equal(board_files_judge(folder, true).text, "expected a file");
    assert_string_equal(board_files_judge("/nonexistent", true).text, "No such file or directory");
}

static void test_credentials(void **state) {
    (void)state;
    assert_true(takes("ada:word\n", 9));
    assert_string_equal(files.user, "ada");
    assert_string_equal(files.password, "word");
    assert_true(takes("a:b", 3));
    assert_true(takes("ada:a:b c\r\n", 11));
    assert_string_equal(files.password, "a:b c");
    static const char *const refused[] = {"ada", "ada:", ":word", "\n", "ada:word\nand more\n", "ada\n:word"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) assert_false(takes(refused[i], strlen(refused[i])));
    assert_false(takes("", 0));
    assert_false(takes("ada:wo\0rd", 9));
}

static void test_credentials_of_nsc(void **state) {
    static const char text[] = "-----BEGIN NATS USER JWT-----\nabc\n------END NATS USER JWT------\n";
    struct why why;
    (void)state;
    memset(&config, 0, sizeof config);
    give(config.cluster.nats_credentials, "credentials", text, sizeof text - 1, 0600);
    assert_true(board_files_read(&config, &files, &why));
    assert_string_equal(files.chained, config.cluster.nats_credentials);
    assert_string_equal(files.user, "");
    free(files.chained);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_named),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_credentials_of_nsc),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("board_files", tests, set_up, tear_down);
}
