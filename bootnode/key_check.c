#include "bootnode/key_check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bootnode/node_key.h"
#include "bootnode/previous_keys.h"
#include "common/sandbox/privileges.h"
#include "common/why.h"

static bool find_user(const struct faults *faults, struct privileges_user *out, struct why *why) {
    const char *named = faults->config->user;
    *out = (struct privileges_user){.user = geteuid(), .group = getegid()};
    return *named == '\0' || privileges_find(named, out, why);
}

static bool folder_takes_files(const char *folder, struct why *why) {
    struct stat status;
    if (stat(folder, &status) == 0 && !S_ISDIR(status.st_mode)) return why_fail(why, "%s is no folder", folder);
    return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0 ||
           why_fail(why, "%s: %s", folder, strerror(errno));
}

/* Cuts the last part off. "a" lies in ".", "/a" in "/". */
static void go_up(char *path) {
    char *slash = strrchr(path, '/');
    if (!slash)
        memcpy(path, ".", 2);
    else
        slash[slash == path] = '\0';
}

/* The folders above it are made, so it is the lowest that is there which counts. */
static bool can_be_made(const char *file, struct why *why) {
    char folder[PATH_MAX];
    struct stat status;
    if (lstat(file, &status) == 0) return why_fail(why, "a symbolic link that leads nowhere");
    snprintf(folder, sizeof folder, "%s", file);
    do go_up(folder);
    while (lstat(folder, &status) != 0 && errno == ENOENT);
    struct why reason;
    return folder_takes_files(folder, &reason) || why_fail(why, "cannot be made: %s", reason.text);
}

static bool key_serves(const char *file, bool may_be_missing, struct why *why) {
    const struct seed_policy policy = seed_policy_service();
    struct node_key key;
    struct stat status;
    if (stat(file, &status) != 0)
        return errno == ENOENT && may_be_missing ? can_be_made(file, why) : why_fail(why, "%s", strerror(errno));
    bool loaded = node_key_load(file, &policy, &key, why);
    node_key_wipe(&key);
    return loaded;
}

static void tell(int descriptor, const char *text) {
    if (write(descriptor, text, strlen(text)) < 0) abort();
}

static bool is_folder(const char *file) {
    struct stat status;
    return stat(file, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Whether that user can use it, asked as that user: in a process of its own, since nobody comes back to root. */
static bool key_serves_user(const char *file, bool may_be_missing, const struct privileges_user *user,
                            struct why *why) {
    int ends[2], status = 0;
    struct why become;
    if (pipe2(ends, O_CLOEXEC) != 0) return why_fail(why, "%s", strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        bool serves =
            privileges_become(user, &become) ? key_serves(file, may_be_missing, why) : why_fail(why, "%s", become.text);
        if (!serves) tell(ends[1], why->text);
        _exit(serves ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(ends[1]);
    ssize_t length = child > 0 ? read(ends[0], why->text, sizeof why->text - 1) : 0;
    why->text[length > 0 ? length : 0] = '\0';
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child) return why_fail(why, "%s", strerror(errno));
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

static bool find_key(const struct faults *faults, char file[static INI_TEXT_SIZE], struct why *why) {
    snprintf(file, INI_TEXT_SIZE, "%s", faults->config->key_file);
    return *file != '\0' || node_key_default_file(file, INI_TEXT_SIZE, why);
}

/* A file that its key does not name is named by us, once. */
static void refuse(struct faults *faults, const char *key, const char *file, bool named, const char *why) {
    char start[PATH_MAX + sizeof "key file : "];
    snprintf(start, sizeof start, "key file %s: ", file);
    if (strncmp(why, start, strlen(start)) == 0) why += strlen(start);
    faults_add(faults, key, 0, "%s%s%s", named ? "" : file, named ? "" : ": ", why);
}

static void check_present(struct faults *faults, const char *file, const struct privileges_user *user) {
    bool named = *faults->config->key_file != '\0';
    struct why why;
    if (is_folder(file))
        refuse(faults, "key_file", file, named, "a folder, expected a file");
    else if (user && !key_serves_user(file, true, user, &why))
        refuse(faults, "key_file", file, named, why.text);
}

static void check_previous(struct faults *faults, const char *key_file, const struct privileges_user *user) {
    struct previous_keys previous;
    struct why why;
    if (!faults_known(faults, "previous_keys")) return;
    previous_keys_find(faults->config->previous_keys, key_file, &previous);
    for (size_t i = 0; i < previous.count; i++)
        if (!key_serves_user(previous.files[i], false, user, &why))
            refuse(faults, "previous_keys", previous.files[i], false, why.text);
}

/* Whom to ask as; NULL: nobody that we could become. */
static const struct privileges_user *choose_user(const struct faults *faults, const char *file,
                                                 struct privileges_user *user, FILE *notes) {
    struct why ignored;
    if (!faults_known(faults, "user") || !find_user(faults, user, &ignored)) return NULL;
    if (geteuid() == 0 || user->user == geteuid()) return user;
    fprintf(notes, "user = %s: only root becomes another user, so %s has not been looked at\n", faults->config->user,
            file);
    return NULL;
}

void key_check(struct faults *faults, FILE *notes) {
    char file[INI_TEXT_SIZE];
    struct privileges_user found;
    struct why why;
    if (!faults_known(faults, "key_file")) return;
    if (!find_key(faults, file, &why)) {
        faults_add(faults, "key_file", 0, "%s", why.text);
        return;
    }
    const struct privileges_user *user = choose_user(faults, file, &found, notes);
    check_present(faults, file, user);
    if (user) check_previous(faults, file, user);
}
