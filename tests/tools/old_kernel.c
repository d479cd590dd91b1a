/* old_kernel CALL… -- COMMAND…: runs a command under a kernel that lacks these system calls (ENOSYS), or, with "-e" in
 * front, refuses them (EPERM) as a service manager's sandbox does. "seccomp" stands for prctl's part of it, too. */
#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int lack(scmp_filter_ctx filter, const char *name, int error) {
    int call = seccomp_syscall_resolve_name(name);
    uint32_t action = SCMP_ACT_ERRNO((unsigned)error);
    if (call == __NR_SCMP_ERROR) return -EINVAL;
    if (strcmp(name, "seccomp") == 0) {
        /* Of what the kernel was built without, prctl(2) knows no number. */
        int failed =
            seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_GET_SECCOMP));
        if (failed) return failed;
    }
    return seccomp_rule_add(filter, action, call, 0);
}

int main(int argc, char **argv) {
    int at = 1, error = ENOSYS;
    if (at < argc && strcmp(argv[at], "-e") == 0) {
        error = EPERM;
        at++;
    }
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    bool good = filter != NULL;
    for (; at < argc && strcmp(argv[at], "--") != 0; at++) good = good && lack(filter, argv[at], error) == 0;
    if (!good || at + 1 >= argc || seccomp_load(filter) != 0) {
        fputs("old_kernel: expected old_kernel [-e] CALL… -- COMMAND…\n", stderr);
        return 125;
    }
    seccomp_release(filter);
    execvp(argv[at + 1], argv + at + 1);
    perror(argv[at + 1]);
    return 127;
}
