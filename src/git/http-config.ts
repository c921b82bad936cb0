/** The `http.*` settings of git's configuration that count for one URL, by git's own rules (`urlmatch.c`). Pure. */

export interface HttpEntry {
  /** In canonical case, for example `http.https://github.com/.extraheader`. */
  readonly key: string;
  readonly value: string;
}

export interface HttpHeader {
  readonly name: string;
  readonly value: string;
}

/**
 * The value of `http.<url>.<name>` whose URL fits best, else of `http.<name>`; of equals the last. `name` in lower case.
 */
export function httpSetting(entries: readonly HttpEntry[], url: string, name: string): string | null {
  return httpValues(entries, url, name).at(-1) ?? null;
}

/**
 * The headers of `http.extraHeader`. A list: an entry adds to what was found so far unless it fits worse, and an empty
 * one empties it. What cannot stand in a request (a line break, no colon) is left out.
 */
export function extraHeaders(entries: readonly HttpEntry[], url: string): HttpHeader[] {
  const values = httpValues(entries, url, 'extraheader');
  return values.slice(values.lastIndexOf('') + 1).flatMap((line) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\u0000-\u0008\u000a-\u001f\u007f]*)$/.exec(line);
    return match ? [{ name: match[1] as string, value: (match[2] as string).trimEnd() }] : [];
  });
}

/** In order, without those that fit worse than one before them. */
function httpValues(entries: readonly HttpEntry[], url: string, name: string): string[] {
  const values: string[] = [];
  let best: Fit = [0, 0, 0];
  for (const { key, value } of entries) {
    if (!key.startsWith('http.') || !key.endsWith(`.${name}`)) continue;
    const base = key.length === 'http.'.length + name.length ? null : key.slice('http.'.length, -name.length - 1);
    const fit = base === null ? ([0, 0, 0] as const) : fitOf(base, url);
    if (fit === null || compareFits(fit, best) < 0) continue;
    best = fit;
    values.push(value);
  }
  return values;
}

/** Characters of the host, characters of the path, whether the user is named: the first that differs decides. */
type Fit = readonly [number, number, number];

function compareFits(a: Fit, b: Fit): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

function fitOf(base: string, url: string): Fit | null {
  const [wanted, asked] = [parseUrl(base), parseUrl(url)];
  if (wanted === null || asked === null || wanted.protocol !== asked.protocol || wanted.port !== asked.port)
    return null;
  if (wanted.username !== '' && wanted.username !== asked.username) return null;
  if (!fitsHost(wanted.hostname, asked.hostname)) return null;
  const folder = wanted.pathname.replace(/\/+$/, '');
  const fits = folder === '' || asked.pathname === folder || asked.pathname.startsWith(`${folder}/`);
  return fits ? [wanted.hostname.length, folder.length + 1, wanted.username === '' ? 0 : 1] : null;
}

/** `*` stands for one whole label. */
function fitsHost(pattern: string, host: string): boolean {
  const [wanted, given] = [pattern.split('.'), host.split('.')];
  return wanted.length === given.length && wanted.every((label, index) => label === '*' || label === given[index]);
}

/** `null` for what is no http(s) URL. */
export function parseUrl(text: string): URL | null {
  if (!/^https?:\/\//i.test(text)) return null;
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

/** Whether a program on this machine answers there: nobody can listen in between. */
export function isLoopback(url: URL): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
}
