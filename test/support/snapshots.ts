import type { Snapshot, Source } from '../../src/source/source.ts';

/** A signal that never fires. */
export const never = new AbortController().signal;

/** Every file of a snapshot with its text. */
export async function textsOf(snapshot: Snapshot): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for await (const { file, bytes } of snapshot.read(snapshot.files)) {
    texts[file.path] = Buffer.from(bytes).toString();
  }
  return texts;
}

/** Every file that a source has now, with its text. */
export async function textsIn(source: Source): Promise<Record<string, string>> {
  return textsOf(await source.fetch(never));
}

/** The problems of a snapshot as `CODE path`, in its order. */
export function problemsOf(snapshot: Snapshot): string[] {
  return snapshot.problems.map((it) => `${it.code} ${it.file}`);
}
