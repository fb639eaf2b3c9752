import type { Policy } from '../../src/plan/change.ts';
import { DaemonLoops, type WatchedTarget } from '../../src/reconcile/daemon.ts';
import { planTarget } from '../../src/reconcile/judge.ts';
import type { Ports } from '../../src/reconcile/ports.ts';
import type { Query } from '../../src/store/database.ts';
import { targetOf } from '../support/ports.ts';
import { clientSelf, Team } from './model.ts';
import {
  type EndpointFault,
  SimulatedClock,
  SimulatedDatabase,
  SimulatedEndpoint,
  SimulatedSource,
  type SourceFault,
  type StoreFault,
} from './outside.ts';
import { Random } from './random.ts';
import { readState, type State } from './state.ts';

/** Something that must never be. */
export class Violation extends Error {}

/** Most deletes of one run that need nobody's consent. */
const deletesAllowed = 3;
const mostSteps = 4;

/** Budgets and fights count for one run only, so that a model without a memory can tell what is due. */
const policy: Partial<Policy> = {
  limits: {
    deletes: { count: deletesAllowed, percent: 100 },
    updates: {},
    exposure: {},
    window: 1,
  },
  fightWindow: 1,
};
const pollMs = 61_000;

/** One member of the simulated world: a repository that a source of the process follows. */
interface Member {
  readonly team: Team;
  readonly source: SimulatedSource;
}

/**
 * One history: a daemon over two sources, its outside, and what happens to them, all of it decided by
 * a seed. The core is the real one: loops, runs, plans, transactions, retries. What must hold is
 * looked at after every step and when all faults have ended; the first thing that does not is thrown.
 */
export class History {
  readonly log: string[] = [];
  readonly #base: Ports;
  readonly #random: Random;
  readonly #clock = new SimulatedClock();
  readonly #endpoint = new SimulatedEndpoint();
  readonly #members: readonly Member[];
  /** How often a person deleted a record with plain SQL, by name. */
  readonly #deletedByHand = new Map<string, number>();
  /** Effects that came before their intent was committed. */
  readonly #early: string[] = [];
  /** The names that were declared before this step, and by each commit of it. */
  #declared: ReadonlySet<string>[] = [];
  #process: Process | undefined;

  constructor(base: Ports, seed: number) {
    this.#base = base;
    this.#random = new Random(seed);
    // Most of what can go wrong needs one source; two show what they do to each other.
    this.#members = (this.#random.chance(60) ? ['team'] : ['team', 'other']).map((name) => ({
      team: new Team(name),
      source: new SimulatedSource(name),
    }));
    this.#endpoint.look = async ({ key: { name } }, verb, key) => {
      const verbs = verb === 'deploy' ? ['deploy', 'redeploy'] : [verb];
      const row = await base.database.read((query) =>
        query('effect')
          .where({ name, idempotency_key: key })
          .whereIn('verb', verbs)
          .first<object>(),
      );
      // Thrown here it would pass for a failure of the endpoint.
      if (row === undefined) this.#early.push(`${verb} ${name}`);
    };
    this.#endpoint.kill = () => this.#running.database.die();
  }

  async play(): Promise<void> {
    try {
      for (let steps = 1 + this.#random.below(mostSteps); steps > 0; steps -= 1) await this.#step();
      await this.#end();
    } finally {
      await this.#process?.stop();
    }
  }

  get #running(): Process {
    this.#process ??= new Process(this.#base, this.#clock, this.#endpoint, this.#members);
    return this.#process;
  }

  async #step(): Promise<void> {
    const before = await this.#state();
    const member = this.#random.of(this.#members);
    const at = this.#random.below(100);
    this.#declared = [this.#declaredNow()];
    if (at < 94) {
      member.team.commit(this.#random);
      this.#say(`${member.team.source} commits`);
    } else await this.#accident(member);
    // A source that does not know any more what has changed is read as a whole.
    member.source.forgets = this.#random.chance(30);
    if (at < 15) this.#breakSource(member);
    else if (at < 55) this.#breakStore();
    else if (at < 70) this.#breakEndpoint();
    else if (at < 80) this.#interleave();
    else if (at < 88) await this.#byHand();
    else if (at < 92) await this.#restart();
    this.#publish();
    await this.#poll();
    const after = await this.#state();
    this.#look(before, after);
    if (this.#random.chance(25)) await this.#dryRun(member);
  }

  /** Everything is gone from a repository at once; it comes back the way it was. */
  async #accident({ team }: Member): Promise<void> {
    const kept = { clients: new Map(team.clients), plugins: new Map(team.plugins) };
    this.#say(`${team.source} is emptied`);
    team.empty();
    this.#publish();
    const before = await this.#state();
    await this.#poll();
    const after = await this.#state();
    const lost = [...before.records.keys()].filter(
      (name) => before.owners.get(name) === team.source && !after.records.has(name),
    );
    // The first source keeps its key, so it is not empty, only much smaller.
    const allowed = team.source === 'team' ? deletesAllowed : 0;
    if (lost.length > allowed) throw new Violation(`an accident deleted ${lost}`);
    for (const [name, client] of kept.clients) team.clients.set(name, client);
    for (const [name, topic] of kept.plugins) team.plugins.set(name, topic);
  }

  #breakSource({ source, team }: Member): void {
    source.fault = this.#random.of<SourceFault>(['away', 'torn', 'unreadable']);
    this.#say(`${team.source} is ${source.fault}`);
  }

  #breakStore(): void {
    const kind = this.#random.of<StoreFault['kind']>(['kills', 'kills', 'busy', 'full']);
    const left = 1 + this.#random.below(110);
    this.#running.database.fault = { kind, left };
    this.#say(`the database ${kind} at ${left}`);
  }

  #breakEndpoint(): void {
    this.#endpoint.fault = this.#random.of<EndpointFault>(['refuses', 'resets', 'kills']);
    this.#say(`the endpoint ${this.#endpoint.fault}`);
  }

  /** Another commit, or a person's edit, in the midst of a run. */
  #interleave(): void {
    const act = this.#random.chance(50)
      ? async () => {
          this.#random.of(this.#members).team.commit(this.#random);
          this.#say('a commit in the midst of it');
          this.#publish();
        }
      : () => this.#byHand();
    this.#running.database.meanwhile = { left: 1 + this.#random.below(12), act };
  }

  /** A person with an SQL prompt changes or deletes a record. */
  async #byHand(): Promise<void> {
    const { records } = await this.#state();
    const clients = [...records].filter(([name, it]) => /_c\d$/.test(name) && !it.deployed);
    const [name] = clients.length === 0 ? [] : this.#random.of(clients);
    if (name === undefined) return;
    const deletes = this.#random.chance(50);
    this.#say(`somebody ${deletes ? 'deletes' : 'edits'} ${name}`);
    await this.#base.database.write(async (query) => {
      if (deletes) await deleteClient(query, name);
      else await query('llm_client').where({ name }).update({ default_model: 'by hand' });
    });
    if (deletes) this.#deletedByHand.set(name, (this.#deletedByHand.get(name) ?? 0) + 1);
  }

  async #restart(): Promise<void> {
    this.#say('the process is stopped and started');
    await this.#process?.stop();
    this.#process = undefined;
  }

  #publish(): void {
    for (const { team, source } of this.#members) source.files = team.files();
    this.#declared.push(this.#declaredNow());
  }

  /** Lets every source be looked at; a process that dies of it is gone when this returns. */
  async #poll(): Promise<void> {
    const running = this.#running;
    await running.poll(pollMs);
    if (!running.database.dead) return;
    this.#say('the process died');
    await running.stop();
    this.#process = undefined;
  }

  #state(): Promise<State> {
    return this.#base.database.read(readState);
  }

  #declaredNow(): ReadonlySet<string> {
    return new Set(this.#members.flatMap(({ team }) => team.names));
  }

  /** What must hold at any moment. */
  #look(before: State, after: State): void {
    if (this.#early.length > 0) throw new Violation(`${this.#early} before it was committed`);
    for (const [name, { self }] of after.records) {
      const selves = this.#members.flatMap(({ team }) => [...(team.selves.get(name) ?? [])]);
      if (!selves.includes(self) && !self.includes('by hand'))
        throw new Violation(`${name} is what nobody ever declared: ${self}`);
    }
    const gone = [...before.records.keys()].filter((name) => !after.records.has(name));
    for (const name of gone)
      if (!this.#deletedByHand.has(name) && this.#declared.every((it) => it.has(name)))
        throw new Violation(`${name} was deleted while it was declared`);
    for (const name of after.records.keys())
      if (!after.owners.has(name) && !this.#deletedByHand.has(name))
        throw new Violation(`${name} is owned by nobody`);
    this.#lookAtJournal(after);
    this.#lookAtEffects(after);
  }

  /** A record is there exactly when the journal says that it came and did not go. */
  #lookAtJournal({ journal, records }: State): void {
    const names = new Set([...records.keys(), ...this.#deletedByHand.keys()]);
    for (const { team } of this.#members) for (const name of team.selves.keys()) names.add(name);
    for (const name of names) {
      const verbs = journal.get(name) ?? [];
      const came = verbs.filter((it) => it === 'create').length;
      const went =
        verbs.filter((it) => it === 'delete').length + (this.#deletedByHand.get(name) ?? 0);
      const there = records.has(name) ? 1 : 0;
      // A run may have planned a delete of what somebody deletes meanwhile.
      if (came - went !== there && !(this.#deletedByHand.has(name) && came - went <= there))
        throw new Violation(`${name}: created ${came}, deleted ${went}, there ${there}`);
    }
  }

  /** As many effects as there were switches, whatever was repeated. */
  #lookAtEffects({ journal }: State): void {
    for (const [title, keys] of this.#endpoint.effects) {
      const [verb, id = ''] = title.split(' ');
      const name = id.slice(id.lastIndexOf('/') + 1);
      const verbs = journal.get(name) ?? [];
      const switches = switchesOf(verbs, verb as string);
      // What has changed before its endpoint had taken it up is told to it anew, as another effect.
      const anew = verb === 'deploy' ? verbs.filter((it) => it === 'update').length : 0;
      if (keys.size > switches + anew)
        throw new Violation(`${title}: ${keys.size} effects for ${switches} switches`);
    }
  }

  async #dryRun({ source }: Member): Promise<void> {
    const { database } = this.#base;
    const changes = () =>
      database.read(async (query) => {
        const [row] = await query.raw<{ n: number }[]>('SELECT total_changes() AS n');
        return row?.n;
      });
    const before = await changes();
    const calls = JSON.stringify([...this.#endpoint.effects.values()].map((it) => it.size));
    source.fault = undefined;
    await planTarget(this.#base, this.#target(source), new AbortController().signal);
    if ((await changes()) !== before) throw new Violation('a plan wrote');
    if (JSON.stringify([...this.#endpoint.effects.values()].map((it) => it.size)) !== calls)
      throw new Violation('a plan called the endpoint');
  }

  #target(source: SimulatedSource) {
    return targetOf(source, policy);
  }

  /** No fault any more: within a few polls all is as declared, and then nothing moves. */
  async #end(): Promise<void> {
    this.#endpoint.fault = undefined;
    for (const { source } of this.#members) source.fault = undefined;
    const { database } = this.#running;
    database.fault = undefined;
    database.meanwhile = undefined;
    this.#publish();
    this.#say('no more faults');
    // One for what the last fault left, one for what waited for the other source.
    for (let polls = 0; polls <= this.#members.length; polls += 1) await this.#poll();
    const state = await this.#state();
    this.#look(state, state);
    for (const { team } of this.#members) this.#compare(team, state);
    this.#compareEndpoint(state);
    // Also to a record that is in no plan: its file cannot be read, or it was deleted by hand.
    if (state.owed.length > 0) throw new Violation(`the endpoint still owes ${state.owed}`);
    await this.#poll();
    const later = await this.#state();
    if (later.entries !== state.entries) throw new Violation('it goes on writing');
  }

  #compare(team: Team, { records, owners }: State): void {
    const due: string[] = [];
    for (const name of team.names) {
      const record = records.get(name);
      const client = team.clients.get(name);
      // What refers to something that cannot be read waits with it.
      if ([name, ...(client?.plugins ?? [])].some((it) => team.broken.has(it))) continue;
      if (record === undefined) throw new Violation(`${name} is declared and not there`);
      const wanted = client === undefined ? team.plugins.get(name) : clientSelf(client);
      if (record.self !== wanted) throw new Violation(`${name} is ${record.self}, not ${wanted}`);
      if (client?.deployed !== undefined && record.deployed !== client.deployed)
        throw new Violation(`${name} is not deployed as declared`);
    }
    for (const [name, source] of owners)
      if (source === team.source && name !== 'gate' && !team.names.includes(name)) due.push(name);
    const stays = this.#deletesWait(team, due.length);
    if (due.length > 0 && !stays) throw new Violation(`${due} should be gone`);
  }

  /** Whether a run of this team may not delete: too many at once, nothing left, or a file that hides names. */
  #deletesWait(team: Team, due: number): boolean {
    const empty = team.source !== 'team' && team.names.length === 0;
    return due > deletesAllowed || empty || team.broken.size > 0;
  }

  #compareEndpoint({ records }: State): void {
    for (const [name, state] of this.#endpoint.state) {
      if (this.#deletedByHand.has(name)) continue;
      const wanted = records.get(name)?.deployed === true ? 'published' : 'withdrawn';
      if (state !== wanted) throw new Violation(`${name} is ${state} outside, not ${wanted}`);
    }
  }

  #say(what: string): void {
    this.log.push(what);
  }
}

/** A life of the simulated process, from its start to its end or death. */
class Process {
  readonly database: SimulatedDatabase;
  readonly #daemon: DaemonLoops;
  readonly #clock: SimulatedClock;
  readonly #stop = new AbortController();
  readonly #finished = new Map<string, number>();
  readonly #sources: number;
  #run: Promise<void> | undefined;

  constructor(
    base: Ports,
    clock: SimulatedClock,
    endpoint: SimulatedEndpoint,
    members: readonly Member[],
  ) {
    this.database = new SimulatedDatabase(base.database);
    this.#clock = clock;
    this.#sources = members.length;
    const ports = { ...base, clock, endpoint, database: this.database };
    const targets = members.map(
      ({ source }): WatchedTarget => ({
        ...targetOf(source, policy),
        rhythm: { interval: 60_000 },
        location: source.name,
      }),
    );
    this.#daemon = new DaemonLoops(ports, targets);
    this.#daemon.onRun(({ name }) => this.#finished.set(name, (this.#finished.get(name) ?? 0) + 1));
  }

  /** Starts it, or lets time pass, and waits until every source has been looked at. */
  async poll(milliseconds: number): Promise<void> {
    const before = new Map(this.#finished);
    const rested = () =>
      this.#finished.size === this.#sources &&
      this.#daemon
        .status()
        .every(
          ({ name, nextRunAt }) =>
            nextRunAt !== undefined && (this.#finished.get(name) ?? 0) > (before.get(name) ?? 0),
        );
    if (this.#run === undefined) this.#run = this.#daemon.run(this.#stop.signal);
    else this.#clock.advance(milliseconds);
    await this.#clock.until(rested);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#run;
  }
}

/** A switch that is told again, with no other between, is another try of the same one. */
function switchesOf(verbs: readonly string[], verb: string): number {
  const told = verbs.filter((it) => it !== 'update' && it !== 'adopt');
  return told.filter((it, at) => it === verb && told[at - 1] !== verb).length;
}

async function deleteClient(query: Query, name: string): Promise<void> {
  const row = await query('llm_client').where({ name }).first<{ id: number } | undefined>('id');
  if (row === undefined) return;
  for (const child of ['plugin', 'function', 'api_key', 'custom_domain'])
    await query(`llm_client_${child}`).where({ llm_client_id: row.id }).delete();
  await query('llm_client').where(row).delete();
}
