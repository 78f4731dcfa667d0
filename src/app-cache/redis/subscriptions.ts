/** What other instances tell: one connection that listens, for BentoCache's bus and for the versions of tables. */
import type { RedisConnection } from './redis-connection.ts';

export interface Subscriptions {
	/** Hears a channel from now on, and again after each loss of the connection; `missed` is called when some may be lost. */
	listen(channel: string, hear: (message: string) => void, missed: () => void): void;
	/** The transport of a bus as BentoCache takes it; `prefix` is that of its keys. */
	bus(prefix: string): BusTransport;
}

/** As `@boringnode/bus` has it. */
export interface BusTransport {
	setId(id: string): BusTransport;
	onReconnect(callback: () => void): void;
	publish(channel: string, message: unknown): Promise<void>;
	subscribe(channel: string, handler: (message: unknown) => void): Promise<void>;
	unsubscribe(channel: string): Promise<void>;
	disconnect(): Promise<void>;
}

/** Longer messages are nobody's that we know. */
const MOST_CHARACTERS = 1_048_576;
/** BentoCache's message that empties the memory of one instance. */
const CLEAR = 'clear';

interface Listener {
	hear(message: string): void;
	missed(): void;
}

export function listenOn(listening: RedisConnection, commands: RedisConnection): Subscriptions {
	const listeners = new Map<string, Listener>();
	const reconnected: (() => void)[] = [];
	let lost = false;
	listening.on('close', () => {
		lost = true;
	});
	// ioredis has subscribed again by itself before it says so.
	listening.on('ready', () => {
		if (!lost) return;
		lost = false;
		for (const { missed } of listeners.values()) missed();
		for (const callback of reconnected) callback();
	});
	listening.on('message', (channel: string, message: string) => {
		if (message.length <= MOST_CHARACTERS) listeners.get(channel)?.hear(message);
	});

	function listen(channel: string, hear: (message: string) => void, missed: () => void): void {
		listeners.set(channel, { hear, missed });
		listening.subscribe(channel).catch(() => undefined);
	}

	return {
		listen,
		bus: (prefix) =>
			busOf({ prefix, listen, publish: (channel, text) => commands.publish(channel, text), reconnected }),
	};
}

interface Wire {
	prefix: string;
	listen: Subscriptions['listen'];
	publish(channel: string, text: string): Promise<unknown>;
	reconnected: (() => void)[];
}

function busOf({ prefix, listen, publish, reconnected }: Wire): BusTransport {
	let own = '';
	const transport: BusTransport = {
		setId(id) {
			own = id;
			return transport;
		},
		onReconnect: (callback) => void reconnected.push(callback),
		async publish(channel, message) {
			await publish(channel, JSON.stringify({ from: own, message }));
		},
		async subscribe(channel, handler) {
			listen(
				channel,
				(text) => {
					const told = parseTold(text);
					if (told !== undefined && told.from !== own) handler(told.message);
				},
				// What was told meanwhile is not known: nothing in memory may be trusted.
				() => handler({ type: CLEAR, keys: [], namespace: prefix }),
			);
		},
		unsubscribe: async () => undefined,
		disconnect: async () => undefined,
	};
	return transport;
}

function parseTold(text: string): { from: unknown; message: object } | undefined {
	try {
		const { from, message } = JSON.parse(text);
		return typeof message === 'object' && message !== null && Array.isArray(message.keys)
			? { from, message }
			: undefined;
	} catch {
		return undefined;
	}
}
