/** Which tools a client gets: few, for each of them costs its reader context. */
import { OrcError } from '../errors.ts';
import { changeTools } from './change-tools.ts';
import { lookTools } from './look-tools.ts';
import type { Tool } from './tool.ts';

/** Reading first, as one begins. */
export const allTools: readonly Tool[] = [...lookTools, ...changeTools];

/**
 * `default`, `all`, or names, with commas between them: `default,task_release`.
 * @throws OrcError `invalid-argument` for a tool that there is not
 */
export function selectTools(given = 'default'): readonly Tool[] {
  const words = given.split(',').map((word) => word.trim());
  const known = new Set(allTools.map(({ name }) => name));
  const unknown = words.find((word) => word !== 'all' && word !== 'default' && !known.has(word));
  if (unknown !== undefined)
    throw new OrcError('invalid-argument', `there is no tool "${unknown}"`, {
      hint: 'say default, all, or names such as default,task_release; docs/mcp.md lists them',
    });
  return allTools.filter(
    ({ name, isDefault }) => words.includes('all') || words.includes(name) || (isDefault && words.includes('default')),
  );
}
