/**
 * Listeners, limits, matches and policies: what the data plane is told. Import the types only where
 * zod must not be loaded.
 */
import type { z } from 'zod';
import type { PriorityName } from '../core/priority.ts';
import {
	bool,
	choice,
	duration,
	integer,
	key,
	list,
	notEmpty,
	object,
	oneOf,
	required,
	size,
	text,
} from '../core/schema.ts';
import type { CdnPolicy } from './cdn-policy.ts';
import type { CompressPolicy } from './compress/compress-policy.ts';
import { complainOfServerName, listenAddress, parseListen } from './config-syntax.ts';
import type { FilesConfig } from './files/files-config.ts';

/** Absolute paths of PEM files. */
export interface CertificateFiles {
	cert: string;
	key: string;
}

export interface TlsConfig {
	certificates: CertificateFiles[];
	minVersion: 'TLSv1.2' | 'TLSv1.3';
}

export interface ListenConfig {
	/** Default 127.0.0.1. */
	host: string;
	port: number;
	tls: TlsConfig | null;
}

/** Limits that hold for the whole node. */
export interface NodeLimits {
	headMs: number;
	headBytes: number;
	headFields: number;
	targetBytes: number;
	keepAliveMs: number;
	connections: number;
	/** Loopback is exempt. */
	connectionsPerAddress: number;
	/** Request fields with `_` in their name. */
	underscores: 'drop' | 'pass';
	/** Requests of the node that may wait for an instance, and the bytes that they hold. */
	holdRequests: number;
	holdBytes: number;
}

/** What a service or route takes. A null part matches everything. */
export interface MatchConfig {
	/** Lower case: `a.example`, `*.example`, with or without a port. */
	host: string | null;
	/** `/exact`, `/prefix/*`, `/users/:id`, `/users/:id/*`. */
	path: string | null;
	/** Upper case. */
	methods: string[] | null;
	/** `name` lower case; `value` null: present with any value. */
	header: { name: string; value: string | null } | null;
}

export interface Timeouts {
	connectMs: number;
	firstByteMs: number;
	requestMs: number;
	streamIdleMs: number;
}

/** The Host that an instance sees: the client's, the instance's own address, or a fixed one. */
export type HostPolicy = { kind: 'preserve' } | { kind: 'instance' } | { kind: 'set'; value: string };

export interface PathPolicy {
	/** Taken off the front of the path. */
	strip: string | null;
	/** `pattern` is a regular expression over the path, `replacement` may hold `$1`. */
	rewrite: { pattern: string; replacement: string } | null;
}

/** Header fields to set (they replace what is there; names as written) and to remove (names in lower case). */
export interface HeaderPolicy {
	set: [string, string][];
	remove: string[];
	/** Lower-case names in `set` whose values came from a reference: never print them. */
	secret?: string[];
}

/** When a failed attempt is followed by another. */
export interface RetryPolicy {
	/** Most attempts of a request, the first included; 1: no retries. */
	attempts: number;
	/** A connection could not be opened: any method. */
	connect: boolean;
	/** The connection broke before the answer, the answer did not begin in time, or it has one of these statuses: idempotent methods. */
	reset: boolean;
	timeout: boolean;
	statuses: number[];
	/** Most time for an attempt that another may follow, ms; 0: as the last one. */
	attemptMs: number;
	/** Most bytes of a request body kept for sending it again. */
	bodyBytes: number;
}

/** What of a request tells one client of a limit from another; header names are lower case. */
export type LimitKeyPart = { from: 'address' | 'route' } | { from: 'header'; name: string };

/** How many requests a client may send: `count` in `perMs`, evenly spread, and `burst` at once after a rest. */
export interface RateLimitPolicy {
	name: string;
	/** Whose allowance it is: one for all routes of a service together, or one of a route alone. */
	of: 'service' | 'route';
	count: number;
	perMs: number;
	burst: number;
	/** Empty: all clients have one allowance together. */
	key: LimitKeyPart[];
	/** Whose header fields are believed. */
	from: 'trusted' | 'anyone';
	/** What happens to a client for whom there is no room. */
	full: 'admit' | 'refuse';
	/** Clients that can be told apart at one time. */
	entries: number;
}

/** Who gives way first when there is too much. */
export interface PriorityPolicy {
	/** Lower case; null: all requests have `default`. */
	header: string | null;
	/** Whose field is believed. */
	from: 'trusted' | 'anyone';
	default: PriorityName;
}

/** What hangs on a route and, for all that a route leaves out, on its service. */
export interface Policy {
	timeouts: Timeouts;
	/** Largest request body. */
	bodyBytes: number;
	host: HostPolicy;
	path: PathPolicy;
	requestHeaders: HeaderPolicy;
	responseHeaders: HeaderPolicy;
	retry: RetryPolicy;
	/** How long a request waits for an instance, ms; 0: not at all. */
	holdMs: number;
	/** A request must be within all of them. */
	rateLimit: RateLimitPolicy[];
	priority: PriorityPolicy;
	/** null: answers go out as they are. */
	cdn: CdnPolicy | null;
	/** null: nothing is compressed here. */
	compress: CompressPolicy | null;
}

export interface FixedAnswer {
	status: number;
	headers: [string, string][];
	body: string;
}

export interface RedirectConfig {
	to: string;
	status: number;
}

export interface RouteConfig extends Policy {
	/** As written: `GET /v1/avatars`. */
	name: string;
	match: MatchConfig;
	respond: FixedAnswer | null;
	redirect: RedirectConfig | null;
	files: FilesConfig | null;
}

export interface UpstreamTls {
	/** Absolute path of a PEM file with the authorities to trust; null: the system's. */
	ca: string | null;
	serverName: string | null;
	verify: boolean;
}

export interface UpstreamConfig {
	/** Most connections of one worker to one instance. */
	connections: number;
	/** An idle connection is closed after this, ms; shorter than the instance's own. */
	idleMs: number;
	tls: UpstreamTls | null;
}

/**
 * What the data plane needs of a service. `src/config` adds the parts of the other features and
 * narrows `pools` and `balance`.
 */
export interface ServiceConfig extends Policy {
	name: string;
	/** Empty: everything. */
	match: MatchConfig[];
	routes: RouteConfig[];
	/** Where its instances are, by priority; empty only when all answers are fixed. */
	pools: readonly { name: string }[];
	balance: { by: string };
	upstream: UpstreamConfig;
	/** Most requests in flight at one instance (0: no limit), and most that wait for each while all are full. */
	breaker: { inFlight: number; waiting: number };
}

const file = (what: string) => text(what, notEmpty(what), 'path');
export const listenPort = integer(0, 65_535);

const certificate = object({
	cert: required(file('a path of a PEM file'), 'The certificate, and behind it its chain.', {
		example: './tls/api.pem',
	}),
	key: required(file('a path of a PEM file'), 'Its private key.', {
		example: './tls/api.key',
	}),
});

const tlsSchema = oneOf(
	[
		certificate,
		object({
			certificates: required(
				list(certificate, 'certificates'),
				'Several certificates; the name that a client asks for (SNI) chooses.',
				{
					example: [{ cert: './tls/api.pem', key: './tls/api.key' }],
				},
			),
			minVersion: key(choice('TLSv1.2', 'TLSv1.3'), 'Oldest version of TLS that is spoken.', {
				default: 'TLSv1.2',
				example: 'TLSv1.3',
			}),
		}),
	],
	'{ cert, key } or an object with certificates, minVersion',
);

const listenText = text('a port or an address and port such as 0.0.0.0:8080', (value) => {
	const found = parseListen(value);
	return typeof found === 'string' ? found : undefined;
});

export const listenHost = text('an address such as 127.0.0.1 or 0.0.0.0', (value) =>
	listenAddress(value) === undefined
		? 'expected an address such as 127.0.0.1 (this machine), 0.0.0.0 (all IPv4) or `::` (all)'
		: undefined,
);

const listenLong = object({
	port: required(listenPort, 'Port to listen on; 0 takes a free one.', {
		example: 8080,
	}),
	host: key(listenHost, 'Address to listen on. Only this machine can reach the default.', {
		default: '127.0.0.1',
		example: '0.0.0.0',
	}),
	tls: key(
		tlsSchema,
		'Certificates: the listener then speaks HTTPS. Files that change are taken up without a restart.',
		{
			defaultText: 'none: plain HTTP',
			example: { cert: './tls/api.pem', key: './tls/api.key' },
		},
	),
});

const oneListen = [listenPort, listenText, listenLong] as const;

export const listenSchema = oneOf(
	[...oneListen, list(oneOf(oneListen, 'a port, `address:port` or an object with port, host, tls'), 'listeners')],
	'a port, `address:port`, an object with port, host, tls, or a list of them',
);

export type ListenInput = z.input<typeof listenSchema>;

/** Keys of the top-level `limits`. */
export const limitsKeys = {
	head: key(
		object({
			time: key(duration(100, 600_000), 'Most time for the head of a request to arrive.', {
				default: '10s',
				example: '5s',
			}),
			size: key(size(1024, 1_048_576), 'Most bytes of it.', {
				default: '16KiB',
				example: '32KiB',
			}),
			fields: key(integer(1, 10_000), 'Most header fields in it.', {
				default: 100,
				example: 200,
			}),
		}),
		'The head of a request: request line and header fields. What is over the limit gets 431, what is late 408.',
		{ example: { size: '32KiB' } },
	),
	target: key(size(64, 1_048_576), 'Most bytes of the request target (path and query); 414 above.', {
		default: '8KiB',
		example: '4KiB',
	}),
	keepAlive: key(duration(0, 86_400_000), "How long a client's connection may be idle between two requests.", {
		default: '65s',
		example: '20s',
	}),
	connections: key(integer(1, 10_000_000), 'Most client connections of this node.', {
		default: 10_000,
		example: 50_000,
	}),
	hold: key(
		object({
			requests: key(integer(0, 1_000_000), 'Most requests that wait at once.', { default: 1000, example: 5000 }),
			size: key(size(0, 17_179_869_184), 'Most bytes that they hold meanwhile.', {
				default: '16MiB',
				example: '64MiB',
			}),
		}),
		'Requests that wait for an instance to become ready (see `hold`), over all services.',
		{ example: { requests: 5000 } },
	),
	connectionsPerAddress: key(
		integer(1, 10_000_000),
		'Most of one client address, of IPv6 one /64; loopback and proxies in `trust` are exempt. Each worker counts its even share and a quarter more.',
		{ default: 1000, example: 100 },
	),
};

export const underscoresSchema = choice('drop', 'pass');

export const upstreamSchema = object({
	connections: key(integer(1, 100_000), 'Most connections of one worker to one instance.', {
		default: 256,
		example: 64,
	}),
	idle: key(
		duration(100, 3_600_000),
		"How long an idle connection to an instance is kept; shorter than the instance's own limit (5 s in Node).",
		{ default: '4s', example: '30s' },
	),
	tls: key(
		object({
			ca: key(file('a path of a PEM file'), 'Authorities to trust.', {
				defaultText: "the system's",
				example: './ca.pem',
			}),
			serverName: key(
				text('a name such as api.internal', complainOfServerName),
				'Name to ask for and to find in the certificate.',
				{
					defaultText: 'the host of the instance',
					example: 'api.internal',
				},
			),
			verify: key(bool(), 'Whether certificates are checked. Never switch it off outside of a test.', {
				default: true,
				example: false,
			}),
		}),
		'TLS to instances whose address is `https://`.',
		{ example: { ca: './ca.pem' } },
	),
});

export type UpstreamInput = z.input<typeof upstreamSchema>;
