/** The command that begins the board which was looked for: where another one was named, a bare `orc init` would open that of the clone. */
import { redactUrl } from '../git/clean-text.ts';
import { shellWord } from './brief-quote.ts';
import { defaultBranch, type Surroundings } from './surroundings.ts';

export function initCommand({ board, branch }: Pick<Surroundings, 'board' | 'branch'>): string {
  const place = board === null ? [] : ['--board', shellWord(redactUrl(board))];
  const where = branch === defaultBranch ? [] : ['--branch', shellWord(branch)];
  return ['orc init', ...place, ...where].join(' ');
}
