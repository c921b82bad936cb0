/** Which remote URLs orc hands to git at all, and which of them mean a folder on this machine. Pure. */
import { OrcError } from '../errors.ts';
import { redactUrl } from './clean-text.ts';

/**
 * Refuses URLs that make git run a program or read an option: `ext::…` and every other `helper::`, a leading dash,
 * a user or host that begins with one, control characters. To be asked of URLs after `insteadOf`.
 * @throws OrcError `invalid-argument`
 */
export function checkRemoteUrl(url: string): void {
  const reason = findDanger(url);
  if (reason === null) return;
  throw new OrcError('invalid-argument', `the remote URL ${JSON.stringify(redactUrl(url))} is refused: ${reason}`, {
    hint: 'use an ssh://, https://, http://, git:// or file:// URL, or a path',
  });
}

function findDanger(url: string): string | null {
  if (url === '') return 'it is empty';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\u0000-\u001f\u007f]/.test(url)) return 'it contains control characters';
  if (url.startsWith('-')) return 'it begins with a dash';
  if (/^[^/:[]+::/.test(url)) return 'it names a remote helper';
  const authority = readAuthority(url);
  // Percent signs are decoded by git before it starts ssh.
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (/^(?:-|%2d)/i.test(authority) || /^\[?(?:-|%2d)/i.test(host)) return 'its host begins with a dash';
  return null;
}

/** `user@host` of `scheme://user@host/path` and of `user@host:path`; empty for a path. */
function readAuthority(url: string): string {
  const withScheme = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/]*)/.exec(url);
  if (withScheme) return withScheme[1] ?? '';
  return isLocalUrl(url)
    ? ''
    : url.slice(0, url.indexOf('/') < 0 ? url.length : url.indexOf('/')).replace(/:[^@]*$/, '');
}

/** Whether git opens this URL as a folder of this machine. */
export function isLocalUrl(url: string): boolean {
  if (/^file:\/\//i.test(url)) return true;
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(url)) return false;
  const colon = url.indexOf(':');
  const slash = url.indexOf('/');
  return colon < 0 || (slash >= 0 && slash < colon);
}
