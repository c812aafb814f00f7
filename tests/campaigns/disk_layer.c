/* A disk that fails when it is told to, and a list of all that reached it: loaded before libc (LD_PRELOAD, Linux).

   Whatever changes the disk below one folder is a point: write, sync, rename, create, cut, unlink, link. One of them can
   be made to fail (once, or from there on), or to write half and then fail. Each that succeeds is written into a log,
   with its bytes: out of that the disk is made anew as a power cut at any point would leave it (disk_power.py). */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 'w', SYNC = 's', RENAME = 'r', CREATE = 'c', CUT = 't', UNLINK = 'u', LINK = 'l', MARK = 'm' };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length;
static int log_file = -1;
static long points, fail_at;
static int fail_errno, fail_always, fail_torn, active;
static char failed_kind;

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

static int below(const char *path) {
    return root_length && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

/* The path of an open file, where it lies below the folder that is watched. */
static int of_file(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return below(path);
}

static int whole(int at, const char *path, char *out) {
    if (path[0] == '/') { snprintf(out, PATH_MAX, "%s", path); return below(out); }
    char base[PATH_MAX];
    if (at == AT_FDCWD) { if (!getcwd(base, sizeof base)) return 0; }
    else {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", at);
        ssize_t length = readlink(link, base, PATH_MAX - 1);
        if (length < 0) return 0;
        base[length] = 0;
    }
    if (snprintf(out, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return 0;
    return below(out);
}

static void put(const void *data, size_t size) {
    __typeof__(&write) plainly = REAL(write);
    const char *at = data;
    while (size) {
        ssize_t done = plainly(log_file, at, size);
        if (done < 0) { if (errno == EINTR) continue; abort(); }
        at += done; size -= (size_t)done;
    }
}

struct head { uint8_t kind; uint8_t pad[3]; uint32_t first, second; uint64_t inode, offset, size; };

static void note(char kind, uint64_t inode, uint64_t offset, const char *first, const char *second, const void *data, size_t size) {
    if (log_file < 0) return;
    struct head head = {0};
    head.kind = (uint8_t)kind; head.inode = inode; head.offset = offset; head.size = size;
    head.first = (uint32_t)strlen(first); head.second = (uint32_t)strlen(second);
    put(&head, sizeof head); put(first, head.first); put(second, head.second);
    if (data) put(data, size);
}

/* 0: go on; 1: fail with errno; 2: do half of it, then fail. `lock` is held. */
static int point(char kind) {
    if (!active) return 0;
    points++;
    if (!fail_at || (fail_always ? points < fail_at : points != fail_at)) return 0;
    if (!failed_kind) failed_kind = kind;
    errno = fail_errno;
    return fail_torn && kind == WRITE && points == fail_at ? 2 : 1;
}

static uint64_t inode_of(int fd) { struct stat about; return fstat(fd, &about) ? 0 : about.st_ino; }

/* --- what Python calls ------------------------------------------------------------------------------------------ */

void disk_begin(const char *folder, const char *log_path, long at, int error, int always, int torn) {
    pthread_mutex_lock(&lock);
    snprintf(root, sizeof root, "%s", folder);
    root_length = strlen(root);
    points = 0; fail_at = at; fail_errno = error; fail_always = always; fail_torn = torn; failed_kind = 0;
    if (log_path && *log_path) log_file = REAL(open)(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_APPEND, 0600);
    active = 1;
    pthread_mutex_unlock(&lock);
}

long disk_points(void) { return points; }
int disk_failed(void) { return failed_kind; }

void disk_mark(const char *text) {
    pthread_mutex_lock(&lock);
    if (active) note(MARK, 0, (uint64_t)points, text, "", NULL, 0);
    pthread_mutex_unlock(&lock);
}

void disk_end(void) {
    pthread_mutex_lock(&lock);
    active = 0; root_length = 0; fail_at = 0;
    if (log_file >= 0) close(log_file);
    log_file = -1;
    pthread_mutex_unlock(&lock);
}

/* --- what libc's callers meet ------------------------------------------------------------------------------------ */

static ssize_t do_write(int fd, const void *data, size_t size, off64_t offset, int placed) {
    char path[PATH_MAX];
    int saved = errno, ours = active && fd != log_file && of_file(fd, path);
    errno = saved;
    if (!ours) return placed ? REAL(pwrite64)(fd, data, size, offset) : REAL(write)(fd, data, size);
    pthread_mutex_lock(&lock);
    ssize_t done = -1;
    int fate = point(WRITE), wanted = errno;
    size_t now = fate == 2 ? size / 2 : size;
    if (fate != 1) {
        off64_t at = offset;
        if (!placed) at = fcntl(fd, F_GETFL) & O_APPEND ? lseek64(fd, 0, SEEK_END) : lseek64(fd, 0, SEEK_CUR);
        done = placed ? REAL(pwrite64)(fd, data, now, offset) : REAL(write)(fd, data, now);
        if (done > 0) note(WRITE, inode_of(fd), (uint64_t)at, path, "", data, (size_t)done);
        if (fate == 2) { done = -1; errno = wanted; }
    }
    int after = fate ? wanted : errno;
    pthread_mutex_unlock(&lock);
    errno = after;
    return done;
}

ssize_t write(int fd, const void *data, size_t size) { return do_write(fd, data, size, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return do_write(fd, data, size, at, 1); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) { return do_write(fd, data, size, at, 1); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    if (!active || !of_file(fd, path)) return REAL(writev)(fd, parts, count);
    ssize_t total = 0;
    for (int i = 0; i < count; i++) {
        ssize_t done = do_write(fd, parts[i].iov_base, parts[i].iov_len, 0, 0);
        if (done < 0) return total ? total : -1;
        total += done;
        if ((size_t)done < parts[i].iov_len) break;
    }
    return total;
}

/* Python copies files with these; without them it reads and writes. */
ssize_t sendfile64(int out, int in, off64_t *offset, size_t count) {
    char path[PATH_MAX];
    if (!active || !of_file(out, path)) return REAL(sendfile64)(out, in, offset, count);
    errno = ENOSYS;
    return -1;
}
ssize_t sendfile(int out, int in, off_t *offset, size_t count) { return sendfile64(out, in, offset, count); }
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t count, unsigned flags) {
    char path[PATH_MAX];
    if (!active || !of_file(out, path)) return REAL(copy_file_range)(in, from, out, to, count, flags);
    errno = ENOSYS;
    return -1;
}

static int do_sync(int fd, int data_only) {
    char path[PATH_MAX];
    int ours = active && of_file(fd, path);
    if (!ours) return data_only ? REAL(fdatasync)(fd) : REAL(fsync)(fd);
    pthread_mutex_lock(&lock);
    int fate = point(SYNC), wanted = errno, done = -1;
    if (!fate) { /* the list says what would last; the real disk is not waited for */
        done = 0;
        struct stat about;
        int folder = !fstat(fd, &about) && S_ISDIR(about.st_mode);
        if (!folder || !getenv("DISK_FORGETS_FOLDERS")) note(SYNC, inode_of(fd), 0, path, "", NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    if (fate) errno = wanted;
    return done;
}
int fsync(int fd) { return do_sync(fd, 0); }
int fdatasync(int fd) { return do_sync(fd, 1); }

static int do_truncate(int fd, off64_t size) {
    char path[PATH_MAX];
    if (!active || !of_file(fd, path)) return REAL(ftruncate64)(fd, size);
    pthread_mutex_lock(&lock);
    int fate = point(CUT), wanted = errno, done = -1;
    if (!fate) {
        done = REAL(ftruncate64)(fd, size);
        if (!done) note(CUT, inode_of(fd), (uint64_t)size, path, "", NULL, 0);
        wanted = errno;
    }
    pthread_mutex_unlock(&lock);
    errno = wanted;
    return done;
}
int ftruncate(int fd, off_t size) { return do_truncate(fd, size); }
int ftruncate64(int fd, off64_t size) { return do_truncate(fd, size); }

static int plain_rename(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    return flags ? REAL(renameat2)(from_at, from, to_at, to, flags) : REAL(renameat)(from_at, from, to_at, to);
}

static int do_rename(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    char old[PATH_MAX], new[PATH_MAX];
    int one = active && whole(from_at, from, old), two = active && whole(to_at, to, new);
    if (!one && !two) return plain_rename(from_at, from, to_at, to, flags);
    pthread_mutex_lock(&lock);
    int fate = point(RENAME), wanted = errno, done = -1;
    if (!fate) {
        done = plain_rename(from_at, from, to_at, to, flags);
        wanted = errno;
        struct stat about;
        if (!done) note(RENAME, lstat(new, &about) ? 0 : about.st_ino, 0, old, new, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    errno = wanted;
    return done;
}
int rename(const char *from, const char *to) { return do_rename(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return do_rename(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { return do_rename(a, from, b, to, flags); }

static int do_link(int from_at, const char *from, int to_at, const char *to, int flags) {
    char old[PATH_MAX], new[PATH_MAX];
    if (!active || !whole(from_at, from, old) || !whole(to_at, to, new))
        return REAL(linkat)(from_at, from, to_at, to, flags);
    pthread_mutex_lock(&lock);
    int fate = point(LINK), wanted = errno, done = -1;
    if (!fate) {
        done = REAL(linkat)(from_at, from, to_at, to, flags);
        wanted = errno;
        struct stat about;
        if (!done) note(LINK, lstat(new, &about) ? 0 : about.st_ino, 0, old, new, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    errno = wanted;
    return done;
}
int link(const char *from, const char *to) { return do_link(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int a, const char *from, int b, const char *to, int flags) { return do_link(a, from, b, to, flags); }

static int do_unlink(int at, const char *name, int flags) {
    char path[PATH_MAX];
    if (!active || (flags & AT_REMOVEDIR) || !whole(at, name, path)) return REAL(unlinkat)(at, name, flags);
    struct stat about;
    if (lstat(path, &about)) return REAL(unlinkat)(at, name, flags);
    pthread_mutex_lock(&lock);
    int fate = point(UNLINK), wanted = errno, done = -1;
    if (!fate) {
        done = REAL(unlinkat)(at, name, flags);
        wanted = errno;
        if (!done) note(UNLINK, about.st_ino, 0, path, "", NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    errno = wanted;
    return done;
}
int unlink(const char *name) { return do_unlink(AT_FDCWD, name, 0); }
int unlinkat(int at, const char *name, int flags) { return do_unlink(at, name, flags); }

static int do_open(int at, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    struct stat about;
    int writing = (flags & O_ACCMODE) != O_RDONLY;
    if (!active || !writing || !(flags & (O_CREAT | O_TRUNC)) || !whole(at, name, path))
        return REAL(openat64)(at, name, flags, mode);
    int there = !lstat(path, &about);
    if (there && !(flags & O_TRUNC)) return REAL(openat64)(at, name, flags, mode);
    pthread_mutex_lock(&lock);
    char kind = there ? CUT : CREATE;
    int fate = point(kind), wanted = errno, done = -1;
    if (!fate) {
        done = REAL(openat64)(at, name, flags, mode);
        wanted = errno;
        if (done >= 0) note(kind, inode_of(done), 0, path, "", NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    errno = wanted;
    return done;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }
int open(const char *name, int flags, ...) { MODE(flags) return do_open(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE(flags) return do_open(AT_FDCWD, name, flags, mode); }
int openat(int at, const char *name, int flags, ...) { MODE(flags) return do_open(at, name, flags, mode); }
int openat64(int at, const char *name, int flags, ...) { MODE(flags) return do_open(at, name, flags, mode); }
