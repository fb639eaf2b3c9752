import { clientYaml, pluginYaml, tokenYaml } from '../support/world.ts';
import type { Random } from './random.ts';

/*
 * What a team wants, as plain values: the simulation's idea of the truth. It knows nothing of plans,
 * steps or rows; it only remembers what was declared, and when.
 */

export interface Client {
  readonly model: string;
  readonly prompts: readonly string[];
  readonly plugins: readonly string[];
  /** Undefined where Git leaves it to people. */
  readonly deployed: boolean | undefined;
}

export const gate = 'gate';

/** The repository of one source: what its files declare, and which of them are broken. */
export class Team {
  readonly source: string;
  readonly clients = new Map<string, Client>();
  readonly plugins = new Map<string, string>();
  /** Names whose file is broken at the moment: it does not parse, or says what it must not. */
  readonly broken = new Map<string, 'torn' | 'wrong'>();
  /** Every self that a record may have had, by name: what was declared at any time. */
  readonly selves = new Map<string, Set<string>>();
  #folder = 0;

  constructor(source: string) {
    this.source = source;
  }

  get names(): readonly string[] {
    return [...this.clients.keys(), ...this.plugins.keys()];
  }

  /** The files as they are now. A move puts the same manifests elsewhere. */
  files(): Record<string, string> {
    const files: Record<string, string> = {};
    const put = (name: string, text: string) => {
      const how = this.broken.get(name);
      const broken = how === 'torn' ? `${text.slice(0, -4)}"` : text.replace('"spec"', '"spek"');
      files[`${this.#folder}/${name}.yaml`] = how === undefined ? text : broken;
    };
    if (this.source === 'team') put(gate, tokenYaml(gate));
    for (const [name, topic] of this.plugins) put(name, pluginYaml(name, { topic }));
    for (const [name, client] of this.clients) {
      const { model, prompts, plugins, deployed } = client;
      const config = { defaultModel: model, appExamplePrompts: prompts };
      put(
        name,
        clientYaml(name, deployed === undefined ? config : { ...config, deployed }, {
          apiKey: gate,
          plugins,
        }),
      );
    }
    return files;
  }

  /** One commit: a few edits at once. */
  commit(random: Random): void {
    for (let edits = 1 + random.below(3); edits > 0; edits -= 1) this.#edit(random);
    for (const [name, client] of this.clients) this.#remember(name, clientSelf(client));
    for (const [name, topic] of this.plugins) this.#remember(name, topic);
  }

  /** Everything goes, as a wrong path or an emptied branch does it. */
  empty(): void {
    this.clients.clear();
    this.plugins.clear();
    this.broken.clear();
  }

  #edit(random: Random): void {
    const at = random.below(20);
    const client = `${this.source}_c${random.below(4)}`;
    const plugin = `${this.source}_p${random.below(3)}`;
    if (at < 8) this.clients.set(client, this.#someClient(random));
    else if (at < 11) this.plugins.set(plugin, `topic ${random.below(6)}`);
    else if (at < 14) this.#remove(client);
    else if (at < 16) this.#remove(plugin);
    else if (at < 17) this.#folder += 1;
    else if (at < 18 && this.names.length > 0)
      this.broken.set(random.of(this.names), random.of(['torn', 'wrong']));
    else this.broken.clear();
  }

  #someClient(random: Random): Client {
    const plugins = [...this.plugins.keys()].filter(() => random.chance(50));
    return {
      model: `model-${random.below(5)}`,
      prompts: ['a', 'b', 'c'].slice(random.below(3)),
      plugins,
      deployed: random.of([undefined, true, false]),
    };
  }

  /** What refers to a plugin lets go of it in the same commit. */
  #remove(name: string): void {
    this.clients.delete(name);
    this.broken.delete(name);
    if (!this.plugins.delete(name)) return;
    for (const [client, it] of this.clients)
      this.clients.set(client, { ...it, plugins: it.plugins.filter((at) => at !== name) });
  }

  #remember(name: string, self: string): void {
    const known = this.selves.get(name) ?? new Set();
    this.selves.set(name, known.add(self));
  }
}

/** A client as one text, without what Git leaves to people. */
export function clientSelf({ model, prompts, plugins }: Omit<Client, 'deployed'>): string {
  return JSON.stringify([model, prompts, [...plugins].sort()]);
}
