/** Where the commands that tests start keep their compiled code: in the project, from one run to the next. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const codeCache = path.resolve(
  path.dirname(fileURLToPath(import.meta.url)),
  '../../node_modules/.cache/orc-tests',
);
