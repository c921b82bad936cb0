/** What lies behind the URL of a folder. */
import fs from 'node:fs';
import { errorCodeOf, toIoError } from '../durable-files.ts';

/** Whether the repository behind a local URL sets `core.hooksPath` itself; then it is left alone. */
export function choosesHooks(url: string): boolean {
  const path = localPath(url);
  // Somebody's home: only git knows where that is.
  if (path.startsWith('~')) return true;
  // Where git looks, in its order.
  const configs = ['/.git/config', '/config', '.git/config', '.git/.git/config'].map((suffix) => path + suffix);
  return configs.some((file) => /hookspath|^\s*\[include/im.test(readIfThere(file)));
}

/** The folder that a local URL means. */
export function localPath(url: string): string {
  return /^file:/i.test(url) ? decodeURIComponent(url.replace(/^file:\/\/[^/]*/i, '')) : url;
}

function readIfThere(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return '';
    throw toIoError(`read ${file}`, error);
  }
}
