/** JSON that people wrote, with the lines on which its values stand: an error has to name them. */

export type JsonPath = readonly (string | number)[];

export interface JsonSource {
  readonly value: unknown;
  /** The line, from 1, of the value at this path, or of the nearest one around it that is there. */
  lineOf(path: JsonPath): number;
}

export interface JsonFault {
  readonly fault: string;
  /** From 1; `null` when it cannot be told. */
  readonly line: number | null;
}

interface Frame {
  /** Names that were seen in this object; `null` in a list. */
  readonly names: Set<string> | null;
  key: string | number;
  expectsName: boolean;
}

interface Visit {
  readonly frames: readonly Frame[];
  readonly line: number;
  /** The name that this object has twice. */
  readonly repeated?: string;
}

/** Parses a text. A name that stands twice in one object is a fault: JavaScript would silently drop the first. */
export function parseJsonSource(text: string): JsonSource | JsonFault {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { fault: 'is no JSON', line: faultyLine(text, error) };
  }
  let repeated: Visit | null = null;
  walk(text, (visit) => {
    if (visit.repeated !== undefined) repeated ??= visit;
  });
  const found = repeated as Visit | null;
  if (found !== null)
    return { fault: `has the name ${JSON.stringify(found.repeated)} twice in one object`, line: found.line };
  return { value, lineOf: (path) => lineOf(text, path) };
}

function lineOf(text: string, path: JsonPath): number {
  let best = { depth: -1, line: 1 };
  walk(text, ({ frames, line, repeated }) => {
    if (repeated !== undefined || frames.length > path.length || frames.length <= best.depth) return;
    if (frames.every(({ key }, index) => key === path[index])) best = { depth: frames.length, line };
  });
  return best.line;
}

/** Visits the beginning of every value of a text that is known to be JSON, and every name that is repeated. */
function walk(text: string, visit: (visit: Visit) => void): void {
  const frames: Frame[] = [];
  const tokens = /"(?:[^"\\]+|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
  let line = 1;
  let counted = 0;
  for (let match = tokens.exec(text); match !== null; match = tokens.exec(text)) {
    for (let at = text.indexOf('\n', counted); at !== -1 && at < match.index; at = text.indexOf('\n', counted)) {
      line++;
      counted = at + 1;
    }
    const [token] = match;
    const top = frames.at(-1);
    if (token === '}' || token === ']') frames.pop();
    else if (token === ',' && top !== undefined) {
      if (typeof top.key === 'number') top.key++;
      else top.expectsName = true;
    } else if (top?.expectsName === true) {
      const name = JSON.parse(token) as string;
      if (top.names?.has(name)) visit({ frames, line, repeated: name });
      top.names?.add(name);
      top.key = name;
      top.expectsName = false;
    } else if (token !== ':') {
      visit({ frames, line });
      if (token === '{') frames.push({ names: new Set(), key: '', expectsName: true });
      else if (token === '[') frames.push({ names: null, key: 0, expectsName: false });
    }
  }
}

/** Engines tell the position of some faults only; a word that is no JSON is found by looking. */
function faultyLine(text: string, error: unknown): number | null {
  const told = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
  if (told !== undefined) return lineAt(text, Math.min(Number(told), text.trimEnd().length));
  const tokens = /"(?:[^"\\]+|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+|"/g;
  for (let match = tokens.exec(text); match !== null; match = tokens.exec(text)) {
    const isJson = /^(?:"[\s\S]+|[{}[\],:]|true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)$/.test(match[0]);
    if (!isJson) return lineAt(text, match.index);
  }
  return lineAt(text, text.trimEnd().length);
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}
