/** Boards of the original tool, in and out. */
import { statSync } from 'node:fs';
import type { Exported } from '../../app/export-board.ts';
import type { ImportResult } from '../../app/import-board.ts';
import type { Orc } from '../../app/orc.ts';
import type { SingleFileState } from '../../app/single-file.ts';
import { realWorld } from '../../app/world.ts';
import { OrcError } from '../../errors.ts';
import type { Call } from '../call.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { escapeJson } from '../escape.ts';
import { pathFrom } from '../path-words.ts';
import { importedLines } from '../views/folders.ts';

export const importFolder: CommandSpec = defineCommand<ImportResult>({
  name: 'import',
  words: '<dir>',
  summary: 'Take over a board of the original single-file tool, or an export',
  details:
    'One mutation for the whole folder (state.json, events.jsonl, knowledge/): it is published at once, or nothing happens. Begins a board where there is none and it is clear where.',
  options: [{ flags: '--dry-run', summary: 'check everything, change nothing' }],
  examples: ['orc import ./orc --dry-run', 'orc import ./orc'],
  data: 'ImportResult',
  async run(call) {
    if (call.globals.op !== undefined)
      throw new OrcError('usage', 'an import is published at once or not at all: --op does not fit it');
    const isDry = call.flag('dryRun');
    const dir = folderOf(call);
    await checkFolder(dir);
    const orc = isDry ? await openIfThere(call) : await call.open({ create: true });
    const { importBoard, rehearseOnNewBoard } = await import('../../app/import-board.ts');
    const { agent, timeoutMs, allowSecret } = call.globals;
    if (orc === null) return rehearseOnNewBoard(dir, { agent, allowSecret }, call.io.world ?? realWorld);
    return importBoard(orc, dir, { agent, timeoutMs, allowSecret, dryRun: isDry });
  },
  view: ({ data }, look, call) => importedLines(data, look, call.flag('dryRun')),
});

export const exportFolder: CommandSpec = defineCommand<({ readonly dir: string } & Exported) | SingleFileState>({
  name: 'export',
  words: '[dir]',
  summary: "Write the board in the original tool's form",
  details:
    'Into a folder (default: orc-export) as state.json, events.jsonl and knowledge/, with .orc-export.json, by which a later export knows what it may replace; or with --single-file the state alone, as JSON on standard output. Files of the branch that cannot be read are left out, and named (left_out: path and reason of each).',
  options: [{ flags: '--single-file', summary: 'print state.json, and write nothing' }],
  examples: ['orc export ./backup', 'orc export --single-file > state.json'],
  data: '{ dir, files, left_out }, or SingleFileState with --single-file',
  async run(call) {
    const orc = await call.openToRead();
    if (call.flag('singleFile')) {
      if (call.words.length > 0) throw new OrcError('usage', '--single-file prints the board: it takes no folder');
      return call.answer(await orc.loadState());
    }
    const { exportBoard } = await import('../../app/export-board.ts');
    const dir = folderOf(call);
    return call.answer({ dir, ...(await exportBoard(orc, dir)) });
  },
  view: ({ data }, look) =>
    'files' in data
      ? [
          look.line(`Exported ${data.files.length} files to ${data.dir}`),
          ...data.left_out.map(({ path, reason }) => look.line(`  left out: ${path}: ${reason}`)),
        ]
      : [],
  raw: ({ data }, look) => {
    if ('files' in data) return '';
    const json = `${JSON.stringify(data, null, 2)}\n`;
    return look.isTty ? escapeJson(json) : json;
  },
});

/** Before a board is begun for its sake. @throws OrcError `invalid-argument`, `import-failed` */
async function checkFolder(dir: string): Promise<void> {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new OrcError('invalid-argument', `there is no folder ${dir}`, {
      hint: 'name the folder that holds state.json',
    });
  }
  const [{ readImportFolder }, { importArguments }] = await Promise.all([
    import('../../app/import-folder.ts'),
    import('../../app/import-arguments.ts'),
  ]);
  importArguments(await readImportFolder(dir));
}

/** `null`: there is no board yet, and the import would begin one. */
async function openIfThere(call: Call): Promise<Orc | null> {
  try {
    return await call.open();
  } catch (error) {
    if (!(error instanceof OrcError && error.code === 'no-board')) throw error;
    call.note('no board yet: the import would begin one');
    return null;
  }
}

function folderOf(call: Call): string {
  return pathFrom(call, call.words[0] ?? 'orc-export', "the folder's name");
}
