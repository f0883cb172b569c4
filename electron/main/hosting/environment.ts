const passed = new Set(
  (
    'PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR TMP TEMP DBUS_SESSION_BUS_ADDRESS SSH_AUTH_SOCK DISPLAY WAYLAND_DISPLAY ' +
    'SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT USERPROFILE HOMEDRIVE HOMEPATH APPDATA LOCALAPPDATA PROGRAMDATA PROGRAMFILES PROGRAMFILES(X86) USERNAME USERDOMAIN'
  ).split(' '),
);

/** What the host is given of the environment: what Belay, the system's libraries and the databases' own tools read, nothing of Electron's. */
export function passedOn(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): Record<string, string> {
  const wanted = (name: string): boolean => passed.has(name.toUpperCase()) || /^(?:LC_|XDG_|BELAY_|DOCKER_|CONTAINER_|PG|MALLOC_)/.test(name);
  const kept = Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value !== undefined && wanted(name) ? [[name, value]] : [])));
  // glibc's malloc keeps an arena for each thread otherwise, and once large blocks were freed every block below 32 MiB.
  return platform === 'linux' ? { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '2097152', ...kept } : kept;
}
