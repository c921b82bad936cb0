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

export function describeMachine() {
  return `Node ${process.version}, ${os.cpus().length} × ${os.cpus()[0]?.model ?? 'unknown'}, ${new Date().toISOString().slice(0, 10)}`;
}

export function formatTable(results) {
  const lines = ['| row | ours (ms) | against (ms) | ratio | goal |', '| --- | --- | --- | --- | --- |'];
  for (const { row, ours_ms, against_ms, ratio, goal } of results) {
    lines.push(`| ${row} | ${ours_ms.toFixed(1)} | ${against_ms.toFixed(1)} | ${ratio.toFixed(2)} | ≤ ${goal} |`);
  }
  return lines.join('\n');
}
