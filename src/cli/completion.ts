import { kinds } from '../kinds/kinds.ts';
import { PlumblineError } from '../lib/errors.ts';
import { type CommandDefinition, type CommandGroup, commands, everyCommand } from './commands.ts';
import type { Invocation } from './invocation.ts';
import { commonOptions, type OptionDefinition } from './options.ts';

/** Prints a completion script. It is made from the table of commands, so it cannot fall behind it. */
export async function run(invocation: Invocation): Promise<number> {
  const [shell] = invocation.arguments as [string];
  const script = shells[shell];
  if (script === undefined)
    throw new PlumblineError('USAGE', `no completion for the shell ${shell.slice(0, 60)}`, {
      hint: `write one of: ${Object.keys(shells).join(', ')}`,
    });
  invocation.terminal.out(script());
  return 0;
}

const shells: Readonly<Record<string, () => string>> = { bash, zsh, fish };

/** The long and short forms of an option, and whether a value follows. */
function option(definition: OptionDefinition) {
  const words = definition.flags.split(/[ ,]+/);
  return {
    names: words.filter((word) => word.startsWith('-')),
    takesValue: definition.flags.includes('<'),
    choices: definition.choices ?? [],
    summary: definition.summary,
  };
}

function optionsOf(command: CommandDefinition) {
  return [...(command.options ?? []), ...commonOptions].map(option);
}

/** What the first argument of a command may be, where that is a fixed list. */
function firstArgument(command: CommandDefinition): readonly string[] {
  const names = kinds.all.map((kind) => kind.name.toLowerCase());
  if (command.name === 'completion') return Object.keys(shells);
  if (command.name === 'schema') return [...names, 'config'];
  return /^[<[]kind/.test(command.arguments ?? '') ? names : [];
}

/** What may follow the first word where that names a group. */
const groups: readonly CommandGroup[] = commands.flatMap((it) => ('commands' in it ? [it] : []));

const memberNames = ({ commands: members }: CommandGroup) => members.map((it) => it.name).join(' ');

function bash(): string {
  const cases = everyCommand.map((command) => {
    const words = [...optionsOf(command).flatMap((it) => it.names), ...firstArgument(command)];
    return `    "${command.name}") words="${words.join(' ')}" ;;`;
  });
  const values = new Map<string, string>();
  for (const command of everyCommand)
    for (const it of optionsOf(command))
      if (it.choices.length > 0)
        for (const name of it.names) values.set(`${command.name}:${name}`, it.choices.join(' '));
  const valueCases = [...values].map(([key, words]) => `    "${key}") words="${words}" ;;`);
  const grouped = groups.map(
    (it) => `    ${it.name}) [ "$COMP_CWORD" -eq 2 ] && words="${memberNames(it)}" ;;`,
  );
  return `# bash completion for plumbline
_plumbline() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${commands.map((it) => it.name).join(' ')} --help --version"
  else
    case "$command" in
${groups.map((it) => it.name).join('|')}) [ "$COMP_CWORD" -eq 2 ] || command="$command \${COMP_WORDS[2]}" ;;
    esac
    case "$command:$before" in
${valueCases.join('\n')}
    *)
    case "$command" in
${[...cases, ...grouped].join('\n')}
    esac ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ "\${#COMPREPLY[@]}" -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -F _plumbline plumbline
`;
}

function zsh(): string {
  const quoted = (text: string) => text.replace(/'/g, "'\\''").replace(/:/g, '\\:');
  const described = (it: { readonly name: string; readonly summary: string }) =>
    `    '${it.name}:${quoted(it.summary)}'`;
  const list = commands.map(described);
  const grouped = groups.map(
    (it) => `    ${it.name})
      if (( CURRENT == 2 )); then
        commands=(
${it.commands.map(described).join('\n')}
        )
        _describe command commands
        return
      fi
      command="$command \${words[2]}"
      shift words
      (( CURRENT-- )) ;;`,
  );
  const cases = everyCommand.map((command) => {
    const specs = optionsOf(command).flatMap((it) =>
      it.names.map((name) => {
        const value = !it.takesValue
          ? ''
          : it.choices.length > 0
            ? `:value:(${it.choices.join(' ')})`
            : ':value:_files';
        return `'${name}[${quoted(it.summary).replace(/[[\]]/g, '')}]${value}'`;
      }),
    );
    const words = firstArgument(command);
    const first = words.length > 0 ? `'1:word:(${words.join(' ')})'` : `'*:file:_files'`;
    return `    "${command.name}") _arguments ${specs.join(' ')} ${first} ;;`;
  });
  return `#compdef plumbline
_plumbline() {
  local -a commands
  commands=(
${list.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="\${words[2]}"
  shift words
  (( CURRENT-- ))
  case "$command" in
${grouped.join('\n')}
  esac
  case "$command" in
${cases.join('\n')}
  esac
}
compdef _plumbline plumbline
`;
}

function fish(): string {
  const quoted = (text: string) => text.replace(/['\\]/g, '\\$&');
  const lines = ['# fish completion for plumbline', 'complete -c plumbline -f'];
  for (const { name, summary } of commands)
    lines.push(`complete -c plumbline -n __fish_use_subcommand -a ${name} -d '${quoted(summary)}'`);
  for (const group of groups)
    for (const { name, summary } of group.commands)
      lines.push(
        `complete -c plumbline -n '__fish_seen_subcommand_from ${group.name}; and not __fish_seen_subcommand_from ${memberNames(group)}' -a ${name} -d '${quoted(summary)}'`,
      );
  for (const command of everyCommand) {
    const seen = command.name.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
    const when = `-n '${seen.join('; and ')}'`;
    for (const it of optionsOf(command)) {
      const names = it.names.map((name) =>
        name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
      );
      const value = it.takesValue
        ? it.choices.length > 0
          ? ` -x -a '${it.choices.join(' ')}'`
          : ' -r -F'
        : '';
      lines.push(
        `complete -c plumbline ${when} ${names.join(' ')}${value} -d '${quoted(it.summary)}'`,
      );
    }
    const words = firstArgument(command);
    if (words.length > 0) lines.push(`complete -c plumbline ${when} -a '${words.join(' ')}'`);
    else lines.push(`complete -c plumbline ${when} -F`);
  }
  return `${lines.join('\n')}\n`;
}
