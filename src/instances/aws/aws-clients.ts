/** The official SDK's clients: loaded when first needed, made anew when their credentials are refused. */
import { PlatformError } from '../platform/platform-error.ts';
import type { Action, Actions, CallAws } from './actions.ts';
import { translated } from './aws-error.ts';
import type { AwsConfig } from './config.ts';

interface Client {
	send(command: object, options: { abortSignal: AbortSignal }): Promise<unknown>;
	destroy(): void;
}

interface Held {
	readonly client: Client;
	/** Calls under way. */
	busy: number;
}

type Made<T> = new (input: object) => T;
/** What a package of the SDK exports: `AutoScalingClient`, `SetDesiredCapacityCommand` … */
type Package = Record<string, unknown>;

interface Source {
	readonly name: string;
	readonly client: string;
	readonly load: () => Promise<object>;
}

/** By the prefix of an action. */
export const AWS_PACKAGES: Readonly<Record<string, Source>> = {
	autoscaling: {
		name: '@aws-sdk/client-auto-scaling',
		client: 'AutoScalingClient',
		load: () => import('@aws-sdk/client-auto-scaling'),
	},
	ec2: { name: '@aws-sdk/client-ec2', client: 'EC2Client', load: () => import('@aws-sdk/client-ec2') },
	elasticloadbalancing: {
		name: '@aws-sdk/client-elastic-load-balancing-v2',
		client: 'ElasticLoadBalancingV2Client',
		load: () => import('@aws-sdk/client-elastic-load-balancing-v2'),
	},
	cloudwatch: {
		name: '@aws-sdk/client-cloudwatch',
		client: 'CloudWatchClient',
		load: () => import('@aws-sdk/client-cloudwatch'),
	},
};

/** Of the SDK itself, the first included; whoever calls tries again, later. */
const MAX_ATTEMPTS = 2;
const CONNECT_MS = 3_000;
const REQUEST_MS = 15_000;

export class AwsClients {
	readonly #config: AwsConfig;
	readonly #packages: Readonly<Record<string, Source>>;
	readonly #clients = new Map<string, Held>();
	#closed = false;

	/** @param packages another set, for tests */
	constructor(config: AwsConfig, packages: Readonly<Record<string, Source>> = AWS_PACKAGES) {
		this.#config = config;
		this.#packages = packages;
	}

	readonly call: CallAws = async <A extends Action>(action: A, input: Actions[A]['input'], signal: AbortSignal) => {
		const [prefix = '', name = ''] = action.split(':');
		const source = this.#packages[prefix] as Source;
		const loaded = await load(source);
		try {
			signal.throwIfAborted();
			const Command = loaded[`${name}Command`] as Made<object>;
			const send = (client: Client) => client.send(new Command(input), { abortSignal: signal });
			return (await this.#with(this.#client(prefix, loaded), send)) as Actions[A]['output'];
		} catch (error) {
			const fault = translated(error, action);
			if (fault.fault === 'credentials') this.#forget();
			throw fault;
		}
	};

	close(): void {
		this.#closed = true;
		this.#forget();
	}

	/** Drops the clients and with them the credentials that they hold; the next call reads them anew. */
	#forget(): void {
		const dropped = [...this.#clients.values()];
		this.#clients.clear();
		for (const { client } of dropped) client.destroy();
	}

	/** A connection that is in use when its client is dropped is closed after that use. */
	async #with(held: Held, send: (client: Client) => Promise<unknown>): Promise<unknown> {
		held.busy++;
		try {
			return await send(held.client);
		} finally {
			held.busy--;
			const inUse = [...this.#clients.values()].includes(held);
			if (!inUse && held.busy === 0) setImmediate(() => held.client.destroy());
		}
	}

	#client(prefix: string, loaded: Package): Held {
		if (this.#closed) throw new PlatformError('unreachable', 'this provider is closed');
		let held = this.#clients.get(prefix);
		if (held === undefined) {
			const { region, endpoint, profile } = this.#config;
			const Client = loaded[(this.#packages[prefix] as Source).client] as Made<Client>;
			const client = new Client({
				region,
				maxAttempts: MAX_ATTEMPTS,
				retryMode: 'standard',
				requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: REQUEST_MS },
				// Or a file of credentials that is written anew would be read once in the life of this process.
				ignoreCache: true,
				...(endpoint === null ? {} : { endpoint }),
				...(profile === null ? {} : { profile }),
			});
			held = { client, busy: 0 };
			this.#clients.set(prefix, held);
		}
		return held;
	}
}

async function load({ name, load: run }: Source): Promise<Package> {
	try {
		return (await run()) as Package;
	} catch (error) {
		const { code } = error as { code?: unknown };
		if (code !== 'ERR_MODULE_NOT_FOUND') throw error;
		const every = Object.values(AWS_PACKAGES).map((source) => source.name);
		throw new PlatformError('bad_request', `\`aws\` needs ${name}: npm install ${every.join(' ')}`);
	}
}
