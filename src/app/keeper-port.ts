import type { Config } from '../config/config.ts';
import type { ProcessHost } from '../instances/process-host.ts';
import type { SocketSource } from './listeners.ts';

/** Runs one control command; `line` tells of progress. What it throws becomes the answer's error. */
export type CommandHandler = (
	command: string,
	args: Record<string, unknown>,
	line: (text: string) => void,
) => Promise<unknown>;

/** What the control plane needs of the keeper; `KeeperLink` is it. */
export interface Keeper extends SocketSource {
	readonly welcome: {
		readonly active: boolean;
		readonly name: string;
		readonly pid: number;
		readonly generation: number;
		readonly startedAt: number;
		readonly snapshot: unknown;
		readonly died?: { readonly pid: number; readonly how: string; readonly atMs: number } | null;
	};
	readonly processes: ProcessHost;
	ready(): void;
	/** Stops Ballast as a whole, with exit code 1. */
	giveUp(): void;
	/** What the core that follows, after a crash too, should know. */
	keep(snapshot: unknown): void;
	limits(limits: { stopMs: number; drainMs: number }): void;
	toPeer(message: unknown): void;
	/** Resolves once all that was said so far has left this process. */
	sent(): Promise<void>;
}

/** How long the keeper gives a core to stop, and to drain while another one serves. */
export function keeperLimits({ stop, limits }: Pick<Config, 'stop' | 'limits'>): { stopMs: number; drainMs: number } {
	return { stopMs: 2 * stop.graceMs + 10_000, drainMs: stop.graceMs + limits.keepAliveMs + 5000 };
}
