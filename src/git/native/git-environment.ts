/** The environment in which orc starts git: the user's connections and credentials, none of the user's repository. */

/** A configuration key and its value, as for `git -c`. */
export type ConfigPair = readonly [key: string, value: string];

export interface GitEnvironmentOptions {
  /** Configuration above all files. */
  readonly config?: readonly ConfigPair[];
  /** Whether a person is there to answer questions on the terminal. */
  readonly interactive?: boolean;
}

/** Everything else that begins with `GIT_` would point git at another repository, index, author or trace file. */
const keptVariables: readonly (string | RegExp)[] = [
  /^GIT_SSL_/,
  /^GIT_PROXY_/,
  /^GIT_HTTP_/,
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_SSH_VARIANT',
  'GIT_ASKPASS',
  // Where git itself and its configuration files are.
  'GIT_EXEC_PATH',
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_SYSTEM',
  'GIT_CONFIG_NOSYSTEM',
];

/** Configuration that comes through inherited `GIT_CONFIG_*` pairs: only what reaching a server takes (CI does that). */
const keptConfig = /^(?:http|credential|url|ssh)\.|^core\.(?:sshcommand|askpass|gitproxy)$/i;

/** The variables for a git process. `base` is usually `process.env`; it is not changed. */
export function buildGitEnvironment(base: NodeJS.ProcessEnv, options: GitEnvironmentOptions = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(base)) if (!name.startsWith('GIT_') || isKept(name)) env[name] = value;
  const pairs = [...readInheritedConfig(base), ...(options.config ?? [])];
  env['GIT_CONFIG_COUNT'] = String(pairs.length);
  pairs.forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  env['LC_ALL'] = 'C';
  env['GIT_ALLOW_PROTOCOL'] = 'file:ssh:http:https:git';
  env['GIT_NO_REPLACE_OBJECTS'] = '1';
  env['GIT_TERMINAL_PROMPT'] = options.interactive ? '1' : '0';
  if (!options.interactive) env['GCM_INTERACTIVE'] = 'never'; // Git Credential Manager opens windows otherwise
  return env;
}

function isKept(name: string): boolean {
  return keptVariables.some((kept) => (typeof kept === 'string' ? kept === name : kept.test(name)));
}

function readInheritedConfig(base: NodeJS.ProcessEnv): ConfigPair[] {
  const count = Math.min(Number(base['GIT_CONFIG_COUNT'] ?? 0) || 0, 1000);
  const pairs: ConfigPair[] = [];
  for (let index = 0; index < count; index++) {
    const key = base[`GIT_CONFIG_KEY_${index}`];
    const value = base[`GIT_CONFIG_VALUE_${index}`];
    if (key !== undefined && value !== undefined && keptConfig.test(key)) pairs.push([key, value]);
  }
  return pairs;
}
