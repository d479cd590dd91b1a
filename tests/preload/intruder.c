/* Loaded before the C library (LD_PRELOAD): somebody's code in the thread that takes packets in, as if a fault in a
 * parser had let it in. A datagram "intruder: WHAT ARGUMENT" has it try that, and tell on standard error what came of
 * it: "intruder: WHAT: done", or "intruder: WHAT: refused: ERROR"; or nothing, where the process did not outlive it. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORD "intruder: "

/* Each returns what its call does: negative with errno where it failed. */
typedef long attempt(const char *argument);

static pid_t process_of(const char *text) {
    return (pid_t)strtol(text, NULL, 10);
}

static long nothing(const char *argument) {
    (void)argument;
    return getpid();
}

/* The thread hangs for so many seconds. */
static long hang(const char *seconds) {
    struct timespec time = {.tv_sec = (time_t)strtol(seconds, NULL, 10)};
    return nanosleep(&time, &time);
}

static long read_file(const char *path) {
    return open(path, O_RDONLY | O_CLOEXEC);
}

static long make_file(const char *path) {
    return open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static long write_file(const char *path) {
    return open(path, O_WRONLY | O_CLOEXEC);
}

static long cut_file(const char *path) {
    return truncate(path, 0);
}

static long unlink_file(const char *path) {
    return unlink(path);
}

static long link_file(const char *path) {
    char other[4096];
    snprintf(other, sizeof other, "%s.link", path);
    return symlink(path, other);
}

static long chmod_file(const char *path) {
    return chmod(path, 0777);
}

static long execute(const char *path) {
    char *const arguments[] = {(char *)(uintptr_t)path, NULL};
    return execve(path, arguments, arguments + 1);
}

static long execute_memory(const char *argument) {
    char *const arguments[] = {(char *)(uintptr_t)argument, NULL};
    return syscall(SYS_execveat, STDIN_FILENO, "", arguments, arguments + 1, AT_EMPTY_PATH);
}

/* One of those that a fork bomb is made of; it ends at once. */
static long fork_once(const char *argument) {
    (void)argument;
    pid_t child = fork();
    if (child == 0) _exit(0);
    if (child > 0) waitpid(child, NULL, 0);
    return child;
}

static long leave_namespace(const char *argument) {
    (void)argument;
    return unshare(CLONE_NEWUSER | CLONE_NEWNS);
}

static long open_socket(int family, int type, int protocol) {
    int made = socket(family, type | SOCK_CLOEXEC, protocol);
    if (made >= 0) close(made);
    return made;
}

static long socket_packet(const char *argument) {
    (void)argument;
    return open_socket(AF_PACKET, SOCK_RAW, 0);
}

static long socket_unix(const char *argument) {
    (void)argument;
    return open_socket(AF_UNIX, SOCK_STREAM, 0);
}

static long socket_raw(const char *argument) {
    (void)argument;
    return open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static long socket_tcp(const char *argument) {
    (void)argument;
    return open_socket(AF_INET, SOCK_STREAM, 0);
}

static long socket_firewall(const char *argument) {
    (void)argument;
    return open_socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
}

static long socket_crypto(const char *argument) {
    (void)argument;
    return open_socket(AF_ALG, SOCK_SEQPACKET, 0);
}

static long trace(const char *process) {
    return ptrace(PTRACE_ATTACH, process_of(process), NULL, NULL);
}

static long read_memory(const char *process) {
    return syscall(SYS_process_vm_readv, process_of(process), NULL, 0UL, NULL, 0UL, 0UL);
}

static long signal_other(const char *process) {
    return kill(process_of(process), SIGWINCH);
}

static long signal_queue(const char *process) {
    return sigqueue(process_of(process), SIGWINCH, (union sigval){.sival_int = 0});
}

/* The kernel signals whom a descriptor belongs to. */
static long signal_by_descriptor(const char *process) {
    return fcntl(STDIN_FILENO, F_SETOWN, process_of(process));
}

static long mount_memory(const char *path) {
    return mount("none", path, "tmpfs", 0, NULL);
}

static long change_root(const char *path) {
    return chroot(path);
}

static long load_program(const char *argument) {
    (void)argument;
    char attributes[128] = {0};
    return syscall(SYS_bpf, 0, attributes, sizeof attributes);
}

static long load_module(const char *argument) {
    return syscall(SYS_init_module, argument, 1UL, "");
}

static long become_root(const char *argument) {
    (void)argument;
    return setuid(0);
}

static long set_ring(const char *argument) {
    (void)argument;
    char parameters[256] = {0};
    return syscall(SYS_io_uring_setup, 1, parameters);
}

static long catch_faults(const char *argument) {
    (void)argument;
    return syscall(SYS_userfaultfd, O_CLOEXEC | 1);
}

static long watch_events(const char *argument) {
    (void)argument;
    struct {
        uint32_t type, size;
        uint64_t rest[14];
    } attributes = {.type = 1, .size = 112};
    return syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0UL);
}

static long keep_key(const char *argument) {
    return syscall(SYS_add_key, "user", argument, "x", 1UL, -3);
}

static long make_executable(const char *argument) {
    (void)argument;
    long size = sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? -1 : mprotect(page, (size_t)size, PROT_READ | PROT_EXEC);
}

static long map_executable(const char *argument) {
    (void)argument;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? -1 : 0;
}

static long allow_dumps(const char *argument) {
    (void)argument;
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static long change_personality(const char *argument) {
    (void)argument;
    return personality(ADDR_NO_RANDOMIZE);
}

static long raise_limit(const char *argument) {
    (void)argument;
    const struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_CORE, &none);
}

static long type_for_user(const char *argument) {
    return ioctl(STDIN_FILENO, TIOCSTI, argument);
}

static const struct {
    const char *name;
    attempt *run;
} attempts[] = {
    {"nothing", nothing},
    {"hang", hang},
    {"read", read_file},
    {"make", make_file},
    {"write", write_file},
    {"truncate", cut_file},
    {"unlink", unlink_file},
    {"symlink", link_file},
    {"chmod", chmod_file},
    {"execve", execute},
    {"execveat", execute_memory},
    {"fork", fork_once},
    {"unshare", leave_namespace},
    {"socket-packet", socket_packet},
    {"socket-unix", socket_unix},
    {"socket-raw", socket_raw},
    {"socket-tcp", socket_tcp},
    {"socket-firewall", socket_firewall},
    {"socket-crypto", socket_crypto},
    {"ptrace", trace},
    {"process_vm_readv", read_memory},
    {"kill", signal_other},
    {"sigqueue", signal_queue},
    {"setown", signal_by_descriptor},
    {"mount", mount_memory},
    {"chroot", change_root},
    {"bpf", load_program},
    {"init_module", load_module},
    {"setuid", become_root},
    {"io_uring_setup", set_ring},
    {"userfaultfd", catch_faults},
    {"perf_event_open", watch_events},
    {"add_key", keep_key},
    {"mprotect-exec", make_executable},
    {"mmap-exec", map_executable},
    {"dumpable", allow_dumps},
    {"personality", change_personality},
    {"setrlimit", raise_limit},
    {"tiocsti", type_for_user},
};

static void tell(const char *name, const char *what, const char *error) {
    char line[256];
    int size = snprintf(line, sizeof line, WORD "%s: %s%s\n", name, what, error);
    (void)!write(STDERR_FILENO, line, (size_t)size);
}

static void try(const char *name, const char *argument) {
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        if (strcmp(attempts[i].name, name) != 0) continue;
        if (attempts[i].run(argument) >= 0)
            tell(name, "done", "");
        else
            tell(name, "refused: ", strerrorname_np(errno));
        return;
    }
    tell(name, "unknown", "");
}

static void look_at(const char *data, size_t size) {
    char text[4096];
    if (size <= strlen(WORD) || size >= sizeof text || memcmp(data, WORD, strlen(WORD)) != 0) return;
    memcpy(text, data + strlen(WORD), size - strlen(WORD));
    text[size - strlen(WORD)] = '\0';
    char *argument = strchr(text, ' ');
    if (argument) *argument++ = '\0';
    try(text, argument ? argument : "");
}

int recvmmsg(int socket, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout) {
    static int (*next)(int, struct mmsghdr *, unsigned, int, struct timespec *);
    if (!next) next = (int (*)(int, struct mmsghdr *, unsigned, int, struct timespec *))dlsym(RTLD_NEXT, "recvmmsg");
    int got = next(socket, messages, count, flags, timeout);
    for (int i = 0; i < got; i++) look_at(messages[i].msg_hdr.msg_iov->iov_base, messages[i].msg_len);
    return got;
}
