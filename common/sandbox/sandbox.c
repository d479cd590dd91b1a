#include "common/sandbox/sandbox.h"

#include "common/log.h"
#include "common/sandbox/privileges.h"
#include "common/sanitizers.h"

#define AREA "sandbox"

const char *const sandbox_choices[] = {[SANDBOX_ON] = "on", [SANDBOX_TELLS] = "tell", [SANDBOX_OFF] = "off", NULL};

static bool failed(const char *what, const struct why *why) {
    log_error(AREA, "%s: %s", what, why->text);
    return false;
}

/* What measures a build writes and calls what it likes. */
#if defined(GOCHAT_SANITIZED) || defined(GOCHAT_COVERAGE)
#define SANDBOX_PASSES
#endif

#ifdef SANDBOX_PASSES
static bool shut_files(const struct sandbox *sandbox) {
    (void)sandbox;
    return true;
}
#else
static bool shut_files(const struct sandbox *sandbox) {
    int version = landlock_version();
    struct why why;
    if (version == 0) {
        log_info(AREA, "this kernel has no Landlock (or it is off): files are not shut off, the rest holds");
        return true;
    }
    /* Ctrl-Z stops the whole job, and a child that stays is killed: which, is the list of calls to say. */
    bool signals = sandbox->calls & (SYSCALLS_TERMINAL | SYSCALLS_ASKS);
    return landlock_restrict(version, sandbox->places, sandbox->place_count, signals, &why) || failed("Landlock", &why);
}
#endif

static enum syscall_violation violation_of(enum sandbox_choice choice) {
#if defined(SANDBOX_PASSES)
    (void)choice;
    return SYSCALL_PASSES;
#elif !defined(__OPTIMIZE__)
    (void)choice;
    return SYSCALL_TELLS;
#else
    return choice == SANDBOX_TELLS ? SYSCALL_TELLS : SYSCALL_KILLS;
#endif
}

static bool shut_calls(const struct sandbox *sandbox) {
    bool missing = false;
    struct why why;
    if (!syscall_filter_load(sandbox->calls, sandbox->child, violation_of(sandbox->choice), &missing, &why))
        return failed("seccomp", &why);
    if (missing) log_info(AREA, "this kernel has no seccomp: any call can be made, the rest holds");
    return true;
}

bool sandbox_enter(const struct sandbox *sandbox) {
    struct why why;
    if (!privileges_drop(&why)) return failed("privileges", &why);
    return sandbox->choice == SANDBOX_OFF || (shut_files(sandbox) && shut_calls(sandbox));
}
