/**
 * A `git` whose every push and fetch is delayed, and which tells what was started: in front of the real one on the PATH.
 *
 * The far side is what waits: `git receive-pack` and `git upload-pack` sleep before they say their first word, whoever
 * starts them: `git push`, `git fetch`, `git ls-remote`, `git clone`, or a program that speaks to them itself. So both
 * sides of a comparison have the same network.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

const farSides = ['receive-pack', 'upload-pack'];

/**
 * `env` has the PATH to run things with. `started()` gives the arguments of every git that was started on that PATH, one
 * line each, `roundTrips()` those that were far sides; `forget()` begins anew.
 * @param {string} folder that does not exist yet
 * @param {{ delayMs?: number, env?: NodeJS.ProcessEnv }} options
 */
export function makeDelayedGit(folder, { delayMs = 0, env = process.env } = {}) {
  const real = execFileSync('git', ['--exec-path'], { env, encoding: 'utf8' }).trim();
  const git = execFileSync('/bin/sh', ['-c', 'command -v git'], { env, encoding: 'utf8' }).trim();
  const log = path.join(folder, 'started');
  const bin = path.join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  // Git looks for its helpers here, and finds ours first.
  for (const name of readdirSync(real)) {
    if (name !== 'git' && !farSides.some((each) => name === `git-${each}`))
      symlinkSync(path.join(real, name), path.join(bin, name));
  }
  const wait = delayMs > 0 ? `sleep ${delayMs / 1000}` : ':';
  const note = (words) => `printf '%s\\n' "${words}" >> '${log}'`;
  script(
    path.join(bin, 'git'),
    `${note('$*')}
for word in "$@"; do case "$word" in
receive-pack|upload-pack) ${wait}; GIT_EXEC_PATH='${real}' exec '${git}' "$@";;
esac; done
GIT_EXEC_PATH='${bin}' exec '${git}' "$@"`,
  );
  for (const name of farSides) {
    script(
      path.join(bin, `git-${name}`),
      `${note(`${name} $*`)}\n${wait}\nGIT_EXEC_PATH='${real}' exec '${git}' ${name} "$@"`,
    );
  }
  const started = () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : []);
  return {
    env: { ...env, PATH: `${bin}${path.delimiter}${env.PATH}` },
    started,
    roundTrips: () => started().filter((line) => farSides.some((name) => line.split(' ').includes(name))),
    forget: () => rmSync(log, { force: true }),
  };
}

function script(file, text) {
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
}
