import { inert } from '../core/inert.ts';

/** What happens, a line each, on the terminal or in the service manager's log. */
export type Level = 'info' | 'warn' | 'error';

export interface Event {
	level: Level;
	/** What it is about: a service, an instance, `ballast`. */
	subject: string;
	text: string;
	/** What kind of event it is, and of which pool, where that is counted. */
	kind?: string;
	pool?: string;
}

const LINE_MOST = 2000;
const KEPT = 200;

export class EventLog {
	readonly #write: (line: string) => void;
	/** Gets each event and each line of an instance, too: the store of logs. */
	onEvent: (event: Event) => void = () => {};
	onOutput: (instance: string, stream: 'stdout' | 'stderr', lines: readonly string[]) => void = () => {};
	/** The last events, oldest first. */
	readonly recent: (Event & { at: number })[] = [];

	constructor(write: (line: string) => void = (line) => process.stdout.write(line)) {
		this.#write = write;
	}

	add(told: Event): void {
		const event = { ...told, text: withoutSubject(told) };
		this.recent.push({ ...event, at: Date.now() });
		if (this.recent.length > KEPT) this.recent.shift();
		this.onEvent(event);
		const mark = event.level === 'info' ? '' : `${event.level}: `;
		for (const line of event.text.split('\n')) this.#print(event.subject, `${mark}${line}`);
	}

	/** What an instance printed. */
	output(instance: string, stream: 'stdout' | 'stderr', lines: readonly string[]): void {
		this.onOutput(instance, stream, lines);
		for (const line of lines) this.#print(instance, `| ${line}`);
	}

	#print(subject: string, text: string): void {
		const time = new Date().toISOString().slice(11, 23);
		const cut = text.length > LINE_MOST ? `${text.slice(0, LINE_MOST)}…` : text;
		this.#write(`${time} ${inert(subject).padEnd(12)} ${inert(cut)}\n`);
	}
}

/** A sentence that stands alone elsewhere names first what it is about; here that stands before it already. */
function withoutSubject({ subject, text }: Event): string {
	const name = `${subject}: `;
	return text.startsWith(name) ? text.slice(name.length) : text;
}
