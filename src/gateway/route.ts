import type { Priority } from '../core/priority.ts';
import type { ServiceCells } from '../core/service-cells.ts';
import type { ResponseHead } from '../wire/response-head.ts';
import type { Compression } from './compress/compression.ts';
import type { HostPolicy, RedirectConfig, RetryPolicy, ServiceConfig, Timeouts } from './config.ts';
import type { FieldEdits } from './field-edits.ts';
import type { FileFolder } from './files/file-folder.ts';
import type { Offload } from './offload.ts';
import type { RateLimits } from './rate-limits.ts';
import type { ResponseCache } from './response-cache.ts';

/** Chooses an instance; what `src/balancing` builds fits it. Slots are the board's. */
export interface Picker {
	/** A ready slot, not one of `tried` while another is ready; -1: none. `key`: hash of the policy's key, 0 = none. */
	/** `elsewhere`: of several pools rather one in which none was tried. */
	pick(key: number, tried: readonly number[], nowMs: number, elsewhere: boolean): number;
	/** An attempt at this slot ended after so many µs; negative: it failed. */
	settle(slot: number, us: number, nowMs: number): void;
	/** Cookie affinity: what stands for this slot in the client's cookie; 0: not used. */
	token(slot: number): number;
}

/** Bounds how much of a service is under way, over all workers; what `src/resilience` has fits it. */
export interface ConcurrencyLimit {
	/** Takes a place for a request; false: there is none for its priority. */
	enter(priority: Priority): boolean;
	/** Gives the place back; once for each that was taken. */
	leave(): void;
}

/** What the picker's key is read from. */
export interface KeySource {
	from: 'header' | 'cookie' | 'query' | 'address' | 'token';
	name: string;
}

/** A service as the data plane uses it. */
export interface Service {
	readonly name: string;
	/** Behind the name: which of its versions, while one is rolled out; '' otherwise. */
	readonly version: string;
	readonly config: ServiceConfig;
	readonly picker: Picker | null;
	readonly key: KeySource | null;
	/** The picker wants to know how soon answers begin. */
	readonly timed: boolean;
	/** Whether one more retry may be sent; counts it. */
	readonly budget: { take(): boolean };
	readonly breaker: ServiceConfig['breaker'];
	/** Failures in a row from which on the control plane is told of an instance. */
	readonly suspectAfter: number;
	/** What all workers know of it together. */
	readonly cells: ServiceCells;
	/** null: as many as come. */
	readonly concurrency: ConcurrencyLimit | null;
	/** Set-Cookie attributes for cookie affinity, behind `name=value`. */
	readonly cookie: { name: string; attributes: string } | null;
}

/** Chooses the edits of each answer; see `CdnFields`. */
export interface AnswerEdits {
	edits(
		request: { readonly method: string; readonly credential: boolean; readonly cookie: boolean },
		head: ResponseHead,
		bytes: Uint8Array,
	): FieldEdits;
}

/** The priority of a route's requests. `header` null: all have `level`. */
export interface RoutePriority {
	readonly level: Priority;
	/** Lower case. */
	readonly header: string | null;
	readonly anyone: boolean;
}

/** A route as the data plane uses it: all policies resolved, nothing to look up for a request. */
export interface Route {
	readonly name: string;
	/** Index of its counts. */
	readonly series: number;
	readonly service: Service;
	readonly timeouts: Timeouts;
	readonly retry: RetryPolicy;
	/** How long its requests wait for an instance, ms; 0: not at all. */
	readonly holdMs: number;
	readonly bodyBytes: number;
	readonly host: HostPolicy;
	/** The new path of a path; null: as it came. */
	readonly path: ((path: string) => string) | null;
	readonly request: FieldEdits | null;
	readonly response: FieldEdits | null;
	/** Edits its answers in place of `response`, which are in it; null: nothing is written for a CDN. */
	readonly cdn: AnswerEdits | null;
	/** A whole answer without its Connection and Date fields, up to the body. */
	readonly fixed: { status: number; head: Buffer; body: Buffer } | null;
	readonly redirect: RedirectConfig | null;
	/** Files that answer; null: none. */
	readonly files: FileFolder | null;
	/** null: none. */
	readonly rateLimits: RateLimits | null;
	readonly priority: RoutePriority;
	/** null: its answers are not stored. */
	readonly cache: ResponseCache<never> | null;
	/** Which of its answers are compressed here; null: none. */
	readonly compress: Compression | null;
	/** null: its requests never become jobs. */
	readonly offload: Offload<never> | null;
	/** A new version that takes marked requests or copies; null: there is none, or it only has a share. */
	readonly next: NextVersion | null;
}

/** What marks requests that are for a new version. */
export interface Mark {
	readonly from: 'header' | 'cookie';
	/** Header names are lower case. */
	readonly name: string;
}

/** Where requests of a route may go while a new version of its service is rolled out. */
export interface NextVersion {
	/** null: none is marked. */
	readonly by: Mark | null;
	/** The route with instances of the new version first. */
	readonly marked: Route;
	/** The route with instances of the new version only, for copies. */
	readonly copies: Route;
}
