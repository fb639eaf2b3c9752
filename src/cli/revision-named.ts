import { asPlumblineError, PlumblineError } from '../lib/errors.ts';
import type { GitRef } from '../source/git-address.ts';
import type { Source } from '../source/source.ts';

/**
 * A source at a revision as people write it: a full ref name, the id of a commit, or a bare name,
 * which is a branch and, where there is no such branch, a tag. Throws USAGE for an id that is too long.
 */
export function sourceAt(revision: string, at: (ref: GitRef) => Source): Source {
  if (/^[0-9a-f]{64}$/.test(revision))
    throw new PlumblineError('USAGE', 'a commit id of 64 digits is of a SHA-256 repository', {
      hint: 'name a branch or a tag, or a commit of 40 digits; only SHA-1 repositories are read',
    });
  if (/^[0-9a-f]{40}$/.test(revision)) return at({ commit: revision });
  const [, kind, name = revision] = /^refs\/(heads|tags)\/(.+)$/.exec(revision) ?? [];
  if (kind === 'heads') return at({ branch: name });
  if (kind === 'tags') return at({ tag: name });
  return new BranchOrTag(name, at({ branch: name }), at({ tag: name }));
}

/** A source at the branch of a name or, where the repository has none, at the tag. */
class BranchOrTag implements Source {
  readonly name: string;
  readonly origin: string;
  readonly #title: string;
  readonly #branch: Source;
  readonly #tag: Source;

  constructor(title: string, branch: Source, tag: Source) {
    this.name = branch.name;
    this.origin = branch.origin;
    this.#title = title;
    this.#branch = branch;
    this.#tag = tag;
  }

  async revision(signal: AbortSignal): Promise<string> {
    return (await this.#found(signal)).revision;
  }

  async fetch(signal: AbortSignal): ReturnType<Source['fetch']> {
    return (await this.#found(signal)).source.fetch(signal);
  }

  async recall(file: Parameters<Source['recall']>[0]): ReturnType<Source['recall']> {
    return (await this.#branch.recall(file)) ?? this.#tag.recall(file);
  }

  async changes(since: string, signal: AbortSignal): ReturnType<Source['changes']> {
    return (await this.#found(signal)).source.changes(since, signal);
  }

  async watch(): Promise<void> {}

  async close(): Promise<void> {
    await this.#branch.close();
    await this.#tag.close();
  }

  /** Asks for the refs alone: a branch without the source's folder is still the branch that is meant. */
  async #found(signal: AbortSignal): Promise<{ source: Source; revision: string }> {
    for (const source of [this.#branch, this.#tag]) {
      try {
        return { source, revision: await source.revision(signal) };
      } catch (error) {
        if (asPlumblineError(error).code !== 'SOURCE_NOT_FOUND') throw error;
      }
    }
    throw new PlumblineError(
      'SOURCE_NOT_FOUND',
      `source ${this.name}: the repository has no branch and no tag ${this.#title}`,
      { hint: 'check the name; a commit needs all its 40 digits' },
    );
  }
}
