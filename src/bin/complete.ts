/** The entry that shells call at every TAB: small, so that it is there at once. The commands come from a file that the build wrote. */
import { readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { complete } from '../cli/completion/complete.ts';
import { currentFolder } from '../cli/process-io.ts';

void complete(process.argv.slice(3), {
  cwd: currentFolder(),
  env: process.env,
  print: (text) => writeSync(1, text),
  loadTable: async () => JSON.parse(readFileSync(path.join(import.meta.dirname, 'commands.json'), 'utf8')),
});
