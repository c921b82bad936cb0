import path from 'node:path';
import { OrcError } from '../errors.ts';
import type { Call } from './call.ts';

/**
 * A path as it was given, from where the command counts as started. An empty one, mostly a variable that is not set, is a mistake: it
 * would mean that very folder.
 * @throws OrcError `invalid-argument`
 */
export function pathFrom({ globals }: Call, given: string, what: string): string {
  if (given === '') throw new OrcError('invalid-argument', `${what} must not be empty`);
  return path.resolve(globals.cwd, given);
}
