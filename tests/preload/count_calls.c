/* Loaded before the C library (LD_PRELOAD): counts what each thread of a program allocates and locks, into the file
 * that COUNT_CALLS_FILE names, where a test reads it while the program runs. One record a thread, in the order of their
 * first call: thread id (u64), allocations and frees (u64), locks taken (u64), native byte order. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS_MAX 64

struct record {
    _Atomic uint64_t thread, allocations, locks;
};

static struct record *records;
static _Atomic unsigned used;
static _Thread_local struct record *mine __attribute__((tls_model("initial-exec")));

/* glibc's own names for what is shadowed here: dlsym, which would find them, allocates. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *old);

/* No more is known of a thread past the last record. */
static struct record *record(void) {
    if (mine || !records) return mine;
    unsigned index = atomic_fetch_add(&used, 1);
    if (index >= THREADS_MAX) return NULL;
    mine = &records[index];
    atomic_store(&mine->thread, (uint64_t)syscall(SYS_gettid));
    return mine;
}

static void count_allocation(void) {
    struct record *own = record();
    if (own) atomic_fetch_add_explicit(&own->allocations, 1, memory_order_relaxed);
}

static void count_lock(void) {
    struct record *own = record();
    if (own) atomic_fetch_add_explicit(&own->locks, 1, memory_order_relaxed);
}

void *malloc(size_t size) {
    count_allocation();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    count_allocation();
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    count_allocation();
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count_allocation();
    return __libc_memalign(alignment, size);
}

void free(void *old) {
    count_allocation();
    __libc_free(old);
}

/* Every way to take a lock that the program could use; the functions behind them are looked up once. */
#define LOCKS(X)                                                                                                       \
    X(pthread_mutex_lock, pthread_mutex_t)                                                                             \
    X(pthread_mutex_trylock, pthread_mutex_t)                                                                          \
    X(pthread_rwlock_rdlock, pthread_rwlock_t)                                                                         \
    X(pthread_rwlock_wrlock, pthread_rwlock_t)

/* NOLINTBEGIN(bugprone-macro-parentheses): a type in parentheses would declare nothing. */
#define SHADOW(name, type)                                                                                             \
    static int (*real_##name)(type * lock);                                                                            \
    int name(type *lock) {                                                                                             \
        count_lock();                                                                                                  \
        if (!real_##name) real_##name = (int (*)(type *))dlsym(RTLD_NEXT, #name);                                      \
        return real_##name(lock);                                                                                      \
    }
LOCKS(SHADOW)
/* NOLINTEND(bugprone-macro-parentheses) */

__attribute__((constructor)) static void open_records(void) {
    const char *path = getenv("COUNT_CALLS_FILE");
    int file = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (file < 0 || ftruncate(file, (off_t)(THREADS_MAX * sizeof *records)) != 0) return;
    void *map = mmap(NULL, THREADS_MAX * sizeof *records, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (map != MAP_FAILED) records = map;
}
