/** A cycle that the board keeps, for people. Its documents may be another orc's: what they lack is not missed. */
import type { Cycle } from '../core/records.ts';
import { fenced } from './brief-quote.ts';
import { collectedOf } from './cycle-board.ts';
import { collectText } from './cycle-collect.ts';
import { collectMarkdown } from './cycle-report.ts';
import { documentLines } from './document.ts';

export function cycleText(cycle: Cycle): string {
  const { number, opened_at, opened_by, opened_version, plan, collected } = cycle;
  const lines = [
    `=== cycle ${number} ===`,
    `Opened: ${opened_at} by ${opened_by}, version ${opened_version}`,
    collected === null
      ? 'Open: `orc cycle collect` ends it'
      : `Collected: ${collected.at} by ${collected.by}, version ${collected.version}`,
    '',
    '--- Plan ---',
    ...documentLines(plan),
  ];
  if (collected === null) return lines.join('\n');
  const results = collectedOf(cycle);
  const what = results === null ? documentLines(collected.results) : [collectText(results)];
  const cut = collected.results.cut === true ? ['', '(cut: the whole did not fit into a record)'] : [];
  return [...lines, '', ...what, ...cut].join('\n');
}

/** Only what came of it; of a cycle that is open, its plan. */
export function cycleMarkdown(cycle: Cycle): string {
  const results = collectedOf(cycle);
  if (results !== null) return collectMarkdown(results);
  const { number, plan, collected } = cycle;
  const document = fenced({ text: JSON.stringify(collected?.results ?? plan, null, 2) });
  return [`# Cycle ${number}`, '', collected === null ? 'Open. Its plan:' : 'Its results:', '', ...document, ''].join(
    '\n',
  );
}
