#include "common/log_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log_queue.h"
#include "common/log_sink.h"
#include "common/thread.h"

#define LEAVE_MS 50 /* in which a writer that is told to give up does so, unless it is stuck in a write */
#define SLICE_MS 10

static struct log_writer {
    atomic_bool holds;
    struct log_queue queue;
    struct thread thread;
    /* Events, none of which is ever read: `stop` says to end when all is written, `leave` to end at once, and `ended`
     * that it did. */
    int stop, leave, ended;
    bool stopping; /* the rest below is the thread's: it saw `stop` */
    bool gave_up;  /* something is left that nobody takes */
    uint64_t told; /* how many of the lost lines were told */
} writer = {.stop = -1, .leave = -1, .ended = -1};

/* For whoever crashes. */
static _Thread_local bool is_writer;

static bool has(int event, int timeout_ms) {
    struct pollfd wanted = {.fd = event, .events = POLLIN};
    return poll(&wanted, 1, timeout_ms) > 0;
}

/* Waits for what may end it, too: then true. */
static bool is_called(struct log_writer *this, struct pollfd *other, int timeout_ms) {
    struct pollfd wanted[] = {{.fd = this->stopping ? this->leave : this->stop, .events = POLLIN}, *other};
    (void)poll(wanted, 2, timeout_ms);
    if (wanted[0].revents == 0) return false;
    this->gave_up = this->stopping;
    this->stopping = true;
    return true;
}

/* Until there may be room; false when it is time to give up. */
static bool wait_for_room(struct log_writer *this) {
    struct pollfd room = {.fd = log_sink_descriptor(), .events = POLLOUT};
    (void)is_called(this, &room, -1);
    return !this->gave_up;
}

/* After a failed write; false when it is time to give up. */
static bool wait_for_better(struct log_writer *this) {
    struct pollfd nothing = {.fd = -1};
    if (this->stopping) this->gave_up = true;
    if (!this->gave_up) (void)is_called(this, &nothing, LOG_RETRY_MS);
    return !this->gave_up;
}

static void write_entry(struct log_writer *this, const struct log_entry *entry) {
    char line[LOG_LINE_MAX];
    size_t size = log_sink_line(entry, line), written = 0;
    while (written < size && wait_for_room(this)) {
        ssize_t more = write(log_sink_descriptor(), line + written, size - written);
        if (more > 0)
            written += (size_t)more;
        else if (errno != EINTR && errno != EAGAIN && !wait_for_better(this))
            return;
    }
}

static void tell_lost(struct log_writer *this, uint64_t lost, uint64_t wall_ms) {
    struct log_entry entry = {.wall_ms = wall_ms, .level = LOG_LEVEL_WARNING, .area = "log"};
    if (lost == this->told) return;
    entry.size =
        (size_t)snprintf(entry.text, sizeof entry.text,
                         "%" PRIu64 " lines were lost here, since nobody took them in time", lost - this->told);
    this->told = lost;
    write_entry(this, &entry);
}

/* All that is there; false when it is time to give up. */
static bool write_queue(struct log_writer *this) {
    struct log_record *record;
    while (!this->gave_up && (record = log_queue_pop(&this->queue))) {
        tell_lost(this, record->lost_before, record->entry.wall_ms);
        write_entry(this, &record->entry);
        log_queue_free(&this->queue, record);
    }
    if (!this->gave_up) tell_lost(this, log_queue_lost(&this->queue), clock_wall_ms());
    return !this->gave_up;
}

/* What was pushed before `stop` was set is found after it was seen. */
static void run(void *argument) {
    struct log_writer *this = argument;
    bool last = false;
    is_writer = true;
    thread_give_way(THREAD_BACKGROUND);
    while (write_queue(this) && !last) {
        struct pollfd lines = {.fd = queue_event(&this->queue.ready), .events = POLLIN};
        last = this->stopping || (queue_settle(&this->queue.ready) && is_called(this, &lines, -1));
    }
    (void)eventfd_write(this->ended, 1);
}

/* --- Crashes --- */

static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};

/* Only what is async-signal-safe: the writer does the work, while this thread waits with the fault. On the way back the
 * fault comes again, and ends the process as it always did; one that was sent is sent again. */
static void wait_for_writer(int number, siginfo_t *info, void *context) {
    static const struct timespec moment = {.tv_nsec = 1000000};
    (void)context;
    for (int i = 0; i < LOG_CRASH_MS && !is_writer && !log_queue_is_idle(&writer.queue); i++) nanosleep(&moment, NULL);
    if (info->si_code <= 0) (void)raise(number);
}

/* A handler of somebody else's, a sanitizer's, stays. */
static void watch_faults(void) {
    struct sigaction action = {.sa_sigaction = wait_for_writer, .sa_flags = (int)(SA_SIGINFO | SA_RESETHAND)}, present;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (sigaction(faults[i], NULL, &present) == 0 && !(present.sa_flags & SA_SIGINFO) &&
            present.sa_handler == SIG_DFL)
            (void)sigaction(faults[i], &action, NULL);
}

static void forget_faults(void) {
    struct sigaction action = {.sa_handler = SIG_DFL}, present;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (sigaction(faults[i], NULL, &present) == 0 && (present.sa_flags & SA_SIGINFO) &&
            present.sa_sigaction == wait_for_writer)
            (void)sigaction(faults[i], &action, NULL);
}

/* --- Life --- */

static void close_events(void) {
    int *events[] = {&writer.stop, &writer.leave, &writer.ended};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (*events[i] >= 0) close(*events[i]);
        *events[i] = -1;
    }
}

static int open_events(void) {
    int *events[] = {&writer.stop, &writer.leave, &writer.ended};
    int error = 0;
    for (size_t i = 0; i < sizeof events / sizeof *events && error == 0; i++)
        if ((*events[i] = eventfd(0, EFD_CLOEXEC)) < 0) error = -errno;
    return error;
}

int log_writer_hold(void) {
    int error = log_queue_init(&writer.queue);
    if (error != 0) return error;
    writer.stopping = writer.gave_up = false;
    writer.told = 0;
    error = open_events();
    if (error != 0) {
        close_events();
        log_queue_destroy(&writer.queue);
        return error;
    }
    atomic_store_explicit(&writer.holds, true, memory_order_release);
    return 0;
}

int log_writer_start(void) {
    int error = thread_start(&writer.thread, "log", false, run, &writer);
    if (error == 0) watch_faults();
    return error;
}

/* A machine that stands still meanwhile takes a slice of that time, not all of it: the reader may be well. */
static bool ends_within(int timeout_ms) {
    bool ended = false;
    for (int passed = 0; passed < timeout_ms && !ended; passed += SLICE_MS) ended = has(writer.ended, SLICE_MS);
    return ended;
}

/* A writer that is stuck in a write keeps what it uses: it ends with the process. */
static bool wait_for_end(void) {
    (void)eventfd_write(writer.stop, 1);
    if (ends_within(LOG_STOP_MS)) return true;
    (void)eventfd_write(writer.leave, 1);
    return ends_within(LEAVE_MS);
}

/* Where it was not started yet, as in a program that failed before, it is now: nobody else may wait for a reader. Where
 * there cannot be such a thread, what was kept is lost. */
bool log_writer_stop(void) {
    if (!atomic_exchange(&writer.holds, false)) return true;
    bool started = writer.thread.started || log_writer_start() == 0;
    forget_faults();
    if (started && !wait_for_end()) return false;
    thread_join(&writer.thread);
    close_events();
    log_queue_destroy(&writer.queue);
    return !writer.gave_up;
}

bool log_writer_take(const struct log_entry *entry) {
    if (!atomic_load_explicit(&writer.holds, memory_order_acquire)) return false;
    struct log_record *record = log_queue_claim(&writer.queue);
    if (!record) return true;
    record->entry.wall_ms = entry->wall_ms;
    record->entry.level = entry->level;
    record->entry.area = entry->area;
    record->entry.size = entry->size;
    memcpy(record->entry.text, entry->text, entry->size);
    log_queue_push(&writer.queue, record);
    return true;
}

uint64_t log_writer_lost(void) {
    return log_queue_lost(&writer.queue);
}
