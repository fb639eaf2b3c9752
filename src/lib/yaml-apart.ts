import type { Tinypool } from 'tinypool';
import { openYaml, type ParsedYaml, YamlDocument, yamlLimits } from './yaml.ts';
import { composeText } from './yaml-compose.ts';
import { YamlText } from './yaml-text.ts';
import type { Errand, Finding } from './yaml-worker.ts';

/** Characters that are read in two milliseconds or so, which nobody notices; a thread would take longer to start. */
const shortText = 10_000;

/** How long one text may be read, in milliseconds; the largest that the limits allow takes a second or two. */
const patience = 10_000;

/** How long a thread waits for another text before it ends, in milliseconds. */
const idle = 2000;

/** One thread is enough: it keeps the event loop free, and two would not be faster beside it. */
let pool: Promise<Tinypool> | undefined;
let last: Promise<unknown> = Promise.resolve();

/**
 * Reads a file as `parseYaml` does, and never holds the event loop for long: what is neither plain nor
 * short is read by a thread of its own. A text that takes longer than `deadline` milliseconds, or more
 * memory than a thread has, is a problem of its file.
 */
export async function parseYamlApart(
  bytes: Uint8Array,
  file: string,
  deadline = patience,
): Promise<ParsedYaml> {
  const opened = openYaml(bytes, file, yamlLimits);
  if (!(opened instanceof YamlText)) return opened;
  if (opened.text.length <= shortText) return composeText(opened, yamlLimits);
  const turn = last.then(() => readBy(deadline, { file, text: opened.text, limits: yamlLimits }));
  last = turn.catch(() => undefined);
  const finding = await turn;
  if (finding === undefined) return { documents: [], problems: [tooSlow(opened, deadline)] };
  const documents = finding.documents.map((it) => new YamlDocument(opened, it, () => it.root));
  return { ...finding, documents };
}

/** Undefined where the thread did not come to an end. */
async function readBy(deadline: number, errand: Errand): Promise<Finding | undefined> {
  pool ??= makePool();
  const signal = AbortSignal.timeout(deadline);
  try {
    return (await (await pool).run(errand, { name: 'readApart', signal })) as Finding;
  } catch (error) {
    if (signal.aborted || (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY')
      return undefined;
    throw error;
  }
}

async function makePool(): Promise<Tinypool> {
  const { Tinypool } = await import('tinypool');
  const made = new Tinypool({
    filename: new URL('./yaml-worker.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: idle,
    resourceLimits: { maxOldGenerationSizeMb: 512 },
    // How this process was started is none of the thread's business.
    execArgv: [],
  });
  // A thread that cannot even start fails no text by itself; the deadline does.
  made.on('error', () => undefined);
  return made;
}

function tooSlow(page: YamlText, deadline: number) {
  return page.problem({
    code: 'MANIFEST_LIMIT',
    offset: 0,
    message: `the file could not be read within ${deadline / 1000} s`,
    hint: 'make it smaller, or its structure simpler',
  });
}
