/** What is written into answers for a CDN in front. */
export interface CdnPolicy {
	/** null: nothing is said of lifetimes. */
	lifetime: CdnLifetime | null;
	/** The tags of an answer: as they are, not at all, or as this field. */
	tags: 'pass' | 'off' | 'Cache-Tag' | 'Surrogate-Key';
}

export interface CdnLifetime {
	/** Seconds, as all of these; null: not said. */
	maxAge: number;
	browserMaxAge: number;
	staleWhileRevalidate: number | null;
	staleIfError: number | null;
	/** Where a CDN reads it. */
	field: 'CDN-Cache-Control' | 'Surrogate-Control' | 's-maxage';
	/** Of answers to GET and HEAD. */
	statuses: number[];
	/** Also where the answer says it itself. */
	override: boolean;
}
