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

/**
 * Goals in milliseconds and operations a second were set where plain git and Node take this long (ms). Where they take longer, the
 * machine is slower, and a figure says what it comes to at that pace beside what was seen.
 */
export const referencePace = { publish: 21, node: 22 };

/** What ours adds over theirs, for each of the commits of a round (ms). `floors`: what `node -e 0` took meanwhile (ms). */
export function compareAdded(row, { pairs, commits, goalMs, floors }) {
  const over = pairs.map(([a, b]) => (a - b) / commits);
  const { ours_ms, against_ms, ratio, rounds } = compare(row, pairs, null);
  const over_ms = median(over);
  const floor_ms = median(floors);
  const over_at_pace = (over_ms * referencePace.node) / floor_ms;
  return { row, rounds, ours_ms, against_ms, ratio, over_ms, floor_ms, over_at_pace, goal_ms: goalMs };
}

/**
 * Operations a second on both sides, and how long callers waited (ms). `goal`: so many times as many; `goalRate`: a second;
 * `floors`: what a bare commit and push took meanwhile (ms).
 */
export function compareRates(row, { ours, theirs, waits, goal, goalRate, floors = [] }) {
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
    ...(floors.length === 0
      ? {}
      : { floor_ms: median(floors), rate_at_pace: (rate * median(floors)) / referencePace.publish }),
    goal,
    goal_rate: goalRate,
  };
}

/** Something counted on both sides; `goal`: the most that their ratio may be, `most`: the most that ours may be. */
export function figure(row, { ours, against, unit, goal = null, most = null }) {
  return { row, unit, ours, against, ratio: against === 0 ? null : ours / against, goal, most };
}

export function describeMachine() {
  return `Node ${process.version}, ${os.cpus().length} × ${os.cpus()[0]?.model ?? 'unknown'}, ${new Date().toISOString().slice(0, 10)}`;
}

export function formatTable(results) {
  const lines = ['| row | ours | against | ratio | goal |', '| --- | --- | --- | --- | --- |'];
  return [...lines, ...results.map((result) => `| ${cellsOf(result).join(' | ')} |`)].join('\n');
}

function cellsOf(result) {
  const { row, ours_ms, against_ms, ratio, goal, rate, p99_ms, goal_rate, unit, most, over_ms, goal_ms, floor_ms } =
    result;
  if (unit !== undefined) {
    const goals = [goal === null ? '' : `≤ ${goal}`, most === null ? '' : `≤ ${most} ${unit}`].filter(
      (each) => each !== '',
    );
    const [ours, against] = [result.ours, result.against].map((value) => `${value.toFixed(0)} ${unit}`);
    return [row, ours, against, ratio === null ? '' : ratio.toFixed(2), goals.join(', ')];
  }
  const times = [`${ours_ms.toFixed(1)} ms`, `${against_ms.toFixed(1)} ms`];
  if (over_ms !== undefined) {
    const atPace =
      floor_ms === undefined
        ? ''
        : ` (${result.over_at_pace.toFixed(1)} ms where node takes ${referencePace.node} ms, not ${floor_ms.toFixed(0)})`;
    return [row, ...times, `${over_ms.toFixed(1)} ms over${atPace}`, `≤ ${goal_ms} ms over`];
  }
  if (rate === undefined) return [row, ...times, ratio.toFixed(2), `≤ ${goal}`];
  const atPace =
    floor_ms === undefined
      ? ''
      : ` (${result.rate_at_pace.toFixed(0)} where a bare commit and push takes ${referencePace.publish} ms, not ${floor_ms.toFixed(0)})`;
  const found = `${ratio.toFixed(1)} × as many, ${rate.toFixed(0)} a second${atPace}, p99 ${p99_ms.toFixed(0)} ms`;
  return [row, ...times, found, `≥ ${goal} ×, ≥ ${goal_rate} a second`];
}
