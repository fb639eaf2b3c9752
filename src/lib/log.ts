import type { Logger } from 'pino';
import { PlumblineError } from './errors.ts';
import { type LogLevel, logLevels } from './log-level.ts';
import { type LogStream, prettyLine } from './log-line.ts';
import { onDemand } from './on-demand.ts';
import { mask, Secret } from './secret.ts';
import { escapeUntrusted } from './terminal.ts';

export { type LogLevel, logLevels };

/** `auto` is pretty on a terminal and JSON lines anywhere else. */
export const logFormats = ['auto', 'json', 'pretty'] as const;
export type LogFormat = (typeof logFormats)[number];

export type LogFields = Readonly<Record<string, unknown>>;

interface WriteLine {
  (message: string): void;
  (fields: LogFields, message: string): void;
}

/** Where the process tells what it does. Fields may hold anything: they are made safe before they are written. */
export interface Log {
  readonly debug: WriteLine;
  readonly info: WriteLine;
  readonly warn: WriteLine;
  readonly error: WriteLine;
  /** The same log with fields that every line repeats, such as `run`, `revision`, `key`. */
  child(fields: LogFields): Log;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Standard error unless given: standard output belongs to results. */
  readonly stream?: LogStream;
}

/** Characters of one text before it is cut; a log line is no place for a document. */
const longestText = 2048;
const deepest = 5;
const mostItems = 50;
const secretKey =
  /^(?:.*[-_])?(?:password|passphrase|secret|token|api[-_]?key|private[-_]?key|authorization|cookie|credentials?)$/i;
/** The last word of a camel-cased key, with its separator, so that `accessToken` reads as `access_token`. */
const camel = /([a-z0-9])([A-Z])/g;

/** A user with a password before the host of an address. */
const credentials = /\/\/[^\s/]*:[^\s/]*@/g;

/** Keys of the line itself; a field of that name gets an underscore. */
const reserved = ['level', 'time', 'msg'] as const;

/** Bytes that may wait for a slow reader of the log; lines beyond them are dropped and counted. */
const mostWaiting = 1024 * 1024;

/** A log of JSON lines, or of lines for a person. It never throws and never waits for its reader. */
export function createLog(options: LogOptions): Log {
  const stream = options.stream ?? process.stderr;
  const pretty = isPretty(options.format, stream);
  const colour = stream.isTTY === true && (process.env['NO_COLOR'] ?? '') === '';
  const to = sink(stream, pretty ? (line) => prettyLine(line, colour) : (line) => line);
  let root: Logger | undefined;
  return logOver(() => {
    root ??= makeLogger(options.level, to);
    return root;
  }, options.level);
}

const library = onDemand<typeof import('pino')>('pino');

function makeLogger(level: LogLevel, to: ReturnType<typeof sink>): Logger {
  const { pino } = library();
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      // Errors come here as safe fields already; the serializer that is built in would look for a stack.
      serializers: { err: (it) => it },
      formatters: { level: (label) => ({ level: label }) },
    },
    to,
  );
}

/** True where lines are for a person rather than for a machine. */
export function isPretty(format: LogFormat, stream: LogStream = process.stderr): boolean {
  return format === 'pretty' || (format === 'auto' && stream.isTTY === true);
}

/** The logger is made with the first line, because most commands write none. */
function logOver(logger: () => Logger, least: LogLevel): Log {
  const debug = least === 'debug';
  const at =
    (level: LogLevel): WriteLine =>
    (first: string | LogFields, message?: string) => {
      if (logLevels.indexOf(level) < logLevels.indexOf(least)) return;
      const to = logger();
      if (typeof first === 'string') to[level](safeText(first));
      else to[level](safeFields(first, debug), safeText(message ?? ''));
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => {
      let inner: Logger | undefined;
      return logOver(() => {
        inner ??= logger().child(safeFields(fields, debug));
        return inner;
      }, least);
    },
  };
}

/** Writes whole lines, drops them while the reader is stuck, and goes quiet once the reader is gone. */
function sink(stream: LogStream, shape: (line: string) => string) {
  let gone = false;
  let dropped = 0;
  stream.on('error', () => {
    gone = true;
  });
  return {
    write(line: string): void {
      if (gone) return;
      if (stream.writableLength > mostWaiting) {
        dropped += 1;
        return;
      }
      if (dropped > 0) {
        const time = new Date().toISOString();
        const said = {
          level: 'warn',
          time,
          dropped,
          msg: 'log lines were dropped: the reader is slow',
        };
        dropped = 0;
        stream.write(shape(`${JSON.stringify(said)}\n`));
      }
      stream.write(shape(line));
    },
  };
}

function safeFields(fields: LogFields, debug: boolean): Record<string, unknown> {
  const out = safeValue(fields, debug, 0) as Record<string, unknown>;
  for (const key of reserved) {
    if (!(key in out)) continue;
    out[`${key}_`] = out[key];
    delete out[key];
  }
  return out;
}

function safeText(text: string): string {
  const cut =
    text.length > longestText
      ? `${text.slice(0, longestText)}… (${text.length - longestText} more characters)`
      : text;
  return escapeUntrusted(cut.replace(credentials, `//${mask}@`));
}

function safeValue(value: unknown, debug: boolean, depth: number): unknown {
  if (typeof value === 'string') return safeText(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Secret) return mask;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no date' : value.toISOString();
  if (depth === deepest) return '…';
  if (value instanceof Error) return safeError(value, debug, depth);
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (Array.isArray(value)) {
    const shown = value.slice(0, mostItems).map((item) => safeValue(item, debug, depth + 1));
    return value.length > mostItems ? [...shown, `… (${value.length - mostItems} more)`] : shown;
  }
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const hide = secretKey.test(key.replace(camel, '$1_$2')) && item !== undefined && item !== null;
    out[safeText(key)] = hide ? mask : safeValue(item, debug, depth + 1);
  }
  return out;
}

/** Code and message always; stack and cause only at debug, because causes may quote what they were given. */
function safeError(error: Error, debug: boolean, depth: number): Record<string, unknown> {
  const code = error instanceof PlumblineError ? error.code : (error as { code?: unknown }).code;
  const out: Record<string, unknown> = {
    code: typeof code === 'string' ? safeText(code) : undefined,
    message: safeText(error.message),
  };
  if (error instanceof PlumblineError && error.hint !== undefined)
    out['hint'] = safeText(error.hint);
  if (!debug) return out;
  if (error.stack !== undefined)
    out['stack'] = error.stack
      .split('\n')
      .filter((it) => /^\s*at /.test(it))
      .map((it) => safeText(it.trim()));
  if (error.cause !== undefined) out['cause'] = safeValue(error.cause, debug, depth + 1);
  return out;
}
