import type { Config } from '../config/config.ts';
import { placeOf } from '../lib/diagnostic.ts';
import { asPlumblineError, PlumblineError } from '../lib/errors.ts';
import { createLog } from '../lib/log.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { installedGit } from '../source/git-commit.ts';
import { inspectStore } from '../store/inspect.ts';
import { withConfigured } from './assemble.ts';
import { configure } from './configure.ts';
import { type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { noDatabase } from './no-database.ts';
import { sourcesNamed, targetsOf } from './targets.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { version } from './version.ts';

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly hint?: string;
}

/** Looks at everything a run depends on and says what is amiss and what to do about it. Changes nothing. */
export async function run(invocation: Invocation): Promise<number> {
  const { terminal } = invocation;
  const scratch = await temporaryFolder();
  const findings: Finding[] = [];
  try {
    for await (const it of findingsOf(invocation, scratch.path)) findings.push(it);
  } finally {
    await scratch.remove();
  }
  if (textOption(invocation, 'output') === 'json')
    terminal.out(jsonDocument({ apiVersion: 'plumbline.dev/v1', kind: 'Findings', findings }));
  else for (const it of findings) terminal.out(line(it));
  return findings.every((it) => it.ok) ? 0 : 1;
}

/** One after the other; what needs a configuration is left out where there is none to go by. */
async function* findingsOf(invocation: Invocation, scratch: string): AsyncGenerator<Finding> {
  yield {
    check: 'plumbline',
    ok: true,
    detail: `${version()} on Node ${process.versions.node}`,
  };
  yield finding('git', () => installedGit(scratch));
  const config = await configure(invocation).catch(asPlumblineError);
  if (config instanceof PlumblineError) {
    yield failing('configuration', config);
    return;
  }
  const { account, sources } = config;
  const names = sources.map((it) => it.name).join(', ');
  yield { check: 'configuration', ok: true, detail: `account ${account}, sources ${names || '-'}` };
  yield finding('database', () => databaseDetail(invocation, config));
  if (sources.length === 0) yield finding('sources', async () => `${sourcesNamed(config, [])}`);
  for (const { name } of sources)
    yield finding(`source ${name}`, () => sourceDetail(invocation, config, name, scratch));
}

async function finding(check: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { check, ok: true, detail: await look() };
  } catch (error) {
    return failing(check, asPlumblineError(error));
  }
}

function failing(check: string, { code, message, place, hint }: PlumblineError): Finding {
  const at = place === undefined ? '' : `${placeOf(place)}: `;
  const detail = `${code}: ${at}${message}`;
  return { check, ok: false, detail, ...(hint === undefined ? {} : { hint }) };
}

function databaseDetail(invocation: Invocation, config: Config): Promise<string> {
  return withConfigured(invocation, config, 'read', async (assembly) => {
    if (noDatabase(assembly) === undefined) return inspectStore(assembly.ports.database);
    return `none yet at ${assembly.ports.database.location}; the first sync makes it`;
  });
}

/** Asks a source for its revision, without the database and without its mirror. */
async function sourceDetail(
  { terminal }: Invocation,
  config: Config,
  name: string,
  scratch: string,
): Promise<string> {
  const log = createLog({ ...config.log, stream: terminal.log });
  const details: string[] = [];
  for (const { source, location } of targetsOf(config, [name], {}, scratch, log)) {
    try {
      details.push(`${location} at ${await source.revision(terminal.signal)}`);
    } finally {
      await source.close();
    }
  }
  return details.join(', ');
}

function line({ check, ok, detail, hint }: Finding): string {
  const text = `${ok ? 'ok  ' : 'FAIL'}  ${check.padEnd(16)} ${escapeUntrusted(detail)}\n`;
  return hint === undefined
    ? text
    : `${text}      ${''.padEnd(16)} hint: ${escapeUntrusted(hint)}\n`;
}
