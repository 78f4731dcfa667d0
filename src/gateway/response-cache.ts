import type { ErrorCode } from '../core/errors.ts';
import type { ResponseHead } from '../wire/response-head.ts';
import type { Exchange } from './exchange.ts';
import type { Route } from './route.ts';

/** Stored answers, as a route sees them; what `src/app/caching` has fits it. */
export interface ResponseCache {
	/** False: the answer comes from what is stored, or from what another request asks for. */
	look(exchange: Exchange): boolean;
}

/** Asks for an exchange's answer in its place, and keeps it. */
export interface Asker {
	start(route: Route, key: number): void;
	/** It was not let through; true: it is answered all the same, from what is stored. */
	refused(code: ErrorCode): boolean;
}

/** Sees the head of an answer before it is passed on. */
export interface AnswerWatch {
	answered(exchange: Exchange, head: ResponseHead, bytes: Uint8Array): void;
}

/** Where an answer came from, as it is counted (`Exchange.cached`). */
export const Cached = {
	/** The route has no cache. */
	none: 0,
	hit: 1,
	/** Stored, and given although it is stale. */
	stale: 2,
	/** Stored, and the origin confirmed it. */
	revalidated: 3,
	/** Another request brought it. */
	collapsed: 4,
	miss: 5,
	/** Not looked up, or not to be stored by what the route or the request says. */
	bypass: 6,
} as const;
export type Cached = (typeof Cached)[keyof typeof Cached];
