#include "bootnode/cluster/board_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OF_NSC "-----BEGIN NATS USER JWT-----"
#define FOR_OTHERS (S_IRWXO | S_IWGRP)

static bool judge(int descriptor, bool secret, size_t *size, struct why *why) {
    struct stat status;
    if (descriptor < 0 || fstat(descriptor, &status) != 0) return why_fail(why, "%s", strerror(errno));
    if (!S_ISREG(status.st_mode)) return why_fail(why, "expected a file");
    if (secret && (status.st_mode & FOR_OTHERS))
        return why_fail(why, "mode %04o lets others in, expected 0600, or 0640 for a group of its own",
                        (unsigned)(status.st_mode & 07777));
    if (status.st_size > BOARD_FILE_MAX) return why_fail(why, "expected %d bytes at most", BOARD_FILE_MAX);
    *size = (size_t)status.st_size;
    return true;
}

/* Not a pipe, which opening would wait for. */
static int open_file(const char *file) {
    return open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

struct why board_files_judge(const char *file, bool secret) {
    struct why why = {""};
    size_t ignored;
    int descriptor = open_file(file);
    (void)judge(descriptor, secret, &ignored, &why);
    if (descriptor >= 0) close(descriptor);
    return why;
}

static char *read_all(int descriptor, size_t size, struct why *why) {
    char *text = malloc(size + 1);
    size_t got = 0;
    ssize_t count = 1;
    if (!text) return NULL;
    while (got < size && (count = read(descriptor, text + got, size - got)) > 0) got += (size_t)count;
    text[got] = '\0';
    if (count < 0) why_fail(why, "%s", strerror(errno));
    if (count >= 0 && strlen(text) == got && got > 0) return text;
    if (count >= 0) why_fail(why, "expected text");
    free(text);
    return NULL;
}

/* The file's text, or NULL with `why`. */
static char *read_file(const char *key, const char *file, bool secret, struct why *why) {
    struct why reason = {"no memory"};
    size_t size = 0;
    int descriptor = open_file(file);
    char *text = judge(descriptor, secret, &size, &reason) ? read_all(descriptor, size, &reason) : NULL;
    if (descriptor >= 0) close(descriptor);
    if (!text) why_fail(why, "%s = %s: %s", key, file, reason.text);
    return text;
}

static bool take_credentials(const char *text, const char *file, struct board_files *out) {
    size_t line = strcspn(text, "\r\n"), user = strcspn(text, ":");
    if (strstr(text, OF_NSC)) return (out->chained = realpath(file, NULL)) != NULL;
    if (user == 0 || user + 1 >= line || line >= INI_TEXT_SIZE || text[line + strspn(text + line, "\r\n")] != '\0')
        return false;
    memcpy(out->user, text, user);
    memcpy(out->password, text + user + 1, line - user - 1);
    return true;
}

static bool read_credentials(const char *file, struct board_files *out, struct why *why) {
    char *text = read_file("nats_credentials", file, true, why);
    if (!text) return false;
    bool taken = take_credentials(text, file, out);
    explicit_bzero(text, strlen(text));
    free(text);
    return taken ||
           why_fail(why, "nats_credentials = %s: expected one line USER:PASSWORD, or a file that nsc made", file);
}

bool board_files_read(const struct bootnode_config *config, struct board_files *out, struct why *why) {
    const struct cluster_config *cluster = &config->cluster;
    memset(out, 0, sizeof *out);
    const struct {
        const char *key, *file;
        bool secret;
        char **text;
    } files[] = {{"nats_ca", cluster->nats_ca, false, &out->ca},
                 {"nats_cert", cluster->nats_cert, false, &out->cert},
                 {"nats_key", cluster->nats_key, true, &out->key}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (*files[i].file == '\0') continue;
        *files[i].text = read_file(files[i].key, files[i].file, files[i].secret, why);
        if (!*files[i].text) return false;
    }
    return *cluster->nats_credentials == '\0' || read_credentials(cluster->nats_credentials, out, why);
}
