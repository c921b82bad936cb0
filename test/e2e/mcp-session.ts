/** What two agents say to two servers, written down: the page docs/mcp-session.md. */
import type { Told } from '../support/mcp-client.ts';

/** How a time, an id or a length of time came out differs each time; what is told does not. */
export class Transcript {
  readonly #began = Date.now();
  readonly #ids = new Map<string, string>();
  readonly #parts: string[] = [];

  say(text: string): void {
    this.#parts.push(text);
  }

  called(agent: string, name: string, args: Record<string, unknown>, { text, structured, isError }: Told): void {
    const { published, version, state, fresh, error } = structured;
    const facts = error === undefined ? { published, version, state, fresh } : { isError, error };
    this.#parts.push(
      [
        `**${agent}** calls \`${name}\` with ${code(JSON.stringify(args))}:`,
        '',
        fence(text),
        '',
        `Beside that, as structured content${error === undefined ? ', with the record as `data`' : ''}: ${code(JSON.stringify(facts))}`,
      ].join('\n'),
    );
  }

  heard(agent: string, what: string): void {
    this.#parts.push(`**${agent}** hears ${what}`);
  }

  render(): string {
    return `${this.#parts.map((part) => this.#steady(part)).join('\n\n')}\n`;
  }

  #steady(text: string): string {
    return text
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, (time) => this.#time(time))
      .replaceAll(/\[\d\d:\d\d:\d\d\]/g, '[12:00:00]')
      .replaceAll(/seen [\w.]+ ago/g, 'seen 0s ago')
      .replaceAll(/lease: [^)]* left\)/g, 'lease: 30m left)')
      .replaceAll(/\([\dhms]+ left\)/g, '(30m left)')
      .replaceAll(/held by (\S+) \([^)]* left\)/g, 'held by $1 (10m left)')
      .replaceAll(/\b(?:[0-9a-f]{32}|[0-9a-f]{8})\b/g, (id) => this.#id(id));
  }

  /** To the minute, counted from noon: a slow machine writes the same page. */
  #time(text: string): string {
    const minutes = Math.round((Date.parse(text) - this.#began - 20_000) / 60_000);
    const nearest = [0, 10, 30].reduce((a, b) => (Math.abs(b - minutes) < Math.abs(a - minutes) ? b : a));
    return new Date(Date.parse('2026-01-31T12:00:00.000Z') + nearest * 60_000).toISOString();
  }

  #id(id: string): string {
    const known = this.#ids.get(id);
    if (known !== undefined) return known;
    const digit = (this.#ids.size + 1).toString(16);
    const made = id.length === 8 ? `1a2b3c0${digit}` : digit.repeat(32).slice(0, 32);
    this.#ids.set(id, made);
    return made;
  }
}

function code(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}

function fence(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const ticks = '`'.repeat(longest + 1);
  return [ticks, text, ticks].join('\n');
}
