/** Where a server's redirect leads, and whether that is the same server. Pure. */

/** The repository's URL behind a redirect; `null` for one that leads elsewhere than to the same question, or out of TLS. */
export function followRedirect(from: string, location: string | null, suffix: string): string | null {
  if (location === null || !URL.canParse(location, from)) return null;
  const to = new URL(location, from);
  if (!/^https?:$/.test(to.protocol) || (from.startsWith('https:') && to.protocol !== 'https:')) return null;
  to.username = '';
  to.password = '';
  to.hash = '';
  return to.href.endsWith(suffix) ? to.href.slice(0, -suffix.length) : null;
}

/** The same, or the same with TLS. */
export function isSameServer(from: string, to: string): boolean {
  const [a, b] = [new URL(from), new URL(to)];
  if (a.origin === b.origin) return true;
  return (
    a.hostname === b.hostname && a.protocol === 'http:' && b.protocol === 'https:' && a.port === '' && b.port === ''
  );
}
