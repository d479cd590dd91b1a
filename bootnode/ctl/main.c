#include "bootnode/ctl/main.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/config.h"
#include "bootnode/ctl/exchange.h"
#include "bootnode/ctl/tables.h"
#include "bootnode/ops/control_request.h"
#include "bootnode/ops/control_socket.h"
#include "common/home.h"
#include "common/modes.h"

#define EXIT_USAGE 2
#define WORDS_MAX 8
#define PATIENCE_MS 60000 /* a walk over a million sessions beside busy workers, a list of a million networks */

struct arguments {
    const char *control, *config, *limit;
    const char *words[WORDS_MAX];
    size_t count;
    bool json, help;
};

static int fail(int status, const char *why) {
    fprintf(stderr, "gochat: %s\n", why);
    return status;
}

/* --- The command line --- */

static void take_argument(void *context, const char *name, const char *value) {
    struct arguments *out = context;
    if (!name && out->count < WORDS_MAX) out->words[out->count++] = value;
    if (!name) return;
    if (strcmp(name, "control") == 0) out->control = value;
    if (strcmp(name, "config") == 0) out->config = value;
    if (strcmp(name, "limit") == 0) out->limit = value;
    if (strcmp(name, "json") == 0) out->json = true;
    if (strcmp(name, "help") == 0) out->help = true;
}

static bool parse_arguments(int argc, char **argv, struct arguments *out) {
    return mode_read(MODE_CTL, argc, argv, take_argument, out);
}

static int print_help(void) {
    mode_print_help(MODE_CTL);
    puts("\nCommands:");
    control_commands_list(stdout);
    return EXIT_SUCCESS;
}

/* --- Where to ask --- */

/* What the bootnode of this file has for `control`. */
static bool setting_of(const char *file, char out[static INI_TEXT_SIZE]) {
    static struct bootnode_config config;
    char path[PATH_MAX];
    ini_table_defaults(&bootnode_config_table, &config);
    if (!home_expand(file, path, sizeof path) || ini_table_load(&bootnode_config_table, path, &config, stderr) > 0)
        return false;
    snprintf(out, INI_TEXT_SIZE, "%s", config.control);
    return true;
}

static bool find_socket(const struct arguments *arguments, char out[static CONTROL_PATH_SIZE]) {
    char setting[INI_TEXT_SIZE] = "auto";
    if (arguments->control) {
        int size = snprintf(out, CONTROL_PATH_SIZE, "%s", arguments->control);
        return (size_t)size < CONTROL_PATH_SIZE || fail(0, "--control: the path is too long");
    }
    if (arguments->config && !setting_of(arguments->config, setting)) return false;
    return control_place_look(setting, out) ||
           fail(0, "there is no control socket (control = off), expected --control PATH");
}

/* --- Asking --- */

static void print_faults(const json_t *answer) {
    const json_t *faults = json_object_get(answer, "faults"), *fault;
    size_t i;
    json_array_foreach(faults, i, fault) {
        char *text = tables_value("", fault);
        fprintf(stderr, "%s\n", text ? text : "");
        free(text);
    }
}

/* The exit status that an answer means. */
static int show(const char *line, bool as_json) {
    json_error_t error;
    json_t *answer = json_loads(line, 0, &error);
    if (!answer) return fail(EXIT_FAILURE, "the answer is no JSON: is that the control socket of a bootnode?");
    const char *why = json_string_value(json_object_get(answer, "error"));
    const char *kind = json_string_value(json_object_get(answer, "kind"));
    bool done = json_is_true(json_object_get(answer, "ok"));
    if (as_json) puts(line);
    if (!done) print_faults(answer);
    if (done && !as_json) tables_print(json_object_get(answer, "result"), stdout);
    char *shown = done ? NULL : tables_value("", json_object_get(answer, "error"));
    if (!done) fail(0, why && shown ? shown : "the bootnode refused");
    free(shown);
    int status = done ? EXIT_SUCCESS : kind && strcmp(kind, "request") == 0 ? EXIT_USAGE : EXIT_FAILURE;
    json_decref(answer);
    return status;
}

static int ask(const char *path, const struct control_request *request, bool as_json) {
    struct why why = {"out of memory"};
    char *line = control_request_write(request);
    char *answer = line ? exchange_line(path, line, PATIENCE_MS, &why) : NULL;
    int status = answer ? show(answer, as_json) : fail(EXIT_FAILURE, why.text);
    free(answer);
    free(line);
    return status;
}

int ctl_main(int argc, char **argv) {
    struct arguments arguments = {.count = 0};
    struct control_request request;
    char path[CONTROL_PATH_SIZE];
    struct why why;
    if (!parse_arguments(argc, argv, &arguments)) return EXIT_USAGE;
    if (arguments.help || (arguments.count > 0 && strcmp(arguments.words[0], "help") == 0)) return print_help();
    if (!control_request_parse(arguments.words, arguments.count, arguments.limit, &request, &why))
        return fail(EXIT_USAGE, why.text);
    if (!find_socket(&arguments, path)) return EXIT_USAGE;
    return ask(path, &request, arguments.json);
}
