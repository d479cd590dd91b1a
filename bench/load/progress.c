#include "bench/load/progress.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/load/load_now.h"
#include "bench/load/load_options.h"
#include "bench/load/report.h"
#include "bench/load/server_figures.h"
#include "common/clock.h"
#include "common/thread.h"

#define TERMINAL_S 1
#define FILE_S 5 /* a log is not to be swamped; wrk2 and aquatic have about that */
#define JSON_S 1
#define SINKS 2

/* Where lines go, how often, and what the last one was about. */
struct sink {
    FILE *to; /* NULL: nowhere */
    bool is_json, is_terminal;
    bool line_begun; /* on the terminal */
    uint64_t every_us, due_us;
    struct sample *before; /* by part */
};

struct progress {
    pthread_mutex_t lock; /* of all below, but for `started_us` and what is set at the beginning */
    pthread_cond_t changed;
    struct thread thread;
    uint64_t started_us;
    size_t parts;
    const char *json; /* path */
    bool ended;
    bool running; /* a phase is */
    bool filling;
    char phase[LOAD_TEXT_SIZE];
    uint64_t began_us; /* the phase */
    uint16_t port;
    uint64_t drops_before;
    struct sample *samples; /* by part */
    struct sink sinks[SINKS];
    struct moment moment; /* the line in hand */
};

static uint64_t drops(uint16_t port) {
    struct server_figures figures;
    struct why why;
    return server_figures_read(0, port, &figures, &why) ? figures.drops : 0;
}

/* --- Writing --- */

static void write_text(struct sink *sink, const struct moment *moment) {
    char text[MOMENT_TEXT_SIZE];
    moment_text(moment, text);
    fprintf(sink->to, sink->is_terminal ? "\r%s\033[K" : "%s\n", text);
    if (sink->is_terminal) (void)fflush(sink->to);
    sink->line_begun = sink->is_terminal;
}

static void write_sink(struct progress *progress, struct sink *sink, uint64_t now_us, uint64_t dropped) {
    struct moment *moment = &progress->moment;
    *moment = (struct moment){.phase = progress->phase,
                              .filling = progress->filling,
                              .since_start_s = (double)(now_us - progress->started_us) / 1e6,
                              .wall_ms = clock_wall_ms(),
                              .dropped = dropped};
    for (size_t i = 0; i < progress->parts; i++)
        moment_add(moment, &sink->before[i], &progress->samples[i], progress->began_us);
    memcpy(sink->before, progress->samples, progress->parts * sizeof *sink->before);
    if (sink->is_json)
        (void)report_line(sink->to, moment_object(moment)); /* what failed the stream remembers */
    else
        write_text(sink, moment);
}

static uint64_t next_due_us(const struct progress *progress) {
    uint64_t due_us = NEVER;
    for (size_t i = 0; i < SINKS; i++)
        if (progress->sinks[i].to) due_us = earlier(due_us, progress->sinks[i].due_us);
    return due_us;
}

/* A line that comes late does not put off those behind it, but those that were missed are not made up for. */
static void write_due(struct progress *progress, uint64_t dropped) {
    uint64_t now_us = load_now_us();
    for (size_t i = 0; i < SINKS; i++) {
        struct sink *sink = &progress->sinks[i];
        if (!sink->to || now_us < sink->due_us) continue;
        write_sink(progress, sink, now_us, dropped);
        sink->due_us += ((now_us - sink->due_us) / sink->every_us + 1) * sink->every_us;
    }
}

static void wait_until(struct progress *progress, uint64_t due_us) {
    const struct timespec until = {.tv_sec = (time_t)(due_us / 1000000), .tv_nsec = (long)(due_us % 1000000) * 1000};
    if (due_us == NEVER)
        (void)pthread_cond_wait(&progress->changed, &progress->lock);
    else
        (void)pthread_cond_timedwait(&progress->changed, &progress->lock, &until);
}

/* The look at the sockets takes milliseconds where there are thousands: without the lock, so that no part waits for it.
 * A phase that ended meanwhile is not told of any more. */
static void tell(void *argument) {
    struct progress *progress = argument;
    pthread_mutex_lock(&progress->lock);
    while (!progress->ended) {
        uint64_t due_us = progress->running ? next_due_us(progress) : NEVER, began_us = progress->began_us;
        if (load_now_us() < due_us) {
            wait_until(progress, due_us);
            continue;
        }
        uint16_t port = progress->port;
        pthread_mutex_unlock(&progress->lock);
        uint64_t now = drops(port);
        pthread_mutex_lock(&progress->lock);
        if (progress->running && progress->began_us == began_us)
            write_due(progress, now > progress->drops_before ? now - progress->drops_before : 0);
    }
    pthread_mutex_unlock(&progress->lock);
}

/* --- Beginning and end --- */

static void open_text(struct progress *progress, double every_s) {
    struct sink *sink = &progress->sinks[0];
    sink->is_terminal = isatty(STDERR_FILENO);
    if (every_s < 0) every_s = sink->is_terminal ? TERMINAL_S : FILE_S;
    sink->every_us = (uint64_t)(every_s * 1e6);
    sink->to = sink->every_us > 0 ? stderr : NULL;
}

static bool open_json(struct progress *progress, const char *path, double every_s, struct why *why) {
    struct sink *sink = &progress->sinks[1];
    if (path[0] == '\0' || every_s == 0) return true;
    progress->json = path;
    sink->is_json = true;
    sink->every_us = (uint64_t)((every_s > 0 ? every_s : JSON_S) * 1e6);
    if (sink->every_us == 0) sink->every_us = 1;
    sink->to = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    return sink->to || why_fail(why, "--progress-json '%s': %s", path, strerror(errno));
}

static bool open_parts(struct progress *progress, struct why *why) {
    progress->samples = calloc(progress->parts, sizeof *progress->samples);
    bool good = progress->samples != NULL;
    for (size_t i = 0; i < SINKS; i++) {
        progress->sinks[i].before = calloc(progress->parts, sizeof *progress->sinks[i].before);
        good = good && progress->sinks[i].before;
    }
    return good || why_fail(why, "out of memory");
}

static bool start(struct progress *progress, struct why *why) {
    int error = thread_start(&progress->thread, "progress", false, tell, progress);
    return error == 0 || why_fail(why, "progress: %s", strerror(-error));
}

/* Until `started` the thread is not there, and thread_join does nothing. */
struct progress *progress_open(const struct load_options *options, size_t parts, struct why *why) {
    struct progress *progress = calloc(1, sizeof *progress);
    pthread_condattr_t attributes;
    why_fail(why, "out of memory");
    if (!progress) return NULL;
    progress->parts = parts;
    progress->started_us = load_now_us();
    pthread_mutex_init(&progress->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&progress->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    open_text(progress, options->progress_s);
    if (open_json(progress, options->progress_json, options->progress_s, why) && open_parts(progress, why) &&
        start(progress, why))
        return progress;
    struct why unwritten; /* nothing was */
    (void)progress_close(progress, &unwritten);
    return NULL;
}

static bool close_json(struct progress *progress, struct why *why) {
    FILE *to = progress->sinks[1].to;
    if (!to || to == stdout) return true; /* output.h sees to that one */
    bool failed = ferror(to) != 0;
    if (fclose(to) != 0 || failed) return why_fail(why, "--progress-json '%s': could not be written", progress->json);
    return true;
}

bool progress_close(struct progress *progress, struct why *why) {
    if (!progress) return true;
    pthread_mutex_lock(&progress->lock);
    progress->ended = true;
    pthread_cond_signal(&progress->changed);
    pthread_mutex_unlock(&progress->lock);
    thread_join(&progress->thread);
    bool written = close_json(progress, why);
    pthread_cond_destroy(&progress->changed);
    pthread_mutex_destroy(&progress->lock);
    for (size_t i = 0; i < SINKS; i++) free(progress->sinks[i].before);
    free(progress->samples);
    free(progress);
    return written;
}

/* --- Phases --- */

/* Sessions are counted over all phases, what is sent in each. */
static void begin_part(struct progress *progress, size_t part) {
    const struct sample known = {.registered = progress->samples[part].registered};
    for (size_t i = 0; i < SINKS; i++) progress->sinks[i].before[part] = known;
    progress->samples[part] = known;
}

void progress_begin(struct progress *progress, const char *phase, bool filling, uint16_t port) {
    uint64_t before = next_due_us(progress) != NEVER ? drops(port) : 0;
    pthread_mutex_lock(&progress->lock);
    progress->running = true;
    progress->filling = filling;
    snprintf(progress->phase, sizeof progress->phase, "%s", phase);
    progress->began_us = load_now_us();
    progress->port = port;
    progress->drops_before = before;
    for (size_t i = 0; i < progress->parts; i++) begin_part(progress, i);
    for (size_t i = 0; i < SINKS; i++) progress->sinks[i].due_us = progress->began_us + progress->sinks[i].every_us;
    pthread_cond_signal(&progress->changed);
    pthread_mutex_unlock(&progress->lock);
}

void progress_note(struct progress *progress, size_t part, const struct sample *sample) {
    pthread_mutex_lock(&progress->lock);
    progress->samples[part] = *sample;
    pthread_mutex_unlock(&progress->lock);
}

void progress_end(struct progress *progress) {
    pthread_mutex_lock(&progress->lock);
    progress->running = false;
    for (size_t i = 0; i < SINKS; i++) {
        if (progress->sinks[i].line_begun) fputc('\n', stderr);
        progress->sinks[i].line_begun = false;
    }
    pthread_mutex_unlock(&progress->lock);
}
