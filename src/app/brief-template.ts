/**
 * The template of a brief: `templates/brief.md` of a board, which people edit. Pure.
 *
 * A brief must not fail for a slip in it: what is not known is left where it stands, and told; a template in which texts of
 * others would not be safe (a fence or a comment stays open around them) is not used, and that is told.
 */
import { code, plainOrCode } from './brief-quote.ts';
import { type SectionName, sectionNames } from './brief-sections.ts';
import type { BriefContents } from './cycle-brief.ts';

/** Parts, each with a line of its own. */
type Part = SectionName | 'dropped';
const parts: readonly string[] = [...sectionNames, 'dropped'];
/** Words within a line. */
const words = ['title', 'id', 'workstream', 'priority', 'agent'] as const;
type Word = (typeof words)[number];

const introduction = [
  'You are asked to do one task of a board that several agents share. This is what the board knows of it. The commands to claim',
  'it and to report back stand at the end.',
].join('\n');

/** As `.orc-template/templates/brief.md` has it, without the comment there: for boards that have none. */
export const defaultBriefTemplate = [
  '## Agent Brief: {{title}}',
  introduction,
  ...sectionNames.map((name) => `{{${name}}}`),
  '{{dropped}}',
].join('\n\n');

type Line = { readonly text: string } | { readonly part: Part };

export interface BriefTemplate {
  readonly lines: readonly Line[];
  readonly warnings: readonly string[];
}

const placeholder = /\{\{\s*([\w.-]*)\s*\}\}/g;
/** Parts without which nobody could work: added where a template lacks them. */
const necessary: readonly Part[] = ['task', 'commands', 'dropped'];

export function readBriefTemplate(template: string): BriefTemplate {
  // A first comment is for whoever edits the template.
  const text = template.replaceAll('\r\n', '\n').replace(/^\ufeff?\s*<!--(?:(?!-->)[\s\S])*-->[ \t]*\n?/, '');
  const lines: Line[] = [];
  const warnings: string[] = [];
  const open = new Openings();
  for (const line of text.replace(/\s+$/, '').split('\n')) {
    const names = [...line.matchAll(placeholder)].map(([, name = '']) => name);
    const [alone] = isAlone(line) ? names : [];
    if (alone !== undefined && parts.includes(alone)) {
      if (open.what !== null)
        return refused(`{{${alone}}} stands within ${open.what} there, which texts of others could close`);
      lines.push({ part: alone as Part });
      continue;
    }
    for (const name of names) {
      if (parts.includes(name)) warnings.push(`{{${name}}} of templates/brief.md must have a line of its own`);
      else if (!(words as readonly string[]).includes(name))
        warnings.push(`templates/brief.md has an unknown placeholder: {{${name}}}`);
    }
    open.read(line);
    lines.push({ text: line });
  }
  if (open.what !== null) return refused(`${open.what} stays open at its end`);
  for (const part of necessary) {
    if (!lines.some((line) => 'part' in line && line.part === part)) lines.push({ text: '' }, { part });
  }
  return { lines, warnings: [...new Set(warnings)] };
}

/** The whole: parts in their places, those that are empty taken out with the blank line before them. */
export function fillTemplate(
  { lines }: BriefTemplate,
  contents: BriefContents,
  texts: ReadonlyMap<Part, readonly string[]>,
): string {
  const values = wordValues(contents);
  const filled: string[] = [];
  for (const line of lines) {
    if ('part' in line) {
      const text = texts.get(line.part) ?? [];
      if (text.length === 0) continue;
      if (filled.length > 0 && filled.at(-1) !== '') filled.push('');
      filled.push(...text);
    } else if (line.text.trim() === '') {
      if (filled.length > 0 && filled.at(-1) !== '') filled.push('');
    } else {
      filled.push(line.text.replace(placeholder, (whole, name: string) => values.get(name) ?? whole));
    }
  }
  return `${filled.join('\n').replace(/\n+$/, '')}\n`;
}

function wordValues({ task, agent }: BriefContents): ReadonlyMap<string, string> {
  const values: Readonly<Record<Word, string>> = {
    title: plainOrCode(task.title, 512),
    id: task.id,
    workstream: plainOrCode(task.workstream),
    priority: String(task.priority),
    agent: plainOrCode(agent ?? task.assigned_to ?? 'agent'),
  };
  return new Map(Object.entries(values));
}

function isAlone(line: string): boolean {
  return /^\s*\{\{\s*[\w.-]*\s*\}\}\s*$/.test(line);
}

function refused(why: string): BriefTemplate {
  const { lines } = readBriefTemplate(defaultBriefTemplate);
  return { lines, warnings: [`templates/brief.md is not used, for ${why}`] };
}

/** What is open where a line of Markdown ends: a fence, a comment, a block of HTML in which nothing means anything. */
class Openings {
  #fence: string | null = null;
  #html: string | null = null;

  get what(): string | null {
    return this.#fence !== null ? 'a fence' : this.#html !== null ? `${code(this.#html)}` : null;
  }

  read(line: string): void {
    if (this.#fence !== null) {
      const end = /^ {0,3}(`{3,}|~{3,})\s*$/.exec(line)?.[1];
      if (end?.startsWith(this.#fence) === true) this.#fence = null;
      return;
    }
    const fence = this.#html === null ? /^\s*(?:[-*+>]\s+)*(`{3,}|~{3,})/.exec(line)?.[1] : undefined;
    if (fence !== undefined) {
      this.#fence = fence;
      return;
    }
    for (const [tag] of line.matchAll(/<!--|-->|<\/?(?:pre|script|style|textarea)\b/gi)) {
      const name = tag.toLowerCase();
      if (this.#html === null && !name.startsWith('</') && name !== '-->') this.#html = name;
      else if (this.#html === '<!--' ? name === '-->' : name === `</${this.#html?.slice(1)}`) this.#html = null;
    }
  }
}
