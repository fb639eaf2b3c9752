import { Argument, Command as Commander, CommanderError, Option } from 'commander';
import { asPlumblineError } from '../lib/errors.ts';
import {
  type CommandDefinition,
  commands,
  commonOptions,
  type OptionDefinition,
} from './commands.ts';
import { errorText } from './error-text.ts';
import type { Command, Invocation, Terminal } from './invocation.ts';
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
  export: () => import('./export.ts'),
  example: () => import('./example.ts'),
  schema: () => import('./schema.ts'),
  status: () => import('./status.ts'),
  history: () => import('./history.ts'),
  doctor: () => import('./doctor.ts'),
  completion: () => import('./completion.ts'),
};

/** Runs one command line and resolves to the exit status. Nothing it meets is thrown on. */
export async function main(
  words: readonly string[],
  terminal: Terminal = processTerminal(),
): Promise<number> {
  let exit = 0;
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
  for (const definition of commands)
    program.addCommand(
      commanderCommand(definition, terminal, (status) => {
        exit = status;
      }),
    );
  try {
    await program.parseAsync([...words], { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageExit;
    const ours = asPlumblineError(error);
    terminal.err(errorText(ours, { debug: words.includes('debug') || words.includes('trace') }));
    return ours.exit;
  }
}

function commanderCommand(
  definition: CommandDefinition,
  terminal: Terminal,
  finished: (status: number) => void,
): Commander {
  const command = new Commander(definition.name)
    .description(definition.summary)
    .helpOption('-h, --help', 'print help')
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .showHelpAfterError(`Type 'plumbline ${definition.name} --help' for its arguments and options.`)
    .exitOverride();
  for (const word of definition.arguments?.split(' ') ?? [])
    command.addArgument(new Argument(word));
  for (const option of definition.options ?? []) command.addOption(commanderOption(option));
  for (const option of commonOptions) command.addOption(commanderOption(option));
  command.addHelpText(
    'after',
    `\nExamples:\n${definition.examples.map((example) => `  ${example}\n`).join('')}`,
  );
  command.action(async () => {
    const invocation: Invocation = {
      arguments: command.args,
      options: command.opts<Invocation['options']>(),
      terminal,
    };
    const { run } = await (load[definition.name] as () => Promise<Command>)();
    finished(await run(invocation));
  });
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
