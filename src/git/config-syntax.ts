/**
 * The grammar of git's configuration files, after git's own `config.c`: text in, positioned entries out.
 *
 * Works on text in which one character is one byte (`latin1`), so that a file in any encoding survives an edit
 * byte for byte. Keys and values leave here decoded as UTF-8. Pure: no file system.
 */
/** A full key (`section.subsection.name`, section and name in lower case) and its value; a bare key means `true`. */
export type ConfigEntry = readonly [key: string, value: string];

/** An entry and where it stands: `text.slice(start, end)` is `name = value` without a trailing comment or line end. */
export interface PlacedEntry {
  readonly key: string;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** A section header; `end` is the offset just behind its `]`. */
export interface PlacedSection {
  /** `section` or `section.subsection`. */
  readonly name: string;
  readonly end: number;
}

export interface ParsedConfig {
  readonly entries: readonly PlacedEntry[];
  readonly sections: readonly PlacedSection[];
}

/** What is wrong, and in which line (from 1). The reader of the file turns it into an `OrcError` that names the file. */
export class ConfigSyntaxError extends Error {
  readonly line: number;
  constructor(line: number) {
    super(`bad config line ${line}`);
    this.line = line;
  }
}

const BYTE_ORDER_MARK = 'ï»¿'; // EF BB BF, each byte one character
const END = '';

const meaningByEscape = new Map(Object.entries({ t: '\t', b: '\b', n: '\n', '\\': '\\', '"': '"' }));

const isSpace = (char: string): boolean => char === ' ' || char === '\t' || char === '\r' || char === '\n';
const isLineEnd = (char: string): boolean => char === '\n' || char === END;
/** What nearly every line looks like; all else goes character by character. Tested against the slow path by git itself. */
const plainHeader = /([a-zA-Z0-9-]+)(?: "([^"\\\n\0]*)")?\]/y;
const plainName = /[a-zA-Z0-9-]*/y;
const plainValue = / = ([^\s"\\#;\0]+)(?=\n)/y;

const isLetter = (char: string): boolean => /^[a-zA-Z]$/.test(char);
const isNameChar = (char: string): boolean => /^[a-zA-Z0-9-]$/.test(char);

/** Bytes kept one to a character → text. */
const decode = (bytes: string): string =>
  /[\x80-\xff]/.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes;

/**
 * Parses a whole file.
 *
 * @param text the file's bytes as `latin1`
 * @throws ConfigSyntaxError where git itself would refuse the file
 */
export function parseConfig(text: string): ParsedConfig {
  return new Parser(text).parse();
}

class Parser {
  private position: number;
  private readonly text: string;
  private readonly entries: PlacedEntry[] = [];
  private readonly sections: PlacedSection[] = [];

  constructor(text: string) {
    this.text = text;
    this.position = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  }

  parse(): ParsedConfig {
    let section = '';
    for (;;) {
      const start = this.position;
      const char = this.next();
      if (char === END) break;
      if (isSpace(char)) continue;
      if (char === '#' || char === ';') this.skipComment();
      else if (char === '[') section = this.parseHeader();
      else if (isLetter(char)) this.parseEntry(section, start);
      else this.fail();
    }
    return { entries: this.entries, sections: this.sections };
  }

  /** The next character; a carriage return before a line feed belongs to the line end. */
  private next(): string {
    const char = this.text.charAt(this.position++);
    if (char === '\r' && this.text.charAt(this.position) === '\n') return this.text.charAt(this.position++);
    if (char === '\0') this.fail(); // git would cut the value short here, without a word
    return char;
  }

  private peek(): string {
    const { position } = this;
    const char = this.next();
    this.position = position;
    return char;
  }

  private skipComment(): void {
    while (!isLineEnd(this.peek())) this.next();
  }

  /** Matches at the position, and moves behind the match. */
  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.position;
    const match = pattern.exec(this.text);
    if (match !== null) this.position = pattern.lastIndex;
    return match;
  }

  private parseHeader(): string {
    const plain = this.match(plainHeader);
    const [, section = '', subsection] = plain ?? [];
    const folded = section.toLowerCase() + (subsection === undefined ? '' : `.${subsection}`);
    const name = plain === null ? this.parseOddHeader() : folded;
    this.sections.push({ name: decode(name), end: this.position });
    return name;
  }

  private parseOddHeader(): string {
    let name = '';
    for (;;) {
      const char = this.next();
      if (char === ']') return name;
      if (isSpace(char)) return `${name}.${this.parseSubsection(char)}`;
      // `[a.b]`, the deprecated spelling of `[a "b"]`, folds the case of both.
      if (!isNameChar(char) && char !== '.') this.fail();
      name += char.toLowerCase();
    }
  }

  private parseSubsection(first: string): string {
    let char = first;
    while (isSpace(char)) {
      if (char === '\n') this.fail();
      char = this.next();
    }
    if (char !== '"') this.fail();
    let name = '';
    for (;;) {
      char = this.next();
      if (char === '"') break;
      if (char === '\\') char = this.next();
      if (isLineEnd(char)) this.fail();
      name += char;
    }
    if (this.next() !== ']') this.fail();
    return name;
  }

  private parseEntry(section: string, start: number): void {
    this.match(plainName);
    const name = this.text.slice(start, this.position).toLowerCase();
    const key = decode(section === '' ? name : `${section}.${name}`);
    let end = this.position;
    const plain = this.match(plainValue)?.[1];
    if (plain !== undefined) {
      this.entries.push({ key, value: decode(plain), start, end: this.position });
      return;
    }
    while (this.peek() === ' ' || this.peek() === '\t') this.next();
    if (isLineEnd(this.peek())) {
      this.entries.push({ key, value: 'true', start, end });
      return;
    }
    if (this.next() !== '=') this.fail();
    end = this.position;
    const value = this.parseValue();
    this.entries.push({ key, value: decode(value.text), start, end: value.end ?? end });
  }

  /** Leaves the position before the line end. `end`: behind the last character that belongs to the value. */
  private parseValue(): { text: string; end: number | null } {
    let text = '';
    let end: number | null = null;
    let [spaces, quoted] = ['', false];
    for (;;) {
      const char = this.peek();
      if (isLineEnd(char)) {
        if (quoted) this.fail();
        return { text, end };
      }
      this.next();
      if (!quoted && isSpace(char)) {
        if (text !== '') spaces += char;
        continue;
      }
      if (!quoted && (char === '#' || char === ';')) {
        this.skipComment();
        continue;
      }
      text += spaces;
      spaces = '';
      if (char === '"') quoted = !quoted;
      else if (char === '\\') text += this.parseEscape();
      else text += char;
      end = this.position;
    }
  }

  private parseEscape(): string {
    const char = this.next();
    if (isLineEnd(char)) return ''; // the value goes on in the next line
    return meaningByEscape.get(char) ?? this.fail();
  }

  private fail(): never {
    const before = this.text.slice(0, Math.max(0, this.position - 1));
    throw new ConfigSyntaxError(before.split('\n').length);
  }
}
