/**
 * Who we are to a server over http(s): one rule for both adapters. Pure; nothing here is ever printed.
 *
 * The first that is there counts:
 *
 * 1. `ORC_AUTH_TOKEN`, with `ORC_AUTH_USER` (default `x-access-token`), to the board's own upstream;
 * 2. user and password in the URL;
 * 3. an `Authorization` header of `http.<url>.extraHeader` (CI checkouts keep their token there);
 * 4. a token of the forge that runs us, to that forge alone: `GITHUB_TOKEN`, `GITLAB_TOKEN`, `CI_JOB_TOKEN`;
 * 5. a user without a password in the URL (`https://TOKEN@host/…`).
 *
 * Tokens of the environment (1, 4) go over https, or to this machine; never over plain http.
 */
import { OrcError } from '../errors.ts';
import { findUrlSecrets, redactUrl } from './clean-text.ts';
import type { ConfigEntry } from './config-syntax.ts';
import type { Environment } from './host.ts';
import { extraHeaders, type HttpEntry, type HttpHeader, httpSetting, isLoopback, parseUrl } from './http-config.ts';

export interface HttpAccessOptions {
  /** After `insteadOf`; may hold credentials. */
  readonly url: string;
  readonly env: Environment;
  readonly entries: readonly HttpEntry[];
  /** Whether `ORC_AUTH_TOKEN` is meant for this URL. */
  readonly isOwnUpstream: boolean;
}

export interface HttpAccess {
  /** Without user and password. */
  readonly url: string;
  /** To be sent with every request to that host; `Authorization` at most once. */
  readonly headers: readonly HttpHeader[];
  /** Where the credentials came from, for people: `ORC_AUTH_TOKEN`, `the URL`. `null`: there are none. */
  readonly source: string | null;
  /** Strings that must not appear in anything that is shown. */
  readonly secrets: readonly string[];
}

/**
 * What the portable adapter sends.
 * @throws OrcError `invalid-argument` when `ORC_AUTH_TOKEN` would travel unencrypted, or the URL is none
 */
export function httpAccess(options: HttpAccessOptions): HttpAccess {
  const url = parseUrl(options.url);
  if (url === null) throw new OrcError('invalid-argument', `not an http(s) URL: ${redactUrl(options.url)}`);
  const others = extraHeaders(options.entries, options.url);
  const configured = others.filter(isAuthorization);
  const headers = others.filter((header) => !isAuthorization(header));
  const { username, password } = credentialsOf(url);
  const inUrl = findUrlSecrets(options.url);
  const found =
    ownCredential(url, options) ??
    (password === '' ? null : { source: 'the URL', value: basic(username, password), secrets: inUrl }) ??
    configuredCredential(configured) ??
    forgeCredential(url, options.env) ??
    (username === '' ? null : { source: 'the URL', value: basic(username, ''), secrets: inUrl });
  if (found !== null) headers.push({ name: 'Authorization', value: found.value });
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return {
    url: bare.href.replace(/[?#].*$/s, '').replace(/\/+$/, ''),
    headers,
    source: found?.source ?? null,
    secrets: [...(found?.secrets ?? []), ...inUrl],
  };
}

/**
 * What git has to be told for the same: settings for GIT_CONFIG_COUNT (never the command line), to stand behind all
 * others. A forge's token is handed over only where git has nothing of its own to try: no header, no password in the
 * URL, no credential helper, no askpass.
 * @throws OrcError `invalid-argument` when `ORC_AUTH_TOKEN` would travel unencrypted
 */
export function nativeHttpConfig(options: HttpAccessOptions): ConfigEntry[] {
  const url = parseUrl(options.url);
  if (url === null) return [];
  const headers = extraHeaders(options.entries, options.url);
  const isProvided =
    headers.some(isAuthorization) || credentialsOf(url).password !== '' || asksElsewhere(options.entries, options.env);
  const found = ownCredential(url, options) ?? (isProvided ? null : forgeCredential(url, options.env));
  if (found === null) return [];
  const key = keyFor(url, 'extraheader');
  const kept = headers.filter((header) => !isAuthorization(header)).map(({ name, value }) => `${name}: ${value}`);
  // An empty value empties the list: a second Authorization header is refused by servers.
  return ['', ...kept, `Authorization: ${found.value}`].map((value): ConfigEntry => [key, value]);
}

/**
 * What git has to be told so that an `Authorization` header goes to no other server: it follows redirects and sends along whatever
 * headers it was told. Nothing where it sends none. `access`: what `nativeHttpConfig` gave for the URL.
 */
export function stayingConfig(
  url: string,
  access: readonly ConfigEntry[],
  entries: readonly HttpEntry[],
): ConfigEntry[] {
  const parsed = parseUrl(url);
  if (parsed === null || (access.length === 0 && !extraHeaders(entries, url).some(isAuthorization))) return [];
  return [[keyFor(parsed, 'followredirects'), 'false']];
}

/** Whether the user lets git follow any redirect from there. */
export function followsRedirects(entries: readonly HttpEntry[], url: string): boolean {
  return !/^(?:false|no|off|0+|)$/i.test(httpSetting(entries, url, 'followredirects') ?? 'initial');
}

/** What takes from a URL on another server the `Authorization` headers that count for the one that redirected there. */
export function strangerConfig(from: string, to: string, entries: readonly HttpEntry[]): ConfigEntry[] {
  const [here, there] = [extraHeaders(entries, from), extraHeaders(entries, to)];
  const isTheirs = (header: HttpHeader): boolean =>
    !isAuthorization(header) || !here.some((own) => isAuthorization(own) && own.value === header.value);
  if (there.every(isTheirs)) return [];
  const kept = there.filter(isTheirs).map(({ name, value }) => `${name}: ${value}`);
  return ['', ...kept].map((value): ConfigEntry => [keyFor(new URL(to), 'extraheader'), value]);
}

function keyFor({ protocol, username, host, pathname }: URL, name: string): string {
  return `http.${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}.${name}`;
}

interface Credential {
  readonly source: string;
  /** Of the `Authorization` header. */
  readonly value: string;
  readonly secrets: readonly string[];
}

function ownCredential(url: URL, { env, isOwnUpstream }: HttpAccessOptions): Credential | null {
  const token = env.ORC_AUTH_TOKEN?.trim() ?? '';
  if (token === '' || !isOwnUpstream) return null;
  if (!isPrivate(url)) {
    throw new OrcError('invalid-argument', `ORC_AUTH_TOKEN would travel unencrypted to ${url.protocol}//${url.host}`, {
      hint: 'use an https:// URL, or unset ORC_AUTH_TOKEN',
    });
  }
  return withToken('ORC_AUTH_TOKEN', env.ORC_AUTH_USER || 'x-access-token', token);
}

function configuredCredential(headers: readonly HttpHeader[]): Credential | null {
  const value = headers.at(-1)?.value;
  if (value === undefined) return null;
  const [, scheme = '', secret = value] = /^(\S+)[ \t]+(.*)$/s.exec(value) ?? [];
  const decoded = /^basic$/i.test(scheme)
    ? Buffer.from(secret, 'base64')
        .toString('utf8')
        .replace(/^[^:]*:/, '')
    : '';
  return { source: 'http.extraHeader', value, secrets: [secret, decoded] };
}

/** Each token goes to the server that gave it, and to the public one only where no server is named. */
function forgeCredential(url: URL, env: Environment): Credential | null {
  if (!isPrivate(url)) return null;
  const github = hostOf(env.GITHUB_SERVER_URL) ?? 'github.com';
  if (env.GITHUB_TOKEN && url.host === github) return withToken('GITHUB_TOKEN', 'x-access-token', env.GITHUB_TOKEN);
  const server = hostOf(env.CI_SERVER_URL) ?? (env.CI_SERVER_HOST || null);
  if (env.GITLAB_TOKEN && url.host === (server ?? 'gitlab.com'))
    return withToken('GITLAB_TOKEN', 'oauth2', env.GITLAB_TOKEN);
  if (env.CI_JOB_TOKEN && server !== null && url.host === server)
    return withToken('CI_JOB_TOKEN', 'gitlab-ci-token', env.CI_JOB_TOKEN);
  return null;
}

function withToken(source: string, user: string, token: string): Credential {
  const value = basic(user, token.trim());
  return { source, value, secrets: [token.trim(), value.slice('Basic '.length)] };
}

/** Whether git would ask a helper or a program. */
function asksElsewhere(entries: readonly HttpEntry[], env: Environment): boolean {
  if (env.GIT_ASKPASS || env.SSH_ASKPASS) return true;
  return entries.some(
    ({ key, value }) => value !== '' && (/^credential\.(?:.+\.)?helper$/s.test(key) || key === 'core.askpass'),
  );
}

const isAuthorization = ({ name }: HttpHeader): boolean => name.toLowerCase() === 'authorization';

const isPrivate = (url: URL): boolean => url.protocol === 'https:' || isLoopback(url);

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;

const hostOf = (url: string | undefined): string | null => parseUrl(url ?? '')?.host ?? null;

function credentialsOf(url: URL): { readonly username: string; readonly password: string } {
  return { username: decode(url.username), password: decode(url.password) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray percent sign: it is what it is
  }
}
