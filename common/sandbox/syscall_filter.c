#include "common/sandbox/syscall_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define ALL 0
#define TYPE_OF_SOCKET 0xf /* without SOCK_CLOEXEC and SOCK_NONBLOCK */
#define NETLINK_ROUTE 0    /* linux/netlink.h wants what others define, too */
/* Of linux/netlink.h, too: NETLINK_PKTINFO, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK. */
#define NETLINK_SENDERS 3
#define NETLINK_REASONS 11
#define NETLINK_STRICT 12
#define WORD 0xffffffffU /* ints: what is above is nobody's */

/* Of newer C libraries; the structure is the kernel's, and of one size wherever these exist. */
#define TERMIOS2_SIZE 44
#define TERMINAL_GET2 _IOC(_IOC_READ, 'T', 0x2a, TERMIOS2_SIZE)
#define TERMINAL_SET2 _IOC(_IOC_WRITE, 'T', 0x2b, TERMIOS2_SIZE)
#define NAME_OF_MAPPING 0x53564d41 /* PR_SET_VMA: glibc names its mappings for debuggers */

/* Where the flags of a new thread are. */
#if defined(__s390__)
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif
#define CLONE_NEW                                                                                                      \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* --- Whatever the arguments --- */

/* What an architecture lacks is left out by libseccomp. */
static const struct {
    int call;
    unsigned group; /* ALL, or those of enum syscall_group that have it */
} plain[] = {
    /* packets */
    {SCMP_SYS(recvmmsg), ALL},
    {SCMP_SYS(recvmmsg_time64), ALL},
    {SCMP_SYS(sendmmsg), ALL},
    {SCMP_SYS(recvmsg), ALL},
    {SCMP_SYS(recvfrom), ALL},
    {SCMP_SYS(recv), ALL},
    {SCMP_SYS(sendmsg), ALL},
    {SCMP_SYS(sendto), ALL},
    {SCMP_SYS(send), ALL},
    {SCMP_SYS(getsockopt), ALL},
    {SCMP_SYS(getsockname), ALL},
    {SCMP_SYS(getpeername), ALL},
    {SCMP_SYS(shutdown), ALL},
    /* waiting */
    {SCMP_SYS(epoll_wait), ALL},
    {SCMP_SYS(epoll_pwait), ALL},
    {SCMP_SYS(epoll_pwait2), ALL},
    {SCMP_SYS(epoll_ctl), ALL},
    {SCMP_SYS(epoll_create1), ALL},
    {SCMP_SYS(poll), ALL},
    {SCMP_SYS(ppoll), ALL},
    {SCMP_SYS(ppoll_time64), ALL},
    {SCMP_SYS(futex), ALL},
    {SCMP_SYS(futex_time64), ALL},
    {SCMP_SYS(eventfd2), ALL},
    {SCMP_SYS(pipe2), ALL},
    {SCMP_SYS(signalfd4), ALL},
    {SCMP_SYS(timerfd_create), ALL},
    {SCMP_SYS(timerfd_settime), ALL},
    {SCMP_SYS(timerfd_settime64), ALL},
    {SCMP_SYS(nanosleep), ALL},
    {SCMP_SYS(clock_nanosleep), ALL},
    {SCMP_SYS(clock_nanosleep_time64), ALL},
    {SCMP_SYS(restart_syscall), ALL},
    {SCMP_SYS(alarm), ALL},
    {SCMP_SYS(setitimer), ALL},
    /* clocks, where the kernel has no page for them */
    {SCMP_SYS(clock_gettime), ALL},
    {SCMP_SYS(clock_gettime64), ALL},
    {SCMP_SYS(clock_getres), ALL},
    {SCMP_SYS(clock_getres_time64), ALL},
    {SCMP_SYS(gettimeofday), ALL},
    {SCMP_SYS(time), ALL},
    /* what is open */
    {SCMP_SYS(read), ALL},
    {SCMP_SYS(readv), ALL},
    {SCMP_SYS(write), ALL},
    {SCMP_SYS(writev), ALL},
    {SCMP_SYS(pread64), ALL},
    {SCMP_SYS(lseek), ALL},
    {SCMP_SYS(_llseek), ALL},
    {SCMP_SYS(fstat), ALL},
    {SCMP_SYS(fstat64), ALL},
    {SCMP_SYS(newfstatat), ALL}, /* glibc's fstat; of names it tells no content */
    {SCMP_SYS(fstatat64), ALL},
    {SCMP_SYS(statx), ALL},
    {SCMP_SYS(close), ALL},
    {SCMP_SYS(dup), ALL},
    /* memory */
    {SCMP_SYS(brk), ALL},
    {SCMP_SYS(munmap), ALL},
    {SCMP_SYS(mremap), ALL},
    {SCMP_SYS(madvise), ALL},
    {SCMP_SYS(mlock), ALL}, /* libsodium's guarded memory */
    {SCMP_SYS(munlock), ALL},
    {SCMP_SYS(getrandom), ALL},
    /* threads */
    {SCMP_SYS(set_robust_list), ALL},
    {SCMP_SYS(rseq), ALL},
    {SCMP_SYS(set_tid_address), ALL},
    {SCMP_SYS(membarrier), ALL},
    {SCMP_SYS(sched_yield), ALL},
    {SCMP_SYS(sched_getaffinity), ALL},
    {SCMP_SYS(sched_setaffinity), ALL},
    {SCMP_SYS(sched_getscheduler), ALL},
    {SCMP_SYS(sched_getparam), ALL},
    {SCMP_SYS(getcpu), ALL},
    {SCMP_SYS(getpriority), ALL},
    {SCMP_SYS(gettid), ALL},
    {SCMP_SYS(getpid), ALL},
    {SCMP_SYS(getuid), ALL},
    {SCMP_SYS(geteuid), ALL},
    {SCMP_SYS(getgid), ALL},
    {SCMP_SYS(getegid), ALL},
    {SCMP_SYS(getuid32), ALL},
    {SCMP_SYS(geteuid32), ALL},
    {SCMP_SYS(getgid32), ALL},
    {SCMP_SYS(getegid32), ALL},
    {SCMP_SYS(uname), ALL},
    {SCMP_SYS(sysinfo), ALL}, /* qsort(3) asks how much memory there is */
    {SCMP_SYS(exit), ALL},
    {SCMP_SYS(exit_group), ALL},
    /* signals */
    {SCMP_SYS(rt_sigaction), ALL},
    {SCMP_SYS(rt_sigprocmask), ALL},
    {SCMP_SYS(rt_sigreturn), ALL},
    {SCMP_SYS(sigreturn), ALL},
    {SCMP_SYS(sigaltstack), ALL},
    /* the groups */
    {SCMP_SYS(open), SYSCALLS_READS},
    {SCMP_SYS(openat), SYSCALLS_READS},
    {SCMP_SYS(stat), SYSCALLS_READS},
    {SCMP_SYS(lstat), SYSCALLS_READS},
    {SCMP_SYS(stat64), SYSCALLS_READS},
    {SCMP_SYS(lstat64), SYSCALLS_READS},
    {SCMP_SYS(access), SYSCALLS_READS},
    {SCMP_SYS(faccessat), SYSCALLS_READS},
    {SCMP_SYS(faccessat2), SYSCALLS_READS},
    {SCMP_SYS(readlink), SYSCALLS_READS},
    {SCMP_SYS(readlinkat), SYSCALLS_READS},
    {SCMP_SYS(getcwd), SYSCALLS_READS},
    {SCMP_SYS(mkdir), SYSCALLS_WRITES},
    {SCMP_SYS(mkdirat), SYSCALLS_WRITES},
    {SCMP_SYS(rename), SYSCALLS_WRITES},
    {SCMP_SYS(renameat), SYSCALLS_WRITES},
    {SCMP_SYS(renameat2), SYSCALLS_WRITES},
    {SCMP_SYS(unlink), SYSCALLS_WRITES | SYSCALLS_REMOVES},
    {SCMP_SYS(unlinkat), SYSCALLS_WRITES | SYSCALLS_REMOVES},
    {SCMP_SYS(flock), SYSCALLS_WRITES},
    {SCMP_SYS(fchmod), SYSCALLS_WRITES},
    {SCMP_SYS(fsync), SYSCALLS_WRITES},
    {SCMP_SYS(fdatasync), SYSCALLS_WRITES},
    {SCMP_SYS(ftruncate), SYSCALLS_WRITES},
    {SCMP_SYS(ftruncate64), SYSCALLS_WRITES},
    {SCMP_SYS(bind), SYSCALLS_SOCKETS},
    {SCMP_SYS(connect), SYSCALLS_SOCKETS},
    {SCMP_SYS(accept4), SYSCALLS_ACCEPTS},
    {SCMP_SYS(accept), SYSCALLS_ACCEPTS},
    {SCMP_SYS(getdents64),
     SYSCALLS_READS | SYSCALLS_ACCEPTS}, /* of folders that are open: who asks wants to know how many files are */
    {SCMP_SYS(sendfile), SYSCALLS_ACCEPTS},
    {SCMP_SYS(sendfile64), SYSCALLS_ACCEPTS},
    {SCMP_SYS(memfd_create), SYSCALLS_TERMINAL}, /* what ncurses takes for a terminal */
    {SCMP_SYS(getpgrp), SYSCALLS_TERMINAL},
    {SCMP_SYS(getpgid), SYSCALLS_TERMINAL},
    {SCMP_SYS(wait4), SYSCALLS_ASKS},
    {SCMP_SYS(waitpid), SYSCALLS_ASKS},
    {SCMP_SYS(select), SYSCALLS_STREAMS},
    {SCMP_SYS(_newselect), SYSCALLS_STREAMS},
    {SCMP_SYS(pselect6), SYSCALLS_STREAMS},
    {SCMP_SYS(pselect6_time64), SYSCALLS_STREAMS},
};

/* --- For some arguments --- */

#define IS(index, value) SCMP_A##index(SCMP_CMP_MASKED_EQ, WORD, (unsigned)(value))
#define NO(index, bits) SCMP_A##index(SCMP_CMP_MASKED_EQ, (bits), 0)
#define MOST 3

/* One way in which a call is allowed; all of up to three arguments must fit. */
struct way {
    int call;
    unsigned group;
    unsigned count;
    struct scmp_arg_cmp arguments[MOST];
};

#define WAY(call, group, count, ...)                                                                                   \
    {                                                                                                                  \
        SCMP_SYS(call), (group), (count), {                                                                            \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
#define IOCTL(request, group) WAY(ioctl, group, 1, IS(1, request))
#define FCNTL(command) WAY(fcntl, ALL, 1, IS(1, command)), WAY(fcntl64, ALL, 1, IS(1, command))
#define OPTION(level, option, group) WAY(setsockopt, group, 2, IS(1, level), IS(2, option))
#define SOCKET(family, type, protocol, group)                                                                          \
    WAY(socket, group, 3, IS(0, family), SCMP_A1(SCMP_CMP_MASKED_EQ, TYPE_OF_SOCKET, (type)), IS(2, protocol))
#define BOTH_FAMILIES(type, protocol, group)                                                                           \
    SOCKET(AF_INET, type, protocol, group), SOCKET(AF_INET6, type, protocol, group)

static const struct way ways[] = {
    WAY(mmap, ALL, 1, NO(2, PROT_EXEC)),
    WAY(mmap2, ALL, 1, NO(2, PROT_EXEC)),
    WAY(mprotect, ALL, 1, NO(2, PROT_EXEC)),
    /* A thread, in the namespaces of all. */
    WAY(clone, ALL, 1, {CLONE_FLAGS, SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_NEW, CLONE_THREAD}),
    WAY(prctl, ALL, 1, IS(0, PR_SET_NAME)),
    WAY(prlimit64, ALL, 2, IS(0, 0), SCMP_A2(SCMP_CMP_EQ, 0)),
    WAY(setpriority, ALL, 2, IS(0, PRIO_PROCESS), IS(1, 0)),
    WAY(sched_setattr, ALL, 1, IS(0, 0)),
    FCNTL(F_GETFD),
    FCNTL(F_SETFD),
    FCNTL(F_GETFL),
    FCNTL(F_SETFL),
    FCNTL(F_DUPFD_CLOEXEC),
    IOCTL(TCGETS, ALL), /* isatty(3), of which stdio asks */
    IOCTL(TERMINAL_GET2, ALL),
    IOCTL(TCSETS, SYSCALLS_TERMINAL),
    IOCTL(TCSETSW, SYSCALLS_TERMINAL),
    IOCTL(TCSETSF, SYSCALLS_TERMINAL),
    IOCTL(TERMINAL_SET2, SYSCALLS_TERMINAL),
    IOCTL(TCFLSH, SYSCALLS_TERMINAL),
    IOCTL(TIOCGWINSZ, ALL), /* is there room for a QR code? */
    IOCTL(TIOCGPGRP, SYSCALLS_TERMINAL),
    WAY(kill, SYSCALLS_TERMINAL, 2, IS(0, 0), IS(1, SIGTSTP)),
    IOCTL(FIONREAD, SYSCALLS_SOCKETS), /* the resolver, of an answer */
    IOCTL(SIOCGIFNAME, SYSCALLS_SOCKETS),
    IOCTL(SIOCGIFINDEX, SYSCALLS_SOCKETS),
    BOTH_FAMILIES(SOCK_DGRAM, 0, SYSCALLS_SOCKETS),
    BOTH_FAMILIES(SOCK_DGRAM, IPPROTO_UDP, SYSCALLS_SOCKETS),
    SOCKET(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, SYSCALLS_SOCKETS),
    BOTH_FAMILIES(SOCK_STREAM, 0, SYSCALLS_STREAMS),
    BOTH_FAMILIES(SOCK_STREAM, IPPROTO_TCP, SYSCALLS_STREAMS),
    WAY(socketpair, SYSCALLS_ASKS, 2, IS(0, AF_UNIX), SCMP_A1(SCMP_CMP_MASKED_EQ, TYPE_OF_SOCKET, SOCK_SEQPACKET)),
    OPTION(SOL_SOCKET, SO_RCVBUF, SYSCALLS_SOCKETS),
    OPTION(SOL_SOCKET, SO_RCVBUFFORCE, SYSCALLS_SOCKETS),
    OPTION(SOL_SOCKET, SO_SNDBUF, SYSCALLS_SOCKETS),
    OPTION(SOL_SOCKET, SO_SNDBUFFORCE, SYSCALLS_SOCKETS),
    OPTION(SOL_SOCKET, SO_RCVTIMEO, SYSCALLS_SOCKETS),
    OPTION(SOL_SOCKET, SO_SNDTIMEO, SYSCALLS_SOCKETS),
    OPTION(SOL_SOCKET, SO_REUSEADDR, SYSCALLS_SOCKETS),
    OPTION(IPPROTO_IP, IP_MTU_DISCOVER, SYSCALLS_SOCKETS),
    OPTION(IPPROTO_IP, IP_RECVERR, SYSCALLS_SOCKETS),
    OPTION(IPPROTO_IPV6, IPV6_V6ONLY, SYSCALLS_SOCKETS),
    OPTION(IPPROTO_IPV6, IPV6_MTU_DISCOVER, SYSCALLS_SOCKETS),
    OPTION(IPPROTO_IPV6, IPV6_RECVERR, SYSCALLS_SOCKETS),
    OPTION(IPPROTO_IP, IP_MULTICAST_IF, SYSCALLS_STREAMS),
    OPTION(IPPROTO_IP, IP_MULTICAST_TTL, SYSCALLS_STREAMS),
    OPTION(IPPROTO_IP, IP_MULTICAST_LOOP, SYSCALLS_STREAMS),
    OPTION(IPPROTO_IPV6, IPV6_MULTICAST_IF, SYSCALLS_STREAMS),
    OPTION(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, SYSCALLS_STREAMS),
    /* What looks up the own machine's name (systemd's nss-myhostname) asks the kernel about its interfaces. */
    OPTION(SOL_NETLINK, NETLINK_SENDERS, SYSCALLS_LIBRARIES),
    OPTION(SOL_NETLINK, NETLINK_REASONS, SYSCALLS_LIBRARIES),
    OPTION(SOL_NETLINK, NETLINK_STRICT, SYSCALLS_LIBRARIES),
    OPTION(IPPROTO_TCP, TCP_NODELAY, SYSCALLS_ACCEPTS | SYSCALLS_STREAMS),
    OPTION(SOL_SOCKET, SO_LINGER, SYSCALLS_STREAMS),
    OPTION(IPPROTO_TCP, TCP_CORK, SYSCALLS_ACCEPTS),
    /* Code of a file of the system, and never of what we may write. */
    WAY(mmap, SYSCALLS_LIBRARIES, 2, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC),
        NO(3, MAP_ANONYMOUS)),
    WAY(mmap2, SYSCALLS_LIBRARIES, 2, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC),
        NO(3, MAP_ANONYMOUS)),
};

/* What libraries try, and do without. */
static const struct {
    struct way way;
    int error;
} refused[] = {
    {WAY(clone3, ALL, 0, {0}), ENOSYS}, /* its flags lie in memory, where nobody looks: clone(2) is next */
    {WAY(prctl, ALL, 1, IS(0, NAME_OF_MAPPING)), EINVAL},
    /* The C library asks AF_UNIX first for an interface's name, and a cache of names that may run (nscd). */
    {WAY(socket, SYSCALLS_SOCKETS, 1, IS(0, AF_UNIX)), EAFNOSUPPORT},
};

/* malloc(3) reads /proc/sys/vm/overcommit_memory before it gives a thread's memory back. */
static const int refused_without_files[] = {SCMP_SYS(open), SCMP_SYS(openat)};

/* --- Loading --- */

#define CALLS_MOST 512
#define NAME_SIZE 32

static char names[CALLS_MOST][NAME_SIZE];

/* As far as async-signal-safe functions go. */
static void put(const char *text) {
    (void)!write(STDERR_FILENO, text, strlen(text));
}

static void tell(int number, siginfo_t *info, void *context) {
    (void)context;
    unsigned call = (unsigned)info->si_syscall;
    put("error: sandbox: the call ");
    put(call < CALLS_MOST && names[call][0] ? names[call] : "?");
    put(" is not allowed (or not with these arguments)\n");
    (void)raise(number); /* by now the default again */
}

static void prepare_telling(void) {
    struct sigaction action = {.sa_sigaction = tell, .sa_flags = (int)(SA_SIGINFO | SA_NODEFER | SA_RESETHAND)};
    for (int call = 0; call < CALLS_MOST; call++) {
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call);
        snprintf(names[call], NAME_SIZE, "%s", name ? name : "");
        free(name);
    }
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGSYS, &action, NULL);
}

/* Before Linux 4.14 a thread could be killed, but no process. */
static uint32_t action_of(enum syscall_violation violation) {
    bool old = seccomp_api_get() < 3;
    if (violation == SYSCALL_TELLS) return SCMP_ACT_TRAP;
    if (violation == SYSCALL_PASSES) return SCMP_ACT_LOG;
    return old ? SCMP_ACT_KILL_THREAD : SCMP_ACT_KILL_PROCESS;
}

static bool wanted(unsigned group, unsigned groups) {
    return group == ALL || (group & groups);
}

static int add_way(scmp_filter_ctx filter, uint32_t action, const struct way *way, unsigned groups) {
    if (!wanted(way->group, groups)) return 0;
    return seccomp_rule_add_array(filter, action, way->call, way->count, way->arguments);
}

/* Signals: to ourselves, and the one that ends a child. */
static int add_signals(scmp_filter_ctx filter, pid_t child) {
    unsigned self = (unsigned)getpid();
    if (child > 0) {
        int added = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(kill), 2, IS(0, child), IS(1, SIGKILL));
        if (added) return added;
    }
    int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, IS(0, self));
    return error ? error : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1, IS(0, self));
}

static int add_all(scmp_filter_ctx filter, unsigned groups, pid_t child) {
    int error = add_signals(filter, child);
    for (size_t i = 0; i < sizeof plain / sizeof *plain && !error; i++)
        if (wanted(plain[i].group, groups)) error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, plain[i].call, 0);
    for (size_t i = 0; i < sizeof ways / sizeof *ways && !error; i++)
        error = add_way(filter, SCMP_ACT_ALLOW, &ways[i], groups);
    for (size_t i = 0; i < sizeof refused / sizeof *refused && !error; i++)
        error = add_way(filter, SCMP_ACT_ERRNO((unsigned)refused[i].error), &refused[i].way, groups);
    if (groups & SYSCALLS_READS) return error;
    for (size_t i = 0; i < sizeof refused_without_files / sizeof(int) && !error; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused_without_files[i], 0);
    return error;
}

static int load(scmp_filter_ctx filter, unsigned groups, pid_t child, uint32_t action) {
    int error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, action == SCMP_ACT_TRAP ? SCMP_ACT_KILL : action);
    if (!error) error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree: it is faster to walk */
    if (!error) error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (!error) error = add_all(filter, groups, child);
    return error ? error : seccomp_load(filter);
}

bool syscall_filter_load(unsigned groups, pid_t child, enum syscall_violation violation, bool *missing,
                         struct why *why) {
    uint32_t action = action_of(violation);
    /* seccomp(2), which takes all threads at once, came with level 2 (Linux 3.17), logging with 3. */
    *missing = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0 || seccomp_api_get() < (violation == SYSCALL_PASSES ? 3U : 2U);
    if (*missing) return true;
    scmp_filter_ctx filter = seccomp_init(action);
    if (!filter) return why_fail(why, "%s", strerror(ENOMEM));
    if (violation == SYSCALL_TELLS) prepare_telling();
    if (violation == SYSCALL_PASSES) groups |= SYSCALLS_READS | SYSCALLS_WRITES; /* no errors in the place of calls */
    int error = load(filter, groups, child, action);
    seccomp_release(filter);
    return error == 0 || why_fail(why, "%s", strerror(-error));
}
