import { type Diagnostic, placeOf } from '../lib/diagnostic.ts';
import type { Place } from '../lib/errors.ts';
import { valueAt } from '../lib/json.ts';
import type { ConfigText, SourceText } from './schema.ts';
import { alternatives } from './settings.ts';

/** A place of the file with its excerpt, or the name of a variable or an option. */
export interface SettingPlace extends Place {
  readonly frame?: string;
}

/** Where a setting was given; paths carry indexes. */
export type Places = (path: string) => SettingPlace;

/** The rules across settings, for a configuration whose every single setting is right. */
export async function checkRules(text: ConfigText, places: Places): Promise<Diagnostic[]> {
  const found: Diagnostic[] = [];
  const tell = (path: string, message: string, hint: string) => {
    found.push({ severity: 'error', code: 'CONFIG_INVALID', ...places(path), path, message, hint });
  };
  onlyOne(text, 'http.', '', tell, places);
  onlyOne(text, 'endpoint.', '', tell, places);
  checkEndpoint(text.endpoint, tell);
  const names = new Map<string, string>();
  for (const [index, source] of text.sources.entries()) {
    const at = `sources.${index}`;
    const first = names.get(source.name);
    if (first === undefined) names.set(source.name, `${at}.name`);
    else {
      const other = placeOf(places(first));
      tell(
        `${at}.name`,
        `two sources are called ${source.name}, the other at ${other}`,
        'rename one of them',
      );
    }
    if (source.schedule !== undefined && !(await isCron(source.schedule)))
      tell(
        `${at}.schedule`,
        'a schedule must be a cron expression',
        'write it like 0 6 * * 1-5: minute, hour, day, month, day of the week',
      );
    if (source.directory !== undefined && source.git !== undefined) {
      const other = placeOf(places(`${at}.directory`));
      const message = `a source is a folder or a repository, and ${other} says that it is a folder`;
      tell(`${at}.git`, message, 'remove one of them');
    }
    if (source.directory === undefined && source.git === undefined) {
      tell(at, 'a source needs a place to read from', 'add directory: FOLDER, or git: { url: … }');
    }
    onlyOne(text, 'sources[].', `${at}.`, tell, places);
    if (source.webhook !== undefined && Object.keys(source.webhook).length === 0)
      tell(`${at}.webhook`, 'a webhook needs a secret', 'add secretFile: FILE');
    checkSignIn(source, `${at}.git.credentials`, tell);
  }
  return found;
}

function checkEndpoint(endpoint: ConfigText['endpoint'], tell: Tell): void {
  const { driver, url, key, keyEnv, keyFile, allowInsecure } = endpoint;
  if (driver === 'record') return;
  if (url === undefined)
    tell('endpoint', 'the driver webhook needs an address', 'add url: https://…');
  else {
    const address = URL.canParse(url) ? new URL(url) : undefined;
    const near = ['localhost', '127.0.0.1', '[::1]'].includes(address?.hostname ?? '');
    const plain = address?.protocol === 'http:' && (near || allowInsecure);
    if (address?.protocol !== 'https:' && !plain)
      tell(
        'endpoint.url',
        'the address must begin with https://, or be on this machine',
        'write https://…, or set allowInsecure: true for plain http',
      );
    else if (address.username !== '' || address.password !== '')
      tell('endpoint.url', 'the address must not hold credentials', 'take them out of it');
  }
  if (key === undefined && keyEnv === undefined && keyFile === undefined)
    tell('endpoint', 'the driver webhook needs a key', 'add keyFile: FILE');
}

type Tell = (path: string, message: string, hint: string) => void;

function onlyOne(text: ConfigText, prefix: string, at: string, tell: Tell, places: Places): void {
  for (const group of alternatives) {
    if (!group[0]?.startsWith(prefix)) continue;
    const paths = group.map((path) => (at === '' ? path : path.replace(prefix, at)));
    const [first, ...more] = paths.filter((path) => settingAt(text, path) !== undefined);
    for (const path of more) {
      const [mine, other] = [lastStep(path), lastStep(first as string)];
      const message = `${mine} and ${other} cannot both be set; ${other} is at ${placeOf(places(first as string))}`;
      tell(path, message, 'remove one of them');
    }
  }
}

function checkSignIn(source: SourceText, at: string, tell: Tell): void {
  const credentials = source.git?.credentials;
  if (source.git === undefined || credentials === undefined) return;
  const { username, ssh } = credentials;
  const word = Object.keys(credentials).find((key) => /^(?:password|token)/.test(key));
  const web = /^https?:/i.test(source.git.url);
  if (word === undefined && ssh === undefined) {
    tell(
      at,
      'there is neither a password nor a key',
      'add passwordFile: FILE or ssh: { keyFile, … }',
    );
  }
  if (ssh !== undefined && web) {
    tell(
      `${at}.ssh`,
      'a key has no use for an https URL',
      'give passwordFile, or write an ssh:// URL',
    );
  }
  if (word !== undefined && !web) {
    tell(
      `${at}.${word}`,
      'a password has no use for this URL',
      'give ssh: { keyFile, … }, or write an https:// URL',
    );
  }
  if (ssh !== undefined && username !== undefined) {
    tell(
      `${at}.username`,
      'a user name beside ssh has no effect',
      'write it into the URL: ssh://USER@host/path.git',
    );
  }
}

function settingAt(text: ConfigText, path: string): unknown {
  const [, index, rest] = /^sources\.(\d+)\.(.*)$/.exec(path) ?? [];
  return rest === undefined ? valueAt(text, path) : valueAt(text.sources[Number(index)], rest);
}

function lastStep(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** Loaded on use: most configurations have no schedule. */
async function isCron(text: string): Promise<boolean> {
  const { validate } = await import('node-cron');
  return validate(text);
}
