/** Makes jobs of a route's requests; what `src/app/offload` has fits it. */
export interface Offload<Of> {
	/** False: the request is its own from here on. */
	take(exchange: Of): boolean;
}

/** Pages that are answered before any route is looked for. */
export interface OwnPages<Of> {
	/** False: the request is its own from here on. */
	pass(exchange: Of): boolean;
}
