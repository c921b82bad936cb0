/** Figures: medians, ratios, a table. */
import os from 'node:os';

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** `pairs` are [ours, theirs] in milliseconds, taken in turn. */
export function compare(row, pairs, goal) {
  const ours = median(pairs.map(([a]) => a));
  const theirs = median(pairs.map(([, b]) => b));
  const ratios = pairs.map(([a, b]) => a / b);
  return {
    row,
    rounds: pairs.length,
    ours_ms: ours,
    against_ms: theirs,
    ratio: ours / theirs,
    ratio_min: Math.min(...ratios),
    ratio_max: Math.max(...ratios),
    goal,
  };
}

/** What ours adds over theirs, for each of the commits of a round (ms). */
export function compareAdded(row, { pairs, commits, goalMs }) {
  const over = pairs.map(([a, b]) => (a - b) / commits);
  const { ours_ms, against_ms, ratio, rounds } = compare(row, pairs, null);
  return { row, rounds, ours_ms, against_ms, ratio, over_ms: median(over), goal_ms: goalMs };
}

/** Operations a second on both sides, and how long callers waited (ms). `goal`: so many times as many; `goalRate`: a second. */
export function compareRates(row, { ours, theirs, waits, goal, goalRate }) {
  const sorted = [...waits].sort((a, b) => a - b);
  const rate = median(ours);
  return {
    row,
    rounds: ours.length,
    ours_ms: 1000 / rate,
    against_ms: 1000 / median(theirs),
    ratio: rate / median(theirs),
    rate,
    p50_ms: median(sorted),
    p99_ms: sorted[Math.floor(sorted.length * 0.99)],
    goal,
    goal_rate: goalRate,
  };
}

export function describeMachine() {
  return `Node ${process.version}, ${os.cpus().length} × ${os.cpus()[0]?.model ?? 'unknown'}, ${new Date().toISOString().slice(0, 10)}`;
}

export function formatTable(results) {
  const lines = ['| row | ours (ms) | against (ms) | ratio | goal |', '| --- | --- | --- | --- | --- |'];
  for (const { row, ours_ms, against_ms, ratio, goal, rate, p99_ms, goal_rate, over_ms, goal_ms } of results) {
    const times = `${ours_ms.toFixed(1)} | ${against_ms.toFixed(1)}`;
    if (over_ms !== undefined)
      lines.push(`| ${row} | ${times} | ${over_ms.toFixed(1)} ms over | ≤ ${goal_ms} ms over |`);
    else if (rate === undefined) lines.push(`| ${row} | ${times} | ${ratio.toFixed(2)} | ≤ ${goal} |`);
    else {
      const found = `${ratio.toFixed(1)} × as many, ${rate.toFixed(0)} a second, p99 ${p99_ms.toFixed(0)} ms`;
      lines.push(`| ${row} | ${times} | ${found} | ≥ ${goal} ×, ≥ ${goal_rate} a second |`);
    }
  }
  return lines.join('\n');
}
