/** What nodes share, as a person would write it. */
import { formatAddress } from '../redis/address.ts';
import type { RedisConfig, RedisLogin, StateConfig } from '../redis/config.ts';

interface Options {
	/** What stands for a secret. */
	secret(value: string): unknown;
}

type Form = Record<string, unknown>;

export function stateForm({ redis }: StateConfig, options: Options): Form {
	if (redis === null) return {};
	const { login, database, tls, keyPrefix, secrets } = redis;
	return {
		state: {
			redis: {
				...placeForm(redis, options),
				...loginForm(login, secrets, options),
				database,
				tls: tls === null ? false : tlsForm(tls.caFile, tls.name),
				keyPrefix,
			},
		},
	};
}

function placeForm({ place, secrets }: RedisConfig, options: Options): Form {
	if (place.kind === 'single') return { url: `redis://${formatAddress(place.node)}` };
	const nodes = place.nodes.map(formatAddress);
	if (place.kind === 'cluster') return { cluster: nodes };
	return { sentinels: { name: place.name, nodes, ...loginForm(place.login, secrets, options) } };
}

function loginForm({ username, password }: RedisLogin, secrets: readonly string[], { secret }: Options): Form {
	return {
		...(username === null ? {} : { username: secrets.includes(username) ? secret(username) : username }),
		...(password === null ? {} : { password: secret(password) }),
	};
}

function tlsForm(ca: string | null, name: string | null): unknown {
	if (ca === null && name === null) return true;
	return { ...(ca === null ? {} : { ca }), ...(name === null ? {} : { name }) };
}
