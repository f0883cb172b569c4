const width = 84;
const height = 20;
const edge = 3;

/** How a figure went, without an axis; `label` says it in words. Fewer than two points draw nothing. */
export function Sparkline({ values, label }: { readonly values: readonly number[]; readonly label: string }) {
  if (values.length < 2) return <span className="text-ink-3">–</span>;
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  const points = values.map((value, at) => {
    const x = 2 + (at * (width - 4 - 2)) / (values.length - 1);
    const y = span === 0 ? height / 2 : height - edge - ((value - low) / span) * (height - edge * 2);
    return [x, y] as const;
  });
  const [endX, endY] = points.at(-1) ?? [0, 0];
  return (
    <svg width={width} height={height} role="img" aria-label={label} className="text-ink-3">
      <title>{label}</title>
      <polyline
        points={points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.3"
        strokeLinejoin="round"
      />
      <circle cx={endX.toFixed(1)} cy={endY.toFixed(1)} r="2" fill="currentColor" />
    </svg>
  );
}
