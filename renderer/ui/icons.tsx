const paths = {
  home: <path d="M2.5 7.2 8 2.8l5.500 4.400V13h-3.700V9.500H6.200V13H2.500z" />,
  shelf: (
    <>
      <path d="M2.500 3.500h11M2.500 8h11M2.500 12.500h11" />
      <path d="M5 2v3M9 6.500v3M6.500 11v3" />
    </>
  ),
  find: (
    <>
      <circle cx="7" cy="7" r="4" />
      <path d="m10 10 3.500 3.500" />
    </>
  ),
  check: <path d="m3.500 8.500 3 3 6-7" />,
  alert: <path d="M8 3 2.500 12.500h11zM8 7v2.500M8 11.200v.01" />,
  clock: (
    <>
      <circle cx="8" cy="8" r="5.500" />
      <path d="M8 5v3.200l2 1.300" />
    </>
  ),
  stack: (
    <>
      <ellipse cx="8" cy="4" rx="5.500" ry="2" />
      <path d="M2.500 4v8c0 1.100 2.500 2 5.500 2s5.500-.9 5.500-2V4M2.500 8c0 1.100 2.500 2 5.500 2s5.500-.9 5.500-2" />
    </>
  ),
  container: <path d="M2.500 5.200 8 2.500l5.500 2.700v5.600L8 13.500l-5.500-2.700zM2.500 5.200 8 8l5.500-2.800M8 8v5.500" />,
  close: <path d="m4 4 8 8M12 4l-8 8" />,
  more: <path d="M3.500 8v.01M8 8v.01M12.500 8v.01" strokeWidth="2.200" />,
  pin: <path d="M6 2.500h4M6.500 2.500v4L5 9h6L9.500 6.500v-4M8 9v4.500" />,
  down: <path d="m4.500 6.500 3.500 3.500 3.500-3.500" />,
  up: <path d="m4.500 9.500 3.500-3.500 3.500 3.500" />,
  copy: (
    <>
      <rect x="5.500" y="5.500" width="7.500" height="7.500" rx="1.200" />
      <path d="M10.500 5.500V4a1 1 0 0 0-1-1H4a1 1 0 0 0-1 1v5.500a1 1 0 0 0 1 1h1.500" />
    </>
  ),
  rewind: <path d="M3 8a5 5 0 1 0 1.700-3.700M3 2.500V5.500h3" />,
  light: (
    <>
      <circle cx="8" cy="8" r="2.700" />
      <path d="M8 1.800v1.500M8 12.700v1.500M1.800 8h1.500M12.700 8h1.500M3.600 3.600l1.100 1.100M11.300 11.300l1.100 1.100M3.600 12.400l1.100-1.100M11.300 4.700l1.100-1.100" />
    </>
  ),
  dark: <path d="M13 9.500A5.500 5.500 0 1 1 6.500 3a4.500 4.500 0 0 0 6.500 6.500z" />,
  system: (
    <>
      <rect x="2.500" y="3" width="11" height="7.500" rx="1" />
      <path d="M6 13.500h4M8 10.500v3" />
    </>
  ),
  journal: <path d="M4 2.500h7.500v11H4zM4 5.500H2.500M4 8H2.500M4 10.500H2.500M6.500 5.500h3M6.500 8h3" />,
  terminal: <path d="m3.500 5 3 3-3 3M8.500 11.500h4" />,
  lock: (
    <>
      <rect x="3.500" y="7" width="9" height="6.500" rx="1.200" />
      <path d="M5.500 7V5.200a2.500 2.500 0 0 1 5 0V7" />
    </>
  ),
  drill: (
    <>
      <circle cx="8" cy="8" r="5.500" />
      <path d="m5.600 8.200 1.700 1.700 3.200-3.700" />
    </>
  ),
  disk: (
    <>
      <path d="M2.500 9.500 4.500 3h7l2 6.500v3h-11z" />
      <path d="M2.500 9.500h11M11 11.200v.01" />
    </>
  ),
  settings: <path d="M2.500 4.500h6M12 4.500h1.500M2.500 11.500H4M7.500 11.500h6M8.500 2.800v3.400M12 2.800v3.400M4 9.800v3.400M7.500 9.800v3.400" />,
  plug: <path d="M5.500 2.500v3M10.500 2.500v3M4 5.500h8v2a4 4 0 0 1-8 0zM8 11.500v2.500" />,
} as const;

export type IconName = keyof typeof paths;

/** A line drawing in the text's colour. It says nothing to a screen reader: the word beside it does. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      className="shrink-0"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {paths[name]}
    </svg>
  );
}

export function BelayMark() {
  return (
    <svg width="20" height="20" viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="2.200" strokeLinecap="round" aria-hidden="true">
      <path d="M10 2.500c3.800 0 5 2.200 5 4 0 4.500-10 3.500-10 8 0 1.800 1.300 3 3.200 3" />
      <path d="M10 2.500c-3.800 0-5 2.200-5 4 0 1.500 1.100 2.400 2.600 3.100M15 14.500c0 1.800-1.200 3-3 3" />
      <path d="M12.400 11.200c1.500.7 2.600 1.700 2.600 3.300" />
    </svg>
  );
}
