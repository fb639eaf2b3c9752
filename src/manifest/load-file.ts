/** What a file is that carries a manifest's name and is none, and what to do about it. */
export interface Stranger {
  readonly message: string;
  readonly hint: string;
}

const magics: readonly (readonly [string, string])[] = [
  ['\u0089PNG\r\n', 'a PNG image'],
  ['\u001f\u008b', 'a gzip archive'],
  ['PK\u0003\u0004', 'a ZIP archive'],
  ['%PDF-', 'a PDF document'],
  ['\u007fELF', 'a program'],
];

/** Recognises a file by its first bytes, where these say that it is no YAML at all. */
export function recognise(bytes: Uint8Array): Stranger | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 512)).toString(
    'latin1',
  );
  for (const [magic, what] of magics)
    if (start.startsWith(magic))
      return { message: `the file is ${what}`, hint: 'rename it, or move it out of the folder' };
  if (start.startsWith('version https://git-lfs.github.com/spec/'))
    return {
      message: 'the file is a Git LFS pointer, and what it points to is not fetched',
      hint: 'commit the manifest itself instead',
    };
  if (/^\s*<(?:!doctype|html|\?xml)/i.test(start))
    return {
      message: 'the file is a web page',
      hint: 'whatever fetched it got an error page; put the manifest there instead',
    };
  return undefined;
}

/** SOPS leaves its own map at the root of what it encrypts. */
export const encrypted: Stranger = {
  message: 'the document is encrypted with SOPS, and nothing here can decrypt it',
  hint: 'commit it in clear; a secret value comes from valueFrom',
};
