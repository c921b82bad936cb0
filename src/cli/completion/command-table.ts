/**
 * The commands as plain data: what completing a line needs of them. The build writes it into a file, so that pressing TAB loads
 * none of the commands themselves.
 */
import type { CommandSpec, OptionSpec } from '../command.ts';
import { globalOptions } from '../globals.ts';
import { nouns } from '../nouns.ts';

export interface TableOption {
  readonly names: readonly string[];
  readonly summary: string;
  /** It takes one value, or as many as follow. */
  readonly takes: 'nothing' | 'one' | 'many';
}

export interface TableCommand {
  /** `null`: the noun is the command. */
  readonly name: string | null;
  readonly aliases: readonly string[];
  readonly summary: string;
  /** As in help: `[workstream]`, `<id>`. */
  readonly words: readonly string[];
  readonly options: readonly TableOption[];
  readonly isDefault: boolean;
}

export interface TableNoun {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly commands: readonly TableCommand[];
}

export interface CommandTable {
  readonly globals: readonly TableOption[];
  readonly nouns: readonly TableNoun[];
}

export async function describeCommands(): Promise<CommandTable> {
  const described = nouns.map(async ({ name, aliases, summary, load }): Promise<TableNoun> => {
    const loaded = await load();
    const commands = Array.isArray(loaded)
      ? (loaded as readonly CommandSpec[])
          .filter(({ isHidden }) => isHidden !== true)
          .map((spec) => describeCommand(spec, spec.name))
      : [describeCommand(loaded as CommandSpec, null)];
    return { name, aliases, summary, commands };
  });
  return { globals: globalOptions.map(describeOption), nouns: await Promise.all(described) };
}

function describeCommand(spec: CommandSpec, name: string | null): TableCommand {
  return {
    name,
    aliases: spec.aliases ?? [],
    summary: spec.summary,
    words: spec.words.split(' ').filter((word) => word !== ''),
    options: (spec.options ?? []).map(describeOption),
    isDefault: spec.isDefault === true,
  };
}

function describeOption({ flags, summary }: OptionSpec): TableOption {
  const names = flags.match(/(?<![\w-])--?[\w-]+/g) ?? [];
  const takes = /[<[].*\.\.\./.test(flags) ? 'many' : /[<[]/.test(flags) ? 'one' : 'nothing';
  return { names, summary, takes };
}
