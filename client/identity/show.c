#include "client/identity/show.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/identity/custody.h"
#include "common/names.h"

/* --- One file --- */

struct shown {
    const char *path;
    char fingerprint[FINGERPRINT_TEXT_SIZE];
    bool sealed;
    struct why why; /* nothing, or why it cannot be read */
};

static void look(const char *path, const struct identity_file *file, struct shown *out) {
    memset(out, 0, sizeof *out);
    out->path = path;
    out->sealed = file->sealed;
    fingerprint_format(file->public, out->fingerprint);
}

static void look_at(const char *path, struct shown *out) {
    struct identity_file file;
    struct why why = {""};
    bool opened = identity_file_open(path, false, &file, &why) == IDENTITY_FILE_OPENED;
    look(path, &file, out);
    if (!opened) out->why = why;
    identity_file_close(&file);
}

/* --- For people --- */

static void print_one(const struct shown *shown) {
    printf("fingerprint  %s\n", shown->fingerprint);
    printf("file         %s\n", shown->path);
    printf("passphrase   %s\n", shown->sealed ? "yes: it is asked for at each start" : "no");
}

static void print_other(const struct shown *shown) {
    if (shown->why.text[0])
        printf("also there   %s\n", shown->why.text);
    else
        printf("also there   %s  %s%s\n", shown->fingerprint, shown->path, shown->sealed ? ", with a passphrase" : "");
}

void show_to_people(const char *path, const struct identity_file *file, const char *directory) {
    struct shown shown;
    size_t count;
    char **list = custody_list(directory, &count);
    look(path, file, &shown);
    print_one(&shown);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], path) != 0) {
            look_at(list[i], &shown);
            print_other(&shown);
        }
        free(list[i]);
    }
    free(list);
}

/* --- For programs --- */

static json_t *pack(const struct shown *shown) {
    json_t *path = json_string(shown->path); /* NULL where it is no UTF-8 */
    if (!path) path = json_null();
    if (shown->why.text[0]) return json_pack("{s:o,s:s*}", "file", path, "error", shown->why.text);
    return json_pack("{s:o,s:s,s:b}", "file", path, "fingerprint", shown->fingerprint, "passphrase", shown->sealed);
}

void show_to_programs(const char *path, const struct identity_file *file, const char *directory) {
    struct shown shown;
    size_t count;
    char **list = custody_list(directory, &count);
    look(path, file, &shown);
    json_t *object = pack(&shown), *others = json_array();
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], path) != 0) {
            look_at(list[i], &shown);
            json_array_append_new(others, pack(&shown));
        }
        free(list[i]);
    }
    free(list);
    json_object_set_new(object, "others", others);
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
}
