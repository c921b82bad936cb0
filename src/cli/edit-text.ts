/** Text from the person's own editor, as git asks for it: VISUAL, else EDITOR, on a file that is thrown away. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import { decodeInput } from './decode-input.ts';

export interface Edited {
  readonly text: string;
  /** Where it lies until it is discarded: what somebody wrote must not be lost because it was refused. */
  readonly file: string;
  readonly discard: () => Promise<void>;
}

/**
 * @param name of the file, for the editor to show and to know its kind by
 * @throws OrcError `unsupported` when no editor is named, `io` when it fails, `invalid-argument` for a text that is empty,
 *   unchanged or no UTF-8
 */
export async function editText(text: string, name: string, env: NodeJS.ProcessEnv): Promise<Edited> {
  const editor = env.VISUAL || env.EDITOR;
  if (!editor) {
    throw new OrcError('unsupported', 'no editor is named', {
      hint: 'set VISUAL or EDITOR, or give the text as words or, with -, on standard input',
    });
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'orc-edit-'));
  const file = path.join(folder, name);
  const discard = (): Promise<void> => rm(folder, { recursive: true, force: true });
  await writeFile(file, text, { mode: 0o600 });
  const code = await runEditor(editor, file, env);
  const edited = await readEdited(file);
  if (code === 0 && edited !== text && edited.trim() !== '') return { text: edited, file, discard };
  if (edited !== text && edited.trim() !== '') {
    const hint = `what was written is kept in ${file}`;
    throw new OrcError('io', `the editor "${editor}" ended with ${code}: nothing was written`, { hint });
  }
  await discard();
  if (code !== 0) {
    throw new OrcError('io', `the editor "${editor}" ended with ${code}: nothing was written`, {
      hint: 'see that VISUAL or EDITOR names your editor, or give the text as words or, with -, on standard input',
    });
  }
  throw new OrcError(
    'invalid-argument',
    `the text is ${edited === text ? 'unchanged' : 'empty'}: nothing was written`,
    {
      hint: 'save another text to write it; `orc kb delete` removes a topic',
    },
  );
}

async function readEdited(file: string): Promise<string> {
  try {
    return decodeInput(await readFile(file), file);
  } catch (error) {
    if (error instanceof OrcError) throw error;
    throw new OrcError('io', `${file} cannot be read after editing: nothing was written`, { cause: error });
  }
}

/** The editor may have words of its own, `code --wait`: a shell takes them apart, the file's name is not for it to read. Ctrl-C is the editor's. */
async function runEditor(editor: string, file: string, env: NodeJS.ProcessEnv): Promise<number | string> {
  const isWindows = process.platform === 'win32';
  const child = isWindows
    ? spawn(`${editor} "${file}"`, { stdio: 'inherit', env, shell: true })
    : spawn('sh', ['-c', `trap : INT; ${editor} "$@"`, editor, file], { stdio: 'inherit', env });
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, signal) => resolve(code ?? signal ?? 'an unknown state'));
  });
}
