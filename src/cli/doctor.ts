import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { asPlumblineError } from '../lib/errors.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { inspectStore } from '../store/inspect.ts';
import { configure, withPorts } from './assemble.ts';
import { type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { version } from './version.ts';

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly hint?: string;
}

/** Looks at everything a run depends on and says what is amiss and what to do about it. Changes nothing. */
export async function run(invocation: Invocation): Promise<number> {
  const findings: Finding[] = [
    { check: 'plumbline', ok: true, detail: `${version()} on Node ${process.versions.node}` },
    await finding('git', async () =>
      (await promisify(execFile)('git', ['--version'])).stdout.trim(),
    ),
  ];
  const config = await finding('configuration', async () => {
    const { sources, account } = await configure(invocation);
    return `account ${account}, sources ${sources.map((it) => it.name).join(', ')}`;
  });
  findings.push(config);
  if (config.ok) {
    findings.push(await finding('database', () => databaseDetail(invocation)));
    findings.push(...(await sourceFindings(invocation)));
  }
  const { terminal } = invocation;
  if (textOption(invocation, 'output') === 'json')
    terminal.out(jsonDocument({ apiVersion: 'plumbline.dev/v1', kind: 'Findings', findings }));
  else for (const it of findings) terminal.out(line(it));
  return findings.every((it) => it.ok) ? 0 : 1;
}

async function finding(check: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { check, ok: true, detail: await look() };
  } catch (error) {
    const { code, message, hint } = asPlumblineError(error);
    return {
      check,
      ok: false,
      detail: `${code}: ${message}`,
      ...(hint === undefined ? {} : { hint }),
    };
  }
}

async function databaseDetail(invocation: Invocation): Promise<string> {
  let detail = '';
  await withPorts(invocation, 'read', async ({ ports }) => {
    detail = await inspectStore(ports.database);
    return 0;
  });
  return detail;
}

/** Asks every source for its revision. */
async function sourceFindings(invocation: Invocation): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const database = {
    ...invocation,
    options: { ...invocation.options, database: 'sqlite::memory:' },
  };
  await withPorts(database, 'read', async ({ targets, close }) => {
    for (const { source, location } of targets([], {})) {
      close.add(() => source.close());
      findings.push(
        await finding(`source ${source.name}`, async () => {
          const revision = await source.revision(invocation.terminal.signal);
          return `${location} at ${revision}`;
        }),
      );
    }
    return 0;
  });
  return findings;
}

function line({ check, ok, detail, hint }: Finding): string {
  const text = `${ok ? 'ok  ' : 'FAIL'}  ${check.padEnd(16)} ${escapeUntrusted(detail)}\n`;
  return hint === undefined
    ? text
    : `${text}      ${''.padEnd(16)} hint: ${escapeUntrusted(hint)}\n`;
}
