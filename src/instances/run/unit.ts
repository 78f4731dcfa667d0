/**
 * One local instance: a process, and the ones that follow it under the same id when it ends.
 *
 * start → (ready | not ready in time → ended) → ended → back-off → start; a unit that is `leaving`
 * is not started again, and `end` stops it for good.
 */
import { BallastError } from '../../core/errors.ts';
import { formatSize } from '../../core/units.ts';
import type { RunConfig } from '../config.ts';
import type { ProcessSpec, RunningProcess } from '../process-host.ts';
import type { InstanceEvent, Life, ProvidedInstance } from '../provider.ts';
import { afterDelay, endText, inSeconds } from '../wording.ts';
import { instanceEnvironment } from './environment.ts';
import { freePort } from './free-port.ts';
import { addressInUse, cleanLine, printedText, secretsOf, tellingLine } from './printed.ts';
import type { Ending, Processes } from './processes.ts';
import { afterEnd, jittered, NO_ENDS } from './restarts.ts';
import type { ProcessSizes } from './sizes/process-sizes.ts';

export const INSTANCE_HOST = '127.0.0.1';
/** Other ports that are tried in a row when one was taken before the instance had it. */
const PORT_TRIES = 5;
/** From SIGTERM to SIGKILL for a process that never became ready, at most. */
const UNREADY_GRACE_MS = 5_000;
/** With these a shell says that what it was to start is not there, or may not be executed (POSIX, Shell Command Language §2.8.2). */
const CANNOT_START = new Set([126, 127]);
/** Ends before the first ready that a rolling replacement waits for. */
const ENDS_BEFORE_GIVING_UP = 3;

/** What a unit is started from. */
export interface Launch {
	readonly config: RunConfig;
	readonly hash: string;
	/** Order of birth within the service. */
	readonly born: number;
}

export interface UnitOwner {
	readonly service: string;
	readonly processes: Processes;
	changed(unit: Unit): void;
	/** The unit ended for good. */
	gone(unit: Unit): void;
	/** First ready of a life that this core started. */
	started(afterMs: number): void;
	/** Its command cannot be started, and that will not change by itself. */
	hopeless(why: string): void;
	/** What the next start of a unit that another core started is made from. */
	renew(unit: Unit): Launch;
	event(event: InstanceEvent): void;
	/** What holds processes to their size. */
	sizes(): ProcessSizes;
}

export class Unit {
	readonly id: string;
	launch: Launch;
	/** Started beside the desired number, by a rolling replacement. */
	surge = false;
	leaving = false;
	port = 0;
	pid: number | null = null;
	readyAt: number | null = null;
	readonly #owner: UnitOwner;
	#life: Life = 'pending';
	#epoch = 0;
	#startedAt = Date.now();
	#restarts = 0;
	#note = '';
	#history = NO_ENDS;
	#portTries = 0;
	/** Why the last probe failed; '' when it did not. */
	#probed = '';
	#adopted = false;
	/** It is held to a size. */
	#sized = false;
	#sizeFailure = '';
	#passive = false;
	#closed = false;
	/** Why this core ended the present process; '' when it did not. */
	#ended = '';
	#ending: { killAt: number; done: () => void; ended: Promise<void> } | null = null;
	#timer: NodeJS.Timeout | undefined;
	#killTimer: NodeJS.Timeout | undefined;
	#settle: (failure: string | null) => void = () => {};
	/** null once it was ready for the first time, else why it will not be. */
	readonly settled: Promise<string | null>;

	constructor(id: string, launch: Launch, owner: UnitOwner) {
		this.id = id;
		this.launch = launch;
		this.#owner = owner;
		this.settled = new Promise((resolve) => {
			this.#settle = resolve;
		});
	}

	/** Takes over a process that an earlier core started. */
	static adopt(process: RunningProcess, launch: Launch, owner: UnitOwner): Unit {
		const unit = new Unit(process.id, launch, owner);
		unit.#adopted = true;
		unit.#life = 'running';
		unit.#epoch = 1;
		unit.#startedAt = process.startedAt;
		unit.#restarts = Number(process.labels['restarts']) || 0;
		unit.port = Number(process.labels['port']);
		unit.pid = process.pid;
		owner.processes.own(unit.id, (ending) => unit.#exited(ending));
		unit.giveSize();
		return unit;
	}

	view(): ProvidedInstance {
		return {
			id: this.id,
			host: INSTANCE_HOST,
			port: this.port,
			tls: false,
			weight: 1,
			life: this.leaving ? 'leaving' : this.#life,
			pid: this.pid,
			epoch: this.#epoch,
			startedAt: this.#startedAt,
			restarts: this.#restarts,
			note: this.#note,
		};
	}

	async start(): Promise<void> {
		const epoch = ++this.#epoch;
		this.#life = 'pending';
		this.readyAt = null;
		this.#ended = '';
		this.#probed = '';
		if (this.#adopted) this.launch = this.#owner.renew(this);
		this.#adopted = false;
		this.#startedAt = Date.now();
		this.#owner.changed(this);
		try {
			this.port = await freePort(INSTANCE_HOST);
			if (this.#closed) return;
			if (this.leaving || this.#passive) return this.#finish();
			const { pid } = await this.#owner.processes.spawn(this.#spec(), (ending) => this.#exited(ending));
			// It may have ended before its start was reported.
			if (this.#epoch === epoch && this.#life === 'pending' && !this.#closed) this.#spawned(pid);
		} catch (error) {
			if (!this.#closed) this.#failedToStart(error);
		}
	}

	/** The probes' word. */
	reached(up: boolean, why: string): void {
		this.#probed = why;
		if (!up || this.readyAt !== null || this.#life !== 'running') return;
		this.readyAt = Date.now();
		this.#note = '';
		this.#portTries = 0;
		clearTimeout(this.#timer);
		if (!this.#adopted) this.#owner.started(this.readyAt - this.#startedAt);
		this.#settle(null);
	}

	/** No more requests and no more starts; the watcher drains it and then calls `end`. */
	leave(note: string): void {
		if (this.leaving) return;
		this.leaving = true;
		this.#note = note;
		clearTimeout(this.#timer);
		this.#settle(`${this.id} was taken away`);
		this.#owner.changed(this);
	}

	/** SIGTERM now, SIGKILL at `killAt`. Resolves once the process is gone. */
	end(killAt: number): Promise<void> {
		this.leaving = true;
		clearTimeout(this.#timer);
		this.#settle(`${this.id} was stopped`);
		if (this.pid === null && this.#life !== 'pending') {
			this.#owner.gone(this);
			return Promise.resolve();
		}
		if (this.#ending) {
			this.#ending.killAt = Math.min(killAt, this.#ending.killAt);
			if (this.pid !== null) this.#killAt(this.#ending.killAt);
			return this.#ending.ended;
		}
		const { promise, resolve } = Promise.withResolvers<void>();
		this.#ending = { killAt, done: resolve, ended: promise };
		if (this.pid !== null) this.#terminate(killAt);
		return promise;
	}

	/** While passive a unit watches its process and does nothing. False: there is nothing left to watch. */
	setPassive(passive: boolean): boolean {
		this.#passive = passive;
		clearTimeout(this.#timer);
		clearTimeout(this.#killTimer);
		if (!passive) {
			if (this.#life === 'running' && this.readyAt === null) this.#limitStart();
			return true;
		}
		this.leaving = false;
		this.surge = false;
		this.#settle('this core no longer leads');
		this.#ending?.done();
		this.#ending = null;
		return this.#life !== 'exited';
	}

	/** Lets go of timers and the process, which goes on without it. */
	close(): void {
		this.#closed = true;
		clearTimeout(this.#timer);
		clearTimeout(this.#killTimer);
		this.#owner.processes.disown(this.id);
		this.#settle('Ballast is stopping');
	}

	#spec(): ProcessSpec {
		const { config, hash } = this.launch;
		return {
			id: this.id,
			service: this.#owner.service,
			command: config.command,
			cwd: config.cwd,
			env: instanceEnvironment(config, { id: this.id, port: this.port }),
			user: config.user,
			labels: { service: this.#owner.service, port: String(this.port), hash, restarts: String(this.#restarts) },
		};
	}

	#spawned(pid: number): void {
		this.pid = pid;
		this.#life = 'running';
		this.giveSize();
		if (this.#ending) this.#terminate(this.#ending.killAt);
		else if (!this.#passive && !this.leaving) this.#limitStart();
		const text = `${this.id} started on ${INSTANCE_HOST}:${this.port} (pid ${pid})`;
		this.#owner.event({ instance: this.id, kind: 'started', level: 'info', text });
		this.#owner.changed(this);
	}

	/** Holds its process to the size of its launch. */
	giveSize(): void {
		const { size } = this.launch.config;
		const bounded = size !== undefined && (size.cpu !== null || size.memoryBytes !== null);
		if (this.pid === null || size === undefined || !(bounded || this.#sized)) return;
		this.#sized = bounded;
		const failure = this.#owner.sizes().give(this.id, this.pid, size);
		if (failure === null || failure === this.#sizeFailure) return;
		this.#sizeFailure = failure;
		this.#owner.event({ instance: this.id, kind: 'size', level: 'warn', text: `${this.id}: ${failure}` });
	}

	/** How its process ended, and whether it was for want of memory. */
	#endText(ending: Ending): string {
		const how = endText(ending);
		if (!this.#sized || !this.#owner.sizes().ended(this.id)) return how;
		const given = formatSize(this.launch.config.size?.memoryBytes ?? 0);
		const text = `${this.id} needed more than the ${given} of memory that it is given`;
		this.#owner.event({ instance: this.id, kind: 'out_of_memory', level: 'warn', text });
		return `${how} for want of memory (${given})`;
	}

	#limitStart(): void {
		const { startMs } = this.launch.config;
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => {
			const probed = this.#probed === '' ? '' : ` (last its probe failed: ${this.#probed})`;
			this.#ended = `was not ready within ${inSeconds(startMs)}${probed}`;
			const hint = `it must listen on the port that ${this.launch.config.portEnv} names (${this.port})`;
			const text = `${this.id} ${this.#ended} and is stopped: ${hint}; ${this.#printed()}`;
			const cause = `${this.id} ${this.#ended}; ${this.#printed()}`;
			this.#owner.event({ instance: this.id, kind: 'start_timeout', level: 'error', text, cause });
			this.#settle(cause);
			this.#terminate(Date.now() + Math.min(this.launch.config.graceMs, UNREADY_GRACE_MS));
		}, startMs);
	}

	#terminate(killAt: number): void {
		this.#owner.processes.signal(this.id, 'SIGTERM');
		this.#killAt(killAt);
	}

	#killAt(killAt: number): void {
		clearTimeout(this.#killTimer);
		this.#killTimer = setTimeout(
			() => {
				const text = `${this.id} did not end in time and was killed`;
				this.#owner.event({ instance: this.id, kind: 'killed', level: 'warn', text });
				this.#owner.processes.signal(this.id, 'SIGKILL');
			},
			Math.max(0, killAt - Date.now()),
		);
	}

	#exited(ending: Ending): void {
		const readyMs = this.readyAt === null ? null : Date.now() - this.readyAt;
		const how = this.#endText(ending);
		this.pid = null;
		this.#life = 'exited';
		clearTimeout(this.#timer);
		clearTimeout(this.#killTimer);
		if (this.#ending || this.#passive || this.leaving) return this.#finish();
		const lines = this.#owner.processes.lastLines(this.id);
		if (readyMs === null && addressInUse(lines) && this.#portTries++ < PORT_TRIES) {
			const text = `${this.id}: port ${this.port} was taken by another program, trying another`;
			this.#owner.event({ instance: this.id, kind: 'port_retry', level: 'warn', text });
			void this.start();
			return;
		}
		if (readyMs === null && CANNOT_START.has(ending.code ?? 0))
			this.#owner.hopeless(`${this.launch.config.command[0]} ${how}; ${this.#printed()}`);
		this.#again(this.#ended === '' ? how : `${this.#ended} and ${how}`, tellingLine(lines, this.#secrets()), readyMs);
	}

	#failedToStart(error: unknown): void {
		this.pid = null;
		this.#life = 'exited';
		const why = cleanLine(error instanceof Error ? error.message : String(error), this.#secrets());
		const known = error instanceof BallastError && error.code === 'start_failed';
		this.#settle(known ? `${this.id} could not be started: ${why}` : `${this.id} failed to start: ${why}`);
		if (this.#ending || this.#passive || this.leaving) return this.#finish();
		if (known && error.details['lasting'] === true) this.#owner.hopeless(why);
		this.#again(`could not be started (${why})`, '', null);
	}

	#finish(): void {
		const done = this.#ending?.done;
		this.#ending = null;
		this.#owner.gone(this);
		done?.();
	}

	/** Plans the next start and says why the last one ended. */
	#again(how: string, why: string, readyMs: number | null): void {
		const { history, delayMs, crashLoop } = afterEnd(this.#history, Date.now(), readyMs);
		this.#history = history;
		const waitMs = jittered(delayMs, Math.random());
		const reason = why === '' ? '' : `: ${why}`;
		this.#note = `${how}, restarting ${afterDelay(waitMs)}${reason}`;
		const text = `${this.id} ${this.#note}`;
		this.#owner.event({ instance: this.id, kind: 'exited', level: 'warn', text, cause: `${this.id} ${how}${reason}` });
		if (crashLoop) {
			const often = `${this.id} keeps failing: ${history.ends.length} times within 60 s, last it ${how}; ${this.#printed()}`;
			this.#owner.event({ instance: this.id, kind: 'crash_loop', level: 'error', text: often });
		}
		if (history.failures >= ENDS_BEFORE_GIVING_UP) {
			this.#settle(`${this.id} ${how}, ${history.failures} times in a row; ${this.#printed()}`);
		}
		this.#owner.changed(this);
		this.#timer = setTimeout(() => {
			this.#restarts++;
			void this.start();
		}, waitMs);
	}

	#printed(): string {
		return printedText(this.#owner.processes.lastLines(this.id), this.#secrets());
	}

	#secrets(): string[] {
		return secretsOf(this.launch.config);
	}
}
