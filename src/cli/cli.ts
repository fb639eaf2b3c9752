import { Argument, Command as Commander, CommanderError, Option } from 'commander';
import { asPlumblineError, PlumblineError } from '../lib/errors.ts';
import { type CommandDefinition, type CommandGroup, commands } from './commands.ts';
import { errorText } from './error-text.ts';
import { type Command, type Invocation, type Terminal, textOption } from './invocation.ts';
import { commonOptions, type OptionDefinition } from './options.ts';
import { processTerminal } from './terminal.ts';
import { version } from './version.ts';

const usageExit = 64;

/** Loads a command's file, and with it only what that command needs. */
const load: Readonly<Record<string, () => Promise<Command>>> = {
  run: () => import('./run.ts'),
  sync: () => import('./sync.ts'),
  plan: () => import('./plan.ts'),
  drift: () => import('./drift.ts'),
  validate: () => import('./validate.ts'),
  apply: () => import('./apply.ts'),
  delete: () => import('./delete.ts'),
  deploy: () => import('./deploy.ts'),
  undeploy: () => import('./undeploy.ts'),
  get: () => import('./get.ts'),
  describe: () => import('./describe.ts'),
  logs: () => import('./logs.ts'),
  prompt: () => import('./prompt.ts'),
  export: () => import('./export.ts'),
  example: () => import('./example.ts'),
  schema: () => import('./schema.ts'),
  status: () => import('./status.ts'),
  history: () => import('./history.ts'),
  approve: () => import('./approve.ts'),
  restore: () => import('./restore.ts'),
  suspend: () => import('./suspend.ts'),
  resume: () => import('./resume.ts'),
  release: () => import('./release.ts'),
  why: () => import('./why.ts'),
  'token issue': () => import('./token-issue.ts'),
  'token rotate': () => import('./token-rotate.ts'),
  'token revoke': () => import('./token-revoke.ts'),
  'token list': () => import('./token-list.ts'),
  'secret rekey': () => import('./secret-rekey.ts'),
  doctor: () => import('./doctor.ts'),
  completion: () => import('./completion.ts'),
};

/** Runs one command line and resolves to the exit status. Nothing it meets is thrown on. */
export async function main(
  words: readonly string[],
  terminal: Terminal = processTerminal(),
): Promise<number> {
  let exit = 0;
  let current: Invocation | undefined;
  const program = new Commander('plumbline')
    .description('Keeps LLM clients true to Git.')
    .version(`plumbline ${version()}`, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .showHelpAfterError("Type 'plumbline --help' for the list of commands.")
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .exitOverride();
  program.addHelpText(
    'after',
    "\nStart with 'plumbline validate PATH', then 'plumbline plan', then 'plumbline sync'.\n",
  );
  const runs = (name: string) => async (invocation: Invocation) => {
    current = invocation;
    const { run } = await (load[name] as () => Promise<Command>)();
    exit = await run(invocation);
  };
  // The others are only of interest to the help, and to whoever mistypes the name of one.
  const named = commands.filter((it) => it.name === words[0]);
  for (const it of named.length > 0 ? named : commands)
    program.addCommand(
      'commands' in it
        ? commanderGroup(it, terminal, runs)
        : commanderCommand(it, it.name, terminal, runs(it.name)),
    );
  try {
    await program.parseAsync([...words], { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageExit;
    const ours = terminal.signal.aborted ? stopped(error) : asPlumblineError(error);
    const causes = ours.cause instanceof Error && (await wantsCauses(current));
    terminal.err(errorText(ours, terminal, { causes }));
    return ours.exit;
  }
}

/** What a command ends with when it is told to stop, unless it knows better. */
function stopped(error: unknown): PlumblineError {
  if (error instanceof PlumblineError) return error;
  return new PlumblineError('RUN_STOPPED', 'the command was stopped before its end', {
    hint: 'run it again',
    cause: error,
  });
}

/** Whether the log level is debug: by option, by environment, or by the configuration where it can be read. */
async function wantsCauses(invocation: Invocation | undefined): Promise<boolean> {
  if (invocation === undefined) return false;
  const level =
    textOption(invocation, 'logLevel') ?? invocation.terminal.environment['PLUMBLINE_LOG_LEVEL'];
  if (level !== undefined && level !== '') return level === 'debug';
  const { loadedConfig } = await import('./configure.ts');
  const loaded = await loadedConfig(invocation).catch(() => undefined);
  return loaded?.config.log.level === 'debug';
}

function commanderGroup(
  { name, summary, commands: members }: CommandGroup,
  terminal: Terminal,
  runs: (name: string) => (invocation: Invocation) => Promise<void>,
): Commander {
  const group = new Commander(name)
    .description(summary)
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .showHelpAfterError(`Type 'plumbline ${name} --help' for its commands.`)
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .exitOverride();
  for (const member of members) {
    const words = `${name} ${member.name}`;
    group.addCommand(commanderCommand(member, words, terminal, runs(words)));
  }
  return group;
}

/** What people forget of a command that takes nothing but paths, and those by an option. */
function pathsHint({ arguments: words, options }: CommandDefinition, name: string): string {
  const isMeant = words === undefined && options?.some((it) => it.flags.startsWith('-f, --file'));
  return isMeant === true ? `Name paths with -f: plumbline ${name} -f PATH\n` : '';
}

/** `words` are all that call the command. */
function commanderCommand(
  definition: CommandDefinition,
  words: string,
  terminal: Terminal,
  run: (invocation: Invocation) => Promise<void>,
): Commander {
  const command = new Commander(definition.name)
    .description(definition.summary)
    .helpOption('-h, --help', 'print help')
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .showHelpAfterError(
      `${pathsHint(definition, words)}Type 'plumbline ${words} --help' for its arguments and options.`,
    )
    .exitOverride();
  for (const word of definition.arguments?.split(' ') ?? [])
    command.addArgument(new Argument(word));
  for (const option of definition.options ?? []) command.addOption(commanderOption(option));
  for (const option of commonOptions) command.addOption(commanderOption(option));
  command.addHelpText(
    'after',
    `\nExamples:\n${definition.examples.map((example) => `  ${example}\n`).join('')}`,
  );
  command.action(() =>
    run({ arguments: command.args, options: command.opts<Invocation['options']>(), terminal }),
  );
  return command;
}

function commanderOption(definition: OptionDefinition): Option {
  const option = new Option(definition.flags, definition.summary);
  if (definition.choices !== undefined) option.choices(definition.choices);
  if (definition.default !== undefined) option.default(definition.default);
  if (definition.repeats === true)
    option.argParser((value: string, before: readonly string[] = []) => [...before, value]);
  return option;
}
