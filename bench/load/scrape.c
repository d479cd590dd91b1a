#include "bench/load/scrape.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/why.h"

#define PATIENCE_S 2
#define PAGE_MAX 1048576
#define REQUEST "GET /metrics HTTP/1.0\r\n\r\n"
#define STATUS_OK "200"
#define UPTIME "gochat_uptime_seconds"
#define SHOWN 60 /* bytes of a line that an error shows */

struct sample {
    char *name;
    double value;
};

struct scrape {
    size_t count, capacity;
    struct sample *samples; /* sorted by name once all are in */
};

void scrape_destroy(struct scrape *scrape) {
    if (!scrape) return;
    for (size_t i = 0; i < scrape->count; i++) free(scrape->samples[i].name);
    free(scrape->samples);
    free(scrape);
}

static bool add_sample(struct scrape *scrape, const char *name, size_t length, double value) {
    if (scrape->count == scrape->capacity) {
        size_t capacity = scrape->capacity > 0 ? 2 * scrape->capacity : 64;
        struct sample *samples = realloc(scrape->samples, capacity * sizeof *samples);
        if (!samples) return false;
        scrape->samples = samples;
        scrape->capacity = capacity;
    }
    struct sample *sample = &scrape->samples[scrape->count];
    *sample = (struct sample){.name = strndup(name, length), .value = value};
    scrape->count += sample->name != NULL;
    return sample->name != NULL;
}

/* Behind the labels, whose values may hold anything within quotes; NULL when they do not end. */
static const char *skip_labels(const char *at) {
    bool quoted = false;
    if (*at != '{') return at;
    for (; *at && (quoted || *at != '}'); at++) {
        if (*at == '"') quoted = !quoted;
        if (*at == '\\' && at[1]) at++;
    }
    return *at ? at + 1 : NULL;
}

/* "name{labels} value timestamp", labels and timestamp being optional. */
static bool parse_sample(struct scrape *scrape, const char *line) {
    size_t length = strcspn(line, "{ \t");
    const char *value = skip_labels(line + length);
    char *end;
    if (length == 0 || !value || (*value != ' ' && *value != '\t')) return false;
    double number = strtod(value, &end);
    if (end == value || (*end != '\0' && *end != ' ' && *end != '\t')) return false;
    return add_sample(scrape, line, length, number);
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct sample *)a)->name, ((const struct sample *)b)->name);
}

static void sum_equal_names(struct scrape *scrape) {
    size_t kept = 0;
    if (scrape->count == 0) return;
    qsort(scrape->samples, scrape->count, sizeof *scrape->samples, by_name);
    for (size_t i = 1; i < scrape->count; i++) {
        struct sample *sample = &scrape->samples[i];
        if (strcmp(scrape->samples[kept].name, sample->name) == 0) {
            scrape->samples[kept].value += sample->value;
            free(sample->name);
        } else {
            scrape->samples[++kept] = *sample;
        }
    }
    scrape->count = kept + 1;
}

static bool parse_lines(struct scrape *scrape, char *text, struct why *why) {
    char *rest = text;
    for (unsigned number = 1; rest; number++) {
        char *line = strsep(&rest, "\n");
        line[strcspn(line, "\r")] = '\0';
        if (*line == '\0' || *line == '#' || parse_sample(scrape, line)) continue;
        return why_fail(why, "metrics, line %u: '%.*s': expected NAME VALUE", number, SHOWN, line);
    }
    return true;
}

struct scrape *scrape_parse(const char *text, struct why *why) {
    struct scrape *scrape = calloc(1, sizeof *scrape);
    char *copy = strdup(text);
    why_fail(why, "out of memory");
    bool parsed = scrape && copy && parse_lines(scrape, copy, why);
    free(copy);
    if (parsed) {
        sum_equal_names(scrape);
        return scrape;
    }
    scrape_destroy(scrape);
    return NULL;
}

bool scrape_add(struct scrape *into, struct scrape *from) {
    double was, is;
    bool timed = scrape_value(into, UPTIME, &was) && scrape_value(from, UPTIME, &is), added = true;
    for (size_t i = 0; added && i < from->count; i++)
        added = add_sample(into, from->samples[i].name, strlen(from->samples[i].name), from->samples[i].value);
    scrape_destroy(from);
    sum_equal_names(into);
    for (size_t i = 0; timed && i < into->count; i++)
        if (strcmp(into->samples[i].name, UPTIME) == 0) into->samples[i].value = was < is ? was : is;
    return added;
}

bool scrape_value(const struct scrape *scrape, const char *name, double *out) {
    const struct sample key = {.name = (char *)(uintptr_t)name};
    const struct sample *found =
        scrape->count > 0 ? bsearch(&key, scrape->samples, scrape->count, sizeof key, by_name) : NULL;
    if (found) *out = found->value;
    return found != NULL;
}

static int connect_to(const struct address *to) {
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    int family = address_is_ipv4(to) ? AF_INET : AF_INET6;
    struct sockaddr_storage name;
    socklen_t size = address_to_sockaddr(to, family, &name);
    int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(descriptor, (const struct sockaddr *)&name, size) == 0) return descriptor;
    int error = errno;
    close(descriptor);
    errno = error;
    return -1;
}

/* The whole answer, zero-terminated; the caller's to free. NULL with errno. */
static char *exchange(int descriptor) {
    size_t size = 0;
    char *page = malloc(PAGE_MAX + 1);
    if (!page || send(descriptor, REQUEST, strlen(REQUEST), MSG_NOSIGNAL) != (ssize_t)strlen(REQUEST)) goto failed;
    for (ssize_t got = 1; got > 0 && size < PAGE_MAX; size += (size_t)got) {
        got = recv(descriptor, page + size, PAGE_MAX - size, 0);
        if (got < 0) goto failed;
    }
    page[size] = '\0';
    return page;
failed:
    free(page);
    return NULL;
}

struct scrape *scrape_fetch(const struct address *from, struct why *why) {
    char text[ADDRESS_TEXT_SIZE];
    struct scrape *scrape = NULL;
    int descriptor = connect_to(from);
    char *page = descriptor >= 0 ? exchange(descriptor) : NULL;
    const char *status = page ? strchr(page, ' ') : NULL, *body = page ? strstr(page, "\r\n\r\n") : NULL;
    address_format(from, text);
    if (!page)
        why_fail(why, "no metrics at %s: %s", text, strerror(errno));
    else if (!status || !body || strncmp(status + 1, STATUS_OK, strlen(STATUS_OK)) != 0)
        why_fail(why, "no metrics at %s: expected HTTP status 200, got '%.*s'", text, (int)strcspn(page, "\r\n"), page);
    else
        scrape = scrape_parse(body + 4, why);
    free(page);
    if (descriptor >= 0) close(descriptor);
    return scrape;
}
