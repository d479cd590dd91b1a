/* Loaded before the C library (LD_PRELOAD): one call of a program fails, as on a bad day of the machine. The
 * environment says which:
 * - FAIL_CALLS: of which kind: memory (but for what the C library needs for itself), disk (what keeps a regular file),
 *   short (writes, which write half of what they should) or descriptors
 * - FAIL_AT: which one of that kind, from 1; 0: none
 * - FAIL_ERRNO: with what error, by its number
 * - FAIL_COUNT: a file in which a test finds how many calls of that kind there were (u64, native byte order) */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum kind { NONE, MEMORY, DISK, SHORT, DESCRIPTORS };

static enum kind chosen;
static uint64_t fail_at;
static int fail_errno;
static _Atomic uint64_t unshared, *count = &unshared;

/* Where the C library's and the loader's code lies. What they do without memory (an assertion, a null pointer in the
 * lookup of users) is not ours to mend; their functions that we call fail as a whole instead. Nor libseccomp's: it
 * builds one table of a thousand allocations, and a program that it fails in does not start, or is killed by half a
 * table. */
#define FOREIGN_MOST 6
static struct range { uintptr_t start, end; } foreign[FOREIGN_MOST];
static size_t foreign_count;

static bool is_foreign(const void *caller) {
    for (size_t i = 0; i < foreign_count; i++)
        if ((uintptr_t)caller >= foreign[i].start && (uintptr_t)caller < foreign[i].end) return true;
    return false;
}

static int note_foreign(struct dl_phdr_info *object, size_t size, void *context) {
    (void)size;
    (void)context;
    bool is = strstr(object->dlpi_name, "/libc.so") || strstr(object->dlpi_name, "/ld-linux") ||
              strstr(object->dlpi_name, "/libseccomp.so");
    for (int i = 0; is && i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X) || foreign_count == FOREIGN_MOST) continue;
        uintptr_t start = (uintptr_t)(object->dlpi_addr + part->p_vaddr);
        foreign[foreign_count++] = (struct range){start, start + part->p_memsz};
    }
    return 0;
}

/* Is it this call's turn to fail? */
static bool fails(enum kind kind) {
    if (kind != chosen || atomic_fetch_add(count, 1) + 1 != fail_at) return false;
    errno = fail_errno;
    return true;
}

/* One that fails with `failure`, else does what it does. */
/* NOLINTBEGIN(bugprone-macro-parentheses): a type in parentheses would declare nothing. */
#define SHADOW(kind, failure, type, name, parameters, arguments)                                                       \
    type name parameters {                                                                                             \
        static type(*real) parameters;                                                                                 \
        if (fails(kind)) return failure;                                                                               \
        if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name);                                                 \
        return real arguments;                                                                                         \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

/* --- Memory --- */

/* glibc's own names for what is shadowed here: dlsym, which would find them, allocates. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

#define FAILS_MEMORY (chosen == MEMORY && !is_foreign(__builtin_return_address(0)) && fails(MEMORY))

void *malloc(size_t size) {
    return FAILS_MEMORY ? NULL : __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    return FAILS_MEMORY ? NULL : __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    return FAILS_MEMORY ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return FAILS_MEMORY ? NULL : __libc_memalign(alignment, size);
}

SHADOW(MEMORY, NULL, void *, reallocarray, (void *old, size_t number, size_t size), (old, number, size))
SHADOW(MEMORY, NULL, char *, strdup, (const char *text), (text))
SHADOW(MEMORY, NULL, char *, strndup, (const char *text, size_t size), (text, size))
SHADOW(MEMORY, NULL, FILE *, fdopen, (int descriptor, const char *mode), (descriptor, mode))
SHADOW(MEMORY, NULL, FILE *, open_memstream, (char **text, size_t *size), (text, size))
SHADOW(MEMORY, EAGAIN, int, pthread_create,
       (pthread_t *restrict thread, const pthread_attr_t *restrict attributes, void *(*run)(void *),
        void *restrict argument),
       (thread, attributes, run, argument))

/* --- What keeps a file --- */

static bool is_regular(int descriptor) {
    struct stat status;
    return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

ssize_t write(int descriptor, const void *data, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    bool counts = (chosen == DISK || chosen == SHORT) && is_regular(descriptor);
    if (counts && fails(DISK)) return -1;
    if (counts && fails(SHORT)) size /= 2;
    if (!real) real = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    return real(descriptor, data, size);
}

/* stdio writes without our write. */
int fflush(FILE *stream) {
    static int (*real)(FILE *);
    if (chosen == DISK && stream && is_regular(fileno(stream)) && fails(DISK)) return EOF;
    if (!real) real = (int (*)(FILE *))dlsym(RTLD_NEXT, "fflush");
    return real(stream);
}

SHADOW(DISK, -1, int, fsync, (int descriptor), (descriptor))
SHADOW(DISK, -1, int, ftruncate, (int descriptor, off_t size), (descriptor, size))
SHADOW(DISK, -1, int, link, (const char *from, const char *to), (from, to))
SHADOW(DISK, -1, int, rename, (const char *from, const char *to), (from, to))
SHADOW(DISK, -1, int, mkdir, (const char *path, mode_t mode), (path, mode))

/* --- Descriptors --- */

int open(const char *path, int flags, ...) {
    static int (*real)(const char *, int, ...);
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (fails(DESCRIPTORS)) return -1;
    if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    return real(path, flags, mode);
}

SHADOW(DESCRIPTORS, NULL, FILE *, fopen, (const char *path, const char *mode), (path, mode))
SHADOW(DESCRIPTORS, -1, int, mkostemp, (char *template, int flags), (template, flags))
SHADOW(DESCRIPTORS, -1, int, socket, (int domain, int type, int protocol), (domain, type, protocol))
SHADOW(DESCRIPTORS, -1, int, accept4, (int descriptor, __SOCKADDR_ARG address, socklen_t *restrict size, int flags),
       (descriptor, address, size, flags))
SHADOW(DESCRIPTORS, -1, int, epoll_create1, (int flags), (flags))
SHADOW(DESCRIPTORS, -1, int, epoll_ctl, (int poll, int what, int descriptor, struct epoll_event *event),
       (poll, what, descriptor, event))
SHADOW(DESCRIPTORS, -1, int, eventfd, (unsigned first, int flags), (first, flags))
SHADOW(DESCRIPTORS, -1, int, timerfd_create, (clockid_t clock, int flags), (clock, flags))
SHADOW(DESCRIPTORS, -1, int, signalfd, (int descriptor, const sigset_t *signals, int flags),
       (descriptor, signals, flags))
SHADOW(DESCRIPTORS, -1, int, inotify_init1, (int flags), (flags))
SHADOW(DESCRIPTORS, -1, int, pipe2, (int pipe[2], int flags), (pipe, flags))

/* --- Which one --- */

static enum kind kind_of(const char *name) {
    static const char *const names[] = {"none", "memory", "disk", "short", "descriptors"};
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return (enum kind)i;
    return NONE;
}

static uint64_t number(const char *name) {
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : 0;
}

/* Nothing counts before this is done: the loader and the C library start without failures. */
__attribute__((constructor)) static void read_environment(void) {
    const char *path = getenv("FAIL_COUNT");
    int file = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (file >= 0 && ftruncate(file, sizeof *count) == 0) {
        void *map = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (map != MAP_FAILED) count = map;
    }
    if (file >= 0) close(file);
    dl_iterate_phdr(note_foreign, NULL);
    fail_at = number("FAIL_AT");
    fail_errno = (int)number("FAIL_ERRNO");
    chosen = kind_of(getenv("FAIL_CALLS"));
}
