/* Which system calls a process may make: a list of what our programs and the C library under them call, loaded into the
 * kernel (seccomp(2), by libseccomp). The list has groups, for what only some programs do.
 *
 * What is not on it ends the process (SIGSYS). A few calls that libraries try, and do without, are answered with an
 * error instead. Arguments are looked at where a call does harm with the wrong ones: memory is never made executable, a
 * new process is never made (a new thread is), sockets are of few kinds, signals go to ourselves. The calls of every
 * packet are allowed whatever their arguments: the kernel has a bitmap for such, and does not run the list. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/attributes.h"
#include "common/why.h"

/* What comes to that which all programs need: memory, threads, clocks, waiting, and what is open already. */
enum syscall_group {
    SYSCALLS_READS = 1 << 0,     /* opens files: which, is Landlock's to say */
    SYSCALLS_WRITES = 1 << 1,    /* makes, moves, removes and locks them */
    SYSCALLS_SOCKETS = 1 << 2,   /* new sockets for datagrams, and for questions to the kernel about its interfaces */
    SYSCALLS_ACCEPTS = 1 << 3,   /* connections that come to what listens already */
    SYSCALLS_TERMINAL = 1 << 4,  /* a screen, and being stopped by it with our job */
    SYSCALLS_STREAMS = 1 << 5,   /* connections of our own */
    SYSCALLS_LIBRARIES = 1 << 6, /* libraries of the system that the C library loads when it looks names up */
    SYSCALLS_ASKS = 1 << 7,      /* pairs of sockets, one of which another process gets, and that process's end */
    SYSCALLS_REMOVES = 1 << 8,   /* files: which, is Landlock's to say */
};

enum syscall_violation {
    SYSCALL_KILLS,  /* at once; nothing in the process can keep it from that */
    SYSCALL_TELLS,  /* a line on standard error names the call, then the process ends: for who looks for one that misses
                     */
    SYSCALL_PASSES, /* it goes through, and the kernel's log has it: sanitizers call what they like */
};

/* For this thread and all others. `child`: a process that SYSCALLS_ASKS may end, or 0. True also on a kernel without
 * seccomp, with *missing set. False with one line in `why`. PR_SET_NO_NEW_PRIVS must be set. */
MUST_USE bool syscall_filter_load(unsigned groups, pid_t child, enum syscall_violation violation, bool *missing,
                                  struct why *why);
