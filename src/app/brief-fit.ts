/** Makes a brief fit a number of characters: the least relevant goes first, and what went is said. Pure. */
import { OrcError } from '../errors.ts';
import { fenced } from './brief-quote.ts';
import type { BriefItem, BriefSection, SectionName } from './brief-sections.ts';

export interface FittedBrief {
  readonly markdown: string;
  /** One entry for each section that lost something. */
  readonly dropped: readonly string[];
}

type Texts = ReadonlyMap<SectionName | 'dropped', readonly string[]>;

/** A quoted text is cut rather than dropped where at least so many characters of it have room. */
const leastQuoted = 200;

/**
 * `fill` puts the sections into the template. The task and the commands always stay.
 * @throws OrcError `invalid-argument` when these alone are longer than `maxChars`, or that is no number of characters
 */
export function fitBrief(
  sections: readonly BriefSection[],
  maxChars: number | undefined,
  fill: (texts: Texts) => string,
): FittedBrief {
  const attempt = new Attempt(sections, fill);
  if (maxChars === undefined) return attempt.made();
  if (!Number.isSafeInteger(maxChars) || maxChars < 1) {
    throw new OrcError('invalid-argument', `a brief's length must be a whole number of characters, not ${maxChars}`);
  }
  const items = sections.flatMap((section) => section.items ?? []).sort((a, b) => b.rank - a.rank);
  for (const item of items) {
    if (attempt.made().markdown.length <= maxChars) break;
    attempt.dropped.add(item);
  }
  const whole = attempt.made();
  if (whole.markdown.length > maxChars) {
    throw new OrcError('invalid-argument', `the task and the commands alone take ${whole.markdown.length} characters`, {
      hint: `give --max-chars at least ${whole.markdown.length}, or leave it out`,
      details: { least: whole.markdown.length },
    });
  }
  const last = items.filter((item) => attempt.dropped.has(item)).at(-1);
  return (last === undefined ? null : withPiece(attempt, last, maxChars)) ?? whole;
}

/** The most relevant of what was dropped, cut to the room that is left; `null` where that is too little. */
function withPiece(attempt: Attempt, item: BriefItem, maxChars: number): FittedBrief | null {
  if (item.isCuttable !== true) return null;
  attempt.dropped.delete(item);
  attempt.piece = { item, most: leastQuoted };
  const least = attempt.made();
  const room = maxChars - least.markdown.length;
  if (room < 0) {
    attempt.dropped.add(item);
    attempt.piece = null;
    return null;
  }
  // A longer piece may need a longer fence, and a shorter count of what is left out.
  for (const spare of [0, 16, 64]) {
    attempt.piece = { item, most: Math.max(leastQuoted, leastQuoted + room - spare) };
    const made = attempt.made();
    if (made.markdown.length <= maxChars) return made;
  }
  return least;
}

class Attempt {
  readonly dropped = new Set<BriefItem>();
  piece: { readonly item: BriefItem; readonly most: number } | null = null;
  readonly #sections: readonly BriefSection[];
  readonly #fill: (texts: Texts) => string;

  constructor(sections: readonly BriefSection[], fill: (texts: Texts) => string) {
    this.#sections = sections;
    this.#fill = fill;
  }

  made(): FittedBrief {
    const texts = new Map<SectionName | 'dropped', readonly string[]>();
    const dropped: string[] = [];
    for (const section of this.#sections) {
      texts.set(section.name, this.#linesOf(section));
      const count = section.items?.filter((item) => this.dropped.has(item)).length ?? 0;
      if (count > 0) dropped.push(`${section.title} (${count} of ${section.items?.length})`);
      if (this.piece !== null && section.items?.includes(this.piece.item) === true)
        dropped.push(`${section.title} (1 cut)`);
    }
    // No number stands in it: the least that a brief takes must not depend on what was asked for.
    if (dropped.length > 0) texts.set('dropped', [`(Left out for want of room: ${dropped.join(', ')}.)`]);
    return { markdown: this.#fill(texts), dropped };
  }

  #linesOf({ title, lines, items, isFenced }: BriefSection): readonly string[] {
    const heading = title === '' ? [] : [`### ${title}`];
    if (items === null) return [...heading, ...lines];
    const kept = items.filter((item) => !this.dropped.has(item));
    const texts = kept.flatMap((item) => item.lines(this.piece?.item === item ? this.piece.most : undefined));
    if (texts.length === 0) return [];
    return [...heading, ...lines, ...(isFenced === true ? fenced({ text: texts.join('\n') }) : texts)];
  }
}
