/**
 * What servers and git say, made fit for a terminal, a log and an agent's eyes: no escape sequences, no invisible
 * characters, no credentials. Pure.
 */

export interface CleanOptions {
  /** Strings that must not appear, for example the password of the URL that was used. Shorter than 4 chars: ignored. */
  readonly secrets?: readonly string[];
  /** In chars; the rest is cut off. Default 4000. */
  readonly maxLength?: number;
}

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: they are what is removed
const escapeSequences: readonly RegExp[] = [
  // Operating system commands (titles, links, the clipboard), ended or cut off by the line's end.
  /(?:\u001b\]|\u009d)[^\u0007\u001b\u009c\n]*(?:\u0007|\u001b\\|\u009c)?/g,
  // Device control, privacy messages and the like.
  /(?:\u001b[PX^_]|[\u0090\u0098\u009e\u009f])[^\u001b\u009c\n]*(?:\u001b\\|\u009c)?/g,
  // Colours and cursor movements.
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?/g,
  /\u001b[ -/]*[0-~]?/g,
];
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: they are what is removed
/** Bidirectional controls, zero-width characters, tag characters: they make a text look like another one. */
const invisible =
  /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** Cleans text of several lines; line breaks and tabs stay, carriage returns become line breaks. */
export function cleanServerText(text: string, options: CleanOptions = {}): string {
  if (text === '') return '';
  const visible = escapeSequences
    .reduce((rest, sequence) => rest.replace(sequence, ''), text)
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(controls, '')
    .replace(invisible, '');
  const safe = hideSecrets(visible, options.secrets ?? [])
    .replace(/(?<![ \t])[ \t]+$/gm, '')
    .replace(/\n{2,}/g, '\n')
    .trim();
  const maxLength = options.maxLength ?? 4000;
  return safe.length > maxLength ? `${safe.slice(0, maxLength)}…` : safe;
}

const boilerplate =
  /^(?:hint:|To |Done$|error: failed to push some refs|Please make sure you have the correct access rights$|and the repository exists\.$)/;
/** True of every failure; dropped where something else was said. */
const vague = /^fatal: (?:Could not read from remote repository\.|the remote end hung up unexpectedly)$/;

/**
 * One line that tells why, from what git printed: without git's advice, without its `remote:` prefixes.
 * `fallback` is returned when nothing is left.
 */
export function summarizeServerText(text: string, fallback: string): string {
  const lines = cleanServerText(text)
    .split('\n')
    .map((line) => line.replace(/^remote: ?/, '').trim())
    .filter((line) => line !== '' && !boilerplate.test(line));
  const telling = lines.filter((line) => !vague.test(line));
  const joined = [...new Set(telling.length > 0 ? telling : lines)]
    .map((line) => line.replace(/^(?:fatal|error): /, ''))
    .join('; ');
  if (joined === '') return fallback;
  return joined.length > 500 ? `${joined.slice(0, 500)}…` : joined;
}

/**
 * A URL without what may be secret in it. Over http(s) a token may stand in the user's place, so the whole user part
 * goes, and the query with it; elsewhere only the password goes.
 */
export function redactUrl(url: string): string {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/)([^\s/]*)@(.*)$/s.exec(url);
  if (match) {
    const [, scheme = '', user = '', rest = ''] = match;
    const kept = /^https?:/i.test(scheme) ? '***' : redactPassword(user);
    return `${scheme}${kept}@${redactQuery(scheme, rest)}`;
  }
  return /^https?:/i.test(url) ? redactQuery(url, url) : url;
}

/** The credentials that a URL carries, as written, decoded and as a header says them: to be hidden wherever they turn up. */
export function findUrlSecrets(url: string): string[] {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^\s/]*)@/.exec(url);
  if (!match) return [];
  const [, scheme = '', user = ''] = match;
  const colon = user.indexOf(':');
  const parts = colon < 0 ? [] : [user.slice(colon + 1)];
  // `https://TOKEN@host` and `https://TOKEN:x-oauth-basic@host` are both in use.
  if (/^https?$/i.test(scheme)) {
    const name = colon < 0 ? user : user.slice(0, colon);
    const password = colon < 0 ? '' : user.slice(colon + 1);
    parts.push(name);
    if (password !== '' || name.length >= 4) parts.push(encodeBasic(`${decode(name)}:${decode(password)}`));
  }
  return [...new Set(parts.flatMap((part) => [part, decode(part)]))].filter((part) => part.length >= 4);
}

/** The credentials in transport settings: in headers (`http.<url>.extraHeader`, where a CI keeps its token) and proxies. */
export function findConfigSecrets(entries: readonly (readonly [key: string, value: string])[]): string[] {
  return entries.flatMap(([key, value]) => {
    if (/^http\.(?:.*\.)?extraheader$/i.test(key))
      return [
        value
          .slice(value.indexOf(':') + 1)
          .trim()
          .split(/\s+/)
          .at(-1) ?? '',
      ];
    if (/\.proxy$/i.test(key)) return findUrlSecrets(value);
    return [];
  });
}

/** As the `Authorization` header of HTTP's basic scheme has it. */
const encodeBasic = (credentials: string): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(credentials)));

function hideSecrets(text: string, secrets: readonly string[]): string {
  // No scheme is that long; without a bound, a long word without one would take quadratic time.
  let hidden = text.replace(/[A-Za-z][A-Za-z0-9+.-]{0,40}:\/\/[^\s/]*@[^\s'"]*/g, redactUrl);
  hidden = hidden.replace(/\b(authorization:\s{0,16}(?:basic|bearer|token)?\s{0,16})[^\s'"]+/gi, '$1***');
  const byLength = secrets.filter((secret) => secret.length >= 4).sort((a, b) => b.length - a.length);
  for (const secret of byLength) hidden = hidden.replaceAll(secret, '***');
  return hidden;
}

function redactPassword(user: string): string {
  const colon = user.indexOf(':');
  return colon < 0 ? user : `${user.slice(0, colon)}:***`;
}

function redactQuery(scheme: string, rest: string): string {
  return /^https?:/i.test(scheme) ? rest.replace(/[?#].*$/s, '') : rest;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray percent sign: it is what it is
  }
}
