/** Which names git takes for a branch, after `git check-ref-format --branch`: asked before anything is begun there. */
import { OrcError } from '../errors.ts';

/** File systems allow 255 bytes for a name; `refs/heads/` and `.lock` have to fit as well. */
const maxLength = 200;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const refused = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$/;

/** @throws OrcError `invalid-argument` */
export function checkBranchName(name: string): void {
  const fault = faultInBranchName(name);
  if (fault === null) return;
  throw new OrcError('invalid-argument', `the branch ${JSON.stringify(name.slice(0, maxLength))} ${fault}`, {
    hint: 'name a branch as for `git branch`, for example --branch coordination (default: orc)',
  });
}

function faultInBranchName(name: string): string | null {
  if (name === '') return 'must not be empty';
  if (Buffer.byteLength(name) > maxLength) return `must not be longer than ${maxLength} bytes`;
  if (name.startsWith('-')) return 'must not begin with -';
  if (name === '@' || name === 'HEAD') return 'must not be a word that git itself uses';
  if (refused.test(name)) return 'is no name that git takes for a branch';
  const components = name.split('/');
  if (components.some((each) => each.startsWith('.') || each.endsWith('.lock')))
    return 'must not hold a component that begins with . or ends in .lock';
  return null;
}
