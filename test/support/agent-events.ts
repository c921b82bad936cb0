/** Events of coding agents as they were recorded: see test/fixtures/agent-events. */
import fs from 'node:fs';
import path from 'node:path';
import { projectRoot } from './bundle.ts';

const folder = path.join(projectRoot, 'test/fixtures/agent-events');
/** Where the agent stood. */
const recordedFolder = '/home/ann/shop';

export const agentEventNames: readonly string[] = fs.readdirSync(folder).map((name) => path.basename(name, '.json'));

/** As the agent would have told it in that folder; with `changes` to its fields. */
export function agentEvent(
  name: string,
  cwd = recordedFolder,
  changes: Readonly<Record<string, unknown>> = {},
): string {
  const text = fs.readFileSync(path.join(folder, `${name}.json`), 'utf8').replaceAll(recordedFolder, cwd);
  return JSON.stringify({ ...(JSON.parse(text) as object), ...changes });
}
