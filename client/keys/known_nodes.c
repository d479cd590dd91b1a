#include "client/keys/known_nodes.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/keys/known_file.h"
#include "client/keys/known_line.h"

#define OPEN_FLAGS (O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK)

bool known_nodes_met(struct known_nodes *nodes, const struct address *address) {
    size_t at = 0;
    while (at < nodes->count && !address_equal(&nodes->list[at], address)) at++;
    bool is_new = at == nodes->count;
    if (is_new && nodes->count < KNOWN_NODES_MAX) nodes->count++;
    if (at == KNOWN_NODES_MAX) at--;
    memmove(&nodes->list[1], &nodes->list[0], at * sizeof nodes->list[0]);
    nodes->list[0] = *address;
    return is_new;
}

/* --- Lines --- */

/* Of a line of nodes of that name (NULL: any). */
static bool parse(const char *text, size_t size, const char *name, struct known_nodes *out) {
    struct known_line line;
    char copy[KNOWN_LINE_SIZE];
    if (size >= sizeof copy) return false;
    memcpy(copy, text, size + 1);
    if (known_line_parse(copy, size, &line) != KNOWN_LINE_NODES) return false;
    if (name && strcmp(line.name, name) != 0) return false;
    out->count = known_line_nodes(&line, out->list);
    return true;
}

static bool write_line(FILE *out, const char *name, const uint8_t key[static 32], const struct known_nodes *nodes) {
    char line[KNOWN_LINE_SIZE];
    size_t size = known_line_format_nodes(name, key, nodes->list, nodes->count, line);
    return fwrite(line, 1, size, out) == size;
}

/* --- The file --- */

static void read_locked(int file, const char *name, struct known_nodes *out) {
    FILE *in = known_file_lines(file, 0);
    char *text = NULL;
    size_t capacity = 0;
    ssize_t size;
    if (!in) return;
    while ((size = getline(&text, &capacity, in)) > 0) (void)parse(text, (size_t)size, name, out);
    free(text);
    fclose(in);
}

void known_nodes_read(const char *file, const char *name, struct known_nodes *out) {
    out->count = 0;
    int descriptor = *file ? open(file, O_RDONLY | OPEN_FLAGS) : -1;
    if (descriptor < 0) return;
    if (flock(descriptor, LOCK_SH) == 0) read_locked(descriptor, name, out);
    close(descriptor);
}

/* Lines that stay, and how many of nodes of other names may. */
struct copying {
    FILE *out;
    const char *name;
    size_t too_many;
};

static bool copy_line(struct copying *copying, const char *text, size_t size) {
    struct known_nodes ignored;
    if (parse(text, size, copying->name, &ignored)) return true;
    if (parse(text, size, NULL, &ignored) && copying->too_many > 0) {
        copying->too_many--;
        return true;
    }
    if (fwrite(text, 1, size, copying->out) != size) return false;
    return text[size - 1] == '\n' || putc('\n', copying->out) != EOF;
}

static size_t count_others(int file, const char *name) {
    FILE *in = known_file_lines(file, 0);
    struct known_nodes ignored;
    char *text = NULL;
    size_t capacity = 0, count = 0;
    ssize_t size;
    if (!in) return 0;
    while ((size = getline(&text, &capacity, in)) > 0)
        count += parse(text, (size_t)size, NULL, &ignored) && !parse(text, (size_t)size, name, &ignored);
    free(text);
    fclose(in);
    return count;
}

static bool copy_lines(int file, struct copying *copying) {
    size_t others = count_others(file, copying->name), capacity = 0;
    char *text = NULL;
    ssize_t size;
    FILE *in = known_file_lines(file, 0);
    bool written = in != NULL;
    if (others >= KNOWN_NODES_NAMES) copying->too_many = others - KNOWN_NODES_NAMES + 1;
    while (written && (size = getline(&text, &capacity, in)) > 0) written = copy_line(copying, text, (size_t)size);
    free(text);
    if (in) fclose(in);
    return written;
}

static bool is_at_its_path(const char *path, int file) {
    struct stat own, there;
    return fstat(file, &own) == 0 && S_ISREG(own.st_mode) && stat(path, &there) == 0 && own.st_ino == there.st_ino &&
           own.st_dev == there.st_dev;
}

/* Whoever waits for the lock looks again which file is at the path (known_keys.h). */
static bool replace(const char *path, int file, const char *name, const uint8_t key[static 32],
                    const struct known_nodes *nodes) {
    char fresh[PATH_MAX + 8];
    struct stat status;
    snprintf(fresh, sizeof fresh, "%s.new", path);
    (void)unlink(fresh); /* left by somebody who was ended */
    int descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct copying copying = {.out = descriptor >= 0 ? fdopen(descriptor, "we") : NULL, .name = name};
    if (!copying.out) {
        if (descriptor >= 0) close(descriptor);
        if (descriptor >= 0) (void)unlink(fresh);
        return false;
    }
    bool written = fstat(file, &status) == 0 && fchmod(descriptor, status.st_mode & 0777) == 0 &&
                   copy_lines(file, &copying) && write_line(copying.out, name, key, nodes) && fflush(copying.out) == 0;
    written &= fclose(copying.out) == 0;
    written = written && rename(fresh, path) == 0;
    if (!written) (void)unlink(fresh);
    return written;
}

bool known_nodes_write(const char *file, const char *name, const uint8_t key[static 32],
                       const struct known_nodes *nodes) {
    int descriptor = *file ? open(file, O_RDWR | OPEN_FLAGS) : -1;
    if (descriptor < 0) return false;
    bool written = flock(descriptor, LOCK_EX) == 0 && is_at_its_path(file, descriptor) &&
                   replace(file, descriptor, name, key, nodes);
    close(descriptor);
    return written;
}
