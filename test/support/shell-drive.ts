/** Real shells, asked what they would complete: the script of `orc completion` loaded as users load it, and a line typed. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { orcCommand } from './run-orc.ts';

/** A folder with `orc` for the PATH. */
export function makeShellHome(home: string, settings: NodeJS.ProcessEnv = {}): Pick<DriveOptions, 'env' | 'home'> {
  mkdirSync(path.join(home, 'bin'));
  symlinkSync(orcCommand, path.join(home, 'bin/orc'));
  return {
    home,
    env: {
      ...process.env,
      HOME: home,
      PATH: `${path.join(home, 'bin')}:${process.env.PATH}`,
      TERM: 'xterm',
      ...settings,
    },
  };
}

interface DriveOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
}

/** What bash would put in the place of the word at each line's end. */
export function completeInBash(typed: readonly string[], { cwd, env }: DriveOptions, type = '9'): string[][] {
  const script = `source <(orc completion bash)
    COMP_TYPE=$1 COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'; shift
    for COMP_LINE; do COMP_POINT=\${#COMP_LINE}; _orc_complete orc; printf '%s\\n' "\${COMPREPLY[@]}"; echo --; done`;
  const output = execFileSync('bash', ['--norc', '-c', script, 'bash', type, ...typed], { cwd, env, encoding: 'utf8' });
  return output.split('--\n').slice(0, -1).map(lines);
}

/** Values, each behind a tab with its description. */
export function completeInFish(line: string, { cwd, env }: DriveOptions): string[] {
  const script = 'orc completion fish | source; complete -C $argv[1]';
  return lines(execFileSync('fish', ['--no-config', '-c', script, line], { cwd, env, encoding: 'utf8' }));
}

/** Types the line, TAB and a mark into an interactive zsh: what stands on the line then. */
export function typeInZsh(line: string, { cwd, env, home }: DriveOptions): string {
  const setup = path.join(home, '.zshrc');
  for (const left of ['ready', 'told']) rmSync(path.join(home, left), { force: true });
  writeFileSync(
    setup,
    `PS1=; autoload -Uz compinit; compinit -u -D; source <(orc completion zsh)
    told() { print -r -- "$BUFFER" > ${home}/told; BUFFER=; exit }
    zle -N told; bindkey '^X^T' told; : > ${home}/ready\n`,
  );
  const script = `zmodload zsh/zpty
    zpty -b inner "zsh -i"
    while [[ ! -e ${home}/ready ]]; do zpty -r -t inner x; read -t 0.02 </dev/null; done
    zpty -w -n inner "$1"$'\\t\\x18\\x14'
    while [[ ! -s ${home}/told ]]; do zpty -r -t inner x; done
    cat ${home}/told`;
  return execFileSync('zsh', ['-f', '-c', script, 'zsh', line], {
    cwd,
    env,
    encoding: 'utf8',
    timeout: 50_000,
  }).trimEnd();
}

/** Types the line, TAB and return into an interactive bash on a terminal of its own: what it printed. */
export function typeInBash(line: string, { cwd, env, home }: DriveOptions): string {
  writeFileSync(path.join(home, 'rc'), 'PS1=; source <(orc completion bash)\n');
  const command = `bash --noprofile --rcfile ${home}/rc -i`;
  return execFileSync('script', ['-qec', command, '/dev/null'], {
    cwd,
    env,
    input: `${line}\t\nexit\n`,
    encoding: 'utf8',
    timeout: 50_000,
  });
}

function lines(output: string): string[] {
  return output.split('\n').filter((each) => each !== '');
}
