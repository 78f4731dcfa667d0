import { createHash, randomBytes } from 'node:crypto';
import { BallastError } from '../../core/errors.ts';
import { redisFault } from '../../redis/redis-fault.ts';
import { ADDING_SCRIPT } from './adding-script.ts';
import { CHANGING_SCRIPT, QUEUE_SCRIPT } from './changing-script.ts';
import { CLAIMING_SCRIPT } from './claiming-script.ts';
import { LEDGER_SCRIPT } from './ledger-script.ts';
import {
	DUE_SCRIPT,
	GONE_CHANGING_SCRIPT,
	GONE_SCRIPT,
	OWNER_SCRIPT,
	SECRET_SCRIPT,
	SECRET_SETTING_SCRIPT,
	SETTLING_SCRIPT,
	UNTOLD_SCRIPT,
} from './noticing-script.ts';
import { GETTING_SCRIPT, LISTING_SCRIPT, SUMS_SCRIPT } from './reading-script.ts';
import { REPORTING_SCRIPT } from './reporting-script.ts';
import { FILES_SCRIPT, SWEEPING_SCRIPT } from './sweeping-script.ts';

export type Argument = string | Buffer;

/** What of a connection to Redis is used; `src/redis` has it. */
export interface JobLink {
	readonly ready: boolean;
	run(key: string, command: readonly Argument[], options?: { timeoutMs?: number; buffers?: boolean }): Promise<unknown>;
	close(): void;
}

export interface ScriptOptions {
	readonly link: JobLink;
	/** All keys begin so, the hash tag in it. */
	readonly prefix: string;
	/** Replicas that must have what was written before it counts; 0: the primary alone will do. */
	readonly replicas: number;
	/** They have so long, ms. */
	readonly replicasMs: number;
	/** A command has failed by then, ms. */
	readonly commandMs: number;
}

/**
 * `allow-oom`: with its memory full Redis still hands out jobs, hears how they end and lets go of old ones; only new ones
 * are refused. Flags are known from Redis 7.0 on, and to each Valkey.
 */
const script = (own: string, flags: '' | 'allow-oom' | 'no-writes'): { text: string; sha: string } => {
	const text = `#!lua flags=${flags}\n${LEDGER_SCRIPT}${own}`;
	return { text, sha: createHash('sha1').update(text).digest('hex') };
};

const SCRIPTS = {
	add: script(ADDING_SCRIPT, ''),
	claim: script(CLAIMING_SCRIPT, 'allow-oom'),
	report: script(REPORTING_SCRIPT, 'allow-oom'),
	change: script(CHANGING_SCRIPT, 'allow-oom'),
	queue: script(QUEUE_SCRIPT, 'allow-oom'),
	get: script(GETTING_SCRIPT, 'no-writes'),
	list: script(LISTING_SCRIPT, 'no-writes'),
	sums: script(SUMS_SCRIPT, 'no-writes'),
	sweep: script(SWEEPING_SCRIPT, 'allow-oom'),
	files: script(FILES_SCRIPT, 'allow-oom'),
	due: script(DUE_SCRIPT, 'allow-oom'),
	settle: script(SETTLING_SCRIPT, 'allow-oom'),
	untold: script(UNTOLD_SCRIPT, 'no-writes'),
	gone: script(GONE_SCRIPT, 'no-writes'),
	changeGone: script(GONE_CHANGING_SCRIPT, 'allow-oom'),
	owner: script(OWNER_SCRIPT, 'no-writes'),
	secret: script(SECRET_SCRIPT, 'no-writes'),
	setSecret: script(SECRET_SETTING_SCRIPT, 'allow-oom'),
};
export type ScriptName = keyof typeof SCRIPTS;

const READS: ReadonlySet<ScriptName> = new Set(['get', 'list', 'sums', 'untold', 'gone', 'owner', 'secret']);

/** Runs the scripts: what it answers is stored, by as many as are configured. */
export class JobScripts {
	/** Who asks; of others what they changed is told. */
	readonly name: string = randomBytes(9).toString('base64url');
	/** Calls of which it is not known yet, or cannot be, what they changed. */
	readonly open = new Set<number>();
	readonly #options: ScriptOptions;
	readonly #changed: (text: string) => void;
	readonly #running = new Set<Promise<unknown>>();
	#calls = 0;

	/** `changed`: what a call changed, as the stream of changes says it. */
	constructor(options: ScriptOptions, changed: (text: string) => void) {
		this.#options = options;
		this.#changed = changed;
	}

	/** A number for tokens that no other call has. */
	get next(): string {
		return `${this.name}.${this.#calls + 1}`;
	}

	/** Resolves when all calls are answered that were made before. */
	async settled(): Promise<void> {
		await Promise.allSettled(this.#running);
	}

	/** @throws BallastError `jobs_unavailable` */
	run(name: ScriptName, args: readonly Argument[]): Promise<unknown> {
		const running = this.#run(name, args).finally(() => this.#running.delete(running));
		this.#running.add(running);
		return running;
	}

	async #run(name: ScriptName, args: readonly Argument[]): Promise<unknown> {
		const call = ++this.#calls;
		const isRead = READS.has(name);
		if (!isRead) this.open.add(call);
		try {
			const answer = (await this.#stored(name, [this.name, `${call}`, ...args], isRead)) as [Buffer, unknown];
			this.open.delete(call);
			const text = answer[0].toString();
			if (text !== '') this.#changed(text);
			return answer[1];
		} catch (error) {
			throw unavailable(error);
		}
	}

	async #stored(name: ScriptName, args: readonly Argument[], isRead: boolean): Promise<unknown> {
		const { replicas } = this.#options;
		if (isRead || replicas === 0) return this.#evaluate(name, args);
		// WAIT holds for what its own connection wrote. That nothing broke and was made anew between the two is told by a
		// name that the connection has from before: another one would say that all replicas have all of nothing.
		const mark = `ballast-${this.next}`;
		const [, answer, kept, marked] = await Promise.all([
			this.#send(['CLIENT', 'SETNAME', mark]),
			this.#evaluate(name, args),
			this.#send(['WAIT', `${replicas}`, `${this.#options.replicasMs}`]),
			this.#send(['CLIENT', 'GETNAME']),
		]);
		if (String(marked) !== mark) throw new BallastError('jobs_unavailable', 'the connection to Redis broke');
		if (Number(kept) < replicas) {
			const message = `only ${Number(kept)} of ${replicas} replicas have it after ${this.#options.replicasMs} ms`;
			throw new BallastError('jobs_unavailable', message);
		}
		return answer;
	}

	async #evaluate(name: ScriptName, args: readonly Argument[]): Promise<unknown> {
		const { text, sha } = SCRIPTS[name];
		const { prefix } = this.#options;
		try {
			return await this.#send(['EVALSHA', sha, '1', prefix, ...args]);
		} catch (error) {
			if (redisFault(error).message !== 'NOSCRIPT') throw error;
			return this.#send(['EVAL', text, '1', prefix, ...args]);
		}
	}

	#send(command: readonly Argument[]): Promise<unknown> {
		const { link, prefix, commandMs, replicasMs } = this.#options;
		return link.run(prefix, command, { timeoutMs: commandMs + replicasMs, buffers: true });
	}

	/** What others changed, from `after` on; null: it cannot be told now. */
	async news(after: string): Promise<{ last: string; texts: string[] } | null> {
		const key = `${this.#options.prefix}changes`;
		try {
			const answer = (await this.#send(['XREAD', 'COUNT', '1000', 'STREAMS', key, after])) as StreamAnswer;
			const entries = answer?.[0]?.[1] ?? [];
			const texts = entries.flatMap(([, fields]) => {
				const [, opener, , call, , text] = fields.map(String);
				return opener === this.name && !this.open.has(Number(call)) ? [] : [text ?? ''];
			});
			return { last: entries.at(-1)?.[0].toString() ?? after, texts };
		} catch {
			return null;
		}
	}

	/** Where the stream of changes ends now; null: it cannot be told. */
	async end(): Promise<string | null> {
		try {
			const key = `${this.#options.prefix}changes`;
			const answer = (await this.#send(['XREVRANGE', key, '+', '-', 'COUNT', '1'])) as Entry[];
			return answer[0]?.[0].toString() ?? '0-0';
		} catch {
			return null;
		}
	}
}

type Entry = [Buffer, Buffer[]];
type StreamAnswer = [Buffer, Entry[]][] | null;

/** What Redis refuses by, for people. */
const WORDS: Readonly<Record<string, string>> = {
	OOM: 'Redis has no memory left (`maxmemory`)',
	NOREPLICAS: 'Redis has too few replicas (`min-replicas-to-write`)',
	READONLY: 'this Redis is a replica now',
	MISCONF: 'Redis cannot write to its disk',
	LOADING: 'Redis is reading its file',
	MASTERDOWN: 'Redis has lost its primary',
	NOPERM: 'Redis does not allow it (ACL)',
};

function unavailable(error: unknown): BallastError {
	if (error instanceof BallastError) return error;
	const { message } = redisFault(error);
	return new BallastError('jobs_unavailable', WORDS[message] ?? `Redis: ${message}`, {}, error);
}
