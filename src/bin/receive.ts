/** The entry of what the hook on a server runs: nothing of the command line but this one word, for a push waits for it. */
import { writeSync } from 'node:fs';
import { receive } from '../cli/receive.ts';

const io = { cwd: process.cwd(), env: process.env, stderr: (text: string) => void writeSync(2, text) };
void receive(process.argv.slice(2), io).then((code) => {
  // A git that reads objects for us may still be there: nobody waits for it.
  process.exit(code);
});
