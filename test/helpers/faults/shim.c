/*
 * Fault shim for tests, preloaded into the product from outside, and into whatever that starts. Sees every call that changes a file
 * or folder below one of the prefixes in BELAY_FAULT_PREFIX (separated by ':'), numbers them over all processes, and at call number
 * `at` does what `mode` says. What it is to do and what it saw lies in the file BELAY_FAULT_COUNTER, mapped by all processes and
 * written by the test (control.ts): a process can be started first and armed later. BELAY_FAULT_AT and _MODE arm it at its start.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define SHUTDOWN 0x8004587d
#define KINDS 65536
extern char **environ;

enum { COUNT, KILL, TORN, SHORT, FAIL_ONCE, FAIL_ON, SYNC_LOST, POWER, STOP };

struct control {
  _Atomic uint64_t count;
  uint64_t at;
  uint32_t mode;
  int32_t error;          /* errno of FAIL_*, SYNC_LOST */
  _Atomic uint64_t fired; /* the call at which it happened; 0: not yet */
  uint32_t how;           /* POWER: argument of the shutdown: 1 flushes the journal, 2 nothing */
  uint32_t seed;          /* POWER: not 0: pages written back before, by chance */
  char kinds[KINDS];      /* one letter a call, by number */
};

static struct control *control;
static const char *prefixes;
/* Folder of the socket of a server: what is sent there counts. */
static const char *server;
static const char *mount_point;
/* Variables that a child needs to be seen as well, as NAME=value. */
enum { OURS = 7, MOST_VARIABLES = 500 };
static char *passed_on[OURS];
static int mount_fd = -1;

static uint32_t mode_named(const char *name) {
  if (name == NULL || strcmp(name, "kill") == 0) return KILL;
  if (strcmp(name, "half") == 0) return TORN;
  if (strcmp(name, "power") == 0) return POWER;
  if (strcmp(name, "stop") == 0) return STOP;
  abort();
}

__attribute__((constructor)) static void begin(void) {
  static const char *const names[OURS] = {"LD_PRELOAD", "BELAY_FAULT_COUNTER", "BELAY_FAULT_PREFIX", "BELAY_FAULT_MOUNT", "BELAY_FAULT_SERVER", "BELAY_FAULT_AT", "BELAY_FAULT_MODE"};
  for (int at = 0; at < OURS; at += 1) {
    const char *value = getenv(names[at]);
    if (value != NULL && asprintf(&passed_on[at], "%s=%s", names[at], value) < 0) abort();
  }
  const char *file = getenv("BELAY_FAULT_COUNTER");
  const char *k = getenv("BELAY_FAULT_AT");
  prefixes = getenv("BELAY_FAULT_PREFIX");
  mount_point = getenv("BELAY_FAULT_MOUNT");
  server = getenv("BELAY_FAULT_SERVER");
  if (file == NULL || prefixes == NULL) return;
  int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, sizeof *control) != 0) abort();
  struct control *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) abort();
  close(fd);
  if (k != NULL) {
    mapped->mode = strtoull(k, NULL, 10) == 0 ? COUNT : mode_named(getenv("BELAY_FAULT_MODE"));
    mapped->at = strtoull(k, NULL, 10);
    mapped->how = 2;
  }
  /* A mount that comes and goes is opened when it is to be cut. */
  if (k != NULL && mount_point != NULL && (mount_fd = open(mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) abort();
  control = mapped;
}

static int below(const char *path) {
  if (control == NULL || path == NULL) return 0;
  const char *rest = prefixes;
  while (*rest != 0) {
    const char *end = strchrnul(rest, ':');
    size_t length = (size_t)(end - rest);
    if (length > 0 && strncmp(path, rest, length) == 0) return 1;
    rest = *end == 0 ? end : end + 1;
  }
  return 0;
}

static int below_fd(int fd) {
  char link[64], path[PATH_MAX];
  if (control == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return below(path);
}

static int below_at(int dir, const char *path) { return path != NULL && (path[0] == '/' || dir == AT_FDCWD ? below(path) : below_fd(dir)); }

static int to_server(int fd) {
  struct sockaddr_un peer = {0};
  socklen_t size = sizeof peer;
  if (server == NULL || getpeername(fd, (struct sockaddr *)&peer, &size) != 0 || peer.sun_family != AF_UNIX) return 0;
  return strncmp(peer.sun_path, server, strlen(server)) == 0;
}

static void end_now(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* Pages that the system happened to write back before the power went: of every open file some, by chance. */
static void write_back(uint32_t seed) {
  for (int fd = 3; fd < 512; fd += 1) {
    struct stat what;
    if (!below_fd(fd) || fstat(fd, &what) != 0 || !S_ISREG(what.st_mode)) continue;
    for (off_t page = 0; page < what.st_size && page < (1 << 22); page += 4096) {
      seed = seed * 1664525u + 1013904223u;
      if ((seed >> 16) & 1)
        sync_file_range(fd, page, 4096, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    }
  }
}

static void cut(void) {
  if (mount_fd < 0) mount_fd = open(mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (control->seed != 0) write_back(control->seed);
  uint32_t how = control->how;
  if (mount_fd < 0 || ioctl(mount_fd, SHUTDOWN, &how) != 0) abort();
  end_now();
}

/* Calls that take room: those that a full disk refuses for good. */
static int grows(char kind) { return strchr("wolmyfxb", kind) != NULL; }

/*
 * What becomes of this call: GO, HALF_AND_END, HALF, or FAIL with errno set. `kind` is a letter; `more` is 0 for a call that takes no
 * room after all, as an open of what is there.
 */
enum { GO, HALF_AND_END, HALF, FAIL };
static int verdict(char kind, int more) {
  uint64_t mine = atomic_fetch_add(&control->count, 1) + 1;
  if (mine < KINDS) control->kinds[mine] = kind;
  if (control->mode == COUNT || control->at == 0 || mine < control->at || (mine > control->at && control->mode != FAIL_ON)) return GO;
  /* A disk that fails is not the way to the server, nor the other way round. */
  int sent = kind == 'q';
  if (sent && control->mode == SHORT) return GO;
  if ((control->mode == FAIL_ONCE || control->mode == FAIL_ON || control->mode == SYNC_LOST) && sent != (control->error == ECONNRESET)) return GO;
  if (control->mode == FAIL_ON && !sent && control->error != EIO && !(grows(kind) && more)) return GO;
  uint64_t none = 0;
  atomic_compare_exchange_strong(&control->fired, &none, mine);
  switch (control->mode) {
    case TORN: if (kind == 'w' || sent) return HALF_AND_END; end_now(); return GO;
    case SHORT: return HALF;
    case FAIL_ONCE: case FAIL_ON: case SYNC_LOST: errno = control->error; return FAIL;
    case POWER: cut(); return GO;
    /* Suspended until somebody continues it; then the call is carried out. */
    case STOP: kill(getpid(), SIGSTOP); return GO;
    default: end_now(); return GO;
  }
}

/*
 * The last write to each file that was not forced to the medium since, so that a failed fsync can lose it as the system does: by the file, since it may be
 * synced through another descriptor than it was written through, and since descriptors are used again for other files.
 */
enum { FILES = 1024 };
static struct { dev_t dev; ino_t ino; off_t from; size_t size; } last[FILES];
static atomic_flag last_taken = ATOMIC_FLAG_INIT;
static void remember(int fd, off_t from, size_t size) {
  struct stat file;
  if (control == NULL || control->mode != SYNC_LOST || fstat(fd, &file) != 0) return;
  while (atomic_flag_test_and_set(&last_taken)) sched_yield();
  size_t at = 0;
  while (at < FILES - 1 && last[at].ino != 0 && !(last[at].dev == file.st_dev && last[at].ino == file.st_ino)) at += 1;
  last[at].dev = file.st_dev;
  last[at].ino = file.st_ino;
  last[at].from = from;
  last[at].size = size;
  atomic_flag_clear(&last_taken);
}
static void wrote(int fd, off_t from, ssize_t size) {
  if (size > 0) remember(fd, from, (size_t)size);
}
static void lose(int fd) {
  static const char zeros[4096];
  struct stat file;
  if (fstat(fd, &file) != 0) return;
  for (size_t at = 0; at < FILES; at += 1) {
    if (last[at].dev != file.st_dev || last[at].ino != file.st_ino) continue;
    /* As the file system does it, whatever the descriptor may. */
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int writing = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY);
    for (size_t done = 0; writing >= 0 && done < last[at].size;) {
      size_t part = last[at].size - done < sizeof zeros ? last[at].size - done : sizeof zeros;
      if (syscall(SYS_pwrite64, writing, zeros, part, last[at].from + (off_t)done) <= 0) break;
      done += part;
    }
    if (writing >= 0) syscall(SYS_close, writing);
    return;
  }
}

#define REAL(name) \
  static __typeof__(&name) real; \
  if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* A call that is carried out whole or fails; `seen` is true where it is ours. */
#define WHOLE(name, kind, seen, more, ...) \
  REAL(name); \
  if (control != NULL && (seen) && verdict(kind, more) == FAIL) return -1; \
  return real(__VA_ARGS__)

#define WRITE(seen, half, whole, place) \
  if (control == NULL || !(seen)) return whole; \
  off_t from = place; \
  ssize_t did; \
  switch (verdict('w', 1)) { \
    case FAIL: return -1; \
    case HALF_AND_END: (void)(half); end_now(); return -1; \
    case HALF: did = half; break; \
    default: did = whole; \
  } \
  wrote(fd, from, did); \
  return did

static size_t part(size_t size) { return size > 1 ? size / 2 : size; }
static off_t here(int fd) { off_t at = lseek(fd, 0, SEEK_CUR); return at < 0 ? 0 : at; }

/* To the server all of it goes or nothing: it is carried out though its sender is gone, or the connection breaks before it. */
#define SEND(whole) \
  if (control != NULL && to_server(fd)) switch (verdict('q', 0)) { \
    case FAIL: shutdown(fd, SHUT_RDWR); errno = ECONNRESET; return -1; \
    case HALF_AND_END: (void)!(whole); end_now(); return -1; \
    default: return whole; \
  }

ssize_t write(int fd, const void *data, size_t size) {
  REAL(write);
  SEND(real(fd, data, size));
  WRITE(below_fd(fd), real(fd, data, part(size)), real(fd, data, size), here(fd));
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t where) {
  REAL(pwrite);
  WRITE(below_fd(fd), real(fd, data, part(size), where), real(fd, data, size, where), where);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t where) {
  REAL(pwrite64);
  WRITE(below_fd(fd), real(fd, data, part(size), where), real(fd, data, size, where), where);
}
/* Half of several parts is the first half of the first one. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev);
  SEND(real(fd, parts, count));
  struct iovec first = count > 0 ? (struct iovec){parts[0].iov_base, part(parts[0].iov_len)} : (struct iovec){0};
  WRITE(below_fd(fd), real(fd, &first, 1), real(fd, parts, count), here(fd));
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t where) {
  REAL(pwritev);
  struct iovec first = count > 0 ? (struct iovec){parts[0].iov_base, part(parts[0].iov_len)} : (struct iovec){0};
  WRITE(below_fd(fd), real(fd, &first, 1, where), real(fd, parts, count, where), where);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t where) {
  REAL(pwritev64);
  struct iovec first = count > 0 ? (struct iovec){parts[0].iov_base, part(parts[0].iov_len)} : (struct iovec){0};
  WRITE(below_fd(fd), real(fd, &first, 1, where), real(fd, parts, count, where), where);
}

static int sync_verdict(int fd) {
  if (verdict('s', 0) != FAIL) return GO;
  if (control->mode == SYNC_LOST) { lose(fd); errno = control->error; }
  return FAIL;
}
static int synced(int fd, int result) {
  if (result == 0) remember(fd, 0, 0);
  return result;
}
int fsync(int fd) { REAL(fsync); return !below_fd(fd) ? real(fd) : sync_verdict(fd) == FAIL ? -1 : synced(fd, real(fd)); }
int fdatasync(int fd) { REAL(fdatasync); return !below_fd(fd) ? real(fd) : sync_verdict(fd) == FAIL ? -1 : synced(fd, real(fd)); }

ssize_t copy_file_range(int in, off64_t *from, int fd, off64_t *to, size_t size, unsigned flags) {
  WHOLE(copy_file_range, 'x', below_fd(fd), 1, in, from, fd, to, size, flags);
}
ssize_t sendfile(int fd, int in, off_t *from, size_t size) { WHOLE(sendfile, 'x', below_fd(fd), 1, fd, in, from, size); }
ssize_t sendfile64(int fd, int in, off64_t *from, size_t size) { WHOLE(sendfile64, 'x', below_fd(fd), 1, fd, in, from, size); }
int ftruncate(int fd, off_t size) { WHOLE(ftruncate, 't', below_fd(fd), 0, fd, size); }
int ftruncate64(int fd, off64_t size) { WHOLE(ftruncate64, 't', below_fd(fd), 0, fd, size); }
int truncate(const char *path, off_t size) { WHOLE(truncate, 't', below(path), 0, path, size); }
int truncate64(const char *path, off64_t size) { WHOLE(truncate64, 't', below(path), 0, path, size); }
int fallocate(int fd, int how, off_t from, off_t size) { WHOLE(fallocate, 'f', below_fd(fd), 1, fd, how, from, size); }
int fallocate64(int fd, int how, off64_t from, off64_t size) { WHOLE(fallocate64, 'f', below_fd(fd), 1, fd, how, from, size); }
int rename(const char *from, const char *to) { WHOLE(rename, 'r', below(from) || below(to), 0, from, to); }
int renameat(int a, const char *from, int b, const char *to) { WHOLE(renameat, 'r', below_at(a, from) || below_at(b, to), 0, a, from, b, to); }
int renameat2(int a, const char *from, int b, const char *to, unsigned how) {
  WHOLE(renameat2, 'r', below_at(a, from) || below_at(b, to), 0, a, from, b, to, how);
}
int link(const char *from, const char *to) { WHOLE(link, 'l', below(from) || below(to), 1, from, to); }
int linkat(int a, const char *from, int b, const char *to, int how) { WHOLE(linkat, 'l', below_at(a, from) || below_at(b, to), 1, a, from, b, to, how); }
int symlink(const char *from, const char *to) { WHOLE(symlink, 'y', below(to), 1, from, to); }
int symlinkat(const char *from, int dir, const char *to) { WHOLE(symlinkat, 'y', below_at(dir, to), 1, from, dir, to); }
int unlink(const char *path) { WHOLE(unlink, 'u', below(path), 0, path); }
/* What rmSync calls, by C++'s library: the C library's own unlink below it is not seen. */
int remove(const char *path) { WHOLE(remove, 'u', below(path), 0, path); }
int unlinkat(int dir, const char *path, int how) { WHOLE(unlinkat, 'u', below_at(dir, path), 0, dir, path, how); }
int rmdir(const char *path) { WHOLE(rmdir, 'd', below(path), 0, path); }
int mkdir(const char *path, mode_t how) { WHOLE(mkdir, 'm', below(path), 1, path, how); }
int mkdirat(int dir, const char *path, mode_t how) { WHOLE(mkdirat, 'm', below_at(dir, path), 1, dir, path, how); }
char *mkdtemp(char *path) {
  REAL(mkdtemp);
  if (control != NULL && below(path) && verdict('m', 1) == FAIL) return NULL;
  return real(path);
}
int chmod(const char *path, mode_t how) { WHOLE(chmod, 'c', below(path), 0, path, how); }
int fchmod(int fd, mode_t how) { WHOLE(fchmod, 'c', below_fd(fd), 0, fd, how); }
int fchmodat(int dir, const char *path, mode_t how, int flags) { WHOLE(fchmodat, 'c', below_at(dir, path), 0, dir, path, how, flags); }
int chown(const char *path, uid_t u, gid_t g) { WHOLE(chown, 'c', below(path), 0, path, u, g); }
int lchown(const char *path, uid_t u, gid_t g) { WHOLE(lchown, 'c', below(path), 0, path, u, g); }
int fchown(int fd, uid_t u, gid_t g) { WHOLE(fchown, 'c', below_fd(fd), 0, fd, u, g); }
int utimensat(int dir, const char *path, const struct timespec at[2], int how) { WHOLE(utimensat, 'n', below_at(dir, path), 0, dir, path, at, how); }
int futimens(int fd, const struct timespec at[2]) { WHOLE(futimens, 'n', below_fd(fd), 0, fd, at); }
int bind(int fd, const struct sockaddr *address, socklen_t size) {
  WHOLE(bind, 'b', address->sa_family == AF_UNIX && below(((const struct sockaddr_un *)address)->sun_path), 1, fd, address, size);
}

static mode_t mode_of(int flags, va_list rest) { return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0; }
static int makes(int dir, const char *path, int flags) { return (flags & (O_CREAT | O_TRUNC)) != 0 && below_at(dir, path); }
static int is_new(int dir, const char *path) { return control->error == EIO || faccessat(dir, path, F_OK, 0) != 0; }
#define OPEN(name, dir, ...) \
  REAL(name); \
  va_list rest; va_start(rest, flags); mode_t how = mode_of(flags, rest); va_end(rest); \
  if (control != NULL && makes(dir, path, flags) && verdict('o', is_new(dir, path)) == FAIL) return -1; \
  return real(__VA_ARGS__, how)
int open(const char *path, int flags, ...) { OPEN(open, AT_FDCWD, path, flags); }
int open64(const char *path, int flags, ...) { OPEN(open64, AT_FDCWD, path, flags); }
int openat(int dir, const char *path, int flags, ...) { OPEN(openat, dir, dir, path, flags); }
int openat64(int dir, const char *path, int flags, ...) { OPEN(openat64, dir, dir, path, flags); }
int creat(const char *path, mode_t how) { WHOLE(creat, 'o', below(path), is_new(AT_FDCWD, path), path, how); }

/* Calls that libuv makes by number. */
long syscall(long number, ...) {
  REAL(syscall);
  va_list rest; va_start(rest, number);
  long a[6];
  for (int at = 0; at < 6; at += 1) a[at] = va_arg(rest, long);
  va_end(rest);
  if (control != NULL && number == SYS_copy_file_range && below_fd((int)a[2]) && verdict('x', 1) == FAIL) return -1;
  if (control != NULL && number == SYS_renameat2 && below_at((int)a[0], (const char *)a[1]) && verdict('r', 0) == FAIL) return -1;
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* A program that the product starts with an environment of its own choosing is seen as well. */
int execvp(const char *file, char *const argv[]) {
  char *all[MOST_VARIABLES + OURS + 1];
  int count = 0;
  for (char **one = environ; *one != NULL && count < MOST_VARIABLES; one += 1)
    if (strncmp(*one, "LD_PRELOAD=", 11) != 0 && strncmp(*one, "BELAY_FAULT_", 12) != 0) all[count++] = *one;
  for (int at = 0; at < OURS; at += 1)
    if (passed_on[at] != NULL) all[count++] = passed_on[at];
  all[count] = NULL;
  return execvpe(file, argv, all);
}
